import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { readDataSet } from '../../src/main/evaluate/data-set.ts'
import type { DataSet } from '../../src/main/evaluate/data-set.ts'
import { sampleFolder } from '../../src/main/projects/paths.ts'
import { exemplarJson } from './run-exemplar.ts'
import { hasData, itemsWith, openData } from './shared-data.ts'

export interface HalfDoneProject {
  readonly folder: string
  readonly className: string
  /** File names; the first two are examples. */
  readonly names: readonly string[]
}

const pictures = 14
const withMask = 3

/**
 * A project that is half done, made by the command line: two examples, proposals on the other pictures, one of them
 * accepted.
 */
export async function makeHalfDoneProject(folder: string): Promise<HalfDoneProject> {
  const photos = join(folder, 'photos')
  mkdirSync(photos)
  const { className, classId, dataSet } = pickClass()
  const items = itemsWith(dataSet, classId, 0.01)
    .filter((item) => (item.pixels.get(classId) ?? 0) < 0.3 * item.width * item.height)
    .slice(0, pictures)
  for (const item of items) copyFileSync(item.imagePath, join(photos, item.name))
  const names = items.map((item) => item.name)
  const masks = await Promise.all(
    items.slice(0, withMask).map((item, index) => saveMask(item.maskPath, classId, join(folder, `mask-${index}.png`))),
  )
  const project = join(folder, 'Wardrobe')
  await exemplarJson(['new', project, '--name', 'Wardrobe'])
  await exemplarJson(['add', project, photos])
  for (const [index, mask] of masks.entries()) {
    const name = names[index] ?? ''
    await exemplarJson(['correct', project, '--image', name, '--class', className, '--mask', mask])
  }
  const examples = names.slice(0, 2)
  await exemplarJson(['support', project, '--class', className, '--image', ...examples])
  await exemplarJson(['segment', project, '--class', className, '--detail', 'fast'])
  await exemplarJson(['review', project, '--image', ...names.slice(3, 5), '--accept', '--reviewed'])
  return { folder: project, className, names }
}

/** Real photographs where there are any beside the checkout, else the sample project's pictures. */
function pickClass(): { readonly className: string; readonly classId: number; readonly dataSet: DataSet } {
  const [className, dataSet] = hasData('ccp')
    ? (['dress', openData('ccp')] as const)
    : (['washer', readDataSet(sampleFolder())] as const)
  const classId = [...dataSet.classNames].find(([, name]) => name === className)?.[0]
  if (classId === undefined) throw new Error(`${dataSet.name} has no class "${className}"`)
  return { className, classId, dataSet }
}

/** Copies that many pictures of the sample project. @returns their names */
export function copySamplePictures(photos: string, count: number): readonly string[] {
  mkdirSync(photos, { recursive: true })
  const items = [...readDataSet(sampleFolder()).items.values()].slice(0, count)
  for (const item of items) copyFileSync(item.imagePath, join(photos, item.name))
  return items.map((item) => item.name)
}

/** One class of an index mask as a PNG of 0 and 255. */
async function saveMask(from: string, classId: number, to: string): Promise<string> {
  const { data, info } = await sharp(from).extractChannel(0).raw().toBuffer({ resolveWithObject: true })
  const { width, height } = info
  await sharp(Buffer.from(data.map((value) => (value === classId ? 255 : 0))), { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toFile(to)
  return to
}

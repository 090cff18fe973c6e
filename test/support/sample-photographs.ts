import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { drawScene, sceneHeight, sceneWidth } from '../../scripts/scenes.ts'
import { exemplarJson } from './run-exemplar.ts'
import { hasData, itemsWith, openData } from './shared-data.ts'

/** A class in a few pictures, with the true mask of the first ones. */
interface Pictures {
  readonly className: string
  readonly names: readonly string[]
  /** Masks as PNG files, 0 and 255, of the first pictures. */
  readonly masks: readonly string[]
}

export interface SampleProject {
  readonly folder: string
  readonly className: string
  /** File names; the first two are examples. */
  readonly names: readonly string[]
}

const classId = 14
const pictures = 14
const withMask = 3

/**
 * A project that is half done, made by the command line: two examples, proposals on the other pictures, one of them
 * accepted. Real photographs where there are any beside the checkout, else scenes that are drawn here.
 */
export async function makeSampleProject(folder: string): Promise<SampleProject> {
  const photos = join(folder, 'photos')
  mkdirSync(photos)
  const { className, names, masks } = hasData('ccp') ? await photographs(folder, photos) : await scenes(folder, photos)
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

async function photographs(folder: string, photos: string): Promise<Pictures> {
  const dataSet = openData('ccp')
  const items = itemsWith(dataSet, classId, 0.05)
    .filter((item) => (item.pixels.get(classId) ?? 0) < 0.3 * item.width * item.height)
    .slice(0, pictures)
  for (const item of items) copyFileSync(item.imagePath, join(photos, item.name))
  const masks = await Promise.all(
    items.slice(0, withMask).map(async (item, index) => {
      const { data, info } = await sharp(item.maskPath).extractChannel(0).raw().toBuffer({ resolveWithObject: true })
      return save(folder, index, info.width, info.height, (at) => data[at] === classId)
    }),
  )
  return { className: 'dress', names: items.map((item) => item.name), masks }
}

async function scenes(folder: string, photos: string): Promise<Pictures> {
  const names = await drawPhotographs(photos, pictures)
  const masks = await Promise.all(
    names.slice(0, withMask).map((_, number) => {
      const { washers } = drawScene(number)
      return save(folder, number, sceneWidth, sceneHeight, (at) => washers.data[at] === 1)
    }),
  )
  return { className: 'washer', names, masks }
}

/** Draws that many scenes as JPEG files. @returns their names */
export async function drawPhotographs(photos: string, count: number): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, number) => `bench-${String(number + 1).padStart(2, '0')}.jpg`)
  for (const [number, name] of names.entries()) {
    const raw = { width: sceneWidth, height: sceneHeight, channels: 3 } as const
    await sharp(drawScene(number).pixels, { raw }).jpeg({ quality: 90 }).toFile(join(photos, name))
  }
  return names
}

async function save(
  folder: string,
  number: number,
  width: number,
  height: number,
  isInside: (at: number) => boolean,
): Promise<string> {
  const path = join(folder, `mask-${number}.png`)
  const pixels = Buffer.from(Uint8Array.from({ length: width * height }, (_, at) => (isInside(at) ? 255 : 0)))
  await sharp(pixels, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toFile(path)
  return path
}

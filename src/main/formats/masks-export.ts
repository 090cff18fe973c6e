import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ExportReport, ExportSpec } from '../../shared/contract/contract.ts'
import { AppError } from '../../shared/errors.ts'
import { forEachRun, tilesArea, tilesWithin } from '../../shared/mask/tiles.ts'
import type { ExportAnnotation, ExportContext, ExportSource, IndexPng, IndexPngCodec } from './format-types.ts'
import { classNumberOf, classNumbers, ExportProblems, exportPicture, selectImages } from './selection.ts'
import { TextFile, temporaryPath } from './text-file.ts'

/** 0 is the background and 255 means "ignore", which is never written. */
const mostClasses = 254

/**
 * Writes a data set folder: `images/`, `masks/<same stem>.png` (8 bit: 0 background, class numbers 1 … N)
 * and `manifest.json`. Pictures in sub-folders keep them; where two pictures differ only in their ending the
 * second one's mask is called after its whole name.
 *
 * A pixel has one owner: larger masks are painted first, so that small objects lie on top, and what is
 * covered up is listed. A box cannot be held and is listed. Every PNG is read back and compared with what
 * was painted before it gets its name; `identical` counts the annotations that the file holds whole.
 * The manifest comes last: a folder without one is an export that did not end.
 * Throws `Unsupported` for more than 254 classes, `Io` naming the image when a PNG differs, and `Cancelled`.
 */
export async function exportMasks(
  source: ExportSource,
  folder: string,
  spec: ExportSpec,
  codec: IndexPngCodec,
  context: ExportContext,
): Promise<ExportReport> {
  const problems = new ExportProblems()
  const numbers = classNumbers(source)
  if (numbers.size > mostClasses) {
    throw new AppError(
      'Unsupported',
      'tooManyClasses',
      `Mask images hold ${mostClasses} classes, this project has ${numbers.size}. Export COCO instead.`,
      { params: { most: mostClasses, count: numbers.size } },
    )
  }
  const files: string[] = []
  const stems = new Set<string>()
  let annotationCount = 0
  let identical = 0

  await using manifest = await TextFile.create(join(folder, 'manifest.json'))
  // An earlier export into this folder is no longer what it says from the first mask on.
  await rm(manifest.path, { force: true })
  const classes = Object.fromEntries(source.classes.map((record) => [String(numbers.get(record.id) ?? 0), record.name]))
  await manifest.write(
    `{\n"name": ${JSON.stringify(source.projectName)},\n"classes": ${JSON.stringify(classes)},\n"items": [`,
  )
  for await (const { source: item, annotations } of selectImages(source, spec, context)) {
    const { image } = item
    await exportPicture(item, join(folder, 'images'), spec, problems)
    const masks = annotations.filter((annotation) => annotation.record.kind === 'mask')
    const boxes = annotations.length - masks.length
    if (boxes > 0) {
      const what = boxes === 1 ? '1 box was' : `${boxes} boxes were`
      problems.add(image.name, `${what} left out: a mask image cannot hold boxes. COCO can.`)
    }
    const painted = paintMasks(masks, numbers, image.width, image.height)
    const maskName = `masks/${uniqueStem(image.name, stems)}.png`
    await writeChecked(join(folder, maskName), painted, codec)
    const whole = masks.filter((annotation) => isWhole(annotation, painted, classNumberOf(numbers, annotation))).length
    if (whole < masks.length) {
      problems.add(
        image.name,
        `${masks.length - whole} of ${masks.length} masks ${masks.length - whole === 1 ? 'shares' : 'share'} pixels with a smaller one of another class, which lies on top. COCO keeps both.`,
      )
    }
    annotationCount += masks.length
    identical += whole
    const pixels = countPixels(painted.data)
    const entry = {
      image: `images/${image.name}`,
      mask: maskName,
      class_ids: [...pixels.keys()],
      px: Object.fromEntries(pixels),
      w: image.width,
      h: image.height,
    }
    await manifest.write(`${files.length === 0 ? '' : ','}\n${JSON.stringify(entry)}`)
    files.push(maskName)
  }
  await manifest.write('\n]\n}\n')
  await manifest.finish()
  await manifest.publish()
  return {
    files: ['manifest.json', ...files],
    location: folder,
    images: files.length,
    annotations: annotationCount,
    identical,
    problems: problems.list(),
  }
}

function uniqueStem(name: string, taken: Set<string>): string {
  const stem = name.replace(/\.[^./]*$/, '')
  const candidates = [stem, name]
  for (let number = 2; ; number++) {
    const candidate = candidates.shift() ?? `${name}_${number}`
    // Some file systems do not tell upper from lower case.
    const key = candidate.toLowerCase()
    if (taken.has(key)) continue
    taken.add(key)
    return candidate
  }
}

function paintMasks(
  masks: readonly ExportAnnotation[],
  numbers: ReadonlyMap<string, number>,
  width: number,
  height: number,
): IndexPng {
  const data = new Uint8Array(width * height)
  const areas = new Map(masks.map((mask) => [mask, tilesArea(mask.tiles)]))
  for (const mask of masks.toSorted((a, b) => (areas.get(b) ?? 0) - (areas.get(a) ?? 0))) {
    const number = classNumberOf(numbers, mask)
    if (!tilesWithin(mask.tiles, width, height)) {
      throw new Error(`Annotation ${mask.record.id} reaches outside its image of ${width} x ${height} pixels`)
    }
    forEachRun(mask.tiles, (y, left, right) => data.fill(number, y * width + left, y * width + right))
  }
  return { width, height, data }
}

function isWhole({ tiles }: ExportAnnotation, { width, data }: IndexPng, number: number): boolean {
  let isKept = true
  forEachRun(tiles, (y, left, right) => {
    for (let at = y * width + left; isKept && at < y * width + right; at++) isKept = data[at] === number
  })
  return isKept
}

/** Writes under a temporary name, reads back, compares, renames. */
async function writeChecked(path: string, image: IndexPng, codec: IndexPngCodec): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = temporaryPath(path)
  try {
    await codec.writeIndexPng(temporary, image)
    const read = await codec.readIndexPng(temporary)
    if (read.width !== image.width || read.height !== image.height || Buffer.compare(read.data, image.data) !== 0) {
      throw new AppError(
        'Io',
        'exportDiffers',
        `The exported file does not give the project back (${path}) and was removed. Check the disk and export again.`,
        { params: { what: path, count: 1 } },
      )
    }
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}

function countPixels(data: Uint8Array): ReadonlyMap<number, number> {
  const counts = new Uint32Array(256)
  for (const value of data) counts[value] = (counts[value] ?? 0) + 1
  return new Map([...counts.entries()].filter(([value, count]) => value > 0 && count > 0))
}

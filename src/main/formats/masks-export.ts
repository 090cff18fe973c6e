import { join } from 'node:path'
import type { ExportReport, ExportSpec } from '../../shared/contract/contract.ts'
import { AppError } from '../../shared/errors.ts'
import type { ExportAnnotation, ExportContext, ExportSource, IndexPngCodec } from './format-types.ts'
import { isWhole, largestFirst, paintMask, writeCheckedPng } from './label-pictures.ts'
import {
  classNumberOf,
  classNumbers,
  ExportProblems,
  uniqueStem,
  exportPicture,
  noteCrowds,
  noteBoxes,
  selectImages,
} from './selection.ts'
import { TextFile } from './text-file.ts'
import { WrittenFiles } from './written-files.ts'
import type { IndexPng } from '../../shared/domain/index-png.ts'

/** 0 is the background and 255 means "ignore", which is never written. */
const mostByteClasses = 254
/** 65,535 means "ignore" where there are 16 bits. */
const mostClasses = 65_534

/**
 * Writes a data set folder: `images/`, `masks/<same stem>.png` (8 bit: 0 background, class numbers 1 … N;
 * 16 bit for more than 254 classes) and `manifest.json`. Pictures in sub-folders keep them; where two pictures differ only in their ending the
 * second one's mask is called after its whole name.
 *
 * A pixel has one owner: larger masks are painted first, so that small objects lie on top, and what is
 * covered up is listed. A box cannot be held and is listed; an image that has only boxes is left
 * out, since its mask would say that nothing is there. Every PNG is read back and compared with what
 * was painted before it gets its name; `identical` counts the annotations that the file holds whole.
 * The manifest comes last: a folder without one is an export that did not end.
 * Throws `Unsupported` for more than 65,534 classes, `Io` naming the image when a PNG differs, and `Cancelled`.
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
  if (numbers.size > mostByteClasses) {
    problems.add(
      'manifest.json',
      `${numbers.size} classes do not fit into 8 bits, so the masks are 16-bit PNGs. Trainers that read 8 bits cannot use them; COCO has no such limit.`,
    )
  }
  const files = new WrittenFiles()
  let images = 0
  const stems = new Set<string>()
  let annotationCount = 0
  let identical = 0

  await using manifest = await TextFile.create(join(folder, 'manifest.json'))
  const classes = Object.fromEntries(source.classes.map((record) => [String(numbers.get(record.id) ?? 0), record.name]))
  await manifest.write(
    `{\n"name": ${JSON.stringify(source.projectName)},\n"classes": ${JSON.stringify(classes)},\n"items": [`,
  )
  for await (const { source: item, annotations } of selectImages(source, spec, context)) {
    const { image } = item
    const masks = annotations.filter((annotation) => annotation.record.kind === 'mask')
    const boxes = annotations.length - masks.length
    noteBoxes(image.name, boxes, masks.length === 0, 'a mask image cannot hold boxes. COCO can.', problems)
    // All background would say that nothing is there.
    if (boxes > 0 && masks.length === 0) continue
    await exportPicture(item, join(folder, 'images'), spec, problems, context)
    noteCrowds(image.name, annotations, problems)
    const painted = paintMasks(masks, numbers, image.width, image.height)
    const maskName = `masks/${uniqueStem(image.name, stems)}.png`
    await writeCheckedPng(join(folder, maskName), painted, codec)
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
    await manifest.write(`${images === 0 ? '' : ','}\n${JSON.stringify(entry)}`)
    files.add(maskName)
    images++
  }
  await manifest.write('\n]\n}\n')
  await manifest.finish()
  await manifest.publish()
  return {
    files: files.list('manifest.json'),
    location: folder,
    images,
    annotations: annotationCount,
    identical,
    ...problems.found(),
  }
}

function paintMasks(
  masks: readonly ExportAnnotation[],
  numbers: ReadonlyMap<string, number>,
  width: number,
  height: number,
): IndexPng {
  const size = width * height
  const image = { width, height, data: numbers.size > mostByteClasses ? new Uint16Array(size) : new Uint8Array(size) }
  for (const mask of largestFirst(masks)) paintMask(mask, image, classNumberOf(numbers, mask))
  return image
}

function countPixels(data: IndexPng['data']): ReadonlyMap<number, number> {
  const counts = new Uint32Array(65_536)
  for (const value of data) counts[value] = (counts[value] ?? 0) + 1
  return new Map([...counts.entries()].filter(([value, count]) => value > 0 && count > 0))
}

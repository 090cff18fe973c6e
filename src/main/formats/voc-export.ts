import { join } from 'node:path'
import type { ExportReport, ExportSpec } from '../../shared/contract/contract.ts'
import type { Box, ClassRecord } from '../../shared/domain/records.ts'
import { AppError } from '../../shared/errors.ts'
import { tilesByValue } from '../../shared/mask/label-tiles.ts'
import { tilesArea, tilesBounds } from '../../shared/mask/tiles.ts'
import { withoutEnding } from '../../shared/domain/picture-names.ts'
import type { ExportAnnotation, ExportContext, ExportSource, IndexPngCodec } from './format-types.ts'
import { exportDiffers } from './files.ts'
import { largestFirst, paintMask, writeCheckedPng } from './label-pictures.ts'
import { classNumberOf, classNumbers, ExportProblems, noteCrowds, picturedImages, uniqueStem } from './selection.ts'
import type { SelectedImage } from './selection.ts'
import { plannedImages, planSubsets, reachedSubsets } from './split.ts'
import { SubsetLists } from './subset-lists.ts'
import { TextFile } from './text-file.ts'
import { WrittenFiles } from './written-files.ts'
import { readVocXml, vocColours, vocIgnored, vocXml } from './voc-records.ts'
import type { VocAnnotation } from './voc-records.ts'
import { withXmlClasses } from './xml-names.ts'
import type { IndexPng } from '../../shared/domain/index-png.ts'

/** Of classes, and of objects of one image: 0 is the background and 255 means "ignore". */
const mostNumbers = vocIgnored - 1

/** In pixels: counting from 1 costs a fraction its last digits. */
const boxTolerance = 1e-5

/**
 * Writes a Pascal VOC data set: `JPEGImages/`, `SegmentationClass/` and `SegmentationObject/` (palette PNGs with
 * the VOC colour map), `Annotations/` (one XML an image: its objects in the order of their numbers, then the boxes),
 * `ImageSets/Segmentation/default.txt`, or one list for each subset, (and the same below `Main`) and `labelmap.txt` as CVAT and Datumaro read it.
 * Sub-folders stay.
 *
 * A pixel has one owner: larger masks are painted first, so that small objects lie on top; what is covered up is
 * listed, and the box in the XML is that of what can be seen. Boxes are written to the XML and are never masks.
 * Every file is read back before it gets its name; `identical` counts the annotations that the files hold whole. The list
 * comes last: a folder without it is an export that did not end.
 * Throws `Unsupported` for more than 254 classes or a name that the label map cannot hold, `Io` naming the file that
 * differs, and `Cancelled`.
 */
export async function exportVoc(
  given: ExportSource,
  folder: string,
  spec: ExportSpec,
  codec: IndexPngCodec,
  context: ExportContext,
): Promise<ExportReport> {
  const problems = new ExportProblems()
  const source = withXmlClasses(given, problems)
  const numbers = classNumbers(source)
  checkClasses(source.classes, problems)
  const names = new Map(source.classes.map(({ id, name }) => [id, name]))
  const files = new WrittenFiles()
  const stems = new Set<string>()
  let images = 0
  let annotationCount = 0
  let identical = 0

  const plan = await planSubsets(source, spec, 'default', context, problems)
  // The same again where readers look that want boxes, or everything there is.
  await using lists = await SubsetLists.create(folder, plan.names, (subset) =>
    ['Segmentation', 'Main'].map((part) => `ImageSets/${part}/${subset}.txt`),
  )
  await using labelMap = await TextFile.create(join(folder, 'labelmap.txt'))
  await labelMap.write('# label:color_rgb:parts:actions\nbackground:0,0,0::\n')
  for (const { id, name } of source.classes.toSorted((a, b) => (numbers.get(a.id) ?? 0) - (numbers.get(b.id) ?? 0))) {
    const colour = vocColours[numbers.get(id) ?? 0] ?? 0
    await labelMap.write(`${name}:${colour >> 16},${(colour >> 8) & 255},${colour & 255}::\n`)
  }
  const planned = plannedImages(source, plan, spec, context)
  for await (const item of picturedImages(planned, join(folder, 'JPEGImages'), spec, context, problems)) {
    const { image } = item.source
    noteCrowds(image.name, item.annotations, problems)
    const stem = uniqueStem(image.name, stems)
    if (stem !== withoutEnding(image.name)) {
      problems.add(
        image.name,
        `Another image has its name up to the ending, so its files are called ${stem}. Rename the picture for readers that look for it by name.`,
      )
    }
    const { classes, objects, annotation, whole } = pictureOf(item, numbers, names, problems)
    await writeCheckedPng(join(folder, `SegmentationClass/${stem}.png`), classes, codec)
    await writeCheckedPng(join(folder, `SegmentationObject/${stem}.png`), objects, codec)
    await writeCheckedXml(join(folder, `Annotations/${stem}.xml`), annotation)
    await lists.add(item.subset, stem)
    files.add(`Annotations/${stem}.xml`, `SegmentationClass/${stem}.png`, `SegmentationObject/${stem}.png`)
    images++
    annotationCount += item.annotations.length
    identical += whole
  }
  await labelMap.finish()
  await labelMap.publish()
  await lists.publish()
  return {
    files: files.list(...lists.names, 'labelmap.txt'),
    location: folder,
    images,
    annotations: annotationCount,
    identical,
    ...reachedSubsets(plan, lists.counts),
    ...problems.found(),
  }
}

function checkClasses(classes: readonly ClassRecord[], problems: ExportProblems): void {
  if (classes.length > mostNumbers) {
    throw new AppError(
      'Unsupported',
      'tooManyClasses',
      `Mask images hold ${mostNumbers} classes, this project has ${classes.length}. Export COCO instead.`,
      { params: { most: mostNumbers, count: classes.length } },
    )
  }
  for (const { name } of classes) {
    if (/^#|[\r\n]/.test(name)) {
      throw new AppError(
        'Unsupported',
        'vocClassName',
        `labelmap.txt cannot hold the class name "${name}": a line that begins with # is a comment. Rename the class, or export COCO.`,
        { params: { name } },
      )
    }
    if (name.includes(':') || name === 'background') {
      const fault = name === 'background' ? 'is called what labelmap.txt calls no class' : 'has a colon in its name'
      problems.add('labelmap.txt', `Class "${name}" ${fault}, so Datumaro and CVAT refuse the file. Rename it.`)
    }
  }
}

/** Both pictures and the XML of an image, with the number of annotations that they hold whole. */
function pictureOf(
  { source: { image }, annotations }: SelectedImage,
  numbers: ReadonlyMap<string, number>,
  names: ReadonlyMap<string, string>,
  problems: ExportProblems,
): {
  readonly classes: IndexPng
  readonly objects: IndexPng
  readonly annotation: VocAnnotation
  readonly whole: number
} {
  const { width, height } = image
  const nameOf = ({ record }: ExportAnnotation): string => names.get(record.classId) ?? ''
  const masks = annotations.filter(({ record }) => record.kind === 'mask')
  const owners = { width, height, data: new Uint32Array(width * height) }
  const places = new Map(masks.map((mask, index) => [mask, index + 1]))
  for (const mask of largestFirst(masks)) paintMask(mask, owners, places.get(mask) ?? 0)
  const visible = tilesByValue(owners.data, width, height, (owner) => owner > 0)

  const classOfOwner = new Uint8Array(masks.length + 1)
  const numberOfOwner = new Uint8Array(masks.length + 1)
  const seen: VocAnnotation['objects'][number][] = []
  let whole = 0
  let unnumbered = 0
  masks.forEach((mask, index) => {
    const tiles = visible.get(index + 1) ?? []
    const bounds = tilesBounds(tiles)
    if (bounds === null) return
    const isWhole = tilesArea(tiles) === tilesArea(mask.tiles)
    seen.push({ name: nameOf(mask), box: bounds, occluded: !isWhole })
    classOfOwner[index + 1] = classNumberOf(numbers, mask)
    if (seen.length > mostNumbers) unnumbered++
    else {
      numberOfOwner[index + 1] = seen.length
      if (isWhole) whole++
    }
  })
  const covered = seen.filter(({ occluded }) => occluded).length
  const gone = masks.length - seen.length
  if (covered + gone > 0) {
    const left = gone === 0 ? '' : ` ${gone} of them cannot be seen at all and ${gone === 1 ? 'was' : 'were'} left out.`
    problems.add(
      image.name,
      `${covered + gone} of ${masks.length} masks ${covered + gone === 1 ? 'shares' : 'share'} pixels with a smaller one, which lies on top.${left} COCO keeps both.`,
    )
  }
  if (unnumbered > 0) {
    problems.add(
      image.name,
      `${unnumbered} of ${masks.length} masks have no number, since an object picture holds ${mostNumbers}: they are in the class picture only. COCO keeps them apart.`,
    )
  }
  const boxes = annotations.flatMap((annotation) => {
    const box: Box | null = annotation.record.kind === 'box' ? annotation.record.box : null
    return box === null ? [] : [{ name: nameOf(annotation), box, occluded: false }]
  })
  const palette = vocColours
  return {
    classes: { width, height, data: numbered(owners.data, classOfOwner), palette },
    objects: { width, height, data: numbered(owners.data, numberOfOwner), palette },
    annotation: { fileName: image.name, width, height, hasMasks: seen.length > 0, objects: [...seen, ...boxes] },
    whole: whole + boxes.length,
  }
}

/** What stands for each owner in a picture. A plain loop: `Uint8Array.from` takes thirty times as long. */
function numbered(owners: Uint32Array, numberOfOwner: Uint8Array): Uint8Array {
  const data = new Uint8Array(owners.length)
  for (let at = 0; at < owners.length; at++) data[at] = numberOfOwner[owners[at] ?? 0] ?? 0
  return data
}

/** Writes under a temporary name, reads back, compares, renames. */
async function writeCheckedXml(path: string, annotation: VocAnnotation): Promise<void> {
  await using file = await TextFile.create(path)
  await file.write(vocXml(annotation))
  await file.finish()
  const { fileName, size, objects, problems } = await readVocXml(file.temporaryPath)
  const isIdentical =
    fileName === annotation.fileName.trim() &&
    size?.width === annotation.width &&
    size.height === annotation.height &&
    problems.length === 0 &&
    objects.length === annotation.objects.length &&
    objects.every(({ name, box }, index) => {
      const wanted = annotation.objects[index]
      return name === wanted?.name && box.every((edge, at) => Math.abs(edge - (wanted.box[at] ?? NaN)) < boxTolerance)
    })
  if (!isIdentical) throw exportDiffers(path, 1)
  await file.publish()
}

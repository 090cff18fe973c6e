import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { ExportReport, ExportSpec } from '../../shared/contract/contract.ts'
import type { MaskTile } from '../../shared/domain/history.ts'
import type { Box } from '../../shared/domain/records.ts'
import { AppError, throwIfAborted } from '../../shared/errors.ts'
import { tilesArea, tilesBounds } from '../../shared/mask/tiles.ts'
import {
  cocoAnnotationSchema,
  cocoCategorySchema,
  cocoImageSchema,
  decodeSegmentation,
  encodeSegmentation,
} from './coco-records.ts'
import type { CocoAnnotation, CocoCategory, CocoImage } from './coco-records.ts'
import type { ExportAnnotation, ExportContext, ExportSource } from './format-types.ts'
import { readJsonSections } from './json-sections.ts'
import { classNumberOf, classNumbers, ExportProblems, exportPicture, selectImages } from './selection.ts'
import { TextFile } from './text-file.ts'

const instancesPath = 'annotations/instances_default.json'
const imagesFolder = 'images/default'

/** What the file must give back for one annotation: everything of it, pixels included, as one digest. */
interface Expected {
  readonly annotationId: string
  readonly imageName: string
  readonly digest: string
}

/** What the whole file must give back. Small: no pixels are kept. */
export interface ExpectedCoco {
  /** By annotation id - 1. */
  readonly annotations: Expected[]
  readonly images: number
  readonly categories: number
}

/** Everything of an annotation as one digest: stored runs are canonical, so equal digests are equal pixels. */
export function annotationDigest(
  imageId: number,
  categoryId: number,
  tiles: readonly MaskTile[],
  box: Box,
  area: number,
): string {
  const hash = createHash('sha256').update(JSON.stringify([imageId, categoryId, box, area]))
  for (const tile of tiles) hash.update(JSON.stringify([tile.x, tile.y, tile.runs.length])).update(tile.runs)
  return hash.digest('base64')
}

function attributesOf({ record }: ExportAnnotation): CocoAnnotation['attributes'] {
  return record.state === 'proposed' ? { state: 'proposed', score: record.score } : {}
}

function categoriesOf(source: ExportSource, numbers: ReadonlyMap<string, number>): CocoCategory[] {
  const names = new Map(source.classes.map((record) => [record.id, record.name]))
  return source.classes
    .map((record) => ({
      id: numbers.get(record.id) ?? 0,
      name: record.name,
      supercategory: record.parentId === null ? '' : (names.get(record.parentId) ?? ''),
    }))
    .toSorted((a, b) => a.id - b.id)
}

/** Entries of a JSON array, one a line. */
async function writeEntry(file: TextFile, index: number, value: unknown): Promise<void> {
  await file.write(`${index === 0 ? '' : ','}\n${JSON.stringify(value)}`)
}

/**
 * Writes `annotations/instances_default.json` and, if asked for, `images/default/…` below `folder`: the
 * layout that pycocotools, CVAT and Datumaro take as it is. Ids count from 1 in the order of the images.
 * A box is written with its `bbox`, its geometric area and an empty `segmentation`: it is never passed off as
 * a mask. A proposal carries `attributes.state` and `attributes.score`.
 *
 * The file is written in flat memory under a temporary name, read back, every mask decoded and compared
 * with the project, and only then given its name. Throws `Io` naming the objects when anything differs, and
 * `Cancelled`; either way no file stays behind.
 */
export async function exportCoco(
  source: ExportSource,
  folder: string,
  spec: ExportSpec,
  context: ExportContext,
): Promise<ExportReport> {
  const problems = new ExportProblems()
  const numbers = classNumbers(source)
  const categories = categoriesOf(source, numbers)
  const expected: Expected[] = []
  let imageCount = 0

  await using file = await TextFile.create(join(folder, instancesPath))
  // Images and annotations come together and are written apart, so the annotations wait in a file.
  await using annotationsFile = await TextFile.create(join(folder, `${instancesPath}.annotations`))
  const info = { description: source.projectName, contributor: 'Exemplar Studio', version: '1.0' }
  await file.write(`{\n"info": ${JSON.stringify(info)},\n"licenses": [],\n"categories": [`)
  for (const [index, category] of categories.entries()) await writeEntry(file, index, category)
  await file.write('\n],\n"images": [')
  for await (const { source: item, annotations } of selectImages(source, spec, context)) {
    const { image } = item
    const record: CocoImage = { id: imageCount + 1, file_name: image.name, width: image.width, height: image.height }
    await writeEntry(file, imageCount, record)
    imageCount++
    await exportPicture(item, join(folder, imagesFolder), spec, problems)
    for (const annotation of annotations) {
      const box = annotation.record.kind === 'box' ? annotation.record.box : tilesBounds(annotation.tiles)
      if (box === null) {
        problems.add(image.name, `Annotation ${annotation.record.id} covers no pixel and was left out.`)
        continue
      }
      const tiles = annotation.record.kind === 'box' ? [] : annotation.tiles
      const area = annotation.record.kind === 'box' ? box[2] * box[3] : tilesArea(tiles)
      const category = classNumberOf(numbers, annotation)
      const written: CocoAnnotation = {
        id: expected.length + 1,
        image_id: record.id,
        category_id: category,
        segmentation: tiles.length === 0 ? [] : encodeSegmentation(tiles, image.width, image.height, spec.segmentation),
        bbox: box,
        area,
        iscrowd: 0,
        attributes: attributesOf(annotation),
      }
      await writeEntry(annotationsFile, expected.length, written)
      const digest = annotationDigest(record.id, category, tiles, box, area)
      expected.push({ annotationId: annotation.record.id, imageName: image.name, digest })
    }
  }
  await file.write('\n],\n"annotations": [')
  await file.append(annotationsFile)
  await file.write('\n]\n}\n')
  await file.finish()

  const identical = await verifyCoco(
    file.temporaryPath,
    { annotations: expected, images: imageCount, categories: categories.length },
    context.signal,
  )
  await file.publish()
  return {
    files: [instancesPath],
    location: folder,
    images: imageCount,
    annotations: expected.length,
    identical,
    problems: problems.list(),
  }
}

/**
 * Reads an exported file back with another reader than the one that wrote it, decodes every mask and
 * compares it pixel for pixel. Returns the number of identical annotations, which is all of them.
 * Throws `Io` that names what differs.
 */
export async function verifyCoco(path: string, expected: ExpectedCoco, signal: AbortSignal): Promise<number> {
  const images = new Map<number, CocoImage>()
  const categories = new Set<number>()
  const different: string[] = []
  let read = 0
  for await (const piece of readJsonSections(path, new Set(['images', 'categories', 'annotations']))) {
    if (piece.kind !== 'element') continue
    throwIfAborted(signal)
    if (piece.section === 'images') {
      const image = cocoImageSchema.parse(piece.value)
      images.set(image.id, image)
    } else if (piece.section === 'categories') {
      categories.add(cocoCategorySchema.parse(piece.value).id)
    } else {
      const wanted = expected.annotations[read]
      read++
      if (wanted === undefined) continue
      if (!isIdentical(piece.value, read, wanted, images, categories)) {
        different.push(`${wanted.annotationId} of ${wanted.imageName}`)
      }
    }
  }
  if (different.length > 0) throw exportDiffers(`annotation ${different.slice(0, 5).join(', ')}`, different.length)
  if (read !== expected.annotations.length) {
    throw exportDiffers(`${read} annotations instead of ${expected.annotations.length}`, 1)
  }
  if (images.size !== expected.images) throw exportDiffers(`${images.size} images instead of ${expected.images}`, 1)
  if (categories.size !== expected.categories) {
    throw exportDiffers(`${categories.size} categories instead of ${expected.categories}`, 1)
  }
  return read
}

function isIdentical(
  value: unknown,
  id: number,
  wanted: Expected,
  images: ReadonlyMap<number, CocoImage>,
  categories: ReadonlySet<number>,
): boolean {
  const parsed = cocoAnnotationSchema.safeParse(value)
  if (!parsed.success || parsed.data.id !== id || !categories.has(parsed.data.category_id)) return false
  const { image_id: imageId, category_id: categoryId, segmentation, bbox, area } = parsed.data
  const image = images.get(imageId)
  if (image === undefined || image.file_name !== wanted.imageName) return false
  const isBox = Array.isArray(segmentation) && segmentation.length === 0
  let tiles: MaskTile[] = []
  try {
    tiles = isBox ? [] : decodeSegmentation(segmentation, image.width, image.height)
  } catch (error) {
    if (error instanceof AppError) return false
    throw error
  }
  // Box and area as the pixels of the file have them, so that those numbers are checked too.
  const isConsistent =
    isBox || (area === tilesArea(tiles) && JSON.stringify(bbox) === JSON.stringify(tilesBounds(tiles)))
  return isConsistent && annotationDigest(imageId, categoryId, tiles, bbox, area) === wanted.digest
}

function exportDiffers(what: string, count: number): AppError {
  return new AppError(
    'Io',
    'exportDiffers',
    `The exported file does not give the project back (${what}${count > 5 ? ` and ${count - 5} more` : ''}) and was removed. Check the disk and export again.`,
    { params: { what, count } },
  )
}

import { createHash } from 'node:crypto'
import type { MaskTile } from '../../shared/domain/history.ts'
import type { Box } from '../../shared/domain/records.ts'
import { AppError, throwIfAborted } from '../../shared/errors.ts'
import { tilesArea, tilesBounds } from '../../shared/mask/tiles.ts'
import {
  cocoAnnotationSchema,
  cocoCategorySchema,
  cocoImageSchema,
  cocoResultSchema,
  decodeSegmentation,
} from './coco-records.ts'
import type { CocoImage } from './coco-records.ts'
import { readJsonSections, rootSection } from './json-sections.ts'
import { exportDiffers } from './files.ts'

/** What the file must give back for one annotation: everything of it, pixels included, as one digest. */
export interface Expected {
  /** `id` in the file; of an entry of a results file, which has none, its place, from 1. */
  readonly id: number
  readonly imageName: string
  readonly digest: string
}

/** In the order of the file. */
export interface ExpectedList {
  readonly length: number
  at(index: number): Expected | undefined
}

const digestBytes = 32
const chunkEntries = 8192

/** Half a million annotations in some 25 MB: numbers and digests as bytes, names once an image. */
export class ExpectedAnnotations implements ExpectedList {
  readonly #digests: Buffer[] = []
  readonly #ids: Float64Array[] = []
  readonly #images: Uint32Array[] = []
  readonly #names: string[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Annotations of an image come one after the other. */
  push({ id, imageName, digest }: Expected): void {
    const [chunk, place] = [Math.floor(this.#length / chunkEntries), this.#length % chunkEntries]
    if (place === 0) {
      this.#digests.push(Buffer.allocUnsafe(chunkEntries * digestBytes))
      this.#ids.push(new Float64Array(chunkEntries))
      this.#images.push(new Uint32Array(chunkEntries))
    }
    if (this.#names[this.#names.length - 1] !== imageName) this.#names.push(imageName)
    this.#digests[chunk]?.write(digest, place * digestBytes, 'base64')
    const [ids, images] = [this.#ids[chunk], this.#images[chunk]]
    if (ids !== undefined) ids[place] = id
    if (images !== undefined) images[place] = this.#names.length - 1
    this.#length++
  }

  at(index: number): Expected | undefined {
    if (index >= this.#length) return undefined
    const [chunk, place] = [Math.floor(index / chunkEntries), index % chunkEntries]
    return {
      id: this.#ids[chunk]?.[place] ?? 0,
      imageName: this.#names[this.#images[chunk]?.[place] ?? 0] ?? '',
      digest: this.#digests[chunk]?.toString('base64', place * digestBytes, (place + 1) * digestBytes) ?? '',
    }
  }
}

/** What the whole file must give back. Small: no pixels are kept. */
export interface ExpectedCoco {
  readonly annotations: ExpectedList
  readonly images: number
  readonly categories: number
}

/** Everything of an annotation but its pixels. */
export interface DigestedFacts {
  readonly imageId: number
  readonly categoryId: number
  readonly box: Box
  readonly area: number
  readonly crowd: number
  /** Of a results file; null in an instances file. */
  readonly score: number | null
}

/** Everything of an annotation as one digest: stored runs are canonical, so equal digests are equal pixels. */
export function annotationDigest(facts: DigestedFacts, tiles: readonly MaskTile[]): string {
  const { imageId, categoryId, box, area, crowd, score } = facts
  const hash = createHash('sha256').update(JSON.stringify([imageId, categoryId, box, area, crowd, score]))
  for (const tile of tiles) hash.update(JSON.stringify([tile.x, tile.y, tile.runs.length])).update(tile.runs)
  return hash.digest('base64')
}

/**
 * Reads an exported instances file back with another reader than the one that wrote it, decodes every mask and
 * compares it pixel for pixel. Throws `Io` that names what differs.
 */
export async function verifyCoco(path: string, expected: ExpectedCoco, signal: AbortSignal): Promise<void> {
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
      const wanted = expected.annotations.at(read)
      read++
      if (wanted === undefined) continue
      if (!isIdentical(piece.value, wanted, images, categories)) {
        different.push(`${wanted.id} of ${wanted.imageName}`)
      }
    }
  }
  refuseDifferent(different, read, expected.annotations.length)
  if (images.size !== expected.images) throw exportDiffers(`${images.size} images instead of ${expected.images}`, 1)
  if (categories.size !== expected.categories) {
    throw exportDiffers(`${categories.size} categories instead of ${expected.categories}`, 1)
  }
}

/** The same for a results file. `sizeOf` has the size of an image by its id in the files. */
export async function verifyCocoResults(
  path: string,
  expected: ExpectedList,
  sizeOf: (imageId: number) => CocoImage | undefined,
  signal: AbortSignal,
): Promise<void> {
  const different: string[] = []
  let read = 0
  for await (const piece of readJsonSections(path, new Set([rootSection]))) {
    if (piece.kind !== 'element') continue
    throwIfAborted(signal)
    const wanted = expected.at(read)
    read++
    if (wanted === undefined) continue
    const parsed = cocoResultSchema.safeParse(piece.value)
    const image = parsed.success ? sizeOf(parsed.data.image_id) : undefined
    const tiles = parsed.success && image !== undefined ? decoded(parsed.data.segmentation, image) : null
    const isSame =
      parsed.success &&
      tiles !== null &&
      annotationDigest(
        {
          imageId: parsed.data.image_id,
          categoryId: parsed.data.category_id,
          box: tilesBounds(tiles) ?? [0, 0, 0, 0],
          area: tilesArea(tiles),
          crowd: 0,
          score: parsed.data.score,
        },
        tiles,
      ) === wanted.digest
    if (!isSame) different.push(`${wanted.id} of ${wanted.imageName}`)
  }
  refuseDifferent(different, read, expected.length)
}

function refuseDifferent(different: readonly string[], read: number, expected: number): void {
  if (different.length > 0) throw exportDiffers(`annotation ${different.slice(0, 5).join(', ')}`, different.length)
  if (read !== expected) throw exportDiffers(`${read} annotations instead of ${expected}`, 1)
}

function isIdentical(
  value: unknown,
  wanted: Expected,
  images: ReadonlyMap<number, CocoImage>,
  categories: ReadonlySet<number>,
): boolean {
  const parsed = cocoAnnotationSchema.safeParse(value)
  if (!parsed.success || parsed.data.id !== wanted.id || !categories.has(parsed.data.category_id)) return false
  const { image_id: imageId, category_id: categoryId, segmentation, bbox, area, iscrowd } = parsed.data
  const image = images.get(imageId)
  if (image === undefined || image.file_name !== wanted.imageName) return false
  const isBox = Array.isArray(segmentation) && segmentation.length === 0
  const tiles = isBox ? [] : decoded(segmentation, image)
  if (tiles === null) return false
  // Box and area as the pixels of the file have them, so that those numbers are checked too.
  const isConsistent =
    isBox || (area === tilesArea(tiles) && JSON.stringify(bbox) === JSON.stringify(tilesBounds(tiles)))
  const facts = { imageId, categoryId, box: bbox, area, crowd: iscrowd, score: null }
  return isConsistent && annotationDigest(facts, tiles) === wanted.digest
}

/** Null when the segmentation does not fit the image. */
function decoded(
  segmentation: Parameters<typeof decodeSegmentation>[0],
  { width, height }: CocoImage,
): MaskTile[] | null {
  try {
    return decodeSegmentation(segmentation, width, height)
  } catch (error) {
    if (error instanceof AppError) return null
    throw error
  }
}

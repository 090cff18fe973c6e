import { countsFromPolygons } from '../../shared/coco/rasterise.ts'
import { polygonsFromTiles } from '../../shared/coco/polygons.ts'
import { countsFromString, countsFromTiles, countsToString, tilesFromCounts } from '../../shared/coco/rle.ts'
import type { ExportSpec } from '../../shared/contract/contract.ts'
import type { MaskTile } from '../../shared/domain/history.ts'
import { z } from '../../shared/zod.ts'

/** Of an image entry: somebody has looked at it and found nothing. Without it an image without annotations may be a gap. */
export const reviewedEmptyKey = 'reviewed_empty'
/** Of an image entry with annotations: a person has said that the image is finished. Other readers pass it over. */
export const reviewedKey = 'reviewed'
/** In `info`: `stored` where masks and sizes lie on the pixels as the picture files store them. */
export const orientationKey = 'orientation'

const runLengthsSchema = z.strictObject({
  size: z.tuple([z.int(), z.int()]),
  counts: z.union([z.string(), z.array(z.int())]),
})

/** An annotation as our writer makes it; the check after an export accepts nothing looser. */
export const cocoAnnotationSchema = z.strictObject({
  id: z.int().min(1),
  image_id: z.int().min(1),
  category_id: z.int().min(1),
  segmentation: z.union([z.array(z.array(z.number())), runLengthsSchema]),
  bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]),
  area: z.number(),
  iscrowd: z.literal([0, 1]),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
})
export type CocoAnnotation = z.infer<typeof cocoAnnotationSchema>

export const cocoImageSchema = z.strictObject({
  id: z.int().min(1),
  file_name: z.string().min(1),
  width: z.int().positive(),
  height: z.int().positive(),
  [reviewedEmptyKey]: z.literal(true).optional(),
  [reviewedKey]: z.literal(true).optional(),
})
export type CocoImage = z.infer<typeof cocoImageSchema>

export const cocoCategorySchema = z.strictObject({ id: z.int().min(1), name: z.string(), supercategory: z.string() })
export type CocoCategory = z.infer<typeof cocoCategorySchema>

/** An entry of a results file as our writer makes it. `loadRes` fails on polygons. */
export const cocoResultSchema = z.strictObject({
  image_id: z.int().min(1),
  category_id: z.int().min(1),
  segmentation: runLengthsSchema.extend({ counts: z.string() }),
  score: z.number().min(0).max(1),
})
export type CocoResult = z.infer<typeof cocoResultSchema>

export type CocoSegmentation = CocoAnnotation['segmentation']

/** A mask of an image of `width` x `height` pixels in the chosen encoding; all three lose nothing. */
export function encodeSegmentation(
  tiles: readonly MaskTile[],
  width: number,
  height: number,
  encoding: ExportSpec['segmentation'],
): CocoSegmentation {
  switch (encoding) {
    case 'polygon':
      return polygonsFromTiles(tiles)
    case 'rle':
      return compressedRunLengths(tiles, width, height)
    case 'rle-uncompressed':
      return { size: [height, width], counts: countsFromTiles(tiles, width, height) }
  }
}

/** A mask of an image of `width` x `height` pixels as a results file has it. */
export function compressedRunLengths(
  tiles: readonly MaskTile[],
  width: number,
  height: number,
): CocoResult['segmentation'] {
  return { size: [height, width], counts: countsToString(countsFromTiles(tiles, width, height)) }
}

/** Any of the three encodings back to a mask. Throws `InvalidInput` when it does not fit the image. */
export function decodeSegmentation(segmentation: CocoSegmentation, width: number, height: number): MaskTile[] {
  if (Array.isArray(segmentation))
    return tilesFromCounts(countsFromPolygons(segmentation, width, height), width, height)
  const { counts } = segmentation
  return tilesFromCounts(typeof counts === 'string' ? countsFromString(counts) : counts, width, height)
}

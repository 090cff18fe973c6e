import type { ExportSpec } from '../../shared/contract/contract.ts'
import type { MaskTile } from '../../shared/domain/history.ts'
import type { ImageRecord } from '../../shared/domain/records.ts'
import { AppError } from '../../shared/errors.ts'
import { storedBox, storedSize, storedTiles } from '../../shared/mask/orient.ts'
import { encodeSegmentation } from './coco-records.ts'
import type { CocoSegmentation } from './coco-records.ts'
import { simplifyMask } from './coco-simplify.ts'
import type { ExportAnnotation } from './format-types.ts'

/** How a COCO file has an annotation: what the writer and whoever judges the file beforehand have in common. */

/** Throws `InvalidInput` for choices that exclude each other. */
export function checkCocoSpec(spec: ExportSpec): void {
  if (spec.orientation === 'upright' && spec.images === 'none') {
    throw new AppError(
      'InvalidInput',
      'uprightNeedsCopies',
      'Upright pictures are new files: choose to copy or link the images into the export (--images copy).',
    )
  }
  if (spec.simplify > 0 && spec.segmentation !== 'polygon') {
    throw new AppError(
      'InvalidInput',
      'simplifyNeedsPolygons',
      'Run lengths cannot be simplified: choose polygons (--segmentation polygon), or leave simplifying out.',
    )
  }
}

/** Where the masks of an image lie in the file: as displayed, or on the pixels that the picture's file stores. */
export function placeOn(
  image: ImageRecord,
  spec: ExportSpec,
): {
  readonly size: { readonly width: number; readonly height: number }
  readonly annotation: (annotation: ExportAnnotation) => ExportAnnotation
} {
  if (spec.orientation !== 'stored' || image.orientation === 1) {
    return { size: { width: image.width, height: image.height }, annotation: (annotation) => annotation }
  }
  return {
    size: storedSize(image),
    annotation: ({ record, tiles }) => ({
      tiles: storedTiles(tiles, image),
      record: { ...record, box: record.box === null ? null : storedBox(record.box, image) },
    }),
  }
}

/** A mask as the file has it, the pixels that a reader gets back, and their IoU with those that were given. */
export function encodeMask(
  tiles: readonly MaskTile[],
  { width, height }: { readonly width: number; readonly height: number },
  spec: ExportSpec,
): { readonly segmentation: CocoSegmentation; readonly tiles: readonly MaskTile[]; readonly iou: number } {
  if (spec.simplify === 0)
    return { segmentation: encodeSegmentation(tiles, width, height, spec.segmentation), tiles, iou: 1 }
  const simple = simplifyMask(tiles, width, height, spec.simplify)
  return { segmentation: simple.polygons, tiles: simple.tiles, iou: simple.iou }
}

import type { ExportSpec } from '../../src/shared/contract/contract.ts'

/** What is asked of an export where a test does not say otherwise. */
export const cocoSpec: ExportSpec = {
  format: 'coco',
  segmentation: 'polygon',
  include: 'accepted',
  images: 'none',
  orientation: 'displayed',
  simplify: 0,
  split: null,
}
export const masksSpec: ExportSpec = { ...cocoSpec, format: 'masks' }
export const vocSpec: ExportSpec = { ...cocoSpec, format: 'voc' }
export const objectsSpec: ExportSpec = { ...cocoSpec, format: 'png-objects' }

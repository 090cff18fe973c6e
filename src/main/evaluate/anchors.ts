/**
 * Published means (mIoU in percent, 1-shot and 5-shot) that stand beside own tables for orientation. Null where none is
 * published. Models that were trained on the test classes are left out.
 */
export interface Anchor {
  readonly name: string
  readonly pascal: readonly [number, number | null]
  readonly coco: readonly [number, number | null]
}

export const anchorsNotice = 'Own data is neither COCO-20i nor PASCAL-5i; the numbers are not comparable.'

export const anchors: readonly Anchor[] = [
  { name: 'MSDNet ResNet-50 (arXiv 2409.11316)', pascal: [64.3, 68.7], coco: [46.5, 54.5] },
  { name: 'MSDNet ResNet-101 (arXiv 2409.11316)', pascal: [64.7, 70.8], coco: [48.5, 55.3] },
  { name: 'PFENet ResNet-50', pascal: [60.8, 61.9], coco: [35.8, 39.0] },
  { name: 'HSNet ResNet-50', pascal: [64.0, 69.5], coco: [39.2, 46.9] },
  { name: 'SSP ResNet-50', pascal: [61.7, 69.3], coco: [37.4, 44.1] },
  { name: 'BAM ResNet-50', pascal: [67.8, 70.9], coco: [46.2, 51.2] },
  { name: 'HDMNet ResNet-50', pascal: [69.4, 71.8], coco: [50.0, 56.0] },
  { name: 'AMFormer ResNet-101', pascal: [70.7, 73.6], coco: [51.0, 57.3] },
  { name: 'HMNet ResNet-50', pascal: [70.4, null], coco: [52.1, 58.9] },
  { name: 'Matcher, DINOv2-L and SAM-H', pascal: [68.1, 74.0], coco: [52.7, 60.7] },
  { name: 'GF-SAM, DINOv2-L and SAM-H', pascal: [72.1, 82.6], coco: [58.7, 66.8] },
  { name: 'SANSA SAM2-L', pascal: [73.1, null], coco: [60.2, 64.3] },
]

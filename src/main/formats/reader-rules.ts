import type { ExportSpec, PreflightReport } from '../../shared/contract/contract.ts'
import type { CocoSegmentation } from './coco-records.ts'
import type { ExportAnnotation, ExportImage } from './format-types.ts'

/** An annotation as the file will have it. */
export interface WrittenAnnotation {
  /** In the space of the file, with the pixels of the project. */
  readonly annotation: ExportAnnotation
  /** As the file states it. */
  readonly size: { readonly width: number; readonly height: number }
  /** Empty for a box. */
  readonly segmentation: CocoSegmentation
  /** Of the mask that the file holds with that of the project; below 1 where it was simplified. */
  readonly iou: number
}

/** What a reader makes of something; nothing is said of what it takes as it is. */
export interface Verdict {
  /**
   * `dropped`: it is not there any more. `changed`: it has other pixels. `note`: it is whole if the reader is told to.
   * `whole`: nothing happens to it, but a change of the export would do it harm; it is no finding.
   */
  readonly kind: 'dropped' | 'changed' | 'note' | 'whole'
  readonly reason: string
  /** Of what the reader has with what is stored, 0 to 1; null where no pixels are compared. */
  readonly iou: number | null
  /** What to change in the export so that it does not happen, one or the other. */
  readonly fixes: readonly Fix[]
}

/** A change of the export, with what it does for one mask: IoU, -1 to 1. It is offered where it does more good than harm. */
export type Fix = Pick<PreflightReport['fixes'][number], 'sentence' | 'change'> & { readonly gain: number }

/** How one reader takes a COCO instances file, by its published rules: simulated, it is not run. */
export interface ReaderRules {
  /** Whether it applies the EXIF orientation of pictures; null where it opens none. */
  readonly turns: boolean | null
  /** About the export as a whole. */
  readonly ofExport?: (spec: ExportSpec) => Verdict | null
  readonly ofImage: (image: ExportImage, annotations: number) => Verdict | null
  readonly ofAnnotation: (written: WrittenAnnotation) => Verdict | null
}

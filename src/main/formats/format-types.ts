import type { Problem } from '../../shared/contract/contract.ts'
import type { CallContext } from '../../shared/contract/define.ts'
import type { MaskTile } from '../../shared/domain/history.ts'
import type { AnnotationRecord, Box, ClassRecord, ImageRecord } from '../../shared/domain/records.ts'

/** What a project hands to a writer: plain data, one image at a time. */
export interface ExportSource {
  readonly projectName: string
  readonly classes: readonly ClassRecord[]
  /** Sorted by name. Read once, lazily: a project of any size is exported in flat memory. */
  readonly images: () => Iterable<ExportImage>
}

export interface ExportImage {
  readonly image: ImageRecord
  /** Absolute path of the original file. */
  readonly path: string
  readonly annotations: readonly ExportAnnotation[]
}

export interface ExportAnnotation {
  readonly record: AnnotationRecord
  readonly tiles: readonly MaskTile[]
}

export type ExportContext = Pick<CallContext, 'signal' | 'progress'>

/** PNGs as containers of small integers, as `images/codec.ts` has them. */
export interface IndexPngCodec {
  readonly readIndexPng: (path: string) => Promise<IndexPng>
  readonly writeIndexPng: (path: string, image: IndexPng) => Promise<void>
}

/** One byte a pixel, row by row, displayed pixels. */
export interface IndexPng {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/** What a reader found, whatever the format: names instead of ids, masks as tiles. */
export interface ImportedDataSet {
  readonly classes: readonly ImportedClass[]
  readonly images: readonly ImportedImage[]
  /** What was left out or read with a remark. `name` is the picture or the file concerned. */
  readonly problems: readonly Problem[]
}

export interface ImportedClass {
  readonly name: string
  readonly parentName: string | null
  /** Annotations read; 0 for a class that the file only lists. */
  readonly annotations: number
}

export interface ImportedImage {
  /** Below the folder of the pictures, with `/`. Never absolute, never with `..`. */
  readonly fileName: string
  /** Size that the file states, in pixels; the masks fit it. Whether the picture has it is for the caller to check. */
  readonly width: number
  readonly height: number
  readonly annotations: readonly ImportedAnnotation[]
}

export interface ImportedAnnotation {
  readonly className: string
  readonly kind: 'mask' | 'box'
  /** Never empty for a mask, always empty for a box. */
  readonly tiles: readonly MaskTile[]
  /** Set for a box only. */
  readonly box: Box | null
  /** COCO's `iscrowd`: stands for a group of objects. */
  readonly crowd: boolean
  /** The id in the file, as text; null where the format has none. */
  readonly originalId: string | null
}

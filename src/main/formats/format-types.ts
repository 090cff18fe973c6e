import type { ExportSpec, Outline } from '../../shared/contract/contract.ts'
import type { FoundProblems } from '../../shared/contract/problem-count.ts'
import type { CallContext } from '../../shared/contract/define.ts'
import type { MaskTile } from '../../shared/domain/history.ts'
import type { AnnotationRecord, Box, ClassRecord, ImageRecord } from '../../shared/domain/records.ts'
import type { IndexPng, LabelPng } from '../../shared/domain/index-png.ts'

/** What a project hands to a writer: plain data, one image at a time. */
export interface ExportSource {
  readonly projectName: string
  readonly classes: readonly ClassRecord[]
  /** Sorted by name. Read once, lazily: a project of any size is exported in flat memory. */
  readonly images: () => Iterable<ExportImage>
  /** Absolute paths of all pictures of the project, exported or not. */
  readonly originals: () => Iterable<string>
  /**
   * The picture at exactly this size in pixels, 8-bit RGB, row by row, for comparing pictures. Rejects as `ImageCodec.pixels`
   * does when the file cannot be read.
   */
  readonly pixels: (image: ExportImage, width: number, height: number, signal: AbortSignal) => Promise<Uint8Array>
  /** The picture encoded anew in its own format, with its EXIF orientation applied. Rejects as `pixels` does. */
  readonly upright: (
    image: ExportImage,
    signal: AbortSignal,
  ) => Promise<{ readonly data: Uint8Array; readonly lossless: boolean }>
  /** Gives a number to everything that an export of these annotations may hold, where it has none. */
  readonly numbers: (include: ExportSpec['include']) => ExportNumbers
}

/** Integers that stand for records in exported files: from 1, each for one record, the same in every export. */
export interface ExportNumbers {
  readonly image: (imageId: string) => number
  readonly class: (classId: string) => number
  readonly annotation: (annotationId: string) => number
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

export interface ExportContext extends Pick<CallContext, 'signal' | 'progress'> {
  /** Where what is written will lie in the end, when that is another folder than the writer's. */
  readonly destination?: Destination
}

/** The folder that an export goes to once all of it is written. */
export interface Destination {
  /** Set where the export is only rehearsed: pictures are looked at and not written. */
  readonly rehearsal: PictureRehearsal | null
  /**
   * What lies where a picture will be, given its path in the writer's folder. `isSame` compares contents. `none` is to be
   * written; what is the `same` stays and is not to be written again; `other` is a file of other origin with other content,
   * which stays too.
   */
  readonly pictureAt: (path: string, isSame: (path: string) => Promise<boolean>) => Promise<'none' | 'same' | 'other'>
  /**
   * Takes whatever picture an earlier export put there, since this one brings none: the `same`. `folder` is that of the
   * pictures in the writer's folder, `name` the image's.
   */
  readonly pictureLeft: (folder: string, name: string) => Promise<'none' | 'same' | 'other'>
}

/** What is asked where pictures are not written. */
export interface PictureRehearsal {
  /** Whether `source` lies on the disk on which a picture will be, given its path in the writer's folder: links reach no further. */
  readonly isOnDiskOf: (source: string, path: string) => Promise<boolean>
}

/** PNGs whose pixels stand for something, as `images/codec.ts` has them. */
export interface IndexPngCodec {
  readonly readLabelPng: (path: string) => Promise<LabelPng>
  readonly writeIndexPng: (path: string, image: IndexPng) => Promise<void>
}

/** What formats ask of the image codec. */
export interface FormatCodec extends IndexPngCodec {
  /** A PNG that is part of another file; `name` says which, for the errors. */
  readonly decodeIndexPng: (name: string, bytes: Uint8Array) => Promise<IndexPng>
  readonly encodeIndexPng: (image: IndexPng) => Promise<Uint8Array>
  /** Displayed size of a picture. */
  readonly header: (path: string) => Promise<{ readonly width: number; readonly height: number }>
}

/** A picture by its name in the project, size in displayed pixels. */
export interface KnownImage {
  readonly fileName: string
  readonly width: number
  readonly height: number
}

/** What a reader is given besides the path. */
export interface ImportContext {
  readonly codec: FormatCodec
  /**
   * The project's picture of that name, with or without its ending, as a path or as a file name that only one
   * picture has. For data sets that state no size and lie apart from their pictures.
   */
  readonly findImage: (name: string) => KnownImage | null
  /** Pictures said to have more pixels are listed and not read: none of the project can be meant. */
  readonly mostPixels?: number | undefined
  /** What rings run along where the data set does not say it; default `edges`. */
  readonly outline?: Outline | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * What a reader found, whatever the format: names instead of ids, masks as tiles. Its problems are what was left out or read
 * with a remark; `name` is the picture or the file concerned.
 */
export interface ImportedDataSet extends FoundProblems {
  readonly classes: readonly ImportedClass[]
  readonly images: readonly ImportedImage[]
  /** Set where the data set itself says that its masks lie on the pixels as the picture files store them. */
  readonly orientation?: 'stored'
}

export interface ImportedClass {
  readonly name: string
  readonly parentName: string | null
  /** Annotations read; 0 for a class that the file only lists. */
  readonly annotations: number
  /** The id in the file, as text; absent where the format has none. */
  readonly originalId?: string
}

export interface ImportedImage {
  /**
   * Below the folder of the pictures, with `/`. Never absolute, never with `..`. Without an ending where the data set
   * does not say which one the picture has.
   */
  readonly fileName: string
  /** Size that the file states, in pixels; the masks fit it. Whether the picture has it is for the caller to check. */
  readonly width: number
  readonly height: number
  readonly annotations: readonly ImportedAnnotation[]
  /** The id in the file, as text; absent where the format has none. */
  readonly originalId?: string
  /**
   * Of an image of which the data set holds no entry at all, readable or not. `stated`: it says that somebody looked and
   * found nothing. `listed`: it only names the image, which may as well not have been looked at.
   */
  readonly empty?: 'stated' | 'listed'
  /** Of an image with annotations: the data set says that a person has finished it, and all of its entries could be read. */
  readonly reviewed?: true
}

export interface ImportedAnnotation {
  readonly className: string
  readonly kind: 'mask' | 'box'
  /** Never empty for a mask, always empty for a box. */
  readonly tiles: readonly MaskTile[]
  /** Set for a box only. */
  readonly box: Box | null
  /** COCO's `iscrowd`: stands for a group of objects; null where the file says nothing about it. */
  readonly crowd: boolean | null
  /** The id in the file, as text; null where the format has none. */
  readonly originalId: string | null
  /** Of a detection, 0 to 1; absent where the file has none. */
  readonly score?: number
  /** Set where the file says that nobody has accepted it. */
  readonly state?: 'proposed'
}

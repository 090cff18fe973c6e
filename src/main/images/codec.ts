import type { Box } from '../../shared/domain/records.ts'
import type { ByteIndexPng, IndexPng, LabelPng } from '../../shared/domain/index-png.ts'

/**
 * The `ImageCodec` port: everything the product asks of an image library. The adapter runs in a
 * supervised process of its own, so a hostile file costs one image, not the program.
 * Sizes and coordinates are displayed pixels (EXIF orientation applied).
 */

export interface ImageProbe {
  readonly format: 'jpeg' | 'png' | 'webp' | 'tiff'
  /** Displayed size. */
  readonly width: number
  readonly height: number
  /** EXIF orientation 1 to 8. */
  readonly orientation: number
  readonly pages: number
}

/** 8-bit RGB, row by row, no padding. */
export interface RgbImage {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/** A picture file, encoded anew. */
export interface UprightPicture {
  readonly data: Uint8Array
  /** Every sample was compared and is as before. Never true for JPEG, which is encoded at the highest quality. */
  readonly lossless: boolean
}

/** What decodes the pictures. */
export interface ImageLibrary {
  /** Of sharp. */
  readonly version: string
  /** Of libvips, which sharp is made on. */
  readonly libvips: string
  /** On Linux a package brings the WebAssembly build: the native one clashes with Electron's own libraries. */
  readonly build: 'native' | 'wasm'
}

export interface CodecOptions {
  readonly signal?: AbortSignal | undefined
  /** `interactive` requests overtake queued `batch` ones. Default: interactive for thumbnails and tiles, else batch. */
  readonly priority?: 'interactive' | 'batch' | undefined
}

export interface PixelOptions extends CodecOptions {
  /** The piece of the picture that is wanted, in whole displayed pixels inside it. Default: all of it. */
  readonly region?: Box | undefined
}

export interface ImageCodec {
  /** Decodes the whole picture to prove it readable. Rejects with `InvalidInput` / `Unsupported` / `Io` naming the file. */
  readonly probe: (path: string, options?: CodecOptions) => Promise<ImageProbe>
  /** Format and displayed size from the head of the file alone: no proof that its pixels can be read. */
  readonly header: (path: string, options?: CodecOptions) => Promise<ImageProbe>
  /** JPEG whose longest side is at most `maxSide`, alpha over white. */
  readonly thumbnail: (path: string, maxSide: number, options?: CodecOptions) => Promise<Uint8Array>
  /** The picture, or a region of it, resized to exactly this size (area-averaging when smaller). */
  readonly pixels: (path: string, width: number, height: number, options?: PixelOptions) => Promise<RgbImage>
  /** A tile as `contract/media.ts` defines it. */
  readonly tile: (path: string, level: number, x: number, y: number, options?: CodecOptions) => Promise<RgbImage>
  /** The picture in its own format with its EXIF orientation applied and none left. Rejects as `probe` does. */
  readonly upright: (path: string, options?: CodecOptions) => Promise<UprightPicture>
  /** Single-channel or palette PNG of up to 8 bits to its stored samples: never interpolated, never gamma-corrected. */
  readonly readIndexPng: (path: string, options?: CodecOptions) => Promise<ByteIndexPng>
  /** Grey up to 16 bits, palette with its colours, or 8-bit colours, as stored. */
  readonly readLabelPng: (path: string, options?: CodecOptions) => Promise<LabelPng>
  /** Writes a grey or palette PNG of exactly these samples, atomically. */
  readonly writeIndexPng: (path: string, image: IndexPng, options?: CodecOptions) => Promise<void>
  /** `readIndexPng` of a PNG that is part of another file; `name` says which, for the errors. */
  readonly decodeIndexPng: (name: string, bytes: Uint8Array, options?: CodecOptions) => Promise<ByteIndexPng>
  /** The bytes that `writeIndexPng` writes. */
  readonly encodeIndexPng: (image: IndexPng, options?: CodecOptions) => Promise<Uint8Array>
  /** Ends the process; a running request rejects with `Cancelled`. */
  readonly close: () => Promise<void>
}

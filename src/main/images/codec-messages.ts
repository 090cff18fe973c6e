import type { Box } from '../../shared/domain/records.ts'
import type { ImageLibrary, ImageProbe, RgbImage, UprightPicture } from './codec.ts'
import type { ByteIndexPng, IndexPng, LabelPng } from '../../shared/domain/index-png.ts'

/** What the image decoder process can be asked. */
export type CodecKinds = {
  readonly library: { readonly payload: null; readonly result: ImageLibrary }
  readonly probe: { readonly payload: { readonly path: string }; readonly result: ImageProbe }
  readonly header: { readonly payload: { readonly path: string }; readonly result: ImageProbe }
  readonly thumbnail: {
    readonly payload: { readonly path: string; readonly maxSide: number }
    readonly result: Uint8Array
  }
  readonly pixels: {
    readonly payload: {
      readonly path: string
      readonly width: number
      readonly height: number
      /** Null: the whole picture. */
      readonly region: Box | null
    }
    readonly result: RgbImage
  }
  readonly tile: {
    readonly payload: { readonly path: string; readonly level: number; readonly x: number; readonly y: number }
    readonly result: RgbImage
  }
  readonly upright: { readonly payload: { readonly path: string }; readonly result: UprightPicture }
  readonly readIndexPng: { readonly payload: { readonly path: string }; readonly result: ByteIndexPng }
  readonly readLabelPng: { readonly payload: { readonly path: string }; readonly result: LabelPng }
  readonly writeIndexPng: {
    readonly payload: { readonly path: string; readonly image: IndexPng }
    readonly result: null
  }
  readonly decodeIndexPng: {
    /** `path` names the place for errors; nothing is read from there. */
    readonly payload: { readonly path: string; readonly bytes: Uint8Array }
    readonly result: ByteIndexPng
  }
  readonly encodeIndexPng: {
    readonly payload: { readonly path: string; readonly image: IndexPng }
    readonly result: Uint8Array
  }
}

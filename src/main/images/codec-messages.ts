import type { Box } from '../../shared/domain/records.ts'
import type { ImageLibrary, ImageProbe, IndexImage, RgbImage } from './codec.ts'

/** What the image decoder process can be asked. */
export type CodecKinds = {
  readonly library: { readonly payload: null; readonly result: ImageLibrary }
  readonly probe: { readonly payload: { readonly path: string }; readonly result: ImageProbe }
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
  readonly readIndexPng: { readonly payload: { readonly path: string }; readonly result: IndexImage }
  readonly writeIndexPng: {
    readonly payload: { readonly path: string; readonly image: IndexImage }
    readonly result: null
  }
}

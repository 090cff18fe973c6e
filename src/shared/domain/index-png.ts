/** PNGs whose pixels stand for something: what images code and formats tell each other. Row by row, displayed pixels. */

/** One sample a pixel. */
export interface IndexPng {
  readonly width: number
  readonly height: number
  /** 16 bits where the file has them. */
  readonly data: Uint8Array | Uint16Array
  /** Colours `0xrrggbb` by index: makes it a palette PNG. For 8-bit samples only. */
  readonly palette?: readonly number[]
}

/** As read for class numbers alone: at most 8 bits, without a palette. */
export interface ByteIndexPng extends IndexPng {
  readonly data: Uint8Array
}

/** What a label PNG holds: numbers (grey), numbers with a palette, or colours. What they mean is not judged here. */
export type LabelPng =
  | {
      readonly kind: 'grey'
      readonly width: number
      readonly height: number
      /** 16 bits where the file has them. */
      readonly data: Uint8Array | Uint16Array
    }
  | {
      readonly kind: 'palette'
      readonly width: number
      readonly height: number
      /** Indices into the palette. */
      readonly data: Uint8Array
      /** `0xrrggbb` by index. */
      readonly palette: readonly number[]
    }
  | {
      readonly kind: 'colour'
      readonly width: number
      readonly height: number
      /** `0xrrggbb` */
      readonly data: Uint32Array
    }

import { createBitmap } from '../../shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../shared/mask/tiles.ts'
import type { FeatureMap, FeatureMaps, TiledMask } from './predictor.ts'

/** Made-up features of a scene with one kind of thing in a box, in the shape of the shipped backbone's. */

/** In cells of the stride-16 grid. */
export type Box = readonly [left: number, top: number, right: number, bottom: number]

export interface Grid {
  readonly width: number
  readonly height: number
}

/** Maps of a picture of `16 width x 16 height` pixels; null: the thing is not in it. `kind` tells things apart. */
export function madeFeatures(grid: Grid, seed: number, box: Box | null, kind = 1): FeatureMaps {
  let state = seed
  const map = (channels: number, stride: number): FeatureMap => {
    const scale = 16 / stride
    const width = grid.width * scale
    const height = grid.height * scale
    const [left, top, right, bottom] = (box ?? [0, 0, 0, 0]).map((each) => each * scale)
    const data = Float32Array.from({ length: channels * width * height }, (_, at) => {
      state = (state * 16_807) % 2_147_483_647
      const c = Math.floor(at / (width * height))
      const x = at % width
      const y = Math.floor(at / width) % height
      const inside =
        x >= (left ?? 0) && x < (right ?? 0) && y >= (top ?? 0) && y < (bottom ?? 0) ? ((c * kind) % 5) - 2 : 0
      // Things differ from a ground that is alike everywhere.
      return 0.3 * (state / 2_147_483_647 - 0.5) + (inside === 0 ? ((c % 3) - 1) / 2 : inside / 2)
    })
    return { stride, channels, width, height, data }
  }
  return {
    inputWidth: grid.width * 16,
    inputHeight: grid.height * 16,
    maps: { s8: map(48, 8), s16a: map(88, 16), s16b: map(120, 16), s32: map(352, 32) },
  }
}

/** The box as a mask of 4 x 4 pixels a cell. */
export function boxMask(grid: Grid, [left, top, right, bottom]: Box): TiledMask {
  const width = grid.width * 4
  const height = grid.height * 4
  const bitmap = createBitmap(width, height)
  for (let y = top * 4; y < bottom * 4; y++) bitmap.data.fill(1, y * width + left * 4, y * width + right * 4)
  return { width, height, tiles: tilesFromBitmap(bitmap) }
}

import { createHash } from 'node:crypto'
import { createBitmap } from '../../shared/mask/bitmap.ts'
import type { Bitmap } from '../../shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../shared/mask/tiles.ts'
import type { EngineImage } from './engine-port.ts'
import type { TiledMask } from './predictor.ts'

/** Pictures for the tests of engine and jobs: a red disc on green stripes, the same scene at any size. */

export const sceneWidth = 240
export const sceneHeight = 200

export interface Scene {
  readonly image: EngineImage
  /** Where the disc is. */
  readonly mask: TiledMask
  readonly truth: Bitmap
  /** Sizes at which pixels were asked for, of a region with ` of ` and its box. */
  readonly asked: string[]
}

export interface SceneOptions {
  readonly beforePixels?: () => void
  readonly cacheFolder?: string
  readonly contentHash?: string
}

export function scene(number: number, options: SceneOptions = {}): Scene {
  const centreX = 0.25 + 0.1 * (number % 5)
  const centreY = 0.3 + 0.1 * (number % 4)
  const inside = (x: number, y: number): boolean => Math.hypot((x - centreX) * 1.2, y - centreY) < 0.2
  const asked: string[] = []
  const truth = createBitmap(sceneWidth, sceneHeight)
  for (let y = 0; y < sceneHeight; y++) {
    for (let x = 0; x < sceneWidth; x++) {
      if (inside((x + 0.5) / sceneWidth, (y + 0.5) / sceneHeight)) truth.data[y * sceneWidth + x] = 1
    }
  }
  const pixels: EngineImage['pixels'] = (w, h, { region } = {}) => {
    options.beforePixels?.()
    asked.push(`${w}x${h}${region === undefined ? '' : ` of ${region.join(',')}`}`)
    const [left, top, across, down] = region ?? [0, 0, sceneWidth, sceneHeight]
    const data = new Uint8Array(w * h * 3)
    for (let y = 0, at = 0; y < h; y++) {
      for (let x = 0; x < w; x++, at += 3) {
        const [shareX, shareY] = [
          (left + ((x + 0.5) * across) / w) / sceneWidth,
          (top + ((y + 0.5) * down) / h) / sceneHeight,
        ]
        const disc = inside(shareX, shareY)
        const stripe = Math.floor(shareX * 12) % 2 === 0 ? 60 : 110
        data.set(disc ? [210, 40, 40] : [30, stripe, 50], at)
      }
    }
    return Promise.resolve({ width: w, height: h, data })
  }
  const image = {
    contentHash: options.contentHash ?? createHash('sha256').update(`scene ${number}`).digest('hex'),
    width: sceneWidth,
    height: sceneHeight,
    pixels,
    cacheFolder: options.cacheFolder,
  }
  return { image, mask: { width: sceneWidth, height: sceneHeight, tiles: tilesFromBitmap(truth) }, truth, asked }
}

/** Of two masks of one size, 0 to 1. */
export function intersectionOverUnion(a: Bitmap, b: Bitmap): number {
  let both = 0
  let either = 0
  for (const [i, value] of a.data.entries()) {
    const other = b.data[i] ?? 0
    both += value & other
    either += value | other
  }
  return both / either
}

/** Content hash of the image at which the engine of `prototype-engine.fixture.ts` dies. */
export const deadlyHash = 'dead'.repeat(16)

import type { EngineDetail } from './engine-port.ts'

export interface PixelSize {
  readonly width: number
  readonly height: number
}

const sideMultiple = 64
const minimumSide = 192
const maximumSide = 1536
/** Side of the square whose area the network input should have. */
const sideOfDetail: Readonly<Record<EngineDetail, number>> = { fast: 320, normal: 448, high: 640 }
/** How much more a distorted aspect costs than a wrong area, both as logarithms of the ratio. */
const distortionWeight = 2

/**
 * Size at which an image of that displayed size enters the backbone. Sides are multiples of 64 (the
 * deepest map's stride times two) between 192 and 1536 px; among those the one is taken whose aspect
 * ratio and area together are nearest to the image's aspect and the detail's area (448 x 448 for
 * `normal`). The image is resized to exactly this size, so maps cover it edge to edge without padding. It is not asked for a
 * backbone whose manifest entry has an `inputSize`: every image enters that one at the same size.
 */
export function modelInputSize(width: number, height: number, detail: EngineDetail): PixelSize {
  const area = sideOfDetail[detail] ** 2
  let best: PixelSize = { width: minimumSide, height: minimumSide }
  let bestCost = Infinity
  for (let w = minimumSide; w <= maximumSide; w += sideMultiple) {
    for (let h = minimumSide; h <= maximumSide; h += sideMultiple) {
      const areaCost = Math.abs(Math.log((w * h) / area))
      const distortion = Math.abs(Math.log((w * height) / (h * width)))
      const cost = areaCost + distortionWeight * distortion
      if (cost < bestCost) {
        bestCost = cost
        best = { width: w, height: h }
      }
    }
  }
  return best
}

const guideSide = 2048

/** Size of the photograph that edges are refined on: the displayed size, at most 2048 px on its long side. */
export function guideSize(width: number, height: number): PixelSize {
  const scale = Math.min(1, guideSide / Math.max(width, height))
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}

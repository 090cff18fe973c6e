import type { MaskTile } from '../domain/history.ts'
import type { Box } from '../domain/records.ts'
import type { Bitmap } from './bitmap.ts'
import { forEachRun } from './tiles.ts'

type VisitRun = (y: number, left: number, right: number) => void

function forEachBitmapRun(bitmap: Bitmap, visit: VisitRun): void {
  const { width, height, data } = bitmap
  for (let y = 0; y < height; y++) {
    const base = y * width
    for (let x = 0; x < width; x++) {
      if (data[base + x] === 0) continue
      const start = x
      while (x < width && data[base + x] !== 0) x++
      visit(y, start, x)
    }
  }
}

/** Range of grid cells that were written, exclusive at the right and below. */
interface Touched {
  left: number
  top: number
  right: number
  bottom: number
}

/**
 * Adds the overlap of every run with every cell of a grid over the region to `sums`, in units of
 * 1 / (gridWidth x gridHeight) pixels. In these units pixel x spans `x * gridWidth … (x + 1) * gridWidth` and
 * cell i spans `i * width … (i + 1) * width`, so everything is an integer and a full cell sums to `width * height`.
 */
function accumulate(
  mask: readonly MaskTile[] | Bitmap,
  [originX, originY, width, height]: Box,
  gridWidth: number,
  gridHeight: number,
  sums: Float64Array,
): Touched {
  const touched: Touched = { left: gridWidth, top: gridHeight, right: 0, bottom: 0 }
  const visit: VisitRun = (y, left, right) => {
    const x0 = Math.max(left - originX, 0) * gridWidth
    const x1 = Math.min(right - originX, width) * gridWidth
    const y0 = Math.max(y - originY, 0) * gridHeight
    const y1 = Math.min(y + 1 - originY, height) * gridHeight
    if (x0 >= x1 || y0 >= y1) return
    const columnFrom = Math.floor(x0 / width)
    const columnTo = Math.ceil(x1 / width)
    const rowFrom = Math.floor(y0 / height)
    const rowTo = Math.ceil(y1 / height)
    for (let row = rowFrom; row < rowTo; row++) {
      const overlapY = Math.min(y1, (row + 1) * height) - Math.max(y0, row * height)
      for (let column = columnFrom; column < columnTo; column++) {
        const overlapX = Math.min(x1, (column + 1) * width) - Math.max(x0, column * width)
        const cell = row * gridWidth + column
        sums[cell] = (sums[cell] ?? 0) + overlapX * overlapY
      }
    }
    touched.left = Math.min(touched.left, columnFrom)
    touched.right = Math.max(touched.right, columnTo)
    touched.top = Math.min(touched.top, rowFrom)
    touched.bottom = Math.max(touched.bottom, rowTo)
  }
  if ('data' in mask) forEachBitmapRun(mask, visit)
  else forEachRun(mask, visit)
  return touched
}

/**
 * Exact area average of a mask on a grid laid over a region of its image, `[left, top, width, height]` in pixels: per
 * cell, row-major, the fraction (0 to 1) of its area that the mask covers. Cell borders need not meet pixel borders.
 * Mask pixels outside the region do not count.
 */
export function coverage(
  mask: readonly MaskTile[] | Bitmap,
  region: Box,
  gridWidth: number,
  gridHeight: number,
): Float32Array<ArrayBuffer> {
  const sums = new Float64Array(gridWidth * gridHeight)
  accumulate(mask, region, gridWidth, gridHeight, sums)
  const full = region[2] * region[3]
  return Float32Array.from(sums, (sum) => sum / full)
}

/** A mask and the number (1 to 255) it has in a label map. */
export interface LabelledMask {
  readonly tiles: readonly MaskTile[]
  readonly slot: number
}

/**
 * Masks of an image of `width` x `height` pixels as one small label map (row-major, 0 = nothing). A cell
 * belongs to the mask that covers most of it, however little that is, so that small objects stay visible;
 * on a tie the later mask lies on top. A mask that would get no cell at all takes the one it covers most.
 */
export function labelMap(
  masks: readonly LabelledMask[],
  width: number,
  height: number,
  outWidth: number,
  outHeight: number,
): Uint8Array<ArrayBuffer> {
  const owners = new Int32Array(outWidth * outHeight)
  const best = new Float64Array(outWidth * outHeight)
  const sums = new Float64Array(outWidth * outHeight)
  const densest = masks.map(() => -1)
  masks.forEach((mask, index) => {
    const touched = accumulate(mask.tiles, [0, 0, width, height], outWidth, outHeight, sums)
    let most = 0
    for (let row = touched.top; row < touched.bottom; row++) {
      for (let column = touched.left; column < touched.right; column++) {
        const cell = row * outWidth + column
        const sum = sums[cell] ?? 0
        sums[cell] = 0
        if (sum === 0) continue
        if (sum > most) {
          most = sum
          densest[index] = cell
        }
        if (sum >= (best[cell] ?? 0)) {
          best[cell] = sum
          owners[cell] = index + 1
        }
      }
    }
  })
  const owning = new Set(owners)
  densest.forEach((cell, index) => {
    if (cell >= 0 && !owning.has(index + 1)) owners[cell] = index + 1
  })
  return Uint8Array.from(owners, (owner) => masks[owner - 1]?.slot ?? 0)
}

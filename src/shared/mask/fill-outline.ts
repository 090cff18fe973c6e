import { createBitmap } from './bitmap.ts'
import type { Bitmap } from './bitmap.ts'

/**
 * Fills polygons the way OpenCV's `fillPoly` does, whose rule many trainers use: corners are cut to whole numbers and
 * taken as pixel *centres*, inside is what an odd number of edges surrounds, and the outline itself is painted too. A
 * polygon along pixel edges so grows by one row and one column.
 *
 * `rings`: `x, y, …` in pixels of an image of `width` x `height`. Slanted edges are painted by the nearest pixel of each
 * step along the longer axis, as a line is drawn; what OpenCV rounds otherwise is at most a pixel of the outline.
 */
export function fillOutline(rings: readonly (readonly number[])[], width: number, height: number): Bitmap {
  const bitmap = createBitmap(width, height)
  const { data } = bitmap
  const crossings: number[][] = Array.from({ length: height }, () => [])
  for (const ring of rings) {
    for (let at = 0; at < ring.length; at += 2) {
      const next = (at + 2) % ring.length
      const [x0, y0, x1, y1] = [ring[at], ring[at + 1], ring[next], ring[next + 1]].map((value) =>
        Math.trunc(value ?? 0),
      ) as [number, number, number, number]
      paintLine(data, width, height, x0, y0, x1, y1)
      // Half-open in y, so that a corner counts once.
      const [top, bottom] = [Math.min(y0, y1), Math.max(y0, y1)]
      for (let y = Math.max(top, 0); y < Math.min(bottom, height); y++) {
        crossings[y]?.push(x0 + ((y - y0) * (x1 - x0)) / (y1 - y0))
      }
    }
  }
  for (const [y, row] of crossings.entries()) {
    row.sort((a, b) => a - b)
    for (let i = 0; i + 1 < row.length; i += 2) {
      const from = Math.max(0, Math.ceil(row[i] ?? 0))
      const to = Math.min(width - 1, Math.floor(row[i + 1] ?? 0))
      if (from <= to) data.fill(1, y * width + from, y * width + to + 1)
    }
  }
  return bitmap
}

function paintLine(
  data: Uint8Array,
  width: number,
  height: number,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
): void {
  const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))
  for (let step = 0; step <= steps; step++) {
    const share = steps === 0 ? 0 : step / steps
    const x = Math.round(x0 + (x1 - x0) * share)
    const y = Math.round(y0 + (y1 - y0) * share)
    if (x >= 0 && y >= 0 && x < width && y < height) data[y * width + x] = 1
  }
}

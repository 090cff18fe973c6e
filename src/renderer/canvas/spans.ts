import type { ImagePx } from './coordinates.ts'

/** One row of pixels of a shape: row `y`, columns `left` to `right` (exclusive), whole image pixels. */
export type Span = readonly [y: number, left: number, right: number]

/**
 * A round stamp. A pixel belongs to it when its centre is closer than the radius; the pixel under
 * `centre` always does, so a diameter of 1 is exactly one pixel.
 *
 * @param diameter in image pixels, at least 1
 */
export function circleSpans(centre: ImagePx, diameter: number): Span[] {
  const radius = diameter / 2
  const spans: Span[] = []
  const underX = Math.floor(centre.x) + 0
  const underY = Math.floor(centre.y) + 0
  const firstRow = Math.min(underY, ceil(centre.y - radius - 0.5))
  const lastRow = Math.max(underY, Math.floor(centre.y + radius - 0.5))
  for (let y = firstRow; y <= lastRow; y++) {
    const dy = y + 0.5 - centre.y
    const half = Math.sqrt(Math.max(0, radius * radius - dy * dy))
    // Strictly inside: centres x + 0.5 with |x + 0.5 - centre.x| < half.
    let left = Math.floor(centre.x - half - 0.5) + 1
    let right = ceil(centre.x + half - 0.5)
    if (y === underY) {
      left = Math.min(left, underX)
      right = Math.max(right, underX + 1)
    }
    if (left < right) spans.push([y, left, right])
  }
  return spans
}

/**
 * Points from `from` (exclusive) to `to` (inclusive), never further apart than a quarter of the radius:
 * stamped there, the edge of the line is within 1 % of the radius of straight.
 */
export function interpolate(from: ImagePx, to: ImagePx, diameter: number, at: (x: number, y: number) => void): void {
  const dx = to.x - from.x
  const dy = to.y - from.y
  const steps = Math.max(1, Math.ceil(Math.hypot(dx, dy) / (diameter / 8)))
  for (let step = 1; step <= steps; step++) at(from.x + (dx * step) / steps, from.y + (dy * step) / steps)
}

/**
 * Pixels of a polygon by the odd-even rule on pixel centres: a pixel is inside when a ray from its centre
 * crosses the outline an odd number of times. An edge covers the rows whose centre `c` satisfies
 * `top <= c < bottom`, a crossing at `x` divides the centres into `< x` and `>= x`. So polygons that share
 * an edge share no pixel and leave none out, and a polygon along pixel edges gives exactly its pixels.
 *
 * @param rings each `x, y, x, y, …` in image pixels, closed by itself; several rings make holes
 * @param height rows outside 0 … height - 1 are not made
 */
export function polygonSpans(rings: readonly (readonly number[])[], height: number): Span[] {
  const crossings = new Map<number, number[]>()
  for (const ring of rings) {
    const count = ring.length / 2
    for (let index = 0; index < count; index++) {
      const next = (index + 1) % count
      addCrossings(
        crossings,
        [ring[2 * index] ?? 0, ring[2 * index + 1] ?? 0, ring[2 * next] ?? 0, ring[2 * next + 1] ?? 0],
        height,
      )
    }
  }
  const spans: Span[] = []
  for (const y of [...crossings.keys()].sort((a, b) => a - b)) {
    const xs = (crossings.get(y) ?? []).sort((a, b) => a - b)
    for (let index = 0; index + 1 < xs.length; index += 2) {
      const left = ceil((xs[index] ?? 0) - 0.5)
      const right = ceil((xs[index + 1] ?? 0) - 0.5)
      if (left < right) spans.push([y, left, right])
    }
  }
  return spans
}

function addCrossings(
  crossings: Map<number, number[]>,
  [x0, y0, x1, y1]: readonly [number, number, number, number],
  height: number,
): void {
  if (y0 === y1) return
  // From the upper end whichever way the ring runs: both neighbours of an edge compute the same crossing.
  const [topX, topY, bottomX, bottomY] = y0 < y1 ? [x0, y0, x1, y1] : [x1, y1, x0, y0]
  const first = Math.max(0, Math.ceil(topY - 0.5))
  const last = Math.min(height - 1, Math.ceil(bottomY - 0.5) - 1)
  for (let y = first; y <= last; y++) {
    const x = topX + ((y + 0.5 - topY) * (bottomX - topX)) / (bottomY - topY)
    const row = crossings.get(y)
    if (row === undefined) crossings.set(y, [x])
    else row.push(x)
  }
}

/** `Math.ceil` without negative zero, which is not equal to zero everywhere. */
function ceil(value: number): number {
  return Math.ceil(value) + 0
}

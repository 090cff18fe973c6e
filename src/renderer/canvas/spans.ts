import { ceil } from '../../shared/mask/polygon-spans.ts'
import type { Span } from '../../shared/mask/polygon-spans.ts'
import type { ImagePx } from './coordinates.ts'

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

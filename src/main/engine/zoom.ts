import type { Box } from '../../shared/domain/records.ts'
import type { PixelSize } from './input-size.ts'

/** How much longer than the outline's longer side a zoomed view is: what surrounds a thing belongs to it. */
const surroundings = 2
/** Smaller pieces of a photograph, in pixels, hold nothing that enlarging would show. */
const smallestSide = 96

/**
 * The piece of an image of `size` displayed pixels that is looked at a second time, enlarged, to learn from an example
 * outlined within `outline`: a square round its middle, cut and moved to lie inside the image. It holds the whole outline.
 * Null where it would be over 70 % of the image, which says what the whole view says. All of it is integers, as in
 * `models/exemplar_models/light/zoom.py`. [Note: zoomed supports]
 */
export function zoomRegion([x, y, w, h]: Box, size: PixelSize): Box | null {
  const side = Math.max(surroundings * Math.max(w, h), smallestSide)
  const width = Math.min(side, size.width)
  const height = Math.min(side, size.height)
  if (10 * width * height > 7 * size.width * size.height) return null
  return [placed(2 * x + w, width, size.width), placed(2 * y + h, height, size.height), width, height]
}

/** Where a piece of that length begins, of an axis of `whole` pixels, with its middle at half of `twiceMiddle` if it can. */
function placed(twiceMiddle: number, length: number, whole: number): number {
  return Math.min(Math.max(Math.floor((twiceMiddle - length) / 2), 0), whole - length)
}

import { seededRandom } from '../../src/main/evaluate/random.ts'
import type { Bitmap } from '../../src/shared/mask/bitmap.ts'
import { createBitmap } from '../../src/shared/mask/bitmap.ts'

export interface DiscPicture {
  /** RGB, row by row. */
  readonly pixels: Uint8Array
  readonly discs: Bitmap
}

/** Orange discs and blue squares on grainy grey: easy for any predictor, and the same for the same number. */
export function drawDiscs(number: number, width: number, height: number): DiscPicture {
  const random = seededRandom(number)
  const pixels = new Uint8Array(width * height * 3)
  const discs = createBitmap(width, height)
  const side = Math.min(width, height)
  // Apart from each other, whatever the number is.
  const middles = [0.25, 0.75].map((share) => ({
    x: width * (share + (random() - 0.5) * 0.1),
    y: height * (0.5 + (random() - 0.5) * 0.4),
    radius: side * (0.12 + random() * 0.08),
  }))
  const square = { x: width * 0.5, y: height * (random() < 0.5 ? 0.15 : 0.85), half: side * 0.09 }
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const isDisc = middles.some((disc) => Math.hypot(x - disc.x, y - disc.y) <= disc.radius)
      const isSquare = Math.max(Math.abs(x - square.x), Math.abs(y - square.y)) <= square.half
      const colour = isDisc ? [225, 130, 40] : isSquare ? [50, 80, 190] : [120, 125, 118]
      const grain = (random() - 0.5) * 30
      for (const [channel, value] of colour.entries()) pixels[at * 3 + channel] = value + grain
      discs.data[at] = isDisc ? 1 : 0
    }
  }
  return { pixels, discs }
}

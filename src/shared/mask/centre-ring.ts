/**
 * A ring along pixel edges, moved to the centres of the pixels that it runs along on the inside: every edge goes half a
 * pixel to its right, where the mask is. As many corners as before; those of one pixel come to lie on each other, and so do
 * both sides of a line of one pixel.
 *
 * `ring`: `x, y, …` in pixels, as `polygonsFromTiles` makes them, with the mask on the right hand. Every line of the new ring
 * runs through centres of the mask alone: where the old one turns left, the pixel between both edges is of the mask, and a
 * bridge to a hole has the mask on both sides. No centre beside it changes sides, so whoever fills the ring with its edge
 * included, as OpenCV's `fillPoly` does, paints the mask and nothing else.
 *
 * Halves, not whole numbers: cut to whole pixels, they stay right whatever the rounding, and in a picture that is mirrored,
 * or enlarged or made smaller, they are still centres.
 */
export function centreRing(ring: readonly number[]): number[] {
  const centres: number[] = []
  const count = ring.length
  for (let at = 0; at < count; at += 2) {
    const [x = 0, y = 0] = [ring[at], ring[at + 1]]
    const before = (at + count - 2) % count
    const after = (at + 2) % count
    /** Of the edges that meet here, which way the upright one and the level one go. */
    const down = Math.sign(y - (ring[before + 1] ?? 0)) || Math.sign((ring[after + 1] ?? 0) - y)
    const right = Math.sign(x - (ring[before] ?? 0)) || Math.sign((ring[after] ?? 0) - x)
    // Where a bridge goes straight on there is no level edge; both pixels are on its line, and the lower one will do.
    centres.push(down > 0 ? x - 0.5 : x + 0.5, right < 0 ? y - 0.5 : y + 0.5)
  }
  return centres
}

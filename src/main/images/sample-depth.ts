/** How samples of more than 8 bits become 8-bit ones. [Note: deep pictures] */

const usualDepths = [8, 10, 12, 14, 16]

/** The smallest usual bit depth (8, 10, 12, 14 or 16) that holds a picture whose largest sample is `largest`. */
export function depthFor(largest: number): number {
  return usualDepths.find((depth) => largest < 2 ** depth) ?? 16
}

/** What 16-bit samples are multiplied with so that the largest value of that depth becomes 65,535. */
export function factorFor(depth: number): number {
  return 65_535 / (2 ** depth - 1)
}

import type { MaskRows } from './mask-rows.ts'

/**
 * The outlines of a mask as a graph of their corners. Along an outline horizontal and vertical edges take turns, so a
 * corner ends one of each.
 *
 * Horizontal edge `k` runs from corner `2k`, its left end, to corner `2k + 1`. Edges are in reading order. Where two
 * pixels meet only at a corner there are two corners at one place, and each stays with the pixel whose corner it is.
 */
export interface MaskCorners {
  /** Pixel edges in image space, by corner. */
  readonly x: Int32Array
  readonly y: Int32Array
  /** The corner at the other end of the vertical edge, by corner. */
  readonly vertical: Int32Array
  /** 1 where the mask lies below the horizontal edge, 0 where it lies above, by edge. */
  readonly maskBelow: Uint8Array
  readonly edgeCount: number
  /** First edge of each row of corners, from the upper side of the box to its lower one, and the end of the last. */
  readonly rows: Uint32Array
  /** Upper side of the box. */
  readonly top: number
}

export function cornersFromRows({ bounds, starts, lengths, edges }: MaskRows): MaskCorners {
  const [left, top, width, height] = bounds
  // Each change of a row gives at most a corner on its upper side and one on its lower side.
  const capacity = edges.length * 2
  const xs = new Int32Array(capacity)
  const ys = new Int32Array(capacity)
  const vertical = new Int32Array(capacity)
  const maskBelow = new Uint8Array(edges.length)
  const rows = new Uint32Array(height + 2)
  /** By column: the corner from which a vertical edge goes down. */
  const hanging = new Int32Array(width + 1)
  let corner = 0
  let [above, aboveStart, aboveEnd] = [0, 0, 0]
  for (let y = 0; y <= height; y++) {
    let row = starts[y] ?? 0
    const rowStart = row
    const rowEnd = row + (lengths[y] ?? 0)
    rows[y] = corner >> 1
    while (above < aboveEnd || row < rowEnd) {
      const fromAbove = above < aboveEnd ? (edges[above] ?? 0) : Infinity
      const fromRow = row < rowEnd ? (edges[row] ?? 0) : Infinity
      if (fromAbove === fromRow) {
        // A vertical edge passes, or, within a horizontal one, two pixels meet at their corners.
        if (corner % 2 === 1) {
          const column = fromRow - left
          const upper = hanging[column] ?? 0
          const pixelIsUpperLeft = (above - aboveStart) % 2 === 1
          const [ending, beginning] = pixelIsUpperLeft ? [corner, corner + 1] : [corner + 1, corner]
          vertical[ending] = upper
          vertical[upper] = ending
          hanging[column] = beginning
          maskBelow[(corner + 1) >> 1] = pixelIsUpperLeft ? 1 : 0
          xs[corner] = xs[corner + 1] = fromRow
          ys[corner] = ys[corner + 1] = top + y
          corner += 2
        }
        above++
        row++
        continue
      }
      if (fromAbove < fromRow) {
        const column = fromAbove - left
        const upper = hanging[column] ?? 0
        vertical[corner] = upper
        vertical[upper] = corner
        xs[corner] = fromAbove
        above++
      } else {
        hanging[fromRow - left] = corner
        xs[corner] = fromRow
        row++
      }
      if (corner % 2 === 0) maskBelow[corner >> 1] = (row - rowStart) % 2
      ys[corner++] = top + y
    }
    above = aboveStart = rowStart
    aboveEnd = rowEnd
  }
  rows[height + 1] = corner >> 1
  return { x: xs, y: ys, vertical, maskBelow, edgeCount: corner >> 1, rows, top }
}

import type { MaskTile } from '../domain/history.ts'
import type { Box } from '../domain/records.ts'
import type { Bitmap } from './bitmap.ts'
import { forEachRun, tilesBounds } from './tiles.ts'

/**
 * A mask row by row. What is done with it costs as much as its outline is long, not as its area.
 *
 * Row `y` of its box has `edges[starts[y]]` up to `edges[starts[y] + lengths[y]]`, that one not included: the columns,
 * rising, at which it begins and ends to be set (image pixels, ends exclusive).
 */
export interface MaskRows {
  readonly bounds: Box
  readonly starts: Uint32Array
  readonly lengths: Uint32Array
  readonly edges: Int32Array
}

/** Null for an empty mask. */
export function rowsFromTiles(tiles: readonly MaskTile[]): MaskRows | null {
  const bounds = tilesBounds(tiles)
  if (bounds === null) return null
  const [, top, , height] = bounds
  const starts = new Uint32Array(height + 1)
  forEachRun(tiles, (y) => {
    starts[y - top + 1] = (starts[y - top + 1] ?? 0) + 2
  })
  for (let y = 0; y < height; y++) starts[y + 1] = (starts[y + 1] ?? 0) + (starts[y] ?? 0)
  const lengths = new Uint32Array(height)
  const edges = new Int32Array(starts[height] ?? 0)
  forEachRun(tiles, (y, from, to) => {
    const length = lengths[y - top] ?? 0
    const at = (starts[y - top] ?? 0) + length
    // Runs end at tile borders: one that goes on there is one run.
    if (length > 0 && edges[at - 1] === from) {
      edges[at - 1] = to
      return
    }
    edges[at] = from
    edges[at + 1] = to
    lengths[y - top] = length + 2
  })
  return { bounds, starts, lengths, edges }
}

/** The bounds are those of the whole bitmap. */
export function rowsFromBitmap({ width, height, data }: Bitmap): MaskRows {
  const starts = new Uint32Array(height + 1)
  const edges: number[] = []
  for (let y = 0; y < height; y++) {
    const line = data.subarray(y * width, (y + 1) * width)
    for (let at = line.indexOf(1); at >= 0; at = line.indexOf(1, at)) {
      const end = line.indexOf(0, at)
      edges.push(at, end < 0 ? width : end)
      if (end < 0) break
      at = end
    }
    starts[y + 1] = edges.length
  }
  const lengths = Uint32Array.from({ length: height }, (_, y) => (starts[y + 1] ?? 0) - (starts[y] ?? 0))
  return { bounds: [0, 0, width, height], starts, lengths, edges: Int32Array.from(edges) }
}

/**
 * Calls `visit(y, from, to)` for every stretch of pixels of row `y` that differ from those above them: along its upper
 * side runs an edge of the mask. Row by row, from left to right, the row below the last one included.
 */
export function forEachCrack(mask: MaskRows, visit: (y: number, from: number, to: number) => void): void {
  const { bounds, starts, lengths, edges } = mask
  const height = lengths.length
  let above = 0
  let aboveEnd = 0
  for (let y = 0; y <= height; y++) {
    let row = starts[y] ?? 0
    const [rowStart, rowEnd] = [row, row + (lengths[y] ?? 0)]
    let start = -1
    while (above < aboveEnd || row < rowEnd) {
      const left = above < aboveEnd ? (edges[above] ?? 0) : Infinity
      const right = row < rowEnd ? (edges[row] ?? 0) : Infinity
      if (left <= right) above++
      if (right <= left) row++
      // Where both change, the difference goes on as it was.
      if (left === right) continue
      const edge = Math.min(left, right)
      if (start < 0) start = edge
      else {
        visit(bounds[1] + y, start, edge)
        start = -1
      }
    }
    above = rowStart
    aboveEnd = rowEnd
  }
}

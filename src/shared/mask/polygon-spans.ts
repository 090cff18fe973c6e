import { tileSize } from '../contract/media.ts'
import type { MaskTile } from '../domain/history.ts'
import { runsFromEdges } from './tile-runs.ts'
import { compareTiles } from './tiles.ts'

/** One row of pixels of a shape: row `y`, columns `left` to `right` (exclusive), whole image pixels. */
export type Span = readonly [y: number, left: number, right: number]

/** Rings of `x, y, x, y, …` in image pixels, each closed by itself: what a polygon was drawn as. */
export type Rings = readonly (readonly number[])[]

/**
 * Pixels of a polygon by the odd-even rule on pixel centres: a pixel is inside when a ray from its centre
 * crosses the outline an odd number of times. An edge covers the rows whose centre `c` satisfies
 * `top <= c < bottom`, a crossing at `x` divides the centres into `< x` and `>= x`. So polygons that share
 * an edge share no pixel and leave none out, and a polygon along pixel edges gives exactly its pixels.
 *
 * @param rings each `x, y, x, y, …` in image pixels, closed by itself; several rings make holes
 * @param height rows outside 0 … height - 1 are not made
 */
export function polygonSpans(rings: Rings, height: number): Span[] {
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

/**
 * The mask of a polygon in an image of that size: sorted tiles, none empty. The one rule by which a source
 * and its stored pixels are the same thing.
 */
export function polygonTiles(rings: Rings, size: { readonly width: number; readonly height: number }): MaskTile[] {
  return tilesFromSpans(polygonSpans(rings, size.height), size.width)
}

/**
 * The mask of these spans, from top to bottom and from left to right, none over another: sorted tiles, none empty. What
 * lies left or right of an image of that width is cut off.
 */
export function tilesFromSpans(spans: Iterable<Span>, width: number): MaskTile[] {
  const columns = Math.ceil(width / tileSize)
  /** By tile: the positions at which its pixels change, rising, since spans come row by row. */
  const edges = new Map<number, number[]>()
  for (const [y, left, right] of spans) {
    const row = Math.floor(y / tileSize)
    const end = Math.min(right, width)
    for (let start = Math.max(left, 0); start < end;) {
      const column = Math.floor(start / tileSize)
      const stop = Math.min(end, (column + 1) * tileSize)
      const key = row * columns + column
      const tile = edges.get(key) ?? []
      edges.set(key, tile)
      const base = (y - row * tileSize) * tileSize - column * tileSize
      // A run may go on where the one before ended: in the same row, or over the end of it.
      if (tile.at(-1) === base + start) tile.pop()
      else tile.push(base + start)
      tile.push(base + stop)
      start = stop
    }
  }
  return [...edges]
    .map(([key, tile]) => ({ x: key % columns, y: Math.floor(key / columns), runs: runsFromEdges(tile) }))
    .sort(compareTiles)
}

/** `Math.ceil` without negative zero, which is not equal to zero everywhere. */
export function ceil(value: number): number {
  return Math.ceil(value) + 0
}

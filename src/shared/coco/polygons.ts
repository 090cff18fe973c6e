import type { MaskTile } from '../domain/history.ts'
import type { Bitmap } from '../mask/bitmap.ts'
import { cornersFromRows } from '../mask/mask-corners.ts'
import type { MaskCorners } from '../mask/mask-corners.ts'
import { rowsFromBitmap, rowsFromTiles } from '../mask/mask-rows.ts'
import type { MaskRows } from '../mask/mask-rows.ts'

interface Rings {
  /** First corner (the topmost-left) of each outline, in reading order. From it the ring goes east. */
  readonly outer: readonly number[]
  /** First corner (the topmost-left) of each hole, in reading order. From it the ring goes down. */
  readonly holes: readonly number[]
}

/**
 * Every ring, with the mask on its right hand. The first horizontal edge met of an outline has the mask below, that of
 * a hole has it above.
 */
function findRings({ vertical, maskBelow, edgeCount }: MaskCorners): Rings {
  const met = new Uint8Array(edgeCount)
  const outer: number[] = []
  const holes: number[] = []
  for (let edge = 0; edge < edgeCount; edge++) {
    if (met[edge] === 1) continue
    const start = edge * 2
    if (maskBelow[edge] === 1) outer.push(start)
    else holes.push(start)
    let corner = start
    do {
      met[corner >> 1] = 1
      corner = vertical[corner ^ 1] ?? 0
    } while (corner !== start)
  }
  return { outer, holes }
}

/** Where an outline is left for a hole: on a horizontal edge at column `x`, down to the first corner of the hole. */
interface Bridge {
  readonly x: number
  readonly hole: number
}

/**
 * By edge, from left to right, the bridges that start on it. A bridge goes from the hole's first corner straight up
 * inside the mask, to the first edge that it touches. That edge has the mask below and belongs to a ring met earlier,
 * and no other bridge starts at that place.
 */
function findBridges(corners: MaskCorners, holes: readonly number[]): ReadonlyMap<number, readonly Bridge[]> {
  const bridges = new Map<number, Bridge[]>()
  for (const hole of holes) {
    const x = corners.x[hole] ?? 0
    const edge = edgeAbove(corners, x, corners.y[hole] ?? 0)
    const others = bridges.get(edge)
    if (others === undefined) bridges.set(edge, [{ x, hole }])
    else others.push({ x, hole })
  }
  for (const each of bridges.values()) each.sort((a, b) => a.x - b.x)
  return bridges
}

/** The lowest edge above row `y` that touches column `x`. */
function edgeAbove(corners: MaskCorners, x: number, y: number): number {
  for (let row = y - corners.top - 1; ; row--) {
    let low = corners.rows[row] ?? 0
    const end = corners.rows[row + 1] ?? 0
    let high = end
    while (low < high) {
      const middle = (low + high) >> 1
      if ((corners.x[middle * 2 + 1] ?? 0) < x) low = middle + 1
      else high = middle
    }
    if (low < end && (corners.x[low * 2] ?? 0) <= x) return low
  }
}

/** One part as a single ring: its outline, with each hole reached and left along a vertical bridge. */
function keyholeRing(corners: MaskCorners, start: number, bridges: ReadonlyMap<number, readonly Bridge[]>): number[] {
  const { x, y, vertical } = corners
  const ring: number[] = [x[start] ?? 0, y[start] ?? 0]
  /** Rings left for one of their holes, with the number of bridges of that edge that have been taken. */
  const waiting: { readonly start: number; readonly corner: number; readonly taken: number }[] = []
  let ringStart = start
  /** A corner that is in the ring, from which it goes along its horizontal edge. */
  let corner = start
  let taken = 0
  for (;;) {
    // Only edges with the mask below, which rings go along eastwards, carry bridges.
    const onEdge = bridges.size === 0 || (corner & 1) === 1 ? undefined : bridges.get(corner >> 1)
    const bridge = onEdge?.[taken]
    if (bridge !== undefined) {
      if (bridge.x !== x[corner]) ring.push(bridge.x, y[corner] ?? 0)
      waiting.push({ start: ringStart, corner, taken: taken + 1 })
      ringStart = bridge.hole
      ring.push(bridge.x, y[bridge.hole] ?? 0)
      corner = vertical[bridge.hole] ?? 0
      ring.push(x[corner] ?? 0, y[corner] ?? 0)
      taken = 0
      continue
    }
    const end = corner ^ 1
    // The last bridge may have led back to this corner.
    if (onEdge?.[taken - 1]?.x !== x[end]) ring.push(x[end] ?? 0, y[end] ?? 0)
    if (end === ringStart) {
      const outside = waiting.pop()
      if (outside === undefined) return ring
      ring.push(x[end] ?? 0, y[outside.corner] ?? 0)
      ringStart = outside.start
      corner = outside.corner
      taken = outside.taken
      continue
    }
    corner = vertical[end] ?? 0
    if (corner === ringStart) return ring
    ring.push(x[corner] ?? 0, y[corner] ?? 0)
    taken = 0
  }
}

function polygonsFromRows(mask: MaskRows): number[][] {
  const corners = cornersFromRows(mask)
  const { outer, holes } = findRings(corners)
  const bridges = findBridges(corners, holes)
  return outer.map((start) => keyholeRing(corners, start, bridges))
}

/** The corners of the ring whose first one that is: an outline clockwise with y down, a hole the other way. */
function plainRing({ x, y, vertical }: MaskCorners, start: number): number[] {
  const ring: number[] = []
  let corner = start
  do {
    const end = corner ^ 1
    ring.push(x[corner] ?? 0, y[corner] ?? 0, x[end] ?? 0, y[end] ?? 0)
    corner = vertical[end] ?? 0
  } while (corner !== start)
  return ring
}

/**
 * The outlines of a stored mask along pixel edges, each hole a ring of its own: by the odd-even rule at pixel centres
 * they give the mask back exactly. Unlike `polygonsFromTiles` no ring hangs on a bridge, so rings can be simplified.
 */
export function ringsFromTiles(tiles: readonly MaskTile[]): number[][] {
  const mask = rowsFromTiles(tiles)
  if (mask === null) return []
  const corners = cornersFromRows(mask)
  const { outer, holes } = findRings(corners)
  // A ring is walked along its edges with the mask on the right hand: a hole's first edge from its right end.
  return [...outer, ...holes.map((hole) => hole + 1)].map((start) => plainRing(corners, start))
}

/**
 * A mask as COCO polygons that lose nothing: one list `x, y, …` per 4-connected part, along pixel edges
 * (whole numbers, 0 … width and 0 … height inclusive), the outline clockwise with y down. Holes run
 * counter-clockwise and hang on vertical bridges, which cross no pixel column and so paint nothing. Vertices repeat
 * where bridges start: they must never be deduplicated. Rasterised by COCO's rule, or by the odd-even rule
 * at pixel centres, the lists give the mask back exactly; their shoelace areas sum to its pixels.
 * Time grows linearly with the rows, outlines and bridges.
 */
export function polygonsFromBitmap(bitmap: Bitmap): number[][] {
  return polygonsFromRows(rowsFromBitmap(bitmap))
}

/** The same for a stored mask; the cost grows with the mask's outline, not with its box. */
export function polygonsFromTiles(tiles: readonly MaskTile[]): number[][] {
  const mask = rowsFromTiles(tiles)
  return mask === null ? [] : polygonsFromRows(mask)
}

/** Pixels inside a ring along pixel edges. */
export function ringArea(ring: readonly number[]): number {
  let twice = 0
  for (let at = 0; at < ring.length; at += 2) {
    const next = (at + 2) % ring.length
    twice += (ring[at] ?? 0) * (ring[next + 1] ?? 0) - (ring[next] ?? 0) * (ring[at + 1] ?? 0)
  }
  return Math.abs(twice) / 2
}

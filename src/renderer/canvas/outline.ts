import type { Rings } from '../../shared/mask/polygon-spans.ts'
import { imagePx } from './coordinates.ts'
import type { ImagePx } from './coordinates.ts'

/** A corner of an outline by its place; an edge has the place of the corner it starts at. */
export interface Corner {
  readonly ring: number
  readonly index: number
}

/** An outline after one change of one corner. */
export interface OutlineChange {
  readonly rings: Rings
  /**
   * The ring that changed edges enclose. By the odd-even rule everything else cancels out, so its pixels are exactly
   * those that flip: what a drag costs does not grow with the polygon.
   */
  readonly swept: readonly number[]
}

/** Fewer corners enclose nothing. */
const fewestCorners = 3

/** Indices go round: one past the last corner is the first. */
export function cornerPoint(rings: Rings, { ring, index }: Corner): ImagePx | null {
  const values = rings[ring]
  return values === undefined ? null : pointOf(values, index)
}

/** Whether the outline has that corner; after an undo it may not. */
export function hasCorner(rings: Rings, { ring, index }: Corner): boolean {
  return index >= 0 && 2 * index < (rings[ring]?.length ?? 0)
}

/** The corner nearest to a point, or null when none is within that many image pixels. */
export function cornerAt(rings: Rings, point: ImagePx, within: number): Corner | null {
  let nearest: Corner | null = null
  let best = within
  for (const corner of cornersOf(rings)) {
    const at = cornerPoint(rings, corner)
    if (at === null) continue
    const distance = Math.hypot(at.x - point.x, at.y - point.y)
    if (distance > best) continue
    best = distance
    nearest = corner
  }
  return nearest
}

/** The edge nearest to a point and the point on it, or null when none is within that many image pixels. */
export function edgeAt(
  rings: Rings,
  point: ImagePx,
  within: number,
): { readonly edge: Corner; readonly at: ImagePx } | null {
  let nearest: { readonly edge: Corner; readonly at: ImagePx } | null = null
  let best = within
  for (const edge of cornersOf(rings)) {
    const from = cornerPoint(rings, edge)
    const to = cornerPoint(rings, { ...edge, index: edge.index + 1 })
    if (from === null || to === null) continue
    const dx = to.x - from.x
    const dy = to.y - from.y
    const length = dx * dx + dy * dy
    const along =
      length === 0 ? 0 : Math.min(1, Math.max(0, ((point.x - from.x) * dx + (point.y - from.y) * dy) / length))
    const at = imagePx(from.x + along * dx, from.y + along * dy)
    const distance = Math.hypot(at.x - point.x, at.y - point.y)
    if (distance > best) continue
    best = distance
    nearest = { edge, at }
  }
  return nearest
}

/** The middle of the edge that starts at a corner. */
export function edgeMiddle(rings: Rings, edge: Corner): ImagePx | null {
  const from = cornerPoint(rings, edge)
  const to = cornerPoint(rings, { ...edge, index: edge.index + 1 })
  return from === null || to === null ? null : imagePx((from.x + to.x) / 2, (from.y + to.y) / 2)
}

export function moveCorner(rings: Rings, corner: Corner, to: ImagePx): OutlineChange {
  const [before, at, after] = neighbours(rings, corner)
  return {
    rings: withValues(rings, corner, 1, [to.x, to.y]),
    swept: [before.x, before.y, at.x, at.y, after.x, after.y, to.x, to.y],
  }
}

/** A new corner on the edge that starts at `edge`; its place is the one after. */
export function insertCorner(rings: Rings, edge: Corner, at: ImagePx): OutlineChange {
  const [, from, to] = neighbours(rings, edge)
  return {
    rings: withValues(rings, { ring: edge.ring, index: edge.index + 1 }, 0, [at.x, at.y]),
    swept: [from.x, from.y, at.x, at.y, to.x, to.y],
  }
}

/** Null when the ring would have fewer than three corners left. */
export function removeCorner(rings: Rings, corner: Corner): OutlineChange | null {
  if ((rings[corner.ring]?.length ?? 0) / 2 <= fewestCorners) return null
  const [before, at, after] = neighbours(rings, corner)
  return {
    rings: withValues(rings, corner, 1, []),
    swept: [before.x, before.y, at.x, at.y, after.x, after.y],
  }
}

/** The corner after (1) or before (-1), on through all rings and round again. */
export function neighbourCorner(rings: Rings, corner: Corner, direction: 1 | -1): Corner {
  const all = cornersOf(rings)
  const at = all.findIndex((other) => other.ring === corner.ring && other.index === corner.index)
  return all[(at + direction + all.length) % all.length] ?? corner
}

/**
 * Whether a ring keeps clear of an outline: no edge of one meets an edge of the other. Then it is a part or a hole of
 * its own, and the outline with the ring beside the others says so.
 */
export function keepsClear(rings: Rings, ring: readonly number[]): boolean {
  const meets = (values: readonly number[], index: number): boolean => {
    const [a, b] = [pointOf(values, index), pointOf(values, index + 1)]
    for (let other = 0; 2 * other < ring.length; other++) {
      if (segmentsMeet(a, b, pointOf(ring, other), pointOf(ring, other + 1))) return true
    }
    return false
  }
  return !cornersOf(rings).some((edge) => meets(rings[edge.ring] ?? [], edge.index))
}

function cornersOf(rings: Rings): Corner[] {
  return rings.flatMap((values, ring) => Array.from({ length: values.length / 2 }, (_, index) => ({ ring, index })))
}

function pointOf(values: readonly number[], index: number): ImagePx {
  const count = values.length / 2
  const at = (index + count) % count
  return imagePx(values[2 * at] ?? 0, values[2 * at + 1] ?? 0)
}

function neighbours(rings: Rings, { ring, index }: Corner): readonly [ImagePx, ImagePx, ImagePx] {
  const values = rings[ring]
  if (values === undefined) throw new Error('The outline has no such ring')
  return [pointOf(values, index - 1), pointOf(values, index), pointOf(values, index + 1)]
}

function withValues(rings: Rings, { ring, index }: Corner, removed: number, values: readonly number[]): Rings {
  return rings.map((each, at) => (at === ring ? each.toSpliced(2 * index, 2 * removed, ...values) : each))
}

function segmentsMeet(a: ImagePx, b: ImagePx, c: ImagePx, d: ImagePx): boolean {
  const [abc, abd, cda, cdb] = [side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)]
  if (abc !== abd && cda !== cdb) return true
  return (
    (abc === 0 && isBetween(a, b, c)) ||
    (abd === 0 && isBetween(a, b, d)) ||
    (cda === 0 && isBetween(c, d, a)) ||
    (cdb === 0 && isBetween(c, d, b))
  )
}

/** On which side of the line through `a` and `b` a point lies; 0 on it. */
function side(a: ImagePx, b: ImagePx, point: ImagePx): number {
  return Math.sign((b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x))
}

/** For a point on the line through `a` and `b`: whether it lies within the two. */
function isBetween(a: ImagePx, b: ImagePx, point: ImagePx): boolean {
  return (
    point.x >= Math.min(a.x, b.x) &&
    point.x <= Math.max(a.x, b.x) &&
    point.y >= Math.min(a.y, b.y) &&
    point.y <= Math.max(a.y, b.y)
  )
}

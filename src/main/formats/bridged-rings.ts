/** Corners `x, y, …` of closed outlines, in pixels. */
type Ring = readonly number[]

/**
 * Makes one outline of many, as Ultralytics does for an object of several parts: each ring is joined to the next one
 * where their corners are nearest, the way out runs along one side of every ring and the way back along the other. Bridges are
 * walked twice, so they surround nothing. Takes little more time than there are corners, whatever the number of rings.
 */
export function bridgedRings(rings: readonly Ring[]): number[] {
  const links = rings.slice(1).map((ring, at) => nearestCorners(rings[at] ?? [], ring))
  const out: number[] = []
  const back: number[][] = []
  rings.forEach((ring, at) => {
    const entry = links[at - 1]?.to ?? links[at]?.from ?? 0
    const exit = links[at]?.from ?? entry
    // The first ring and the last one are walked whole.
    const count = ring.length / 2
    const isEnd = at === 0 || at === rings.length - 1
    const steps = isEnd ? count : (exit - entry + count) % count
    pushCorners(out, ring, entry, steps)
    if (!isEnd) {
      const rest: number[] = []
      pushCorners(rest, ring, exit, count - steps)
      back.push(rest)
    }
  })
  for (const rest of back.toReversed()) for (const value of rest) out.push(value)
  return out
}

/** That corner and so many after it. */
function pushCorners(target: number[], ring: Ring, first: number, steps: number): void {
  const count = ring.length / 2
  for (let step = 0; step <= steps; step++) {
    const at = ((first + step) % count) * 2
    target.push(ring[at] ?? 0, ring[at + 1] ?? 0)
  }
}

/** The corner of each of two rings that are nearest to each other; of several pairs the first. */
function nearestCorners(from: Ring, to: Ring): { readonly from: number; readonly to: number } {
  const tree = new CornerTree(to)
  let best = { from: 0, to: 0, distance: Infinity }
  for (let at = 0; at < from.length / 2; at++) {
    const found = tree.nearest(from[at * 2] ?? 0, from[at * 2 + 1] ?? 0, best.distance)
    if (found !== null) best = { from: at, ...found }
  }
  return best
}

/** Corners halved by x and y in turn, so that the nearest one is found without looking at all of them. */
class CornerTree {
  readonly #ring: Ring
  /** Numbers of corners: the middle one of any range divides it. */
  readonly #order: Uint32Array
  readonly #least: readonly [number, number]
  readonly #most: readonly [number, number]

  constructor(ring: Ring) {
    this.#ring = ring
    this.#order = Uint32Array.from({ length: ring.length / 2 }, (_, at) => at)
    const least: [number, number] = [Infinity, Infinity]
    const most: [number, number] = [-Infinity, -Infinity]
    ring.forEach((value, at) => {
      const axis = at % 2 === 0 ? 0 : 1
      least[axis] = Math.min(least[axis], value)
      most[axis] = Math.max(most[axis], value)
    })
    this.#least = least
    this.#most = most
    this.#build(0, this.#order.length, 0)
  }

  /** The first corner nearer than that squared distance, if there is one. */
  nearest(x: number, y: number, distance: number): { readonly to: number; readonly distance: number } | null {
    const best = { to: -1, distance }
    const [left, top] = this.#least
    const [right, bottom] = this.#most
    const [dx, dy] = [Math.max(left - x, x - right, 0), Math.max(top - y, y - bottom, 0)]
    if (dx * dx + dy * dy < distance) this.#search(0, this.#order.length, 0, [x, y], [dx, dy], best)
    return best.to < 0 ? null : best
  }

  #value(corner: number, axis: 0 | 1): number {
    return this.#ring[corner * 2 + axis] ?? 0
  }

  #build(start: number, end: number, axis: 0 | 1): void {
    if (end - start < 2) return
    this.#order.subarray(start, end).sort((a, b) => this.#value(a, axis) - this.#value(b, axis))
    const middle = (start + end) >> 1
    this.#build(start, middle, axis === 0 ? 1 : 0)
    this.#build(middle + 1, end, axis === 0 ? 1 : 0)
  }

  /** `gap`: how far the point lies from everything in the range, along each axis. */
  #search(
    start: number,
    end: number,
    axis: 0 | 1,
    point: readonly [number, number],
    gap: readonly [number, number],
    best: { to: number; distance: number },
  ): void {
    if (start >= end) return
    const middle = (start + end) >> 1
    const corner = this.#order[middle] ?? 0
    const distance = (this.#value(corner, 0) - point[0]) ** 2 + (this.#value(corner, 1) - point[1]) ** 2
    if (distance < best.distance || (distance === best.distance && corner < best.to)) {
      best.to = corner
      best.distance = distance
    }
    const beyond = point[axis] - this.#value(corner, axis)
    const other = axis === 0 ? 1 : 0
    const [near, far] = beyond <= 0 ? [start, middle + 1] : [middle + 1, start]
    this.#search(near, near === start ? middle : end, other, point, gap, best)
    const farGap: [number, number] = axis === 0 ? [Math.abs(beyond), gap[1]] : [gap[0], Math.abs(beyond)]
    if (farGap[0] ** 2 + farGap[1] ** 2 <= best.distance)
      this.#search(far, far === start ? middle : end, other, point, farGap, best)
  }
}

import type { MaskTile } from '../domain/history.ts'
import { AppError } from '../errors.ts'
import { tilesFromSpans } from './polygon-spans.ts'
import type { Rings, Span } from './polygon-spans.ts'

/** Rows that the outlines of one object may cross; more is damage, which would take minutes and gigabytes. */
const mostCrossings = 25_000_000

/** What is known of one row of pixels. */
interface Row {
  /** Where edges cross it, in any order. */
  readonly crossings: number[]
  /** Pixels of the outline itself, as stretches `from, to, …`, ends inclusive. */
  readonly painted: number[]
}

/**
 * Fills polygons the way OpenCV's `fillPoly` does, whose rule many trainers use: corners are cut to whole numbers and
 * taken as pixel *centres*, inside is what an odd number of edges surrounds, and the outline itself is painted too. A
 * polygon along pixel edges so grows by one row and one column.
 *
 * `rings`: `x, y, …` in pixels of an image of that size; what lies outside it is cut off. Slanted edges are painted by the
 * nearest pixel of each step along the longer axis, as a line is drawn; what OpenCV rounds otherwise is at most a pixel of
 * the outline. Takes as much as the outlines are long, not as they surround. Throws `InvalidInput` when they are longer than
 * those of any object.
 */
export function fillOutline(
  rings: Rings,
  { width, height }: { readonly width: number; readonly height: number },
): MaskTile[] {
  checkLength(rings, height)
  const rows = new Map<number, Row>()
  const rowAt = (y: number): Row => {
    const known = rows.get(y)
    if (known !== undefined) return known
    const row: Row = { crossings: [], painted: [] }
    rows.set(y, row)
    return row
  }
  const paint = (y: number, from: number, to: number): void => {
    const [left, right] = [Math.max(from, 0), Math.min(to, width - 1)]
    if (y >= 0 && y < height && left <= right) rowAt(y).painted.push(left, right)
  }
  forEachEdge(rings, (x0, y0, x1, y1) => {
    if (y0 === y1) paint(y0, Math.min(x0, x1), Math.max(x0, x1))
    else if (x0 === x1) paint(Math.max(y0, y1), x0, x0)
    else paintSlanted(x0, y0, x1, y1, paint)
    // Half-open in y, so that a corner counts once.
    const end = Math.min(Math.max(y0, y1), height)
    for (let y = Math.max(Math.min(y0, y1), 0); y < end; y++) {
      rowAt(y).crossings.push(x0 + ((y - y0) * (x1 - x0)) / (y1 - y0))
    }
  })
  return tilesFromSpans(spansOf(rows, width), width)
}

function forEachEdge(rings: Rings, visit: (x0: number, y0: number, x1: number, y1: number) => void): void {
  for (const ring of rings) {
    for (let at = 0; at < ring.length; at += 2) {
      const next = (at + 2) % ring.length
      visit(pixel(ring[at]), pixel(ring[at + 1]), pixel(ring[next]), pixel(ring[next + 1]))
    }
  }
}

function pixel(value: number | undefined): number {
  return Math.trunc(value ?? 0)
}

function checkLength(rings: Rings, height: number): void {
  let crossed = 0
  forEachEdge(rings, (x0, y0, x1, y1) => {
    const rows = Math.abs(Math.min(Math.max(y1, 0), height) - Math.min(Math.max(y0, 0), height))
    crossed += x0 === x1 ? rows : Math.max(rows, y0 === y1 ? 0 : Math.abs(x1 - x0))
  })
  if (crossed <= mostCrossings) return
  const reason = `A polygon crosses ${crossed} rows of pixels, more than the ${mostCrossings} that are filled. Write it with fewer corners.`
  throw new AppError('InvalidInput', 'polygonInvalid', reason, { params: { reason } })
}

function paintSlanted(
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  paint: (y: number, from: number, to: number) => void,
): void {
  const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))
  for (let step = 0; step <= steps; step++) {
    const x = Math.round(x0 + ((x1 - x0) * step) / steps)
    paint(Math.round(y0 + ((y1 - y0) * step) / steps), x, x)
  }
}

/** What is inside together with the outline, stretches that meet as one. */
function* spansOf(rows: ReadonlyMap<number, Row>, width: number): Generator<Span> {
  for (const y of [...rows.keys()].sort((a, b) => a - b)) {
    const { crossings = [], painted = [] } = rows.get(y) ?? {}
    crossings.sort((a, b) => a - b)
    const stretches: (readonly [from: number, to: number])[] = []
    for (let at = 0; at + 1 < painted.length; at += 2) stretches.push([painted[at] ?? 0, painted[at + 1] ?? 0])
    for (let at = 0; at + 1 < crossings.length; at += 2) {
      const from = Math.max(0, Math.ceil(crossings[at] ?? 0))
      const to = Math.min(width - 1, Math.floor(crossings[at + 1] ?? 0))
      if (from <= to) stretches.push([from, to])
    }
    stretches.sort((a, b) => a[0] - b[0])
    let [start, end] = [0, 0]
    for (const [from, to] of stretches) {
      if (from > end && start < end) yield [y, start, end]
      if (from > end || start === end) start = from
      end = Math.max(end, to + 1)
    }
    if (start < end) yield [y, start, end]
  }
}

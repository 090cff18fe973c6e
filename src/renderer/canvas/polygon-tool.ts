import { assertNever } from '../../shared/errors.ts'
import { imagePx } from './coordinates.ts'
import type { ImagePx } from './coordinates.ts'

/** The polygon tool as a state machine. Points are image pixels and snap to nothing. */
export type PolygonState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'drawing'; readonly points: readonly ImagePx[]; readonly pointer: ImagePx }
  /** Closed: `ring` is `x, y, …` with at least three different points. */
  | { readonly kind: 'closed'; readonly ring: readonly number[] }

export type PolygonEvent =
  /** `closeWithin`: image pixels around the first point that count as clicking on it. */
  | { readonly kind: 'press'; readonly at: ImagePx; readonly closeWithin: number }
  | { readonly kind: 'move'; readonly at: ImagePx }
  /** Dragging draws freehand: a point at least `spacing` image pixels from the one before. */
  | { readonly kind: 'trace'; readonly at: ImagePx; readonly spacing: number }
  /** The end of a freehand line: on the first point it closes. */
  | { readonly kind: 'lift'; readonly at: ImagePx; readonly closeWithin: number }
  | { readonly kind: 'removeLast' }
  /** Enter or double click. With fewer than three different points the drawing goes on. */
  | { readonly kind: 'finish' }
  | { readonly kind: 'bail' }

export const idlePolygon: PolygonState = { kind: 'idle' }

export function polygonReducer(state: PolygonState, event: PolygonEvent): PolygonState {
  switch (event.kind) {
    case 'bail':
      return idlePolygon
    case 'press': {
      if (state.kind !== 'drawing') return { kind: 'drawing', points: [event.at], pointer: event.at }
      if (closesPolygon(state, event.at, event.closeWithin)) return close(state)
      const last = state.points.at(-1)
      // The second press of a double click adds nothing.
      if (last !== undefined && distance(last, event.at) === 0) return state
      return { kind: 'drawing', points: [...state.points, event.at], pointer: event.at }
    }
    case 'move':
      return state.kind === 'drawing' ? { ...state, pointer: event.at } : state
    case 'trace': {
      if (state.kind !== 'drawing') return state
      const last = state.points.at(-1)
      if (last !== undefined && distance(last, event.at) < event.spacing) return { ...state, pointer: event.at }
      return { kind: 'drawing', points: [...state.points, event.at], pointer: event.at }
    }
    case 'lift': {
      if (state.kind !== 'drawing' || !closesPolygon(state, event.at, event.closeWithin)) return state
      // Not while the line has hardly left the first point.
      const [first, ...rest] = state.points
      const isAway = rest.some((point) => first !== undefined && distance(first, point) > 2 * event.closeWithin)
      return isAway ? close(state) : state
    }
    case 'removeLast': {
      if (state.kind !== 'drawing') return state
      const points = state.points.slice(0, -1)
      return points.length === 0 ? idlePolygon : { ...state, points }
    }
    case 'finish':
      return state.kind === 'drawing' ? close(state) : state
    default:
      return assertNever(event)
  }
}

/** Whether a press there closes the polygon: within that many image pixels of its first point. */
export function closesPolygon(state: PolygonState, at: ImagePx, within: number): boolean {
  if (state.kind !== 'drawing' || state.points.length < 3) return false
  const first = state.points[0]
  return first !== undefined && distance(first, at) <= within
}

/** The point nearest to `at` on one of the eight directions from the last point of a polygon: what Shift draws. */
export function constrained(state: PolygonState, at: ImagePx): ImagePx {
  const last = state.kind === 'drawing' ? state.points.at(-1) : undefined
  if (last === undefined) return at
  const eighth = Math.PI / 4
  const direction = Math.round(Math.atan2(at.y - last.y, at.x - last.x) / eighth)
  const [dx, dy] = [Math.round(Math.cos(direction * eighth)), Math.round(Math.sin(direction * eighth))]
  const along = ((at.x - last.x) * dx + (at.y - last.y) * dy) / (dx * dx + dy * dy)
  return imagePx(last.x + along * dx, last.y + along * dy)
}

function close(state: Extract<PolygonState, { kind: 'drawing' }>): PolygonState {
  const different = state.points.filter((point, index) => {
    const previous = index === 0 ? state.points.at(-1) : state.points[index - 1]
    return state.points.length === 1 || previous === undefined || distance(previous, point) > 0
  })
  if (different.length < 3) return state
  return { kind: 'closed', ring: different.flatMap((point) => [point.x, point.y]) }
}

function distance(a: ImagePx, b: ImagePx): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}

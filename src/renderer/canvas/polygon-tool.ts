import { assertNever } from '../../shared/errors.ts'
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
      const first = state.points[0]
      if (first !== undefined && state.points.length > 2 && distance(first, event.at) <= event.closeWithin) {
        return close(state)
      }
      const last = state.points.at(-1)
      // The second press of a double click adds nothing.
      if (last !== undefined && distance(last, event.at) === 0) return state
      return { kind: 'drawing', points: [...state.points, event.at], pointer: event.at }
    }
    case 'move':
      return state.kind === 'drawing' ? { ...state, pointer: event.at } : state
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

import { describe, expect, it } from 'vitest'
import { imagePx } from './coordinates.ts'
import { closesPolygon, constrained, idlePolygon, polygonReducer } from './polygon-tool.ts'
import type { PolygonEvent, PolygonState } from './polygon-tool.ts'

const press = (x: number, y: number): PolygonEvent => ({ kind: 'press', at: imagePx(x, y), closeWithin: 2 })
const run = (...events: readonly PolygonEvent[]): PolygonState => events.reduce(polygonReducer, idlePolygon)
const closedRing = { kind: 'closed', ring: [0, 0, 10, 0, 10, 10] }

describe('polygonReducer', () => {
  it('closes by Enter, by a click on the first point and by a double click', () => {
    const points = [press(0, 0), press(10, 0), press(10, 10)]
    expect(run(...points, { kind: 'finish' })).toEqual(closedRing)
    expect(run(...points, press(1, 1))).toEqual(closedRing)
    expect(run(...points, press(10, 10), { kind: 'finish' })).toEqual(closedRing)
  })

  it('does not close with fewer than three different points', () => {
    expect(run(press(0, 0), press(10, 0), { kind: 'finish' }).kind).toBe('drawing')
    expect(run(press(0, 0), press(1, 1)).kind).toBe('drawing')
    expect(run({ kind: 'finish' })).toBe(idlePolygon)
  })

  it('removes the last point and is idle without any', () => {
    const state = run(press(0, 0), press(10, 0), { kind: 'removeLast' })
    expect(state.kind === 'drawing' && state.points).toEqual([imagePx(0, 0)])
    expect(polygonReducer(state, { kind: 'removeLast' })).toBe(idlePolygon)
  })

  it('leaves no trace after Esc and begins anew after closing', () => {
    expect(run(press(0, 0), press(10, 0), { kind: 'bail' })).toBe(idlePolygon)
    const again = run(press(0, 0), press(10, 0), press(10, 10), { kind: 'finish' }, press(5, 5))
    expect(again.kind === 'drawing' && again.points).toEqual([imagePx(5, 5)])
  })

  it('follows the pointer only while drawing', () => {
    expect(run({ kind: 'move', at: imagePx(3, 3) })).toBe(idlePolygon)
    const state = run(press(0, 0), { kind: 'move', at: imagePx(3, 4) })
    expect(state.kind === 'drawing' && state.pointer).toEqual(imagePx(3, 4))
  })

  it('draws freehand while dragged, with points apart, and closes on the first', () => {
    const trace = (x: number, y: number): PolygonEvent => ({ kind: 'trace', at: imagePx(x, y), spacing: 4 })
    const lift = (x: number, y: number): PolygonEvent => ({ kind: 'lift', at: imagePx(x, y), closeWithin: 2 })
    const line = [press(0, 0), trace(3, 0), trace(5, 0), trace(20, 0), trace(20, 20), trace(0, 20)]
    const drawn = run(...line)
    expect(drawn.kind === 'drawing' && drawn.points).toEqual([
      imagePx(0, 0),
      imagePx(5, 0),
      imagePx(20, 0),
      imagePx(20, 20),
      imagePx(0, 20),
    ])
    expect(run(...line, lift(0, 10)).kind).toBe('drawing')
    expect(run(...line, lift(1, 1))).toEqual({ kind: 'closed', ring: [0, 0, 5, 0, 20, 0, 20, 20, 0, 20] })
    // A pressed pointer that trembled is no polygon.
    expect(run(press(0, 0), trace(4, 0), trace(0, 4), lift(0, 0)).kind).toBe('drawing')
    expect(run(trace(1, 1), lift(1, 1))).toBe(idlePolygon)
  })

  it('keeps to eight directions', () => {
    const state = run(press(10, 10))
    expect(constrained(state, imagePx(30, 12))).toEqual(imagePx(30, 10))
    expect(constrained(state, imagePx(9, -20))).toEqual(imagePx(10, -20))
    expect(constrained(state, imagePx(21, 19))).toEqual(imagePx(20, 20))
    expect(constrained(state, imagePx(10, 10))).toEqual(imagePx(10, 10))
    expect(constrained(idlePolygon, imagePx(3, 4))).toEqual(imagePx(3, 4))
    const corners = run(press(0, 0), press(10, 0), press(10, 10))
    expect(closesPolygon(corners, imagePx(1, 1), 2)).toBe(true)
    expect(closesPolygon(corners, imagePx(3, 1), 2)).toBe(false)
    expect(closesPolygon(state, imagePx(10, 10), 2)).toBe(false)
  })
})

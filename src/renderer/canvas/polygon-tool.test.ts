import { describe, expect, it } from 'vitest'
import { imagePx } from './coordinates.ts'
import { idlePolygon, polygonReducer } from './polygon-tool.ts'
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
})

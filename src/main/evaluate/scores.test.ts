import { describe, expect, it } from 'vitest'
import { compare } from './evaluate.ts'
import { floorCounts, presenceAuc, scoreTable } from './scores.ts'

describe('compare', () => {
  it('counts by hand, pixels marked 255 left out', () => {
    const truth = { width: 3, height: 2, data: new Uint8Array([7, 7, 0, 255, 2, 0]) }
    const predicted = { width: 3, height: 2, data: new Uint8Array([1, 0, 1, 1, 0, 0]) }
    expect(compare(predicted, truth, 7)).toEqual({ intersection: 1, union: 3, target: 2, valid: 5 })
  })
})

describe('scoreTable', () => {
  const counts = [
    { classId: 1, query: 'a', intersection: 10, union: 20, target: 15, valid: 100 },
    { classId: 1, query: 'b', intersection: 0, union: 20, target: 5, valid: 100 },
    { classId: 2, query: 'a', intersection: 30, union: 40, target: 30, valid: 100 },
  ]

  it('sums over episodes before dividing, then averages over classes', () => {
    const table = scoreTable(counts, 1)
    expect(table.perClass.get(1)?.iou).toBeCloseTo(25)
    expect(table.perClass.get(2)?.iou).toBeCloseTo(75)
    expect(table.mean.value).toBeCloseTo(50)
    expect(table.floor).toBeCloseTo((10 + 30) / 2)
  })

  it('gives the same interval for the same seed, around the value', () => {
    const table = scoreTable(counts, 3)
    expect(scoreTable(counts, 3).mean).toEqual(table.mean)
    expect(table.mean.low).toBeLessThanOrEqual(table.mean.value)
    expect(table.mean.high).toBeGreaterThanOrEqual(table.mean.value)
  })

  it('merges classes for foreground and background', () => {
    // Foreground 40 of 80; background 300 - 80 of 300 - 40.
    expect(scoreTable(counts, 1).foregroundBackground).toBeCloseTo(50 * (40 / 80 + 220 / 260))
  })

  it('has the floors as tables of their own', () => {
    const everything = scoreTable(floorCounts(counts, true), 1)
    expect(everything.mean.value).toBeCloseTo(scoreTable(counts, 1).floor)
    expect(everything.foregroundBackground).toBeCloseTo((50 * 50) / 300)
    const nothing = scoreTable(floorCounts(counts, false), 1)
    expect(nothing.mean).toEqual({ value: 0, low: 0, high: 0 })
    expect(nothing.foregroundBackground).toBeCloseTo((50 * 250) / 300)
  })
})

describe('presenceAuc', () => {
  it('is the share of pairs in the right order, ties counted half', () => {
    expect(presenceAuc([0.9, 0.5], [0.5, 0.1])).toBeCloseTo((1 + 1 + 0.5 + 1) / 4)
    expect(presenceAuc([0.1], [0.9])).toBe(0)
    expect(presenceAuc([0.1], [])).toBeNull()
  })
})

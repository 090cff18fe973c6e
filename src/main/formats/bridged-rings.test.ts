import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bridgedRings } from './bridged-rings.ts'

const square = (x: number, y: number, side = 2): number[] => [x, y, x + side, y, x + side, y + side, x, y + side]

function twiceArea(ring: readonly number[]): number {
  let twice = 0
  for (let at = 0; at < ring.length; at += 2) {
    const next = (at + 2) % ring.length
    twice += (ring[at] ?? 0) * (ring[next + 1] ?? 0) - (ring[next] ?? 0) * (ring[at + 1] ?? 0)
  }
  return twice
}

test('three squares in a row, worked by hand', () => {
  const corners = bridgedRings([square(0, 0), square(5, 0), square(10, 0)])
  expect(corners).toEqual([
    // Whole first ring from the corner nearest to the second, the upper side of that, the third whole, and back.
    ...[2, 0, 2, 2, 0, 2, 0, 0, 2, 0],
    ...[5, 0, 7, 0],
    ...[10, 0, 12, 0, 12, 2, 10, 2, 10, 0],
    ...[7, 0, 7, 2, 5, 2, 5, 0],
  ])
  expect(bridgedRings([square(0, 0)])).toEqual([...square(0, 0), 0, 0])
})

test('the corners that are joined are the nearest ones, and bridges surround nothing', () => {
  const corner = fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }))
  const ring = fc.array(corner, { minLength: 3, maxLength: 40 }).map((corners) => corners.flat())
  fc.assert(
    fc.property(fc.array(ring, { minLength: 2, maxLength: 5 }), (rings) => {
      const joined = bridgedRings(rings)
      expect(twiceArea(joined)).toBe(rings.reduce((sum, each) => sum + twiceArea(each), 0))
      // The first bridge leaves after the whole first ring.
      const [first = [], second = []] = rings
      const at = first.length
      const length = (ax = 0, ay = 0, bx = 0, by = 0): number => (ax - bx) ** 2 + (ay - by) ** 2
      let least = Infinity
      for (let a = 0; a < first.length; a += 2)
        for (let b = 0; b < second.length; b += 2)
          least = Math.min(least, length(first[a], first[a + 1], second[b], second[b + 1]))
      expect(length(joined[at], joined[at + 1], joined[at + 2], joined[at + 3])).toBe(least)
    }),
  )
})

test('rings of very many corners, and very many rings, take no time to speak of', () => {
  const zigzag = (y: number): number[] => Array.from({ length: 100_000 }, (_, x) => [x, y + (x % 2)]).flat()
  const many = Array.from({ length: 100_000 }, (_, at) => square((at % 300) * 4, Math.floor(at / 300) * 4))
  const start = performance.now()
  expect(bridgedRings([zigzag(0), zigzag(5000)])).toHaveLength(2 * 2 * 100_001)
  expect(bridgedRings(many).length).toBeGreaterThan(2 * 5 * 100_000)
  // Comparing all pairs of corners would take more than a minute.
  expect(performance.now() - start).toBeLessThan(15_000)
})

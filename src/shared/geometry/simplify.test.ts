import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ringsFromTiles } from '../coco/polygons.ts'
import { createBitmap } from '../mask/bitmap.ts'
import { polygonTiles } from '../mask/polygon-spans.ts'
import { tilesFromBitmap } from '../mask/tiles.ts'
import { simplifyRing } from './simplify.ts'

const size = { width: 60, height: 45 }
const bitmaps = fc.array(fc.boolean(), { minLength: 60 * 45, maxLength: 60 * 45 }).map((bits) => {
  const bitmap = createBitmap(size.width, size.height)
  bits.forEach((bit, at) => (bitmap.data[at] = bit ? 1 : 0))
  return bitmap
})

describe('ringsFromTiles', () => {
  it('gives any mask back, holes and corners that touch included', () => {
    fc.assert(
      fc.property(bitmaps, (bitmap) => {
        const tiles = tilesFromBitmap(bitmap)
        expect(polygonTiles(ringsFromTiles(tiles), size)).toEqual(tiles)
      }),
      { numRuns: 60 },
    )
  })

  it('makes a hole a ring of its own', () => {
    const tiles = polygonTiles(
      [
        [5, 5, 25, 5, 25, 25, 5, 25],
        [10, 10, 15, 10, 15, 15, 10, 15],
      ],
      size,
    )
    expect(ringsFromTiles(tiles).map((ring) => ring.length / 2)).toEqual([4, 4])
    expect(ringsFromTiles([])).toEqual([])
  })
})

describe('simplifyRing', () => {
  const ring = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 0, max: 99 })), { minLength: 3, maxLength: 60 })
    .map((points) => points.flat())

  it('leaves no point further away than the tolerance, and only points of the ring', () => {
    fc.assert(
      fc.property(ring, fc.double({ min: 0, max: 20, noNaN: true }), (values, tolerance) => {
        const simple = simplifyRing(values, tolerance)
        expect(simple.length).toBeGreaterThanOrEqual(6)
        expect(simple.length).toBeLessThanOrEqual(values.length)
        for (let at = 0; at < values.length; at += 2) {
          const [x, y] = [values[at] ?? 0, values[at + 1] ?? 0]
          let nearest = Infinity
          for (let from = 0; from < simple.length; from += 2) {
            const to = (from + 2) % simple.length
            const [ax, ay, bx, by] = [simple[from] ?? 0, simple[from + 1] ?? 0, simple[to] ?? 0, simple[to + 1] ?? 0]
            const length = (bx - ax) ** 2 + (by - ay) ** 2
            const along = length === 0 ? 0 : ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length
            const part = Math.min(1, Math.max(0, along))
            nearest = Math.min(nearest, Math.hypot(x - ax - part * (bx - ax), y - ay - part * (by - ay)))
          }
          expect(nearest).toBeLessThanOrEqual(tolerance + 1e-9)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('drops what lies on a straight line', () => {
    expect(simplifyRing([0, 0, 5, 0, 10, 0, 10, 10, 0, 10, 0, 5], 0)).toEqual([0, 0, 10, 0, 10, 10, 0, 10])
  })
})

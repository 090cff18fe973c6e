import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { polygonsFromTiles } from '../coco/polygons.ts'
import { createBitmap } from './bitmap.ts'
import { polygonSpans, polygonTiles } from './polygon-spans.ts'
import { tilesFromBitmap, xorTiles } from './tiles.ts'

const size = { width: 1100, height: 560 }
const coordinate = (limit: number) =>
  fc.oneof(
    fc.double({ min: -60, max: limit + 60, noNaN: true }),
    fc.integer({ min: -20, max: limit + 20 }).map((value) => value / 2),
  )
const ring = fc
  .array(fc.tuple(coordinate(size.width), coordinate(size.height)), { minLength: 3, maxLength: 9 })
  .map((points) => points.flat())

describe('polygonTiles', () => {
  it('is the raster of the spans, cut into tiles', () => {
    fc.assert(
      fc.property(fc.array(ring, { maxLength: 3 }), (rings) => {
        const bitmap = createBitmap(size.width, size.height)
        for (const [y, left, right] of polygonSpans(rings, size.height)) {
          const from = Math.min(size.width, Math.max(0, left))
          bitmap.data.fill(1, y * size.width + from, y * size.width + Math.max(from, Math.min(size.width, right)))
        }
        expect(polygonTiles(rings, size)).toEqual(tilesFromBitmap(bitmap))
      }),
      { numRuns: 60 },
    )
  })

  it('of several rings is the exclusive-or of each: what makes holes, parts and cheap previews exact', () => {
    fc.assert(
      fc.property(ring, ring, (first, second) => {
        const both = polygonTiles([first, second], size)
        expect(both).toEqual(xorTiles(polygonTiles([first], size), polygonTiles([second], size)))
      }),
      { numRuns: 60 },
    )
  })

  it('gives a mask back from its traced outline', () => {
    const tiles = polygonTiles(
      [
        [10, 10, 900.5, 20, 880, 500, 30, 400.25],
        [200, 100, 300, 100, 300, 200, 200, 200],
      ],
      size,
    )
    expect(polygonTiles(polygonsFromTiles(tiles), size)).toEqual(tiles)
  })
})

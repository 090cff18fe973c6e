import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  bitmapArbitrary,
  bitmapFromPicture,
  bitmapPairArbitrary,
  hardMasks,
} from '../../../test/python/mask-samples.ts'
import type { Box } from '../domain/records.ts'
import { bitmapArea, bitmapsEqual, createBitmap } from './bitmap.ts'
import type { Bitmap } from './bitmap.ts'
import {
  bitmapFromTiles,
  compareTiles,
  cropFromTiles,
  tilesArea,
  tilesBounds,
  tilesEqual,
  tilesFromBitmap,
  tilesWithin,
  xorTiles,
} from './tiles.ts'

const runs = { numRuns: 40 }

function boundsByLoop({ width, height, data }: Bitmap): Box | null {
  let [left, top, right, bottom] = [width, height, 0, 0]
  data.forEach((value, at) => {
    if (value === 0) return
    left = Math.min(left, at % width)
    right = Math.max(right, (at % width) + 1)
    top = Math.min(top, Math.floor(at / width))
    bottom = Math.max(bottom, Math.floor(at / width) + 1)
  })
  return right === 0 ? null : [left, top, right - left, bottom - top]
}

describe('mask tiles', () => {
  test('a 3 x 2 mask worked by hand', () => {
    const bitmap = bitmapFromPicture(['.##', '#..'])
    const tiles = tilesFromBitmap(bitmap)
    expect(tiles.map(({ x, y, runs: bytes }) => [x, y, ...bytes])).toEqual([[0, 0, 1, 2, 253, 3, 1]])
    expect(tilesArea(tiles)).toBe(3)
    expect(tilesBounds(tiles)).toEqual([0, 0, 3, 2])
  })

  test('pixels on both sides of tile borders come to the right tiles', () => {
    const bitmap = createBitmap(1025, 513)
    for (const [x, y] of [
      [511, 0],
      [512, 511],
      [1024, 512],
    ] as const)
      bitmap.data[y * 1025 + x] = 1
    const tiles = tilesFromBitmap(bitmap)
    expect(tiles.map(({ x, y }) => [x, y])).toEqual([
      [0, 0],
      [1, 0],
      [2, 1],
    ])
    expect(tilesBounds(tiles)).toEqual([511, 0, 514, 513])
    expect(bitmapsEqual(bitmapFromTiles(tiles, 1025, 513), bitmap)).toBe(true)
  })

  test('round trip, order, area and bounds', () => {
    fc.assert(
      fc.property(bitmapArbitrary(1200, 700), (bitmap) => {
        const tiles = tilesFromBitmap(bitmap)
        expect(tiles).toEqual([...tiles].sort(compareTiles))
        expect(tiles.every((tile) => tile.runs.length > 0)).toBe(true)
        expect(bitmapsEqual(bitmapFromTiles(tiles, bitmap.width, bitmap.height), bitmap)).toBe(true)
        expect(tilesArea(tiles)).toBe(bitmapArea(bitmap))
        expect(tilesBounds(tiles)).toEqual(boundsByLoop(bitmap))
      }),
      runs,
    )
  })

  test('a crop put back in its place is the mask', () => {
    fc.assert(
      fc.property(bitmapArbitrary(300, 200), fc.nat(900), fc.nat(900), (bitmap, left, top) => {
        const tiles = tilesFromBitmap(bitmap, left, top)
        const whole = createBitmap(bitmap.width + left, bitmap.height + top)
        for (let y = 0; y < bitmap.height; y++) {
          const row = bitmap.data.subarray(y * bitmap.width, (y + 1) * bitmap.width)
          whole.data.set(row, (y + top) * whole.width + left)
        }
        expect(tilesEqual(tiles, tilesFromBitmap(whole))).toBe(true)
        const crop = cropFromTiles(tiles)
        expect(crop === null).toBe(bitmapArea(bitmap) === 0)
        const again = crop === null ? [] : tilesFromBitmap(crop.bitmap, crop.left, crop.top)
        expect(tilesEqual(again, tiles)).toBe(true)
      }),
      runs,
    )
  })

  test('hard masks survive', () => {
    for (const { bitmap } of hardMasks) {
      expect(bitmapsEqual(bitmapFromTiles(tilesFromBitmap(bitmap), bitmap.width, bitmap.height), bitmap)).toBe(true)
    }
  })

  test('exclusive-or commutes with bitmaps and is an involution', () => {
    fc.assert(
      fc.property(bitmapPairArbitrary(1200, 600), ([a, b]) => {
        const left = tilesFromBitmap(a)
        const right = tilesFromBitmap(b)
        const both = xorTiles(left, right)
        const expected = { ...a, data: a.data.map((value, at) => value ^ (b.data[at] ?? 0)) }
        expect(tilesEqual(both, tilesFromBitmap(expected))).toBe(true)
        expect(tilesEqual(xorTiles(both, right), left)).toBe(true)
        expect(tilesEqual(xorTiles(right, left), both)).toBe(true)
        expect(xorTiles(left, left)).toEqual([])
        expect(tilesEqual(left, right)).toBe(bitmapsEqual(a, b))
      }),
      runs,
    )
  })

  test('a mask that reaches outside is noticed and never cut', () => {
    const tiles = tilesFromBitmap(bitmapFromPicture(['...', '..#']))
    expect(tilesWithin(tiles, 3, 2)).toBe(true)
    expect(tilesWithin(tiles, 2, 2)).toBe(false)
    expect(tilesWithin(tiles, 3, 1)).toBe(false)
    expect(() => bitmapFromTiles(tiles, 2, 2)).toThrow('The mask reaches outside the image of 2 x 2 pixels.')
    expect(tilesWithin([], 1, 1)).toBe(true)
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bitmapArbitrary, bitmapFromPicture, hardMasks } from '../../../test/python/mask-samples.ts'
import { bitmapArea, bitmapsEqual, createBitmap } from '../mask/bitmap.ts'
import type { Bitmap } from '../mask/bitmap.ts'
import { connectedComponents } from '../mask/components.ts'
import { tilesFromBitmap } from '../mask/tiles.ts'
import { polygonsFromBitmap, polygonsFromTiles } from './polygons.ts'
import { bitmapFromPolygons } from './rasterise.ts'

/** Twice the signed area; positive is clockwise with y down. */
function doubleArea(ring: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < ring.length; i += 2) {
    const [x0 = 0, y0 = 0] = ring.slice(i, i + 2)
    const [x1 = ring[0] ?? 0, y1 = ring[1] ?? 0] = ring.slice(i + 2, i + 4)
    sum += x0 * y1 - x1 * y0
  }
  return sum
}

/** Odd-even rule at pixel centres: another filler than COCO's. */
function fillOddEven(polygons: readonly (readonly number[])[], width: number, height: number): Bitmap {
  const bitmap = createBitmap(width, height)
  for (const ring of polygons) {
    for (let i = 0; i < ring.length; i += 2) {
      const [x0 = 0, y0 = 0] = ring.slice(i, i + 2)
      const [x1 = ring[0] ?? 0, y1 = ring[1] ?? 0] = ring.slice(i + 2, i + 4)
      if (x0 !== x1) continue
      for (let y = Math.min(y0, y1); y < Math.max(y0, y1); y++) {
        for (let x = x0; x < width; x++) bitmap.data[y * width + x] = 1 - (bitmap.data[y * width + x] ?? 0)
      }
    }
  }
  return bitmap
}

function expectLossless(bitmap: Bitmap): void {
  const { width, height } = bitmap
  const polygons = polygonsFromBitmap(bitmap)
  expect(polygons).toHaveLength(connectedComponents(bitmap, 4).count)
  expect(bitmapsEqual(bitmapFromPolygons(polygons, width, height), bitmap)).toBe(true)
  expect(bitmapsEqual(fillOddEven(polygons, width, height), bitmap)).toBe(true)
  const areas = polygons.map(doubleArea)
  expect(areas.every((area) => area > 0)).toBe(true)
  expect(areas.reduce((sum, area) => sum + area / 2, 0)).toBe(bitmapArea(bitmap))
  for (const ring of polygons) {
    expect(ring.length).toBeGreaterThanOrEqual(8)
    for (let i = 0; i < ring.length; i += 2) {
      const [x0 = -1, y0 = -1] = ring.slice(i, i + 2)
      const [x1 = ring[0], y1 = ring[1]] = ring.slice(i + 2, i + 4)
      expect(Number.isInteger(x0) && x0 >= 0 && x0 <= width && Number.isInteger(y0) && y0 >= 0 && y0 <= height).toBe(
        true,
      )
      expect((x0 === x1) !== (y0 === y1)).toBe(true)
    }
  }
  expect(polygonsFromTiles(tilesFromBitmap(bitmap))).toEqual(polygons)
}

describe('lossless polygons', () => {
  test('a 3 x 2 mask worked by hand: two parts that meet at a corner', () => {
    expect(polygonsFromBitmap(bitmapFromPicture(['.##', '#..']))).toEqual([
      [1, 0, 3, 0, 3, 1, 1, 1],
      [0, 1, 1, 1, 1, 2, 0, 2],
    ])
  })

  test('a hole hangs on a vertical bridge from its topmost-left corner', () => {
    expect(polygonsFromBitmap(bitmapFromPicture(['###', '#.#', '###']))).toEqual([
      [0, 0, 1, 0, 1, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1, 0, 3, 0, 3, 3, 0, 3],
    ])
  })

  test('a hole below a hole hangs on it', () => {
    const bitmap = bitmapFromPicture(['####', '#..#', '####', '##.#', '####'])
    expect(polygonsFromBitmap(bitmap)).toHaveLength(1)
    expectLossless(bitmap)
  })

  test.each(hardMasks)('$name', ({ bitmap }) => {
    expect(polygonsFromBitmap(bitmap).length).toBeGreaterThan(0)
    expectLossless(bitmap)
  })

  test('random masks', () => {
    fc.assert(fc.property(bitmapArbitrary(40, 40), expectLossless), { numRuns: 400 })
  })

  test('nothing gives no polygon', () => {
    expect(polygonsFromBitmap(createBitmap(5, 4))).toEqual([])
    expect(polygonsFromTiles([])).toEqual([])
  })
})

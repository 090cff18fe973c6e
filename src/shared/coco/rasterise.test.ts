import { describe, expect, test } from 'vitest'
import { bitmapFromPicture } from '../../../test/python/mask-samples.ts'
import { bitmapArea } from '../mask/bitmap.ts'
import { bitmapFromPolygons, countsFromPolygons } from './rasterise.ts'

describe('rasterising polygons', () => {
  test('whole pixels', () => {
    const polygons = [
      [1, 0, 3, 0, 3, 1, 1, 1],
      [0, 1, 1, 1, 1, 2, 0, 2],
    ]
    expect(bitmapFromPolygons(polygons, 3, 2)).toEqual(bitmapFromPicture(['.##', '#..']))
  })

  test('lists that overlap are joined, not cut out of each other', () => {
    const polygons = [
      [0, 0, 3, 0, 3, 1, 0, 1],
      [1, 0, 2, 0, 2, 2, 1, 2],
      [1, 0, 2, 0, 2, 1, 1, 1],
    ]
    expect(bitmapFromPolygons(polygons, 3, 2)).toEqual(bitmapFromPicture(['###', '.#.']))
  })

  test('a closing point changes nothing, nor does the direction', () => {
    const square = bitmapFromPicture(['##.', '##.'])
    expect(bitmapFromPolygons([[0, 0, 2, 0, 2, 2, 0, 2, 0, 0]], 3, 2)).toEqual(square)
    expect(bitmapFromPolygons([[0, 2, 2, 2, 2, 0, 0, 0]], 3, 2)).toEqual(square)
  })

  test('parts outside are cut off', () => {
    expect(bitmapArea(bitmapFromPolygons([[-5, -5, 20, -5, 20, 20, -5, 20]], 3, 2))).toBe(6)
    expect(bitmapArea(bitmapFromPolygons([[5, 5, 9, 5, 9, 9]], 3, 2))).toBe(0)
  })

  test.each([
    [[0, 0, 1, 1], 'A polygon has 4 values: it needs an even number, 6 or more.'],
    [[0, 0, 1, 1, 2, 2, 3], 'A polygon has 7 values: it needs an even number, 6 or more.'],
    [[0, 0, NaN, 1, 2, 2], 'A polygon holds NaN, which is not a number.'],
    [[0, 0, Infinity, 1, 2, 2], 'A polygon holds Infinity, which is not a number.'],
    [[0, 0, 31, 1, 2, 2], 'A polygon reaches 31, more than 10 image sizes away.'],
    [[0, 0, 1, -1e300, 2, 2], 'A polygon reaches -1e+300, more than 10 image sizes away.'],
  ])('refuses %j', (ring, message) => {
    expect(() => bitmapFromPolygons([ring], 3, 2)).toThrow(message)
  })
})

test('edges that cross the image more often than any object does are refused before any work, outside they may', () => {
  const zigzag = (corners: number, from: number, to: number): number[] =>
    Array.from({ length: 2 * corners }, (_, at) => (at % 2 === 1 ? at / 2 : Math.floor(at / 2) % 2 === 0 ? from : to))
  expect(() => countsFromPolygons([zigzag(10_000, 0, 1000), zigzag(20_000, -9, 5000)], 1000, 20_000)).toThrow(
    'A polygon crosses 30000000 columns of pixels, more than the 25000000 that are filled. Write it with fewer corners.',
  )
  const counts = countsFromPolygons([zigzag(10_000, -5000, -10)], 1000, 10_000)
  expect(counts).toEqual([1000 * 10_000])
})

import { describe, expect, test } from 'vitest'
import { bitmapFromPicture } from '../../../test/python/mask-samples.ts'
import { bitmapArea } from '../mask/bitmap.ts'
import { bitmapFromPolygons } from './rasterise.ts'

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

import { expect, test } from 'vitest'
import { polygonsFromBitmap } from '../coco/polygons.ts'
import { createBitmap } from './bitmap.ts'
import type { Bitmap } from './bitmap.ts'
import { fillOutline } from './fill-outline.ts'
import type { Rings } from './polygon-spans.ts'
import { bitmapFromTiles, tilesArea, tilesFromBitmap } from './tiles.ts'

const filled = (rings: Rings, width: number, height: number): Bitmap =>
  bitmapFromTiles(fillOutline(rings, { width, height }), width, height)

function rows(bitmap: { readonly width: number; readonly height: number; readonly data: Uint8Array }): string[] {
  return Array.from({ length: bitmap.height }, (_, y) =>
    [...bitmap.data.subarray(y * bitmap.width, (y + 1) * bitmap.width)]
      .map((value) => (value === 1 ? '#' : '.'))
      .join(''),
  )
}

// IoU of a square of that many pixels with what `cv2.fillPoly` makes of its exact outline.
test.each([
  [4, 0.64],
  [8, 0.79],
  [32, 0.94],
  [64, 0.97],
])('a square of %i pixels grows by a row and a column: IoU %f', (size, iou) => {
  const square = createBitmap(100, 100)
  for (let y = 10; y < 10 + size; y++) square.data.fill(1, y * 100 + 10, y * 100 + 10 + size)
  const count = tilesArea(fillOutline(polygonsFromBitmap(square), { width: 100, height: 100 }))
  expect(count).toBe((size + 1) ** 2)
  expect((size * size) / count).toBeCloseTo(iou, 2)
})

test('what lies outside the image is cut off, and holes of one ring stay open', () => {
  expect(rows(filled([[-2, 1, 2, 1, 2, 9, -2, 9]], 5, 4))).toEqual(['.....', '###..', '###..', '###..'])
  const keyHole = [0, 0, 6, 0, 6, 6, 0, 6, 0, 0, 2, 2, 2, 4, 4, 4, 4, 2, 2, 2]
  expect(rows(filled([keyHole], 7, 7))[3]).toBe('###.###')
})

test('stretches of a row that meet are one, over the borders of tiles too', () => {
  const [width, height] = [1100, 530]
  const all = createBitmap(width, height)
  all.data.fill(1)
  const frame = [0, 0, width - 1, 0, width - 1, height - 1, 0, height - 1]
  expect(fillOutline([frame], { width, height })).toEqual(tilesFromBitmap(all))
  // The same again, walked twice in all: nothing is surrounded, and the outline alone is left.
  expect(tilesArea(fillOutline([frame, frame], { width, height }))).toBe(2 * (width + height) - 4)
})

test('an outline of no object is refused before any row is filled', () => {
  const there = Array.from({ length: 40_000 }, (_, at) => [at % 2, (at % 2) * 1000]).flat()
  expect(() => fillOutline([there], { width: 10, height: 1000 })).toThrow(/more than the 25000000 that are filled/)
})

import { expect, test } from 'vitest'
import { polygonsFromBitmap } from '../coco/polygons.ts'
import { createBitmap } from './bitmap.ts'
import { fillOutline } from './fill-outline.ts'

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
  const filled = fillOutline(polygonsFromBitmap(square), 100, 100)
  const count = filled.data.reduce((sum, value) => sum + value, 0)
  expect(count).toBe((size + 1) ** 2)
  expect((size * size) / count).toBeCloseTo(iou, 2)
})

test('what lies outside the image is cut off, and holes of one ring stay open', () => {
  expect(rows(fillOutline([[-2, 1, 2, 1, 2, 9, -2, 9]], 5, 4))).toEqual(['.....', '###..', '###..', '###..'])
  const keyHole = [0, 0, 6, 0, 6, 6, 0, 6, 0, 0, 2, 2, 2, 4, 4, 4, 4, 2, 2, 2]
  expect(rows(fillOutline([keyHole], 7, 7))[3]).toBe('###.###')
})

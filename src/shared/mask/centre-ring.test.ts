import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hardImages } from '../../../test/python/hard-mask-set.ts'
import { bitmapArbitrary, bitmapFromPicture } from '../../../test/python/mask-samples.ts'
import { polygonsFromBitmap } from '../coco/polygons.ts'
import type { Bitmap } from './bitmap.ts'
import { centreRing } from './centre-ring.ts'
import { splitComponents } from './components.ts'
import { fillOutline } from './fill-outline.ts'

type Edge = [x0: number, y0: number, x1: number, y1: number]

const ringsOf = (bitmap: Bitmap): number[][] => polygonsFromBitmap(bitmap).map(centreRing)

test.each([
  ['a pixel: every corner at its centre', ['...', '.#.'], [1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5]],
  ['a line: there and back', ['###'], [0.5, 0.5, 2.5, 0.5, 2.5, 0.5, 0.5, 0.5]],
  [
    'a turn to the left goes through the pixel between',
    ['#.', '##'],
    [0.5, 0.5, 0.5, 0.5, 0.5, 1.5, 1.5, 1.5, 1.5, 1.5, 0.5, 1.5],
  ],
  [
    'a hole: down to it left of its corner, back on the right',
    ['###', '#.#', '###'],
    [0.5, 0.5, 0.5, 0.5, 0.5, 1.5, 0.5, 2.5, 2.5, 2.5, 2.5, 0.5, 1.5, 0.5, 1.5, 0.5, 2.5, 0.5, 2.5, 2.5, 0.5, 2.5],
  ],
])('%s', (_what, rows, ring) => {
  expect(ringsOf(bitmapFromPicture(rows))).toEqual([ring])
})

/** Each ring, filled with its edge, must be one 4-connected part of the mask, bit by bit. */
function expectParts(bitmap: Bitmap): void {
  const filled = ringsOf(bitmap).map((ring) => fillOutline([ring], bitmap))
  const parts = splitComponents(bitmap, 1, 4).map(({ tiles }) => tiles)
  const inOrder = (masks: readonly object[]): string[] => masks.map((mask) => JSON.stringify(mask)).sort()
  expect(inOrder(filled)).toEqual(inOrder(parts))
}

test('whoever fills the outline with its edge paints the part, whatever its holes and lines', () => {
  fc.assert(fc.property(bitmapArbitrary(40, 30), expectParts), { numRuns: 500 })
  for (const { masks } of hardImages(150)) for (const { bitmap } of masks) expectParts(bitmap)
})

test('every line runs through pixels of the mask alone, bridges too', () => {
  fc.assert(
    fc.property(bitmapArbitrary(30, 30), (bitmap) => {
      for (const ring of ringsOf(bitmap)) {
        ring.forEach((value) => expect(value % 1).toBe(0.5))
        for (let at = 0; at < ring.length; at += 2) {
          const next = (at + 2) % ring.length
          const [x0, y0, x1, y1] = [at, at + 1, next, next + 1].map((index) => ring[index] ?? NaN) as Edge
          expect(x0 === x1 || y0 === y1).toBe(true)
          for (let y = Math.min(y0, y1); y <= Math.max(y0, y1); y++) {
            for (let x = Math.min(x0, x1); x <= Math.max(x0, x1); x++) {
              expect(bitmap.data[Math.floor(y) * bitmap.width + Math.floor(x)]).toBe(1)
            }
          }
        }
      }
    }),
    { numRuns: 300 },
  )
})

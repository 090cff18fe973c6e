import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createBitmap } from './bitmap.ts'
import type { Bitmap } from './bitmap.ts'
import { forEachCrack, rowsFromBitmap, rowsFromTiles } from './mask-rows.ts'
import { tilesFromBitmap } from './tiles.ts'

/** Sides that cross a tile border now and then. */
const bitmaps = fc
  .record({
    width: fc.constantFrom(1, 3, 7, 513, 530),
    height: fc.constantFrom(1, 2, 5, 514),
    runs: fc.array(fc.tuple(fc.nat(530 * 514), fc.nat(600)), { maxLength: 12 }),
  })
  .map(({ width, height, runs }) => {
    const bitmap = createBitmap(width, height)
    for (const [start, length] of runs)
      bitmap.data.fill(1, start % bitmap.data.length, (start % bitmap.data.length) + length)
    return bitmap
  })

/** `x,y` of every pixel that differs from the one above it, asked pixel by pixel. */
function cracksOf({ width, height, data }: Bitmap): string[] {
  const found: string[] = []
  for (let y = 0; y <= height; y++) {
    for (let x = 0; x < width; x++) {
      const here = y < height ? data[y * width + x] : 0
      if (here !== (y > 0 ? data[(y - 1) * width + x] : 0)) found.push(`${x},${y}`)
    }
  }
  return found
}

test('cracks are where a pixel differs from the one above, row by row from left to right', () => {
  fc.assert(
    fc.property(bitmaps, (bitmap) => {
      for (const mask of [rowsFromBitmap(bitmap), rowsFromTiles(tilesFromBitmap(bitmap))]) {
        const found: string[] = []
        if (mask !== null) {
          forEachCrack(mask, (y, from, to) => {
            for (let x = from; x < to; x++) found.push(`${x},${y}`)
          })
        }
        expect(found).toEqual(cracksOf(bitmap))
      }
    }),
    { numRuns: 60 },
  )
})

test('an empty mask has no rows', () => {
  expect(rowsFromTiles([])).toBe(null)
})

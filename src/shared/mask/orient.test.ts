import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Box } from '../domain/records.ts'
import { createBitmap } from './bitmap.ts'
import { displayedBox, displayedTiles, storedBox, storedSize, storedTiles } from './orient.ts'
import { bitmapFromTiles, tilesBounds, tilesFromBitmap } from './tiles.ts'

/** The picture `ab / cd / ef` as files of each orientation store it, from the table of the EXIF standard. */
const stored = {
  1: ['ab', 'cd', 'ef'],
  2: ['ba', 'dc', 'fe'],
  3: ['fe', 'dc', 'ba'],
  4: ['ef', 'cd', 'ab'],
  5: ['ace', 'bdf'],
  6: ['bdf', 'ace'],
  7: ['fdb', 'eca'],
  8: ['eca', 'fdb'],
}

test.each(Object.entries(stored))('orientation %s puts every pixel where the file has it', (orientation, rows) => {
  const displayed = { width: 2, height: 3, orientation: Number(orientation) }
  const size = storedSize(displayed)
  expect(size).toEqual({ width: rows[0]?.length, height: rows.length })
  for (const [at, letter] of ['a', 'b', 'c', 'd', 'e', 'f'].entries()) {
    const bitmap = createBitmap(2, 3)
    bitmap.data[at] = 1
    const turned = bitmapFromTiles(storedTiles(tilesFromBitmap(bitmap), displayed), size.width, size.height)
    expect([...turned.data].map((value) => value === 1)).toEqual(
      rows
        .join('')
        .split('')
        .map((each) => each === letter),
    )
  }
})

test('a box stays around its mask, also across tiles, and both come back', () => {
  const side = fc.integer({ min: 1, max: 1100 })
  fc.assert(
    fc.property(side, side, fc.integer({ min: 1, max: 8 }), fc.nat(), fc.nat(), (width, height, orientation, a, b) => {
      const displayed = { width, height, orientation }
      const bitmap = createBitmap(width, height)
      for (const at of [a, b, a + b]) bitmap.data[at % bitmap.data.length] = 1
      const tiles = tilesFromBitmap(bitmap)
      const box = tilesBounds(tiles)
      expect(box).not.toBeNull()
      if (box === null) return
      const turned = storedTiles(tiles, displayed)
      expect(tilesBounds(turned)).toEqual(storedBox(box, displayed))
      expect(displayedTiles(turned, displayed)).toEqual(tiles)
      const [x, y, w, h] = box
      const fractional: Box = [x + 0.1, y + 0.2, w - 0.3, h - 0.4]
      const back = displayedBox(storedBox(fractional, displayed), displayed)
      for (const [index, value] of fractional.entries()) expect(back[index]).toBeCloseTo(value, 6)
    }),
    { numRuns: 60 },
  )
})

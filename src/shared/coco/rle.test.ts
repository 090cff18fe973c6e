import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bitmapArbitrary, bitmapFromPicture, hardMasks } from '../../../test/python/mask-samples.ts'
import { bitmapArea, bitmapsEqual, createBitmap } from '../mask/bitmap.ts'
import { tilesBounds, tilesEqual, tilesFromBitmap } from '../mask/tiles.ts'
import {
  bitmapFromCounts,
  countsArea,
  countsBounds,
  countsFromBitmap,
  countsFromString,
  countsFromTiles,
  countsToString,
  tilesFromCounts,
} from './rle.ts'

describe('COCO run lengths', () => {
  test('a 3 x 2 mask worked by hand', () => {
    // Down the columns: 0 1 | 1 0 | 1 0
    const counts = countsFromBitmap(bitmapFromPicture(['.##', '#..']))
    expect(counts).toEqual([1, 2, 1, 1, 1])
    // The fourth and fifth count are written as differences: 1 - 2 = -1 and 1 - 1 = 0.
    expect(countsToString(counts)).toBe('121O0')
    expect(countsFromString('121O0')).toEqual(counts)
    expect(countsArea(counts)).toBe(3)
    expect(countsBounds(counts, 2)).toEqual([0, 0, 3, 2])
  })

  test('empty and full', () => {
    expect(countsFromBitmap(createBitmap(4, 3))).toEqual([12])
    expect(countsBounds([12], 3)).toEqual([0, 0, 0, 0])
    expect(countsFromBitmap(bitmapFromPicture(['##', '##']))).toEqual([0, 4])
    expect(tilesFromCounts([12], 4, 3)).toEqual([])
  })

  test('round trips through counts, text and tiles', () => {
    fc.assert(
      fc.property(bitmapArbitrary(600, 600), (bitmap) => {
        const { width, height } = bitmap
        const tiles = tilesFromBitmap(bitmap)
        const counts = countsFromBitmap(bitmap)
        expect(counts.slice(1).every((count) => count > 0)).toBe(true)
        expect(bitmapsEqual(bitmapFromCounts(counts, width, height), bitmap)).toBe(true)
        expect(countsFromTiles(tiles, width, height)).toEqual(counts)
        expect(tilesEqual(tilesFromCounts(counts, width, height), tiles)).toBe(true)
        expect(countsFromString(countsToString(counts))).toEqual(counts)
        expect(countsArea(counts)).toBe(bitmapArea(bitmap))
        expect(countsBounds(counts, height)).toEqual(tilesBounds(tiles) ?? [0, 0, 0, 0])
      }),
      { numRuns: 60 },
    )
  })

  test('hard masks round trip', () => {
    for (const { bitmap } of hardMasks) {
      const counts = countsFromString(countsToString(countsFromBitmap(bitmap)))
      expect(bitmapsEqual(bitmapFromCounts(counts, bitmap.width, bitmap.height), bitmap)).toBe(true)
    }
  })

  test('runs of zero are read', () => {
    expect(bitmapFromCounts([0, 0, 1, 1, 0, 2], 2, 2).data).toEqual(Uint8Array.of(0, 1, 1, 1))
  })

  test('large counts survive the text', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 })), (counts) => {
        expect(countsFromString(countsToString(counts))).toEqual(counts)
      }),
    )
  })

  test.each([
    [[3, 4], 'Counts cover 7 of 12 pixels.'],
    [[6, 7], 'Counts cover 13 of 12 pixels.'],
    [[13, -1], 'Counts hold -1: every count must be a whole number, 0 or more.'],
    [[1.5, 10.5], 'Counts hold 1.5: every count must be a whole number, 0 or more.'],
    [[NaN], 'Counts hold NaN: every count must be a whole number, 0 or more.'],
  ])('refuses the counts %j', (counts, message) => {
    expect(() => bitmapFromCounts(counts, 4, 3)).toThrow(message)
    expect(() => tilesFromCounts(counts, 4, 3)).toThrow(message)
  })

  test.each([
    ['1 1', 'Compressed counts hold a character that is not of their alphabet, at place 2.'],
    ['1P', 'Compressed counts end within a number.'],
    ['1O', 'Compressed counts hold -1: every count must be 0 or more.'],
    ['oooooooooo1', 'Compressed counts hold a number that is too long.'],
  ])('refuses the text %j', (text, message) => {
    expect(() => countsFromString(text)).toThrow(message)
  })
})

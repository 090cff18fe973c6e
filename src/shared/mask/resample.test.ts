import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bitmapArbitrary, bitmapFromPicture, paintRectangle } from '../../../test/python/mask-samples.ts'
import type { Box } from '../domain/records.ts'
import { createBitmap } from './bitmap.ts'
import type { Bitmap } from './bitmap.ts'
import { coverage, labelMap } from './resample.ts'
import { tilesFromBitmap } from './tiles.ts'

/** Overlap of every pixel with every cell, in floating point. */
function coverageByLoop({ width, height, data }: Bitmap, gridWidth: number, gridHeight: number): number[] {
  const cells: number[] = []
  const cellWidth = width / gridWidth
  const cellHeight = height / gridHeight
  for (let row = 0; row < gridHeight; row++) {
    for (let column = 0; column < gridWidth; column++) {
      let sum = 0
      data.forEach((value, at) => {
        const x = at % width
        const y = Math.floor(at / width)
        const overlapX = Math.min(x + 1, (column + 1) * cellWidth) - Math.max(x, column * cellWidth)
        const overlapY = Math.min(y + 1, (row + 1) * cellHeight) - Math.max(y, row * cellHeight)
        sum += value * Math.max(0, overlapX) * Math.max(0, overlapY)
      })
      cells.push(sum / (cellWidth * cellHeight))
    }
  }
  return cells
}

const grid = fc.integer({ min: 1, max: 7 })

describe('coverage', () => {
  test('a 3 x 2 mask on 2 x 1 cells, worked by hand', () => {
    // Cells are 1.5 px wide. Left: 1 px of row 2 and half a px of row 1. Right: 1.5 px of row 1.
    const tiles = tilesFromBitmap(bitmapFromPicture(['.##', '#..']))
    expect([...coverage(tiles, [0, 0, 3, 2], 2, 1)]).toEqual([1.5 / 3, 1.5 / 3])
  })

  test('agrees with a plain loop, for tiles and bitmaps, finer grids too', () => {
    fc.assert(
      fc.property(bitmapArbitrary(30, 20), grid, grid, (bitmap, gridWidth, gridHeight) => {
        const { width, height } = bitmap
        const expected = coverageByLoop(bitmap, gridWidth, gridHeight)
        const fromTiles = coverage(tilesFromBitmap(bitmap), [0, 0, width, height], gridWidth, gridHeight)
        fromTiles.forEach((value, cell) => expect(value).toBeCloseTo(expected[cell] ?? NaN, 5))
        expect(coverage(bitmap, [0, 0, width, height], gridWidth, gridHeight)).toEqual(fromTiles)
      }),
    )
  })

  test('a full mask is exactly 1 in every cell, over several tiles', () => {
    const bitmap = createBitmap(1031, 523)
    bitmap.data.fill(1)
    expect(new Set(coverage(tilesFromBitmap(bitmap), [0, 0, 1031, 523], 37, 19))).toEqual(new Set([1]))
  })

  test('a region is a picture of its own, over borders of tiles too', () => {
    const bitmap = createBitmap(1100, 700)
    bitmap.data.forEach((_, at) => {
      const [x, y] = [at % 1100, Math.floor(at / 1100)]
      if ((x * 7 + y * 13) % 11 < 4 && x + y > 300) bitmap.data[at] = 1
    })
    const tiles = tilesFromBitmap(bitmap)
    const regions: readonly Box[] = [
      [0, 0, 300, 200],
      [430, 400, 601, 257],
      [1000, 600, 100, 100],
      [0, 0, 60, 60],
      [511, 0, 2, 700],
    ]
    for (const [left, top, width, height] of regions) {
      const cut = createBitmap(width, height)
      for (let y = 0; y < height; y++) {
        const row = (top + y) * 1100 + left
        cut.data.set(bitmap.data.subarray(row, row + width), y * width)
      }
      const expected = coverage(cut, [0, 0, width, height], 56, 48)
      expect(coverage(tiles, [left, top, width, height], 56, 48)).toEqual(expected)
      expect(coverage(bitmap, [left, top, width, height], 56, 48)).toEqual(expected)
    }
  })

  test('a region of any size costs what its mask does', () => {
    // A bitmap of the region would be 3.6 GB.
    const row = tilesFromBitmap({ width: 512, height: 1, data: new Uint8Array(512).fill(1) })
    const tiles = row.map((tile) => ({ ...tile, x: 100, y: 100 }))
    const cells = coverage(tiles, [40_000, 40_000, 60_000, 60_000], 10, 10)
    expect(cells[11]).toBeCloseTo(512 / 6000 ** 2, 9)
    expect(cells.filter((cell) => cell > 0)).toHaveLength(1)
  })
})

describe('label map', () => {
  function rectangle(x: number, y: number, width: number, height: number) {
    const bitmap = createBitmap(64, 64)
    paintRectangle(bitmap, x, y, width, height, 1)
    return tilesFromBitmap(bitmap)
  }

  test('the mask that covers more of a cell has it', () => {
    const map = labelMap(
      [
        { tiles: rectangle(0, 0, 5, 64), slot: 1 },
        { tiles: rectangle(5, 0, 59, 64), slot: 2 },
      ],
      64,
      64,
      8,
      1,
    )
    expect([...map]).toEqual([1, 2, 2, 2, 2, 2, 2, 2])
  })

  test('on a tie the later mask is on top', () => {
    const masks = [
      { tiles: rectangle(0, 0, 64, 64), slot: 1 },
      { tiles: rectangle(0, 0, 32, 64), slot: 2 },
    ]
    expect([...labelMap(masks, 64, 64, 2, 1)]).toEqual([2, 1])
  })

  test('one pixel stays visible, on nothing and within another mask', () => {
    const dot = { tiles: rectangle(33, 33, 1, 1), slot: 7 }
    expect([...labelMap([dot], 64, 64, 2, 2)]).toEqual([0, 0, 0, 7])
    expect([...labelMap([dot, { tiles: rectangle(0, 0, 64, 64), slot: 1 }], 64, 64, 2, 2)]).toEqual([1, 1, 1, 7])
  })

  test('nothing gives an empty map', () => {
    expect([...labelMap([], 64, 64, 2, 1)]).toEqual([0, 0])
    expect([...labelMap([{ tiles: [], slot: 1 }], 64, 64, 2, 1)]).toEqual([0, 0])
  })
})

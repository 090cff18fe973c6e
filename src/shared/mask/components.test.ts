import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bitmapArbitrary, bitmapFromPicture, hardMasks } from '../../../test/python/mask-samples.ts'
import { bitmapArea, bitmapsEqual, createBitmap } from './bitmap.ts'
import type { Bitmap } from './bitmap.ts'
import { connectedComponents, splitComponents } from './components.ts'
import type { Connectivity } from './components.ts'
import { bitmapFromTiles, tilesArea, tilesBounds } from './tiles.ts'

/** Flood fill from each unlabelled pixel in reading order: slow and plain. */
function floodLabels({ width, height, data }: Bitmap, connectivity: Connectivity): Int32Array {
  const labels = new Int32Array(data.length)
  let count = 0
  for (let seed = 0; seed < data.length; seed++) {
    if (data[seed] === 0 || labels[seed] !== 0) continue
    labels[seed] = ++count
    const open = [seed]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          if (connectivity === 4 && dx !== 0 && dy !== 0) continue
          const x: number = (at % width) + dx
          const y: number = Math.floor(at / width) + dy
          if (x < 0 || y < 0 || x >= width || y >= height) continue
          const next = y * width + x
          if (data[next] === 0 || labels[next] !== 0) continue
          labels[next] = count
          open.push(next)
        }
      }
    }
  }
  return labels
}

describe('connected components', () => {
  test('a 3 x 2 mask worked by hand', () => {
    const bitmap = bitmapFromPicture(['.##', '#..'])
    expect(connectedComponents(bitmap, 4)).toEqual({
      count: 2,
      labels: Int32Array.of(0, 1, 1, 2, 0, 0),
      sizes: [2, 1],
      boxes: [
        [1, 0, 2, 1],
        [0, 1, 1, 1],
      ],
    })
    expect(connectedComponents(bitmap, 8)).toMatchObject({ count: 1, sizes: [3], boxes: [[0, 0, 3, 2]] })
  })

  test.each([4, 8] as const)('agrees with flood fill, connectivity %i', (connectivity) => {
    for (const { bitmap } of hardMasks) {
      expect(connectedComponents(bitmap, connectivity).labels).toEqual(floodLabels(bitmap, connectivity))
    }
    fc.assert(
      fc.property(bitmapArbitrary(60, 60), (bitmap) => {
        expect(connectedComponents(bitmap, connectivity).labels).toEqual(floodLabels(bitmap, connectivity))
      }),
      { numRuns: 150 },
    )
  })

  test.each([4, 8] as const)('parts add up to the mask and know their size, connectivity %i', (connectivity) => {
    fc.assert(
      fc.property(bitmapArbitrary(1100, 600), (bitmap) => {
        const parts = splitComponents(bitmap, 1, connectivity)
        const { count, sizes } = connectedComponents(bitmap, connectivity)
        expect(parts.map((part) => part.area)).toEqual(sizes)
        expect(parts).toHaveLength(count)
        const union = createBitmap(bitmap.width, bitmap.height)
        for (const part of parts.slice(0, 200)) {
          expect(tilesArea(part.tiles)).toBe(part.area)
          expect(tilesBounds(part.tiles)).toEqual(part.bounds)
        }
        if (count > 30) return
        for (const part of parts) {
          bitmapFromTiles(part.tiles, bitmap.width, bitmap.height).data.forEach((value, at) => {
            if (value === 1) union.data[at] = (union.data[at] ?? 0) + 1
          })
        }
        expect(bitmapsEqual(union, bitmap)).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  test('parts below the smallest size are left out', () => {
    const bitmap = bitmapFromPicture(['#.##', '....', '####'])
    expect(splitComponents(bitmap, 2).map((part) => part.area)).toEqual([2, 4])
    expect(splitComponents(bitmap, 5)).toEqual([])
    expect(bitmapArea(bitmap)).toBe(7)
  })
})

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Box } from '../../shared/domain/records.ts'
import { createBitmap } from '../../shared/mask/bitmap.ts'
import { bitmapFromTiles, tilesFromBitmap } from '../../shared/mask/tiles.ts'
import { cropMask, zoomRegion } from './zoom.ts'

interface SharedCases {
  readonly cases: readonly {
    readonly image: readonly [number, number]
    readonly outline: Box
    readonly region: Box | null
  }[]
}

const path = new URL('../../../models/tests/zoom_regions.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(path, 'utf8')) as SharedCases

test.each(cases)('the region of $outline in $image is the one that Python takes', ({ image, outline, region }) => {
  expect(zoomRegion(outline, { width: image[0], height: image[1] })).toEqual(region)
})

/** Where something begins and ends on an axis: its length, then a piece of it. */
const axis = fc
  .integer({ min: 1, max: 9000 })
  .chain((length) => fc.tuple(fc.constant(length), fc.nat(length - 1), fc.nat(length - 1)))
  .map(([length, a, b]) => ({ length, from: Math.min(a, b), span: Math.abs(a - b) + 1 }))

test('a region lies inside the image, holds the outline, and is smaller than the image', () => {
  fc.assert(
    fc.property(axis, axis, (h, v) => {
      const region = zoomRegion([h.from, v.from, h.span, v.span], { width: h.length, height: v.length })
      if (region === null) {
        const side = Math.max(2 * h.span, 2 * v.span, 96)
        expect(Math.min(side, h.length) * Math.min(side, v.length)).toBeGreaterThan(0.69 * h.length * v.length)
        return
      }
      const [left, top, width, height] = region
      expect(region.every((each) => Number.isInteger(each) && each >= 0)).toBe(true)
      expect(left + width).toBeLessThanOrEqual(h.length)
      expect(top + height).toBeLessThanOrEqual(v.length)
      expect(left).toBeLessThanOrEqual(h.from)
      expect(top).toBeLessThanOrEqual(v.from)
      expect(left + width).toBeGreaterThanOrEqual(h.from + h.span)
      expect(top + height).toBeGreaterThanOrEqual(v.from + v.span)
      expect(width * height).toBeLessThan(0.71 * h.length * v.length)
    }),
  )
})

test('a mask is cropped pixel by pixel, over borders of tiles too', () => {
  const width = 1100
  const height = 700
  const isSet = (x: number, y: number): boolean => (x * 7 + y * 13) % 11 < 4 && x + y > 300
  const whole = createBitmap(width, height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) if (isSet(x, y)) whole.data[y * width + x] = 1
  }
  const mask = { width, height, tiles: tilesFromBitmap(whole) }
  const regions: readonly Box[] = [
    [0, 0, 300, 200],
    [430, 400, 601, 257],
    [1000, 600, 100, 100],
    [0, 0, 60, 60],
  ]
  for (const region of regions) {
    const cropped = cropMask(mask, region)
    const [left, top, w, h] = region
    expect([cropped.width, cropped.height]).toEqual([w, h])
    const { data } = bitmapFromTiles(cropped.tiles, w, h)
    const expected = createBitmap(w, h).data.map((_, at) => (isSet(left + (at % w), top + Math.floor(at / w)) ? 1 : 0))
    expect(Buffer.compare(data, expected)).toBe(0)
  }
})

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Box } from '../../shared/domain/records.ts'
import { zoomRegion } from './zoom.ts'

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

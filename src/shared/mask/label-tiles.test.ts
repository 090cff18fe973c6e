import fc from 'fast-check'
import { expect, test } from 'vitest'
import { randomStream } from '../../../test/python/mask-samples.ts'
import { tilesByValue } from './label-tiles.ts'
import { tilesFromBitmap } from './tiles.ts'

test('each value is the mask of its pixels, over tile borders and at any size of number', () => {
  fc.assert(
    fc.property(
      fc.constantFrom([7, 5], [1, 1], [600, 3], [3, 600], [513, 514]),
      fc.uniqueArray(fc.integer({ min: 0, max: 0xffffff }), { minLength: 1, maxLength: 5 }),
      fc.nat(),
      ([width = 1, height = 1], values, seed) => {
        const random = randomStream(seed)
        let value = 0
        const data = Uint32Array.from({ length: width * height }, () => {
          if (random() < 0.3) value = values[Math.floor(random() * values.length)] ?? 0
          return value
        })
        const masks = tilesByValue(data, width, height, (each) => each !== 0)
        const found = new Set([...data].filter((each) => each !== 0))
        expect(new Set(masks.keys())).toEqual(found)
        for (const each of found) {
          const bitmap = { width, height, data: Uint8Array.from(data, (pixel) => (pixel === each ? 1 : 0)) }
          expect(masks.get(each)).toEqual(tilesFromBitmap(bitmap))
        }
      },
    ),
    { numRuns: 40 },
  )
})

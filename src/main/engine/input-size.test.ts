import fc from 'fast-check'
import { expect, test } from 'vitest'
import { guideSize, modelInputSize } from './input-size.ts'

test('known sizes', () => {
  const sizes = [
    [640, 480],
    [640, 427],
    [427, 640],
    [500, 500],
    [550, 830],
  ].map(([width = 0, height = 0]) => modelInputSize(width, height, 'normal'))
  expect(sizes).toEqual([
    { width: 512, height: 384 },
    { width: 576, height: 384 },
    { width: 384, height: 576 },
    { width: 448, height: 448 },
    { width: 384, height: 576 },
  ])
  expect(modelInputSize(500, 500, 'fast')).toEqual({ width: 320, height: 320 })
  expect(modelInputSize(500, 500, 'high')).toEqual({ width: 640, height: 640 })
})

test('sides are multiples of 64 from 192 to 1536, whatever the image, and more detail is never less', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70_000 }), fc.integer({ min: 1, max: 70_000 }), (width, height) => {
      const [fast, normal, high] = (['fast', 'normal', 'high'] as const).map((detail) =>
        modelInputSize(width, height, detail),
      )
      for (const size of [fast!, normal!, high!]) {
        for (const side of [size.width, size.height]) {
          expect(side % 64).toBe(0)
          expect(side).toBeGreaterThanOrEqual(192)
          expect(side).toBeLessThanOrEqual(1536)
        }
      }
      expect(fast!.width * fast!.height).toBeLessThanOrEqual(normal!.width * normal!.height)
      expect(normal!.width * normal!.height).toBeLessThanOrEqual(high!.width * high!.height)
      const turned = modelInputSize(height, width, 'normal')
      expect(turned.width * turned.height).toBe(normal!.width * normal!.height)
    }),
  )
})

test('the guide keeps the aspect and never exceeds the picture or 2048 px', () => {
  expect(guideSize(800, 600)).toEqual({ width: 800, height: 600 })
  expect(guideSize(6000, 4000)).toEqual({ width: 2048, height: 1365 })
  expect(guideSize(30_000, 5)).toEqual({ width: 2048, height: 1 })
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RgbImage } from './codec.ts'
import { PictureCache, halve } from './picture-cache.ts'
import type { PictureSource } from './picture-cache.ts'

function noise(width: number, height: number, seed = 1): RgbImage {
  const data = new Uint8Array(width * height * 3)
  let state = seed
  for (let at = 0; at < data.length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    data[at] = state >>> 24
  }
  return { width, height, data }
}

/** Notes what it is asked for. */
function source(image: RgbImage, asked: string[] = []): PictureSource {
  return {
    size: () => {
      asked.push('size')
      return Promise.resolve(image)
    },
    whole: () => {
      asked.push('whole')
      return Promise.resolve(image)
    },
    reduced: (width, height) => {
      asked.push(`${width} x ${height}`)
      return Promise.resolve(noise(width, height, 9))
    },
  }
}

function pixel(image: RgbImage, x: number, y: number): number[] {
  const at = (y * image.width + x) * 3
  return [...image.data.subarray(at, at + 3)]
}

test('halving a 3 x 2 picture worked by hand', () => {
  const image: RgbImage = {
    width: 3,
    height: 2,
    data: Uint8Array.from([0, 10, 255, 4, 20, 255, 100, 0, 0, 8, 30, 255, 12, 40, 255, 50, 1, 0]),
  }
  expect(halve(image)).toEqual({ width: 2, height: 1, data: Uint8Array.from([6, 25, 255, 75, 1, 0]) })
})

test('tiles of every level put together are that level, for any size', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1100 }), fc.integer({ min: 1, max: 700 }), async (width, height) => {
      const cache = new PictureCache(1 << 20, Infinity)
      let expected = noise(width, height)
      const original = expected
      for (let level = 0; ; level++) {
        for (let y = 0; y * 512 < expected.height; y++) {
          for (let x = 0; x * 512 < expected.width; x++) {
            const tile = await cache.tile('a', level, x, y, source(original))
            expect(tile.width).toBe(Math.min(512, expected.width - x * 512))
            expect(tile.height).toBe(Math.min(512, expected.height - y * 512))
            for (const [tx, ty] of [
              [0, 0],
              [tile.width - 1, 0],
              [tile.width >> 1, tile.height - 1],
            ] as const) {
              expect(pixel(tile, tx, ty)).toEqual(pixel(expected, x * 512 + tx, y * 512 + ty))
            }
          }
        }
        if (expected.width === 1 && expected.height === 1) break
        expected = halve(expected)
      }
    }),
    { numRuns: 12 },
  )
})

test('outside the picture is NotFound', async () => {
  const cache = new PictureCache(1 << 20, Infinity)
  const decode = source(noise(600, 10))
  for (const [level, x, y] of [
    [0, 2, 0],
    [0, 0, 1],
    [0, -1, 0],
    [1, 1, 0],
    [11, 0, 0],
    [-1, 0, 0],
  ] as const) {
    await expect(cache.tile('a', level, x, y, decode)).rejects.toMatchObject({ code: 'NotFound' })
  }
  expect((await cache.tile('a', 10, 0, 0, decode)).data).toHaveLength(3)
})

test('decodes once while held, and holds no more than the bound but for the newest picture', async () => {
  const decoded: string[] = []
  const cache = new PictureCache(100_000)
  const tile = (key: string, width: number, height: number): Promise<RgbImage> =>
    cache.tile(key, 0, 0, 0, {
      ...source(noise(width, height)),
      whole: () => {
        decoded.push(key)
        return Promise.resolve(noise(width, height))
      },
    })
  await Promise.all([tile('a', 100, 100), tile('a', 100, 100)])
  await tile('b', 100, 100)
  await tile('a', 100, 100)
  await tile('c', 100, 100)
  expect(decoded).toEqual(['a', 'b', 'c'])
  expect(cache.bytes).toBe(90_000)
  await tile('d', 100, 100)
  expect(cache.bytes).toBe(90_000)
  await tile('a', 100, 100)
  await tile('huge', 1000, 100)
  expect(cache.bytes).toBe(300_000)
  await tile('huge', 1000, 100)
  await tile('a', 100, 100)
  expect(decoded).toEqual(['a', 'b', 'c', 'd', 'huge', 'a'])
  expect(cache.bytes).toBe(30_000)
})

test('a failed decode is not remembered', async () => {
  const cache = new PictureCache(1000)
  await expect(
    cache.tile('a', 0, 0, 0, { ...source(noise(1, 1)), whole: () => Promise.reject(new Error('no')) }),
  ).rejects.toThrow('no')
  expect((await cache.tile('a', 0, 0, 0, source(noise(1, 1)))).width).toBe(1)
})

test('a large picture is seen whole without its full size; its first two levels are exact', async () => {
  const asked: string[] = []
  const large = source(noise(1001, 802), asked)
  const cache = new PictureCache(100_000_000, 1_000_000)
  const second = await cache.tile('a', 2, 0, 0, large)
  expect([second.width, second.height, second.data]).toEqual([251, 201, noise(251, 201, 9).data])
  expect(await cache.tile('a', 3, 0, 0, large)).toEqual(halve(noise(251, 201, 9)))
  expect(asked).toEqual(['size', '251 x 201'])
  const first = await cache.tile('a', 1, 0, 0, large)
  expect(first).toEqual(halve(noise(1001, 802)))
  await cache.tile('a', 0, 1, 1, large)
  await cache.tile('a', 2, 0, 0, large)
  expect(asked).toEqual(['size', '251 x 201', 'whole'])
  await expect(cache.tile('a', 2, 1, 0, large)).rejects.toMatchObject({ code: 'NotFound' })
})

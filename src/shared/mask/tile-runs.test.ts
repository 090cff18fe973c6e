import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { randomStream } from '../../../test/python/mask-samples.ts'
import { isAppError } from '../errors.ts'
import { decodeTile, encodeTile, runsArea, runsBounds, tilePixels, xorRuns } from './tile-runs.ts'

const side = 512

/** Long and short runs mixed, sometimes touching both ends of the tile. */
const tile = fc
  .tuple(fc.nat(), fc.constantFrom(0.5, 30, 3000, 200_000), fc.boolean())
  .map(([seed, mean, startsWithMask]) => {
    const random = randomStream(seed)
    const pixels = new Uint8Array(tilePixels)
    let value = startsWithMask ? 1 : 0
    for (let at = 0; at < tilePixels; value = 1 - value) {
      const length = 1 + Math.floor(random() * mean * 2)
      pixels.fill(value, at, at + length)
      at += length
    }
    return pixels
  })

function refusal(action: () => unknown): string {
  try {
    action()
  } catch (error) {
    if (isAppError(error, 'InvalidInput')) return error.message
    throw error
  }
  return 'accepted'
}

describe('tile runs', () => {
  test('a 3 x 2 corner worked by hand', () => {
    // . # #
    // # . .
    const pixels = new Uint8Array(tilePixels)
    pixels[1] = 1
    pixels[2] = 1
    pixels[side] = 1
    // 1 zero, 2 ones, 512 - 3 = 509 = 3 * 128 + 125 zeros, 1 one; the rest is left out.
    expect([...encodeTile(pixels)]).toEqual([1, 2, 125 | 128, 3, 1])
    expect(runsArea(encodeTile(pixels))).toBe(3)
    expect(runsBounds(encodeTile(pixels))).toEqual([0, 0, 3, 2])
  })

  test('an empty tile has no bytes, a full one two runs', () => {
    expect(encodeTile(new Uint8Array(tilePixels))).toHaveLength(0)
    expect(runsBounds(new Uint8Array())).toBeNull()
    const full = encodeTile(new Uint8Array(tilePixels).fill(1))
    expect([...full]).toEqual([0, 128, 128, 16])
    expect(runsArea(full)).toBe(tilePixels)
    expect(runsBounds(full)).toEqual([0, 0, side, side])
  })

  test('a run over a row end fills the width', () => {
    const pixels = new Uint8Array(tilePixels).fill(1, 511, 513)
    expect(runsBounds(encodeTile(pixels))).toEqual([0, 0, 512, 2])
  })

  test('decoding undoes encoding, and writes over what was there', () => {
    fc.assert(
      fc.property(tile, (pixels) => {
        const into = new Uint8Array(tilePixels).fill(1)
        expect(Buffer.compare(decodeTile(encodeTile(pixels), into), pixels)).toBe(0)
      }),
      { numRuns: 40 },
    )
  })

  test('exclusive-or of runs is exclusive-or of pixels, and its own inverse', () => {
    fc.assert(
      fc.property(tile, tile, (a, b) => {
        const left = encodeTile(a)
        const right = encodeTile(b)
        const both = xorRuns(left, right)
        const expected = a.map((value, at) => value ^ (b[at] ?? 0))
        expect(Buffer.compare(both, encodeTile(expected))).toBe(0)
        expect(Buffer.compare(xorRuns(both, right), left)).toBe(0)
        expect(xorRuns(left, left)).toHaveLength(0)
      }),
      { numRuns: 40 },
    )
  })

  test('area and bounds agree with a plain loop', () => {
    fc.assert(
      fc.property(tile, (pixels) => {
        let area = 0
        let [left, top, right, bottom] = [side, side, 0, 0]
        pixels.forEach((value, at) => {
          if (value === 0) return
          area++
          left = Math.min(left, at % side)
          right = Math.max(right, (at % side) + 1)
          top = Math.min(top, Math.floor(at / side))
          bottom = Math.floor(at / side) + 1
        })
        expect(runsArea(encodeTile(pixels))).toBe(area)
        expect(runsBounds(encodeTile(pixels))).toEqual(area === 0 ? null : [left, top, right - left, bottom - top])
      }),
      { numRuns: 40 },
    )
  })

  test.each([
    ['more than a tile', [0, 129, 128, 16], 'its runs are longer than a tile'],
    ['a varint of four bytes', [128, 128, 128, 1], 'a run is longer than a tile'],
    ['a cut varint', [1, 130], 'it ends within a run'],
    ['a padded varint', [129, 0, 1], 'a run length is padded'],
    ['an empty run', [1, 0, 1, 1], 'it holds an empty run'],
    ['a trailing run of zeros', [1, 1, 1], 'it ends with a run of zeros'],
  ])('refuses %s', (_name, bytes, reason) => {
    const runs = Uint8Array.from(bytes)
    for (const read of [decodeTile, runsArea, runsBounds]) {
      expect(refusal(() => read(runs))).toBe(`The mask data is damaged: ${reason}.`)
    }
    expect(refusal(() => xorRuns(new Uint8Array(), runs))).toContain(reason)
  })

  test('reads any bytes without harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const answer = refusal(() => {
          expect([...encodeTile(decodeTile(bytes))]).toEqual([...bytes])
        })
        expect(answer === 'accepted' || answer.startsWith('The mask data is damaged')).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

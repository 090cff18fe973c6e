import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AppError } from '../../shared/errors.ts'
import { decodeFeatures, encodeFeatures } from './feature-file.ts'
import { rounded } from './feature-maps.ts'
import { featurePath } from './feature-path.ts'
import type { FeatureKey } from './feature-path.ts'
import type { FeatureMaps } from './predictor.ts'

const key: FeatureKey = {
  contentHash: 'ab'.repeat(32),
  featureHash: 'cd'.repeat(32),
  input: { width: 128, height: 64 },
}

function features(names: readonly string[], value: (index: number) => number): FeatureMaps {
  const shape = { stride: 32, channels: 3, height: 2, width: 4 }
  return {
    inputWidth: 128,
    inputHeight: 64,
    maps: Object.fromEntries(
      names.map((name, map) => [
        name,
        { ...shape, data: Float32Array.from({ length: 24 }, (_, i) => value(map * 24 + i)) },
      ]),
    ),
  }
}

test('values come back as half precision, whatever the names and lengths', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.stringMatching(/^[a-z0-9]{1,7}$/), { maxLength: 4 }),
      fc.array(fc.float({ min: -60_000, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 96 }),
      (names, values) => {
        const source = features(names, (i) => values[i % values.length]!)
        const found = decodeFeatures(key, encodeFeatures(key, source))
        expect(rounded(source)).toEqual(found)
        expect(found).toEqual({
          ...source,
          maps: Object.fromEntries(
            Object.entries(source.maps).map(([name, map]) => [name, { ...map, data: map.data.map(Math.f16round) }]),
          ),
        })
        // Rounding again changes nothing: what is stored is what is predicted from.
        expect(decodeFeatures(key, encodeFeatures(key, found!))).toEqual(found)
      },
    ),
  )
})

test('any altered or missing byte is noticed', () => {
  const bytes = encodeFeatures(
    key,
    features(['s8', 's32'], (i) => i / 3),
  )
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const altered = bytes.slice()
      altered[at]! ^= flip
      expect(decodeFeatures(key, altered)).toBeNull()
      expect(decodeFeatures(key, bytes.subarray(0, at))).toBeNull()
    }),
  )
})

test('the features of another image, model or size are not taken', () => {
  const bytes = encodeFeatures(
    key,
    features(['s8'], () => 1),
  )
  for (const other of [
    { ...key, contentHash: 'ee'.repeat(32) },
    { ...key, featureHash: 'ee'.repeat(32) },
    { ...key, input: { width: 64, height: 128 } },
  ]) {
    expect(decodeFeatures(other, bytes)).toBeNull()
  }
  expect(decodeFeatures(key, bytes)).not.toBeNull()
})

test('what is no hash cannot become a path', () => {
  for (const contentHash of ['../../../etc/passwd', '', 'AB'.repeat(32), `${'ab'.repeat(32)}/..`]) {
    expect(() => featurePath('/cache', { ...key, contentHash })).toThrow(AppError)
  }
  expect(featurePath('/cache', key)).toMatch(/^[/\\]cache[/\\]cdcdcdcdcdcdcdcd[/\\]ab[/\\](ab){32}-128x64\.features$/)
})

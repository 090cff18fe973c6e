import fc from 'fast-check'
import { expect, test } from 'vitest'
import { guidedCoefficients, guidedRows, prepareGuide } from '../../shared/geometry/guided-filter.ts'
import { bitmapFromTiles, tilesArea } from '../../shared/mask/tiles.ts'
import type { RgbPixels } from './engine-port.ts'
import { segmentScores } from './segment.ts'
import type { ClassScore } from './segment.ts'

/** Deterministic noise, 0 to 1. */
function noise(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function randomGuide(width: number, height: number, seed: number): RgbPixels {
  const random = noise(seed)
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, () => random() * 256) }
}

function randomClass(classId: string, threshold: number, width: number, height: number, seed: number): ClassScore {
  return {
    classId,
    threshold,
    map: { width, height, data: Float32Array.from({ length: width * height }, noise(seed)) },
  }
}

/** Refined map at full size, straight from the definition: whole maps, no skipping. */
function fullSize(
  size: { readonly width: number; readonly height: number },
  guide: RgbPixels,
  { map }: ClassScore,
): Float32Array {
  const subsampling = Math.max(1, Math.ceil(Math.max(guide.width, guide.height) / 512))
  const cell = Math.max(guide.width / map.width, guide.height / map.height) / subsampling
  const options = { subsampling, radius: Math.max(1, Math.round(cell * 0.5)), epsilon: 1e-3 }
  const rows = guidedRows(guidedCoefficients(prepareGuide(guide, options), map.data, map.width, map.height))
  const refined = new Float32Array(guide.width * guide.height)
  for (let y = 0; y < guide.height; y++) rows(y, refined.subarray(y * guide.width))
  const position = (i: number, count: number, source: number): { at: number; next: number; share: number } => {
    const centre = Math.min(Math.max(((i + 0.5) * source) / count - 0.5, 0), source - 1)
    const at = Math.min(Math.floor(centre), Math.max(source - 2, 0))
    return { at, next: Math.min(at + 1, source - 1), share: Math.fround(centre - at) }
  }
  return Float32Array.from({ length: size.width * size.height }, (_, pixel) => {
    const x = position(pixel % size.width, size.width, guide.width)
    const y = position(Math.floor(pixel / size.width), size.height, guide.height)
    const column = (index: number): number =>
      Math.fround(
        refined[y.at * guide.width + index]! * (1 - y.share) + refined[y.next * guide.width + index]! * y.share,
      )
    return column(x.at) * (1 - x.share) + column(x.next) * x.share
  })
}

test("the score is the map's own where the predictor gives one, the presence too, and 0 without a pixel", () => {
  const guide = randomGuide(64, 64, 1)
  const map = { width: 8, height: 8, data: new Float32Array(64).fill(0.8) }
  const score = (own: object, threshold = 0.5): { readonly score: number; readonly presence: number } => {
    const [found] = segmentScores({ width: 64, height: 64 }, guide, [
      { classId: 'c', threshold, map: { ...map, ...own } },
    ])
    return { score: found?.score ?? Number.NaN, presence: found?.presence ?? Number.NaN }
  }
  expect(score({ score: 0.3, presence: 0.9 })).toEqual({ score: 0.3, presence: 0.9 })
  const plain = score({})
  expect(plain.score).toBeCloseTo(0.6, 3)
  expect(plain.presence).toBeCloseTo(0.3, 6)
  expect(score({ score: 0.3 }, 0.9).score).toBe(0)
})

test('masks are the argmax of the margins of the refined and upsampled maps, pixel by pixel', () => {
  fc.assert(
    fc.property(
      fc.record({
        guideWidth: fc.integer({ min: 1, max: 40 }),
        guideHeight: fc.integer({ min: 1, max: 40 }),
        scale: fc.constantFrom(1, 1.7, 3),
        gridWidth: fc.integer({ min: 1, max: 6 }),
        gridHeight: fc.integer({ min: 1, max: 6 }),
        thresholds: fc.array(fc.constantFrom(0.2, 0.45, 0.5, 0.55, 0.9), { minLength: 1, maxLength: 4 }),
        seed: fc.nat(1000),
      }),
      ({ guideWidth, guideHeight, scale, gridWidth, gridHeight, thresholds, seed }) => {
        const size = { width: Math.round(guideWidth * scale), height: Math.round(guideHeight * scale) }
        const guide = randomGuide(guideWidth, guideHeight, seed)
        const classes = thresholds.map((threshold, index) =>
          randomClass(`c${index}`, threshold, gridWidth, gridHeight, seed + index + 1),
        )
        const predictions = segmentScores(size, guide, classes)
        const full = classes.map((entry) => fullSize(size, guide, entry))
        const expected = new Int32Array(size.width * size.height).map((_, pixel) => {
          let owner = -1
          let best = 0
          for (const [index, { threshold }] of classes.entries()) {
            const margin = Math.fround(full[index]![pixel]! - threshold)
            if (margin > best) {
              best = margin
              owner = index
            }
          }
          return owner
        })
        for (const [index, prediction] of predictions.entries()) {
          const mask = bitmapFromTiles(prediction.tiles, size.width, size.height)
          expect([...mask.data]).toEqual([...expected].map((owner) => (owner === index ? 1 : 0)))
          expect(prediction.area).toBe(tilesArea(prediction.tiles))
        }
      },
    ),
    { numRuns: 150 },
  )
})

test('masks cross tile borders without a seam', () => {
  const size = { width: 1100, height: 700 }
  const guide = randomGuide(550, 350, 1)
  const entry = randomClass('a', 0.5, 9, 6, 5)
  const [prediction] = segmentScores(size, guide, [entry])
  const full = fullSize(size, guide, entry)
  const mask = bitmapFromTiles(prediction!.tiles, size.width, size.height)
  let wrong = 0
  for (const [pixel, value] of full.entries()) if ((value > 0.5 ? 1 : 0) !== mask.data[pixel]) wrong += 1
  expect(wrong).toBe(0)
  expect(prediction!.area).toBeGreaterThan(0)
  // Columns and rows of tiles beyond the first: the mask really crosses the borders at 512 px.
  expect(prediction!.tiles.some(({ x, y }) => x > 0 && y > 0)).toBe(true)
})

test('a class that is nowhere above its threshold is empty and has score 0', () => {
  const flat = (classId: string, value: number): ClassScore => ({
    classId,
    threshold: 0.5,
    map: { width: 2, height: 2, data: new Float32Array(4).fill(value) },
  })
  const predictions = segmentScores({ width: 20, height: 10 }, randomGuide(20, 10, 4), [
    flat('no', 0.4),
    flat('yes', 1),
  ])
  expect(predictions).toMatchObject([
    { classId: 'no', tiles: [], area: 0, score: 0 },
    { classId: 'yes', area: 200 },
  ])
  expect(predictions[1]!.score).toBeCloseTo(1, 4)
})

test('the score rises with the certainty', () => {
  const scoreOf = (value: number): number =>
    segmentScores({ width: 8, height: 8 }, randomGuide(8, 8, 2), [
      { classId: 'a', threshold: 0.5, map: { width: 1, height: 1, data: Float32Array.of(value) } },
    ])[0]!.score
  expect(scoreOf(0.75)).toBeCloseTo(0.5, 4)
  expect(scoreOf(0.6)).toBeLessThan(scoreOf(0.7))
})

import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { linearProbe } from './baselines.ts'
import { boxMask, madeFeatures } from './made-features.fixture.ts'
import type { Box, Grid } from './made-features.fixture.ts'
import { backboneEntrySchema, readModelEntry } from './models.ts'
import type { PredictorContext } from './predictors.ts'
import { createPredictor } from './predictors.ts'

const modelsFolder = fileURLToPath(new URL('../../../models', import.meta.url))
const grid: Grid = { width: 12, height: 8 }
const outlined: Box = [2, 2, 6, 6]
const wanted: Box = [4, 2, 10, 6]
let context: PredictorContext

beforeAll(async () => {
  const backbone = await readModelEntry(modelsFolder, 'backbone', backboneEntrySchema)
  context = { modelsFolder, threads: 1, backbone }
})

test.each(['prototype-cosine', 'linear-probe'])('%s finds what its support outlines', async (id) => {
  const predictor = await createPredictor(id, context)
  const encode = (): Promise<Uint8Array> =>
    predictor.encodeSupport(madeFeatures(grid, 11, outlined), boxMask(grid, outlined))
  const state = await predictor.fit([await encode()])
  expect(await predictor.fit([await encode()])).toEqual(state)
  const [map] = await predictor.predict(madeFeatures(grid, 31, wanted), [state])
  const [left, top, right, bottom] = wanted
  map?.data.forEach((score, cell) => {
    const x = cell % grid.width
    const y = Math.floor(cell / grid.width)
    // The coarse map blurs the border: one cell of it is two of these.
    const border = Math.min(
      Math.abs(x + 0.5 - left),
      Math.abs(x + 0.5 - right),
      Math.abs(y + 0.5 - top),
      Math.abs(y + 0.5 - bottom),
    )
    if (border < 1) return
    expect(score > state.threshold, `${x}, ${y}`).toBe(x >= left && x < right && y >= top && y < bottom)
  })
  await expect(predictor.fit([])).rejects.toMatchObject({ key: 'noSupports' })
})

test('the probe is the minimum of its weighted squares and ridge, by a numerical gradient', () => {
  const values = Float32Array.from([1, 0, 0.8, 0.6, 0, 1, -0.6, 0.8, 0.6, -0.8])
  const tokens = {
    count: 5,
    channels: 2,
    values,
    foreground: Float32Array.from([1, 0.5, 0, 0, 0.2]),
    background: Float32Array.from([0, 0.5, 1, 1, 0.3]),
  }
  const totals = { fg: 1.7, bg: 2.8 }
  const mean = [0, 1].map((c) =>
    [0, 1, 2, 3, 4].reduce((sum, t) => {
      const share = (tokens.foreground[t]! / totals.fg + tokens.background[t]! / totals.bg) / 2
      return sum + share * values[2 * t + c]!
    }, 0),
  )
  const loss = (w: readonly number[], bias: number, ridge: number): number =>
    [0, 1, 2, 3, 4].reduce(
      (sum, t) => {
        const value = w[0]! * values[2 * t]! + w[1]! * values[2 * t + 1]! + bias
        return (
          sum +
          (tokens.foreground[t]! / totals.fg / 2) * (1 - value) ** 2 +
          (tokens.background[t]! / totals.bg / 2) * value ** 2
        )
      },
      ridge * (w[0]! ** 2 + w[1]! ** 2),
    )
  const trace = [0, 1, 2, 3, 4].reduce((sum, t) => {
    const share = (tokens.foreground[t]! / totals.fg + tokens.background[t]! / totals.bg) / 2
    return sum + share * ((values[2 * t]! - mean[0]!) ** 2 + (values[2 * t + 1]! - mean[1]!) ** 2)
  }, 0)
  const { weights, bias } = linearProbe(tokens)
  const found = [weights[0]!, weights[1]!, bias]
  const at = (v: readonly number[]): number => loss([v[0]!, v[1]!], v[2]!, trace / 2)
  for (const axis of [0, 1, 2]) {
    const moved = (by: number): number => at(found.map((value, i) => (i === axis ? value + by : value)))
    expect(Math.abs(moved(1e-4) - moved(-1e-4)) / 2e-4).toBeLessThan(1e-5)
  }
})

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBitmap } from '../../shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../shared/mask/tiles.ts'
import type { Box } from './made-features.fixture.ts'
import { backboneEntrySchema, readModelEntry } from './models.ts'
import type { BackboneEntry } from './models.ts'
import { goldenFeatures } from './msdnet-golden.ts'
import type { TiledMask } from './predictor.ts'
import { createTrainingFreePredictor } from './training-free.ts'
import type { TrainingFreePredictor } from './training-free.ts'

const modelsFolder = fileURLToPath(new URL('../../../models', import.meta.url))

/** Made by `models/exemplar_models/golden.py`; raw scores. */
interface Golden {
  readonly height: number
  readonly width: number
  readonly supportBoxes: readonly [Box, Box]
  readonly queryBox: Box
  readonly score1: readonly number[]
  readonly score2: readonly number[]
  /** Foreground cells after weak regions are suppressed, for one and for two supports. */
  readonly kept: readonly [number, number]
}
const golden = JSON.parse(readFileSync(`${modelsFolder}/golden/training-free.json`, 'utf8')) as Golden

/** A mask pixel is half a cell; one pixel column more on the left than the box. */
function maskOf([left, top, right, bottom]: Box): TiledMask {
  const width = golden.width * 2
  const height = golden.height * 2
  const bitmap = createBitmap(width, height)
  for (let y = top * 2; y < bottom * 2; y++) bitmap.data.fill(1, y * width + left * 2 - 1, y * width + right * 2)
  return { width, height, tiles: tilesFromBitmap(bitmap) }
}

/** The raw scores behind a score map, NaN where it is clipped. */
function rawOf(data: Float32Array): number[] {
  return Array.from(data, (value) => (value <= 0 || value >= 1 ? Number.NaN : (value - 0.5) / 2 + 0.075))
}

function expectScores(found: Float32Array, expected: readonly number[]): void {
  const raw = rawOf(found)
  let compared = 0
  raw.forEach((value, cell) => {
    // Cells of suppressed weak regions are compared by `kept`.
    if (Number.isNaN(value) || Math.abs(value - 0.055) < 1e-6) return
    compared++
    expect(Math.abs(value - (expected[cell] ?? Number.NaN)), `cell ${String(cell)}`).toBeLessThan(2e-4)
  })
  expect(compared).toBeGreaterThan(found.length / 2)
}

let predictor: TrainingFreePredictor
let backbone: BackboneEntry
beforeAll(async () => {
  backbone = await readModelEntry(modelsFolder, 'backbone', backboneEntrySchema)
  predictor = await createTrainingFreePredictor({ modelsFolder, threads: 1, backbone })
})
afterAll(() => predictor[Symbol.asyncDispose]())

async function encodeBoth(): Promise<readonly [Uint8Array, Uint8Array]> {
  const [first, second] = golden.supportBoxes
  return [
    await predictor.encodeSupport(goldenFeatures(golden, 11, first), maskOf(first)),
    await predictor.encodeSupport(goldenFeatures(golden, 21, second), maskOf(second)),
  ]
}

test('scores are those of the Python reference, through encoding, merging and storing', async () => {
  const supports = await encodeBoth()
  const query = goldenFeatures(golden, 31, golden.queryBox)
  const one = await predictor.fit(supports.slice(0, 1))
  const two = await predictor.fit(supports)
  const [first, second] = await predictor.predict(query, [one, two])
  expect(first).toMatchObject({ width: golden.width, height: golden.height })
  expectScores(first?.data ?? new Float32Array(), golden.score1)
  expectScores(second?.data ?? new Float32Array(), golden.score2)
  const kept = [first, second].map((map) => map?.data.filter((value) => value > one.threshold).length)
  expect(kept).toEqual(golden.kept)
  // The case is not trivial: something weak is there to be suppressed.
  expect(golden.kept[0]).toBeLessThan(golden.score1.filter((s) => s > 0.075).length)
})

test('a state is bounded, portable and gives the same bytes each time', async () => {
  const [first] = await encodeBoth()
  const [again] = await encodeBoth()
  expect(first.length).toBeLessThanOrEqual(256 * 1024)
  expect(again).toEqual(first)
  const query = goldenFeatures(golden, 31, golden.queryBox)
  // A copy inside a larger buffer at an odd offset, as it may come from a data base.
  const moved = new Uint8Array(first.length + 3)
  moved.set(first, 3)
  const states = [await predictor.fit([first]), await predictor.fit([moved.subarray(3)])]
  const [a, b] = await predictor.predict(query, states)
  expect(b).toEqual(a)
})

test('leave-one-out is measured from two supports on', async () => {
  const [first, second] = await encodeBoth()
  expect((await predictor.fit([first])).scores).toEqual({})
  const { leaveOneOutIoU } = (await predictor.fit([first, second])).scores
  expect(leaveOneOutIoU).toBeGreaterThan(0.5)
  expect(leaveOneOutIoU).toBeLessThanOrEqual(1)
})

test('many supports keep a class within its bound', async () => {
  const [first, second] = await encodeBoth()
  const supports = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? first : second))
  const state = await predictor.fit(supports)
  expect(state.bytes.length).toBeLessThan(8640 * 481)
  const [map] = await predictor.predict(goldenFeatures(golden, 31, golden.queryBox), [state])
  const [left, top, right] = golden.queryBox
  const inside = map?.data[(top + 2) * golden.width + Math.floor((left + right) / 2)] ?? 0
  expect(inside).toBeGreaterThan(state.threshold)
})

test('an empty or vanishing mask is refused', async () => {
  const features = goldenFeatures(golden, 11, golden.supportBoxes[0])
  const { width, height } = maskOf(golden.supportBoxes[0])
  await expect(predictor.encodeSupport(features, { width, height, tiles: [] })).rejects.toMatchObject({
    code: 'InvalidInput',
    key: 'emptyMask',
  })
})

test('states of another model and damaged bytes are refused', async () => {
  const [first] = await encodeBoth()
  const changed = { ...backbone, sha256: '0'.repeat(64) }
  await using other = await createTrainingFreePredictor({ modelsFolder, threads: 1, backbone: changed })
  expect(other.modelHash).not.toBe(predictor.modelHash)
  await expect(other.fit([first])).rejects.toMatchObject({ code: 'ModelMismatch' })
  await expect(predictor.fit([first.subarray(0, 100)])).rejects.toMatchObject({ code: 'InvalidInput' })
  await expect(predictor.fit([new Uint8Array()])).rejects.toMatchObject({ code: 'InvalidInput' })
  await expect(predictor.fit([])).rejects.toMatchObject({ code: 'InvalidInput' })
})

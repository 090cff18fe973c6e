import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tinyDecoder, tinyEncoder, writeTinyMsdnet } from '../../../test/support/tiny-msdnet.ts'
import type { TinyMsdnetChange } from '../../../test/support/tiny-msdnet.ts'
import type { Box as PixelBox } from '../../shared/domain/records.ts'
import { isAppError } from '../../shared/errors.ts'
import { boxMask, madeFeatures } from './made-features.fixture.ts'
import type { Box, Grid } from './made-features.fixture.ts'
import { backboneEntrySchema, readModelEntry } from './models.ts'
import type { BackboneEntry } from './models.ts'
import { createMsdnetPredictor, scoreMap } from './msdnet.ts'
import type { MsdnetPredictor } from './msdnet.ts'
import type { ScoreMap, ZoomedView } from './predictor.ts'
import { createPredictor } from './predictors.ts'
import { createTrainingFreePredictor } from './training-free.ts'

const modelsFolder = fileURLToPath(new URL('../../../models', import.meta.url))
const grid: Grid = { width: 12, height: 8 }
const first: Box = [2, 2, 6, 6]
const second: Box = [6, 2, 10, 6]
const wanted: Box = [4, 2, 10, 6]

let folder = ''
let backbone: BackboneEntry
let predictor: MsdnetPredictor

function write(name: string, change: TinyMsdnetChange): string {
  writeTinyMsdnet(join(folder, name), modelsFolder, change)
  return join(folder, name)
}

function open(models: string, entry = backbone): Promise<MsdnetPredictor> {
  return createMsdnetPredictor({ modelsFolder: models, threads: 1, backbone: entry })
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'msdnet-'))
  backbone = await readModelEntry(modelsFolder, 'backbone', backboneEntrySchema)
  predictor = await open(write('plain', {}))
})
afterAll(async () => {
  await predictor[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

function encode(box: Box, seed: number, kind = 1, from = predictor): Promise<Uint8Array> {
  return from.encodeSupport(madeFeatures(grid, seed, box, kind), boxMask(grid, box))
}

/** Share of the grid's cells whose side of the threshold is that of the box. */
function agreement(map: ScoreMap | undefined, threshold: number, [left, top, right, bottom]: Box): number {
  if (map === undefined) return 0
  const cell = map.width / grid.width
  const right4 = map.data.filter((value, at) => {
    const x = Math.floor((at % map.width) / cell)
    const y = Math.floor(at / map.width / cell)
    return value > threshold === (x >= left && x < right && y >= top && y < bottom)
  })
  return right4.length / map.data.length
}

test('finds in a query what its supports outline, on a grid four times as fine', async () => {
  const state = await predictor.fit([await encode(first, 11), await encode(second, 12)])
  const [map] = await predictor.predict(madeFeatures(grid, 31, wanted), [state])
  expect(map).toMatchObject({ width: 48, height: 32 })
  expect(agreement(map, state.threshold, wanted)).toBeGreaterThan(0.97)
  expect(map?.presence).toBeGreaterThan(0.9)
  expect(map?.score).toBeGreaterThan(0.5)
})

test('a state is bounded, portable, and gives the same bytes each time', async () => {
  const large: Grid = { width: 44, height: 32 }
  const encodeLarge = (): Promise<Uint8Array> =>
    predictor.encodeSupport(madeFeatures(large, 5, [4, 4, 20, 20]), boxMask(large, [4, 4, 20, 20]))
  const state = await encodeLarge()
  // Tokens in 256 KB, pooled features and scene beside them.
  expect(state.length).toBeLessThanOrEqual(256 * 1024 + 4 * (3 * 48 + 3 + 1 + 352 + 1) + 48)
  expect(await encodeLarge()).toEqual(state)
  const fitted = await predictor.fit([state])
  const moved = new Uint8Array(fitted.bytes.length + 3)
  moved.set(fitted.bytes, 3)
  const query = madeFeatures(grid, 31, wanted)
  const [a, b] = await predictor.predict(query, [fitted, { ...fitted, bytes: moved.subarray(3) }])
  expect(b).toEqual(a)
})

test('the order of supports does not matter', async () => {
  const supports = [await encode(first, 11), await encode(second, 12), await encode([1, 1, 5, 5], 13)]
  const query = madeFeatures(grid, 31, wanted)
  const [forward] = await predictor.predict(query, [await predictor.fit(supports)])
  const [backward] = await predictor.predict(query, [await predictor.fit(supports.toReversed())])
  forward?.data.forEach((value, at) => {
    expect(Math.abs(value - (backward?.data[at] ?? 2))).toBeLessThan(1e-5)
  })
  expect(backward?.presence).toBeCloseTo(forward?.presence ?? 2, 5)
})

test('learns from one to twenty supports within its bound, and says how well they agree', async () => {
  const supports = await Promise.all(Array.from({ length: 20 }, (_, i) => encode(i % 2 === 0 ? first : second, i + 1)))
  const one = await predictor.fit(supports.slice(0, 1))
  expect(one.scores).toEqual({})
  const all = await predictor.fit(supports)
  expect(all.scores['leaveOneOutIoU']).toBeGreaterThan(0.5)
  expect(all.bytes.length).toBeLessThan(8640 * 480 + 20 * 4 * 520)
  const [map] = await predictor.predict(madeFeatures(grid, 31, wanted), [all])
  expect(agreement(map, all.threshold, wanted)).toBeGreaterThan(0.97)
})

test('several classes are told apart', async () => {
  const one = await predictor.fit([await encode(first, 11, 1)])
  const other = await predictor.fit([await encode(first, 12, 2)])
  const [mine, theirs] = await predictor.predict(madeFeatures(grid, 31, wanted, 1), [one, other])
  const at = (map: ScoreMap | undefined): number => map?.data[16 * 48 + 28] ?? Number.NaN
  expect(at(mine)).toBeGreaterThan(at(theirs))
  expect(agreement(mine, one.threshold, wanted)).toBeGreaterThan(0.97)
})

test('an image without the class comes out empty', async () => {
  const state = await predictor.fit([await encode(first, 11)])
  const [map] = await predictor.predict(madeFeatures(grid, 31, null), [state])
  expect(map?.presence).toBeLessThan(0.5)
  expect(Math.max(...(map?.data ?? [1]))).toBe(0)
  expect(map?.score).toBe(0)
})

test('how sure it must be that the class is there depends on the number of examples, not of their views', async () => {
  const presenceThresholds = [
    { supports: 1, value: 0 },
    { supports: 2, value: 1 },
  ]
  await using strict = await open(write('strict', { recipe: { presenceThresholds } }))
  const features = madeFeatures(grid, 11, first)
  const close: ZoomedView = { region: [4, 4, 24, 24], features: madeFeatures(grid, 4, [2, 2, 9, 6]) }
  const example = await strict.encodeSupport(features, boxMask(grid, first), { zoomed: close })
  const query = madeFeatures(grid, 31, wanted)
  const [one] = await strict.predict(query, [await strict.fit([example])])
  const [two] = await strict.predict(query, [await strict.fit([example, await encode(second, 12, 1, strict)])])
  expect(Math.max(...(one?.data ?? []))).toBeGreaterThan(0.5)
  expect(Math.max(...(two?.data ?? [1]))).toBe(0)
})

test('what was erased reaches the graph', async () => {
  const features = madeFeatures(grid, 11, first)
  const mask = boxMask(grid, first)
  const with_ = await predictor.encodeSupport(features, mask, { negative: boxMask(grid, second) })
  expect(with_).not.toEqual(await predictor.encodeSupport(features, mask))
})

describe('an example with its surroundings enlarged', () => {
  const wholeGrid: Grid = { width: 20, height: 16 }
  const box: Box = [10, 6, 13, 9]
  const mask = boxMask(wholeGrid, box)
  /** In pixels, of which a cell of the whole grid has 4 x 4. */
  const region: PixelBox = [28, 16, 32, 32]
  /** The thing fills more cells of the region's own grid. */
  const close = (seed: number): ZoomedView => ({ region, features: madeFeatures(grid, seed, [5, 2, 9, 5]) })
  const features = madeFeatures(wholeGrid, 3, box)
  const headerBytes = 40

  /** Tokens of each block. */
  function tokenCounts(bytes: Uint8Array, numbers = 3 * 48 + 3 + 1 + 352 + 1): number[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const counts: number[] = []
    for (let at = headerBytes; at < bytes.length;) {
      const count = view.getUint32(at + 4, true)
      counts.push(count)
      at += 8 + count * (8 + view.getUint32(at, true)) + 4 * numbers
    }
    return counts
  }

  test('is both views side by side, each with its part of outline and of what was erased', async () => {
    const negative = boxMask(wholeGrid, [8, 5, 9, 12])
    const both = await predictor.encodeSupport(features, mask, { negative, zoomed: close(4) })
    const first = await predictor.encodeSupport(features, mask, { negative })
    // What lies in the region, of 8 x 8 cells.
    const cut: Grid = { width: 8, height: 8 }
    const second = await predictor.encodeSupport(close(4).features, boxMask(cut, [3, 2, 6, 5]), {
      negative: boxMask(cut, [1, 1, 2, 8]),
    })
    // 320 cells of the whole image are more than half of the tokens.
    expect([tokenCounts(first), tokenCounts(second), tokenCounts(both)]).toEqual([[320], [96], [270, 96]])
    // But for the last number: one of two views, or one alone.
    const zoomedBytes = second.length - headerBytes
    expect(both.subarray(-zoomedBytes, -4)).toEqual(second.subarray(headerBytes, -4))
  })

  test('takes no more tokens than one view, alone or among twenty', async () => {
    const large: Grid = { width: 44, height: 32 }
    const outline: Box = [20, 12, 26, 18]
    const zoomed: ZoomedView = {
      region: [56, 24, 72, 72],
      features: madeFeatures({ width: 28, height: 28 }, 8, [9, 9, 18, 18]),
    }
    const state = await predictor.encodeSupport(madeFeatures(large, 5, outline), boxMask(large, outline), { zoomed })
    expect(tokenCounts(state)).toEqual([270, 270])
    const one = await predictor.encodeSupport(madeFeatures(large, 6, outline), boxMask(large, outline))
    expect(tokenCounts(one)).toEqual([540])
    const fitted = await predictor.fit([one, ...Array.from({ length: 19 }, () => state)])
    expect(tokenCounts(fitted.bytes)).toEqual([432, ...Array.from({ length: 38 }, () => 216)])
  })

  test('is found again, also beside examples of one view', async () => {
    const zoomed = await predictor.encodeSupport(features, mask, { zoomed: close(4) })
    for (const supports of [[zoomed], [zoomed, await encode(first, 11)]]) {
      const state = await predictor.fit(supports)
      const [map] = await predictor.predict(madeFeatures(grid, 31, wanted), [state])
      expect(agreement(map, state.threshold, wanted)).toBeGreaterThan(0.97)
    }
  })

  test('is one view where the outline leaves nothing in the region', async () => {
    const elsewhere: ZoomedView = { ...close(4), region: [0, 0, 32, 32] }
    const state = await predictor.encodeSupport(features, mask, { zoomed: elsewhere })
    expect(state).toEqual(await predictor.encodeSupport(features, mask))
  })

  test('is left out whole where agreement is measured', async () => {
    // The opposite: the ground is outlined, the thing is not.
    const opposite = await predictor.encodeSupport(madeFeatures(wholeGrid, 5, box), boxMask(wholeGrid, [0, 0, 9, 16]), {
      zoomed: { region: [0, 0, 48, 64], features: madeFeatures(grid, 6, [10, 3, 12, 5]) },
    })
    const alike = await predictor.encodeSupport(madeFeatures(wholeGrid, 7, box), mask, { zoomed: close(8) })
    const state = await predictor.encodeSupport(features, mask, { zoomed: close(4) })
    expect((await predictor.fit([state])).scores).toEqual({})
    expect((await predictor.fit([state, alike])).scores['leaveOneOutIoU']).toBeGreaterThan(0.5)
    // With its other view still there, each view would be recognised.
    expect((await predictor.fit([state, opposite])).scores['leaveOneOutIoU']).toBeLessThan(0.1)
  })
})

test('supports of a scene like the query count for more where the recipe says so', async () => {
  await using weighted = await open(write('weighted', { recipe: { sceneTemperature: 1e-3 } }))
  // The first support's scene is the query's own; the second calls the background the class.
  const query = madeFeatures(grid, 31, wanted)
  const alike = await weighted.encodeSupport(query, boxMask(grid, wanted))
  const unlike = await weighted.encodeSupport(madeFeatures(grid, 12, [0, 0, 2, 8], 2), boxMask(grid, [4, 0, 12, 8]))
  const [sure] = await weighted.predict(query, [await weighted.fit([alike])])
  const [both] = await weighted.predict(query, [await weighted.fit([alike, unlike])])
  expect(agreement(both, 0.5, wanted)).toBeCloseTo(agreement(sure, 0.5, wanted), 2)
  expect(weighted.modelHash).not.toBe(predictor.modelHash)
})

test('the score of a proposal is the estimate that its recipe describes', () => {
  const recipe = {
    tokensPerSupport: 540,
    threshold: 0.5,
    presenceThresholds: [{ supports: 1, value: 0.2 }],
    calibration: { bias: 0.3, presence: 0.1, agreement: 2, area: -0.2 },
  }
  const logit = (p: number): number => Math.log(p / (1 - p))
  const logits = Float32Array.from([0.9, 0.8, 0.3, 0.1], logit)
  const { score, presence } = scoreMap({ width: 2, height: 2, logits, presence: 20 }, recipe, 0.2)
  // A = (0.9 + 0.8) / (2 + 0.4), presence clipped to 8, half of the grid.
  const expected = 0.3 + 0.1 * 8 + (2 * 1.7) / 2.4 - 0.2 * Math.log(0.5)
  expect(score).toBeCloseTo(1 / (1 + Math.exp(-expected)), 6)
  expect(presence).toBeCloseTo(1, 6)
  const nothing = scoreMap({ width: 2, height: 2, logits: new Float32Array(4).fill(-3), presence: 1 }, recipe, 0.2)
  expect(nothing.score).toBe(0)
})

test('an empty mask and no supports are refused', async () => {
  const features = madeFeatures(grid, 11, first)
  const empty = { width: 48, height: 32, tiles: [] }
  await expect(predictor.encodeSupport(features, empty)).rejects.toMatchObject({ key: 'emptyMask' })
  await expect(predictor.fit([])).rejects.toMatchObject({ key: 'noSupports' })
})

describe('what the class has learnt is refused', () => {
  test('when the training-free predictor made it, in both directions', async () => {
    await using other = await createTrainingFreePredictor({ modelsFolder, threads: 1, backbone })
    const features = madeFeatures(grid, 11, first)
    const theirs = await other.encodeSupport(features, boxMask(grid, first))
    await expect(predictor.fit([theirs])).rejects.toMatchObject({ key: 'stateOfOtherModel' })
    await expect(other.fit([await encode(first, 11)])).rejects.toMatchObject({ key: 'stateOfOtherModel' })
  })

  test('when another export made it', async () => {
    await using other = await open(write('other', { recipe: { threshold: 0.4 } }))
    await expect(other.fit([await encode(first, 11)])).rejects.toMatchObject({ key: 'stateOfOtherModel' })
  })

  test('when it was written before its format or the views changed', async () => {
    const state = await encode(first, 11)
    new DataView(state.buffer, state.byteOffset).setUint32(4, 1, true)
    await expect(predictor.fit([state])).rejects.toMatchObject({ key: 'stateOfOtherModel' })
  })

  test('when its bytes are damaged', async () => {
    const state = await encode(first, 11)
    const cut = [state.subarray(0, 100), state.subarray(0, -1), new Uint8Array()]
    for (const bytes of cut) await expect(predictor.fit([bytes])).rejects.toMatchObject({ key: 'stateDamaged' })
  })
})

describe('a model that cannot be used is refused with its file', () => {
  const encoder = tinyEncoder()
  const decoder = tinyDecoder()
  const without = <Each extends { readonly name: string }>(list: readonly Each[], name: string): Each[] =>
    list.filter((each) => each.name !== name)
  const renamed = (graph: typeof decoder, from: string, to: string): typeof decoder => ({
    ...graph,
    outputs: graph.outputs.map((each) => (each.name === from ? { ...each, name: to } : each)),
    nodes: graph.nodes.map((node) => (node.output === from ? { ...node, output: to } : node)),
  })

  test.each<readonly [string, TinyMsdnetChange, string, RegExp]>([
    [
      'output missing',
      { decoder: renamed(decoder, 'presence', 'there'), promised: { decoder } },
      'tiny-msdnet.onnx',
      /no output "presence", which its manifest promises/,
    ],
    [
      'output not promised',
      { decoder: { ...decoder, outputs: without(decoder.outputs, 'presence') } },
      'tiny-msdnet.onnx',
      /promises no output "presence", which every MSDNet has/,
    ],
    [
      'unknown input',
      { encoder: { ...encoder, inputs: [...encoder.inputs, { name: 'mood', shape: [1] }] } },
      'tiny-encoder.onnx',
      /wants an input "mood"/,
    ],
    [
      'other shape',
      {
        promised: {
          encoder: {
            ...encoder,
            outputs: encoder.outputs.map((each) => (each.name === 'scene' ? { name: 'scene', shape: [1, 320] } : each)),
          },
        },
      },
      'tiny-encoder.onnx',
      /"scene" has the shape \[1, 352\], its manifest says \[1, 320\]/,
    ],
    [
      'no numbers',
      { decoder: { ...decoder, constants: { ...decoder.constants, tiny: -1e9 } } },
      'tiny-msdnet.onnx',
      /values that are no numbers/,
    ],
    [
      'wrong grid',
      { decoder: { ...decoder, constants: { ...decoder.constants, quadrupled: [1, 1, 2, 2] } } },
      'tiny-msdnet.onnx',
      /its grid has 16 x 8 cells instead of 32 x 16/,
    ],
    [
      'one support only',
      {
        decoder: {
          ...decoder,
          constants: { ...decoder.constants, once: { whole: [1, 1, 3, 48] } },
          nodes: decoder.nodes.flatMap((node) =>
            node.output === 'pooled mean'
              ? [
                  { type: 'Reshape', inputs: ['pooled', 'once'], output: 'only one' },
                  { ...node, inputs: ['only one'] },
                ]
              : [node],
          ),
        },
      },
      'tiny-msdnet.onnx',
      /Reshape/,
    ],
    [
      'negative weights',
      { encoder: { ...encoder, constants: { ...encoder.constants, three: -3, one: -1 } } },
      'tiny-encoder.onnx',
      /negative weights/,
    ],
  ])('%s', async (name, change, file, sentence) => {
    const models = write(name, change)
    const error: unknown = await open(models).catch((reason: unknown) => reason)
    if (!isAppError(error)) throw error
    expect(error).toMatchObject({ code: 'ModelMismatch', key: 'modelFault', params: { path: join(models, file) } })
    expect(error.message).toMatch(sentence)
  })

  test('that does not return the values it was exported with', async () => {
    const models = write('golden', { entry: { golden: 'golden/tiny.json' } })
    // Not installed: nothing to compare with.
    await (await open(models))[Symbol.asyncDispose]()
    mkdirSync(join(models, 'golden'))
    writeFileSync(join(models, 'golden', 'tiny.json'), '{}')
    await expect(open(models)).rejects.toThrow(/its stored values in golden\/tiny\.json cannot be read/)
    const answer = { scale: 1, logits: Array.from({ length: 70 }, () => 100), presence: [0] }
    const golden = {
      schemaVersion: 1,
      ...grid,
      supportBoxes: [first, second],
      erasedBox: [0, 0, 2, 2],
      queryBox: wanted,
      supportSeeds: [11, 21],
      querySeed: 31,
      tokensPerSupport: 540,
      answers: { one: answer, two: answer },
    }
    writeFileSync(join(models, 'golden', 'tiny.json'), JSON.stringify(golden))
    const error: unknown = await open(models).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ key: 'modelFault', params: { path: join(models, 'tiny-msdnet.onnx') } })
    expect(String(error)).toMatch(/differs from its stored values/)
  })

  test('that belongs to another backbone', async () => {
    const other = write('backbone', { entry: { backbone: 'resnet50' } })
    await expect(open(other)).rejects.toMatchObject({ key: 'modelBackbone' })
  })

  test('whose file is missing, altered or not listed', async () => {
    const altered = write('altered', {})
    const path = join(altered, 'tiny-msdnet.onnx')
    writeFileSync(path, readFileSync(path).subarray(1))
    await expect(open(altered)).rejects.toMatchObject({ key: 'modelMismatch', params: { path } })
    rmSync(path)
    await expect(open(altered)).rejects.toMatchObject({ key: 'modelMissing', params: { path } })
    writeFileSync(join(altered, 'manifest.json'), JSON.stringify({ schemaVersion: 1, models: [] }))
    await expect(open(altered)).rejects.toMatchObject({ code: 'ModelMissing', key: 'modelNotListed' })
  })
})

test('no predictor is used in place of another', async () => {
  const models = write('bare', {})
  rmSync(join(models, 'tiny-encoder.onnx'))
  const context = { modelsFolder: models, threads: 1, backbone }
  await expect(createPredictor('msdnet', context)).rejects.toMatchObject({ key: 'modelMissing' })
  await expect(createPredictor('best', context)).rejects.toMatchObject({ key: 'predictorUnknown' })
})

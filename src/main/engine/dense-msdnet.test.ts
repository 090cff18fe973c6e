import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  tinyDenseChannels,
  tinyDenseDecoder,
  tinyDenseEncoder,
  tinyDenseGrid,
  tinyDenseSize,
  writeTinyDenseMsdnet,
} from '../../../test/support/tiny-dense-msdnet.ts'
import type { TinyDenseChange } from '../../../test/support/tiny-dense-msdnet.ts'
import { writeTinyMsdnet } from '../../../test/support/tiny-msdnet.ts'
import { createBitmap } from '../../shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../shared/mask/tiles.ts'
import { isAppError } from '../../shared/errors.ts'
import { resizeAligned } from './dense-msdnet.ts'
import { decodeDense, encodeDense, packSupport, unpackSupports } from './dense-state.ts'
import type { DenseSupports } from './dense-state.ts'
import { boxMask, madeFeatures } from './made-features.fixture.ts'
import { backboneEntrySchema, readModelEntry } from './models.ts'
import { createMsdnetPredictor } from './msdnet.ts'
import type { MsdnetPredictor } from './msdnet.ts'
import type { FeatureMap, FeatureMaps, TiledMask } from './predictor.ts'
import { denseMsdnetMagic } from './state-bytes.ts'

/** In cells of the model's grid. */
type Box = readonly [left: number, top: number, right: number, bottom: number]

const first: Box = [3, 3, 8, 8]
const second: Box = [6, 2, 12, 7]
const wanted: Box = [4, 4, 12, 10]
const headerBytes = 40
const { width: columns, height: rows } = tinyDenseGrid
const [inputWidth, inputHeight] = tinyDenseSize

let folder = ''
let predictor: MsdnetPredictor

function write(name: string, change: TinyDenseChange = {}): string {
  writeTinyDenseMsdnet(join(folder, name), change)
  return join(folder, name)
}

async function open(models: string): Promise<MsdnetPredictor> {
  const backbone = await readModelEntry(models, 'backbone', backboneEntrySchema)
  return createMsdnetPredictor({ modelsFolder: models, threads: 1, backbone })
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dense-msdnet-'))
  predictor = await open(write('plain'))
})
afterAll(async () => {
  await predictor[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

/** Whether a cell, whose middle lies on every eighth pixel, is in the box. */
function isIn(x: number, y: number, [left, top, right, bottom]: Box): boolean {
  return x >= left && x < right && y >= top && y < bottom
}

/** Features of a thing in a box, another colour than the ground and not quite the same everywhere. */
function features(box: Box, seed: number): FeatureMaps {
  let state = seed
  const map = (channels: number): FeatureMap => {
    const data = Float32Array.from({ length: channels * columns * rows }, (_, at) => {
      state = (state * 16_807) % 2_147_483_647
      const cell = at % (columns * rows)
      const channel = Math.floor(at / (columns * rows))
      const inside = isIn(cell % columns, Math.floor(cell / columns), box)
      return (inside === (channel === 0) ? 0.3 : -0.4) + 0.05 * (state / 2_147_483_647 - 0.5)
    })
    return { stride: 8, channels, width: columns, height: rows, data }
  }
  const { conv3, conv4, conv5 } = tinyDenseChannels
  return { inputWidth, inputHeight, maps: { conv3: map(conv3), conv4: map(conv4), conv5: map(conv5) } }
}

/** The box's cells in the pixels of the input: each reaches four pixels around its middle. */
function maskOf([left, top, right, bottom]: Box): TiledMask {
  const bitmap = createBitmap(inputWidth, inputHeight)
  const edge = (cell: number, most: number): number => Math.min(Math.max(cell * 8 - 4, 0), most)
  for (let y = edge(top, inputHeight); y < edge(bottom, inputHeight); y++) {
    const row = y * inputWidth
    bitmap.data.fill(1, row + edge(left, inputWidth), row + edge(right, inputWidth))
  }
  return { width: inputWidth, height: inputHeight, tiles: tilesFromBitmap(bitmap) }
}

function encode(box: Box, seed: number, from = predictor): Promise<Uint8Array> {
  return from.encodeSupport(features(box, seed), maskOf(box))
}

test('finds in a query what its supports outline, on the pixels of its input', async () => {
  const state = await predictor.fit([await encode(first, 11), await encode(second, 12)])
  expect(state).toMatchObject({ threshold: 0.5, scores: {} })
  const [map] = await predictor.predict(features(wanted, 31), [state])
  if (map === undefined) throw new Error('no map')
  expect(map).toMatchObject({ width: inputWidth, height: inputHeight })
  expect(map).not.toHaveProperty('presence')
  expect(map).not.toHaveProperty('score')
  // Exactly the cells' middles, whichever side of a border the pixels between fall on.
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const value = map.data[y * 8 * inputWidth + x * 8] ?? Number.NaN
      expect(value > state.threshold, `${x} ${y}`).toBe(isIn(x, y, wanted))
    }
  }
  expect(predictor).toMatchObject({ id: 'msdnet', zooms: false })
})

test('a state keeps the outlined cells alone, in half precision, and gives the same bytes anywhere', async () => {
  const state = await encode(first, 11)
  const cells = (first[2] - first[0]) * (first[3] - first[1])
  expect(state.length).toBe(headerBytes + 12 + 4 * 6 + cells * (4 + 4 + 2 * (3 + 3 + 6)))
  expect(await encode(first, 11)).toEqual(state)
  const fitted = await predictor.fit([state])
  expect(fitted.bytes).toEqual(state)
  const moved = new Uint8Array(fitted.bytes.length + 3)
  moved.set(fitted.bytes, 3)
  const [a, b] = await predictor.predict(features(wanted, 31), [fitted, { ...fitted, bytes: moved.subarray(3) }])
  expect(b).toEqual(a)
})

test('the order of supports does not matter, their number does', async () => {
  const supports = [await encode(first, 11), await encode(second, 12), await encode([1, 1, 5, 5], 13)]
  const query = features(wanted, 31)
  const predict = async (states: readonly Uint8Array[]): Promise<Float32Array> => {
    const [map] = await predictor.predict(query, [await predictor.fit(states)])
    return map?.data ?? new Float32Array()
  }
  const forward = await predict(supports)
  const backward = await predict(supports.toReversed())
  const difference = (other: Float32Array): number =>
    forward.reduce((most, value, at) => Math.max(most, Math.abs(value - (other[at] ?? 2))), 0)
  expect(difference(backward)).toBeLessThan(1e-5)
  expect(difference(await predict(supports.slice(0, 1)))).toBeGreaterThan(1e-4)
})

test('an outline that leaves no cell is refused', async () => {
  const nothing = maskOf([3, 3, 3, 3])
  await expect(predictor.encodeSupport(features(first, 1), nothing)).rejects.toMatchObject({ key: 'emptyMask' })
  // Wide enough for pixels, and between the middles of cells.
  const bitmap = createBitmap(inputWidth, inputHeight)
  for (let y = 1; y < 7; y++) bitmap.data.fill(1, y * inputWidth + 1, y * inputWidth + 7)
  const between = { width: inputWidth, height: inputHeight, tiles: tilesFromBitmap(bitmap) }
  await expect(predictor.encodeSupport(features(first, 1), between)).rejects.toMatchObject({ key: 'emptyMask' })
  await expect(predictor.fit([])).rejects.toMatchObject({ key: 'noSupports' })
})

describe('a state is refused', () => {
  test('when it is damaged', async () => {
    const state = await encode(first, 11)
    const changed = (at: number, value: number): Uint8Array => {
      const copy = state.slice()
      new DataView(copy.buffer).setUint32(at, value, true)
      return copy
    }
    const cellsAt = headerBytes + 12 + 24
    const cases = {
      empty: new Uint8Array(),
      'header alone': state.slice(0, headerBytes),
      'cut off': state.slice(0, -1),
      'too long': Uint8Array.from([...state, 0]),
      'no state': changed(0, 0x12345678),
      'without cells': changed(headerBytes + 8, 0),
      'endless cells': changed(headerBytes + 8, 0xffffffff),
      'no grid': changed(headerBytes, 0),
      'a cell outside': changed(cellsAt, columns * rows),
      'cells out of order': changed(cellsAt + 4, 0),
    }
    for (const [name, bytes] of Object.entries(cases)) {
      await expect(predictor.fit([bytes]), name).rejects.toMatchObject({ code: 'InvalidInput', key: 'stateDamaged' })
    }
    // A grid that is not that of the images cannot be compared with any, nor with another support.
    const query = features(wanted, 1)
    const wider = changed(headerBytes, columns + 1)
    await expect(predictor.fit([state, wider])).rejects.toMatchObject({ key: 'stateDamaged' })
    for (const bytes of [(await predictor.fit([wider])).bytes, state.slice(0, headerBytes)]) {
      const predicted = predictor.predict(query, [{ bytes, threshold: 0.5, scores: {} }])
      await expect(predicted).rejects.toMatchObject({ key: 'stateDamaged' })
    }
  })

  test('when another model made it, and by another kind of model', async () => {
    const state = await encode(first, 11)
    const hash = state.slice()
    hash[8] = (hash[8] ?? 0) ^ 1
    const version = state.slice()
    version[4] = 99
    for (const bytes of [hash, version]) {
      await expect(predictor.fit([bytes])).rejects.toMatchObject({ code: 'ModelMismatch', key: 'stateOfOtherModel' })
    }
    const models = join(folder, 'tokens')
    writeTinyMsdnet(models, fileURLToPath(new URL('../../../models', import.meta.url)))
    await using tokens = await open(models)
    const grid = { width: 12, height: 8 }
    const other = await tokens.encodeSupport(madeFeatures(grid, 1, [2, 2, 6, 6]), boxMask(grid, [2, 2, 6, 6]))
    await expect(predictor.fit([other])).rejects.toMatchObject({ key: 'stateOfOtherModel' })
    await expect(tokens.fit([state])).rejects.toMatchObject({ key: 'stateOfOtherModel' })
  })
})

test('a support of the published size keeps its outlined tenth in 1.6 MB, and comes back whole', () => {
  const side = 60
  const cells = side * side
  const mask = Float32Array.from({ length: cells }, (_, cell) => (cell % 10 === 3 ? 1 : 0))
  const map = (channels: number): Float32Array =>
    Float32Array.from({ length: channels * cells }, (_, at) => ((at * 7919) % 1024) / 64)
  const masked = (values: Float32Array): Float32Array => values.map((value, at) => value * (mask[at % cells] ?? 0))
  const support: DenseSupports = {
    count: 1,
    width: side,
    height: side,
    cells,
    prototype: Float32Array.from({ length: 64 }, (_, at) => at / 7),
    mask,
    conv5: map(2048),
    low: masked(map(64)),
    high: masked(map(64)),
  }
  const format = { magic: denseMsdnetMagic, version: 1, modelHash: 'ab'.repeat(32) }
  const bytes = encodeDense(format, [packSupport(support)])
  expect(bytes.length).toBe(headerBytes + 12 + 256 + 360 * (8 + 2 * (2048 + 64 + 64)))
  expect(bytes.length).toBeLessThan(1.6e6)
  const channels = { prototype: 64, conv5: 2048, low: 64, high: 64 }
  const blocks = decodeDense(bytes, format, channels)
  const found = unpackSupports(blocks, channels, { width: side, height: side })
  expect(found).toMatchObject({ count: 1, width: side, height: side, cells: 360 })
  // Multiples of 1/64 below 16 are exact in half precision, so nothing may differ.
  const outlined = support.conv5.filter((_, at) => mask[at % cells] === 1)
  const whole = { ...support, mask: new Float32Array(360).fill(1), conv5: outlined }
  for (const name of ['prototype', 'mask', 'conv5', 'low', 'high'] as const) {
    expect(Buffer.from(found[name].buffer).equals(Buffer.from(whole[name].buffer)), name).toBe(true)
  }
  const five = encodeDense(format, [...blocks, ...blocks, ...blocks, ...blocks, ...blocks])
  expect(five.length).toBe(5 * (bytes.length - headerBytes) + headerBytes)
  expect(decodeDense(five, format, channels)).toHaveLength(5)
})

test('resizing keeps the corners and every line straight', () => {
  const grid = { width: 3, height: 2, data: Float32Array.of(0, 1, 2, 10, 11, 12) }
  const { width, height, data } = resizeAligned(grid, 5, 3)
  expect([width, height]).toEqual([5, 3])
  expect([...data]).toEqual([0, 0.5, 1, 1.5, 2, 5, 5.5, 6, 6.5, 7, 10, 10.5, 11, 11.5, 12])
})

test('a network without the prior takes what it needs and no more', async () => {
  const whole = tinyDenseDecoder()
  const decoder = {
    ...whole,
    inputs: whole.inputs.filter(({ name }) => ['conv3', 'conv4', 'prototype'].includes(name)),
    outputs: whole.outputs.filter(({ name }) => name === 'logits'),
    constants: { column: { whole: [1, -1, 1, 1] }, channels: { whole: [1] } },
    nodes: [
      { type: 'Concat', inputs: ['conv3', 'conv4'], output: 'merged', attributes: { axis: 1 } },
      { type: 'ReduceMean', inputs: ['prototype'], output: 'mean', attributes: { axes: [0], keepdims: 1 } },
      { type: 'Reshape', inputs: ['mean', 'column'], output: 'kernel' },
      { type: 'Mul', inputs: ['merged', 'kernel'], output: 'products' },
      { type: 'ReduceSum', inputs: ['products', 'channels'], output: 'logits', attributes: { keepdims: 1 } },
    ],
  }
  const models = write('head', { decoder })
  await using head = await open(models)
  const state = await head.fit([await encode(first, 11, head)])
  const [map] = await head.predict(features(wanted, 31), [state])
  const at = (x: number, y: number): number => map?.data[y * 8 * inputWidth + x * 8] ?? Number.NaN
  expect(at(6, 6)).toBeGreaterThan(at(14, 1))
})

describe('a model is refused', () => {
  const whole = { encoder: tinyDenseEncoder(), decoder: tinyDenseDecoder() }
  test.each<readonly [string, TinyDenseChange, string, RegExp]>([
    [
      'whose encoder returns no prototype',
      {
        encoder: { ...whole.encoder, outputs: whole.encoder.outputs.filter(({ name }) => name !== 'prototype') },
      },
      'dense-encoder.onnx',
      /promises no output "prototype"/,
    ],
    [
      'whose decoder wants more than is known',
      { decoder: { ...whole.decoder, inputs: [...whole.decoder.inputs, { name: 'text', shape: [1] }] } },
      'dense.onnx',
      /input "text"/,
    ],
    [
      'whose decoder has other shapes than its manifest',
      {
        promised: {
          decoder: {
            ...whole.decoder,
            inputs: whole.decoder.inputs.map((each) =>
              each.name === 'prototype' ? { ...each, shape: ['supports', 64] } : each,
            ),
          },
        },
      },
      'dense.onnx',
      /"prototype" has the shape/,
    ],
    [
      'whose encoder returns no numbers',
      {
        encoder: {
          ...whole.encoder,
          nodes: whole.encoder.nodes.map((node) => (node.type === 'Identity' ? { ...node, type: 'Log' } : node)),
        },
      },
      'dense-encoder.onnx',
      /no numbers/,
    ],
    [
      'whose encoder covers nothing',
      {
        encoder: {
          ...whole.encoder,
          constants: { ...whole.encoder.constants, none: 0 },
          nodes: whole.encoder.nodes.flatMap((node) =>
            node.output === 'support_mask'
              ? [
                  { ...node, output: 'cells' },
                  { type: 'Mul', inputs: ['cells', 'none'], output: 'support_mask' },
                ]
              : node.output === 'mean'
                ? [{ type: 'Identity', inputs: ['sum'], output: 'mean' }]
                : [node],
          ),
        },
      },
      'dense-encoder.onnx',
      /covers no cell/,
    ],
    [
      'whose decoder returns no numbers',
      {
        decoder: {
          ...whole.decoder,
          nodes: [
            ...whole.decoder.nodes.map((node) => (node.output === 'evidence' ? { ...node, output: 'sum' } : node)),
          ].flatMap((node) =>
            node.output === 'fine' ? [{ type: 'Log', inputs: ['sum'], output: 'evidence' }, node] : [node],
          ),
        },
      },
      'dense.onnx',
      /no numbers/,
    ],
    [
      'whose decoder looks outside the outline',
      { decoder: tinyDenseDecoder({ outside: true }) },
      'dense.onnx',
      /outside the outline of an example, which is not kept/,
    ],
    [
      'whose encoder leaves in the skips what lies outside the outline',
      {
        encoder: {
          ...whole.encoder,
          nodes: whole.encoder.nodes.map((node) =>
            node.output === 'support_low' ? { type: 'Identity', inputs: ['conv5'], output: 'support_low' } : node,
          ),
        },
      },
      'dense.onnx',
      /outside the outline of an example, which is not kept/,
    ],
    [
      'whose grid has another shape',
      { decoder: { ...whole.decoder, constants: { ...whole.decoder.constants, quadrupled: [1, 1, 4, 2] } } },
      'dense.onnx',
      /another shape than maps/,
    ],
    ['whose backbone names no size', { backbone: { inputSize: undefined } }, 'dense.onnx', /129 x 97 .* names no size/],
    [
      'whose backbone names another size',
      { backbone: { inputSize: [97, 129] } },
      'dense.onnx',
      /129 x 97 pixels, and its backbone says 97 x 129/,
    ],
  ])('%s', async (name, change, file, sentence) => {
    const models = write(name.replaceAll(' ', '-'), change)
    const error: unknown = await open(models).catch((reason: unknown) => reason)
    if (!isAppError(error)) throw error
    expect(error.message).toMatch(sentence)
    expect(error).toMatchObject({ code: 'ModelMismatch', key: 'modelFault', params: { path: join(models, file) } })
  })

  test('whose manifest says what is not known', async () => {
    const edges = write('edges', { recipe: { alignCorners: false } })
    await expect(open(edges)).rejects.toMatchObject({ key: 'modelManifestInvalid' })
    const other = write('other', { entry: { support: 'graph' } })
    await expect(open(other)).rejects.toMatchObject({ key: 'modelManifestInvalid' })
    const backbone = write('backbone', { entry: { backbone: 'resnet50' } })
    await expect(open(backbone)).rejects.toMatchObject({ key: 'modelBackbone' })
  })
})

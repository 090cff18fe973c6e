import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { graphBytes } from './tiny-onnx.ts'
import type { TinyGraph, TinyNode, TinyTensor } from './tiny-onnx.ts'

/**
 * A models folder with an MSDNet of a few nodes and no weights: the surface of the real one, small enough to be written
 * by a test, with faults where a test wants them. It finds what looks more like the outline than like the rest.
 */

/** The shipped backbone's maps. */
const maps: readonly TinyTensor[] = [
  { name: 's8', shape: [1, 48, 'h8', 'w8'] },
  { name: 's16a', shape: [1, 88, 'h16', 'w16'] },
  { name: 's16b', shape: [1, 120, 'h16', 'w16'] },
  { name: 's32', shape: [1, 352, 'h32', 'w32'] },
]
const weights: readonly TinyTensor[] = [
  { name: 'foreground_weights', shape: [1, 'tokens'] },
  { name: 'background_weights', shape: [1, 'tokens'] },
]
const pooledChannels = 48

/** Tokens [1, N, 472] of the maps, as `into`. */
function tokenNodes(into: string): readonly TinyNode[] {
  return [
    { type: 'Resize', inputs: ['s32', '', 'doubled'], output: 'coarse' },
    { type: 'Concat', inputs: ['s16b', 'coarse'], output: 'both', attributes: { axis: 1 } },
    { type: 'ReduceL2', inputs: ['both'], output: 'length', attributes: { axes: [1], keepdims: 1 } },
    { type: 'Div', inputs: ['both', 'length'], output: 'unit' },
    { type: 'Reshape', inputs: ['unit', 'rows'], output: 'planes' },
    { type: 'Transpose', inputs: ['planes'], output: into, attributes: { perm: [0, 2, 1] } },
  ]
}
const tokenConstants: TinyGraph['constants'] = { doubled: [1, 1, 2, 2], rows: { whole: [1, 472, -1] } }

const pool = { kernel_shape: [2, 2], strides: [2, 2] }

function regionNodes(region: string): readonly TinyNode[] {
  return [
    { type: 'Mul', inputs: ['s8', region], output: `${region} s8` },
    { type: 'GlobalAveragePool', inputs: [`${region} s8`], output: `${region} mean` },
    { type: 'Reshape', inputs: [`${region} mean`, 'one region'], output: `${region} pooled` },
  ]
}

export function tinyEncoder(): TinyGraph {
  return {
    inputs: [
      ...maps,
      { name: 'foreground', shape: [1, 1, 'h8', 'w8'] },
      { name: 'negative', shape: [1, 1, 'h8', 'w8'] },
    ],
    outputs: [
      { name: 'tokens', shape: [1, 'tokens', 472] },
      ...weights,
      { name: 'pooled', shape: [1, 1, 3, pooledChannels] },
      { name: 'present', shape: [1, 1, 3] },
      { name: 'area', shape: [1] },
      { name: 'scene', shape: [1, 352] },
    ],
    constants: {
      ...tokenConstants,
      one: 1,
      three: 3,
      flat: { whole: [1, -1] },
      'one region': { whole: [1, 1, 1, pooledChannels] },
      'three regions': { whole: [1, 1, 3] },
      single: { whole: [1] },
    },
    nodes: [
      ...tokenNodes('tokens'),
      { type: 'AveragePool', inputs: ['foreground'], output: 'share', attributes: pool },
      { type: 'Mul', inputs: ['share', 'share'], output: 'squared' },
      { type: 'Reshape', inputs: ['squared', 'flat'], output: 'foreground_weights' },
      { type: 'Sub', inputs: ['one', 'share'], output: 'rest' },
      { type: 'Mul', inputs: ['rest', 'rest'], output: 'rest squared' },
      { type: 'AveragePool', inputs: ['negative'], output: 'erased', attributes: pool },
      { type: 'Mul', inputs: ['erased', 'three'], output: 'more' },
      { type: 'Add', inputs: ['more', 'one'], output: 'factor' },
      { type: 'Mul', inputs: ['rest squared', 'factor'], output: 'background' },
      { type: 'Reshape', inputs: ['background', 'flat'], output: 'background_weights' },
      { type: 'Sub', inputs: ['one', 'foreground'], output: 'outside' },
      ...regionNodes('foreground'),
      ...regionNodes('outside'),
      ...regionNodes('negative'),
      {
        type: 'Concat',
        inputs: ['foreground pooled', 'outside pooled', 'negative pooled'],
        output: 'pooled',
        attributes: { axis: 2 },
      },
      { type: 'Concat', inputs: ['foreground', 'outside', 'negative'], output: 'regions', attributes: { axis: 1 } },
      { type: 'GlobalAveragePool', inputs: ['regions'], output: 'sizes' },
      { type: 'Sign', inputs: ['sizes'], output: 'signs' },
      { type: 'Reshape', inputs: ['signs', 'three regions'], output: 'present' },
      { type: 'GlobalAveragePool', inputs: ['foreground'], output: 'mean' },
      { type: 'Reshape', inputs: ['mean', 'single'], output: 'area' },
      { type: 'GlobalAveragePool', inputs: ['s32'], output: 'whole' },
      { type: 'Reshape', inputs: ['whole', 'flat'], output: 'scene' },
    ],
  }
}

export function tinyDecoder(): TinyGraph {
  const density = (name: string): readonly TinyNode[] => [
    { type: 'Reshape', inputs: [`${name}_weights`, 'column'], output: `${name} column` },
    { type: 'ReduceSum', inputs: [`${name} column`], output: `${name} total`, attributes: { keepdims: 1 } },
    { type: 'Div', inputs: [`${name} column`, `${name} total`], output: `${name} share` },
    { type: 'MatMul', inputs: ['near', `${name} share`], output: `${name} sum` },
    { type: 'Add', inputs: [`${name} sum`, 'tiny'], output: `${name} positive` },
    { type: 'Log', inputs: [`${name} positive`], output: `${name} level` },
  ]
  return {
    inputs: [
      ...maps,
      { name: 'tokens', shape: [1, 'tokens', 472] },
      ...weights,
      { name: 'pooled', shape: [1, 'supports', 3, pooledChannels] },
      { name: 'present', shape: [1, 'supports', 3] },
    ],
    outputs: [
      { name: 'logits', shape: [1, 1, 'h4', 'w4'] },
      { name: 'presence', shape: [1] },
    ],
    constants: {
      ...tokenConstants,
      one: 1,
      tiny: 1e-9,
      temperature: 20,
      column: { whole: [1, -1, 1] },
      quadrupled: [1, 1, 4, 4],
      single: { whole: [1] },
      little: 1e-3,
    },
    nodes: [
      ...tokenNodes('query'),
      { type: 'Transpose', inputs: ['tokens'], output: 'columns', attributes: { perm: [0, 2, 1] } },
      { type: 'MatMul', inputs: ['query', 'columns'], output: 'similarity' },
      { type: 'Sub', inputs: ['similarity', 'one'], output: 'below' },
      { type: 'Mul', inputs: ['below', 'temperature'], output: 'scaled' },
      { type: 'Exp', inputs: ['scaled'], output: 'near' },
      ...density('foreground'),
      ...density('background'),
      { type: 'Sub', inputs: ['foreground level', 'background level'], output: 'difference' },
      { type: 'ReduceMean', inputs: ['s16b'], output: 'grid', attributes: { axes: [1], keepdims: 1 } },
      { type: 'Shape', inputs: ['grid'], output: 'shape' },
      { type: 'Reshape', inputs: ['difference', 'shape'], output: 'cells' },
      { type: 'Resize', inputs: ['cells', '', 'quadrupled'], output: 'logits' },
      { type: 'ReduceMax', inputs: ['difference'], output: 'largest', attributes: { keepdims: 0 } },
      { type: 'ReduceMean', inputs: ['pooled'], output: 'pooled mean', attributes: { keepdims: 0 } },
      { type: 'ReduceMean', inputs: ['present'], output: 'present mean', attributes: { keepdims: 0 } },
      { type: 'Mul', inputs: ['pooled mean', 'present mean'], output: 'support mean' },
      { type: 'Mul', inputs: ['support mean', 'little'], output: 'support part' },
      { type: 'Add', inputs: ['largest', 'support part'], output: 'evidence' },
      { type: 'Reshape', inputs: ['evidence', 'single'], output: 'presence' },
    ],
  }
}

/** What the tests change; everything else is as the files are. */
export interface TinyMsdnetChange {
  readonly encoder?: TinyGraph
  readonly decoder?: TinyGraph
  /** Fields of the decoder's manifest entry. */
  readonly entry?: Readonly<Record<string, unknown>>
  readonly recipe?: Readonly<Record<string, unknown>>
  /** What the manifest promises, where the graphs are something else. */
  readonly promised?: { readonly encoder?: TinyGraph; readonly decoder?: TinyGraph }
}

interface Listed {
  readonly id: string
  readonly kind: string
  readonly file: string
}

/** Writes the graph; returns what its manifest entry says of the file and, of what is promised, of its surface. */
export function writeGraph(folder: string, file: string, graph: TinyGraph, promised: TinyGraph): object {
  const bytes = graphBytes(graph)
  writeFileSync(join(folder, file), bytes)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { file, sha256, inputs: promised.inputs, outputs: promised.outputs }
}

/** Writes the folder: the shipped backbone and matcher beside the tiny MSDNet. */
export function writeTinyMsdnet(folder: string, modelsFolder: string, change: TinyMsdnetChange = {}): void {
  const shipped = JSON.parse(readFileSync(join(modelsFolder, 'manifest.json'), 'utf8')) as { readonly models: Listed[] }
  const kept = shipped.models.filter(({ kind }) => kind === 'backbone' || kind === 'matcher')
  mkdirSync(folder, { recursive: true })
  for (const { file } of kept) copyFileSync(join(modelsFolder, file), join(folder, file))
  const encoder = change.encoder ?? tinyEncoder()
  const decoder = change.decoder ?? tinyDecoder()
  const models = [
    ...kept,
    {
      id: 'tiny-msdnet-encoder',
      kind: 'msdnet-encoder',
      ...writeGraph(folder, 'tiny-encoder.onnx', encoder, change.promised?.encoder ?? encoder),
    },
    {
      id: 'tiny-msdnet',
      kind: 'msdnet',
      ...writeGraph(folder, 'tiny-msdnet.onnx', decoder, change.promised?.decoder ?? decoder),
      encoder: 'tiny-msdnet-encoder',
      backbone: kept.find(({ kind }) => kind === 'backbone')?.id,
      support: 'tokens',
      recipe: {
        tokensPerSupport: 540,
        threshold: 0.5,
        presenceThresholds: [{ supports: 1, value: 0.5 }],
        calibration: { bias: -1, presence: 0.2, agreement: 3, area: 0.1 },
        ...change.recipe,
      },
      licence: 'Apache-2.0',
      ...change.entry,
    },
  ]
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ schemaVersion: 1, models }))
}

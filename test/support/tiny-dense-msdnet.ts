import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeGraph } from './tiny-msdnet.ts'
import type { TinyMsdnetChange } from './tiny-msdnet.ts'
import type { TinyGraph, TinyTensor } from './tiny-onnx.ts'

/**
 * A models folder with an MSDNet whose supports are dense, as `models/exemplar_models/export.py` writes one: its own
 * backbone, support encoder and query decoder, of a few nodes and no weights. It finds cells of a colour that some outlined
 * cell has.
 */

export const tinyDenseSize = [129, 97] as const
export const tinyDenseGrid = { width: 17, height: 13 } as const
export const tinyDenseChannels = { conv3: 3, conv4: 3, conv5: 3 } as const

const maps = (first: string): readonly TinyTensor[] => [
  { name: 'conv3', shape: [first, 3, 'h', 'w'] },
  { name: 'conv4', shape: [first, 3, 'h', 'w'] },
  { name: 'conv5', shape: [first, 3, 'h', 'w'] },
]

function tinyBackbone(): TinyGraph {
  return {
    inputs: [{ name: 'image', shape: ['queries', 3, 'height', 'width'] }],
    outputs: maps('queries'),
    constants: { white: 255, grey: 0.5 },
    nodes: [
      // The middles of the cells lie on every eighth pixel.
      {
        type: 'AveragePool',
        inputs: ['image'],
        output: 'mean',
        attributes: { kernel_shape: [9, 9], strides: [8, 8], pads: [4, 4, 4, 4] },
      },
      { type: 'Div', inputs: ['mean', 'white'], output: 'conv3' },
      { type: 'Mul', inputs: ['conv3', 'conv3'], output: 'conv4' },
      { type: 'Sub', inputs: ['conv3', 'grey'], output: 'conv5' },
    ],
  }
}

export function tinyDenseEncoder(): TinyGraph {
  return {
    inputs: [...maps('supports'), { name: 'mask', shape: ['supports', 1, 'height', 'width'] }],
    outputs: [
      { name: 'prototype', shape: ['supports', 'features'] },
      { name: 'support_conv5', shape: ['supports', 3, 'hs', 'ws'] },
      { name: 'support_mask', shape: ['supports', 'one', 'hs', 'ws'] },
      { name: 'support_low', shape: ['supports', 'low', 'hs', 'ws'] },
      { name: 'support_high', shape: ['supports', 'high', 'hs', 'ws'] },
    ],
    constants: { rows: { whole: [0, -1] } },
    nodes: [
      {
        type: 'MaxPool',
        inputs: ['mask'],
        output: 'support_mask',
        attributes: { kernel_shape: [1, 1], strides: [8, 8] },
      },
      { type: 'Identity', inputs: ['conv5'], output: 'support_conv5' },
      { type: 'Mul', inputs: ['conv5', 'support_mask'], output: 'support_low' },
      { type: 'Concat', inputs: ['conv3', 'conv4'], output: 'merged', attributes: { axis: 1 } },
      { type: 'Mul', inputs: ['merged', 'support_mask'], output: 'support_high' },
      { type: 'GlobalAveragePool', inputs: ['support_high'], output: 'sum' },
      { type: 'GlobalAveragePool', inputs: ['support_mask'], output: 'area' },
      { type: 'Div', inputs: ['sum', 'area'], output: 'mean' },
      { type: 'Reshape', inputs: ['mean', 'rows'], output: 'prototype' },
    ],
  }
}

/** Of a support's maps it looks at the outlined cells; with `outside` it looks at the others too. */
export function tinyDenseDecoder({ outside = false } = {}): TinyGraph {
  const unit = (name: string, into: string): TinyGraph['nodes'] => [
    { type: 'ReduceL2', inputs: [name], output: `${name} length`, attributes: { axes: [1], keepdims: 1 } },
    { type: 'Add', inputs: [`${name} length`, 'tiny'], output: `${name} divisor` },
    { type: 'Div', inputs: [name, `${name} divisor`], output: `${name} unit` },
    { type: 'Reshape', inputs: [`${name} unit`, 'planes'], output: into },
  ]
  const mean = (name: string): TinyGraph['nodes'] => [
    { type: 'ReduceMean', inputs: [name], output: `${name} mean`, attributes: { keepdims: 0 } },
  ]
  return {
    inputs: [
      ...maps('queries'),
      { name: 'prototype', shape: ['supports', 6] },
      { name: 'support_conv5', shape: ['supports', 3, 'hs', 'ws'] },
      { name: 'support_mask', shape: ['supports', 1, 'hs', 'ws'] },
      { name: 'support_low', shape: ['supports', 3, 'hs', 'ws'] },
      { name: 'support_high', shape: ['supports', 6, 'hs', 'ws'] },
    ],
    outputs: [
      { name: 'logits', shape: ['queries', 1, 'hd', 'wd'] },
      { name: 'priors', shape: ['queries', 1, 'h', 'w'] },
    ],
    constants: {
      tiny: 1e-6,
      one: 1,
      far: outside ? 0 : 4,
      least: 0.8,
      little: 0.01,
      steep: 30,
      planes: { whole: [0, 0, -1] },
      quadrupled: [1, 1, 4, 4],
    },
    nodes: [
      ...unit('conv5', 'query'),
      { type: 'Transpose', inputs: ['query'], output: 'cells', attributes: { perm: [0, 2, 1] } },
      ...unit('support_conv5', 'support'),
      { type: 'MatMul', inputs: ['cells', 'support'], output: 'cosines' },
      { type: 'Sign', inputs: ['support_mask'], output: 'inside' },
      { type: 'Sub', inputs: ['one', 'inside'], output: 'outside' },
      { type: 'Reshape', inputs: ['outside', 'planes'], output: 'row' },
      { type: 'Mul', inputs: ['row', 'far'], output: 'distance' },
      { type: 'Sub', inputs: ['cosines', 'distance'], output: 'near' },
      { type: 'ReduceMax', inputs: ['near'], output: 'best', attributes: { axes: [2], keepdims: 0 } },
      { type: 'ReduceMean', inputs: ['best'], output: 'prior', attributes: { axes: [0], keepdims: 1 } },
      { type: 'ReduceMean', inputs: ['conv3'], output: 'grid', attributes: { axes: [1], keepdims: 1 } },
      { type: 'Shape', inputs: ['grid'], output: 'shape' },
      { type: 'Reshape', inputs: ['prior', 'shape'], output: 'priors' },
      { type: 'Sub', inputs: ['priors', 'least'], output: 'margin' },
      // Everything else of the state and the query reaches the logits too.
      ...['prototype', 'support_low', 'support_high', 'conv4'].flatMap(mean),
      {
        type: 'Sum',
        inputs: ['prototype mean', 'support_low mean', 'support_high mean', 'conv4 mean'],
        output: 'rest',
      },
      { type: 'Mul', inputs: ['rest', 'little'], output: 'offset' },
      { type: 'Add', inputs: ['margin', 'offset'], output: 'evidence' },
      { type: 'Mul', inputs: ['evidence', 'steep'], output: 'fine' },
      { type: 'Resize', inputs: ['fine', '', 'quadrupled'], output: 'logits' },
    ],
  }
}

export interface TinyDenseChange extends TinyMsdnetChange {
  /** Fields of the backbone's manifest entry. */
  readonly backbone?: Readonly<Record<string, unknown>>
}

export function writeTinyDenseMsdnet(folder: string, change: TinyDenseChange = {}): void {
  mkdirSync(folder, { recursive: true })
  const encoder = change.encoder ?? tinyDenseEncoder()
  const decoder = change.decoder ?? tinyDenseDecoder()
  const backbone = tinyBackbone()
  const models = [
    {
      id: 'dense-backbone',
      kind: 'backbone',
      ...writeGraph(folder, 'dense-backbone.onnx', backbone, backbone),
      inputs: [{ name: 'image', layout: 'NCHW', colour: 'RGB' }],
      outputs: Object.entries(tinyDenseChannels).map(([name, channels]) => ({ name, stride: 8, channels })),
      normalisation: { mean: 0, scale: 1 },
      inputSize: tinyDenseSize,
      ...change.backbone,
    },
    {
      id: 'dense-encoder',
      kind: 'msdnet-encoder',
      ...writeGraph(folder, 'dense-encoder.onnx', encoder, change.promised?.encoder ?? encoder),
    },
    {
      id: 'dense',
      kind: 'msdnet',
      ...writeGraph(folder, 'dense.onnx', decoder, change.promised?.decoder ?? decoder),
      encoder: 'dense-encoder',
      backbone: 'dense-backbone',
      support: 'dense',
      recipe: { threshold: 0.5, inputSize: tinyDenseSize, alignCorners: true, ...change.recipe },
      licence: 'Apache-2.0',
      ...change.entry,
    },
  ]
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ schemaVersion: 1, models }))
}

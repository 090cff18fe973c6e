import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Writes small networks in the ONNX format (https://onnx.ai, `onnx.proto`), so that tests can run one on drivers
 * that take half a minute for the real one. Only the few fields that these networks need.
 */

export interface TinyNode {
  readonly type: string
  readonly inputs: readonly string[]
  readonly output: string
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>
}

export interface TinyNetwork {
  readonly nodes: readonly TinyNode[]
  /** Weights by name: their shape; the values follow from the name. */
  readonly weights: Readonly<Record<string, readonly number[]>>
  readonly outputs: readonly { readonly name: string; readonly stride: number; readonly channels: number }[]
}

/** A tensor of the graph's surface; a text is a dimension that is free. */
export interface TinyTensor {
  readonly name: string
  readonly shape: readonly (number | string)[]
}

/** A network of any inputs and outputs, with constants instead of weights. */
export interface TinyGraph {
  readonly nodes: readonly TinyNode[]
  readonly inputs: readonly TinyTensor[]
  readonly outputs: readonly TinyTensor[]
  /** By name: a number, or whole numbers in a row (shapes), or others (scales). */
  readonly constants: Readonly<Record<string, number | { readonly whole: readonly number[] } | readonly number[]>>
}

const wire = { varint: 0, bytes: 2, float: 5 } as const
const floatType = 1
const int64Type = 7
const attributeType = { int: 2, ints: 7 } as const

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest > 127) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  return [...bytes, rest]
}

function whole(field: number, value: number): Buffer {
  return Buffer.from([...varint(field * 8 + wire.varint), ...varint(value)])
}

function part(field: number, ...content: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(content.map((each) => (typeof each === 'string' ? Buffer.from(each) : each)))
  return Buffer.concat([Buffer.from([...varint(field * 8 + wire.bytes), ...varint(body.length)]), body])
}

function attribute(name: string, value: number | readonly number[]): Buffer {
  if (typeof value === 'number') return part(5, part(1, name), whole(3, value), whole(20, attributeType.int))
  return part(5, part(1, name), ...value.map((each) => whole(8, each)), whole(20, attributeType.ints))
}

function node({ type, inputs, output, attributes = {} }: TinyNode): Buffer {
  return part(
    1,
    ...inputs.map((input) => part(1, input)),
    part(2, output),
    part(3, output),
    part(4, type),
    ...Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  )
}

/** Values between -0.5 and 0.5 that look random and are always the same. */
function weight(name: string, shape: readonly number[]): Buffer {
  const count = shape.reduce((product, each) => product * each, 1)
  let state = [...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 2 ** 31
  const values = Float32Array.from({ length: count }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31 - 0.5
  })
  return part(5, ...shape.map((each) => whole(1, each)), whole(2, floatType), part(8, name), part(9, bytesOf(values)))
}

function constant(name: string, content: TinyGraph['constants'][string]): Buffer {
  const tensor = (shape: readonly number[], type: number, bytes: Buffer): Buffer =>
    part(5, ...shape.map((each) => whole(1, each)), whole(2, type), part(8, name), part(9, bytes))
  if (typeof content === 'number') return tensor([], floatType, bytesOf(Float32Array.of(content)))
  if ('whole' in content) {
    const values = BigInt64Array.from(content.whole, BigInt)
    return tensor([values.length], int64Type, Buffer.from(values.buffer))
  }
  return tensor([content.length], floatType, bytesOf(Float32Array.from(content)))
}

function bytesOf(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength)
}

/** A value of the graph; a text is a dimension that is free. */
function value(field: number, name: string, shape: readonly (number | string)[]): Buffer {
  const dims = shape.map((each) => part(1, typeof each === 'number' ? whole(1, each) : part(2, each)))
  return part(field, part(1, name), part(2, part(1, whole(1, floatType), part(2, ...dims))))
}

/** The bytes of a model that takes `image` (1 x 3 x height x width). */
function onnxBytes({ nodes, weights, outputs }: TinyNetwork): Buffer {
  const graph = part(
    7,
    ...nodes.map(node),
    part(2, 'tiny'),
    ...Object.entries(weights).map(([name, shape]) => weight(name, shape)),
    value(11, 'image', [1, 3, 'height', 'width']),
    ...outputs.map(({ name, channels }) => value(12, name, [1, channels, `${name} height`, `${name} width`])),
  )
  return modelBytes(graph)
}

/** The bytes of a model that is this graph. */
export function graphBytes({ nodes, inputs, outputs, constants }: TinyGraph): Buffer {
  const graph = part(
    7,
    ...nodes.map(node),
    part(2, 'tiny'),
    ...Object.entries(constants).map(([name, content]) => constant(name, content)),
    ...inputs.map(({ name, shape }) => value(11, name, shape)),
    ...outputs.map(({ name, shape }) => value(12, name, shape)),
  )
  return modelBytes(graph)
}

function modelBytes(graph: Buffer): Buffer {
  return Buffer.concat([whole(1, 8), graph, part(8, part(1, ''), whole(2, 17))])
}

/** A models folder whose backbone is the tiny network; the matcher is the one that ships. */
export function writeTinyModels(folder: string, modelsFolder: string, network: TinyNetwork): void {
  const bytes = onnxBytes(network)
  const manifest = JSON.parse(readFileSync(join(modelsFolder, 'manifest.json'), 'utf8')) as {
    readonly models: readonly { readonly kind: string; readonly file: string }[]
  }
  const matcher = manifest.models.find(({ kind }) => kind === 'matcher')
  if (matcher === undefined) throw new Error('the manifest has no matcher')
  const backbone = {
    id: 'tiny',
    kind: 'backbone',
    file: 'tiny.onnx',
    sha256: createHash('sha256').update(bytes).digest('hex'),
    inputs: [{ name: 'image', layout: 'NCHW', colour: 'RGB' }],
    outputs: network.outputs,
    normalisation: { mean: 127, scale: 128 },
  }
  mkdirSync(folder, { recursive: true })
  copyFileSync(join(modelsFolder, matcher.file), join(folder, matcher.file))
  writeFileSync(join(folder, backbone.file), bytes)
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ schemaVersion: 1, models: [backbone, matcher] }))
}

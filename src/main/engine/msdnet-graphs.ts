import { join } from 'node:path'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { AppError } from '../../shared/errors.ts'
import { mapNamed } from './feature-maps.ts'
import { loadVerifiedModel } from './models.ts'
import type { GraphEntry, MsdnetEntries } from './msdnet-entry.ts'
import type { FeatureMaps } from './predictor.ts'
import { createSession, loadRuntime } from './runtime.ts'
import type { WeightedTokens } from './tokens.ts'

/** Names of the backbone's maps that both graphs take, finest first. */
const mapNames = ['s8', 's16a', 's16b', 's32'] as const

/** Numbers of a support beside its tokens. */
export interface SupportNumbers {
  /** Mean raw features of outline, background and negatives: regions x channels. */
  readonly pooled: Float32Array
  /** 1 for each of these regions that exists. */
  readonly present: Float32Array
  /** Share of the image that the outline covers. */
  readonly area: Float32Array
  /** Mean unit vector of the coarsest map: what the picture looks like as a whole. */
  readonly scene: Float32Array
}

export interface EncodedSupport {
  readonly tokens: WeightedTokens
  readonly numbers: SupportNumbers
}

/** All supports of one class, side by side. */
export interface ClassInputs {
  readonly tokens: WeightedTokens
  /** supports x regions x channels. */
  readonly pooled: Float32Array
  /** supports x regions. */
  readonly present: Float32Array
  readonly supports: number
}

export interface Decoded {
  readonly width: number
  readonly height: number
  /** Logits of the prediction grid, row by row. */
  readonly logits: Float32Array
  /** Logit that the class is in the image at all. */
  readonly presence: number
}

/** Support encoder and query decoder of an exported MSDNet; the interface is in docs/adr/0011-msdnet-predictor.md. */
export interface MsdnetGraphs extends AsyncDisposable {
  readonly entries: MsdnetEntries
  /** How many numbers each of `SupportNumbers` has. */
  readonly sizes: Readonly<Record<keyof SupportNumbers, number>>
  /** Coverages 0 to 1 on the grid of the finest map, row by row. */
  readonly encode: (features: FeatureMaps, foreground: Float32Array, negative: Float32Array) => Promise<EncodedSupport>
  readonly decode: (features: FeatureMaps, inputs: ClassInputs) => Promise<Decoded>
}

const encoderInputs = [...mapNames, 'foreground', 'negative'] as const
const encoderOutputs = [
  'tokens',
  'foreground_weights',
  'background_weights',
  'pooled',
  'present',
  'area',
  'scene',
] as const
const decoderInputs = [...mapNames, 'tokens', 'foreground_weights', 'background_weights', 'pooled', 'present'] as const
const decoderOutputs = ['logits', 'presence'] as const

/**
 * Opens both graphs on the CPU: they are small, and the same state then gives the same mask on every machine. Files are
 * compared with their hashes, and the graphs with what their manifest entries promise. Throws `ModelMissing` or
 * `ModelMismatch` naming the file.
 */
export async function openMsdnetGraphs(
  modelsFolder: string,
  entries: MsdnetEntries,
  threads: number,
): Promise<MsdnetGraphs> {
  const runtime = await loadRuntime()
  await using stack = new AsyncDisposableStack()
  const open = async (entry: GraphEntry, inputs: readonly string[], outputs: readonly string[]): Promise<Graph> => {
    const graph = await openGraph(modelsFolder, entry, { inputs, outputs, threads })
    stack.defer(() => graph.session.release())
    return graph
  }
  const encoder = await open(entries.encoder, encoderInputs, encoderOutputs)
  const decoder = await open(entries.decoder, decoderInputs, decoderOutputs)
  const sizes = {
    pooled: fixedSize(encoder, 'pooled'),
    present: fixedSize(encoder, 'present'),
    area: fixedSize(encoder, 'area'),
    scene: fixedSize(encoder, 'scene'),
  }
  const owned = stack.move()
  const tensor = (data: Float32Array, dims: readonly number[]): Tensor =>
    new runtime.Tensor('float32', data, [...dims]) as Tensor
  const mapInputs = (features: FeatureMaps): Record<string, Tensor> =>
    Object.fromEntries(
      mapNames.map((name) => {
        const { data, channels, height, width } = mapNamed(features, name)
        return [name, tensor(data, [1, channels, height, width])]
      }),
    )

  return {
    entries,
    sizes,
    encode: async (features, foreground, negative) => {
      const { width, height } = mapNamed(features, 's8')
      const run = await runGraph(encoder, {
        ...mapInputs(features),
        foreground: tensor(foreground, [1, 1, height, width]),
        negative: tensor(negative, [1, 1, height, width]),
      })
      const tokens = run('tokens')
      const [, count = 0, channels = 0] = tokens.dims
      const number = (name: keyof SupportNumbers): Float32Array => run(name, sizes[name]).data
      return {
        tokens: {
          count,
          channels,
          values: run('tokens', count * channels).data,
          foreground: run('foreground_weights', count).data,
          background: run('background_weights', count).data,
        },
        numbers: { pooled: number('pooled'), present: number('present'), area: number('area'), scene: number('scene') },
      }
    },
    decode: async (features, { tokens, pooled, present, supports }) => {
      const { count, channels } = tokens
      const regions = sizes.present
      const run = await runGraph(decoder, {
        ...mapInputs(features),
        tokens: tensor(tokens.values, [1, count, channels]),
        foreground_weights: tensor(tokens.foreground, [1, count]),
        background_weights: tensor(tokens.background, [1, count]),
        pooled: tensor(pooled, [1, supports, regions, sizes.pooled / regions]),
        present: tensor(present, [1, supports, regions]),
      })
      const { dims } = run('logits')
      const [, , height = 0, width = 0] = dims
      const presence = run('presence', 1).data[0] ?? Number.NaN
      return { width, height, logits: run('logits', width * height).data, presence }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

interface Graph {
  readonly path: string
  readonly entry: GraphEntry
  readonly session: InferenceSession
  /** What is asked of it besides what it returns for others. */
  readonly outputs: readonly string[]
}

async function openGraph(
  modelsFolder: string,
  entry: GraphEntry,
  wanted: { readonly inputs: readonly string[]; readonly outputs: readonly string[]; readonly threads: number },
): Promise<Graph> {
  const path = join(modelsFolder, entry.file)
  const model = await loadVerifiedModel(modelsFolder, entry)
  let session: InferenceSession
  try {
    session = await createSession(model, { provider: 'cpu', threads: wanted.threads })
  } catch (cause) {
    throw modelFault(path, 'the runtime cannot load it', cause)
  }
  try {
    compareNames(path, 'input', session.inputNames, entry.inputs, wanted.inputs)
    compareNames(path, 'output', session.outputNames, entry.outputs, wanted.outputs)
    compareShapes(path, session.inputMetadata, entry.inputs)
    compareShapes(path, session.outputMetadata, entry.outputs)
  } catch (error) {
    await session.release()
    throw error
  }
  return { path, entry, session, outputs: wanted.outputs }
}

function compareNames(
  path: string,
  what: 'input' | 'output',
  found: readonly string[],
  promised: GraphEntry['inputs'],
  wanted: readonly string[],
): void {
  for (const { name } of promised) {
    if (!found.includes(name)) throw modelFault(path, `it has no ${what} "${name}", which its manifest promises`)
  }
  for (const name of wanted) {
    if (!promised.some((each) => each.name === name)) {
      throw modelFault(path, `its manifest promises no ${what} "${name}", which every MSDNet has`)
    }
  }
  // An input that nobody fills would only be found when the graph runs.
  const unknown = what === 'input' ? found.find((name) => !wanted.includes(name)) : undefined
  if (unknown !== undefined) throw modelFault(path, `it wants an input "${unknown}" that this version does not know`)
}

/** Fixed dimensions of the graph must be those of the manifest. */
function compareShapes(path: string, found: InferenceSession['inputMetadata'], promised: GraphEntry['inputs']): void {
  for (const { name, shape } of promised) {
    const metadata = found.find((each) => each.name === name)
    if (metadata?.isTensor !== true) continue
    const dims = metadata.shape
    const fits =
      dims.length === shape.length &&
      shape.every((size, at) => typeof size === 'string' || typeof dims[at] === 'string' || dims[at] === size)
    if (!fits) {
      throw modelFault(path, `"${name}" has the shape [${dims.join(', ')}], its manifest says [${shape.join(', ')}]`)
    }
  }
}

/** How many numbers an output has whose shape the manifest fixes. */
function fixedSize({ path, entry }: Graph, name: string): number {
  const shape = entry.outputs.find((each) => each.name === name)?.shape ?? []
  return shape.reduce<number>((size, dimension) => {
    if (typeof dimension === 'string') throw modelFault(path, `the size of "${name}" must be fixed in its manifest`)
    return size * dimension
  }, 1)
}

type NamedOutput = (name: string, size?: number) => { readonly data: Float32Array; readonly dims: readonly number[] }

/** Runs the graph; the result hands out its outputs, each compared with the size it must have. */
async function runGraph(graph: Graph, inputs: Readonly<Record<string, Tensor>>): Promise<NamedOutput> {
  let outputs: Awaited<ReturnType<InferenceSession['run']>>
  try {
    outputs = await graph.session.run(inputs, [...graph.outputs])
  } catch (cause) {
    throw modelFault(graph.path, cause instanceof Error ? cause.message : String(cause), cause)
  }
  return (name, size) => {
    const output = outputs[name]
    const data = output?.data
    if (output === undefined || !(data instanceof Float32Array) || (size !== undefined && data.length !== size)) {
      throw modelFault(graph.path, `its output "${name}" has the shape [${output?.dims.join(', ') ?? ''}]`)
    }
    return { data, dims: output.dims }
  }
}

/** A model file that is the right one and does not do what its kind must do. */
export function modelFault(path: string, fault: string, cause?: unknown): AppError {
  return new AppError(
    'ModelMismatch',
    'modelFault',
    `The model file ${path} cannot be used: ${fault}. Export the model anew, or choose another predictor.`,
    { params: { path, fault }, cause },
  )
}

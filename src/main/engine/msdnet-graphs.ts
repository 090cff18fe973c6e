import { mapNamed } from './feature-maps.ts'
import { fixedSize, mapInputs, openModelGraph } from './model-graph.ts'
import type { TokenEntries } from './msdnet-entry.ts'
import type { FeatureMaps } from './predictor.ts'
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
  readonly entries: TokenEntries
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
  entries: TokenEntries,
  threads: number,
): Promise<MsdnetGraphs> {
  await using stack = new AsyncDisposableStack()
  const encoder = stack.use(
    await openModelGraph(modelsFolder, entries.encoder, { inputs: encoderInputs, outputs: encoderOutputs }, threads),
  )
  const decoder = stack.use(
    await openModelGraph(modelsFolder, entries.decoder, { inputs: decoderInputs, outputs: decoderOutputs }, threads),
  )
  const sizes = {
    pooled: fixedSize(encoder, 'pooled'),
    present: fixedSize(encoder, 'present'),
    area: fixedSize(encoder, 'area'),
    scene: fixedSize(encoder, 'scene'),
  }
  const owned = stack.move()
  return {
    entries,
    sizes,
    encode: async (features, foreground, negative) => {
      const { width, height } = mapNamed(features, 's8')
      const run = await encoder.run({
        ...mapInputs(features, mapNames),
        foreground: { data: foreground, dims: [1, 1, height, width] },
        negative: { data: negative, dims: [1, 1, height, width] },
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
      const run = await decoder.run({
        ...mapInputs(features, mapNames),
        tokens: { data: tokens.values, dims: [1, count, channels] },
        foreground_weights: { data: tokens.foreground, dims: [1, count] },
        background_weights: { data: tokens.background, dims: [1, count] },
        pooled: { data: pooled, dims: [1, supports, regions, sizes.pooled / regions] },
        present: { data: present, dims: [1, supports, regions] },
      })
      const { dims } = run('logits')
      const [, , height = 0, width = 0] = dims
      const presence = run('presence', 1).data[0] ?? Number.NaN
      return { width, height, logits: run('logits', width * height).data, presence }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

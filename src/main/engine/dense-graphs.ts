import type { DenseSupports } from './dense-state.ts'
import { mapNamed } from './feature-maps.ts'
import { mapInputs, openModelGraph } from './model-graph.ts'
import type { GraphTensor, ModelGraph } from './model-graph.ts'
import { modelFault } from './models.ts'
import type { DenseEntries } from './msdnet-entry.ts'
import type { FeatureMaps } from './predictor.ts'

/** Numbers on a grid, row by row. */
export interface Grid {
  readonly width: number
  readonly height: number
  readonly data: Float32Array
}

/** Support encoder and query decoder of a dense MSDNet; the interface is in docs/adr/0013-dense-msdnet.md. */
export interface DenseGraphs extends AsyncDisposable {
  readonly encoder: ModelGraph
  readonly decoder: ModelGraph
  /** One support; the mask, 0 or 1, is on the pixels of the network's input. */
  readonly encode: (features: FeatureMaps, mask: Grid) => Promise<DenseSupports>
  /** Logits of the query, on a grid of any size whose corners lie on the corners of the network's input. */
  readonly decode: (features: FeatureMaps, supports: DenseSupports) => Promise<Grid>
}

const mapNames = ['conv3', 'conv4', 'conv5'] as const
const supportMaps = ['support_conv5', 'support_mask', 'support_low', 'support_high'] as const

/** Opens both graphs on the CPU, as `openMsdnetGraphs` does. Throws `ModelMissing` or `ModelMismatch` naming the file. */
export async function openDenseGraphs(
  modelsFolder: string,
  entries: DenseEntries,
  threads: number,
): Promise<DenseGraphs> {
  await using stack = new AsyncDisposableStack()
  const encoderSurface = { inputs: [...mapNames, 'mask'], outputs: ['prototype', ...supportMaps] }
  // A network without one of the published parts does not take what only that part needs.
  const decoderSurface = {
    inputs: ['conv3', 'conv4', 'prototype'],
    optionalInputs: ['conv5', ...supportMaps],
    outputs: ['logits'],
  }
  const encoder = stack.use(await openModelGraph(modelsFolder, entries.encoder, encoderSurface, threads))
  const decoder = stack.use(await openModelGraph(modelsFolder, entries.decoder, decoderSurface, threads))
  const owned = stack.move()
  return {
    encoder,
    decoder,
    encode: async (features, mask) => {
      const { width, height } = mapNamed(features, 'conv5')
      const run = await encoder.run({
        ...mapInputs(features, mapNames),
        mask: { data: mask.data, dims: [1, 1, mask.height, mask.width] },
      })
      const map = (name: (typeof supportMaps)[number], size?: number): Float32Array => {
        const { data, dims } = run(name, size)
        if (dims.length !== 4 || dims[0] !== 1 || dims[2] !== height || dims[3] !== width) {
          throw modelFault(encoder.path, `its output "${name}" has the shape [${dims.join(', ')}]`)
        }
        return data
      }
      return {
        count: 1,
        width,
        height,
        cells: width * height,
        prototype: run('prototype').data,
        mask: map('support_mask', width * height),
        conv5: map('support_conv5'),
        low: map('support_low'),
        high: map('support_high'),
      }
    },
    decode: async (features, supports) => {
      const { count, width, height, cells, prototype, mask, conv5, low, high } = supports
      const map = (data: Float32Array, rows: number, columns: number): GraphTensor => {
        return { data, dims: [count, data.length / (count * rows * columns), rows, columns] }
      }
      const all: Readonly<Record<string, GraphTensor>> = {
        ...mapInputs(features, mapNames),
        prototype: { data: prototype, dims: [count, prototype.length / count] },
        // Cells are looked for, wherever they lie: they are one row.
        support_conv5: map(conv5, 1, cells),
        support_mask: map(mask, 1, cells),
        support_low: map(low, height, width),
        support_high: map(high, height, width),
      }
      const run = await decoder.run(
        Object.fromEntries(Object.entries(all).filter(([name]) => decoder.inputNames.includes(name))),
      )
      const [, , rows = 0, columns = 0] = run('logits').dims
      return { width: columns, height: rows, data: run('logits', columns * rows).data }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

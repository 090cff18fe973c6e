import { join } from 'node:path'
import { modelFault } from './models.ts'
import type { BackboneEntry } from './models.ts'
import { compareWithGolden } from './msdnet-golden.ts'
import type { ClassInputs, MsdnetGraphs } from './msdnet-graphs.ts'
import type { FeatureMap, FeatureMaps } from './predictor.ts'
import { joinTokens } from './tokens.ts'

/** Sizes of the finest map, small and of different shapes: 128 x 64 and 128 x 192 pixels. */
const sizes = [
  { width: 16, height: 8 },
  { width: 16, height: 24 },
] as const
/** Numbers of supports that are tried with each of them. */
const shots = [1, 3] as const

/**
 * Runs both graphs on made-up features, at two sizes and with one and three supports, and looks at what they return:
 * grids of the right size, numbers that are finite, and weights that are not negative; then compares with the values that
 * it was exported with, where they are installed. Throws `ModelMismatch` naming the
 * file at fault. It takes a fraction of a second, so it is done whenever a model is loaded.
 */
export async function selfTest(graphs: MsdnetGraphs, modelsFolder: string, backbone: BackboneEntry): Promise<void> {
  const encoderPath = join(modelsFolder, graphs.entries.encoder.file)
  const decoderPath = join(modelsFolder, graphs.entries.decoder.file)
  for (const { width, height } of sizes) {
    const supports = []
    for (const seed of [1, 2, 3]) {
      const support = await graphs.encode(
        madeFeatures(backbone, width, height, seed),
        box(width, height),
        none(width, height),
      )
      const cells = (width / 2) * (height / 2)
      const { tokens, numbers } = support
      if (tokens.count !== cells) {
        throw modelFault(encoderPath, `it makes ${tokens.count} tokens of ${cells} cells`)
      }
      const values = [
        tokens.values,
        tokens.foreground,
        tokens.background,
        numbers.pooled,
        numbers.present,
        numbers.area,
        numbers.scene,
      ]
      if (!values.every(areFinite)) throw modelFault(encoderPath, 'it returns values that are no numbers')
      if ([...tokens.foreground, ...tokens.background].some((weight) => weight < 0)) {
        throw modelFault(encoderPath, 'it returns negative weights')
      }
      supports.push(support)
    }
    const query = madeFeatures(backbone, width, height, 4)
    for (const count of shots) {
      const used = supports.slice(0, count)
      const inputs: ClassInputs = {
        tokens: joinTokens(used.map(({ tokens }) => tokens)),
        pooled: Float32Array.from(used.flatMap(({ numbers }) => [...numbers.pooled])),
        present: Float32Array.from(used.flatMap(({ numbers }) => [...numbers.present])),
        supports: count,
      }
      const decoded = await graphs.decode(query, inputs)
      if (decoded.width !== 2 * width || decoded.height !== 2 * height) {
        throw modelFault(
          decoderPath,
          `its grid has ${decoded.width} x ${decoded.height} cells instead of ${2 * width} x ${2 * height}`,
        )
      }
      if (!areFinite(decoded.logits) || !Number.isFinite(decoded.presence)) {
        throw modelFault(decoderPath, 'it returns values that are no numbers')
      }
    }
  }
  await compareWithGolden(graphs, modelsFolder)
}

/** Features that look random and are always the same, -1 to 1, with the backbone's maps; the size is that of stride 8. */
export function madeFeatures(backbone: BackboneEntry, width: number, height: number, seed: number): FeatureMaps {
  let state = seed
  const maps = backbone.outputs.map(({ name, stride, channels }): [string, FeatureMap] => {
    const shrink = stride / 8
    const own = { width: width / shrink, height: height / shrink }
    const data = Float32Array.from({ length: channels * own.width * own.height }, () => {
      state = (state * 16_807) % 2_147_483_647
      return (2 * state) / 2_147_483_647 - 1
    })
    return [name, { stride, channels, ...own, data }]
  })
  return { inputWidth: width * 8, inputHeight: height * 8, maps: Object.fromEntries(maps) }
}

/** Coverage of a box in the middle. */
export function box(width: number, height: number): Float32Array {
  return Float32Array.from({ length: width * height }, (_, cell) => {
    const x = cell % width
    const y = Math.floor(cell / width)
    return x >= width / 4 && x < (3 * width) / 4 && y >= height / 4 && y < (3 * height) / 4 ? 1 : 0
  })
}

function none(width: number, height: number): Float32Array {
  return new Float32Array(width * height)
}

export function areFinite(values: Float32Array): boolean {
  return values.every((value) => Number.isFinite(value))
}

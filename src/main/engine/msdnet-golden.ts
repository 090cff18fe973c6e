import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from '../../shared/zod.ts'
import { modelFault } from './models.ts'
import type { EncodedSupport, MsdnetGraphs } from './msdnet-graphs.ts'
import type { FeatureMap, FeatureMaps } from './predictor.ts'
import { joinTokens, mergeTokens, quantiseTokens, restoreTokens } from './tokens.ts'

const boxSchema = z.tuple([z.int(), z.int(), z.int(), z.int()])
type Box = Readonly<z.infer<typeof boxSchema>>
const answerSchema = z.object({
  /** Largest magnitude of the logits: differences are relative to it. */
  scale: z.number().positive(),
  /** Every fifth logit of every fifth row. */
  logits: z.array(z.number()),
  presence: z.tuple([z.number()]),
})
/** What `models/exemplar_models/light/golden.py` writes; boxes are left, top, right, bottom in stride-16 cells. */
const goldenSchema = z.object({
  schemaVersion: z.literal(1),
  height: z.int().positive(),
  width: z.int().positive(),
  supportBoxes: z.tuple([boxSchema, boxSchema]),
  /** Of the second support. */
  erasedBox: boxSchema,
  queryBox: boxSchema,
  supportSeeds: z.tuple([z.int(), z.int()]),
  querySeed: z.int(),
  tokensPerSupport: z.int().positive(),
  answers: z.object({ one: answerSchema, two: answerSchema }),
})

/** Largest difference that counts as the same: eight bits and two runtimes lie between. */
const tolerance = 1e-3
const step = 5

/**
 * Compares the whole way from feature maps to logits (encoding, merging, 8 bits, decoding, for one support and for two)
 * with the values that the model was exported with. Nothing where the file is not installed. Throws `ModelMismatch` naming
 * the model.
 */
export async function compareWithGolden(graphs: MsdnetGraphs, modelsFolder: string): Promise<void> {
  const { file, golden: name } = graphs.entries.decoder
  if (name === undefined || !existsSync(join(modelsFolder, name))) return
  const path = join(modelsFolder, file)
  const parsed = goldenSchema.safeParse(JSON.parse(await readFile(join(modelsFolder, name), 'utf8')))
  if (!parsed.success) throw modelFault(path, `its stored values in ${name} cannot be read`, parsed.error)
  const golden = parsed.data
  const supports: EncodedSupport[] = []
  for (const [index, box] of golden.supportBoxes.entries()) {
    const features = goldenFeatures(golden, golden.supportSeeds[index] ?? 0, box)
    const nothing = new Float32Array(4 * golden.width * golden.height)
    const erased = index === 1 ? boxCoverage(golden, golden.erasedBox) : nothing
    const { tokens, numbers } = await graphs.encode(features, boxCoverage(golden, box), erased)
    const merged = mergeTokens(tokens, golden.tokensPerSupport)
    supports.push({ tokens: { ...merged, ...restoreTokens(quantiseTokens(merged), merged.channels) }, numbers })
  }
  const query = goldenFeatures(golden, golden.querySeed, golden.queryBox)
  for (const [count, answer] of [golden.answers.one, golden.answers.two].entries()) {
    const used = supports.slice(0, count + 1)
    const decoded = await graphs.decode(query, {
      tokens: joinTokens(used.map(({ tokens }) => tokens)),
      pooled: Float32Array.from(used.flatMap(({ numbers }) => [...numbers.pooled])),
      present: Float32Array.from(used.flatMap(({ numbers }) => [...numbers.present])),
      supports: used.length,
    })
    const { width, height, logits } = decoded
    let at = 0
    let largest = Math.abs(decoded.presence - answer.presence[0]) / Math.max(Math.abs(answer.presence[0]), 1)
    for (let y = 0; y < height; y += step) {
      for (let x = 0; x < width; x += step) {
        const difference = Math.abs((logits[y * width + x] ?? Infinity) - (answer.logits[at++] ?? Infinity))
        largest = Math.max(largest, difference / answer.scale)
      }
    }
    if (at !== answer.logits.length || !(largest <= tolerance)) {
      throw modelFault(path, `it differs from its stored values by ${largest.toPrecision(2)} of their scale`)
    }
  }
}

/**
 * The feature maps of the golden files, over a grid of stride-16 cells. Park and Miller's generator, as in `golden.py`:
 * -0.5 to 0.5, and `(c % 5 - 2) / 5` more inside the box.
 */
export function goldenFeatures(
  grid: { readonly width: number; readonly height: number },
  seed: number,
  box: Box,
): FeatureMaps {
  const map = (channels: number, stride: number, own: number): FeatureMap => {
    const scale = 16 / stride
    const width = grid.width * scale
    const height = grid.height * scale
    const [left, top, right, bottom] = scaled(box, scale)
    let state = own
    const data = Float32Array.from({ length: channels * height * width }, (_, at) => {
      state = (state * 16_807) % 2_147_483_647
      const x = at % width
      const y = Math.floor(at / width) % height
      const c = Math.floor(at / (width * height))
      const inside = x >= left && x < right && y >= top && y < bottom
      return state / 2_147_483_647 - 0.5 + (inside ? ((c % 5) - 2) / 5 : 0)
    })
    return { stride, channels, height, width, data }
  }
  return {
    inputWidth: grid.width * 16,
    inputHeight: grid.height * 16,
    maps: {
      s8: map(48, 8, seed + 2),
      s16a: map(88, 16, seed + 3),
      s16b: map(120, 16, seed),
      s32: map(352, 32, seed + 1),
    },
  }
}

/** In cells of a grid `factor` times as fine; whole cells. */
function scaled([left, top, right, bottom]: Box, factor: number): Box {
  return [Math.floor(left * factor), Math.floor(top * factor), Math.floor(right * factor), Math.floor(bottom * factor)]
}

/** Coverage of the stride-8 cells by the box, half a cell longer on the left. */
function boxCoverage({ width, height }: { readonly width: number; readonly height: number }, box: Box): Float32Array {
  const [left, top, right, bottom] = scaled(box, 2)
  const columns = 2 * width
  return Float32Array.from({ length: columns * 2 * height }, (_, cell) => {
    const x = cell % columns
    const y = Math.floor(cell / columns)
    if (y < top || y >= bottom || x < left - 1 || x >= right) return 0
    return x === left - 1 ? 0.5 : 1
  })
}

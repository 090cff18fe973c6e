import type { DenseGraphs, Grid } from './dense-graphs.ts'
import { packSupport, unpackSupports } from './dense-state.ts'
import type { DenseChannels, DenseSupports } from './dense-state.ts'
import { rounded } from './feature-maps.ts'
import { concatenated } from './float-arrays.ts'
import { modelFault } from './models.ts'
import type { BackboneEntry } from './models.ts'
import { areFinite, box, madeFeatures } from './msdnet-self-test.ts'

/** Sizes of the maps, small and of different shapes; an image of 8n + 1 pixels has n + 1 cells. */
const sizes = [
  { width: 9, height: 7 },
  { width: 7, height: 11 },
] as const
const stride = 8
/** Numbers of supports that are tried with each of them. */
const shots = [1, 3] as const
/** Largest change of the logits, relative to their largest, that is rounding. */
const rounding = 1e-4

/**
 * Runs both graphs on made-up features, at two sizes and with one and three supports, and looks at what they return:
 * numbers that are finite, covered cells, logits on a grid of the maps' shape, and the same logits from the outlined cells
 * alone, since no others are kept. Throws `ModelMismatch` naming the file at fault. It takes a fraction of a
 * second, so it is done whenever a model is loaded.
 *
 * @returns how many channels the parts of its supports have, which a manifest may leave open
 */
export async function denseSelfTest(graphs: DenseGraphs, backbone: BackboneEntry): Promise<DenseChannels> {
  const { encoder, decoder } = graphs
  let channels: DenseChannels = { prototype: 0, conv5: 0, low: 0, high: 0 }
  for (const { width, height } of sizes) {
    const supports: DenseSupports[] = []
    const pixels = { width: (width - 1) * stride + 1, height: (height - 1) * stride + 1 }
    const whole = box(pixels.width, pixels.height)
    for (const seed of [1, 2, 3]) {
      // Of different sizes: supports are filled up to the largest.
      const right = pixels.width * (0.9 - 0.1 * seed)
      const outline: Grid = { ...pixels, data: whole.map((inside, at) => (at % pixels.width < right ? inside : 0)) }
      // In the precision that is kept.
      const features = rounded(madeFeatures(backbone, width, height, seed))
      const support = await graphs.encode(features, outline)
      const { prototype, mask, conv5, low, high } = support
      if (![prototype, mask, conv5, low, high].every(areFinite)) {
        throw modelFault(encoder.path, 'it returns values that are no numbers')
      }
      if (!mask.some((share) => share > 0)) throw modelFault(encoder.path, 'it covers no cell of an outline')
      const cells = width * height
      channels = {
        prototype: prototype.length,
        conv5: conv5.length / cells,
        low: low.length / cells,
        high: high.length / cells,
      }
      supports.push(support)
    }
    const query = madeFeatures(backbone, width, height, 4)
    for (const count of shots) {
      const used = supports.slice(0, count)
      const complete = stacked(used)
      const logits = await graphs.decode(query, complete)
      if (logits.width * height !== logits.height * width || logits.data.length === 0) {
        throw modelFault(
          decoder.path,
          `its grid has ${logits.width} x ${logits.height} cells, another shape than maps of ${width} x ${height}`,
        )
      }
      if (!areFinite(logits.data)) throw modelFault(decoder.path, 'it returns values that are no numbers')
      const kept = unpackSupports(used.map(packSupport), channels, { width, height })
      const { low, high } = outlinedOnly(complete)
      const { data } = await graphs.decode(query, { ...kept, low, high })
      const largest = logits.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      if (!data.every((value, at) => Math.abs(value - (logits.data[at] ?? 0)) <= rounding * largest)) {
        throw modelFault(decoder.path, 'it uses what lies outside the outline of an example, which is not kept')
      }
    }
  }
  return channels
}

function stacked(supports: readonly DenseSupports[]): DenseSupports {
  const joined = (valuesOf: (support: DenseSupports) => Float32Array): Float32Array =>
    concatenated(supports.map((support) => valuesOf(support)))
  const { width, height, cells } = supports[0] ?? { width: 0, height: 0, cells: 0 }
  return {
    count: supports.length,
    width,
    height,
    cells,
    prototype: joined(({ prototype }) => prototype),
    mask: joined(({ mask }) => mask),
    conv5: joined(({ conv5 }) => conv5),
    low: joined(({ low }) => low),
    high: joined(({ high }) => high),
  }
}

/** Their maps with 0 in every cell that no outline touches, in full precision. */
function outlinedOnly({ count, cells, mask, low, high }: DenseSupports): Pick<DenseSupports, 'low' | 'high'> {
  const cleared = (map: Float32Array): Float32Array => {
    const perSupport = map.length / count
    return map.map((value, at) => {
      const cell = Math.floor(at / perSupport) * cells + (at % cells)
      return (mask[cell] ?? 0) > 0 ? value : 0
    })
  }
  return { low: cleared(low), high: cleared(high) }
}

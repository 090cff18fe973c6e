import { openDenseGraphs } from './dense-graphs.ts'
import type { Grid } from './dense-graphs.ts'
import { denseSelfTest } from './dense-self-test.ts'
import { decodeDense, encodeDense, packSupport, requireGrid, unpackSupports } from './dense-state.ts'
import { mapNamed } from './feature-maps.ts'
import type { BackboneEntry } from './models.ts'
import { networkHash } from './msdnet-entry.ts'
import type { DenseEntries } from './msdnet-entry.ts'
import type { Predictor, ScoreMap } from './predictor.ts'
import type { PredictorContext } from './predictors.ts'
import { denseMsdnetMagic } from './state-bytes.ts'
import type { StateFormat } from './state-bytes.ts'
import { coveredCells, requireOutlined, requireSupports } from './support-mask.ts'

/** Counts up when the bytes of a state or their meaning change. */
const stateVersion = 1

/**
 * MSDNet in the paper's configuration (arXiv 2409.11316), trained elsewhere: Conv5 of every outlined cell is what the query
 * is compared with, so a support is megabytes (docs/adr/0013-dense-msdnet.md). Every photo enters at the one size it was
 * trained at, so that supports share a grid. It looks at the whole image only, knows nothing of negatives, and does not
 * say how sure it is that a class is there: the score of a proposal follows from its margins.
 *
 * Throws `ModelMissing` or `ModelMismatch` naming the file; both graphs have passed `denseSelfTest` when it resolves.
 */
export async function createDenseMsdnetPredictor(
  { modelsFolder, backbone, threads }: PredictorContext,
  entries: DenseEntries,
): Promise<Predictor & AsyncDisposable> {
  await using stack = new AsyncDisposableStack()
  const graphs = stack.use(await openDenseGraphs(modelsFolder, entries, threads))
  const channels = await denseSelfTest(graphs, backbone)
  const { threshold, inputSize } = entries.decoder.recipe
  const [width, height] = inputSize
  const modelHash = denseMsdnetHash(entries, backbone)
  const format: StateFormat = { magic: denseMsdnetMagic, version: stateVersion, modelHash }
  const owned = stack.move()

  return {
    id: 'msdnet',
    modelHash,
    zooms: false,
    encodeSupport: async (features, mask) => {
      // While training a pixel belonged to the thing or not.
      const data = coveredCells(mask, width, height).map((share) => (share >= 0.5 ? 1 : 0))
      requireOutlined(data)
      const support = await graphs.encode(features, { width, height, data })
      // An outline between the cells' middles leaves nothing either.
      requireOutlined(support.mask)
      return encodeDense(format, [packSupport(support)])
    },
    fit: (supports) =>
      new Promise((resolve) => {
        requireSupports(supports)
        const blocks = supports.flatMap((bytes) => decodeDense(bytes, format, channels))
        requireGrid(blocks, blocks[0])
        resolve({ bytes: encodeDense(format, blocks), threshold, scores: {} })
      }),
    predict: async (features, classes) => {
      const maps: ScoreMap[] = []
      for (const { bytes } of classes) {
        // Not kept from image to image: as the decoder takes them, supports are a multiple of what is stored.
        const supports = unpackSupports(decodeDense(bytes, format, channels), channels, mapNamed(features, 'conv5'))
        const logits = await graphs.decode(features, supports)
        const { data } = resizeAligned(logits, width, height)
        maps.push({ width, height, data: data.map((logit) => 1 / (1 + Math.exp(-logit))) })
      }
      return maps
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** SHA-256 over everything that a state depends on, hex. */
export function denseMsdnetHash(entries: DenseEntries, backbone: BackboneEntry): string {
  return networkHash(`dense msdnet ${String(stateVersion)}`, entries, backbone)
}

/**
 * Bilinear, the middles of the corner cells on the middles of the corner pixels: where the cells of a network lie whose
 * input has 8n + 1 pixels.
 */
export function resizeAligned(grid: Grid, width: number, height: number): Grid {
  const columns = alignedPositions(width, grid.width)
  const rows = alignedPositions(height, grid.height)
  const data = new Float32Array(width * height)
  let at = 0
  for (const [top, bottom, lower] of rows) {
    for (const [left, right, share] of columns) {
      const value = (row: number): number => {
        const first = grid.data[row * grid.width + left] ?? 0
        return first + ((grid.data[row * grid.width + right] ?? 0) - first) * share
      }
      data[at++] = value(top) + (value(bottom) - value(top)) * lower
    }
  }
  return { width, height, data }
}

/** For each of `count` places on an axis of `cells`: the cell before, the cell after, and the share of the latter. */
function alignedPositions(count: number, cells: number): (readonly [number, number, number])[] {
  return Array.from({ length: count }, (_, index) => {
    const place = count === 1 ? 0 : (index * (cells - 1)) / (count - 1)
    const before = Math.min(Math.floor(place), cells - 1)
    return [before, Math.min(before + 1, cells - 1), place - before]
  })
}

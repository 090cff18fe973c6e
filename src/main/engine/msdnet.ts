import type { Box } from '../../shared/domain/records.ts'
import { createDenseMsdnetPredictor, denseMsdnetHash } from './dense-msdnet.ts'
import { mapNamed } from './feature-maps.ts'
import { concatenated } from './float-arrays.ts'
import { leaveOneOut } from './leave-one-out.ts'
import { createMatcher } from './matcher.ts'
import type { Matcher } from './matcher.ts'
import { readManifest } from './models.ts'
import type { BackboneEntry } from './models.ts'
import { isDense, networkHash, presenceThreshold, readMsdnetEntries } from './msdnet-entry.ts'
import type { MsdnetEntries, TokenEntries, TokenEntry } from './msdnet-entry.ts'
import { openMsdnetGraphs } from './msdnet-graphs.ts'
import type { ClassInputs, Decoded, EncodedSupport, MsdnetGraphs } from './msdnet-graphs.ts'
import { selfTest } from './msdnet-self-test.ts'
import type { FeatureMap, FeatureMaps, Predictor, ScoreMap, TiledMask } from './predictor.ts'
import type { PredictorContext } from './predictors.ts'
import { decodeBlocks, encodeBlocks, msdnetMagic } from './state-bytes.ts'
import type { StateBlock, StateFormat } from './state-bytes.ts'
import {
  coveredCells,
  fairShare,
  isOutlined,
  requireOutlined,
  requireSupports,
  tokensPerClass,
} from './support-mask.ts'
import { joinTokens, mergeTokens } from './tokens.ts'
import type { WeightedTokens } from './tokens.ts'

export type MsdnetPredictor = Predictor & AsyncDisposable

/** Counts up when the bytes of a state or their meaning change. */
const stateVersion = 3
/** Cells of a proposal that a share is taken of, at least: the logarithm of nothing has no value. */
const smallestArea = 1e-4
/** Presence logits beyond it are all the same certainty. */
const mostPresence = 8

/**
 * The MSDNet of the folder, of either kind. Throws `ModelMissing` or `ModelMismatch` naming the file; its graphs have passed
 * their self test when it resolves.
 */
export async function createMsdnetPredictor(context: PredictorContext): Promise<MsdnetPredictor> {
  const entries = await readMsdnetEntries(context.modelsFolder, context.backbone)
  return isDense(entries) ? createDenseMsdnetPredictor(context, entries) : createTokenMsdnetPredictor(context, entries)
}

/**
 * MSDNet (arXiv 2409.11316) as exported: one graph makes a support's state, one decodes a query against the states of a
 * class. In between the state is bounded to a fixed number of tokens and kept in 8 bits (about 256 KB a support), so that
 * it is small, portable and complete: the support's image is never needed again. A class is its supports side by side,
 * in any order.
 *
 * A support is one view or two, the whole image and what surrounds the outline enlarged: a block of the state each, with
 * half of the tokens. To the decoder they are supports like any other.
 *
 * Everything runs on the CPU.
 */
async function createTokenMsdnetPredictor(
  { modelsFolder, backbone, threads }: PredictorContext,
  entries: TokenEntries,
): Promise<MsdnetPredictor> {
  await using stack = new AsyncDisposableStack()
  const graphs = stack.use(await openMsdnetGraphs(modelsFolder, entries, threads))
  await selfTest(graphs, modelsFolder, backbone)
  const matcher = await optionalMatcher(modelsFolder, threads)
  if (matcher !== null) stack.use(matcher)
  const { recipe } = entries.decoder
  const modelHash = msdnetHash(entries, backbone)
  const format: StateFormat = { magic: msdnetMagic, version: stateVersion, modelHash }
  // A class is used for image after image: its supports are restored once.
  const restored = new WeakMap<Uint8Array, readonly EncodedView[]>()
  const supportsOf = (bytes: Uint8Array): readonly EncodedView[] => {
    const known = restored.get(bytes)
    if (known !== undefined) return known
    const supports = decodeBlocks(bytes, format, numberCount(graphs.sizes)).map((block) =>
      fromBlock(block, graphs.sizes),
    )
    restored.set(bytes, supports)
    return supports
  }
  const owned = stack.move()

  return {
    id: 'msdnet',
    modelHash,
    zooms: true,
    encodeSupport: async (features, mask, { negative, zoomed } = {}) => {
      const whole = viewOf(features, mask, negative)
      requireOutlined(whole.foreground)
      const close = zoomed === undefined ? null : viewOf(zoomed.features, mask, negative, zoomed.region)
      // An outline thinner than the cells of its own surroundings has nothing to show there.
      const views = close !== null && isOutlined(close.foreground) ? [whole, close] : [whole]
      const blocks: StateBlock[] = []
      for (const { features: shown, foreground, erased } of views) {
        blocks.push(toBlock({ ...(await graphs.encode(shown, foreground, erased)), share: 1 / views.length }))
      }
      return encodeBlocks(format, bounded(blocks, recipe.tokensPerSupport))
    },
    fit: async (supports) => {
      requireSupports(supports)
      const share = fairShare(recipe.tokensPerSupport, supports.length)
      const parts = supports.map((bytes) => bounded(decodeBlocks(bytes, format, numberCount(graphs.sizes)), share))
      const agreement =
        matcher === null
          ? null
          : await leaveOneOut(
              matcher,
              parts.map((views) => joinTokens(views.map(({ tokens }) => tokens))),
            )
      return {
        bytes: encodeBlocks(format, parts.flat()),
        threshold: recipe.threshold,
        scores: agreement === null ? {} : { leaveOneOutIoU: agreement },
      }
    },
    predict: async (features, classes) => {
      const maps: ScoreMap[] = []
      for (const { bytes } of classes) {
        const views = supportsOf(bytes)
        const decoded = await graphs.decode(features, classInputs(views, features, recipe))
        const supports = Math.round(views.reduce((sum, { share }) => sum + share, 0))
        maps.push(scoreMap(decoded, recipe, presenceThreshold(recipe, supports)))
      }
      return maps
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** SHA-256 over everything that a state depends on, hex. */
export function msdnetHash(entries: MsdnetEntries, backbone: BackboneEntry): string {
  if (isDense(entries)) return denseMsdnetHash(entries, backbone)
  return networkHash(`msdnet ${String(stateVersion)}`, entries, backbone, String(tokensPerClass))
}

/** The training-free matcher says how well supports agree; a folder with nothing but an MSDNet has none. */
async function optionalMatcher(modelsFolder: string, threads: number): Promise<Matcher | null> {
  const models = await readManifest(modelsFolder)
  return models.some(({ kind }) => kind === 'matcher') ? createMatcher(modelsFolder, threads) : null
}

/** One look at an example as it is kept; `share` is 1 over the number of looks at the same example. */
interface EncodedView extends EncodedSupport {
  readonly share: number
}

/** One look at an example: features, and coverages on the grid of the finest map. */
interface View {
  readonly features: FeatureMaps
  readonly foreground: Float32Array
  readonly erased: Float32Array
}

/** `region` is what the features show, in pixels of the image; without one they show all of it. */
function viewOf(features: FeatureMaps, mask: TiledMask, negative: TiledMask | undefined, region?: Box): View {
  const { width, height } = mapNamed(features, 's8')
  const foreground = coveredCells(mask, width, height, region)
  const erased =
    negative === undefined ? new Float32Array(width * height) : coveredCells(negative, width, height, region)
  return { features, foreground, erased }
}

/** The views of one support, which share its tokens evenly. */
function bounded(views: readonly StateBlock[], tokensPerSupport: number): StateBlock[] {
  const cap = Math.floor(tokensPerSupport / views.length)
  return views.map(({ tokens, numbers }) => ({ tokens: mergeTokens(tokens, cap), numbers }))
}

function numberCount(sizes: MsdnetGraphs['sizes']): number {
  return sizes.pooled + sizes.present + sizes.area + sizes.scene + 1
}

function toBlock({ tokens, numbers: { pooled, present, area, scene }, share }: EncodedView): StateBlock {
  return { tokens, numbers: Float32Array.from([...pooled, ...present, ...area, ...scene, share]) }
}

function fromBlock({ tokens, numbers }: StateBlock, sizes: MsdnetGraphs['sizes']): EncodedView {
  let at = 0
  const next = (size: number): Float32Array => numbers.subarray(at, (at += size))
  const pooled = next(sizes.pooled)
  const present = next(sizes.present)
  const area = next(sizes.area)
  const scene = next(sizes.scene)
  return { tokens, numbers: { pooled, present, area, scene }, share: next(1)[0] ?? 1 }
}

/** All supports side by side, weighted for this query where the recipe asks for it. */
function classInputs(
  supports: readonly EncodedSupport[],
  features: FeatureMaps,
  { sceneTemperature }: TokenEntry['recipe'],
): ClassInputs {
  const parts =
    sceneTemperature === undefined
      ? supports.map(({ tokens }) => tokens)
      : weighted(supports, sceneOf(mapNamed(features, 's32')), sceneTemperature)
  return {
    tokens: joinTokens(parts),
    pooled: concatenated(supports.map(({ numbers }) => numbers.pooled)),
    present: concatenated(supports.map(({ numbers }) => numbers.present)),
    supports: supports.length,
  }
}

/**
 * Tokens whose weights count a support by how like its scene is to the query's, after BAM (arXiv 2203.07615). A support's
 * weights are first brought to the same sum, foreground and background together: how they divide is what it says.
 */
function weighted(supports: readonly EncodedSupport[], scene: Float32Array, temperature: number): WeightedTokens[] {
  const likeness = supports.map(({ numbers }) => cosine(numbers.scene, scene) / temperature)
  const largest = Math.max(...likeness)
  const shares = likeness.map((each) => Math.exp(each - largest))
  const total = shares.reduce((sum, each) => sum + each, 0)
  return supports.map(({ tokens }, index) => {
    const own = sumOf(tokens.foreground) + sumOf(tokens.background)
    const factor = ((shares[index] ?? 0) / total) * (tokens.count / Math.max(own, 1e-12)) * supports.length
    return {
      ...tokens,
      foreground: tokens.foreground.map((weight) => weight * factor),
      background: tokens.background.map((weight) => weight * factor),
    }
  })
}

/** Mean over the cells of the unit vectors of the map, as the encoder's `scene`. */
function sceneOf({ data, channels, width, height }: FeatureMap): Float32Array {
  const cells = width * height
  const scene = new Float32Array(channels)
  for (let cell = 0; cell < cells; cell++) {
    let squares = 0
    for (let c = 0; c < channels; c++) squares += (data[c * cells + cell] ?? 0) ** 2
    const scale = 1 / (Math.max(Math.sqrt(squares), 1e-8) * cells)
    for (let c = 0; c < channels; c++) scene[c] = (scene[c] ?? 0) + (data[c * cells + cell] ?? 0) * scale
  }
  return scene
}

function cosine(left: Float32Array, right: Float32Array): number {
  let dot = 0
  let lefts = 0
  let rights = 0
  left.forEach((value, at) => {
    const other = right[at] ?? 0
    dot += value * other
    lefts += value * value
    rights += other * other
  })
  return dot / Math.max(Math.sqrt(lefts * rights), 1e-12)
}

function sumOf(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0)
}

/**
 * Probabilities of the cells, and what they say of the image. An image that the network takes for one without the class,
 * because its presence is below `leastPresence`, scores 0 everywhere, so that no class of a lower threshold is hindered and
 * nothing of it is proposed.
 */
export function scoreMap(
  { width, height, logits, presence }: Decoded,
  recipe: TokenEntry['recipe'],
  leastPresence: number,
): ScoreMap {
  const present = sigmoid(presence)
  const data = present < leastPresence ? new Float32Array(logits.length) : logits.map(sigmoid)
  return { width, height, data, presence: present, score: proposalScore(data, presence, recipe) }
}

/**
 * Estimate of a proposal's IoU, 0 to 1: logistic in the presence logit, the agreement of the map with its own outline
 * (soft IoU of the probabilities and what exceeds the threshold), and the logarithm of the outlined share. The
 * coefficients were fitted on held-out training episodes and come with the model. 0 for a map that exceeds the threshold
 * nowhere.
 */
function proposalScore(probabilities: Float32Array, presence: number, recipe: TokenEntry['recipe']): number {
  const { bias, presence: byPresence, agreement: byAgreement, area: byArea } = recipe.calibration
  let inside = 0
  let count = 0
  let outside = 0
  for (const p of probabilities) {
    if (p > recipe.threshold) {
      inside += p
      count++
    } else outside += p
  }
  if (count === 0) return 0
  const clipped = Math.min(Math.max(presence, -mostPresence), mostPresence)
  const share = Math.max(count / probabilities.length, smallestArea)
  return sigmoid(bias + byPresence * clipped + (byAgreement * inside) / (count + outside) + byArea * Math.log(share))
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit))
}

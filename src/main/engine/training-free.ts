import { createHash } from 'node:crypto'
import { AppError } from '../../shared/errors.ts'
import { connectedComponents } from '../../shared/mask/components.ts'
import { coverage } from '../../shared/mask/resample.ts'
import { createMatcher } from './matcher.ts'
import type { Matcher, MatcherEntry } from './matcher.ts'
import { featureHash } from './models.ts'
import type { BackboneEntry } from './models.ts'
import type { ClassState, FeatureMap, FeatureMaps, Predictor, ScoreMap, SupportState, TiledMask } from './predictor.ts'
import { buildTokens, mergeTokens, quantiseTokens, restoreTokens } from './tokens.ts'
import type { TokenSet, WeightedTokens } from './tokens.ts'

export interface TrainingFreeOptions {
  readonly modelsFolder: string
  readonly threads: number
  /** The backbone whose feature maps it will see: tokens only mix within one. */
  readonly backbone: BackboneEntry
}

export type TrainingFreePredictor = Predictor & AsyncDisposable

/** Counts up when the bytes of a state or their meaning change. */
const stateVersion = 1
/** A mask that covers less of every cell than this leaves nothing to learn from. */
const smallestCoverage = 0.02
/** Tokens that a class keeps; with more supports each of them gets fewer. Matching time grows with it. */
const tokensPerClass = 8640
/** Leave-one-out looks at no more supports than this, spread evenly. */
const mostLeftOut = 8
/** In score maps the decision lies in the middle. */
const decision = 0.5

/**
 * The predictor without trained parts: tokens of the backbone's `s16b` and `s32` maps are compared with
 * the supports' tokens by density (between CMGM's best match, arXiv 2409.11316, and a single prototype),
 * then one self-support pass (SSP, arXiv 2207.11549) adapts prototypes to the query. Formulas and constants:
 * `models/exemplar_models/training_free.py`, which is also the reference of the tests.
 *
 * A state is portable: tokens in 8 bits and two weights each, about 250 KB a support.
 */
export async function createTrainingFreePredictor(options: TrainingFreeOptions): Promise<TrainingFreePredictor> {
  const matcher = await createMatcher(options.modelsFolder, options.threads)
  const { sha256, recipe } = matcher.entry
  const modelHash = createHash('sha256')
    .update(
      `training-free ${String(stateVersion)} ${featureHash(options.backbone)} ${sha256} ${JSON.stringify(recipe)} ${String(tokensPerClass)}`,
    )
    .digest('hex')
  // A class is used for image after image: its tokens are restored once.
  const restored = new WeakMap<Uint8Array, WeightedTokens>()
  const classTokens = (bytes: Uint8Array): WeightedTokens => {
    const known = restored.get(bytes)
    if (known !== undefined) return known
    const tokens = decodeState(bytes, modelHash)
    restored.set(bytes, tokens)
    return tokens
  }

  return {
    id: 'training-free',
    modelHash,
    // Asynchronous in the interface only, so that a refused mask must become a rejection.
    encodeSupport: (features, mask) =>
      new Promise((resolve) => {
        resolve(encodeState(supportTokens(features, mask, recipe.tokensPerSupport), modelHash))
      }),
    fit: async (supports) => {
      if (supports.length === 0) {
        throw new AppError('InvalidInput', 'noSupports', 'A class needs at least one example to learn from.')
      }
      const cap = Math.min(recipe.tokensPerSupport, Math.floor(tokensPerClass / supports.length))
      const parts = supports.map((bytes) => mergeTokens(decodeState(bytes, modelHash), cap))
      const leaveOneOutIoU = await leaveOneOut(matcher, parts)
      return {
        bytes: encodeState(joinTokens(parts), modelHash),
        threshold: decision,
        scores: leaveOneOutIoU === null ? {} : { leaveOneOutIoU },
      }
    },
    predict: async (features, classes) => {
      const query = queryTokens(features)
      const { width, height } = mapNamed(features, 's16b')
      const maps: ScoreMap[] = []
      for (const { bytes } of classes) {
        const raw = suppressWeakRegions(await matcher.score(query, classTokens(bytes)), width, height, recipe)
        // Linear but for the ends, so that interpolating scores and interpolating maps is the same.
        const data = raw.map((s) => Math.min(Math.max(decision + recipe.gain * (s - recipe.threshold), 0), 1))
        maps.push({ width, height, data })
      }
      return maps
    },
    [Symbol.asyncDispose]: () => matcher[Symbol.asyncDispose](),
  }
}

/**
 * Hysteresis (Canny 1986) on raw scores, row-major: 8-connected regions above the threshold that nowhere
 * reach the seed are lowered to below the threshold. Weak regions are mostly false, and this lets an image
 * without the class come out empty.
 */
function suppressWeakRegions(
  raw: Float32Array,
  width: number,
  height: number,
  { threshold, seed, suppressed }: MatcherEntry['recipe'],
): Float32Array {
  const data = Uint8Array.from(raw, (s) => (s > threshold ? 1 : 0))
  const { count, labels } = connectedComponents({ width, height, data }, 8)
  const peaks = new Float32Array(count + 1)
  // Label 0 is what lies below the threshold anyway.
  peaks[0] = Infinity
  labels.forEach((label, cell) => {
    peaks[label] = Math.max(peaks[label] ?? 0, raw[cell] ?? 0)
  })
  return raw.map((s, cell) => ((peaks[labels[cell] ?? 0] ?? 0) < seed ? suppressed : s))
}

function mapNamed(features: FeatureMaps, name: string): FeatureMap {
  const map = features.maps[name]
  if (map !== undefined) return map
  throw new AppError('ModelMismatch', 'modelOutput', `The backbone does not return ${name}, which the matcher needs.`, {
    params: { name },
  })
}

function queryTokens(features: FeatureMaps): TokenSet {
  return buildTokens(mapNamed(features, 's16b'), mapNamed(features, 's32'))
}

/** The squares favour pure cells over those the outline crosses; taken before merging, so that sums stay exact. */
function supportTokens(features: FeatureMaps, mask: TiledMask, cap: number): WeightedTokens {
  const { width, height } = mapNamed(features, 's16b')
  const cells = coverage(mask.tiles, mask.width, mask.height, width, height)
  if (cells.every((share) => share < smallestCoverage)) {
    throw new AppError(
      'InvalidInput',
      'emptyMask',
      'The outlined region is empty or too small to learn from; outline a larger example.',
    )
  }
  const tokens = queryTokens(features)
  const foreground = cells.map((share) => share ** 2)
  const background = cells.map((share) => (1 - share) ** 2)
  return mergeTokens({ ...tokens, foreground, background }, cap)
}

function joinTokens(parts: readonly WeightedTokens[]): WeightedTokens {
  const channels = parts[0]?.channels ?? 0
  const count = parts.reduce((sum, part) => sum + part.count, 0)
  const joined = {
    count,
    channels,
    values: new Float32Array(count * channels),
    foreground: new Float32Array(count),
    background: new Float32Array(count),
  }
  let at = 0
  for (const part of parts) {
    joined.values.set(part.values, at * channels)
    joined.foreground.set(part.foreground, at)
    joined.background.set(part.background, at)
    at += part.count
  }
  return joined
}

/**
 * Mean over left-out supports of the IoU between their own weights and what the others predict for their
 * tokens, 0 to 1; null for a single support. Coarse (cells, not pixels), so only good for comparing states.
 */
async function leaveOneOut(matcher: Matcher, parts: readonly WeightedTokens[]): Promise<number | null> {
  if (parts.length < 2) return null
  const tested = Math.min(parts.length, mostLeftOut)
  let sum = 0
  for (let i = 0; i < tested; i++) {
    const index = Math.floor((i * parts.length) / tested)
    const left = parts[index]
    if (left === undefined) continue
    const others = parts.filter((_, other) => other !== index)
    const raw = await matcher.score(left, joinTokens(others))
    let intersection = 0
    let union = 0
    raw.forEach((s, token) => {
      const fg = left.foreground[token] ?? 0
      const predicted = s > matcher.entry.recipe.threshold
      if (predicted) intersection += fg
      union += fg + (predicted ? (left.background[token] ?? 0) : 0)
    })
    sum += union === 0 ? 0 : intersection / union
  }
  return sum / tested
}

/*
 * Bytes of a state, little-endian: 'XTFS', version u32, model hash (32 bytes), channels u32, count u32,
 * foreground f32[count], background f32[count], tokens i8[count x channels].
 */
const magic = 0x53465458
const headerBytes = 48

function encodeState(tokens: WeightedTokens, modelHash: string): Uint8Array {
  const { count, channels, foreground, background } = tokens
  const bytes = new Uint8Array(headerBytes + count * (8 + channels))
  const view = new DataView(bytes.buffer)
  view.setUint32(0, magic, true)
  view.setUint32(4, stateVersion, true)
  bytes.set(Buffer.from(modelHash, 'hex'), 8)
  view.setUint32(40, channels, true)
  view.setUint32(44, count, true)
  for (let token = 0; token < count; token++) {
    view.setFloat32(headerBytes + 4 * token, foreground[token] ?? 0, true)
    view.setFloat32(headerBytes + 4 * (count + token), background[token] ?? 0, true)
  }
  bytes.set(new Uint8Array(quantiseTokens(tokens).buffer), headerBytes + 8 * count)
  return bytes
}

/** Throws `InvalidInput` on bytes that are no state, `ModelMismatch` on a state of another model. */
function decodeState(bytes: SupportState | ClassState['bytes'], modelHash: string): WeightedTokens {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const known = bytes.length >= headerBytes && view.getUint32(0, true) === magic
  const channels = known ? view.getUint32(40, true) : 0
  const count = known ? view.getUint32(44, true) : 0
  if (!known || channels === 0 || count === 0 || bytes.length !== headerBytes + count * (8 + channels)) {
    throw new AppError(
      'InvalidInput',
      'stateDamaged',
      'What the class has learnt cannot be read; learn it again from its examples.',
    )
  }
  const hash = Buffer.from(bytes.subarray(8, 40)).toString('hex')
  if (view.getUint32(4, true) !== stateVersion || hash !== modelHash) {
    throw new AppError(
      'ModelMismatch',
      'stateOfOtherModel',
      'What the class has learnt was made by another model; learn it again from its examples.',
    )
  }
  const weights = (from: number): Float32Array =>
    Float32Array.from({ length: count }, (_, token) => view.getFloat32(from + 4 * token, true))
  const start = headerBytes + 8 * count
  const quantised = new Int8Array(bytes.slice(start).buffer)
  return {
    ...restoreTokens(quantised, channels),
    foreground: weights(headerBytes),
    background: weights(headerBytes + 4 * count),
  }
}

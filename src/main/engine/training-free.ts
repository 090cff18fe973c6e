import { createHash } from 'node:crypto'
import { connectedComponents } from '../../shared/mask/components.ts'
import { leaveOneOut } from './leave-one-out.ts'
import { createMatcher } from './matcher.ts'
import type { MatcherEntry } from './matcher.ts'
import { mapNamed } from './feature-maps.ts'
import { featureHash } from './models.ts'
import type { BackboneEntry } from './models.ts'
import type { Predictor, ScoreMap } from './predictor.ts'
import { decodeBlocks, encodeBlocks, trainingFreeMagic } from './state-bytes.ts'
import type { StateFormat } from './state-bytes.ts'
import { fairShare, requireSupports, tokensPerClass } from './support-mask.ts'
import { queryTokens, supportTokens } from './support-tokens.ts'
import { joinTokens, mergeTokens } from './tokens.ts'
import type { WeightedTokens } from './tokens.ts'

export interface TrainingFreeOptions {
  readonly modelsFolder: string
  readonly threads: number
  /** The backbone whose feature maps it will see: tokens only mix within one. */
  readonly backbone: BackboneEntry
}

export type TrainingFreePredictor = Predictor & AsyncDisposable

/** Counts up when the bytes of a state or their meaning change. */
const stateVersion = 1
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
  const { recipe } = matcher.entry
  const modelHash = trainingFreeHash(matcher.entry, options.backbone)
  const format: StateFormat = { magic: trainingFreeMagic, version: stateVersion, modelHash }
  const encode = (tokens: WeightedTokens): Uint8Array => encodeBlocks(format, [{ tokens, numbers: new Float32Array() }])
  const decode = (bytes: Uint8Array): WeightedTokens =>
    joinTokens(decodeBlocks(bytes, format, 0).map((each) => each.tokens))
  // A class is used for image after image: its tokens are restored once.
  const restored = new WeakMap<Uint8Array, WeightedTokens>()
  const classTokens = (bytes: Uint8Array): WeightedTokens => {
    const known = restored.get(bytes)
    if (known !== undefined) return known
    const tokens = decode(bytes)
    restored.set(bytes, tokens)
    return tokens
  }

  return {
    id: 'training-free',
    modelHash,
    zooms: false,
    // Asynchronous in the interface only, so that a refused mask must become a rejection.
    encodeSupport: (features, mask) =>
      new Promise((resolve) => {
        resolve(encode(supportTokens(features, mask, recipe.tokensPerSupport)))
      }),
    fit: async (supports) => {
      requireSupports(supports)
      const cap = fairShare(recipe.tokensPerSupport, supports.length)
      const parts = supports.map((bytes) => mergeTokens(decode(bytes), cap))
      const leaveOneOutIoU = await leaveOneOut(matcher, parts)
      return {
        bytes: encode(joinTokens(parts)),
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

/** SHA-256 over everything that a state depends on, hex. */
export function trainingFreeHash({ sha256, recipe }: MatcherEntry, backbone: BackboneEntry): string {
  return createHash('sha256')
    .update(
      `training-free ${String(stateVersion)} ${featureHash(backbone)} ${sha256} ${JSON.stringify(recipe)} ${String(tokensPerClass)}`,
    )
    .digest('hex')
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

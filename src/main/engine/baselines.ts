import { createHash } from 'node:crypto'
import { mapNamed } from './feature-maps.ts'
import { featureHash } from './models.ts'
import type { Predictor } from './predictor.ts'
import type { PredictorContext } from './predictors.ts'
import { baselineMagic, decodeBlocks, encodeBlocks } from './state-bytes.ts'
import type { StateFormat } from './state-bytes.ts'
import { requireSupports } from './support-mask.ts'
import { queryTokens, supportTokens } from './support-tokens.ts'
import { joinTokens } from './tokens.ts'
import type { TokenSet, WeightedTokens } from './tokens.ts'

/**
 * The simplest things that can be done with a frozen backbone, as rows of the evaluation's table; nothing else uses them.
 * Both look at the tokens that the training-free predictor looks at, and score a cell by one dot product with them.
 */

/** score = weights . token + bias, 0 to 1 after `ClassState.threshold` and clipping are applied. */
interface LinearScore {
  readonly weights: Float32Array
  readonly bias: number
  readonly threshold: number
}

const tokensPerSupport = 540

/** One prototype of the foreground and one of the background of all supports. */
export function createPrototypeCosine(context: PredictorContext): Promise<Predictor> {
  return Promise.resolve(linearPredictor('prototype-cosine', context, prototypeCosine))
}

/** Ridge regression on the cells of all supports. */
export function createLinearProbe(context: PredictorContext): Promise<Predictor> {
  return Promise.resolve(linearPredictor('linear-probe', context, linearProbe))
}

function linearPredictor(
  id: string,
  { backbone }: PredictorContext,
  fitted: (tokens: WeightedTokens) => LinearScore,
): Predictor {
  const modelHash = createHash('sha256')
    .update(`${id} 1 ${featureHash(backbone)}`)
    .digest('hex')
  const format: StateFormat = { magic: baselineMagic, version: 1, modelHash }
  return {
    id,
    modelHash,
    zooms: false,
    // Asynchronous in the interface only, so that a refused mask must become a rejection.
    encodeSupport: (features, mask) =>
      new Promise((resolve) => {
        const tokens = supportTokens(features, mask, tokensPerSupport)
        resolve(encodeBlocks(format, [{ tokens, numbers: new Float32Array() }]))
      }),
    fit: (supports) =>
      new Promise((resolve) => {
        requireSupports(supports)
        const parts = supports.flatMap((bytes) => decodeBlocks(bytes, format, 0))
        const { weights, bias, threshold } = fitted(joinTokens(parts.map(({ tokens }) => tokens)))
        const bytes = new Uint8Array(Float32Array.from([...weights, bias]).buffer)
        resolve({ bytes, threshold, scores: {} })
      }),
    predict: (features, classes) =>
      new Promise((resolve) => {
        const query = queryTokens(features)
        const { width, height } = mapNamed(features, 's16b')
        const maps = classes.map(({ bytes }) => {
          const values = new Float32Array(bytes.slice().buffer)
          const bias = values.at(-1) ?? 0
          const scores = dotProducts(query, values.subarray(0, -1))
          return { width, height, data: scores.map((score) => Math.min(Math.max(score + bias, 0), 1)) }
        })
        resolve(maps)
      }),
  }
}

function dotProducts({ count, channels, values }: TokenSet, vector: Float32Array): Float32Array {
  return Float32Array.from({ length: count }, (_, token) => {
    let dot = 0
    for (let c = 0, at = token * channels; c < channels; c++, at++) dot += (values[at] ?? 0) * (vector[c] ?? 0)
    return dot
  })
}

/**
 * Cosine with the mean foreground token minus cosine with the mean background token: a cell belongs to the prototype that it
 * is more alike. Half of the difference and one half, so that it lies between 0 and 1.
 */
function prototypeCosine({ count, channels, values, foreground, background }: WeightedTokens): LinearScore {
  const prototype = (shares: Float32Array): Float64Array => {
    const mean = new Float64Array(channels)
    for (let token = 0; token < count; token++) {
      const share = shares[token] ?? 0
      for (let c = 0; c < channels; c++) mean[c] = (mean[c] ?? 0) + share * (values[token * channels + c] ?? 0)
    }
    const length = Math.max(Math.hypot(...mean), 1e-12)
    return mean.map((value) => value / length)
  }
  const outside = prototype(background)
  const weights = Float32Array.from(prototype(foreground), (value, c) => (value - (outside[c] ?? 0)) / 2)
  return { weights, bias: 0.5, threshold: 0.5 }
}

function total(weights: Float32Array): number {
  return Math.max(
    weights.reduce((sum, weight) => sum + weight, 0),
    1e-12,
  )
}

/**
 * Weighted least squares with targets 1 (foreground) and 0, each side counting one half, and a ridge of the mean
 * eigenvalue of the cells' covariance, so that nothing is tuned. Foreground where the value exceeds one half.
 */
export function linearProbe(tokens: WeightedTokens): LinearScore {
  const { count, channels, values, foreground, background } = tokens
  const scales = { foreground: 0.5 / total(foreground), background: 0.5 / total(background) }
  const mean = new Float64Array(channels)
  const shares = Float64Array.from({ length: count }, (_, token) => {
    const share = (foreground[token] ?? 0) * scales.foreground + (background[token] ?? 0) * scales.background
    for (let c = 0; c < channels; c++) mean[c] = (mean[c] ?? 0) + share * (values[token * channels + c] ?? 0)
    return share
  })
  const covariance = new Float64Array(channels * channels)
  const target = new Float64Array(channels)
  const row = new Float64Array(channels)
  for (let token = 0; token < count; token++) {
    for (let c = 0; c < channels; c++) row[c] = (values[token * channels + c] ?? 0) - (mean[c] ?? 0)
    const share = shares[token] ?? 0
    const own = (foreground[token] ?? 0) * scales.foreground
    for (let a = 0; a < channels; a++) {
      const value = row[a] ?? 0
      // The mean of all targets is one half.
      target[a] = (target[a] ?? 0) + value * (own - share / 2)
      const weighted = share * value
      for (let b = 0, at = a * channels; b <= a; b++, at++) {
        covariance[at] = (covariance[at] ?? 0) + weighted * (row[b] ?? 0)
      }
    }
  }
  let trace = 0
  for (let c = 0; c < channels; c++) trace += covariance[c * (channels + 1)] ?? 0
  const ridge = Math.max(trace / channels, 1e-12)
  for (let c = 0; c < channels; c++) covariance[c * (channels + 1)] = (covariance[c * (channels + 1)] ?? 0) + ridge
  const weights = Float32Array.from(solve(covariance, target, channels))
  const centre = weights.reduce((before, weight, c) => before + weight * (mean[c] ?? 0), 0)
  return { weights, bias: 0.5 - centre, threshold: 0.5 }
}

/** Solves A x = b for a symmetric positive definite A (row-major, lower triangle read) by Cholesky; overwrites A. */
function solve(a: Float64Array, b: Float64Array, size: number): Float64Array {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * size + j] ?? 0
      for (let k = 0; k < j; k++) sum -= (a[i * size + k] ?? 0) * (a[j * size + k] ?? 0)
      a[i * size + j] = i === j ? Math.sqrt(Math.max(sum, 1e-300)) : sum / (a[j * size + j] ?? 1)
    }
  }
  const x = Float64Array.from(b)
  for (let i = 0; i < size; i++) {
    let sum = x[i] ?? 0
    for (let k = 0; k < i; k++) sum -= (a[i * size + k] ?? 0) * (x[k] ?? 0)
    x[i] = sum / (a[i * size + i] ?? 1)
  }
  for (let i = size - 1; i >= 0; i--) {
    let sum = x[i] ?? 0
    for (let k = i + 1; k < size; k++) sum -= (a[k * size + i] ?? 0) * (x[k] ?? 0)
    x[i] = sum / (a[i * size + i] ?? 1)
  }
  return x
}

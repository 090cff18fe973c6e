import { samplePositions } from '../../shared/geometry/guided-filter.ts'
import type { FeatureMap } from './predictor.ts'

/** Unit vectors, one a row: `count` x `channels`, row-major. */
export interface TokenSet {
  readonly count: number
  readonly channels: number
  readonly values: Float32Array
}

/** Tokens with what each stands for: how much foreground and background, in squared cell coverages. */
export interface WeightedTokens extends TokenSet {
  readonly foreground: Float32Array
  readonly background: Float32Array
}

const shortestLength = 1e-8

/**
 * One token a cell of the finer grid, row by row: the L2-normalised vector of `fine` beside the
 * L2-normalised vector of `coarse` (half the grid, doubled bilinearly with half-pixel centres, borders
 * held), both divided by sqrt(2). The dot product of two tokens is then the mean of the two cosines.
 */
export function buildTokens(fine: FeatureMap, coarse: FeatureMap): TokenSet {
  const cells = fine.width * fine.height
  const channels = fine.channels + coarse.channels
  const values = new Float32Array(cells * channels)
  writeUnit(fine.data, fine.channels, cells, values, channels, 0)
  const resized = resizePlanes(coarse, fine.width, fine.height)
  writeUnit(resized, coarse.channels, cells, values, channels, fine.channels)
  return { count: cells, channels, values }
}

/** Planes [channels, cells] as normalised rows divided by sqrt(2), at column `offset` of `into` [cells, stride]. */
function writeUnit(
  planes: Float32Array,
  channels: number,
  cells: number,
  into: Float32Array,
  stride: number,
  offset: number,
): void {
  const squares = new Float64Array(cells)
  for (let c = 0, at = 0; c < channels; c++) {
    for (let cell = 0; cell < cells; cell++, at++) {
      const value = planes[at] ?? 0
      squares[cell] = (squares[cell] ?? 0) + value * value
    }
  }
  const scales = squares.map((square) => Math.SQRT1_2 / Math.max(Math.sqrt(square), shortestLength))
  for (let c = 0, at = 0; c < channels; c++) {
    for (let cell = 0; cell < cells; cell++, at++) {
      into[cell * stride + offset + c] = (planes[at] ?? 0) * (scales[cell] ?? 0)
    }
  }
}

function resizePlanes(map: FeatureMap, width: number, height: number): Float32Array {
  const columns = samplePositions(width, width, map.width)
  const rows = samplePositions(height, height, map.height)
  const blended = new Float32Array(map.width)
  const result = new Float32Array(map.channels * width * height)
  for (let c = 0, to = 0; c < map.channels; c++) {
    const plane = c * map.width * map.height
    for (let y = 0; y < height; y++) {
      const upper = plane + (rows.first[y] ?? 0) * map.width
      const lower = plane + (rows.second[y] ?? 0) * map.width
      const rowShare = rows.share[y] ?? 0
      for (let x = 0; x < map.width; x++) {
        blended[x] = (map.data[upper + x] ?? 0) * (1 - rowShare) + (map.data[lower + x] ?? 0) * rowShare
      }
      for (let x = 0; x < width; x++, to++) {
        const share = columns.share[x] ?? 0
        result[to] =
          (blended[columns.first[x] ?? 0] ?? 0) * (1 - share) + (blended[columns.second[x] ?? 0] ?? 0) * share
      }
    }
  }
  return result
}

/**
 * Reduces to at most `cap` tokens by averaging neighbours in the list, most alike first. Pairs are (0, 1),
 * (2, 3) and so on; alike means cosine minus difference of the foreground's share. Weights add up, so the
 * density that the matcher sums changes little: near-duplicates were counted side by side anyway.
 */
export function mergeTokens(tokens: WeightedTokens, cap: number): WeightedTokens {
  let merged = tokens
  while (merged.count > Math.max(cap, 1)) merged = mergeOnce(merged, merged.count - Math.max(cap, 1))
  return merged
}

function mergeOnce(tokens: WeightedTokens, surplus: number): WeightedTokens {
  const { channels, values, foreground, background } = tokens
  const share = (index: number): number => {
    const fg = foreground[index] ?? 0
    return fg / Math.max(fg + (background[index] ?? 0), 1e-6)
  }
  const alike = Float64Array.from({ length: Math.floor(tokens.count / 2) }, (_, pair) => {
    const left = 2 * pair * channels
    let cosine = 0
    for (let c = 0; c < channels; c++) cosine += (values[left + c] ?? 0) * (values[left + channels + c] ?? 0)
    return cosine - Math.abs(share(2 * pair) - share(2 * pair + 1))
  })
  const order = [...alike.keys()].sort((a, b) => (alike[b] ?? 0) - (alike[a] ?? 0) || a - b)
  const chosen = new Set(order.slice(0, surplus))
  const count = tokens.count - chosen.size
  const result = emptyTokens(count, channels)
  let to = 0
  for (let from = 0; from < tokens.count; from++, to++) {
    const row = values.subarray(from * channels, (from + 1) * channels)
    const target = result.values.subarray(to * channels, (to + 1) * channels)
    target.set(row)
    result.foreground[to] = foreground[from] ?? 0
    result.background[to] = background[from] ?? 0
    if (from % 2 === 1 || !chosen.has(from / 2)) continue
    from++
    for (let c = 0; c < channels; c++) target[c] = (target[c] ?? 0) + (values[from * channels + c] ?? 0)
    normalise(target)
    result.foreground[to] = (result.foreground[to] ?? 0) + (foreground[from] ?? 0)
    result.background[to] = (result.background[to] ?? 0) + (background[from] ?? 0)
  }
  return result
}

function emptyTokens(count: number, channels: number): WeightedTokens {
  return {
    count,
    channels,
    values: new Float32Array(count * channels),
    foreground: new Float32Array(count),
    background: new Float32Array(count),
  }
}

function normalise(row: Float32Array): void {
  let squares = 0
  for (const value of row) squares += value * value
  const scale = 1 / Math.max(Math.sqrt(squares), shortestLength)
  for (let c = 0; c < row.length; c++) row[c] = (row[c] ?? 0) * scale
}

/** The tokens of several supports in a row. */
export function joinTokens(parts: readonly WeightedTokens[]): WeightedTokens {
  const channels = parts[0]?.channels ?? 0
  const count = parts.reduce((sum, part) => sum + part.count, 0)
  const joined = emptyTokens(count, channels)
  let at = 0
  for (const part of parts) {
    joined.values.set(part.values, at * channels)
    joined.foreground.set(part.foreground, at)
    joined.background.set(part.background, at)
    at += part.count
  }
  return joined
}

/** Each token in 8 bits, scaled by its largest magnitude. The scale is not kept: tokens are unit vectors. */
export function quantiseTokens({ count, channels, values }: TokenSet): Int8Array {
  const result = new Int8Array(count * channels)
  for (let token = 0; token < count; token++) {
    const row = values.subarray(token * channels, (token + 1) * channels)
    let peak = 1e-12
    for (const value of row) peak = Math.max(peak, Math.abs(value))
    for (let c = 0; c < channels; c++) result[token * channels + c] = Math.floor(((row[c] ?? 0) / peak) * 127 + 0.5)
  }
  return result
}

/** The unit vectors that `quantiseTokens` wrote. */
export function restoreTokens(quantised: Int8Array, channels: number): TokenSet {
  const values = Float32Array.from(quantised)
  const count = values.length / channels
  for (let token = 0; token < count; token++) normalise(values.subarray(token * channels, (token + 1) * channels))
  return { count, channels, values }
}

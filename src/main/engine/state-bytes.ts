import { AppError } from '../../shared/errors.ts'
import { quantiseTokens, restoreTokens } from './tokens.ts'
import type { WeightedTokens } from './tokens.ts'

/** What predictors store of supports and classes: little-endian bytes that say what they are and which model made them. */

export interface StateFormat {
  /** Four letters at the beginning. */
  readonly magic: number
  /** Counts up when the bytes or their meaning change. */
  readonly version: number
  /** SHA-256 in hex of everything that the bytes depend on. */
  readonly modelHash: string
}

/** Magic, version u32, model hash. */
export const headerBytes = 40
/** Each token: foreground and background f32, and its channels i8. */
const weightBytes = 8

/** One support: its tokens, and further numbers that are kept as they are. */
export interface StateBlock {
  readonly tokens: WeightedTokens
  readonly numbers: Float32Array
}

/**
 * Bytes of one block after another. A block is channels u32, count u32, foreground f32[count], background f32[count],
 * tokens i8[count x channels], then its numbers f32[numbersPerBlock], whose count the format implies.
 */
export function encodeBlocks(format: StateFormat, blocks: readonly StateBlock[]): Uint8Array {
  const sizes = blocks.map(({ tokens, numbers }) => blockBytes(tokens.channels, tokens.count, numbers.length))
  const bytes = new Uint8Array(headerBytes + sizes.reduce((sum, size) => sum + size, 0))
  const view = new DataView(bytes.buffer)
  writeHeader(bytes, format)
  let at = headerBytes
  for (const { tokens, numbers } of blocks) {
    const { count, channels, foreground, background } = tokens
    view.setUint32(at, channels, true)
    view.setUint32(at + 4, count, true)
    at += 8
    for (const values of [foreground, background]) at = writeFloats(view, at, values)
    bytes.set(new Uint8Array(quantiseTokens(tokens).buffer), at)
    at = writeFloats(view, at + count * channels, numbers)
  }
  return bytes
}

/**
 * The blocks that `encodeBlocks` wrote. Throws `InvalidInput` (`stateDamaged`) on bytes that are no such state, and
 * `ModelMismatch` (`stateOfOtherModel`) on a state of another model.
 */
export function decodeBlocks(bytes: Uint8Array, format: StateFormat, numbersPerBlock: number): StateBlock[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  requireKind(bytes, format)
  const places: { readonly at: number; readonly channels: number; readonly count: number }[] = []
  for (let at = headerBytes; at < bytes.length;) {
    const channels = at + 8 <= bytes.length ? view.getUint32(at, true) : 0
    const count = channels === 0 ? 0 : view.getUint32(at + 4, true)
    if (channels === 0 || count === 0) throw stateDamaged()
    places.push({ at: at + 8, channels, count })
    at += blockBytes(channels, count, numbersPerBlock)
    if (at > bytes.length) throw stateDamaged()
  }
  requireModel(bytes, format)
  return places.map(({ at, channels, count }) => {
    const start = at + count * weightBytes
    const end = start + count * channels
    return {
      tokens: {
        ...restoreTokens(new Int8Array(bytes.slice(start, end).buffer), channels),
        foreground: readFloats(view, at, count),
        background: readFloats(view, at + 4 * count, count),
      },
      numbers: readFloats(view, end, numbersPerBlock),
    }
  })
}

/** Writes what every state begins with. */
export function writeHeader(bytes: Uint8Array, { magic, version, modelHash }: StateFormat): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes)
  view.setUint32(0, magic, true)
  view.setUint32(4, version, true)
  bytes.set(Buffer.from(modelHash, 'hex'), 8)
}

/** Throws `stateDamaged` for bytes that are no state or an empty one, `stateOfOtherModel` for a state of another predictor. */
export function requireKind(bytes: Uint8Array, { magic }: StateFormat): void {
  if (bytes.length < headerBytes + 8) throw stateDamaged()
  const found = new DataView(bytes.buffer, bytes.byteOffset, headerBytes).getUint32(0, true)
  if (found === magic) return
  // A state of another predictor is no damaged one: whoever learnt with it may learn again.
  throw knownMagics.has(found) ? stateOfOtherModel() : stateDamaged()
}

/** Throws `stateOfOtherModel` for a state of this predictor that another model made. */
export function requireModel(bytes: Uint8Array, { version, modelHash }: StateFormat): void {
  const hash = Buffer.from(bytes.subarray(8, headerBytes)).toString('hex')
  const found = new DataView(bytes.buffer, bytes.byteOffset, headerBytes).getUint32(4, true)
  if (found !== version || hash !== modelHash) throw stateOfOtherModel()
}

/** 'XTFS': training-free. */
export const trainingFreeMagic = 0x53465458
/** 'XMSD': MSDNet. */
export const msdnetMagic = 0x44534d58
/** 'XMDD': MSDNet with dense supports. */
export const denseMsdnetMagic = 0x44444d58
/** 'XBAS': the baselines of the evaluation. */
export const baselineMagic = 0x53414258
const knownMagics: ReadonlySet<number> = new Set([trainingFreeMagic, msdnetMagic, denseMsdnetMagic, baselineMagic])

function blockBytes(channels: number, count: number, numbers: number): number {
  return 8 + count * (weightBytes + channels) + 4 * numbers
}

function writeFloats(view: DataView, at: number, values: Float32Array): number {
  values.forEach((value, index) => {
    view.setFloat32(at + 4 * index, value, true)
  })
  return at + 4 * values.length
}

function readFloats(view: DataView, at: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => view.getFloat32(at + 4 * index, true))
}

export function stateDamaged(): AppError {
  return new AppError(
    'InvalidInput',
    'stateDamaged',
    'What the class has learnt cannot be read; learn it again from its examples.',
  )
}

function stateOfOtherModel(): AppError {
  return new AppError(
    'ModelMismatch',
    'stateOfOtherModel',
    'What the class has learnt was made by another model; learn it again from its examples.',
  )
}

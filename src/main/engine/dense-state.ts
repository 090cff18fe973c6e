import { concatenated } from './float-arrays.ts'
import { headerBytes, requireKind, requireModel, stateDamaged, writeHeader } from './state-bytes.ts'
import type { StateFormat } from './state-bytes.ts'

/** Supports as the graphs of a dense MSDNet have them, one after another; maps are row by row, channel by channel. */
export interface DenseSupports {
  readonly count: number
  /** Of `low` and `high`, in cells. */
  readonly width: number
  readonly height: number
  /** Cells of each support in `mask` and `conv5`, in any order: all of them, or those that count and some more. */
  readonly cells: number
  /** count x channels: mean of the outline's features. */
  readonly prototype: Float32Array
  /** count x cells: how much of a cell the outline covers, 0 to 1. */
  readonly mask: Float32Array
  /** count x channels x cells; the query looks for cells like those whose `mask` is above 0. */
  readonly conv5: Float32Array
  /** count x channels x height x width each; 0 where the outline covers nothing. */
  readonly low: Float32Array
  readonly high: Float32Array
}

/** The maps of which only the outlined cells are kept. */
const keptMaps = ['conv5', 'low', 'high'] as const
type KeptMap = (typeof keptMaps)[number]

/** How many channels each part of a support has; the model implies it. */
export type DenseChannels = Readonly<Record<'prototype' | KeptMap, number>>

/** One support as it is kept: the cells that its outline touches, in half precision. */
export interface DenseBlock {
  readonly width: number
  readonly height: number
  readonly prototype: Float32Array
  /** Numbers of the cells that are kept, ascending. */
  readonly cells: Uint32Array
  /** Of these cells alone, above 0. */
  readonly mask: Float32Array
  /** channels x kept cells each. */
  readonly maps: Readonly<Record<KeptMap, Float16Array>>
}

/** Width, height and kept cells. */
const countBytes = 12

/** A single support with all of its cells, in the form that is kept. Without a cell above 0 it has none. */
export function packSupport(support: DenseSupports): DenseBlock {
  const { width, height, prototype, cells: all } = support
  const cells = Uint32Array.from([...support.mask.keys()].filter((cell) => (support.mask[cell] ?? 0) > 0))
  const pack = (map: Float32Array): Float16Array => {
    const channels = map.length / all
    const kept = new Float16Array(channels * cells.length)
    for (let channel = 0, at = 0; channel < channels; channel++) {
      for (const cell of cells) kept[at++] = map[channel * all + cell] ?? 0
    }
    return kept
  }
  return {
    width,
    height,
    prototype,
    cells,
    mask: Float32Array.from(cells, (cell) => support.mask[cell] ?? 0),
    maps: { conv5: pack(support.conv5), low: pack(support.low), high: pack(support.high) },
  }
}

/** Throws `InvalidInput` (`stateDamaged`) without a block, and on one whose grid is another. */
export function requireGrid(
  blocks: readonly DenseBlock[],
  grid: Pick<DenseBlock, 'width' | 'height'> | undefined,
): void {
  const isSame = ({ width, height }: DenseBlock): boolean => width === grid?.width && height === grid.height
  if (blocks.length === 0 || !blocks.every(isSame)) throw stateDamaged()
}

/**
 * Blocks as the decoder takes them: of Conv5 as many cells as the largest of them keeps, filled up with 0, the other maps
 * whole, with 0 in every cell that was not kept. Throws `InvalidInput` (`stateDamaged`) where `requireGrid` does; the grid
 * is that of every image of the model.
 */
export function unpackSupports(
  blocks: readonly DenseBlock[],
  channels: DenseChannels,
  grid: Pick<DenseBlock, 'width' | 'height'>,
): DenseSupports {
  requireGrid(blocks, grid)
  const { width, height } = grid
  const most = Math.max(...blocks.map(({ cells }) => cells.length))
  /** `placesOf` says where in a plane of `size` the kept cells of a block go. */
  const spread = (
    count: number,
    size: number,
    valuesOf: (block: DenseBlock) => Float16Array | Float32Array,
    placesOf: (block: DenseBlock) => Iterable<number>,
  ): Float32Array => {
    const map = new Float32Array(blocks.length * count * size)
    blocks.forEach((block, index) => {
      const values = valuesOf(block)
      for (let channel = 0, at = 0; channel < count; channel++) {
        const start = (index * count + channel) * size
        for (const place of placesOf(block)) map[start + place] = values[at++] ?? 0
      }
    })
    return map
  }
  const inRow = ({ cells }: DenseBlock): Iterable<number> => cells.keys()
  const onGrid = ({ cells }: DenseBlock): Iterable<number> => cells
  return {
    count: blocks.length,
    width,
    height,
    cells: most,
    prototype: concatenated(blocks.map(({ prototype }) => prototype)),
    mask: spread(1, most, ({ mask }) => mask, inRow),
    conv5: spread(channels.conv5, most, ({ maps }) => maps.conv5, inRow),
    low: spread(channels.low, width * height, ({ maps }) => maps.low, onGrid),
    high: spread(channels.high, width * height, ({ maps }) => maps.high, onGrid),
  }
}

/**
 * Bytes of one block after another, little-endian: width, height and number of kept cells u32, prototype f32, kept cells
 * u32, mask f32, then conv5, low and high f16, channel by channel.
 */
export function encodeDense(format: StateFormat, blocks: readonly DenseBlock[]): Uint8Array {
  const parts = blocks.flatMap(({ width, height, prototype, cells, mask, maps }) => [
    Uint32Array.of(width, height, cells.length),
    prototype,
    cells,
    mask,
    ...keptMaps.map((name) => maps[name]),
  ])
  const bytes = new Uint8Array(headerBytes + parts.reduce((sum, { byteLength }) => sum + byteLength, 0))
  writeHeader(bytes, format)
  let at = headerBytes
  for (const { buffer, byteOffset, byteLength } of parts) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at)
    at += byteLength
  }
  return bytes
}

/**
 * The blocks that `encodeDense` wrote. Throws `InvalidInput` (`stateDamaged`) on bytes that are no such state, and
 * `ModelMismatch` (`stateOfOtherModel`) on a state of another model.
 */
export function decodeDense(bytes: Uint8Array, format: StateFormat, channels: DenseChannels): DenseBlock[] {
  requireKind(bytes, format)
  requireModel(bytes, format)
  const blocks: DenseBlock[] = []
  for (let at = headerBytes; at < bytes.length;) {
    // Copies: a state may lie anywhere in a buffer, and numbers only where their size divides the place.
    const next = (length: number): ArrayBuffer => {
      if (length > bytes.length - at) throw stateDamaged()
      return new Uint8Array(bytes.subarray(at, (at += length))).buffer
    }
    const [width = 0, height = 0, kept = 0] = new Uint32Array(next(countBytes))
    if (kept === 0) throw stateDamaged()
    const prototype = new Float32Array(next(4 * channels.prototype))
    const cells = new Uint32Array(next(4 * kept))
    if (!cells.every((cell, index) => cell < width * height && (index === 0 || cell > (cells[index - 1] ?? 0)))) {
      throw stateDamaged()
    }
    const mask = new Float32Array(next(4 * kept))
    const map = (name: KeptMap): Float16Array => new Float16Array(next(2 * kept * channels[name]))
    blocks.push({
      width,
      height,
      prototype,
      cells,
      mask,
      maps: { conv5: map('conv5'), low: map('low'), high: map('high') },
    })
  }
  return blocks
}

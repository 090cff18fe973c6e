import { AppError } from '../errors.ts'
import { tileSize } from '../contract/media.ts'
import type { Box } from '../domain/records.ts'

/**
 * The storage form of one mask tile of 512 x 512 pixels: run lengths in row-major order, zeros first
 * (the first run may be 0), as LEB128 varints, the trailing run of zeros left out. An empty tile has no
 * bytes. The form is canonical (no other run of 0, shortest varints), so equal tiles are equal bytes, and
 * every reader here refuses anything else.
 *
 * Inside this module a tile is its *edges*: the strictly rising positions at which the pixel value
 * changes. There is always an even number of them, and exclusive-or of two tiles is the symmetric
 * difference of their edges.
 */

export const tilePixels = tileSize * tileSize

function invalidRuns(problem: string): AppError {
  return new AppError('InvalidInput', 'maskRunsInvalid', `The mask data is damaged: ${problem}.`, {
    params: { problem },
  })
}

/** Edges of a tile. Throws `InvalidInput` when the bytes are not a canonical tile. */
export function edgesFromRuns(runs: Uint8Array): Uint32Array {
  const edges = new Uint32Array(runs.length)
  let count = 0
  let position = 0
  for (let at = 0; at < runs.length;) {
    let byte = runs[at++] ?? 0
    let length = byte & 127
    for (let shift = 7; byte > 127; shift += 7) {
      if (shift > 14) throw invalidRuns('a run is longer than a tile')
      if (at === runs.length) throw invalidRuns('it ends within a run')
      byte = runs[at++] ?? 0
      if (byte === 0) throw invalidRuns('a run length is padded')
      length |= (byte & 127) << shift
    }
    if (length === 0 && count > 0) throw invalidRuns('it holds an empty run')
    position += length
    if (position > tilePixels) throw invalidRuns('its runs are longer than a tile')
    edges[count++] = position
  }
  if (count % 2 === 1) throw invalidRuns('it ends with a run of zeros')
  return edges.subarray(0, count)
}

/** Inverse of `edgesFromRuns`: `count` strictly rising positions, an even number of them. */
export function runsFromEdges(edges: ArrayLike<number>, count = edges.length): Uint8Array<ArrayBuffer> {
  let size = 0
  let previous = 0
  for (let i = 0; i < count; i++) {
    const edge = edges[i] ?? 0
    const length = edge - previous
    size += length < 128 ? 1 : length < 16384 ? 2 : 3
    previous = edge
  }
  const runs = new Uint8Array(size)
  let at = 0
  previous = 0
  for (let i = 0; i < count; i++) {
    const edge = edges[i] ?? 0
    let length = edge - previous
    for (; length > 127; length >>>= 7) runs[at++] = (length & 127) | 128
    runs[at++] = length
    previous = edge
  }
  return runs
}

/** Pixels (512 x 512 bytes, 0 or 1, row-major) to runs. Throws `InvalidInput` on any other length. */
export function encodeTile(pixels: Uint8Array): Uint8Array<ArrayBuffer> {
  if (pixels.length !== tilePixels) throw invalidRuns(`a tile has ${tilePixels} pixels, not ${pixels.length}`)
  let edges = new Uint32Array(1024)
  let count = 0
  let value = 0
  for (let i = 0; i < tilePixels; i++) {
    if (pixels[i] === value) continue
    if (count === edges.length) {
      const longer = new Uint32Array(count * 4)
      longer.set(edges)
      edges = longer
    }
    edges[count++] = i
    value = 1 - value
  }
  if (value === 1) {
    const closed = new Uint32Array(count + 1)
    closed.set(edges.subarray(0, count))
    closed[count++] = tilePixels
    edges = closed
  }
  return runsFromEdges(edges, count)
}

/** Runs to 512 x 512 bytes 0 or 1, written over `into` when given. Throws `InvalidInput` on damaged runs. */
export function decodeTile(runs: Uint8Array, into: Uint8Array = new Uint8Array(tilePixels)): Uint8Array {
  const edges = edgesFromRuns(runs)
  into.fill(0)
  for (let i = 0; i < edges.length; i += 2) into.fill(1, edges[i], edges[i + 1])
  return into
}

/** Pixels that differ between two tiles, in the same form. Empty when they are equal. */
export function xorRuns(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const left = edgesFromRuns(a)
  const right = edgesFromRuns(b)
  const edges = new Uint32Array(left.length + right.length)
  let count = 0
  let i = 0
  let j = 0
  while (i < left.length && j < right.length) {
    const x = left[i] ?? 0
    const y = right[j] ?? 0
    if (x === y) {
      i++
      j++
    } else if (x < y) {
      edges[count++] = x
      i++
    } else {
      edges[count++] = y
      j++
    }
  }
  for (; i < left.length; i++) edges[count++] = left[i] ?? 0
  for (; j < right.length; j++) edges[count++] = right[j] ?? 0
  return runsFromEdges(edges, count)
}

/** Number of mask pixels of a tile. */
export function runsArea(runs: Uint8Array): number {
  const edges = edgesFromRuns(runs)
  let area = 0
  for (let i = 0; i < edges.length; i += 2) area += (edges[i + 1] ?? 0) - (edges[i] ?? 0)
  return area
}

/** Tight box `[x, y, width, height]` in pixel edges of the tile; null when the tile is empty. */
export function runsBounds(runs: Uint8Array): Box | null {
  const edges = edgesFromRuns(runs)
  if (edges.length === 0) return null
  let left = tileSize
  let right = 0
  for (let i = 0; i < edges.length; i += 2) {
    const start = edges[i] ?? 0
    const last = (edges[i + 1] ?? 0) - 1
    if (Math.floor(start / tileSize) === Math.floor(last / tileSize)) {
      left = Math.min(left, start % tileSize)
      right = Math.max(right, (last % tileSize) + 1)
    } else {
      // A run over a row end touches the right border in its first row and the left border in its second.
      left = 0
      right = tileSize
    }
  }
  const top = Math.floor((edges[0] ?? 0) / tileSize)
  const bottom = Math.floor(((edges[edges.length - 1] ?? 0) - 1) / tileSize) + 1
  return [left, top, right - left, bottom - top]
}

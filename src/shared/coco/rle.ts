import { AppError } from '../errors.ts'
import type { MaskTile } from '../domain/history.ts'
import type { Box } from '../domain/records.ts'
import { createBitmap } from '../mask/bitmap.ts'
import type { Bitmap } from '../mask/bitmap.ts'
import { forEachCrack, rowsFromBitmap, rowsFromTiles } from '../mask/mask-rows.ts'
import type { MaskRows } from '../mask/mask-rows.ts'
import { tilesFromBitmap } from '../mask/tiles.ts'
import type { MaskCrop } from '../mask/tiles.ts'

/**
 * COCO run-length encoding: run lengths down the columns of the displayed image, zeros first (the first may
 * be 0), the last run included, so that they sum to `width * height`.
 */
export type Counts = readonly number[]

function invalidCounts(message: string): AppError {
  return new AppError('InvalidInput', 'rleInvalid', message, { params: { reason: message } })
}

/**
 * Counts from the positions (column-major, rising) at which the value changes. Equal neighbours cancel, and
 * what lies at or beyond the last pixel has no effect.
 */
export function countsFromEdges(edges: ArrayLike<number>, pixels: number): number[] {
  const kept: number[] = []
  for (let i = 0; i < edges.length; i++) {
    const edge = edges[i] ?? 0
    if (edge >= pixels) break
    if (kept.length > 0 && kept[kept.length - 1] === edge) kept.pop()
    else kept.push(edge)
  }
  let previous = 0
  for (let i = 0; i < kept.length; i++) {
    const edge = kept[i] ?? 0
    kept[i] = edge - previous
    previous = edge
  }
  kept.push(pixels - previous)
  return kept
}

function countsFromRows(mask: MaskRows, imageWidth: number, imageHeight: number): number[] {
  const [left, , width] = mask.bounds
  // Edges come row by row, which is how a mask is stored, and are sorted into columns by counting.
  const next = new Uint32Array(width + 1)
  forEachCrack(mask, (_y, from, to) => {
    for (let x = from - left + 1; x <= to - left; x++) next[x] = (next[x] ?? 0) + 1
  })
  for (let x = 0; x < width; x++) next[x + 1] = (next[x + 1] ?? 0) + (next[x] ?? 0)
  const edges = new Float64Array(next[width] ?? 0)
  forEachCrack(mask, (y, from, to) => {
    for (let x = from; x < to; x++) {
      const place = next[x - left] ?? 0
      edges[place] = x * imageHeight + y
      next[x - left] = place + 1
    }
  })
  return countsFromEdges(edges, imageWidth * imageHeight)
}

/** Counts of a mask. An empty mask is one run of zeros. */
export function countsFromBitmap(bitmap: Bitmap): number[] {
  return countsFromRows(rowsFromBitmap(bitmap), bitmap.width, bitmap.height)
}

/** Counts of a mask of `width` x `height` pixels; the cost grows with the mask's box, not the image. */
export function countsFromTiles(tiles: readonly MaskTile[], width: number, height: number): number[] {
  const rows = rowsFromTiles(tiles)
  return rows === null ? [width * height] : countsFromRows(rows, width, height)
}

/**
 * Throws `InvalidInput` unless these are counts of an image of that size: whole numbers, none negative, that
 * sum to its pixels.
 */
function checkCounts(counts: Counts, width: number, height: number): void {
  let sum = 0
  for (const count of counts) {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw invalidCounts(`Counts hold ${count}: every count must be a whole number, 0 or more.`)
    }
    sum += count
  }
  if (sum !== width * height) throw invalidCounts(`Counts cover ${sum} of ${width * height} pixels.`)
}

/** Calls `visit(x, top, bottom)` for every vertical run of mask pixels, in pixels, `bottom` exclusive. */
function forEachColumnRun(
  counts: Counts,
  height: number,
  visit: (x: number, top: number, bottom: number) => void,
): void {
  let position = 0
  counts.forEach((count, index) => {
    const end = position + count
    if (index % 2 === 1) {
      for (let start = position; start < end;) {
        const x = Math.floor(start / height)
        const stop = Math.min(end, (x + 1) * height)
        visit(x, start - x * height, stop - x * height)
        start = stop
      }
    }
    position = end
  })
}

function paintCounts(counts: Counts, imageHeight: number, { left, top, bitmap }: MaskCrop): void {
  const { width, data } = bitmap
  forEachColumnRun(counts, imageHeight, (x, from, to) => {
    for (let at = (from - top) * width + x - left; at < (to - top) * width + x - left; at += width) data[at] = 1
  })
}

/** Inverse of `countsFromBitmap`. Throws `InvalidInput` when the counts do not cover exactly that image. */
export function bitmapFromCounts(counts: Counts, width: number, height: number): Bitmap {
  checkCounts(counts, width, height)
  const bitmap = createBitmap(width, height)
  paintCounts(counts, height, { left: 0, top: 0, bitmap })
  return bitmap
}

/** Inverse of `countsFromTiles`. Throws `InvalidInput` when the counts do not cover exactly that image. */
export function tilesFromCounts(counts: Counts, width: number, height: number): MaskTile[] {
  checkCounts(counts, width, height)
  const [left, top, boxWidth, boxHeight] = countsBounds(counts, height)
  const crop = { left, top, bitmap: createBitmap(boxWidth, boxHeight) }
  paintCounts(counts, height, crop)
  return tilesFromBitmap(crop.bitmap, left, top)
}

/** Number of mask pixels. */
export function countsArea(counts: Counts): number {
  return counts.reduce((area, count, index) => (index % 2 === 1 ? area + count : area), 0)
}

/** Tight box `[x, y, width, height]` in pixel edges as COCO's `toBbox` has it: all 0 for an empty mask. */
export function countsBounds(counts: Counts, height: number): Box {
  let left = Infinity
  let top = Infinity
  let right = 0
  let bottom = 0
  forEachColumnRun(counts, height, (x, from, to) => {
    left = Math.min(left, x)
    right = Math.max(right, x + 1)
    top = Math.min(top, from)
    bottom = Math.max(bottom, to)
  })
  return right === 0 ? [0, 0, 0, 0] : [left, top, right - left, bottom - top]
}

/**
 * COCO's compressed form: from the fourth count on the difference to the count two places before, in groups
 * of five bits, lowest first, the sixth bit for "more", plus 48 as an ASCII character.
 */
export function countsToString(counts: Counts): string {
  let text = ''
  for (let index = 0; index < counts.length; index++) {
    let value = (counts[index] ?? 0) - (index > 2 ? (counts[index - 2] ?? 0) : 0)
    for (let more = true; more;) {
      let group = value & 31
      value >>= 5
      more = group & 16 ? value !== -1 : value !== 0
      if (more) group |= 32
      text += String.fromCharCode(group + 48)
    }
  }
  return text
}

/** Inverse of `countsToString`. Throws `InvalidInput` on a character or a number outside the form. */
export function countsFromString(text: string): number[] {
  const counts: number[] = []
  for (let at = 0; at < text.length;) {
    let value = 0
    let weight = 1
    for (let more = true; more;) {
      const group = at < text.length ? text.charCodeAt(at) - 48 : -1
      if (group < 0 || group > 63) {
        throw invalidCounts(
          at < text.length
            ? `Compressed counts hold a character that is not of their alphabet, at place ${at + 1}.`
            : 'Compressed counts end within a number.',
        )
      }
      if (weight > 2 ** 35) throw invalidCounts('Compressed counts hold a number that is too long.')
      value += (group & 31) * weight
      weight *= 32
      at++
      more = (group & 32) !== 0
      if (!more && (group & 16) !== 0) value -= weight
    }
    if (counts.length > 2) value += counts[counts.length - 2] ?? 0
    if (value < 0) throw invalidCounts(`Compressed counts hold ${value}: every count must be 0 or more.`)
    counts.push(value)
  }
  return counts
}

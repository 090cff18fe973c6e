import { AppError } from '../errors.ts'
import { tileSize } from '../contract/media.ts'
import type { MaskTile } from '../domain/history.ts'
import type { Box } from '../domain/records.ts'
import { createBitmap } from './bitmap.ts'
import type { Bitmap } from './bitmap.ts'
import { edgesFromRuns, runsArea, runsBounds, runsFromEdges, xorRuns } from './tile-runs.ts'

/**
 * A whole mask is a list of tiles, sorted by `y`, then `x` (tile column and row, not pixels), without
 * empty ones. Tiles at the right and lower border are 512 x 512 too; their pixels outside the image are 0.
 */

/** Order of tiles in a mask: row by row. */
export function compareTiles(a: MaskTile, b: MaskTile): number {
  return a.y - b.y || a.x - b.x
}

/**
 * Cuts a bitmap into tiles: sorted, no empty ones. `left` and `top` say where its first pixel lies in the
 * image, in pixels.
 */
export function tilesFromBitmap(bitmap: Bitmap, left = 0, top = 0): MaskTile[] {
  const { width, height, data } = bitmap
  const tiles: MaskTile[] = []
  const edges: number[] = []
  for (let y = Math.floor(top / tileSize); y * tileSize < top + height; y++) {
    const rowFrom = Math.max(0, y * tileSize - top)
    const rowTo = Math.min(height, (y + 1) * tileSize - top)
    for (let x = Math.floor(left / tileSize); x * tileSize < left + width; x++) {
      const from = Math.max(0, x * tileSize - left)
      const to = Math.min(width, (x + 1) * tileSize - left)
      edges.length = 0
      for (let row = rowFrom; row < rowTo; row++) {
        // Adding this to an index of the row in `data` gives the position in the tile.
        const shift = (row + top - y * tileSize) * tileSize + left - x * tileSize - row * width
        const end = row * width + to
        let value = 0
        for (let at = row * width + from; at < end; at++) {
          if (data[at] === value) continue
          value = 1 - value
          // A run that fills the tile's row to its end may go on in the next row.
          if (edges[edges.length - 1] === at + shift) edges.pop()
          else edges.push(at + shift)
        }
        if (value === 1) edges.push(end + shift)
      }
      if (edges.length > 0) tiles.push({ x, y, runs: runsFromEdges(edges) })
    }
  }
  return tiles
}

/** A piece of an image's mask: everything outside it is 0. `left` and `top` in image pixels. */
export interface MaskCrop {
  readonly left: number
  readonly top: number
  readonly bitmap: Bitmap
}

/** The mask within its tight box, so that work on a small object in a large photograph stays small. */
export function cropFromTiles(tiles: readonly MaskTile[]): MaskCrop | null {
  const bounds = tilesBounds(tiles)
  if (bounds === null) return null
  const [left, top, width, height] = bounds
  const bitmap = createBitmap(width, height)
  forEachRun(tiles, (y, from, to) => {
    bitmap.data.fill(1, (y - top) * width + from - left, (y - top) * width + to - left)
  })
  return { left, top, bitmap }
}

/**
 * Calls `visit(y, left, right)` for every horizontal run of mask pixels, in image pixels, `right` exclusive.
 * Runs end at tile borders; they come tile by tile, row by row within a tile.
 * Throws `InvalidInput` on damaged tiles.
 */
export function forEachRun(tiles: readonly MaskTile[], visit: (y: number, left: number, right: number) => void): void {
  for (const tile of tiles) {
    const edges = edgesFromRuns(tile.runs)
    const originX = tile.x * tileSize
    const originY = tile.y * tileSize
    for (let i = 0; i < edges.length; i += 2) {
      let start = edges[i] ?? 0
      const end = edges[i + 1] ?? 0
      while (start < end) {
        const row = Math.floor(start / tileSize)
        const stop = Math.min(end, (row + 1) * tileSize)
        visit(originY + row, originX + start - row * tileSize, originX + stop - row * tileSize)
        start = stop
      }
    }
  }
}

/** Tiles to pixels. Throws `InvalidInput` when a mask pixel lies outside `width` x `height`. */
export function bitmapFromTiles(tiles: readonly MaskTile[], width: number, height: number): Bitmap {
  const bitmap = createBitmap(width, height)
  forEachRun(tiles, (y, left, right) => {
    if (y >= height || right > width) {
      throw new AppError(
        'InvalidInput',
        'maskOutsideImage',
        `The mask reaches outside the image of ${width} x ${height} pixels.`,
        { params: { width, height } },
      )
    }
    bitmap.data.fill(1, y * width + left, y * width + right)
  })
  return bitmap
}

/** Pixels that differ between two masks: sorted, no empty tiles. Its own inverse in either argument. */
export function xorTiles(a: readonly MaskTile[], b: readonly MaskTile[]): MaskTile[] {
  const byPlace = new Map<number, MaskTile>()
  for (const tile of [...a, ...b]) {
    const place = tile.y * 0x1_0000_0000 + tile.x
    const other = byPlace.get(place)
    const runs = other === undefined ? tile.runs : xorRuns(other.runs, tile.runs)
    if (runs.length === 0) byPlace.delete(place)
    else byPlace.set(place, { x: tile.x, y: tile.y, runs })
  }
  return [...byPlace.values()].sort(compareTiles)
}

/** Pixels of any of the masks: sorted, no empty tiles. The cost grows with the box around them all. */
export function unionTiles(masks: readonly (readonly MaskTile[])[]): MaskTile[] {
  const all = masks.flat()
  const [left, top, width, height] = tilesBounds(all) ?? [0, 0, 0, 0]
  const bitmap = createBitmap(width, height)
  forEachRun(all, (y, from, to) => bitmap.data.fill(1, (y - top) * width + from - left, (y - top) * width + to - left))
  return tilesFromBitmap(bitmap, left, top)
}

/** Number of mask pixels. */
export function tilesArea(tiles: readonly MaskTile[]): number {
  return tiles.reduce((area, tile) => area + runsArea(tile.runs), 0)
}

/** Tight box `[x, y, width, height]` around the mask, pixel edges in image space; null when it is empty. */
export function tilesBounds(tiles: readonly MaskTile[]): Box | null {
  let left = Infinity
  let top = Infinity
  let right = 0
  let bottom = 0
  for (const tile of tiles) {
    const bounds = runsBounds(tile.runs)
    if (bounds === null) continue
    const x = tile.x * tileSize + bounds[0]
    const y = tile.y * tileSize + bounds[1]
    left = Math.min(left, x)
    top = Math.min(top, y)
    right = Math.max(right, x + bounds[2])
    bottom = Math.max(bottom, y + bounds[3])
  }
  return right === 0 ? null : [left, top, right - left, bottom - top]
}

/** Same pixels. Both lists sorted and without empty tiles, as everything here makes them. */
export function tilesEqual(a: readonly MaskTile[], b: readonly MaskTile[]): boolean {
  if (a.length !== b.length) return false
  return a.every((tile, index) => {
    const other = b[index]
    if (other === undefined || other.x !== tile.x || other.y !== tile.y) return false
    return other.runs.length === tile.runs.length && tile.runs.every((byte, at) => byte === other.runs[at])
  })
}

/** Whether no mask pixel lies outside an image of that size in pixels. */
export function tilesWithin(tiles: readonly MaskTile[], width: number, height: number): boolean {
  const bounds = tilesBounds(tiles)
  return bounds === null || (bounds[0] + bounds[2] <= width && bounds[1] + bounds[3] <= height)
}

/** Pixels of both masks over pixels of either, 0 to 1; 1 for two empty ones. */
export function tilesIou(a: readonly MaskTile[], b: readonly MaskTile[]): number {
  const different = tilesArea(xorTiles(a, b))
  const either = (tilesArea(a) + tilesArea(b) + different) / 2
  return either === 0 ? 1 : (either - different) / either
}

import { tileSize } from '../../shared/contract/media.ts'
import type { MaskTile } from '../../shared/domain/history.ts'
import type { Span } from '../../shared/mask/polygon-spans.ts'
import { decodeTile, encodeTile, tilePixels } from '../../shared/mask/tile-runs.ts'
import { compareTiles } from '../../shared/mask/tiles.ts'
import { joinRects } from './coordinates.ts'
import type { Rect, Size } from './coordinates.ts'

interface EditedTile {
  readonly x: number
  readonly y: number
  /** 512 x 512 bytes, 0 or 1, as they are now. */
  readonly pixels: Uint8Array
  /** As they were before the first change of this gesture. */
  readonly before: Uint8Array
  /** What changed since `takeDirty`, in pixels of the tile. */
  dirty: Rect | null
}

export interface DirtyTile {
  readonly x: number
  readonly y: number
  /** 512 x 512 bytes, 0 or 1. */
  readonly pixels: Uint8Array
  /** In pixels of the tile. */
  readonly rect: Rect
}

/**
 * The mask of one annotation while one gesture changes it: byte tiles, unpacked and copied on their first
 * change, clipped to the image. At the end `memo` is what flipped.
 */
export class EditedMask {
  readonly #size: Size
  readonly #runsAt: (x: number, y: number) => Uint8Array | undefined
  readonly #columns: number
  readonly #tiles = new Map<number, EditedTile>()

  /**
   * @param size of the image in pixels
   * @param runsAt the stored runs of a tile, undefined where the mask has none
   */
  constructor(size: Size, runsAt: (x: number, y: number) => Uint8Array | undefined) {
    this.#size = size
    this.#runsAt = runsAt
    this.#columns = Math.ceil(size.width / tileSize)
  }

  /** Sets the pixels of the spans to `value`; those outside the image are left out. */
  write(spans: readonly Span[], value: 0 | 1): void {
    this.#eachRow(spans, (column, row, y, left, right) => this.#writeRow(column, row, y, left, right, value))
  }

  /** Makes every pixel of the spans the opposite of what it is; those outside the image are left out. */
  flip(spans: readonly Span[]): void {
    this.#eachRow(spans, (column, row, y, left, right) => {
      const tile = this.#tileAt(column, row)
      const base = y * tileSize
      for (let at = base + left; at < base + right; at++) tile.pixels[at] = 1 - (tile.pixels[at] ?? 0)
      tile.dirty = joinRects(tile.dirty, { left, top: y, right, bottom: y + 1 })
    })
  }

  /** Whether no pixel is set, of any tile of the image. */
  isEmpty(): boolean {
    for (let row = 0; row * tileSize < this.#size.height; row++) {
      for (let column = 0; column < this.#columns; column++) {
        const pixels = this.pixelsAt(column, row)
        if (pixels === undefined ? this.#runsAt(column, row) !== undefined : pixels.includes(1)) return false
      }
    }
    return true
  }

  #eachRow(
    spans: readonly Span[],
    visit: (column: number, row: number, y: number, left: number, right: number) => void,
  ): void {
    for (const [y, left, right] of spans) {
      if (y < 0 || y >= this.#size.height) continue
      const end = Math.min(right, this.#size.width)
      let start = Math.max(left, 0)
      while (start < end) {
        const column = Math.floor(start / tileSize)
        const stop = Math.min(end, (column + 1) * tileSize)
        const row = Math.floor(y / tileSize)
        visit(column, row, y - row * tileSize, start - column * tileSize, stop - column * tileSize)
        start = stop
      }
    }
  }

  /** Pixels that differ from the start of the gesture: sorted, no empty tiles; empty when nothing changed. */
  memo(): MaskTile[] {
    const tiles: MaskTile[] = []
    const flipped = new Uint8Array(tilePixels)
    for (const tile of this.#tiles.values()) {
      for (let i = 0; i < tilePixels; i++) flipped[i] = (tile.pixels[i] ?? 0) ^ (tile.before[i] ?? 0)
      const runs = encodeTile(flipped)
      if (runs.length > 0) tiles.push({ x: tile.x, y: tile.y, runs })
    }
    return tiles.sort(compareTiles)
  }

  /** Takes every change back. The tiles concerned are dirty afterwards. */
  bail(): void {
    for (const tile of this.#tiles.values()) {
      tile.pixels.set(tile.before)
      tile.dirty = { left: 0, top: 0, right: tileSize, bottom: tileSize }
    }
  }

  /** What changed since the last call, each tile with the rectangle around it. */
  takeDirty(): DirtyTile[] {
    const changed: DirtyTile[] = []
    for (const tile of this.#tiles.values()) {
      if (tile.dirty === null) continue
      changed.push({ x: tile.x, y: tile.y, pixels: tile.pixels, rect: tile.dirty })
      tile.dirty = null
    }
    return changed
  }

  /** The tile as it is now when this gesture has changed it. */
  pixelsAt(x: number, y: number): Uint8Array | undefined {
    return this.#tiles.get(y * this.#columns + x)?.pixels
  }

  #writeRow(column: number, row: number, y: number, left: number, right: number, value: 0 | 1): void {
    const isThere = this.pixelsAt(column, row) !== undefined || this.#runsAt(column, row) !== undefined
    if (!isThere && value === 0) return
    const tile = this.#tileAt(column, row)
    const base = y * tileSize
    let from = left
    let to = right
    while (from < to && tile.pixels[base + from] === value) from++
    while (to > from && tile.pixels[base + to - 1] === value) to--
    if (from === to) return
    tile.pixels.fill(value, base + from, base + to)
    tile.dirty = joinRects(tile.dirty, { left: from, top: y, right: to, bottom: y + 1 })
  }
  /** The tile, unpacked and copied when this is its first change. */
  #tileAt(column: number, row: number): EditedTile {
    const key = row * this.#columns + column
    let tile = this.#tiles.get(key)
    if (tile === undefined) {
      const runs = this.#runsAt(column, row)
      const pixels = runs === undefined ? new Uint8Array(tilePixels) : decodeTile(runs)
      tile = { x: column, y: row, pixels, before: pixels.slice(), dirty: null }
      this.#tiles.set(key, tile)
    }
    return tile
  }
}

import { tileSize } from '../../shared/contract/media.ts'
import { isAppError } from '../../shared/errors.ts'
import type { Rect, Size } from './coordinates.ts'

/** Fetches one tile: raw RGB, row by row, no padding. */
export type TileLoader = (level: number, x: number, y: number, signal: AbortSignal) => Promise<Uint8Array>

export interface TilePlace {
  readonly level: number
  readonly x: number
  readonly y: number
}

export interface ImageTile extends TilePlace {
  readonly key: string
  /** Size in pixels of its level. */
  readonly width: number
  readonly height: number
  /** What it covers, in displayed image pixels. */
  readonly covers: Rect
  readonly bytes: Uint8Array
}

/** Size of a level: level 0 is the displayed size, each further one halves both sides, rounded up. */
export function levelSize(image: Size, level: number): Size {
  const divisor = 2 ** level
  return { width: Math.ceil(image.width / divisor), height: Math.ceil(image.height / divisor) }
}

/** The level that is a single tile. */
export function coarsestLevel(image: Size): number {
  let level = 0
  while (Math.max(image.width, image.height) > tileSize * 2 ** level) level++
  return level
}

/** The coarsest level that still has a pixel for every device pixel. `zoom` is device pixels per image pixel. */
export function levelForZoom(image: Size, zoom: number): number {
  const wanted = Math.floor(Math.log2(1 / zoom) + 1e-9)
  return Math.min(coarsestLevel(image), Math.max(0, wanted))
}

/** Tiles of a level that meet `rect` (displayed image pixels), the middle of it first. */
export function tilesIn(image: Size, level: number, rect: Rect): TilePlace[] {
  const size = levelSize(image, level)
  const scaleX = size.width / image.width
  const scaleY = size.height / image.height
  const left = Math.floor((rect.left * scaleX) / tileSize)
  const top = Math.floor((rect.top * scaleY) / tileSize)
  const right = Math.min(Math.ceil(size.width / tileSize), Math.ceil((rect.right * scaleX) / tileSize))
  const bottom = Math.min(Math.ceil(size.height / tileSize), Math.ceil((rect.bottom * scaleY) / tileSize))
  const places: TilePlace[] = []
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) places.push({ level, x, y })
  const middleX = (left + right - 1) / 2
  const middleY = (top + bottom - 1) / 2
  const far = (place: TilePlace) => Math.hypot(place.x - middleX, place.y - middleY)
  return places.sort((a, b) => far(a) - far(b))
}

function keyOf(place: TilePlace): string {
  return `${place.level}/${place.x}/${place.y}`
}

export interface ImageTilesOptions {
  readonly image: Size
  readonly load: TileLoader
  /** Bytes of tiles kept; those in view are kept whatever they take. */
  readonly maxBytes: number
  /** A tile has arrived. */
  readonly onChange: () => void
  /** A tile could not be had; it is not asked for again before `retry`. */
  readonly onProblem: (problem: unknown) => void
}

/** Requests on their way at a time. */
const parallelLoads = 6

/**
 * The pyramid of one image: asks for the tiles in view of the level that the zoom needs, cancels those
 * that left the view, shows coarser ones until they arrive. The same path for every image size.
 */
export class ImageTiles implements Disposable {
  readonly #options: ImageTilesOptions
  /** In order of last use, oldest first. */
  readonly #cache = new Map<string, ImageTile>()
  readonly #loading = new Map<string, AbortController>()
  readonly #failed = new Set<string>()
  #wanted: readonly TilePlace[] = []
  #level = 0
  #bytes = 0
  #disposed = false

  constructor(options: ImageTilesOptions) {
    this.#options = options
  }

  /** Bytes of the tiles at hand. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether every tile of the last view is there (or cannot be had). */
  get complete(): boolean {
    return this.#wanted.every((place) => this.#cache.has(keyOf(place)) || this.#failed.has(keyOf(place)))
  }

  /** Says what is in view: displayed image pixels, and device pixels per image pixel. */
  view(rect: Rect | null, zoom: number): void {
    const { image } = this.#options
    this.#level = levelForZoom(image, zoom)
    // The single coarsest tile first and always: it is what is shown until anything else arrives.
    const coarsest: TilePlace = { level: coarsestLevel(image), x: 0, y: 0 }
    const inView = rect === null ? [] : tilesIn(image, this.#level, rect)
    this.#wanted = this.#level === coarsest.level ? [coarsest] : [coarsest, ...inView]
    const wanted = new Set(this.#wanted.map(keyOf))
    for (const [key, controller] of this.#loading) {
      if (wanted.has(key)) continue
      this.#loading.delete(key)
      controller.abort()
    }
    for (const key of wanted) {
      const tile = this.#cache.get(key)
      if (tile === undefined) continue
      this.#cache.delete(key)
      this.#cache.set(key, tile)
    }
    this.#evict(wanted)
    this.#loadNext()
  }

  /** The tiles to draw, in drawing order: other levels below, the wanted level on top. */
  visible(rect: Rect | null): ImageTile[] {
    if (rect === null) return []
    const tiles: ImageTile[] = []
    for (const tile of this.#cache.values()) {
      const covers = tile.covers
      const outside =
        covers.right <= rect.left || covers.left >= rect.right || covers.bottom <= rect.top || covers.top >= rect.bottom
      if (!outside && (tile.level === this.#level || !this.complete)) tiles.push(tile)
    }
    const rank = (tile: ImageTile) => (tile.level === this.#level ? -1 : tile.level)
    return tiles.sort((a, b) => rank(b) - rank(a))
  }

  has(key: string): boolean {
    return this.#cache.has(key)
  }

  /** Asks again for what could not be had. */
  retry(): void {
    this.#failed.clear()
    this.#loadNext()
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    for (const controller of this.#loading.values()) controller.abort()
    this.#loading.clear()
    this.#cache.clear()
    this.#wanted = []
    this.#bytes = 0
  }

  #loadNext(): void {
    for (const place of this.#wanted) {
      if (this.#loading.size >= parallelLoads) return
      const key = keyOf(place)
      if (this.#cache.has(key) || this.#loading.has(key) || this.#failed.has(key)) continue
      const controller = new AbortController()
      this.#loading.set(key, controller)
      void this.#load(key, place, controller)
    }
  }

  async #load(key: string, place: TilePlace, controller: AbortController): Promise<void> {
    try {
      const bytes = await this.#options.load(place.level, place.x, place.y, controller.signal)
      if (controller.signal.aborted || this.#disposed) return
      this.#keep(key, place, bytes)
    } catch (problem) {
      // A cancelled request is not a problem: its tile has left the view.
      if (controller.signal.aborted || this.#disposed || isAppError(problem, 'Cancelled')) return
      this.#failed.add(key)
      this.#options.onProblem(problem)
    } finally {
      if (this.#loading.get(key) === controller) this.#loading.delete(key)
      if (!this.#disposed) this.#loadNext()
    }
    this.#options.onChange()
  }

  #keep(key: string, place: TilePlace, bytes: Uint8Array): void {
    const { image } = this.#options
    const level = levelSize(image, place.level)
    const left = place.x * tileSize
    const top = place.y * tileSize
    const width = Math.min(tileSize, level.width - left)
    const height = Math.min(tileSize, level.height - top)
    if (bytes.length !== width * height * 3) {
      throw new RangeError(`Tile ${key} has ${bytes.length} bytes instead of ${width * height * 3}`)
    }
    const scaleX = image.width / level.width
    const scaleY = image.height / level.height
    const covers = {
      left: left * scaleX,
      top: top * scaleY,
      right: (left + width) * scaleX,
      bottom: (top + height) * scaleY,
    }
    this.#cache.set(key, { ...place, key, width, height, covers, bytes })
    this.#bytes += bytes.length
    this.#evict(new Set(this.#wanted.map(keyOf)))
  }

  #evict(wanted: ReadonlySet<string>): void {
    for (const [key, tile] of this.#cache) {
      if (this.#bytes <= this.#options.maxBytes) return
      if (wanted.has(key)) continue
      this.#cache.delete(key)
      this.#bytes -= tile.bytes.length
    }
  }
}

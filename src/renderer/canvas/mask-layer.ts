import { tileSize } from '../../shared/contract/media.ts'
import type { MaskTile } from '../../shared/domain/history.ts'
import { edgesFromRuns, tilePixels } from '../../shared/mask/tile-runs.ts'
import { compareTiles, tilesEqual, xorTiles } from '../../shared/mask/tiles.ts'
import { joinRects } from './coordinates.ts'
import type { ImagePx, Rect, Size } from './coordinates.ts'
import { EditedMask } from './edited-mask.ts'

export interface LayerMask {
  readonly id: string
  readonly tiles: readonly MaskTile[]
}

/** Slot numbers of one tile, 512 x 512, 0 where nothing is: what the shader looks up. */
export type SlotTile = Uint8Array | Uint16Array

interface LayerItem {
  readonly id: string
  /** 1 … 65,535; what its pixels are in a slot tile. Kept as long as the item lives. */
  readonly slot: number
  readonly runs: Map<number, MaskTile['runs']>
}

interface ComposedTile {
  slots: SlotTile
  stale: boolean
  /** What the texture has not got yet, in pixels of the tile; null when it is up to date. */
  dirty: Rect | null
}

const wholeTile: Rect = { left: 0, top: 0, right: tileSize, bottom: tileSize }
/** Slots that fit into one byte. */
const narrowSlots = 255
/** Composed tiles beyond the view that are kept, 64 MB of them at most. */
const keptTiles = 256

/**
 * All masks of one image as sparse 512 x 512 tiles. They stay packed as runs and are composed, only where
 * they are in view, into one map of slot numbers; what lies on top wins the pixel. While a gesture lasts,
 * the annotation it changes is byte tiles (`EditedMask`) on top of a composition of all others.
 */
export class MaskLayer {
  readonly size: Size
  readonly columns: number
  readonly rows: number
  readonly #items = new Map<string, LayerItem>()
  /** Bottom first. */
  #order: readonly string[] = []
  /** `#order` as drawn; null when it must be sorted again. */
  #sorted: readonly string[] | null = null
  #nextSlot = 1
  readonly #freeSlots: number[] = []
  #hidden: ReadonlySet<string> = new Set()
  #active: string | null = null
  readonly #composed = new Map<number, ComposedTile>()
  #wide = false
  #edit: { readonly id: string; readonly mask: EditedMask; readonly below: Map<number, SlotTile> } | null = null

  constructor(size: Size) {
    this.size = size
    this.columns = Math.ceil(size.width / tileSize)
    this.rows = Math.ceil(size.height / tileSize)
  }

  /** Whether slots need two bytes. When it changes, every texture is made anew. */
  get wide(): boolean {
    return this.#wide
  }

  /** Ids with their slots, in no particular order. */
  get slots(): readonly { readonly id: string; readonly slot: number }[] {
    return [...this.#items.values()].map(({ id, slot }) => ({ id, slot }))
  }

  /** No slot in use is larger. */
  get largestSlot(): number {
    return this.#nextSlot - 1
  }

  get editing(): boolean {
    return this.#edit !== null
  }

  /** The mask of an annotation, sorted, without empty tiles. An annotation that is not there has none. */
  tilesOf(id: string): MaskTile[] {
    const item = this.#items.get(id)
    if (item === undefined) return []
    const tiles: MaskTile[] = []
    for (const [key, runs] of item.runs) tiles.push({ x: key % this.columns, y: Math.floor(key / this.columns), runs })
    return tiles.sort(compareTiles)
  }

  /** Makes the layer hold exactly these masks, bottom first. Only tiles that differ are composed anew. */
  replace(masks: readonly LayerMask[]): void {
    const kept = new Set(masks.map((mask) => mask.id))
    for (const id of [...this.#items.keys()]) if (!kept.has(id)) this.#remove(id)
    for (const mask of masks) {
      const before = this.tilesOf(mask.id)
      const item = this.#items.get(mask.id) ?? this.#add(mask.id)
      if (tilesEqual(before, mask.tiles)) continue
      for (const tile of xorTiles(before, mask.tiles)) this.#touch(this.#key(tile.x, tile.y))
      item.runs.clear()
      for (const tile of mask.tiles) item.runs.set(this.#key(tile.x, tile.y), tile.runs)
    }
    const order = masks.map((mask) => mask.id)
    const moved = order.some((id, index) => this.#order[index] !== id) && this.#order.some((id) => kept.has(id))
    this.#setOrder(order)
    if (moved) this.#touchOverlaps(null)
    this.#chooseWidth()
  }

  /** Flips pixels of an annotation, which comes into being on top of the others when it is not there. */
  flip(id: string, tiles: readonly MaskTile[]): void {
    this.#store(id, tiles)
    for (const tile of tiles) this.#touch(this.#key(tile.x, tile.y))
  }

  /** The annotation drawn on top of all others, usually the selected one. */
  setActive(id: string | null): void {
    if (id === this.#active) return
    const before = this.#active
    this.#active = id
    this.#sorted = null
    if (before !== null) this.#touchOverlaps(before)
    if (id !== null) this.#touchOverlaps(id)
  }

  /** Hidden annotations give way to whatever they cover. That they are not drawn is the palette's business. */
  setHidden(ids: ReadonlySet<string>): void {
    const before = this.#hidden
    this.#hidden = ids
    this.#sorted = null
    for (const id of before) if (!ids.has(id)) this.#touchOverlaps(id)
    for (const id of ids) if (!before.has(id)) this.#touchOverlaps(id)
  }

  /** Begins a gesture on an annotation, new or there, and puts it on top. */
  beginEdit(id: string): EditedMask {
    if (this.#edit !== null) throw new Error('A gesture is already in progress')
    const item = this.#items.get(id) ?? this.#add(id)
    if (!this.#order.includes(id)) this.#setOrder([...this.#order, id])
    this.#chooseWidth()
    this.setActive(id)
    const mask = new EditedMask(this.size, (x, y) => item.runs.get(this.#key(x, y)))
    this.#edit = { id, mask, below: new Map() }
    return mask
  }

  /** Brings the composition up to date with the gesture: dirty rectangles only. */
  refreshEdit(): void {
    const edit = this.#edit
    if (edit === null) return
    const slot = this.#items.get(edit.id)?.slot ?? 0
    for (const change of edit.mask.takeDirty()) {
      const key = this.#key(change.x, change.y)
      const composed = this.#composed.get(key) ?? this.#fresh(key)
      if (composed.stale) this.#compose(key, composed)
      let below = edit.below.get(key)
      if (below === undefined) {
        below = this.#newTile()
        this.#paint(key, below, edit.id)
        edit.below.set(key, below)
      }
      const { rect, pixels } = change
      for (let y = rect.top; y < rect.bottom; y++) {
        for (let at = y * tileSize + rect.left; at < y * tileSize + rect.right; at++) {
          composed.slots[at] = pixels[at] === 1 ? slot : (below[at] ?? 0)
        }
      }
      composed.dirty = joinRects(composed.dirty, rect)
    }
  }

  /** Ends the gesture, keeps its pixels and returns what flipped. */
  endEdit(): MaskTile[] {
    this.refreshEdit()
    const edit = this.#edit
    if (edit === null) return []
    this.#edit = null
    const memo = edit.mask.memo()
    this.#store(edit.id, memo)
    return memo
  }

  /** Ends the gesture and takes it back. An annotation that only it made is gone again. */
  bailEdit(): void {
    const edit = this.#edit
    if (edit === null) return
    edit.mask.bail()
    this.refreshEdit()
    this.#edit = null
    if (this.#items.get(edit.id)?.runs.size === 0) this.drop(edit.id)
  }

  /** Removes an annotation. */
  drop(id: string): void {
    if (!this.#items.has(id)) return
    this.#remove(id)
    this.#setOrder(this.#order.filter((other) => other !== id))
    if (this.#active === id) this.#active = null
  }

  /**
   * The slots of a tile and what of it has changed since `uploaded`, or null where there is no mask.
   * Composes when needed.
   */
  tileAt(x: number, y: number): { readonly slots: SlotTile; readonly dirty: Rect | null } | null {
    const key = this.#key(x, y)
    let composed = this.#composed.get(key)
    if (composed === undefined) {
      if (!this.#occupied(key)) return null
      composed = this.#fresh(key)
    } else {
      // In order of last use, for `#trim`.
      this.#composed.delete(key)
      this.#composed.set(key, composed)
    }
    if (composed.stale) this.#compose(key, composed)
    return composed
  }

  /** The texture now has what `tileAt` returned. */
  uploaded(x: number, y: number): void {
    const composed = this.#composed.get(this.#key(x, y))
    if (composed !== undefined) composed.dirty = null
  }

  /** All textures are lost or made anew. */
  invalidateUploads(): void {
    for (const composed of this.#composed.values()) composed.dirty = wholeTile
  }

  /** Forgets compositions used longest ago. Returns the tiles whose texture is no longer needed. */
  trim(inView: ReadonlySet<number>): { readonly x: number; readonly y: number }[] {
    const dropped: { x: number; y: number }[] = []
    for (const key of this.#composed.keys()) {
      if (this.#composed.size <= keptTiles) break
      if (inView.has(key) || this.#edit?.mask.pixelsAt(key % this.columns, Math.floor(key / this.columns))) continue
      this.#composed.delete(key)
      dropped.push({ x: key % this.columns, y: Math.floor(key / this.columns) })
    }
    return dropped
  }

  /** The topmost annotation at an image point that is not hidden. */
  hitTest(point: ImagePx): string | null {
    const x = Math.floor(point.x)
    const y = Math.floor(point.y)
    if (x < 0 || y < 0 || x >= this.size.width || y >= this.size.height) return null
    const key = this.#key(Math.floor(x / tileSize), Math.floor(y / tileSize))
    const at = (y % tileSize) * tileSize + (x % tileSize)
    for (const id of this.#stack().toReversed()) {
      if (this.#hidden.has(id)) continue
      const runs = this.#items.get(id)?.runs.get(key)
      if (runs !== undefined && runsHold(runs, at)) return id
    }
    return null
  }

  #key(x: number, y: number): number {
    return y * this.columns + x
  }

  #newTile(): SlotTile {
    return this.#wide ? new Uint16Array(tilePixels) : new Uint8Array(tilePixels)
  }

  #fresh(key: number): ComposedTile {
    const composed: ComposedTile = { slots: this.#newTile(), stale: true, dirty: wholeTile }
    this.#composed.set(key, composed)
    return composed
  }

  /** Bottom first: hidden ones below everything, the active one on top. */
  #stack(): readonly string[] {
    const rank = (id: string) => (id === this.#active ? 1 : this.#hidden.has(id) ? -1 : 0)
    this.#sorted ??= this.#order.toSorted((a, b) => rank(a) - rank(b))
    return this.#sorted
  }

  #setOrder(order: readonly string[]): void {
    this.#order = order
    this.#sorted = null
  }

  #compose(key: number, composed: ComposedTile): void {
    composed.slots.fill(0)
    this.#paint(key, composed.slots, null)
    composed.stale = false
    composed.dirty = wholeTile
  }

  #paint(key: number, slots: SlotTile, except: string | null): void {
    const editedPixels = this.#edit?.mask.pixelsAt(key % this.columns, Math.floor(key / this.columns))
    for (const id of this.#stack()) {
      const item = this.#items.get(id)
      if (item === undefined || id === except) continue
      if (id === this.#edit?.id && editedPixels !== undefined) {
        for (let at = 0; at < tilePixels; at++) if (editedPixels[at] === 1) slots[at] = item.slot
        continue
      }
      const runs = item.runs.get(key)
      if (runs === undefined) continue
      const edges = edgesFromRuns(runs)
      for (let i = 0; i < edges.length; i += 2) slots.fill(item.slot, edges[i], edges[i + 1])
    }
  }

  #add(id: string): LayerItem {
    const slot = this.#freeSlots.pop() ?? this.#nextSlot++
    const item: LayerItem = { id, slot, runs: new Map() }
    this.#items.set(id, item)
    return item
  }

  #remove(id: string): void {
    const item = this.#items.get(id)
    if (item === undefined) return
    for (const key of item.runs.keys()) this.#touch(key)
    this.#items.delete(id)
    this.#freeSlots.push(item.slot)
  }

  #store(id: string, tiles: readonly MaskTile[]): void {
    const item = this.#items.get(id) ?? this.#add(id)
    if (!this.#order.includes(id)) this.#setOrder([...this.#order, id])
    this.#chooseWidth()
    const flipped = xorTiles(
      tiles.flatMap(({ x, y }) => {
        const runs = item.runs.get(this.#key(x, y))
        return runs === undefined ? [] : [{ x, y, runs }]
      }),
      tiles,
    )
    for (const { x, y } of tiles) item.runs.delete(this.#key(x, y))
    for (const { x, y, runs } of flipped) item.runs.set(this.#key(x, y), runs)
  }

  #chooseWidth(): void {
    const wide = this.largestSlot > narrowSlots
    if (wide === this.#wide) return
    this.#wide = wide
    this.#composed.clear()
    this.#edit?.below.clear()
  }

  #touch(key: number): void {
    const composed = this.#composed.get(key)
    if (composed !== undefined) composed.stale = true
    this.#edit?.below.delete(key)
  }

  #occupied(key: number): boolean {
    for (const item of this.#items.values()) if (item.runs.has(key)) return true
    return this.#edit?.mask.pixelsAt(key % this.columns, Math.floor(key / this.columns)) !== undefined
  }

  /** Composes anew where `id` (or, for null, anything) shares a tile with another annotation. */
  #touchOverlaps(id: string | null): void {
    for (const key of this.#composed.keys()) {
      let sharers = 0
      for (const item of this.#items.values()) if (item.runs.has(key)) sharers++
      const concerned = id === null || this.#items.get(id)?.runs.has(key) === true
      if (concerned && sharers > 1) this.#touch(key)
    }
  }
}

function runsHold(runs: Uint8Array, at: number): boolean {
  const edges = edgesFromRuns(runs)
  let inside = false
  for (const edge of edges) {
    if (edge > at) return inside
    inside = !inside
  }
  return false
}

import { polygonsFromTiles } from '../../shared/coco/polygons.ts'
import { countsFromPolygons } from '../../shared/coco/rasterise.ts'
import { tilesFromCounts } from '../../shared/coco/rle.ts'
import type { MaskTile } from '../../shared/domain/history.ts'
import { simplifyRing } from '../../shared/geometry/simplify.ts'
import { tilesIou } from '../../shared/mask/tiles.ts'

export interface Simplified {
  readonly polygons: number[][]
  /** The pixels that a reader of the polygons gets. Never empty. */
  readonly tiles: readonly MaskTile[]
  /** Pixels of both over pixels of either, 0 to 1. */
  readonly iou: number
}

/**
 * Polygons with fewer corners: none is left out that lies farther than `tolerance` pixels from the outline drawn without it.
 * A part that would become a line keeps its corners, and so does a mask of which nothing would be left.
 */
export function simplifyMask(tiles: readonly MaskTile[], width: number, height: number, tolerance: number): Simplified {
  const exact = polygonsFromTiles(tiles)
  const polygons = exact.map((ring) => {
    const simple = simplifyRing(ring, tolerance)
    return simple.length < 6 ? ring : simple
  })
  const after = tilesFromCounts(countsFromPolygons(polygons, width, height), width, height)
  if (after.length === 0) return { polygons: exact, tiles, iou: 1 }
  return { polygons, tiles: after, iou: tilesIou(tiles, after) }
}

/** What simplifying has cost so far. */
export class SimplificationCost {
  #masks = 0
  #same = 0
  #sum = 0
  #least = 1

  add(iou: number): void {
    this.#masks++
    this.#sum += iou
    this.#least = Math.min(this.#least, iou)
    if (iou === 1) this.#same++
  }

  /** Masks that are not what they were. */
  get changed(): number {
    return this.#masks - this.#same
  }

  /** `meanIou` and `minIou` are 1 when there was no mask. */
  report(): { readonly masks: number; readonly meanIou: number; readonly minIou: number } {
    return { masks: this.#masks, meanIou: this.#masks === 0 ? 1 : this.#sum / this.#masks, minIou: this.#least }
  }
}

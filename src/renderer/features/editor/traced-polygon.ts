import { ringsFromTiles } from '../../../shared/coco/polygons.ts'
import type { MaskTile } from '../../../shared/domain/history.ts'
import { simplifyRing } from '../../../shared/geometry/simplify.ts'
import { polygonTiles } from '../../../shared/mask/polygon-spans.ts'
import type { Rings } from '../../../shared/mask/polygon-spans.ts'
import { tilesIou } from '../../../shared/mask/tiles.ts'
import type { Size } from '../../canvas/coordinates.ts'

/** How far the corners of a traced polygon may lie from the mask's outline, in image pixels. */
export const traceTolerance = 1

export interface TracedPolygon {
  readonly polygon: Rings
  readonly corners: number
  /** Pixels of both over pixels of either, 0 to 1: what the conversion changes. */
  readonly iou: number
}

/** A polygon for a mask; null for an empty mask, or when the polygon would hold no pixel. */
export function tracePolygon(tiles: readonly MaskTile[], size: Size): TracedPolygon | null {
  const polygon = ringsFromTiles(tiles).map((ring) => simplifyRing(ring, traceTolerance))
  const result = polygonTiles(polygon, size)
  if (result.length === 0) return null
  const corners = polygon.reduce((sum, ring) => sum + ring.length / 2, 0)
  return { polygon, corners, iou: tilesIou(tiles, result) }
}

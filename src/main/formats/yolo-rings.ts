import { countsFromPolygons } from '../../shared/coco/rasterise.ts'
import { tilesFromCounts } from '../../shared/coco/rle.ts'
import type { Outline } from '../../shared/contract/contract.ts'
import type { MaskTile } from '../../shared/domain/history.ts'
import { fillOutline } from '../../shared/mask/fill-outline.ts'

/** Displayed size of an image in pixels. */
export interface Size {
  readonly width: number
  readonly height: number
}

/**
 * Makes a mask of a ring: shares `x, y, …` of the sides of an image of that size. Throws `InvalidInput` for a ring that is
 * longer than that of any object.
 */
export type RingReading = (shares: readonly number[], size: Size) => readonly MaskTile[]

/** How rings are read that run along one or the other. */
export const ringReadings: Readonly<Record<Outline, RingReading>> = {
  /** COCO's rule. */
  edges: (shares, size) => {
    const ring = inPixels(shares, size)
    return tilesFromCounts(countsFromPolygons([ring], size.width, size.height), size.width, size.height)
  },
  /**
   * Programs write the centre of the first pixel as 0, as OpenCV counts, or as half a pixel, and round what they write. So
   * up to a quarter of a pixel less is still the same pixel, and up to a quarter more than its half.
   */
  centres: (shares, size) => {
    const ring = inPixels(shares, size).map((value) => Math.floor(value + 0.25))
    return fillOutline([ring], size)
  },
}

function inPixels(shares: readonly number[], { width, height }: Size): number[] {
  return shares.map((share, at) => share * (at % 2 === 0 ? width : height))
}

import type { MaskTile } from '../domain/history.ts'
import type { Box } from '../domain/records.ts'
import { createBitmap } from './bitmap.ts'
import { forEachRun, tilesFromBitmap } from './tiles.ts'

/**
 * From displayed pixels to those that a file stores, and back. `width` and `height` are the displayed size, `orientation` is EXIF's
 * 1 to 8: 5 to 8 stand for pictures that lie on their side in the file.
 */

export interface Displayed {
  readonly width: number
  readonly height: number
  readonly orientation: number
}

/** Size in the file. */
export function storedSize({ width, height, orientation }: Displayed): {
  readonly width: number
  readonly height: number
} {
  return orientation >= 5 ? { width: height, height: width } : { width, height }
}

/** A box on the stored pixels. */
export function storedBox([x, y, across, down]: Box, { width, height, orientation }: Displayed): Box {
  const right = width - x - across
  const below = height - y - down
  switch (orientation) {
    case 2:
      return [right, y, across, down]
    case 3:
      return [right, below, across, down]
    case 4:
      return [x, below, across, down]
    case 5:
      return [y, x, down, across]
    case 6:
      return [y, right, down, across]
    case 7:
      return [below, right, down, across]
    case 8:
      return [below, x, down, across]
    default:
      return [x, y, across, down]
  }
}

/** A mask on the stored pixels. */
export function storedTiles(tiles: readonly MaskTile[], displayed: Displayed): MaskTile[] {
  const { width, height } = storedSize(displayed)
  const bitmap = createBitmap(width, height)
  forEachRun(tiles, (y, left, right) => {
    // A run is a box one pixel high: it comes out as one row, or as one column.
    const [fx, fy, across, down] = storedBox([left, y, right - left, 1], displayed)
    for (let row = fy; row < fy + down; row++) bitmap.data.fill(1, row * width + fx, row * width + fx + across)
  })
  return tilesFromBitmap(bitmap)
}

/** A turn by a quarter is taken back by the other one; all other orientations take themselves back. */
function undoing(displayed: Displayed): Displayed {
  const { orientation } = displayed
  return { ...storedSize(displayed), orientation: orientation === 6 ? 8 : orientation === 8 ? 6 : orientation }
}

/** Inverse of `storedBox`, to a millionth of a pixel. */
export function displayedBox(box: Box, displayed: Displayed): Box {
  const [x, y, across, down] = storedBox(box, undoing(displayed))
  return [millionth(x), millionth(y), millionth(across), millionth(down)]
}

/** Inverse of `storedTiles`. */
export function displayedTiles(tiles: readonly MaskTile[], displayed: Displayed): MaskTile[] {
  return storedTiles(tiles, undoing(displayed))
}

function millionth(value: number): number {
  return Math.round(value * 1e6) / 1e6
}

import { tileSize } from '../contract/media.ts'
import type { MaskTile } from '../domain/history.ts'
import { runsFromEdges } from './tile-runs.ts'

/**
 * One mask for each value of a picture of numbers, in one pass however many values there are: row-major, one number a
 * pixel. Values that are not wanted belong to no mask. The masks come in the order of tiles, each with its tiles sorted.
 */
export function tilesByValue(
  data: ArrayLike<number>,
  width: number,
  height: number,
  isWanted: (value: number) => boolean,
): Map<number, MaskTile[]> {
  const masks = new Map<number, MaskTile[]>()
  for (let top = 0; top < height; top += tileSize) {
    const bottom = Math.min(top + tileSize, height)
    for (let left = 0; left < width; left += tileSize) {
      const right = Math.min(left + tileSize, width)
      const edgesOf = new Map<number, number[]>()
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right;) {
          const value = data[y * width + x] ?? 0
          const start = (y - top) * tileSize + x - left
          do x++
          while (x < right && data[y * width + x] === value)
          if (!isWanted(value)) continue
          const end = (y - top) * tileSize + x - left
          const edges = edgesOf.get(value)
          if (edges === undefined) edgesOf.set(value, [start, end])
          // A run that fills the tile's row to its end may go on in the next row.
          else if (edges[edges.length - 1] === start) edges[edges.length - 1] = end
          else edges.push(start, end)
        }
      }
      for (const [value, edges] of edgesOf) {
        const tile = { x: left / tileSize, y: top / tileSize, runs: runsFromEdges(edges) }
        const tiles = masks.get(value)
        if (tiles === undefined) masks.set(value, [tile])
        else tiles.push(tile)
      }
    }
  }
  return masks
}

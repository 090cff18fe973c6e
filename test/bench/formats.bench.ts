import { countsFromTiles, countsToString } from '../../src/shared/coco/rle.ts'
import { polygonsFromTiles } from '../../src/shared/coco/polygons.ts'
import { countsFromPolygons } from '../../src/shared/coco/rasterise.ts'
import type { Bitmap } from '../../src/shared/mask/bitmap.ts'
import { createBitmap } from '../../src/shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../src/shared/mask/tiles.ts'
import { seededRandom } from '../../src/main/evaluate/random.ts'

/**
 * Milliseconds a mask of what an export does: polygons, RLE, and reading polygons back. The reference is copying
 * the same masks as raw bitmaps. Prints, never judges.
 */

const masks = 200
const [width, height] = [1024, 768]
const random = seededRandom(7)

/** A few discs with holes in them and a ragged edge: parts, holes and long outlines. */
function randomMask(): Bitmap {
  const bitmap = createBitmap(width, height)
  for (let disc = 0; disc < 4; disc++) {
    const [x, y, radius] = [random() * width, random() * height, 30 + random() * 150]
    const [waves, depth, hole] = [3 + Math.floor(random() * 20), random() * 0.2, random() * 0.6]
    for (let row = Math.max(0, Math.floor(y - radius)); row < Math.min(height, y + radius); row++) {
      for (let column = Math.max(0, Math.floor(x - radius)); column < Math.min(width, x + radius); column++) {
        const distance = Math.hypot(column - x, row - y) / radius
        const edge = 1 - depth - depth * Math.sin(waves * Math.atan2(row - y, column - x))
        if (distance <= edge && distance >= hole * edge) bitmap.data[row * width + column] = 1
      }
    }
  }
  return bitmap
}

/** Mean milliseconds a mask, after a first round that warms up. */
function measure<Item>(items: readonly Item[], work: (item: Item) => unknown): number {
  for (const item of items) work(item)
  const start = performance.now()
  for (const item of items) work(item)
  return (performance.now() - start) / items.length
}

const bitmaps = Array.from({ length: masks }, randomMask)
const tiled = bitmaps.map((bitmap) => tilesFromBitmap(bitmap))
const polygons = tiled.map(polygonsFromTiles)
const target = new Uint8Array(width * height)
const reference = measure(bitmaps, ({ data }) => target.set(data))
const line = (name: string, milliseconds: number): void =>
  console.log(`${name.padEnd(34)} ${milliseconds.toFixed(3)} ms/mask  ${(milliseconds / reference).toFixed(1)} x`)

console.log(`${masks} random masks of ${width} x ${height}`)
line('raw copy of the bitmap', reference)
line('polygons', measure(tiled, polygonsFromTiles))
line(
  'RLE, compressed',
  measure(tiled, (tiles) => countsToString(countsFromTiles(tiles, width, height))),
)
line(
  'polygons read back',
  measure(polygons, (each) => countsFromPolygons(each, width, height)),
)

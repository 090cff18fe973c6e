import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { countsFromString, countsFromTiles, countsToString, tilesFromCounts } from '../../src/shared/coco/rle.ts'
import { polygonsFromTiles } from '../../src/shared/coco/polygons.ts'
import { countsFromPolygons } from '../../src/shared/coco/rasterise.ts'
import type { Bitmap } from '../../src/shared/mask/bitmap.ts'
import { createBitmap } from '../../src/shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../src/shared/mask/tiles.ts'
import { z } from '../../src/shared/zod.ts'
import { seededRandom } from '../../src/main/evaluate/random.ts'

/**
 * Milliseconds a mask of what an export and an import do, beside copying the same masks as raw bitmaps and, where
 * EXEMPLAR_PYTHON has them, beside pycocotools and OpenCV on the same masks. Prints, never judges.
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

/** Milliseconds a mask, best of three rounds. */
function measure<Item>(items: readonly Item[], work: (item: Item) => unknown): number {
  let best = Infinity
  for (let round = 0; round < 3; round++) {
    const start = performance.now()
    for (const item of items) work(item)
    best = Math.min(best, (performance.now() - start) / items.length)
  }
  return best
}

const referenceSchema = z.object({
  encode: z.number(),
  decode: z.number(),
  rasterise: z.number(),
  contours: z.number(),
  corners: z.number(),
})

const bitmaps = Array.from({ length: masks }, randomMask)
const tiled = bitmaps.map((bitmap) => tilesFromBitmap(bitmap))
const polygons = tiled.map(polygonsFromTiles)
const texts = tiled.map((tiles) => countsToString(countsFromTiles(tiles, width, height)))
const target = new Uint8Array(width * height)

/** What pycocotools and OpenCV take for the same masks; null where they are not installed. */
function reference(): z.infer<typeof referenceSchema> | null {
  const python = process.env['EXEMPLAR_PYTHON']
  if (python === undefined) return null
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-bench-'))
  try {
    const pixels = join(folder, 'pixels.bin')
    writeFileSync(pixels, Buffer.concat(bitmaps.map(({ data }) => data)))
    const job = join(folder, 'job.json')
    writeFileSync(job, JSON.stringify({ width, height, count: masks, pixels, polygons }))
    const script = join(import.meta.dirname, '..', 'python', 'time_masks.py')
    return referenceSchema.parse(JSON.parse(execFileSync(python, [script, job], { encoding: 'utf8' })))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const copy = measure(bitmaps, ({ data }) => target.set(data))
const peers = reference()
if (peers === null)
  console.log('EXEMPLAR_PYTHON names no Python with pycocotools and OpenCV: only a raw copy is beside it')

function line(name: string, milliseconds: number, peer?: readonly [name: string, milliseconds: number]): void {
  const beside =
    peer === undefined ? '' : `  ${peer[0]} ${peer[1].toFixed(3)} ms, ${(milliseconds / peer[1]).toFixed(2)} x`
  console.log(`${name.padEnd(34)} ${milliseconds.toFixed(3)} ms/mask  ${(milliseconds / copy).toFixed(1)} x${beside}`)
}

console.log(`${masks} random masks of ${width} x ${height}; x: raw copy of the bitmap, then the peer`)
line('raw copy of the bitmap', copy)
line(
  'polygons',
  measure(tiled, polygonsFromTiles),
  peers === null ? undefined : ['cv2.findContours (corners)', peers.corners],
)
line(
  'RLE, compressed',
  measure(tiled, (tiles) => countsToString(countsFromTiles(tiles, width, height))),
  peers === null ? undefined : ['pycocotools encode', peers.encode],
)
line(
  'RLE read back',
  measure(texts, (text) => tilesFromCounts(countsFromString(text), width, height)),
  peers === null ? undefined : ['pycocotools decode', peers.decode],
)
line(
  'polygons read back',
  measure(polygons, (each) => countsFromPolygons(each, width, height)),
  peers === null ? undefined : ['pycocotools frPyObjects', peers.rasterise],
)
if (peers !== null) line('cv2.findContours, every point', peers.contours)

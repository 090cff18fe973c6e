import fc from 'fast-check'
import { createBitmap } from '../../src/shared/mask/bitmap.ts'
import type { Bitmap } from '../../src/shared/mask/bitmap.ts'

/** A repeatable stream of numbers in 0 … 1 (mulberry32). */
export function randomStream(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** A bitmap from a picture: `#` is mask, anything else is not. */
export function bitmapFromPicture(rows: readonly string[]): Bitmap {
  const width = rows[0]?.length ?? 0
  const bitmap = createBitmap(width, rows.length)
  rows.forEach((row, y) => [...row].forEach((mark, x) => (bitmap.data[y * width + x] = mark === '#' ? 1 : 0)))
  return bitmap
}

export function paintRectangle(
  bitmap: Bitmap,
  x: number,
  y: number,
  width: number,
  height: number,
  value: 0 | 1,
): void {
  for (let row = Math.max(0, y); row < Math.min(bitmap.height, y + height); row++) {
    bitmap.data.fill(value, row * bitmap.width + Math.max(0, x), row * bitmap.width + Math.min(bitmap.width, x + width))
  }
}

/** Rectangles painted and erased, then a sprinkle of flipped pixels: blobs, holes, islands, noise. */
export function randomBitmap(width: number, height: number, random: () => number): Bitmap {
  const bitmap = createBitmap(width, height)
  for (let count = Math.floor(random() * 8); count > 0; count--) {
    const x = Math.floor(random() * width)
    const y = Math.floor(random() * height)
    const w = 1 + Math.floor(random() * width * 0.6)
    const h = 1 + Math.floor(random() * height * 0.6)
    paintRectangle(bitmap, x, y, w, h, random() < 0.6 ? 1 : 0)
  }
  const flips = random() < 0.5 ? random() * 0.5 * width * height : random() * 10
  for (let count = Math.floor(flips); count > 0; count--) {
    const at = Math.floor(random() * width * height)
    bitmap.data[at] = 1 - (bitmap.data[at] ?? 0)
  }
  return bitmap
}

/** Bitmaps for properties. They shrink towards small sizes. */
export function bitmapArbitrary(maximumWidth: number, maximumHeight: number): fc.Arbitrary<Bitmap> {
  return fc
    .tuple(fc.integer({ min: 1, max: maximumWidth }), fc.integer({ min: 1, max: maximumHeight }), fc.nat())
    .map(([width, height, seed]) => randomBitmap(width, height, randomStream(seed)))
}

/** Two bitmaps of one size. */
export function bitmapPairArbitrary(maximumWidth: number, maximumHeight: number): fc.Arbitrary<[Bitmap, Bitmap]> {
  return fc
    .tuple(fc.integer({ min: 1, max: maximumWidth }), fc.integer({ min: 1, max: maximumHeight }), fc.nat(), fc.nat())
    .map(([width, height, a, b]) => [
      randomBitmap(width, height, randomStream(a)),
      randomBitmap(width, height, randomStream(b)),
    ])
}

/** A bitmap whose pixels follow a rule. */
export function painted(width: number, height: number, isMask: (x: number, y: number) => boolean): Bitmap {
  const bitmap = createBitmap(width, height)
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) bitmap.data[y * width + x] = isMask(x, y) ? 1 : 0
  return bitmap
}

/** The masks on which exporters are known to fail. */
export const hardMasks: readonly { readonly name: string; readonly bitmap: Bitmap }[] = [
  { name: 'horizontal line of 1 px', bitmap: painted(20, 9, (_x, y) => y === 4) },
  { name: 'vertical line of 1 px', bitmap: painted(9, 20, (x) => x === 4) },
  { name: 'diagonal of 1 px', bitmap: painted(16, 16, (x, y) => x === y) },
  { name: 'anti-diagonal of 1 px', bitmap: painted(16, 16, (x, y) => x + y === 15) },
  { name: 'border ring of 1 px', bitmap: painted(12, 10, (x, y) => x === 0 || y === 0 || x === 11 || y === 9) },
  { name: 'full frame', bitmap: painted(13, 7, () => true) },
  { name: 'one pixel, full frame', bitmap: painted(1, 1, () => true) },
  { name: 'corner pixels', bitmap: painted(11, 8, (x, y) => (x === 0 || x === 10) && (y === 0 || y === 7)) },
  { name: 'checkerboard of 1,000 parts', bitmap: painted(50, 40, (x, y) => (x + y) % 2 === 0) },
  { name: '500 one-pixel holes', bitmap: painted(51, 41, (x, y) => !(x % 2 === 1 && y % 2 === 1)) },
  {
    name: 'holes touching at a corner',
    bitmap: bitmapFromPicture(['#######', '#.#####', '##.####', '#.#.###', '####..#', '###.###', '#######']),
  },
  {
    name: 'hole touching the outside at a corner',
    bitmap: bitmapFromPicture(['.#####', '#.####', '######', '###.##', '####.#', '#####.']),
  },
  {
    name: 'island in hole in island',
    bitmap: painted(15, 15, (x, y) => Math.max(Math.abs(x - 7), Math.abs(y - 7)) % 2 === 1),
  },
  { name: 'comb', bitmap: painted(21, 12, (x, y) => y === 0 || x % 2 === 0) },
  {
    name: 'spiral',
    bitmap: bitmapFromPicture([
      '#########',
      '........#',
      '#######.#',
      '#.....#.#',
      '#.###.#.#',
      '#.#.#.#.#',
      '#.#...#.#',
      '#.#####.#',
      '#.......#',
      '#########',
    ]),
  },
  { name: 'all but one pixel', bitmap: painted(9, 9, (x, y) => x !== 4 || y !== 4) },
]

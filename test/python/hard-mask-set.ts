import { createBitmap } from '../../src/shared/mask/bitmap.ts'
import type { Bitmap } from '../../src/shared/mask/bitmap.ts'
import { hardMasks, painted, randomBitmap, randomStream } from './mask-samples.ts'

type Random = () => number
/** Makes a mask of exactly that size, in pixels. */
type Family = (width: number, height: number, random: Random) => Bitmap

export interface HardMask {
  /** The kind of difficulty, for messages. */
  readonly family: string
  readonly bitmap: Bitmap
}

/** Masks of one size that share a picture and overlap as they like. */
export interface HardImage {
  readonly width: number
  readonly height: number
  readonly masks: readonly HardMask[]
}

function whole(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1))
}

/** Values at the corners of a coarse grid, blended: shapes with smooth, ragged and open edges. */
function valueNoise(width: number, height: number, random: Random): Bitmap {
  const cell = whole(random, 2, 12)
  const columns = Math.ceil(width / cell) + 1
  const corners = Array.from({ length: columns * (Math.ceil(height / cell) + 1) }, random)
  const level = 0.35 + 0.3 * random()
  return painted(width, height, (x, y) => {
    const at = Math.floor(y / cell) * columns + Math.floor(x / cell)
    const [right, down] = [(x % cell) / cell, (y % cell) / cell]
    const top = (corners[at] ?? 0) * (1 - right) + (corners[at + 1] ?? 0) * right
    const bottom = (corners[at + columns] ?? 0) * (1 - right) + (corners[at + columns + 1] ?? 0) * right
    return top * (1 - down) + bottom * down > level
  })
}

/** Discs laid over each other, each turning what is below it round: islands in holes in islands. */
function discs(width: number, height: number, random: Random): Bitmap {
  const list = Array.from({ length: whole(random, 1, 9) }, () => {
    const radius = (0.5 + random() * Math.max(width, height)) / 2
    return { x: random() * width, y: random() * height, square: radius * radius }
  })
  return painted(width, height, (x, y) => {
    const covering = list.filter((disc) => (x + 0.5 - disc.x) ** 2 + (y + 0.5 - disc.y) ** 2 < disc.square)
    return covering.length % 2 === 1
  })
}

/** Cells crossed by one diagonal of 1 px each: a labyrinth whose walls meet at corners only. */
function maze(width: number, height: number, random: Random): Bitmap {
  const cell = whole(random, 2, 5)
  const columns = Math.ceil(width / cell)
  const falls = Array.from({ length: columns * Math.ceil(height / cell) }, () => random() < 0.5)
  return painted(width, height, (x, y) => {
    const [across, down] = [x % cell, y % cell]
    return falls[Math.floor(y / cell) * columns + Math.floor(x / cell)] === true
      ? across === down
      : across + down === cell - 1
  })
}

/** A frame around holes of one pixel that touch each other at corners, and here and there the outside. */
function touchingHoles(width: number, height: number, random: Random): Bitmap {
  const margin = whole(random, 0, 2)
  return painted(width, height, (x, y) => {
    const isInside = x >= margin && y >= margin && x < width - margin && y < height - margin
    return !isInside || (x + y) % 2 === 0
  })
}

function nestedRings(width: number, height: number, random: Random): Bitmap {
  const thickness = whole(random, 1, 3)
  const [left, top] = [whole(random, 0, width - 1), whole(random, 0, height - 1)]
  return painted(width, height, (x, y) => {
    const distance = Math.max(Math.abs(x - left), Math.abs(y - top))
    return Math.floor(distance / thickness) % 2 === 1
  })
}

/** Lines of 1 px along rows and columns, the outermost ones included. */
function lines(width: number, height: number, random: Random): Bitmap {
  const rows = new Set(Array.from({ length: whole(random, 0, 3) }, () => whole(random, 0, height - 1)))
  const columns = new Set(Array.from({ length: whole(random, 0, 3) }, () => whole(random, 0, width - 1)))
  return painted(width, height, (x, y) => rows.has(y) || columns.has(x))
}

function diagonals(width: number, height: number, random: Random): Bitmap {
  const period = whole(random, 3, 9)
  const sign = random() < 0.5 ? 1 : -1
  return painted(width, height, (x, y) => (x + sign * y + 9 * period * height) % period === 0)
}

function waves(width: number, height: number, random: Random): Bitmap {
  const [across, down, turn] = [random() * 2, random() * 2, random() * 0.1]
  return painted(width, height, (x, y) => Math.sin(x * across + y * y * turn) + Math.cos(y * down) > 0)
}

function noise(width: number, height: number, random: Random): Bitmap {
  const density = random()
  return painted(width, height, () => random() < density)
}

const families: Readonly<Record<string, Family>> = {
  'lines of 1 px': lines,
  'diagonals of 1 px': diagonals,
  'border ring of 1 px': (width, height) =>
    painted(width, height, (x, y) => x === 0 || y === 0 || x === width - 1 || y === height - 1),
  'full frame': (width, height) => painted(width, height, () => true),
  'corner pixels': (width, height) =>
    painted(width, height, (x, y) => (x === 0 || x === width - 1) && (y === 0 || y === height - 1)),
  checkerboard: (width, height, random) => {
    const phase = whole(random, 0, 1)
    return painted(width, height, (x, y) => (x + y) % 2 === phase)
  },
  'separate pixels': (width, height) => painted(width, height, (x, y) => x % 2 === 0 && y % 2 === 0),
  'one-pixel holes': (width, height) => painted(width, height, (x, y) => !(x % 2 === 1 && y % 2 === 1)),
  'holes touching at corners': touchingHoles,
  'islands in holes': nestedRings,
  comb: (width, height) => painted(width, height, (x, y) => y === 0 || x % 2 === 0),
  maze,
  discs,
  waves,
  noise,
  blobs: valueNoise,
  'rectangles and flips': randomBitmap,
}

/** A mask of that size from any of the families; it may be empty. */
export function randomTexture(width: number, height: number, random: Random): Bitmap {
  const kinds = Object.values(families)
  return (kinds[whole(random, 0, kinds.length - 1)] ?? noise)(width, height, random)
}

/** From 1 x 1 and strips of one pixel to a few hundred pixels. */
function imageSize(random: Random): readonly [width: number, height: number] {
  const draw = random()
  if (draw < 0.03) return [whole(random, 1, 3), whole(random, 1, 3)]
  if (draw < 0.06) return [1, whole(random, 1, 200)]
  if (draw < 0.09) return [whole(random, 1, 200), 1]
  const most = draw < 0.85 ? 60 : draw < 0.97 ? 130 : 300
  const [width, height] = [whole(random, 4, most), whole(random, 4, most)]
  // A checkerboard of this many pixels is 6,000 parts, each of which every reader rasterises and unites with the rest.
  return [width, Math.min(height, Math.ceil(12_000 / width))]
}

/** A mask that happens to be empty gets one pixel: nothing can be exported of an empty one. */
function filled(bitmap: Bitmap, random: Random): Bitmap {
  if (bitmap.data.includes(1)) return bitmap
  const some = createBitmap(bitmap.width, bitmap.height)
  some.data[whole(random, 0, some.data.length - 1)] = 1
  return some
}

/** Pictures with `count` hard masks in all, the same ones every time: every family in turn, one to three a picture. */
export function hardImages(count: number): HardImage[] {
  const random = randomStream(10_00)
  const images: HardImage[] = hardMasks
    .slice(0, count)
    .map(({ name, bitmap }) => ({ ...sizeOf(bitmap), masks: [{ family: name, bitmap }] }))
  const kinds = Object.entries(families)
  for (let made = images.length; made < count;) {
    const [width, height] = imageSize(random)
    const masks: HardMask[] = []
    for (let left = Math.min(whole(random, 1, 3), count - made); left > 0; left--, made++) {
      const [family, make] = kinds[made % kinds.length] ?? ['noise', noise]
      masks.push({ family, bitmap: filled(make(width, height, random), random) })
    }
    images.push({ width, height, masks })
  }
  return images
}

function sizeOf({ width, height }: Bitmap): { readonly width: number; readonly height: number } {
  return { width, height }
}

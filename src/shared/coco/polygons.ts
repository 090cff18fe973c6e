import type { MaskTile } from '../domain/history.ts'
import type { Bitmap } from '../mask/bitmap.ts'
import { cropFromTiles } from '../mask/tiles.ts'
import type { MaskCrop } from '../mask/tiles.ts'

const pixelBit = 1
/** On the left end of a horizontal crack: a ring has gone along it. */
const tracedBit = 2
/** On a vertex: the bridge to a hole starts here. */
const bridgeBit = 4

const east = 0
const south = 1
const west = 2

/**
 * The picture that is traced, with one empty pixel all round. A vertex (a corner of pixels) has the index of
 * the pixel to its lower right, so the four pixels around vertex `q` are `q`, `q - 1`, `q - stride`
 * and `q - stride - 1`.
 */
interface Field {
  readonly cells: Uint8Array
  readonly stride: number
  /** Vertex index change for a step east, south, west, north. */
  readonly steps: readonly number[]
  /** Offset from a vertex to the pixel ahead on the right, and ahead on the left, by direction. */
  readonly aheadRight: readonly number[]
  readonly aheadLeft: readonly number[]
}

function fieldOf({ width, height, data }: Bitmap): Field {
  const stride = width + 2
  const cells = new Uint8Array(stride * (height + 2))
  for (let y = 0; y < height; y++) cells.set(data.subarray(y * width, (y + 1) * width), (y + 1) * stride + 1)
  return {
    cells,
    stride,
    steps: [1, stride, -1, -stride],
    aheadRight: [0, -1, -stride - 1, -stride],
    aheadLeft: [-stride, 0, -1, -stride - 1],
  }
}

function isPixel(field: Field, at: number): boolean {
  return ((field.cells[at] ?? 0) & pixelBit) !== 0
}

/**
 * Direction in which the ring leaves a vertex that it reached going `direction`, with its pixel on the right
 * hand. Where two pixels meet only at this corner it turns right: it stays with the pixel it follows.
 */
function turnAt(field: Field, vertex: number, direction: number): number {
  if (!isPixel(field, vertex + (field.aheadRight[direction] ?? 0))) return (direction + 1) % 4
  if (!isPixel(field, vertex + (field.aheadLeft[direction] ?? 0))) return direction
  return (direction + 3) % 4
}

/** Marks every horizontal crack of the ring that leaves `start` in that direction. */
function markRing(field: Field, start: number, startDirection: number): void {
  const { cells, steps } = field
  let vertex = start
  let direction = startDirection
  do {
    const next = vertex + (steps[direction] ?? 0)
    if (direction === east) cells[vertex] = (cells[vertex] ?? 0) | tracedBit
    else if (direction === west) cells[next] = (cells[next] ?? 0) | tracedBit
    vertex = next
    direction = turnAt(field, vertex, direction)
  } while (vertex !== start)
}

interface Rings {
  /** First vertex of each outer ring (its topmost-left), in reading order. */
  readonly outer: readonly number[]
  /** By the vertex where a bridge starts: first vertex (topmost-left) of the hole it leads down to. */
  readonly holes: ReadonlyMap<number, number>
}

/**
 * Finds every ring and where each hole is to be joined. Reading cracks row by row, the first crack met of an
 * outer ring has its pixel below, that of a hole has its pixel above.
 */
function findRings(field: Field, width: number, height: number): Rings {
  const { cells, stride } = field
  const outer: number[] = []
  const holes = new Map<number, number>()
  for (let y = 0; y <= height; y++) {
    for (let vertex = (y + 1) * stride + 1; vertex < (y + 1) * stride + 1 + width; vertex++) {
      const below = (cells[vertex] ?? 0) & pixelBit
      if (below === ((cells[vertex - stride] ?? 0) & pixelBit) || ((cells[vertex] ?? 0) & tracedBit) !== 0) continue
      if (below !== 0) {
        outer.push(vertex)
        markRing(field, vertex, east)
        continue
      }
      markRing(field, vertex, south)
      // Straight up inside the part, to the first vertex that is not surrounded by it. That one belongs to a
      // ring met earlier, which passes it exactly once since both pixels below it are in the part.
      let bridge = vertex - stride
      while (isPixel(field, bridge - stride) && isPixel(field, bridge - stride - 1)) bridge -= stride
      cells[bridge] = (cells[bridge] ?? 0) | bridgeBit
      holes.set(bridge, vertex)
    }
  }
  return { outer, holes }
}

/** One part as a single ring: its outline, with each hole reached and left along a vertical bridge. */
function keyholeRing(field: Field, start: number, holes: ReadonlyMap<number, number>, crop: MaskCrop): number[] {
  const ring: number[] = []
  const emit = (vertex: number): void => {
    ring.push(crop.left + (vertex % field.stride) - 1, crop.top + Math.floor(vertex / field.stride) - 1)
  }
  /** Rings left for one of their holes: where, and which way they go on. */
  const waiting: { readonly start: number; readonly vertex: number; readonly direction: number }[] = []
  let ringStart = start
  let vertex = start
  let direction = east
  emit(vertex)
  for (;;) {
    vertex += field.steps[direction] ?? 0
    if (vertex === ringStart) {
      const outside = waiting.pop()
      if (outside === undefined) return ring
      emit(vertex)
      emit(outside.vertex)
      ringStart = outside.start
      vertex = outside.vertex
      direction = outside.direction
      continue
    }
    const turned = turnAt(field, vertex, direction)
    const hole = ((field.cells[vertex] ?? 0) & bridgeBit) === 0 ? undefined : holes.get(vertex)
    if (turned !== direction || hole !== undefined) emit(vertex)
    direction = turned
    if (hole !== undefined) {
      waiting.push({ start: ringStart, vertex, direction })
      ringStart = hole
      vertex = hole
      direction = south
      emit(vertex)
    }
  }
}

function polygonsFromCrop(crop: MaskCrop): number[][] {
  const field = fieldOf(crop.bitmap)
  const { outer, holes } = findRings(field, crop.bitmap.width, crop.bitmap.height)
  return outer.map((start) => keyholeRing(field, start, holes, crop))
}

/** The corners of the ring that leaves `start` in that direction, holes left out. */
function plainRing(field: Field, start: number, startDirection: number, crop: MaskCrop): number[] {
  const ring: number[] = []
  let vertex = start
  let direction = startDirection
  do {
    vertex += field.steps[direction] ?? 0
    const turned = turnAt(field, vertex, direction)
    if (turned !== direction) {
      ring.push(crop.left + (vertex % field.stride) - 1, crop.top + Math.floor(vertex / field.stride) - 1)
    }
    direction = turned
  } while (vertex !== start)
  return ring
}

/**
 * The outlines of a stored mask along pixel edges, each hole a ring of its own: by the odd-even rule at pixel centres
 * they give the mask back exactly. Unlike `polygonsFromTiles` no ring hangs on a bridge, so rings can be simplified.
 */
export function ringsFromTiles(tiles: readonly MaskTile[]): number[][] {
  const crop = cropFromTiles(tiles)
  if (crop === null) return []
  const field = fieldOf(crop.bitmap)
  const { outer, holes } = findRings(field, crop.bitmap.width, crop.bitmap.height)
  return [
    ...outer.map((start) => plainRing(field, start, east, crop)),
    ...[...holes.values()].map((start) => plainRing(field, start, south, crop)),
  ]
}

/**
 * A mask as COCO polygons that lose nothing: one list `x, y, …` per 4-connected part, along pixel edges
 * (whole numbers, 0 … width and 0 … height inclusive), the outline clockwise with y down. Holes run
 * counter-clockwise and hang on vertical bridges, which cross no pixel column and so paint nothing. Vertices repeat
 * where bridges start: they must never be deduplicated. Rasterised by COCO's rule, or by the odd-even rule
 * at pixel centres, the lists give the mask back exactly; their shoelace areas sum to its pixels.
 * Time grows linearly with the pixels, outlines and bridges.
 */
export function polygonsFromBitmap(bitmap: Bitmap): number[][] {
  return polygonsFromCrop({ left: 0, top: 0, bitmap })
}

/** The same for a stored mask; the cost grows with the mask's box, not the image. */
export function polygonsFromTiles(tiles: readonly MaskTile[]): number[][] {
  const crop = cropFromTiles(tiles)
  return crop === null ? [] : polygonsFromCrop(crop)
}

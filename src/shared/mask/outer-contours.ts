import type { Bitmap } from './bitmap.ts'
import { createBitmap } from './bitmap.ts'
import { connectedComponents } from './components.ts'

/** The eight neighbours of a pixel, clockwise with y down, from the one on the left. */
const around = [
  [-1, 0],
  [-1, -1],
  [0, -1],
  [1, -1],
  [1, 0],
  [1, 1],
  [0, 1],
  [-1, 1],
] as const

/**
 * The outlines of a mask through the centres of its border pixels, as OpenCV's `findContours` gives them for
 * `RETR_EXTERNAL` and `CHAIN_APPROX_SIMPLE`: one list `x, y, …` for each 8-connected part that lies in no hole of
 * another, in reading order, with the corners alone. A pixel on its own gives one corner, a straight line two.
 *
 * Suzuki and Abe, Topological structural analysis of digitized binary images by border following, 1985.
 */
export function outerContours(bitmap: Bitmap): number[][] {
  const { labels, boxes } = connectedComponents(withoutHoles(bitmap), 8)
  return boxes.map(([left, top], index) => {
    let x = left
    while (labels[top * bitmap.width + x] !== index + 1) x++
    return contour(labels, bitmap.width, bitmap.height, x, top)
  })
}

/** Every pixel that no path over sides of unset pixels joins to the border of the picture. */
function withoutHoles({ width, height, data }: Bitmap): Bitmap {
  const padded = createBitmap(width + 2, height + 2)
  padded.data.fill(1)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) padded.data[(y + 1) * padded.width + x + 1] = 1 - (data[y * width + x] ?? 0)
  }
  // The part that holds the padding is met first.
  const { labels } = connectedComponents(padded, 4)
  const filled = createBitmap(width, height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      filled.data[y * width + x] = labels[(y + 1) * padded.width + x + 1] === 1 ? 0 : 1
    }
  }
  return filled
}

/** Follows the border of the part from its first pixel in reading order. */
function contour(labels: Int32Array, width: number, height: number, startX: number, startY: number): number[] {
  const label = labels[startY * width + startX]
  const isPart = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && labels[y * width + x] === label
  /** Direction of the first pixel of the part met around `x, y`, going so from the direction `from`; -1 if none. */
  const find = (x: number, y: number, from: number, turn: 1 | -1): number => {
    for (let step = 0; step < 8; step++) {
      const direction = (from + turn * step + 8) % 8
      const [dx, dy] = around[direction] ?? [0, 0]
      if (isPart(x + dx, y + dy)) return direction
    }
    return -1
  }
  const last = find(startX, startY, 0, 1)
  if (last < 0) return [startX, startY]
  const [lastX, lastY] = [startX + (around[last]?.[0] ?? 0), startY + (around[last]?.[1] ?? 0)]
  const corners: number[] = []
  let [x, y] = [startX, startY]
  /** Where the border came from, and the way it goes on. */
  let behind = last
  for (;;) {
    const ahead = find(x, y, behind + 7, -1)
    // Going straight on is the way opposite to where it came from.
    if (ahead !== (behind + 4) % 8) corners.push(x, y)
    const [dx, dy] = around[ahead] ?? [0, 0]
    const isDone = x === lastX && y === lastY && x + dx === startX && y + dy === startY
    if (isDone) return corners
    x += dx
    y += dy
    behind = (ahead + 4) % 8
  }
}

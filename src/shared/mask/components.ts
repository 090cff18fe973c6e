import type { MaskTile } from '../domain/history.ts'
import type { Box } from '../domain/records.ts'
import type { Bitmap } from './bitmap.ts'
import { tilesByValue } from './label-tiles.ts'

/** 4: sides touch. 8: sides or corners touch. */
export type Connectivity = 4 | 8

export interface Components {
  readonly count: number
  /** Per pixel, row-major: 0 outside the mask, else 1 … `count` in the order of each part's first pixel. */
  readonly labels: Int32Array
  /** Pixels of part `label` at `label - 1`. */
  readonly sizes: readonly number[]
  /** Tight box in pixel edges of part `label` at `label - 1`. */
  readonly boxes: readonly Box[]
}

/** One connected part of a mask, ready to be stored. */
export interface Part {
  readonly tiles: readonly MaskTile[]
  readonly area: number
  readonly bounds: Box
}

/**
 * Connected parts of a mask, in time linear in its pixels: horizontal runs are joined to the runs of the
 * row above by union-find, then every part gets its number.
 */
export function connectedComponents(bitmap: Bitmap, connectivity: Connectivity): Components {
  const { width, height, data } = bitmap
  const reach = connectivity === 8 ? 1 : 0
  const rowOf: number[] = []
  const startOf: number[] = []
  const endOf: number[] = []
  const parent: number[] = []

  function find(run: number): number {
    let root = run
    for (let up = parent[root] ?? root; up !== root; up = parent[root] ?? root) {
      const above = parent[up] ?? up
      parent[root] = above
      root = above
    }
    return root
  }

  let aboveFrom = 0
  let aboveTo = 0
  for (let y = 0; y < height; y++) {
    const rowFrom = parent.length
    const base = y * width
    let candidate = aboveFrom
    for (let x = 0; x < width; x++) {
      if (data[base + x] === 0) continue
      const start = x
      while (x < width && data[base + x] !== 0) x++
      const run = parent.length
      rowOf.push(y)
      startOf.push(start)
      endOf.push(x)
      parent.push(run)
      while (candidate < aboveTo && (endOf[candidate] ?? 0) + reach <= start) candidate++
      for (let other = candidate; other < aboveTo && (startOf[other] ?? 0) < x + reach; other++) {
        const a = find(run)
        const b = find(other)
        // The smaller index stays root, so a root is always the part's first run in reading order.
        if (a < b) parent[b] = a
        else parent[a] = b
      }
    }
    aboveFrom = rowFrom
    aboveTo = parent.length
  }

  const labels = new Int32Array(width * height)
  const labelOf = new Int32Array(parent.length)
  const sizes: number[] = []
  const edges: { left: number; top: number; right: number; bottom: number }[] = []
  for (let run = 0; run < parent.length; run++) {
    const root = find(run)
    const y = rowOf[run] ?? 0
    const start = startOf[run] ?? 0
    const end = endOf[run] ?? 0
    let label = labelOf[root] ?? 0
    if (label === 0) {
      sizes.push(0)
      edges.push({ left: start, top: y, right: end, bottom: y + 1 })
      label = sizes.length
      labelOf[root] = label
    }
    labels.fill(label, y * width + start, y * width + end)
    sizes[label - 1] = (sizes[label - 1] ?? 0) + end - start
    const box = edges[label - 1]
    if (box !== undefined) {
      box.left = Math.min(box.left, start)
      box.right = Math.max(box.right, end)
      box.bottom = y + 1
    }
  }
  const boxes = edges.map((box): Box => [box.left, box.top, box.right - box.left, box.bottom - box.top])
  return { count: sizes.length, labels, sizes, boxes }
}

/**
 * Cuts a mask into its connected parts of at least `minimumArea` pixels, in the order of their first
 * pixels. Linear in the pixels however many parts there are.
 */
export function splitComponents(bitmap: Bitmap, minimumArea: number, connectivity: Connectivity = 8): Part[] {
  const { width, height } = bitmap
  const { labels, sizes, boxes } = connectedComponents(bitmap, connectivity)
  const isLarge = (label: number): boolean => label > 0 && (sizes[label - 1] ?? 0) >= minimumArea
  const tilesOf = tilesByValue(labels, width, height, isLarge)
  const parts: Part[] = []
  sizes.forEach((area, index) => {
    const tiles = tilesOf.get(index + 1)
    const bounds = boxes[index]
    if (tiles !== undefined && bounds !== undefined) parts.push({ tiles, area, bounds })
  })
  return parts
}

import { tileSize } from '../../shared/contract/media.ts'
import type { MaskTile } from '../../shared/domain/history.ts'
import { guidedCoefficients, guidedRows, prepareGuide, samplePositions } from '../../shared/geometry/guided-filter.ts'
import type { GuidedRows, SamplePositions } from '../../shared/geometry/guided-filter.ts'
import { encodeTile, tilePixels } from '../../shared/mask/tile-runs.ts'
import type { EnginePrediction, RgbPixels } from './engine-port.ts'
import type { PixelSize } from './input-size.ts'
import type { ScoreMap } from './predictor.ts'

/** The score of one class and what turns it into a mask. */
export interface ClassScore {
  readonly classId: string
  readonly map: ScoreMap
  /** Foreground where the refined score exceeds it, 0 to 1. */
  readonly threshold: number
}

/** Longest side of the grid on which the guided filter computes its coefficients, in pixels. */
const coarseSide = 512
/** Radius of the filter's window in cells of the score map: what one cell blurs, the window can undo. */
const radiusInCells = 0.5
const epsilon = 1e-3

/**
 * Score maps of one image to full-size masks. Pure and deterministic.
 *
 * 1. Each map is refined with the photograph as guide (`guided-filter.ts`), at the guide's resolution.
 * 2. The refined map is upsampled to the displayed size bilinearly: centres at half-integers, borders
 *    held, first vertically, then horizontally, in single precision.
 * 3. A pixel belongs to the class with the largest margin `value - threshold`, if that is above 0; the
 *    earlier class on a tie. So no two classes own the same pixel.
 *
 * The score of a prediction is the map's own, where the predictor gives one. Else it is the mean over its pixels of
 * `margin / (1 - threshold)`: 0 at the threshold, 1 at certainty, which orders predictions by how sure they are and is
 * no probability. Without a pixel it is 0.
 *
 * Full-size floats exist one row at a time, so memory is about 2 bytes a pixel of one row of tiles and
 * two guide rows a class. [Note: masks by tile rows]
 */
export function segmentScores(
  displayed: PixelSize,
  guide: RgbPixels,
  classes: readonly ClassScore[],
): EnginePrediction[] {
  const { width, height } = displayed
  const refined = refineScores(guide, classes)
  const columns = samplePositions(width, width, guide.width)
  const rows = samplePositions(height, height, guide.height)
  const found = classes.map((): Found => ({ tiles: [], area: 0, margins: 0 }))
  const owners = new Uint16Array(width * Math.min(tileSize, height))
  const best = new Float32Array(width)
  for (let top = 0; top < height; top += tileSize) {
    const bottom = Math.min(top + tileSize, height)
    owners.fill(0)
    for (let y = top; y < bottom; y++) {
      best.fill(0)
      const rowOwners = owners.subarray((y - top) * width, (y - top + 1) * width)
      refined.forEach((source, index) => claimRow(source, rows, y, columns, index + 1, best, rowOwners))
      measureRow(best, rowOwners, found)
    }
    cutTiles(owners, width, bottom - top, top / tileSize, found)
  }
  return classes.map(({ classId, map, threshold }, index) => {
    const { tiles, area, margins } = found[index] ?? { tiles: [], area: 0, margins: 0 }
    const score = area === 0 ? 0 : (map.score ?? margins / area / Math.max(1 - threshold, 1e-6))
    const presence = map.presence ?? largest(map.data) - threshold
    return { classId, tiles, area, score: Math.min(Math.max(score, 0), 1), presence }
  })
}

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, value), -Infinity)
}

interface Found {
  readonly tiles: MaskTile[]
  area: number
  margins: number
}

/** The last two rows of a refined map that were asked for, and where in them anything exceeds the threshold. */
interface RefinedClass {
  readonly threshold: number
  readonly row: (y: number) => RefinedRow
  /** Scratch space: one guide row. */
  readonly blended: Float32Array
}

interface RefinedRow {
  y: number
  readonly values: Float32Array
  /** Guide columns outside `from … to` (exclusive) are not above the threshold. */
  from: number
  to: number
}

function refineScores(guide: RgbPixels, classes: readonly ClassScore[]): RefinedClass[] {
  const subsampling = Math.max(1, Math.ceil(Math.max(guide.width, guide.height) / coarseSide))
  const prepare = (map: ScoreMap): ReturnType<typeof prepareGuide> => {
    const cell = Math.max(guide.width / map.width, guide.height / map.height) / subsampling
    return prepareGuide(guide, { subsampling, radius: Math.max(1, Math.round(cell * radiusInCells)), epsilon })
  }
  // Maps of one predictor have one size; the guide's statistics are then computed once.
  let shared: { readonly map: ScoreMap; readonly prepared: ReturnType<typeof prepareGuide> } | null = null
  return classes.map(({ map, threshold }) => {
    if (shared === null || shared.map.width !== map.width || shared.map.height !== map.height) {
      shared = { map, prepared: prepare(map) }
    }
    const compute = guidedRows(guidedCoefficients(shared.prepared, map.data, map.width, map.height))
    return { threshold, row: twoRowCache(compute, guide.width, threshold), blended: new Float32Array(guide.width) }
  })
}

function twoRowCache(compute: GuidedRows, width: number, threshold: number): (y: number) => RefinedRow {
  const slots: [RefinedRow, RefinedRow] = [emptyRow(width), emptyRow(width)]
  return (y) => {
    // Neighbouring rows always fall into different slots.
    const slot = slots[y % 2 === 0 ? 0 : 1]
    if (slot.y !== y) {
      compute(y, slot.values)
      slot.y = y
      const { values } = slot
      let from = 0
      let to = width
      while (from < width && (values[from] ?? 0) <= threshold) from++
      while (to > from && (values[to - 1] ?? 0) <= threshold) to--
      slot.from = from
      slot.to = to
    }
    return slot
  }
}

function emptyRow(width: number): RefinedRow {
  return { y: -1, values: new Float32Array(width), from: 0, to: 0 }
}

/** Gives row `y` to class number `owner` wherever its margin beats the best so far. */
function claimRow(
  source: RefinedClass,
  rows: SamplePositions,
  y: number,
  columns: SamplePositions,
  owner: number,
  best: Float32Array,
  owners: Uint16Array,
): void {
  const upper = source.row(rows.first[y] ?? 0)
  const lower = source.row(rows.second[y] ?? 0)
  const from = Math.min(upper.from, lower.from)
  const to = Math.max(upper.to, lower.to)
  if (from >= to) return
  const { threshold, blended } = source
  const lowerShare = rows.share[y] ?? 0
  const upperShare = 1 - lowerShare
  // One column more on either side: a pixel mixes two neighbouring columns.
  const first = Math.max(from - 1, 0)
  const last = Math.min(to, blended.length - 1)
  for (let column = first; column <= last; column++) {
    blended[column] = (upper.values[column] ?? 0) * upperShare + (lower.values[column] ?? 0) * lowerShare
  }
  const scale = owners.length / blended.length
  const start = Math.max(0, Math.floor((from - 0.5) * scale))
  const end = Math.min(owners.length, Math.ceil((to + 0.5) * scale))
  for (let x = start; x < end; x++) {
    const rightShare = columns.share[x] ?? 0
    const left = blended[columns.first[x] ?? 0] ?? 0
    const right = blended[columns.second[x] ?? 0] ?? 0
    const margin = Math.fround(Math.fround(left * (1 - rightShare) + right * rightShare) - threshold)
    if (margin > (best[x] ?? 0)) {
      best[x] = margin
      owners[x] = owner
    }
  }
}

function measureRow(best: Float32Array, owners: Uint16Array, found: readonly Found[]): void {
  for (let x = 0; x < owners.length; x++) {
    const owner = owners[x] ?? 0
    if (owner === 0) continue
    const entry = found[owner - 1]
    if (entry === undefined) continue
    entry.area += 1
    entry.margins += best[x] ?? 0
  }
}

/** Cuts a row of tiles (`owners`: `width` x `rowCount`, 0 nobody, else class number) into one list of tiles a class. */
function cutTiles(owners: Uint16Array, width: number, rowCount: number, tileY: number, found: readonly Found[]): void {
  const pixels = new Uint8Array(tilePixels)
  for (let left = 0; left < width; left += tileSize) {
    const right = Math.min(left + tileSize, width)
    const present = new Set<number>()
    for (let y = 0; y < rowCount; y++) {
      let last = 0
      for (let x = left; x < right; x++) {
        const owner = owners[y * width + x] ?? 0
        if (owner !== last && owner !== 0) present.add(owner)
        last = owner
      }
    }
    for (const owner of present) {
      pixels.fill(0)
      for (let y = 0; y < rowCount; y++) {
        for (let x = left; x < right; x++) {
          if (owners[y * width + x] === owner) pixels[y * tileSize + x - left] = 1
        }
      }
      found[owner - 1]?.tiles.push({ x: left / tileSize, y: tileY, runs: encodeTile(pixels) })
    }
  }
}

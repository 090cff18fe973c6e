import { seededRandom } from './random.ts'

/** Pixel counts of one episode at the original resolution, pixels marked 255 left out. */
export interface EpisodeCounts {
  readonly classId: number
  readonly query: string
  readonly intersection: number
  readonly union: number
  /** Pixels of the class in the query, and pixels compared: the all-foreground floor follows from them. */
  readonly target: number
  readonly valid: number
}

export interface Interval {
  readonly value: number
  /** 95 % by percentile bootstrap over query images. */
  readonly low: number
  readonly high: number
}

export interface ScoreTable {
  readonly mean: Interval
  /** In percent, by class id. */
  readonly perClass: ReadonlyMap<number, { readonly iou: number; readonly floor: number; readonly episodes: number }>
  /** Mean over classes when every pixel is called foreground. */
  readonly floor: number
  /** Mean of foreground and background IoU in percent, classes merged. It flatters background. */
  readonly foregroundBackground: number
}

const bootstrapRounds = 1000

/**
 * mIoU as in few-shot segmentation: per class the summed intersections over the summed unions of all its
 * episodes, then the mean over classes, in percent. The interval resamples query *images*, never episodes,
 * because episodes share images and are not independent.
 */
export function scoreTable(counts: readonly EpisodeCounts[], seed: number): ScoreTable {
  const perClass = new Map<number, { iou: number; floor: number; episodes: number }>()
  for (const [classId, own] of byKey(counts, (each) => each.classId)) {
    perClass.set(classId, {
      iou: 100 * ratio(sum(own, 'intersection'), sum(own, 'union')),
      floor: 100 * ratio(sum(own, 'target'), sum(own, 'valid')),
      episodes: own.length,
    })
  }
  const rows = [...perClass.values()]
  const means = resampledMeans(counts, seed)
  return {
    mean: { value: average(rows.map((row) => row.iou)), low: quantile(means, 0.025), high: quantile(means, 0.975) },
    perClass,
    floor: average(rows.map((row) => row.floor)),
    foregroundBackground: foregroundBackground(counts),
  }
}

function foregroundBackground(counts: readonly EpisodeCounts[]): number {
  const [intersection, union, valid] = [sum(counts, 'intersection'), sum(counts, 'union'), sum(counts, 'valid')]
  return 50 * (ratio(intersection, union) + ratio(valid - union, valid - intersection))
}

/** The counts of one who calls every pixel foreground, or none. */
export function floorCounts(counts: readonly EpisodeCounts[], everything: boolean): EpisodeCounts[] {
  return counts.map((each) =>
    everything
      ? { ...each, intersection: each.target, union: each.valid }
      : { ...each, intersection: 0, union: each.target },
  )
}

/**
 * Probability that a query with the class scores above one without it, ties counted half: the area under the ROC curve,
 * pooled over all classes. Null when there are none of either.
 */
export function presenceAuc(present: readonly number[], absent: readonly number[]): number | null {
  if (present.length === 0 || absent.length === 0) return null
  let wins = 0
  for (const p of present) for (const a of absent) wins += p > a ? 1 : p === a ? 0.5 : 0
  return wins / (present.length * absent.length)
}

function resampledMeans(counts: readonly EpisodeCounts[], seed: number): number[] {
  const images = [...byKey(counts, (each) => each.query).values()]
  const random = seededRandom(seed)
  const means: number[] = []
  for (let round = 0; round < bootstrapRounds; round++) {
    const sums = new Map<number, { intersection: number; union: number }>()
    for (let draw = 0; draw < images.length; draw++) {
      for (const each of images[Math.floor(random() * images.length)] ?? []) {
        const total = sums.get(each.classId) ?? { intersection: 0, union: 0 }
        total.intersection += each.intersection
        total.union += each.union
        sums.set(each.classId, total)
      }
    }
    means.push(average([...sums.values()].map((each) => 100 * ratio(each.intersection, each.union))))
  }
  return means.toSorted((a, b) => a - b)
}

function byKey<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}

function sum(counts: readonly EpisodeCounts[], field: 'intersection' | 'union' | 'target' | 'valid'): number {
  return counts.reduce((total, each) => total + each[field], 0)
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}

function average(values: readonly number[]): number {
  return ratio(
    values.reduce((total, each) => total + each, 0),
    values.length,
  )
}

/** Linear interpolation between order statistics of a sorted list. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1)
  const low = sorted[Math.floor(at)] ?? 0
  const high = sorted[Math.ceil(at)] ?? low
  return low + (high - low) * (at - Math.floor(at))
}

import { throwIfAborted } from '../../shared/errors.ts'

/**
 * A fingerprint of what a picture looks like: 256 bits, one for each of 16 x 16 places, which say whether brightness falls
 * from this place to its right neighbour. Scaling, compression and a little light change few of them.
 */
export type Fingerprint = Uint32Array

/** Size at which a picture is looked at: one column more than there are bits in a row. */
export const fingerprintWidth = 17
export const fingerprintHeight = 16

const words = 8
/** Smaller steps of brightness are noise of compression. */
const leastStep = 2
/**
 * Bits in which near-duplicates may differ, a fifth. Pictures of one bench made half as large, compressed or lighter differ
 * from their originals in up to 39, from each other in 97 or more.
 */
const mostDifferent = 51

/** The fingerprint of a picture at `fingerprintWidth` x `fingerprintHeight` pixels, 8-bit RGB, row by row. */
export function fingerprintOf(rgb: Uint8Array): Fingerprint {
  const light = (x: number, y: number): number => {
    const at = (y * fingerprintWidth + x) * 3
    return 0.299 * (rgb[at] ?? 0) + 0.587 * (rgb[at + 1] ?? 0) + 0.114 * (rgb[at + 2] ?? 0)
  }
  const fingerprint = new Uint32Array(words)
  for (let y = 0; y < fingerprintHeight; y++) {
    for (let x = 0; x + 1 < fingerprintWidth; x++) {
      const bit = light(x, y) - light(x + 1, y) > leastStep ? 1 : 0
      fingerprint[y >> 1] = ((fingerprint[y >> 1] ?? 0) << 1) | bit
    }
  }
  return fingerprint
}

/** Number of ones among the 32 bits, by sums of ever wider fields. */
function bitsOf(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

function areNear(a: Fingerprint, b: Fingerprint): boolean {
  let different = 0
  for (let at = 0; at < words && different <= mostDifferent; at++) different += bitsOf((a[at] ?? 0) ^ (b[at] ?? 0))
  return different <= mostDifferent
}

/**
 * Groups what is joined by a chain of near-duplicates: for each key of `fingerprints` one key of its group, the same for all
 * of it. Compares each with each and gives way to other work now and then. Throws `Cancelled`.
 */
export async function nearDuplicateGroups(
  fingerprints: ReadonlyMap<string, Fingerprint>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const parents = new Map<string, string>()
  const rootOf = (key: string): string => {
    let root = key
    for (let parent = parents.get(root); parent !== undefined; parent = parents.get(root)) root = parent
    return root
  }
  const join = (key: string, other: string): void => {
    const [mine, others] = [rootOf(key), rootOf(other)]
    if (mine !== others) parents.set(mine, others)
  }
  /** Equal fingerprints are one at once, so that a thousand black pictures are not a million pairs. */
  const distinct = new Map<string, { readonly key: string; readonly fingerprint: Fingerprint }>()
  for (const [key, fingerprint] of fingerprints) {
    const text = fingerprint.join()
    const same = distinct.get(text)
    if (same !== undefined) {
      join(key, same.key)
      continue
    }
    for (const other of distinct.values()) {
      if (areNear(fingerprint, other.fingerprint)) join(key, other.key)
    }
    distinct.set(text, { key, fingerprint })
    if (distinct.size % 64 === 0) {
      await new Promise((resolve) => setImmediate(resolve))
      throwIfAborted(signal)
    }
  }
  return new Map([...fingerprints.keys()].map((key) => [key, rootOf(key)]))
}

/**
 * A seeded generator of numbers in [0, 1): a Weyl sequence through a 32-bit mixing function (the finaliser of
 * MurmurHash3). The same seed gives the same numbers on every machine.
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 0x1_0000_0000
  }
}

/** `count` different members, in random order; all of them when there are fewer. */
export function sample<Item>(items: readonly Item[], count: number, random: () => number): Item[] {
  const pool = [...items]
  const chosen: Item[] = []
  while (chosen.length < count && pool.length > 0) {
    chosen.push(...pool.splice(Math.floor(random() * pool.length), 1))
  }
  return chosen
}

/**
 * A closed ring `x, y, …` with fewer corners: those that no point of the ring is further than `tolerance` away from the
 * line between its neighbours are left out (Ramer, Douglas and Peucker), beginning with the two that lie farthest
 * apart. Never fewer than three corners; a ring that would be left with less stays as it is.
 *
 * @param tolerance in the ring's own unit
 */
export function simplifyRing(ring: readonly number[], tolerance: number): number[] {
  const count = ring.length / 2
  if (count <= 3) return [...ring]
  const opposite = farthestFrom(ring, 0)
  const kept = new Set([0, opposite])
  const open: (readonly [number, number])[] = [
    [0, opposite],
    [opposite, count],
  ]
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const [from, to] = part
    let worst = from
    let most = tolerance
    for (let index = from + 1; index < to; index++) {
      const away = distanceToLine(ring, index, from, to % count)
      if (away <= most) continue
      most = away
      worst = index
    }
    if (worst === from) continue
    kept.add(worst)
    open.push([from, worst], [worst, to])
  }
  if (kept.size < 3) return [...ring]
  return [...kept].sort((a, b) => a - b).flatMap((index) => [ring[2 * index] ?? 0, ring[2 * index + 1] ?? 0])
}

function farthestFrom(ring: readonly number[], from: number): number {
  let farthest = from
  let most = -1
  for (let index = 0; index < ring.length / 2; index++) {
    const away = Math.hypot(
      (ring[2 * index] ?? 0) - (ring[2 * from] ?? 0),
      (ring[2 * index + 1] ?? 0) - (ring[2 * from + 1] ?? 0),
    )
    if (away <= most) continue
    most = away
    farthest = index
  }
  return farthest
}

function distanceToLine(ring: readonly number[], index: number, from: number, to: number): number {
  const [x, y] = [ring[2 * index] ?? 0, ring[2 * index + 1] ?? 0]
  const [startX, startY] = [ring[2 * from] ?? 0, ring[2 * from + 1] ?? 0]
  const dx = (ring[2 * to] ?? 0) - startX
  const dy = (ring[2 * to + 1] ?? 0) - startY
  const length = dx * dx + dy * dy
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - startX) * dx + (y - startY) * dy) / length))
  return Math.hypot(x - startX - along * dx, y - startY - along * dy)
}

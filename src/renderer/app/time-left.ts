/** A length of time in the two largest units that say something: `2 hr, 5 min`, `40 sec`. */
export function formatDuration(seconds: number, language: string): string {
  const whole = Math.max(0, Math.round(seconds))
  const parts: readonly (readonly [number, 'hour' | 'minute' | 'second'])[] = [
    [Math.floor(whole / 3600), 'hour'],
    [Math.floor(whole / 60) % 60, 'minute'],
    [whole % 60, 'second'],
  ]
  const first = Math.max(
    0,
    parts.findIndex(([amount]) => amount > 0),
  )
  const from = whole === 0 ? 2 : first
  return parts
    .slice(from, from + (from === 0 ? 2 : 1))
    .map(([amount, unit]) =>
      new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short' }).format(amount),
    )
    .join(' ')
}

/** Below this nothing sensible can be said of the rest. */
const shortestMs = 2_000

/** Seconds a call still takes at its rate so far; null while that is unknown or not worth saying. */
export function secondsLeft(
  { done, total }: { readonly done: number; readonly total: number | null },
  elapsedMs: number,
): number | null {
  if (total === null || done <= 0 || done >= total || elapsedMs < shortestMs) return null
  return Math.ceil(((elapsedMs / done) * (total - done)) / 1000)
}

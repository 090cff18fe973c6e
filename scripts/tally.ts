/** Outcome of one rung of tests. */
export type Tally = {
  readonly passed: number
  readonly failed: readonly Failure[]
  readonly skipped: readonly Skip[]
}

/** A test, a check or a whole rung that failed. */
export type Failure = {
  readonly name: string
  /** Why, in the test runner's words. */
  readonly reason: string
}

/** A test, or a whole rung, that did not run. */
export type Skip = {
  readonly name: string
  readonly reason: string
  /** Skips that are expected even where everything is installed, e.g. tests of the real Electron. */
  readonly allowedInCi: boolean
}

/** A check that either holds or does not, counted as a test. */
export function oneTest(name: string, passed: boolean): Tally {
  return passed ? { passed: 1, failed: [], skipped: [] } : failedRung(name, 'its output above says why')
}

/** A rung that failed as a whole. */
export function failedRung(name: string, reason: string): Tally {
  return { passed: 0, failed: [{ name, reason }], skipped: [] }
}

/** A rung that cannot run on this machine. */
export function skippedRung(name: string, reason: string): Tally {
  return { passed: 0, failed: [], skipped: [{ name, reason, allowedInCi: false }] }
}

export function addTallies(tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((sum, tally) => sum + tally.passed, 0),
    failed: tallies.flatMap((tally) => tally.failed),
    skipped: tallies.flatMap((tally) => tally.skipped),
  }
}

/** One line for each failure and each skip: the output is long, and its end is what people see. */
export function namedOutcomes(tally: Tally): readonly string[] {
  return [
    ...tally.skipped.map((skip) => `skipped: ${skip.name}: ${skip.reason}`),
    ...tally.failed.map((failure) => `failed: ${failure.name}: ${failure.reason}`),
  ]
}

/** The closing line, e.g. `12 passed, 0 failed` or `12 passed, 0 failed, 3 skipped`. */
export function closingLine(tally: Tally): string {
  const line = `${tally.passed} passed, ${tally.failed.length} failed`
  return tally.skipped.length === 0 ? line : `${line}, ${tally.skipped.length} skipped`
}

/** Whether the run as a whole succeeded; in CI nothing that could run may be skipped. */
export function succeeded(tally: Tally, isCi: boolean): boolean {
  return tally.failed.length === 0 && tally.passed > 0 && !(isCi && tally.skipped.some((skip) => !skip.allowedInCi))
}

/** Outcome of one rung of tests. */
export type Tally = {
  readonly passed: number
  readonly failed: number
  readonly skipped: readonly Skip[]
}

/** A test, or a whole rung, that did not run. */
export type Skip = {
  readonly name: string
  readonly reason: string
  /** Skips that are expected even where everything is installed, e.g. tests of the real Electron. */
  readonly allowedInCi: boolean
}

/** A check that either holds or does not, counted as a test. */
export function oneTest(passed: boolean): Tally {
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: [] }
}

/** A rung that cannot run on this machine. */
export function skippedRung(name: string, reason: string): Tally {
  return { passed: 0, failed: 0, skipped: [{ name, reason, allowedInCi: false }] }
}

export function addTallies(tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((sum, tally) => sum + tally.passed, 0),
    failed: tallies.reduce((sum, tally) => sum + tally.failed, 0),
    skipped: tallies.flatMap((tally) => tally.skipped),
  }
}

/** The closing line, e.g. `12 passed, 0 failed` or `12 passed, 0 failed, 3 skipped`. */
export function closingLine(tally: Tally): string {
  const line = `${tally.passed} passed, ${tally.failed} failed`
  return tally.skipped.length === 0 ? line : `${line}, ${tally.skipped.length} skipped`
}

/** Whether the run as a whole succeeded; in CI nothing that could run may be skipped. */
export function succeeded(tally: Tally, isCi: boolean): boolean {
  return tally.failed === 0 && tally.passed > 0 && !(isCi && tally.skipped.some((skip) => !skip.allowedInCi))
}

import type { Problem } from './contract.ts'

/** The problems of a report that are listed, the first ones in their order, and how many more there were. */
export interface FoundProblems {
  readonly problems: readonly Problem[]
  /** Absent where all are listed. */
  readonly unlisted?: number | undefined
}

/** How many there were, listed or not. */
export function problemCount({ problems, unlisted = 0 }: FoundProblems): number {
  return problems.length + unlisted
}

import type { Output } from './output.ts'

/** What every command is given. `signal` is aborted by Ctrl+C. */
export interface CommandContext {
  readonly output: Output
  readonly signal: AbortSignal
}

/** Exit codes of the command line; a promise to scripts. */
export const exitCode = { done: 0, failed: 1, usage: 2, partly: 3 } as const
export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

import type { FoundProblems } from '../../shared/contract/problem-count.ts'

/** Where a command's words go. Results on stdout, progress and warnings on stderr. */
export interface Output {
  readonly json: boolean
  /** The result: `value` with `--json`, otherwise the text lines. */
  readonly result: (value: unknown, lines: readonly string[]) => void
  /** A line that replaces the previous one on a terminal. */
  readonly progress: (line: string) => void
  readonly warn: (line: string) => void
}

export interface Streams {
  readonly stdout: { write: (text: string) => unknown }
  readonly stderr: { write: (text: string) => unknown; readonly isTTY?: boolean }
}

const progressIntervalMs = { terminal: 200, file: 5_000 } as const

export function createOutput(streams: Streams, json: boolean): Output {
  let lastProgressMs = 0
  return {
    json,
    result: (value, lines) => {
      streams.stdout.write(json ? `${JSON.stringify(value)}\n` : lines.map((line) => `${line}\n`).join(''))
    },
    progress: (line) => {
      const now = Date.now()
      const isTerminal = streams.stderr.isTTY === true
      if (now - lastProgressMs < progressIntervalMs[isTerminal ? 'terminal' : 'file']) return
      lastProgressMs = now
      streams.stderr.write(isTerminal ? `\r\u001b[K${line}` : `${line}\n`)
    },
    warn: (line) => {
      streams.stderr.write(`${line}\n`)
    },
  }
}

/** Rows below a header, in columns as wide as they need. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all.map((row) =>
    widths
      .map((width, column) => (row[column] ?? '').padEnd(width))
      .join('  ')
      .trimEnd(),
  )
}

/** `1 image`, `2 images`. */
export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`
}

/** A line for each that is listed, and one for the rest. */
export function warnOfProblems({ warn }: Output, { problems, unlisted }: FoundProblems): void {
  for (const { name, reason } of problems) warn(`${name}: ${reason}`)
  if (unlisted !== undefined) warn(`${count(unlisted, 'more problem')}, not listed.`)
}

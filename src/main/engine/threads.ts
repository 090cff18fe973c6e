import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/**
 * Threads of one inference: all physical cores but one, which the window and the decoder need; both of
 * two, where one alone would halve the speed of a batch.
 */
export function inferenceThreads(cores = physicalCores()): number {
  return cores <= 2 ? Math.max(1, cores) : cores - 1
}

/** Cores this process may use; the second thread of a core (SMT) does not count where that can be told. */
function physicalCores(): number {
  const usable = availableParallelism()
  if (process.platform === 'darwin') return usable
  if (process.platform !== 'linux') return Math.max(1, Math.ceil(usable / 2))
  let text = ''
  try {
    text = readFileSync('/proc/cpuinfo', 'utf8')
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause
    // Not mounted: count every thread as a core.
    return usable
  }
  const cores = new Set<string>()
  for (const block of text.split(/\n\s*\n/)) {
    const socket = /^physical id\s*:\s*(\d+)/m.exec(block)?.[1]
    const core = /^core id\s*:\s*(\d+)/m.exec(block)?.[1]
    if (core !== undefined) cores.add(`${socket ?? '0'}:${core}`)
  }
  return cores.size === 0 ? usable : Math.min(usable, cores.size)
}

import { fork } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ChildMessage, ParentMessage } from './messages.ts'

/** A started child process as its supervisor sees it. Every listener is set once, right after the start. */
export interface ChildHandle {
  readonly pid: number | null
  readonly post: (message: ParentMessage) => void
  readonly onMessage: (listener: (message: ChildMessage) => void) => void
  /** One call per line that the child prints. */
  readonly onOutput: (listener: (line: string) => void) => void
  /** Called once, with how it ended in words: `exit code 1`, `signal SIGKILL`. */
  readonly onExit: (listener: (reason: string) => void) => void
  /** Closes the channel, or says `end` where there is none: a healthy child ends by itself. */
  readonly disconnect: () => void
  readonly kill: () => void
}

/** How child processes are started: Node's `fork` here, Electron's `utilityProcess` where there is one. */
export type Spawner = (entry: URL) => ChildHandle

/**
 * Starts `entry` (a `.ts` source or a bundled `.js`) with the Node that runs this program. Messages
 * are structured clones, so typed arrays travel as they are.
 */
export const forkSpawner: Spawner = forkSpawnerWith({})

/** `forkSpawner` whose children have these variables besides this program's own. */
export function forkSpawnerWith(environment: Readonly<Record<string, string>>): Spawner {
  return (entry) => forkChild(entry, environment)
}

/** Calls the listener with each line that a child prints, whoever started it. */
export function readLines(
  child: { readonly stdout: NodeJS.ReadableStream | null; readonly stderr: NodeJS.ReadableStream | null },
  listener: (line: string) => void,
): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', listener)
  }
}

function forkChild(entry: URL, environment: Readonly<Record<string, string>>): ChildHandle {
  const child = fork(fileURLToPath(entry), [], {
    serialization: 'advanced',
    env: { ...process.env, ...environment },
    // Flags of the parent (an inspector port, a test runner's hooks) are not the child's.
    execArgv: [],
    // A process group of its own: Ctrl+C in a terminal is for the parent, and would end a child that is still starting.
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  return {
    pid: child.pid ?? null,
    post: (message) => {
      // A channel that breaks is followed by the exit event, which is where it is dealt with.
      child.send(message, () => undefined)
    },
    onMessage: (listener) => {
      child.on('message', (message) => listener(message as ChildMessage))
    },
    onOutput: (listener) => readLines(child, listener),
    onExit: (listener) => {
      let ended = false
      const once = (reason: string): void => {
        if (ended) return
        ended = true
        listener(reason)
      }
      child.once('exit', (code, signal) => once(signal === null ? `exit code ${String(code)}` : `signal ${signal}`))
      child.on('error', (error) => {
        if (child.exitCode === null && child.signalCode === null && child.pid === undefined) once(error.message)
      })
    },
    disconnect: () => {
      if (child.connected) child.disconnect()
    },
    kill: () => {
      child.kill('SIGKILL')
    },
  }
}

import { utilityProcess } from 'electron'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ChildMessage } from '../processes/messages.ts'
import { readLines } from '../processes/spawner.ts'
import type { Spawner } from '../processes/spawner.ts'

/**
 * Starts a child as a utility process of Electron, once the app is ready. `fork` of Node would start the program a
 * second time, and a packed program refuses to run as Node.
 */
export const utilitySpawner: Spawner = (entry) => {
  const path = fileURLToPath(entry)
  const child = utilityProcess.fork(path, [], {
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe'],
    serviceName: `Exemplar Studio ${basename(path).replace(/\.[jt]s$/, '')}`,
  })
  let fatal: string | null = null
  child.on('error', (type, location) => {
    fatal = `${type} at ${location}`
  })
  return {
    get pid() {
      return child.pid ?? null
    },
    post: (message) => child.postMessage(message),
    onMessage: (listener) => {
      child.on('message', (message) => listener(message as ChildMessage))
    },
    onOutput: (listener) => readLines(child, listener),
    onExit: (listener) => {
      child.once('exit', (code) => listener(fatal ?? `exit code ${code}`))
    },
    // There is no channel to close.
    disconnect: () => child.postMessage({ type: 'end' }),
    kill: () => {
      child.kill()
    },
  }
}

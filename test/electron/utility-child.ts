import { EventEmitter } from 'node:events'
import { pathToFileURL } from 'node:url'

/**
 * Runs a child's entry as Electron's utility processes do: with `process.parentPort`, without `process.send`, ended
 * with its parent.
 */

class Port extends EventEmitter {
  readonly #send = process.send?.bind(process)

  postMessage(message: unknown): void {
    this.#send?.(message)
  }
}

const port = new Port()
process.on('message', (data) => port.emit('message', { data, ports: [] }))
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))
Object.defineProperty(process, 'parentPort', { value: port })
// What Electron's children do not have must not be what they work by.
Object.defineProperty(process, 'send', { value: undefined })

const [entry] = process.argv.slice(2)
if (entry === undefined) throw new Error('Which file is to be run?')
await import(pathToFileURL(entry).href)

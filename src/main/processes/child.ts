import { Worker } from 'node:worker_threads'
import type { Progress } from '../../shared/contract/define.ts'
import { AppError } from '../../shared/errors.ts'
import type { ErrorRecord } from '../../shared/errors.ts'
import type { KindOf, RequestKinds } from './messages.ts'
import { connectToParent } from './parent-link.ts'

/** What a request's handler is given besides its payload. */
export interface RequestContext {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal
  readonly progress: (progress: Progress) => void
}

export type RequestHandlers<Kinds extends RequestKinds> = {
  readonly [Kind in KindOf<Kinds>]: (
    payload: Kinds[Kind]['payload'],
    context: RequestContext,
  ) => Promise<Kinds[Kind]['result']> | Kinds[Kind]['result']
}

/** What the child must let go of before it ends, besides what it answers. */
type Served<Kinds extends RequestKinds> = RequestHandlers<Kinds> & Partial<AsyncDisposable>

/** Letting go of everything takes no longer than this, or is given up. */
const disposeGraceMs = 1_000

/**
 * The child's side of `SupervisedProcess`; call it once at the top of the entry file. `start` gets the
 * supervisor's `setup` (checked by the caller's own schema or type) and makes the handlers; an `AppError`
 * it throws reaches every waiting request. When its parent is gone, the process disposes the handlers and ends.
 */
export function serveRequests<Kinds extends RequestKinds>(
  start: (setup: unknown) => Promise<Served<Kinds>> | Served<Kinds>,
): void {
  const parent = connectToParent()
  let handlers: Served<Kinds> | undefined
  const running = new Map<number, AbortController>()

  async function answer(id: number, kind: string, payload: unknown): Promise<void> {
    const controller = new AbortController()
    running.set(id, controller)
    try {
      const handler = handlers === undefined || !Object.hasOwn(handlers, kind) ? undefined : handlers[kind]
      if (handler === undefined) throw new Error(`No handler for ${kind}`)
      const value = await handler(payload, {
        signal: controller.signal,
        progress: (progress) => parent.post({ type: 'progress', id, progress }),
      })
      parent.post({ type: 'result', id, value })
    } catch (error) {
      parent.post({ type: 'error', id, error: toErrorRecord(error) })
    } finally {
      running.delete(id)
    }
  }

  async function begin(setup: unknown): Promise<void> {
    try {
      handlers = await start(setup)
      parent.post({ type: 'ready' })
    } catch (error) {
      parent.post({ type: 'startFailed', error: toErrorRecord(error) })
    }
  }

  function end(): void {
    if (handlers?.[Symbol.asyncDispose] === undefined) process.exit(0)
    endWithin(disposeGraceMs)
    // How it ends interests nobody any more: neither a failure here nor the exit code is looked at.
    void Promise.resolve(handlers[Symbol.asyncDispose]?.()).finally(() => process.exit(0))
  }

  parent.onMessage((message) => {
    switch (message.type) {
      case 'start':
        void begin(message.setup)
        break
      case 'request':
        void answer(message.id, message.kind, message.payload)
        break
      case 'cancel':
        running.get(message.id)?.abort()
        break
      case 'end':
        end()
    }
  })
  // Ctrl+C in a terminal reaches every process of the group: the parent decides what becomes of the work in hand, and
  // its end closes the channel.
  process.on('SIGINT', () => undefined)
  parent.onGone(end)
}

/** From a thread of its own: what native code blocks while it lets go of something is this one, timers included. */
function endWithin(milliseconds: number): void {
  new Worker(`setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${milliseconds})`, { eval: true })
}

/** An expected failure as it is; anything else is a bug: its stack goes to the log, only a reference to the caller. */
function toErrorRecord(error: unknown): ErrorRecord {
  if (error instanceof AppError) return error.toRecord()
  const ref = crypto.randomUUID()
  console.error(`[${ref}]`, error)
  return new AppError('Internal', 'internal', `Something went wrong (log reference ${ref}).`, { ref }).toRecord()
}

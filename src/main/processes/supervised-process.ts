import type { Progress } from '../../shared/contract/define.ts'
import { AppError, cancelled } from '../../shared/errors.ts'
import type { ChildMessage, KindOf, RequestKinds } from './messages.ts'
import type { ChildHandle, Spawner } from './spawner.ts'

/** Key of the `EngineLost` error of a single request during which the process died twice, or (with `seconds`) hung. */
export const requestLostKey = 'requestLost'

/** Key of the `EngineLost` error of every request while the process stays off after too many crashes. */
export const processLostKey = 'processLost'

export type RequestPriority = 'interactive' | 'batch'

export interface RequestOptions {
  /** Aborted while queued: dropped. While running: see `killOnAbort`. Either way the promise rejects with `Cancelled`. */
  readonly signal?: AbortSignal | undefined
  /** `interactive` requests overtake queued `batch` ones. Default `batch`. */
  readonly priority?: RequestPriority | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** Instead of the process's `timeoutMs`. */
  readonly timeoutMs?: number | undefined
}

export interface SupervisedProcessOptions<Kinds extends RequestKinds> {
  /** For people, in errors and the log: `engine`, `image decoder`. */
  readonly name: string
  /** The child's entry file, which calls `serveRequests`. */
  readonly entry: URL
  readonly spawner: Spawner
  /** The child's first message. */
  readonly setup?: unknown
  /** Requests sent to the child at one time. Default 1. */
  readonly maxInFlight?: number
  /** Kinds whose abortion kills the process. The answer of any other aborted request is awaited and dropped. */
  readonly killOnAbort?: readonly KindOf<Kinds>[]
  /** A request that takes longer is lost and the process is killed. Default: no limit. */
  readonly timeoutMs?: number
  /**
   * How many crashes are followed by a restart within `restartWindowMs`. Default 3 in a minute. Only crashes
   * that nothing explains count: see `superviseProcess`.
   */
  readonly maxRestarts?: number
  readonly restartWindowMs?: number
  /** Delay before the first restart of a window; each further one waits four times as long. Default 50. */
  readonly backOffMs?: number
  readonly log: (line: string) => void
}

export interface SupervisedProcess<Kinds extends RequestKinds> {
  /**
   * Sends one request, starting the process when needed. Rejects with the handler's `AppError`, with
   * `Cancelled`, or with `EngineLost` (`requestLostKey`, `processLostKey`).
   */
  readonly request: <Kind extends KindOf<Kinds>>(
    kind: Kind,
    payload: Kinds[Kind]['payload'],
    options?: RequestOptions,
  ) => Promise<Kinds[Kind]['result']>
  /** Called with the reason after the process died and another one was started. Returns the unsubscribe function. */
  readonly onRestart: (listener: (reason: string) => void) => () => void
  /** Process id, null while none runs. */
  readonly pid: () => number | null
  /** Ends the process; queued and running requests reject with `Cancelled`. */
  readonly close: () => Promise<void>
}

interface Pending {
  readonly id: number
  readonly kind: string
  readonly payload: unknown
  readonly priority: RequestPriority
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly onProgress: ((progress: Progress) => void) | undefined
  readonly timeoutMs: number | undefined
  /** How often the process died while this was running. */
  crashes: number
  /** Answered, or nobody waits any more. */
  settled: boolean
  /** Runs until the child answers, also when nobody waits any more: a child that hangs serves nobody. */
  timer: NodeJS.Timeout | undefined
}

const closeGraceMs = 2_000

/**
 * Keeps one child process alive and its requests in order. After a crash the process is restarted with
 * back-off and what it held is queued again, once; a request during which it dies a second time fails
 * alone. After more than `maxRestarts` crashes in `restartWindowMs` every request fails with `EngineLost`
 * until the window has passed; an answer shows that the process works and starts the count anew, and
 * crashes at a request that was given up are explained by it. See [Note: supervised processes].
 */
export function superviseProcess<Kinds extends RequestKinds>(
  options: SupervisedProcessOptions<Kinds>,
): SupervisedProcess<Kinds> {
  const { name, log } = options
  const maxInFlight = options.maxInFlight ?? 1
  const maxRestarts = options.maxRestarts ?? 3
  const restartWindowMs = options.restartWindowMs ?? 60_000
  const backOffMs = options.backOffMs ?? 50
  const killOnAbort = new Set<string>(options.killOnAbort)

  const queues: Record<RequestPriority, Pending[]> = { interactive: [], batch: [] }
  const running = new Map<number, Pending>()
  const restartListeners = new Set<(reason: string) => void>()
  let child: ChildHandle | null = null
  let ready = false
  /** Set before the supervisor itself kills the child: its end is then nobody's fault. */
  let killing = false
  let crashTimes: number[] = []
  let backOffTimer: NodeJS.Timeout | null = null
  /** Why the last child ended, until its successor has been announced. */
  let endReason: string | null = null
  let closing: Promise<void> | null = null
  let onChildGone: (() => void) | null = null
  let nextId = 1

  function settle(pending: Pending, finish: () => void): void {
    if (pending.settled) return
    pending.settled = true
    finish()
  }

  function rejectAll(pendings: readonly Pending[], makeError: () => Error): void {
    for (const pending of pendings) settle(pending, () => pending.reject(makeError()))
  }

  function takeQueued(): Pending[] {
    return [...queues.interactive.splice(0), ...queues.batch.splice(0)]
  }

  function recentCrashes(): number {
    const since = performance.now() - restartWindowMs
    crashTimes = crashTimes.filter((time) => time > since)
    return crashTimes.length
  }

  function isOff(): boolean {
    return recentCrashes() > maxRestarts
  }

  function processLost(): AppError {
    return new AppError(
      'EngineLost',
      processLostKey,
      `The ${name} stopped ${maxRestarts + 1} times in a short while (last: ${endReason ?? 'unknown reason'}) and was not started again; wait a minute and try again, or restart the program.`,
      { params: { process: name, reason: endReason ?? '' } },
    )
  }

  function requestLost(reason: string): AppError {
    return new AppError(
      'EngineLost',
      requestLostKey,
      `The ${name} stopped twice at the same piece of work (last: ${reason}), so this piece was given up; the rest goes on.`,
      { params: { process: name, reason } },
    )
  }

  function requestHung(timeoutMs: number): AppError {
    const seconds = Math.round(timeoutMs / 1000)
    return new AppError(
      'EngineLost',
      requestLostKey,
      `The ${name} did not answer within ${seconds} seconds and was restarted, so this piece of work was given up; the rest goes on.`,
      { params: { process: name, reason: `no answer within ${seconds} seconds`, seconds } },
    )
  }

  function launch(): void {
    const started = options.spawner(options.entry)
    child = started
    ready = false
    killing = false
    started.onOutput((line) => log(`[${name}] ${line}`))
    started.onMessage((message) => {
      if (child === started) receive(message)
    })
    started.onExit((reason) => {
      if (child === started) childEnded(reason)
    })
    started.post({ type: 'start', setup: options.setup })
    if (endReason !== null) {
      const reason = endReason
      endReason = null
      for (const listener of restartListeners) listener(reason)
    }
  }

  function killChild(): void {
    killing = true
    child?.kill()
  }

  function childEnded(reason: string): void {
    const deliberate = killing
    child = null
    ready = false
    killing = false
    for (const pending of running.values()) clearTimeout(pending.timer)
    const held = [...running.values()].filter((pending) => !pending.settled)
    running.clear()
    onChildGone?.()
    if (closing !== null) return
    endReason = reason
    log(`[${name}] ended: ${reason}`)
    let foundCulprit = false
    for (const pending of held.toReversed()) {
      if (!deliberate) pending.crashes += 1
      if (pending.crashes > 1) {
        settle(pending, () => pending.reject(requestLost(reason)))
        foundCulprit = true
      } else {
        queues[pending.priority].unshift(pending)
      }
    }
    if (deliberate) {
      launch()
      return
    }
    crashTimes.push(performance.now())
    if (foundCulprit) crashTimes = crashTimes.slice(0, -2)
    if (isOff()) {
      rejectAll(takeQueued(), processLost)
      return
    }
    backOffTimer = setTimeout(
      () => {
        backOffTimer = null
        launch()
      },
      backOffMs * 4 ** Math.max(crashTimes.length - 1, 0),
    )
  }

  function receive(message: ChildMessage): void {
    switch (message.type) {
      case 'ready':
        ready = true
        pump()
        return
      case 'startFailed': {
        const failed = child
        // Not a crash: the child said why. The next request tries again.
        child = null
        failed?.kill()
        rejectAll(takeQueued(), () => AppError.fromRecord(message.error))
        return
      }
      case 'progress': {
        const pending = running.get(message.id)
        if (pending !== undefined && !pending.settled) pending.onProgress?.(message.progress)
        return
      }
      case 'result':
      case 'error': {
        const pending = running.get(message.id)
        if (pending === undefined) return
        running.delete(message.id)
        clearTimeout(pending.timer)
        crashTimes = []
        settle(pending, () => {
          if (message.type === 'result') pending.resolve(message.value)
          else pending.reject(AppError.fromRecord(message.error))
        })
        pump()
      }
    }
  }

  function pump(): void {
    if (closing !== null || queues.interactive.length + queues.batch.length === 0) return
    if (child === null) {
      if (backOffTimer !== null) return
      if (isOff()) rejectAll(takeQueued(), processLost)
      else launch()
      return
    }
    if (!ready || killing) return
    while (running.size < maxInFlight) {
      // What ran during a crash is repeated alone, so that a second crash is surely its own.
      if ([...running.values()].some((pending) => pending.crashes > 0)) return
      const queue = queues.interactive.length > 0 ? queues.interactive : queues.batch
      const next = queue[0]
      if (next === undefined || (next.crashes > 0 && running.size > 0)) return
      queue.shift()
      running.set(next.id, next)
      const { timeoutMs } = next
      if (timeoutMs !== undefined) {
        next.timer = setTimeout(() => {
          settle(next, () => next.reject(requestHung(timeoutMs)))
          killChild()
        }, timeoutMs)
      }
      child.post({ type: 'request', id: next.id, kind: next.kind, payload: next.payload })
    }
  }

  function abort(pending: Pending): void {
    if (pending.settled) return
    settle(pending, () => pending.reject(cancelled()))
    if (!running.has(pending.id)) {
      const queue = queues[pending.priority]
      const at = queue.indexOf(pending)
      if (at >= 0) queue.splice(at, 1)
    } else if (killOnAbort.has(pending.kind)) {
      killChild()
    } else {
      child?.post({ type: 'cancel', id: pending.id })
    }
  }

  async function end(): Promise<void> {
    if (backOffTimer !== null) clearTimeout(backOffTimer)
    for (const pending of running.values()) clearTimeout(pending.timer)
    rejectAll([...takeQueued(), ...running.values()], cancelled)
    const last = child
    if (last === null) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => last.kill(), closeGraceMs)
      onChildGone = () => {
        clearTimeout(timer)
        resolve()
      }
      last.disconnect()
    })
  }

  return {
    request: <Kind extends KindOf<Kinds>>(
      kind: Kind,
      payload: Kinds[Kind]['payload'],
      requestOptions: RequestOptions = {},
    ) => {
      const { signal } = requestOptions
      return new Promise<Kinds[Kind]['result']>((resolve, reject) => {
        if (closing !== null || signal?.aborted === true) {
          reject(cancelled())
          return
        }
        const onAbort = (): void => abort(pending)
        const forget = (): void => signal?.removeEventListener('abort', onAbort)
        const pending: Pending = {
          id: nextId++,
          kind,
          payload,
          priority: requestOptions.priority ?? 'batch',
          resolve: (value) => {
            forget()
            resolve(value)
          },
          reject: (error) => {
            forget()
            reject(error)
          },
          onProgress: requestOptions.onProgress,
          timeoutMs: requestOptions.timeoutMs ?? options.timeoutMs,
          crashes: 0,
          settled: false,
          timer: undefined,
        }
        signal?.addEventListener('abort', onAbort, { once: true })
        queues[pending.priority].push(pending)
        pump()
      })
    },
    onRestart: (listener) => {
      restartListeners.add(listener)
      return () => restartListeners.delete(listener)
    },
    pid: () => child?.pid ?? null,
    close: () => (closing ??= end()),
  }
}

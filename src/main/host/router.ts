import { randomUUID } from 'node:crypto'
import type { CallSpec, ContractShape, Handlers, Progress } from '../../shared/contract/define.ts'
import type { Envelope } from '../../shared/contract/wire.ts'
import { AppError, cancelled } from '../../shared/errors.ts'

/** One call as a transport hands it over, after it has established who is calling. */
export interface RoutedCall {
  /** `group.name` */
  readonly path: string
  /** Chosen by the caller, unique among the calls under way; what `cancel` names. */
  readonly callId: string
  readonly input: unknown
  /** Size of the request as sent. */
  readonly bytes: number
  /** At most ten a second. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

export interface Router {
  /** Never rejects: every failure is an envelope. */
  readonly call: (call: RoutedCall) => Promise<Envelope>
  /** Aborts the signal of a call under way; the call answers for itself. Unknown ids are ignored. */
  readonly cancel: (callId: string) => void
  /** Largest accepted request of a call in bytes, null when there is no such call. */
  readonly maxBytes: (path: string) => number | null
  /** Cancels every call and resolves when all have answered. */
  readonly close: () => Promise<void>
}

const progressIntervalMs = 100

/**
 * Everything about a call that no transport should decide: size limit, strict schemas both ways,
 * cancellation, progress, and errors as envelopes. A handler's bug is logged under a reference and
 * the caller learns the reference only.
 */
export function createRouter<Shape extends ContractShape>(
  contract: Shape,
  handlers: Handlers<Shape>,
  options: { readonly log: (line: string) => void },
): Router {
  const underWay = new Map<string, { readonly controller: AbortController; readonly done: Promise<unknown> }>()
  let closed = false

  function specOf(path: string): CallSpec | null {
    const [group = '', name = '', ...rest] = path.split('.')
    if (rest.length > 0 || !Object.hasOwn(contract, group)) return null
    const members = contract[group]
    if (members === undefined || !Object.hasOwn(members, name)) return null
    const spec = members[name]
    return spec?.kind === 'call' ? spec : null
  }

  function handlerOf(path: string): (input: unknown, context: object) => unknown {
    const [group = '', name = ''] = path.split('.')
    // `Handlers` has a function for every call of the contract; only a computed name hides that from the compiler.
    const groups = handlers as unknown as Record<string, Record<string, (input: unknown, context: object) => unknown>>
    const handler = groups[group]?.[name]
    if (handler === undefined) throw new Error(`No handler for ${path}`)
    return handler
  }

  async function run(call: RoutedCall, signal: AbortSignal): Promise<unknown> {
    const spec = specOf(call.path)
    if (spec === null) {
      throw new AppError('NotFound', 'unknownCall', `There is no call "${call.path}"; reload the page.`, {
        params: { call: call.path },
      })
    }
    if (call.bytes > spec.maxBytes) throw requestTooLarge(call.path, spec.maxBytes)
    const input = spec.in.safeParse(call.input)
    if (!input.success) {
      const [issue] = input.error.issues
      const where = issue === undefined || issue.path.length === 0 ? 'input' : issue.path.join('.')
      throw new AppError(
        'InvalidInput',
        'badRequest',
        `The request "${call.path}" is not valid at "${where}": ${issue?.message ?? 'unknown problem'}.`,
        { params: { call: call.path, where } },
      )
    }
    using progress = throttle(call.onProgress)
    const value = await handlerOf(call.path)(input.data, { signal, progress: progress.report })
    const output = spec.out.safeParse(value)
    if (!output.success) throw new Error(`The answer of ${call.path} breaks the contract`, { cause: output.error })
    return output.data
  }

  function toEnvelope(path: string, signal: AbortSignal, error: unknown): Envelope {
    if (error instanceof AppError) return { ok: false, error: error.toRecord() }
    if (signal.aborted && error instanceof Error && error.name === 'AbortError') {
      return { ok: false, error: cancelled().toRecord() }
    }
    const ref = randomUUID().slice(0, 8)
    options.log(`[${ref}] ${path}: ${describe(error)}`)
    return { ok: false, error: internalError(ref).toRecord() }
  }

  return {
    call: async (call) => {
      const controller = new AbortController()
      if (closed) return { ok: false, error: cancelled().toRecord() }
      if (underWay.has(call.callId)) {
        const error = new AppError('InvalidInput', 'callIdInUse', 'A call with this id is under way already.')
        return { ok: false, error: error.toRecord() }
      }
      const done = run(call, controller.signal).then(
        (value): Envelope => ({ ok: true, value }),
        (error: unknown) => toEnvelope(call.path, controller.signal, error),
      )
      underWay.set(call.callId, { controller, done })
      try {
        return await done
      } finally {
        underWay.delete(call.callId)
      }
    },
    cancel: (callId) => underWay.get(callId)?.controller.abort(),
    maxBytes: (path) => specOf(path)?.maxBytes ?? null,
    close: async () => {
      closed = true
      const calls = [...underWay.values()]
      for (const { controller } of calls) controller.abort()
      await Promise.all(calls.map(({ done }) => done))
    },
  }
}

export function requestTooLarge(path: string, maxBytes: number): AppError {
  return new AppError(
    'InvalidInput',
    'requestTooLarge',
    `The request "${path}" is larger than the ${maxBytes} bytes it may have; do it in smaller parts.`,
    { params: { call: path, maxBytes } },
  )
}

export function internalError(ref: string): AppError {
  return new AppError(
    'Internal',
    'internal',
    `Something went wrong in Exemplar Studio; your saved work is not affected (log reference ${ref}).`,
    { params: { ref }, ref },
  )
}

/** Stack and causes, for the log. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = error.stack ?? error.message
  return error.cause === undefined ? own : `${own}\nCaused by: ${describe(error.cause)}`
}

/** Passes the first report on at once and after that the latest one, ten a second at most. */
function throttle(
  deliver: ((progress: Progress) => void) | undefined,
): Disposable & { readonly report: (progress: Progress) => void } {
  let waiting: Progress | null = null
  let timer: NodeJS.Timeout | null = null
  let ended = false
  function tick(): void {
    timer = null
    if (waiting === null) return
    deliver?.(waiting)
    waiting = null
    timer = setTimeout(tick, progressIntervalMs)
  }
  return {
    report: (progress) => {
      if (ended) return
      waiting = progress
      if (timer === null) tick()
    },
    // The answer says more than a last report would.
    [Symbol.dispose]: () => {
      ended = true
      if (timer !== null) clearTimeout(timer)
    },
  }
}

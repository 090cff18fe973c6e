import { z } from '../../shared/zod.ts'
import { AppError, cancelled } from '../../shared/errors.ts'
import type { Bridge, GivenFiles, ReceivedFiles } from '../../shared/contract/contract.ts'
import type { CallOptions, CallSpec, EventSpec, MediaAnswer, Progress } from '../../shared/contract/define.ts'
import { fromWire, toWire } from '../../shared/contract/wire.ts'
import { readAnswer, readEnvelope, readMedia } from './answers.ts'
import { contractGroups } from './contract-groups.ts'
import { createUploader } from './uploader.ts'

const tokenKey = 'exemplar-token'

/**
 * The token from `#t=…`, taken out of the address bar and kept for reloads of this tab only; null
 * when the page was opened without one.
 */
export function takeToken(page: Pick<Window, 'location' | 'history' | 'sessionStorage'>): string | null {
  const token = new URLSearchParams(page.location.hash.slice(1)).get('t')
  if (token === null || token === '') return page.sessionStorage.getItem(tokenKey)
  page.sessionStorage.setItem(tokenKey, token)
  page.history.replaceState(null, '', page.location.pathname)
  return token
}

const messageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('event'), group: z.string(), name: z.string(), payload: z.unknown() }),
  z.object({
    type: z.literal('progress'),
    callId: z.string(),
    progress: z.object({ done: z.number(), total: z.number().nullable(), note: z.string().optional() }),
  }),
])

type ConnectionState = 'connected' | 'lost'
type Listener = (payload: unknown) => void

const firstRetryMs = 250
const longestRetryMs = 5_000

export interface HttpBridge {
  readonly bridge: Bridge
  /** Closes the event connection for good. */
  readonly close: () => void
}

/**
 * The bridge over HTTP and WebSocket. `origin` is `http://127.0.0.1:<port>`. Calls are
 * `POST /rpc/<group>.<name>`, bytes `GET /media/…`, events one WebSocket that is reopened with
 * growing pauses whenever it closes.
 */
export function createHttpBridge(options: { readonly origin: string; readonly token: string }): HttpBridge {
  const { origin, token } = options
  const authorization = `Bearer ${token}`
  const eventListeners = new Map<string, Set<Listener>>()
  const progressListeners = new Map<string, (progress: Progress) => void>()
  const connectionListeners = new Set<(state: ConnectionState) => void>()
  let state: ConnectionState | null = null
  let socket: WebSocket | undefined
  let retryTimer: ReturnType<typeof setTimeout> | undefined
  let retryMs = firstRetryMs
  let closed = false

  function setState(next: ConnectionState): void {
    if (state === next) return
    state = next
    for (const listener of connectionListeners) listener(next)
  }

  function receive(text: string): void {
    const parsed = messageSchema.safeParse(fromWire(text))
    if (!parsed.success) {
      console.error('Unknown message from the program', parsed.error)
      return
    }
    const message = parsed.data
    if (message.type === 'ready') {
      retryMs = firstRetryMs
      setState('connected')
    } else if (message.type === 'progress') {
      progressListeners.get(message.callId)?.(message.progress)
    } else {
      for (const listener of eventListeners.get(`${message.group}.${message.name}`) ?? []) listener(message.payload)
    }
  }

  function connect(): void {
    const opened = new WebSocket(`${origin.replace(/^http/, 'ws')}/events`)
    socket = opened
    opened.addEventListener('open', () => opened.send(JSON.stringify({ token })))
    opened.addEventListener('message', (event: MessageEvent<unknown>) => {
      if (typeof event.data === 'string') receive(event.data)
    })
    opened.addEventListener('close', () => {
      if (closed) return
      setState('lost')
      retryTimer = setTimeout(connect, retryMs)
      retryMs = Math.min(retryMs * 2, longestRetryMs)
    })
  }

  async function request(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('Authorization', authorization)
    try {
      return await fetch(`${origin}${path}`, { ...init, headers })
    } catch (error) {
      if (init.signal?.aborted === true) throw cancelled()
      throw new AppError(
        'Io',
        'connectionLost',
        'Exemplar Studio does not answer. Start it again and open the address it prints.',
        { cause: error },
      )
    }
  }

  function post(path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
    const headers = { 'Content-Type': 'application/json' }
    return request(path, { method: 'POST', headers, body: toWire(body), ...(signal === undefined ? {} : { signal }) })
  }

  async function call(path: string, spec: CallSpec, input: unknown, callOptions: CallOptions): Promise<unknown> {
    const { signal, onProgress } = callOptions
    if (signal?.aborted === true) throw cancelled()
    const callId = crypto.randomUUID()
    if (onProgress !== undefined) progressListeners.set(callId, onProgress)
    // A cancellable call is told to stop and still answers, since it says what was kept. Any other
    // answer nobody waits for is dropped with its request.
    const onAbort = (): void => void post('/rpc/cancel', { callId }).catch(() => undefined)
    if (spec.cancellable) signal?.addEventListener('abort', onAbort)
    try {
      const response = await post(`/rpc/${path}`, { callId, input }, spec.cancellable ? undefined : signal)
      return readAnswer(path, spec, await readEnvelope(response, signal))
    } finally {
      progressListeners.delete(callId)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  async function media(path: string, mediaOptions: Pick<CallOptions, 'signal'> = {}): Promise<MediaAnswer> {
    const { signal } = mediaOptions
    return readMedia(await request(path, signal === undefined ? {} : { signal }), signal)
  }

  function subscribe(name: string, spec: EventSpec, listener: Listener): () => void {
    const listeners = eventListeners.get(name) ?? new Set<Listener>()
    eventListeners.set(name, listeners)
    const checked: Listener = (payload) => listener(spec.payload.parse(payload))
    listeners.add(checked)
    return () => listeners.delete(checked)
  }

  const groups = contractGroups({
    call: (group, name, spec, input, callOptions) => call(`${group}.${name}`, spec, input, callOptions),
    subscribe: (group, name, spec, listener) => subscribe(`${group}.${name}`, spec, listener),
  })

  const uploader = createUploader({
    send: async (path, body, headers, signal) => {
      const init = { method: 'POST', body, headers, ...(signal === undefined ? {} : { signal }) }
      return readAnswer(path, { out: z.unknown() }, await readEnvelope(await request(path, init), signal))
    },
  })

  connect()
  const bridge = {
    ...groups,
    media,
    receive: (files: GivenFiles, callOptions?: CallOptions): Promise<ReceivedFiles> => uploader(files, callOptions),
    connection: (listener: (state: ConnectionState) => void) => {
      connectionListeners.add(listener)
      return () => connectionListeners.delete(listener)
    },
    // Built from the contract above, which is the type's own source.
  } as unknown as Bridge
  return {
    bridge,
    close: () => {
      closed = true
      clearTimeout(retryTimer)
      socket?.close()
    },
  }
}

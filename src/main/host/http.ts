import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from '../../shared/zod.ts'
import { contract } from '../../shared/contract/contract.ts'
import type { ContractHandlers, Emit } from '../../shared/contract/contract.ts'
import { maxUploadBytes, maxUploadNameLength, uploadNameHeader } from '../../shared/contract/upload.ts'
import { fromWire, toWire } from '../../shared/contract/wire.ts'
import type { Envelope } from '../../shared/contract/wire.ts'
import { AppError, isAppError } from '../../shared/errors.ts'
import type { ErrorCode } from '../../shared/errors.ts'
import { createCheckedEmit } from './checked-emit.ts'
import { createEventSocket } from './event-socket.ts'
import type { MediaHandler } from './media.ts'
import { answerPage } from './page.ts'
import { createRouter, describe, internalError, requestTooLarge } from './router.ts'
import { securityHeaders } from './security-headers.ts'
import type { Uploads } from './uploads.ts'

/**
 * The browser-window host: page, calls, media and events on 127.0.0.1. It only establishes who is calling
 * (host, origin, token); what a call may do is the router's business. [Note: who may call]
 */

export interface HostOptions {
  readonly handlers: ContractHandlers
  readonly media: MediaHandler
  readonly uploads: Uploads
  /** The built page. */
  readonly rendererFolder: string
  /** What is made of `index.html` before it is sent. Default: nothing. */
  readonly page?: (html: string) => string
  /** Default 0: any free one. */
  readonly port?: number | undefined
  /** Default: 32 random bytes. */
  readonly token?: string | undefined
  /** Where bugs are written, with the reference the page shows. Default: standard error. */
  readonly log?: (line: string) => void
  /** How long a new events connection may stay without a token. */
  readonly tokenWaitMs?: number
  /** How long a request may take to arrive: its headers, and all of it. */
  readonly arrivalMs?: { readonly headers: number; readonly request: number }
}

export interface Host {
  /** With the token in its fragment, which never leaves the browser. */
  readonly url: string
  readonly port: number
  readonly token: string
  readonly emit: Emit
  /** Cancels the calls under way, closes every connection. */
  readonly close: () => Promise<void>
}

const address = '127.0.0.1'
const defaultTokenWaitMs = 2_000
const cancelMaxBytes = 1024
const uploadStepMaxBytes = 1024
/** The whole body of the largest upload must have arrived within it, on a slow disk too. */
const requestTimeoutMs = 15 * 60_000
const defaultArrivalMs = { headers: 10_000, request: requestTimeoutMs }
/** A connection that is late is noticed at the next look. */
const looksPerTimeout = 5

const callIdSchema = z.string().min(1).max(64)
const callBodySchema = z.strictObject({ callId: callIdSchema, input: z.unknown() })
const cancelBodySchema = z.strictObject({ callId: callIdSchema })

export async function startHost(options: HostOptions): Promise<Host> {
  const log = options.log ?? console.error
  const token = options.token ?? randomBytes(32).toString('base64url')
  const isToken = tokenCheck(token)
  const router = createRouter(contract, options.handlers, { log })
  const events = createEventSocket({ isToken, tokenWaitMs: options.tokenWaitMs ?? defaultTokenWaitMs })
  const arrivalMs = options.arrivalMs ?? defaultArrivalMs
  const server = createServer({
    headersTimeout: arrivalMs.headers,
    requestTimeout: arrivalMs.request,
    connectionsCheckingInterval: arrivalMs.headers / looksPerTimeout,
  })
  await listen(server, options.port ?? 0)
  const { port } = server.address() as AddressInfo
  const authority = `${address}:${port}`
  const origin = `http://${authority}`

  server.on('error', (error) => log(describe(error)))
  server.on('request', (request, response) => {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value)
    handle(request, response).catch((error: unknown) => {
      // The caller went away in the middle, or broke the protocol and was told so: nobody is left to answer.
      if (error === request.errored) return
      const ref = randomBytes(4).toString('hex')
      log(`[${ref}] ${request.method ?? ''}: ${describe(error)}`)
      if (response.headersSent) response.destroy()
      else send(response, 500, internalError(ref))
    })
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy())
    const { host, origin: from } = request.headers
    if (host === authority && from === origin && request.url === '/events') events.accept(request, socket, head)
    else socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  })

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers, method } = request
    // A wrong host name is another site's name that was made to point here. Of two, others may believe the second.
    if (headers.host !== authority || request.headersDistinct['host']?.length !== 1)
      return send(response, 403, forbidden('Open the address the program printed.'))
    if (headers.origin !== undefined && headers.origin !== origin) return send(response, 403, foreignOrigin())
    const [path = ''] = (request.url ?? '').split('?')
    if (path.startsWith('/rpc/') || path.startsWith('/upload/')) {
      if (method !== 'POST') return notAllowed(response, 'POST')
      if (headers.origin !== origin) return send(response, 403, foreignOrigin())
      if (!isAuthorized(request)) return send(response, 401, wrongToken())
      if (path.startsWith('/upload/')) return answerUpload(path, request, response)
      if (!/^application\/json(?:;\s*charset=utf-8)?$/i.test(headers['content-type'] ?? '')) {
        return send(response, 415, badRequest('Calls are sent as application/json.'))
      }
      return answerCall(path.slice('/rpc/'.length), request, response)
    }
    if (method !== 'GET' && method !== 'HEAD') return notAllowed(response, 'GET, HEAD')
    if (path.startsWith('/media/')) {
      if (!isAuthorized(request)) return send(response, 401, wrongToken())
      return answerMedia(path, request, response)
    }
    const file = await answerPage({ ...options, urlPath: path, method })
    if (file === null) return send(response, 404, nothingHere())
    return pass(file, response)
  }

  function isAuthorized(request: IncomingMessage): boolean {
    const [, shown] = /^Bearer ([A-Za-z0-9_-]{1,200})$/.exec(request.headers.authorization ?? '') ?? []
    return shown !== undefined && isToken(shown)
  }

  async function answerCall(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isCancel = path === 'cancel'
    const maxBytes = isCancel ? cancelMaxBytes : router.maxBytes(path)
    if (maxBytes === null) return send(response, 404, nothingHere())
    const body = await readBody(request, maxBytes)
    if (body === null) {
      response.setHeader('Connection', 'close')
      send(response, 413, requestTooLarge(path, maxBytes))
      return
    }
    const message = parseJson(body)
    if (isCancel) {
      const cancel = cancelBodySchema.safeParse(message)
      if (!cancel.success) return send(response, 400, badRequest('A cancellation names one call.'))
      router.cancel(cancel.data.callId)
      return sendEnvelope(response, 200, { ok: true, value: {} })
    }
    const call = callBodySchema.safeParse(message)
    if (!call.success) return send(response, 400, badRequest('A call has a callId and an input.'))
    const { callId, input } = call.data
    const envelope = await router.call({
      path,
      callId,
      input,
      bytes: body.length,
      onProgress: (progress) => events.send({ type: 'progress', callId, progress }),
    })
    sendEnvelope(response, 200, envelope)
  }

  /** `/upload/begin`, `/upload/<upload>/<number>` with the bytes of a file, `/upload/<upload>/finish` and `/abort`. */
  async function answerUpload(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const steps = /^\/upload\/(?:(begin)|([A-Za-z0-9_-]{1,64})\/(?:(\d{1,6})|(finish|abort)))$/.exec(path)
    if (steps === null) return send(response, 404, nothingHere())
    const [, begin, uploadId = '', number, step] = steps
    const type = request.headers['content-type'] ?? ''
    if (number !== undefined) {
      const name = request.headers[uploadNameHeader]
      if (type !== 'application/octet-stream') {
        return send(response, 415, badRequest('Files are sent as application/octet-stream.'))
      }
      if (typeof name !== 'string' || name === '' || name.length > maxUploadNameLength) {
        return send(response, 400, badRequest('A file is sent with its name.'))
      }
      await answerStep(response, async () => {
        try {
          await options.uploads.receive(uploadId, name, request)
          return {}
        } finally {
          // The rest of a refused file is dropped: a page that is still sending would not see the answer.
          if (Number(request.headers['content-length'] ?? Infinity) <= maxUploadBytes) request.resume()
          else response.setHeader('Connection', 'close')
        }
      })
      return
    }
    if (!/^application\/json(?:;\s*charset=utf-8)?$/i.test(type)) {
      return send(response, 415, badRequest('Calls are sent as application/json.'))
    }
    const body = await readBody(request, uploadStepMaxBytes)
    if (body === null) {
      response.setHeader('Connection', 'close')
      return send(response, 413, requestTooLarge(path, uploadStepMaxBytes))
    }
    if (!z.strictObject({}).safeParse(parseJson(body)).success) {
      return send(response, 400, badRequest('A step of an upload has an empty object.'))
    }
    await answerStep(response, async () => {
      if (begin !== undefined) return { uploadId: await options.uploads.begin() }
      if (step === 'finish') return { placeIds: options.uploads.finish(uploadId) }
      options.uploads.abort(uploadId)
      return {}
    })
  }

  async function answerStep(response: ServerResponse, work: () => Promise<object>): Promise<void> {
    let envelope: Envelope
    try {
      envelope = { ok: true, value: await work() }
    } catch (error) {
      // The page has gone in the middle of a file: there is nobody to answer.
      if (response.destroyed) return
      if (!isAppError(error)) throw error
      envelope = { ok: false, error: error.toRecord() }
    }
    sendEnvelope(response, 200, envelope)
  }

  async function answerMedia(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Whatever a URL parser would rewrite (`..`, escapes, backslashes) is no media address.
    if (!/^[A-Za-z0-9_/-]+$/.test(path)) return send(response, 404, nothingHere())
    const abort = new AbortController()
    response.once('close', () => abort.abort())
    const ifNoneMatch = request.headers['if-none-match']
    const answer = await options.media(
      new Request(`${origin}${path}`, {
        method: request.method ?? 'GET',
        signal: abort.signal,
        ...(ifNoneMatch === undefined ? {} : { headers: { 'If-None-Match': ifNoneMatch } }),
      }),
    )
    return pass(answer, response)
  }

  return {
    url: `${origin}/#t=${token}`,
    port,
    token,
    emit: createCheckedEmit((event) => events.send({ type: 'event', ...event }), log),
    close: async () => {
      await router.close()
      await options.uploads.close()
      events.close()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}

/** An answer of the handlers that every host has. */
async function pass(answer: Response, response: ServerResponse): Promise<void> {
  const bytes = new Uint8Array(await answer.arrayBuffer())
  for (const [name, value] of answer.headers) response.setHeader(name, value)
  response.writeHead(answer.status)
  response.end(bytes)
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code ?? error.message
      const sentence = `Port ${port} of this computer cannot be used (${reason}); choose another one with --port, or leave it out.`
      reject(new AppError('Conflict', 'portUnavailable', sentence, { params: { port, reason }, cause: error }))
    })
    server.listen(port, address, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

/** Compares digests, so that neither content nor length shows in the time it takes. */
function tokenCheck(token: string): (text: string) => boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  const expected = digest(token)
  return (text) => timingSafeEqual(digest(text), expected)
}

/** The whole body, or null as soon as it is larger than allowed. */
function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
      resolve(null)
      return
    }
    const chunks: Buffer[] = []
    let size = 0
    const onData = (chunk: Buffer): void => {
      size += chunk.length
      if (size > maxBytes) {
        request.off('data', onData)
        request.pause()
        resolve(null)
      } else {
        chunks.push(chunk)
      }
    }
    request.on('data', onData)
    request.once('end', () => resolve(Buffer.concat(chunks)))
    request.once('error', reject)
  })
}

/** Undefined when it is not JSON, or nested too deeply to be read: the schema that follows refuses that. */
function parseJson(body: Buffer): unknown {
  try {
    return fromWire(body.toString('utf8'))
  } catch (error) {
    // Broken JSON, broken base64 inside it, or more brackets in brackets than the stack holds.
    if (error instanceof SyntaxError || error instanceof DOMException || error instanceof RangeError) return undefined
    throw error
  }
}

function send(response: ServerResponse, status: number, error: AppError): void {
  sendEnvelope(response, status, { ok: false, error: error.toRecord() })
}

function sendEnvelope(response: ServerResponse, status: number, envelope: Envelope): void {
  const text = Buffer.from(toWire(envelope))
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': text.length,
    'Cache-Control': 'no-store',
  })
  response.end(text)
}

function notAllowed(response: ServerResponse, methods: string): void {
  response.setHeader('Allow', methods)
  send(response, 405, badRequest(`This address takes ${methods} only.`))
}

function transportError(code: ErrorCode, key: string, message: string): AppError {
  return new AppError(code, key, message)
}

function forbidden(message: string): AppError {
  return transportError('Forbidden', 'foreignCaller', message)
}

function foreignOrigin(): AppError {
  return forbidden('Another web page tried to use Exemplar Studio and was refused.')
}

function wrongToken(): AppError {
  return transportError(
    'Forbidden',
    'tokenRefused',
    'This page belongs to an earlier start of Exemplar Studio. Open the address it printed last.',
  )
}

function badRequest(message: string): AppError {
  return transportError('InvalidInput', 'badTransport', message)
}

function nothingHere(): AppError {
  return transportError('NotFound', 'nothingHere', 'There is nothing at this address.')
}

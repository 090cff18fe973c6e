import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import type { WebSocket as ServerSocket } from 'ws'
import { fromWire, toWire } from '../../shared/contract/wire.ts'
import { AppError } from '../../shared/errors.ts'
import { createHttpBridge, takeToken } from './http-bridge.ts'

const token = 'secret'

interface Request {
  readonly path: string
  readonly authorization: string | undefined
  readonly body: { readonly callId: string; readonly input: unknown }
}

type Answer = (request: Request, response: ServerResponse) => void

/** A small host: calls go to `answer`, the event socket speaks the protocol. */
class TestHost implements AsyncDisposable {
  readonly requests: Request[] = []
  readonly sockets = new Set<ServerSocket>()
  readonly greetings: string[] = []
  readonly #server: Server
  readonly #events = new WebSocketServer({ noServer: true })

  constructor(answer: Answer) {
    this.#server = createServer((request, response) => void this.#serve(request, response, answer))
    this.#server.on('upgrade', (request, socket, head) => {
      this.#events.handleUpgrade(request, socket, head, (opened) => {
        this.sockets.add(opened)
        opened.on('close', () => this.sockets.delete(opened))
        opened.on('message', (data: Buffer) => {
          this.greetings.push(data.toString())
          opened.send(JSON.stringify({ type: 'ready' }))
        })
      })
    })
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  send(message: unknown): void {
    for (const socket of this.sockets) socket.send(toWire(message))
  }

  async #serve(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const received: Request = {
      path: request.url ?? '',
      authorization: request.headers.authorization,
      body: (text === '' ? {} : fromWire(text)) as Request['body'],
    }
    this.requests.push(received)
    answer(received, response)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.terminate()
    this.#events.close()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function reply(response: ServerResponse, value: unknown): void {
  response.setHeader('Content-Type', 'application/json')
  response.end(toWire({ ok: true, value }))
}

const closers: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

async function setUp(answer: Answer) {
  const host = new TestHost(answer)
  const origin = await host.listen()
  closers.push(() => host[Symbol.asyncDispose]())
  const made = createHttpBridge({ origin, token })
  closers.push(made.close)
  return { host, bridge: made.bridge }
}

const history = { revision: 3, undo: null, redo: null }

describe('calls', () => {
  it('posts call id and input with the token, and returns the checked value', async () => {
    const { host, bridge } = await setUp((_request, response) => reply(response, history))
    expect(await bridge.history.state({ projectId: 'p' })).toEqual(history)
    expect(host.requests).toHaveLength(1)
    expect(host.requests[0]).toMatchObject({
      path: '/rpc/history.state',
      authorization: 'Bearer secret',
      body: { input: { projectId: 'p' } },
    })
    expect(host.requests[0]?.body.callId).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('carries bytes', async () => {
    const { host, bridge } = await setUp((_request, response) => reply(response, history))
    const runs = new Uint8Array([0, 255, 7])
    await bridge.history.commit({
      projectId: 'p',
      entry: {
        id: 'e',
        labelKey: 'brush',
        labelParams: {},
        imageIds: [],
        operations: [{ kind: 'mask', annotationId: 'a', tiles: [{ x: 0, y: 0, runs }] }],
      },
    })
    expect(host.requests[0]?.body.input).toMatchObject({ entry: { operations: [{ tiles: [{ runs }] }] } })
  })

  it('rejects with the error of the envelope', async () => {
    const error = new AppError('NotFound', 'projectNotOpen', 'The project is not open.', { params: { name: 'x' } })
    const { bridge } = await setUp((_request, response) => {
      response.setHeader('Content-Type', 'application/json')
      response.end(toWire({ ok: false, error: error.toRecord() }))
    })
    await expect(bridge.history.state({ projectId: 'p' })).rejects.toMatchObject({
      name: 'AppError',
      code: 'NotFound',
      key: 'projectNotOpen',
      message: 'The project is not open.',
      params: { name: 'x' },
    })
  })

  it('refuses an answer that is not what the contract says', async () => {
    const { bridge } = await setUp((_request, response) => reply(response, { revision: 'three' }))
    await expect(bridge.history.state({ projectId: 'p' })).rejects.toMatchObject({
      code: 'Internal',
      key: 'badAnswer',
    })
  })

  it('tells a refused token and a dead host apart', async () => {
    const { host, bridge } = await setUp((_request, response) => {
      response.statusCode = 401
      response.end('no')
    })
    await expect(bridge.history.state({ projectId: 'p' })).rejects.toMatchObject({ key: 'tokenRefused' })
    await host[Symbol.asyncDispose]()
    await expect(bridge.history.state({ projectId: 'p' })).rejects.toMatchObject({ key: 'connectionLost' })
    closers.shift()
  })

  it('drops a plain call when it is aborted', async () => {
    const stop = new AbortController()
    const { host, bridge } = await setUp(() => stop.abort())
    await expect(bridge.history.state({ projectId: 'p' }, { signal: stop.signal })).rejects.toMatchObject({
      code: 'Cancelled',
    })
    expect(host.requests.map((request) => request.path)).toEqual(['/rpc/history.state'])
    await expect(bridge.history.state({ projectId: 'p' }, { signal: stop.signal })).rejects.toMatchObject({
      code: 'Cancelled',
    })
    expect(host.requests).toHaveLength(1)
  })

  it('tells the host to cancel a long call and waits for what it says', async () => {
    const stop = new AbortController()
    let first: { readonly id: string; readonly response: ServerResponse } | undefined
    const { host, bridge } = await setUp((request, response) => {
      if (request.path === '/rpc/cancel') {
        expect(request.body.callId).toBe(first?.id)
        response.setHeader('Content-Type', 'application/json')
        first?.response.setHeader('Content-Type', 'application/json')
        first?.response.end(
          toWire({ ok: false, error: { code: 'Cancelled', key: 'cancelled', params: {}, message: '12 kept.' } }),
        )
        response.end(toWire({ ok: true, value: {} }))
        return
      }
      first = { id: request.body.callId, response }
      stop.abort()
    })
    await expect(
      bridge.images.import({ projectId: 'p', placeIds: ['x'], copy: false }, { signal: stop.signal }),
    ).rejects.toMatchObject({ code: 'Cancelled', message: '12 kept.' })
    expect(host.requests.map((request) => request.path)).toEqual(['/rpc/images.import', '/rpc/cancel'])
  })
})

describe('media', () => {
  it('fetches bytes with the token', async () => {
    const { host, bridge } = await setUp((_request, response) => {
      response.setHeader('Content-Type', 'image/jpeg')
      response.end(Buffer.from([1, 2, 3]))
    })
    expect(await bridge.media('/media/p/thumbnail/i')).toEqual({
      bytes: new Uint8Array([1, 2, 3]),
      contentType: 'image/jpeg',
    })
    expect(host.requests[0]).toMatchObject({ path: '/media/p/thumbnail/i', authorization: 'Bearer secret' })
  })

  it('rejects with the error the host gives, or with the status', async () => {
    let body = toWire({ ok: false, error: { code: 'NotFound', key: 'gone', params: {}, message: 'Gone.' } })
    const { bridge } = await setUp((_request, response) => {
      response.statusCode = 404
      response.setHeader('Content-Type', 'application/json')
      response.end(body)
    })
    await expect(bridge.media('/media/x')).rejects.toMatchObject({ code: 'NotFound', key: 'gone' })
    body = toWire({ unknown: true })
    await expect(bridge.media('/media/x')).rejects.toMatchObject({ key: 'httpStatus', params: { status: 404 } })
  })
})

describe('events', () => {
  it('greets with the token, then hands on events and progress', async () => {
    const pending: { readonly callId: string; readonly response: ServerResponse }[] = []
    const { host, bridge } = await setUp((request, response) => {
      pending.push({ callId: request.body.callId, response })
      host.send({ type: 'progress', callId: request.body.callId, progress: { done: 3, total: 9, note: 'a.jpg' } })
    })
    await new Promise<void>((resolve) => bridge.connection((state) => state === 'connected' && resolve()))
    expect(host.greetings).toEqual([JSON.stringify({ token })])

    const change = { projectId: 'p', revision: 4, imageIds: ['i'], all: false }
    const received = new Promise((resolve) => bridge.project.changed(resolve))
    host.send({ type: 'event', group: 'project', name: 'changed', payload: change })
    expect(await received).toEqual(change)

    const progress = new Promise((resolve) => {
      void bridge.images
        .import({ projectId: 'p', placeIds: ['x'], copy: false }, { onProgress: resolve })
        .catch(() => undefined)
    })
    expect(await progress).toEqual({ done: 3, total: 9, note: 'a.jpg' })
    for (const each of pending) each.response.end()
  })

  it('says when the connection is lost and connects again by itself', async () => {
    const { host, bridge } = await setUp((_request, response) => response.end())
    const states: string[] = []
    const seen = (count: number): Promise<void> =>
      new Promise((resolve) => {
        const stop = bridge.connection(() => {
          if (states.length < count) return
          stop()
          resolve()
        })
      })
    bridge.connection((state) => states.push(state))
    await seen(1)
    for (const socket of host.sockets) socket.terminate()
    await seen(3)
    expect(states).toEqual(['connected', 'lost', 'connected'])
    expect(host.greetings).toHaveLength(2)
  })

  it('stops telling who has unsubscribed', async () => {
    const { host, bridge } = await setUp((_request, response) => response.end())
    await new Promise<void>((resolve) => bridge.connection((state) => state === 'connected' && resolve()))
    const heard: number[] = []
    const stop = bridge.project.changed(() => heard.push(1))
    stop()
    const second = new Promise((resolve) => bridge.project.changed(resolve))
    host.send({
      type: 'event',
      group: 'project',
      name: 'changed',
      payload: { projectId: 'p', revision: 1, imageIds: [], all: true },
    })
    await second
    expect(heard).toEqual([])
  })
})

describe('takeToken', () => {
  function page(hash: string) {
    const stored = new Map<string, string>()
    const addresses: string[] = []
    const fake = {
      location: { hash, pathname: '/' },
      history: { replaceState: (_state: unknown, _title: string, url: string) => addresses.push(url) },
      sessionStorage: {
        getItem: (key: string) => stored.get(key) ?? null,
        setItem: (key: string, value: string) => stored.set(key, value),
      },
    }
    return { fake: fake as unknown as Parameters<typeof takeToken>[0], stored, addresses, location: fake.location }
  }

  it('takes the token out of the address and keeps it for a reload', () => {
    const { fake, addresses, location } = page('#t=abc-_1')
    expect(takeToken(fake)).toBe('abc-_1')
    expect(addresses).toEqual(['/'])
    location.hash = ''
    expect(takeToken(fake)).toBe('abc-_1')
  })

  it('has none where none was given', () => {
    expect(takeToken(page('').fake)).toBeNull()
    expect(takeToken(page('#t=').fake)).toBeNull()
  })
})

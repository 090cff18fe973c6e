import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { contract } from '../../shared/contract/contract.ts'
import type { ContractHandlers } from '../../shared/contract/contract.ts'
import { fromWire, toWire } from '../../shared/contract/wire.ts'
import { startHost } from './http.ts'
import type { Host, HostOptions } from './http.ts'
import { createMediaHandler } from './media.ts'
import { createPlaces } from './places.ts'
import { createUploads } from './uploads.ts'
import type { Uploads } from './uploads.ts'

let folder = ''
let host: Host
let called: string[] = []
let log: string[] = []
const sockets: WebSocket[] = []

/** What a test does not give answers nothing valid: reaching it is noted. */
function handlersWith(given: Readonly<Record<string, (input: never, context: never) => unknown>>): ContractHandlers {
  return Object.fromEntries(
    Object.entries(contract).map(([group, members]) => [
      group,
      Object.fromEntries(
        Object.keys(members).map((name) => {
          const path = `${group}.${name}`
          return [
            path.split('.')[1],
            (input: never, context: never) => {
              called.push(path)
              return given[path]?.(input, context)
            },
          ]
        }),
      ),
    ]),
  ) as unknown as ContractHandlers
}

const appInfo = {
  version: '1',
  folders: { program: '/p', configuration: '/c' },
  nativeDialogs: false,
  hasSample: false,
  open: [],
  recent: [],
}

async function start(
  given: Readonly<Record<string, (input: never, context: never) => unknown>> = {},
  options: Partial<HostOptions> = {},
): Promise<void> {
  const content = (text: string) => () =>
    Promise.resolve({ bytes: Buffer.from(text), contentType: 'application/octet-stream' })
  host = await startHost({
    handlers: handlersWith({ 'app.info': () => appInfo, ...given }),
    media: createMediaHandler({
      thumbnail: content('thumbnail'),
      overlay: content('overlay'),
      tile: content('tile'),
      masks: content('masks'),
    }),
    uploads: await makeUploads(),
    rendererFolder: join(folder, 'page'),
    log: (line) => log.push(line),
    ...options,
  })
}

function makeUploads(): Promise<Uploads> {
  return createUploads({
    folder: join(folder, 'uploads'),
    places: createPlaces({ roots: [folder] }),
    maxBytes: 100_000,
  })
}

beforeEach(async () => {
  called = []
  log = []
  folder = await mkdtemp(join(tmpdir(), 'host-'))
  await mkdir(join(folder, 'page', 'assets'), { recursive: true })
  await mkdir(join(folder, 'page2'))
  await writeFile(join(folder, 'page', 'index.html'), '<!doctype html>')
  await writeFile(join(folder, 'page', 'assets', 'app-1.js'), 'export {}')
  await writeFile(join(folder, 'page', 'assets', 'notes.exe'), 'x')
  await writeFile(join(folder, 'page', '.env.json'), '{}')
  await writeFile(join(folder, 'secret.json'), 'secret')
  await writeFile(join(folder, 'page2', 'secret.json'), 'secret')
  await symlink(join(folder, 'secret.json'), join(folder, 'page', 'link.json'))
  await symlink(join(folder, 'page2'), join(folder, 'page', 'out'))
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate()
  await host.close()
  await rm(folder, { recursive: true })
})

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A request as raw as `node:http` lets it be: any path, any host header. */
function ask(
  method: string,
  path: string,
  options: { readonly headers?: OutgoingHttpHeaders; readonly body?: string | Buffer } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: host.port, method, path, headers: options.headers ?? {} },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          })
        })
      },
    )
    sent.on('error', reject)
    sent.end(options.body)
  })
}

function good(more: OutgoingHttpHeaders = {}): OutgoingHttpHeaders {
  return {
    origin: `http://127.0.0.1:${host.port}`,
    authorization: `Bearer ${host.token}`,
    'content-type': 'application/json',
    ...more,
  }
}

function rpc(path: string, input: unknown, headers = good(), callId: string = crypto.randomUUID()): Promise<Answer> {
  return ask('POST', `/rpc/${path}`, { headers, body: toWire({ callId, input }) })
}

function openSocket(options: { readonly origin?: string; readonly path?: string } = {}): {
  readonly socket: WebSocket
  readonly messages: unknown[]
  readonly ended: Promise<number>
} {
  const origin = options.origin ?? `http://127.0.0.1:${host.port}`
  const socket = new WebSocket(`ws://127.0.0.1:${host.port}${options.path ?? '/events'}`, { headers: { origin } })
  sockets.push(socket)
  const messages: unknown[] = []
  socket.on('message', (data) => messages.push(fromWire(String(data as Buffer))))
  socket.on('error', () => undefined)
  const ended = new Promise<number>((resolve) => socket.on('close', (code) => resolve(code)))
  return { socket, messages, ended }
}

async function admitted(): Promise<ReturnType<typeof openSocket>> {
  const opened = openSocket()
  opened.socket.on('open', () => opened.socket.send(JSON.stringify({ token: host.token })))
  await vi.waitFor(() => expect(opened.messages).toEqual([{ type: 'ready' }]))
  return opened
}

test('a call with everything right is answered', async () => {
  await start()
  const answer = await rpc('app.info', {})
  expect(answer.status).toBe(200)
  expect(fromWire(answer.body)).toEqual({ ok: true, value: appInfo })
  expect((await rpc('app.info', {}, good({ 'content-type': 'application/json; charset=UTF-8' }))).status).toBe(200)
  expect(host.url).toBe(`http://127.0.0.1:${host.port}/#t=${host.token}`)
  expect(Buffer.from(host.token, 'base64url')).toHaveLength(32)
})

test('the page can be changed before it is sent; its parts are not', async () => {
  await start({}, { page: (html) => `${html}<!-- ü -->` })
  const page = await ask('GET', '/')
  expect(page.body).toBe('<!doctype html><!-- ü -->')
  expect((await ask('GET', '/assets/app-1.js')).body).toBe('export {}')
})

test('wrong host, origin, token, type and method are refused before the handler, for every call', async () => {
  await start()
  const paths = Object.entries(contract).flatMap(([group, members]) =>
    Object.keys(members).map((name) => `${group}.${name}`),
  )
  for (const path of [...paths, 'cancel']) {
    expect((await rpc(path, {}, good({ host: `localhost:${host.port}` }))).status).toBe(403)
    expect((await rpc(path, {}, good({ origin: 'http://evil.example' }))).status).toBe(403)
    expect((await rpc(path, {}, good({ authorization: 'Bearer wrong' }))).status).toBe(401)
  }
  const { port, token } = host
  const refused: readonly (readonly [OutgoingHttpHeaders, number])[] = [
    [good({ host: '127.0.0.1' }), 403],
    [good({ host: `127.0.0.1:${port}.evil.example` }), 403],
    [good({ host: `evil.example:${port}` }), 403],
    [good({ origin: 'null' }), 403],
    [good({ origin: `https://127.0.0.1:${port}` }), 403],
    [good({ origin: `http://localhost:${port}` }), 403],
    [good({ origin: `http://127.0.0.1:${port}/` }), 403],
    [{ authorization: `Bearer ${token}`, 'content-type': 'application/json' }, 403],
    [{ origin: `http://127.0.0.1:${port}`, 'content-type': 'application/json' }, 401],
    [good({ authorization: token }), 401],
    [good({ authorization: `Basic ${token}` }), 401],
    [good({ authorization: `Bearer ${token}x` }), 401],
    [good({ authorization: `Bearer ${token.slice(0, -1)}` }), 401],
    [good({ authorization: 'Bearer ' }), 401],
    [good({ 'content-type': 'text/plain' }), 415],
    [good({ 'content-type': 'application/x-www-form-urlencoded' }), 415],
    [good({ 'content-type': 'application/jsonx' }), 415],
  ]
  for (const [headers, status] of refused)
    expect([headers, (await rpc('app.info', {}, headers)).status]).toEqual([headers, status])
  for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    expect((await ask(method, '/rpc/app.info', { headers: good() })).status).toBe(405)
  }
  expect((await ask('POST', '/', { headers: good() })).status).toBe(405)
  expect((await ask('OPTIONS', '/media/p/thumbnail/i', { headers: good() })).status).toBe(405)
  expect(
    (await ask('POST', `/rpc/app.info?token=${token}`, { headers: { ...good(), authorization: '' } })).status,
  ).toBe(401)
  expect(called).toEqual([])
  expect(log).toEqual([])
})

test('every answer carries the policy headers and none that would let another origin in', async () => {
  await start()
  const answers = [
    await rpc('app.info', {}),
    await rpc('app.info', {}, good({ host: 'evil.example' })),
    await ask('GET', '/'),
    await ask('GET', '/missing.js'),
    await ask('GET', '/media/p/thumbnail/i', { headers: good() }),
    await ask('GET', '/media/p/thumbnail/i'),
    await ask('OPTIONS', '/rpc/app.info', { headers: { ...good(), 'access-control-request-method': 'POST' } }),
  ]
  for (const { headers } of answers) {
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
    expect(headers['cross-origin-opener-policy']).toBe('same-origin')
    expect(headers['cross-origin-embedder-policy']).toBe('require-corp')
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['referrer-policy']).toBe('no-referrer')
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    expect(headers['set-cookie']).toBeUndefined()
  }
})

test('bodies: broken, foreign or oversize ones are refused, sent whole or in pieces', async () => {
  await start()
  const oversize = Buffer.alloc((1 << 20) + 1, 32)
  for (const [body, status] of [
    ['', 400],
    ['{', 400],
    ['null', 400],
    ['{"callId":"a"', 400],
    ['{"callId":"","input":{}}', 400],
    ['{"callId":"a","input":{},"more":1}', 400],
    ['{"callId":"a","input":{"$bytes":"%%%"}}', 400],
    [oversize, 413],
  ] as const) {
    expect((await ask('POST', '/rpc/app.info', { headers: good(), body })).status).toBe(status)
    const chunked = await ask('POST', '/rpc/app.info', { headers: good({ 'transfer-encoding': 'chunked' }), body })
    expect(chunked.status).toBe(status)
  }
  const tooLarge = await ask('POST', '/rpc/app.info', { headers: good(), body: oversize })
  expect(fromWire(tooLarge.body)).toMatchObject({ ok: false, error: { code: 'InvalidInput', key: 'requestTooLarge' } })
  expect((await ask('POST', '/rpc/cancel', { headers: good(), body: Buffer.alloc(1025, 32) })).status).toBe(413)
  expect((await rpc('app.nothing', {})).status).toBe(404)
  expect((await rpc('project.changed', {})).status).toBe(404)
  // Larger than the usual limit, but this call says so.
  const entry = { projectId: 'p', entry: { id: 'x'.repeat(2 << 20) } }
  expect(fromWire((await rpc('history.commit', entry)).body)).toMatchObject({
    error: { code: 'InvalidInput', key: 'badRequest' },
  })
  expect(called).toEqual([])
})

test('a bug in a handler tells the caller a reference and the log the rest', async () => {
  await start({
    'app.info': () => {
      throw new Error('secret')
    },
  })
  const answer = await rpc('app.info', {})
  expect([answer.status, answer.body.includes('secret')]).toEqual([200, false])
  const envelope = fromWire(answer.body) as { error: { ref: string } }
  expect(log[0]).toContain(`[${envelope.error.ref}]`)
  expect(log[0]).toContain('secret')
})

test('a cancelled call stops, progress and events reach every page that showed its token', async () => {
  await start({
    'learn.run': (_input: never, context: { signal: AbortSignal; progress: (value: object) => void }) => {
      context.progress({ done: 1, total: 2 })
      return new Promise((_resolve, reject) => {
        context.signal.addEventListener('abort', () => reject(context.signal.reason as Error))
      })
    },
  } as never)
  const first = await admitted()
  const second = await admitted()
  const silent = openSocket()
  await new Promise((resolve) => silent.socket.once('open', resolve))
  const answered = rpc('learn.run', { projectId: 'p', classId: 'c' }, good(), 'call-1')
  const progress = { type: 'progress', callId: 'call-1', progress: { done: 1, total: 2 } }
  await vi.waitFor(() => expect(first.messages).toContainEqual(progress))
  await vi.waitFor(() => expect(second.messages).toContainEqual(progress))
  const cancel = await ask('POST', '/rpc/cancel', { headers: good(), body: toWire({ callId: 'call-1' }) })
  expect(fromWire(cancel.body)).toEqual({ ok: true, value: {} })
  expect(fromWire((await answered).body)).toMatchObject({ ok: false, error: { code: 'Cancelled' } })

  const payload = { projectId: 'p', revision: 3, imageIds: ['i'], all: false }
  host.emit('project', 'changed', payload)
  await vi.waitFor(() => {
    expect(second.messages).toContainEqual({ type: 'event', group: 'project', name: 'changed', payload })
  })
  expect(silent.messages).toEqual([])
  const before = second.messages.length
  host.emit('project', 'changed', { ...payload, revision: 0.5 })
  expect(log.at(-1)).toContain('project.changed breaks the contract')
  host.emit('project', 'changed', payload)
  await vi.waitFor(() => expect(second.messages).toHaveLength(before + 1))
})

test('the events connection wants our origin and path, and the token first and in time', async () => {
  await start({}, { tokenWaitMs: 200 })
  for (const options of [
    { origin: 'http://evil.example' },
    { origin: `http://localhost:${host.port}` },
    { origin: 'null' },
    { path: '/other' },
    { path: `/events?token=${host.token}` },
  ]) {
    expect(await openSocket(options).ended).toBe(1006)
  }
  expect(await openSocket().ended).toBe(1008)
  for (const first of ['{"token":"wrong"}', 'no json', '{}', `{"token":"${host.token}","more":1}`, 'null']) {
    const opened = openSocket()
    opened.socket.on('open', () => opened.socket.send(first))
    expect(await opened.ended).toBe(1008)
    expect(opened.messages).toEqual([])
  }
  const binary = openSocket()
  binary.socket.on('open', () => binary.socket.send(Buffer.from(JSON.stringify({ token: host.token }))))
  expect(await binary.ended).toBe(1008)
  const large = openSocket()
  large.socket.on('open', () => large.socket.send('x'.repeat(5000)))
  expect(await large.ended).not.toBe(1000)
  const talkative = await admitted()
  talkative.socket.send('more')
  expect(await talkative.ended).toBe(1008)
})

test('headers and bodies that never arrive end their connection, the others go on', async () => {
  await start({}, { arrivalMs: { headers: 200, request: 400 } })
  const slow = (text: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(host.port, '127.0.0.1', () => socket.write(text))
      let answer = ''
      socket.on('data', (data) => (answer += String(data as Buffer)))
      socket.on('close', () => resolve(answer.split('\r\n')[0] ?? ''))
    })
  const fields = Object.entries(good({ host: `127.0.0.1:${host.port}`, 'content-length': '100' }))
  const head = fields.map(([name, value]) => `${name}: ${String(value)}\r\n`).join('')
  const ends = Promise.all([
    slow('GET / HTTP/1.1\r\nHost: '),
    slow(''),
    slow(`POST /rpc/app.info HTTP/1.1\r\n${head}\r\n{"callId"`),
  ])
  expect((await rpc('app.info', {})).status).toBe(200)
  expect(await ends).toEqual(Array.from({ length: 3 }, () => 'HTTP/1.1 408 Request Timeout'))
  expect(called).toEqual(['app.info'])
  expect(log).toEqual([])
})

test('a page that does not read its events is cut off, the others get theirs', async () => {
  await start()
  const deaf = await admitted()
  deaf.socket.pause()
  const listening = await admitted()
  const payload = {
    projectId: 'p',
    revision: 1,
    imageIds: Array.from({ length: 20_000 }, () => 'i'.repeat(60)),
    all: false,
  }
  // Several times what may wait for it here, and more than the system keeps on top of that.
  const sends = 30
  for (let sent = 1; sent <= sends; sent++) {
    host.emit('project', 'changed', payload)
    await vi.waitFor(() => expect(listening.messages).toHaveLength(sent + 1))
  }
  deaf.socket.resume()
  expect(await deaf.ended).toBe(1006)
  expect(deaf.messages.length).toBeLessThan(sends)
})

test('no upgrade with another host header or without an origin', async () => {
  await start()
  const upgrade = (headers: readonly string[]): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(host.port, '127.0.0.1', () => {
        socket.write(
          `GET /events HTTP/1.1\r\n${headers.join('\r\n')}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
        )
      })
      socket.once('data', (data) => {
        socket.destroy()
        resolve(String(data).split('\r\n')[0] ?? '')
      })
    })
  const authority = `127.0.0.1:${host.port}`
  expect(await upgrade([`Host: ${authority}`, `Origin: http://${authority}`])).toBe('HTTP/1.1 101 Switching Protocols')
  expect(await upgrade([`Host: evil.example`, `Origin: http://${authority}`])).toBe('HTTP/1.1 403 Forbidden')
  expect(await upgrade([`Host: ${authority}`])).toBe('HTTP/1.1 403 Forbidden')
})

test('the page is served by type, and nothing outside its folder in any spelling', async () => {
  await start()
  const index = await ask('GET', '/')
  expect([index.status, index.headers['content-type'], index.body]).toEqual([
    200,
    'text/html; charset=utf-8',
    '<!doctype html>',
  ])
  const script = await ask('GET', '/assets/app-1.js?v=1')
  expect([script.status, script.headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8'])
  const head = await ask('HEAD', '/assets/app-1.js')
  expect([head.status, head.headers['content-length'], head.body]).toEqual([200, '9', ''])
  for (const path of [
    '/../secret.json',
    '/assets/../../secret.json',
    '/%2e%2e/secret.json',
    '/%2e%2e%2fsecret.json',
    '/..%2fsecret.json',
    '/..%5csecret.json',
    '/..\\secret.json',
    '/%252e%252e/secret.json',
    '/assets/%00app-1.js',
    '/assets/app-1.js%00.html',
    '/../page2/secret.json',
    '/%c0%ae%c0%ae/secret.json',
    '/%zz',
    '/link.json',
    '/out/secret.json',
    '/assets/notes.exe',
    '/assets/',
    '/assets',
    '/.env.json',
    '//etc/passwd',
    '/index.html/x.js',
    '/C:/secret.json',
    `http://127.0.0.1:${host.port}/`,
    `/${'a'.repeat(5000)}.js`,
  ]) {
    const answer = await ask('GET', path)
    expect([path, answer.status]).toEqual([path, 404])
    expect(answer.body).not.toContain('<!doctype')
  }
  expect((await ask('GET', '/', { headers: { host: 'evil.example' } })).status).toBe(403)
  expect(log).toEqual([])
})

test('media needs the token and takes no path but that of the contract', async () => {
  await start()
  const answer = await ask('GET', '/media/p/thumbnail/i', { headers: good() })
  expect([answer.status, answer.body]).toEqual([200, 'thumbnail'])
  const tag = answer.headers.etag ?? ''
  expect((await ask('GET', '/media/p/thumbnail/i', { headers: good({ 'if-none-match': tag }) })).status).toBe(304)
  expect((await ask('HEAD', '/media/p/masks/i/4', { headers: good() })).headers['content-length']).toBe('5')
  expect((await ask('GET', '/media/p/thumbnail/i')).status).toBe(401)
  expect((await ask('GET', `/media/p/thumbnail/i?t=${host.token}`)).status).toBe(401)
  expect((await ask('GET', '/media/p/thumbnail/i', { headers: good({ origin: 'http://evil.example' }) })).status).toBe(
    403,
  )
  for (const path of [
    '/media/p/../p/thumbnail/i',
    '/media/p/x/%2e%2e/thumbnail/i',
    '/media/p/thumbnail\\i',
    '/media/',
  ]) {
    expect((await ask('GET', path, { headers: good() })).status).toBe(404)
  }
})

function upload(path: string, body: string | Buffer, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
  const own = { 'content-type': 'application/octet-stream', 'exemplar-file': 'a.jpg' }
  return ask('POST', `/upload/${path}`, { headers: good({ ...own, ...headers }), body })
}

async function beginUpload(): Promise<string> {
  const answer = await ask('POST', '/upload/begin', { headers: good(), body: '{}' })
  return (fromWire(answer.body) as { value: { uploadId: string } }).value.uploadId
}

async function stagedFiles(): Promise<string[]> {
  const entries = await readdir(join(folder, 'uploads'), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
}

test('files are uploaded one by one, whole or in pieces, and finished or taken back', async () => {
  await start()
  const uploadId = await beginUpload()
  expect(fromWire((await upload(`${uploadId}/0`, Buffer.alloc(100_000, 1))).body)).toEqual({ ok: true, value: {} })
  const pieces = { 'transfer-encoding': 'chunked', 'exemplar-file': encodeURIComponent('süb/b.jpg') }
  expect(fromWire((await upload(`${uploadId}/1`, Buffer.alloc(5000, 2), pieces)).body)).toEqual({ ok: true, value: {} })
  expect((await stagedFiles()).toSorted()).toEqual(['a.jpg', 'b.jpg'])
  // The page sees the reason although it was still sending.
  const refused = await upload(`${uploadId}/2`, Buffer.alloc(5_000_000), { 'exemplar-file': 'c.jpg' })
  expect(fromWire(refused.body)).toMatchObject({ ok: false, error: { code: 'InvalidInput', key: 'uploadTooLarge' } })
  const outside = await upload(`${uploadId}/3`, 'x', { 'exemplar-file': '..%2F..%2Fd.jpg' })
  expect(fromWire(outside.body)).toMatchObject({ ok: false, error: { key: 'uploadNameUnusable' } })
  const finished = await ask('POST', `/upload/${uploadId}/finish`, { headers: good(), body: '{}' })
  expect(fromWire(finished.body)).toMatchObject({
    ok: true,
    value: { placeIds: [expect.stringMatching(/^[\w-]{16}$/)] },
  })
  expect(fromWire((await upload(`${uploadId}/4`, 'x')).body)).toMatchObject({ error: { code: 'NotFound' } })

  const other = await beginUpload()
  await upload(`${other}/0`, 'x', { 'exemplar-file': 'gone.jpg' })
  await ask('POST', `/upload/${other}/abort`, { headers: good(), body: '{}' })
  await vi.waitFor(async () => expect((await stagedFiles()).toSorted()).toEqual(['a.jpg', 'b.jpg']))
  await host.close()
  expect(await readdir(join(folder, 'uploads'))).toEqual([])
  expect(log).toEqual([])
})

test('an upload of anyone else, or of another form, is refused and leaves nothing', async () => {
  await start()
  const uploadId = await beginUpload()
  for (const path of ['begin', `${uploadId}/0`, `${uploadId}/finish`, `${uploadId}/abort`]) {
    const type = path.endsWith('/0') ? 'application/octet-stream' : 'application/json'
    const send = (headers: OutgoingHttpHeaders): Promise<Answer> =>
      ask('POST', `/upload/${path}`, { headers: { 'exemplar-file': 'a.jpg', ...headers }, body: '{}' })
    const mine = good({ 'content-type': type })
    const { origin: _origin, ...noOrigin } = mine
    const { authorization: _authorization, ...noToken } = mine
    expect((await send({ ...mine, host: `localhost:${host.port}` })).status).toBe(403)
    expect((await send({ ...mine, origin: 'http://evil.example' })).status).toBe(403)
    expect((await send(noOrigin)).status).toBe(403)
    expect((await send(noToken)).status).toBe(401)
    expect((await send({ ...mine, authorization: 'Bearer wrong' })).status).toBe(401)
    for (const wrong of ['text/plain', 'multipart/form-data', 'application/x-www-form-urlencoded', '']) {
      expect((await send({ ...mine, 'content-type': wrong })).status).toBe(415)
    }
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS']) {
      expect((await ask(method, `/upload/${path}`, { headers: mine })).status).toBe(405)
    }
  }
  const { port, token } = host
  expect((await ask('POST', `/upload/begin?t=${token}`, { headers: { host: `127.0.0.1:${port}` } })).status).toBe(403)
  for (const path of [
    '',
    'begin/',
    `${uploadId}`,
    `${uploadId}/`,
    `${uploadId}/-1`,
    `${uploadId}/1234567`,
    `${uploadId}/1/2`,
    '../begin',
    `${uploadId}/%30`,
    `${'x'.repeat(65)}/0`,
  ]) {
    expect([path, (await upload(path, 'x')).status]).toEqual([path, 404])
  }
  expect((await upload(`${uploadId}/0`, 'x', { 'exemplar-file': '' })).status).toBe(400)
  expect((await upload(`${uploadId}/0`, 'x', { 'exemplar-file': 'x'.repeat(6001) })).status).toBe(400)
  for (const [body, status] of [
    ['', 400],
    ['null', 400],
    ['{"more":1}', 400],
    [' '.repeat(2000), 413],
  ] as const) {
    expect((await ask('POST', '/upload/begin', { headers: good(), body })).status).toBe(status)
  }
  expect(fromWire((await upload('unknown/0', 'x')).body)).toMatchObject({
    error: { code: 'NotFound', key: 'uploadUnknown' },
  })
  expect(await stagedFiles()).toEqual([])
  expect(log).toEqual([])
})

test('a page that goes away in the middle of a file leaves no part of it', async () => {
  await start()
  const uploadId = await beginUpload()
  const headers = good({
    'content-type': 'application/octet-stream',
    'exemplar-file': 'a.jpg',
    'content-length': 50_000,
  })
  const sent = request({ host: '127.0.0.1', port: host.port, method: 'POST', path: `/upload/${uploadId}/0`, headers })
  const broken = new Promise((resolve) => sent.on('error', resolve))
  sent.write(Buffer.alloc(20_000))
  await vi.waitFor(async () => expect(await stagedFiles()).toEqual(['a.jpg']))
  sent.destroy()
  await broken
  await vi.waitFor(async () => expect(await stagedFiles()).toEqual([]))
  expect(log).toEqual([])
})

test('it listens on 127.0.0.1 only, and says so when the port is taken', async () => {
  await start()
  const other = Object.values(networkInterfaces())
    .flat()
    .find((each) => each !== undefined && !each.internal && each.family === 'IPv4')
  for (const address of ['::1', ...(other === undefined ? [] : [other.address])]) {
    const outcome = await new Promise<string>((resolve) => {
      const socket = connect(host.port, address, () => resolve('connected'))
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
    })
    expect(outcome).not.toBe('connected')
  }
  const second = startHost({
    handlers: handlersWith({}),
    media: () => Promise.reject(new Error()),
    uploads: await makeUploads(),
    rendererFolder: folder,
    port: host.port,
  })
  await expect(second).rejects.toMatchObject({ code: 'Conflict', key: 'portUnavailable', params: { port: host.port } })
})

test('closing ends calls, events and connections', async () => {
  await start({
    'learn.run': (_input: never, context: { signal: AbortSignal }) =>
      new Promise((_resolve, reject) => {
        context.signal.addEventListener('abort', () => reject(context.signal.reason as Error))
      }),
  } as never)
  const opened = await admitted()
  const running = rpc('learn.run', { projectId: 'p', classId: 'c' }).then(
    ({ body }) => fromWire(body),
    (error: NodeJS.ErrnoException) => error.code,
  )
  await vi.waitFor(() => expect(called).toEqual(['learn.run']))
  await host.close()
  await opened.ended
  await running
  await expect(ask('GET', '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

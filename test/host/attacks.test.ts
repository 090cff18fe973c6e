import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { masksPath, thumbnailPath, tilePath } from '../../src/shared/contract/media.ts'
import { fromWire } from '../../src/shared/contract/wire.ts'
import { z } from '../../src/shared/zod.ts'
import { masksSpec } from '../support/export-spec.ts'
import { drawDiscs } from '../support/discs.ts'
import { HostProcess } from '../support/host-process.ts'
import { openRaw, rawRequest, sendRaw } from '../support/raw-http.ts'
import type { RawAnswer, RawRequest } from '../support/raw-http.ts'

/**
 * What another program, another page or a hostile file can try against a running `exemplar serve`, over raw sockets
 * where a client would not send it. The names of the tests are the list. `src/main/host/http.test.ts` has the host's own
 * rules, one by one and for every call; `test/e2e/foreign-page.test.ts` has what a real browser can be made to do.
 */

const root = join(import.meta.dirname, '..', '..')
const secret = 'SECRET-4711'
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'exemplar-attacks-')))
/** A copy of the program, since files are planted beside its page. */
const program = join(folder, 'program')
/** What may be browsed. */
const home = join(folder, 'home')
const outside = join(folder, 'outside')

let host: HostProcess
let port = 0
let token = ''
let authority = ''
let origin = ''
let projectId = ''
let imageId = ''
let printed = ''

beforeAll(async () => {
  for (const name of ['bin', 'src', 'package.json']) cpSync(join(root, name), join(program, name), { recursive: true })
  for (const name of ['models', 'node_modules']) symlinkSync(join(root, name), join(program, name))
  const page = join(program, 'out', 'renderer')
  for (const each of [
    join(page, 'assets'),
    join(page, 'real'),
    `${page}2`,
    join(home, 'photos'),
    join(home, 'inner'),
    outside,
  ])
    mkdirSync(each, { recursive: true })
  writeFileSync(join(page, 'index.html'), '<!doctype html><title>page</title>')
  writeFileSync(join(page, 'assets', 'app.js'), 'export {}')
  for (const file of [
    join(program, 'secret.json'),
    join(program, 'out', 'secret.json'),
    join(`${page}2`, 'secret.json'),
    join(page, '.hidden.json'),
    join(page, 'assets', 'secret.db'),
    join(outside, 'secret.json'),
  ])
    writeFileSync(file, secret)
  symlinkSync(join(outside, 'secret.json'), join(page, 'link.json'))
  symlinkSync(outside, join(page, 'linked'))
  symlinkSync(outside, join(home, 'way-out'))
  symlinkSync(join(outside, 'not-made-yet'), join(home, 'dangling'))
  const { pixels } = drawDiscs(1, 64, 48)
  const picture = sharp(pixels, { raw: { width: 64, height: 48, channels: 3 } })
  await picture.clone().toFile(join(home, 'photos', 'a.png'))
  await picture.clone().negate().toFile(join(outside, 'b.png'))
  symlinkSync(join(outside, 'b.png'), join(home, 'photos', 'b.png'))

  host = await HostProcess.start(
    ['--root', home],
    { EXEMPLAR_HOME: join(folder, 'configuration') },
    join(program, 'bin', 'exemplar.mjs'),
  )
  host.child.stderr?.on('data', (text: string) => (printed += text))
  const url = new URL(host.url)
  port = Number(url.port)
  authority = url.host
  origin = url.origin
  token = new URLSearchParams(url.hash.slice(1)).get('t') ?? ''
  projectId = (await host.call('project', 'create', { placeId: await place(), name: 'Project' })).projectId
  await host.call('images', 'import', { projectId, placeIds: [await place('photos', 'a.png')], copy: false })
  const { items } = await host.call('images', 'list', { projectId, filter: {}, sort: 'name', offset: 0, limit: 10 })
  imageId = items[0]?.id ?? ''
})

afterEach(() => {
  // Whatever was tried, it was no bug of ours: those are printed with a reference.
  const bugs = printed.match(/^(?:\[\w+\] )?\[[0-9a-f-]{8,36}\] .*/gm) ?? []
  printed = ''
  if (bugs.length > 0) throw new Error(bugs.join('\n'))
})

afterAll(async () => {
  await host.stop()
  rmSync(folder, { recursive: true })
})

/** Id of a place below the root, entered folder by folder. */
async function place(...names: readonly string[]): Promise<string> {
  let { entries } = await host.call('places', 'list', { placeId: null, files: 'images' })
  let id = entries[0]?.placeId ?? ''
  for (const name of names) {
    ;({ entries } = await host.call('places', 'list', { placeId: id, files: 'images' }))
    id = entries.find((entry) => entry.name === name)?.placeId ?? ''
  }
  return id
}

/** What the page itself sends with a call. */
function own(more: Readonly<Record<string, string | null>> = {}): Record<string, string | null> {
  return {
    Host: authority,
    Origin: origin,
    Authorization: `Bearer ${token}`,
    'Content-Type': 'application/json',
    ...more,
  }
}

function ask(request: RawRequest): Promise<RawAnswer> {
  return sendRaw(port, rawRequest({ ...request, headers: { Host: authority, ...request.headers } }))
}

function call(
  path: string,
  headers: Readonly<Record<string, string | null>> = {},
  input: unknown = {},
): Promise<RawAnswer> {
  const body = JSON.stringify({ callId: crypto.randomUUID(), input })
  return ask({ method: 'POST', target: `/rpc/${path}`, headers: own(headers), body })
}

/** One refusal, without a word that was not for the caller and without a door left open for another origin. */
function expectRefused(answer: RawAnswer, ...statuses: readonly number[]): void {
  expect(statuses, answer.text).toContain(answer.status)
  expect(answer.count).toBe(answer.status === 0 ? 0 : 1)
  for (const word of [secret, token, folder, 'node_modules', '<title>page</title>'])
    expect(answer.text).not.toContain(word)
  expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
}

/** A call that reached the router, and was answered with this error. */
function expectError(answer: RawAnswer, ...codes: readonly string[]): void {
  expect(answer.status, answer.text).toBe(200)
  const { error } = z.object({ error: z.object({ code: z.string() }) }).parse(fromWire(answer.body))
  expect(codes).toContain(error.code)
  expect(answer.text).not.toContain(secret)
}

test('no attack: everything right is answered, else every refusal below would prove nothing', async () => {
  expect(await call('app.info')).toMatchObject({ status: 200, count: 1 })
  expect((await ask({})).body).toContain('<title>page</title>')
  const tile = await ask({
    target: tilePath(projectId, imageId, 0, 0, 0),
    headers: { Authorization: `Bearer ${token}` },
  })
  expect([tile.status, tile.headers.get('content-length')]).toEqual([200, String(64 * 48 * 3)])
})

describe('another name for this address (DNS rebinding)', () => {
  test.each<[string, () => string | null, readonly number[]]>([
    ['a foreign name', () => 'evil.example', [403]],
    ['a foreign name with our port', () => `evil.example:${port}`, [403]],
    ['localhost', () => `localhost:${port}`, [403]],
    ['our address without the port', () => '127.0.0.1', [403]],
    ['our address with another port', () => `127.0.0.1:${port + 1}`, [403]],
    ['our address as the beginning of a name', () => `${authority}.evil.example`, [403]],
    ['our address as a user name', () => `${authority}@evil.example`, [403]],
    ['our address in another spelling', () => `127.1:${port}`, [403]],
    ['our address as one number', () => `2130706433:${port}`, [403]],
    ['our address in IPv6', () => `[::ffff:127.0.0.1]:${port}`, [403]],
    ['a dot at the end', () => `127.0.0.1.:${port}`, [403]],
    ['nothing', () => '', [400, 403]],
    ['no header at all', () => null, [400]],
  ])('Host: %s', async (_name, name, statuses) => {
    expectRefused(await call('app.info', { Host: name() }), ...statuses)
    expectRefused(await ask({ headers: { Host: name() } }), ...statuses)
  })

  test('Host twice, ours first or second', async () => {
    const rest = 'Connection: close\r\n\r\n'
    expectRefused(
      await sendRaw(port, `GET / HTTP/1.1\r\nHost: ${authority}\r\nHost: evil.example\r\n${rest}`),
      400,
      403,
    )
    expectRefused(
      await sendRaw(port, `GET / HTTP/1.1\r\nHost: evil.example\r\nHost: ${authority}\r\n${rest}`),
      400,
      403,
    )
  })

  test('ours in the headers of a proxy', async () => {
    const headers = { Host: 'evil.example', 'X-Forwarded-Host': authority, Forwarded: `host=${authority}` }
    expectRefused(await call('app.info', headers), 403)
  })

  test('ours in an absolute address, a foreign one in Host', async () => {
    expectRefused(await ask({ target: `http://${authority}/`, headers: { Host: 'evil.example' } }), 403)
  })

  test('a foreign absolute address, ours in Host', async () => {
    expectRefused(await ask({ target: 'http://evil.example/' }), 404)
  })

  test('HTTP/1.0, which needs no Host', async () => {
    expectRefused(await sendRaw(port, 'GET / HTTP/1.0\r\n\r\n'), 403)
  })
})

describe('another origin', () => {
  test.each([
    ['a foreign site', () => 'http://evil.example'],
    ['a foreign site with our port', () => `http://evil.example:${port}`],
    ['an opaque one', () => 'null'],
    ['https', () => `https://${authority}`],
    ['localhost', () => `http://localhost:${port}`],
    ['another program on this machine', () => `http://127.0.0.1:${port + 1}`],
    ['ours with a slash', () => `${origin}/`],
    ['ours as the beginning of a name', () => `${origin}.evil.example`],
    ['ours and another', () => `${origin}, http://evil.example`],
    ['a file', () => 'file://'],
    ['an extension', () => 'chrome-extension://abcdefgh'],
    ['the desktop window', () => 'app://studio'],
    ['an empty one', () => ''],
  ])('Origin: %s', async (_name, from) => {
    expectRefused(await call('app.info', { Origin: from() }), 403)
    const headers = { Authorization: `Bearer ${token}`, Origin: from() }
    expectRefused(await ask({ target: tilePath(projectId, imageId, 0, 0, 0), headers }), 403)
  })

  test('a call without an Origin', async () => {
    expectRefused(await call('app.info', { Origin: null }), 403)
  })

  test('a call without an Origin, but with a fitting Referer', async () => {
    expectRefused(await call('app.info', { Origin: null, Referer: `${origin}/` }), 403)
  })

  test('a preflight is answered without any permission', async () => {
    for (const from of ['http://evil.example', origin]) {
      const answer = await ask({
        method: 'OPTIONS',
        target: '/rpc/app.info',
        headers: {
          Origin: from,
          'Access-Control-Request-Method': 'POST',
          'Access-Control-Request-Headers': 'authorization, content-type',
          'Access-Control-Request-Private-Network': 'true',
        },
      })
      expectRefused(answer, 403, 405)
    }
  })
})

describe('no token, or a wrong one', () => {
  const wrong: readonly (readonly [string, () => Record<string, string | null>])[] = [
    ['none', () => ({ Authorization: null })],
    ['an empty one', () => ({ Authorization: 'Bearer ' })],
    ['one of the same length', () => ({ Authorization: `Bearer ${'A'.repeat(token.length)}` })],
    ['all but its last character', () => ({ Authorization: `Bearer ${token.slice(0, -1)}` })],
    ['one character more', () => ({ Authorization: `Bearer ${token}A` })],
    ['another case', () => ({ Authorization: `Bearer ${token.toUpperCase()}` })],
    ['a very long one', () => ({ Authorization: `Bearer ${'A'.repeat(8000)}` })],
    ['the token and another', () => ({ Authorization: `Bearer ${token}, Bearer A` })],
    ['without its scheme', () => ({ Authorization: token })],
    ['as a password', () => ({ Authorization: `Basic ${Buffer.from(`:${token}`).toString('base64')}` })],
    ['in a cookie', () => ({ Authorization: null, Cookie: `t=${token}; token=${token}; authorization=${token}` })],
    ['in another header', () => ({ Authorization: null, 'X-Authorization': `Bearer ${token}`, 'X-Token': token })],
  ]

  test.each(wrong)('%s', async (_name, headers) => {
    expectRefused(await call('app.info', headers()), 401)
    const media = { Authorization: `Bearer ${token}`, ...headers() }
    expectRefused(await ask({ target: thumbnailPath(projectId, imageId), headers: media }), 401)
  })

  test('in the query', async () => {
    const query = `?t=${token}&token=${token}&authorization=Bearer%20${token}`
    expectRefused(await call(`app.info${query}`, { Authorization: null }), 401)
    expectRefused(await ask({ target: `${thumbnailPath(projectId, imageId)}${query}` }), 401)
  })

  test('in the body', async () => {
    const body = JSON.stringify({ callId: 'a', input: {}, token, authorization: `Bearer ${token}` })
    expectRefused(
      await ask({ method: 'POST', target: '/rpc/app.info', headers: own({ Authorization: null }), body }),
      401,
    )
  })

  test('on the command line of its processes, for everybody to read', async () => {
    await ask({ target: thumbnailPath(projectId, imageId), headers: { Authorization: `Bearer ${token}` } })
    const ids = [host.child.pid, host.hostPid, ...Object.values(host.children())].filter((id) => typeof id === 'number')
    expect(ids.length).toBeGreaterThan(1)
    for (const id of ids) {
      expect(readFileSync(`/proc/${id}/cmdline`, 'utf8')).not.toContain(token)
      expect(readFileSync(`/proc/${id}/environ`, 'utf8')).not.toContain(token)
    }
  })
})

describe('another method', () => {
  test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'SEARCH', 'PURGE'])(
    '%s of a call',
    async (method) => {
      expectRefused(await ask({ method, target: '/rpc/app.info', headers: own() }), 405)
    },
  )

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'MKCOL'])('%s of the page and of media', async (method) => {
    expectRefused(await ask({ method, headers: own() }), 405)
    expectRefused(await ask({ method, target: thumbnailPath(projectId, imageId), headers: own() }), 405)
  })

  test('CONNECT, as if it were a proxy', async () => {
    expectRefused(await sendRaw(port, `CONNECT evil.example:443 HTTP/1.1\r\nHost: ${authority}\r\n\r\n`), 0, 403, 405)
  })

  test('a made-up method', async () => {
    expectRefused(await ask({ method: 'STEAL', headers: own() }), 400)
  })

  test('another method in a header or a field', async () => {
    const headers = own({ 'X-HTTP-Method-Override': 'POST', 'X-Method-Override': 'POST' })
    expectRefused(await ask({ target: '/rpc/app.info?_method=POST', headers }), 405)
  })
})

describe('what a form or a simple request can send', () => {
  test.each([
    ['text', 'text/plain'],
    ['a form', 'application/x-www-form-urlencoded'],
    ['a form with files', 'multipart/form-data; boundary=x'],
    ['text that speaks of JSON', 'text/plain; application/json'],
    ['something like JSON', 'application/json-patch+json'],
    ['JSON in another alphabet', 'application/json; charset=utf-16'],
    ['two types', 'application/json, text/plain'],
    ['nothing', null],
  ])('%s', async (_name, type) => {
    expectRefused(await call('app.info', { 'Content-Type': type }), 415)
  })
})

describe('bodies', () => {
  const post = (headers: Readonly<Record<string, string | null>>, body: string): Promise<RawAnswer> =>
    ask({ method: 'POST', target: '/rpc/app.info', headers: own(headers), body })

  test('a declared terabyte is refused before it is sent', async () => {
    expectRefused(await post({ 'Content-Length': '1099511627776' }, ''), 413)
  })

  test('more than allowed, declared honestly', async () => {
    expectRefused(await post({}, ' '.repeat((1 << 20) + 1)), 413)
  })

  test('more than allowed, in pieces without a declared size', async () => {
    const piece = `10000\r\n${' '.repeat(0x10000)}\r\n`
    expectRefused(await post({ 'Content-Length': null, 'Transfer-Encoding': 'chunked' }, piece.repeat(17)), 413)
  })

  test('more than allowed for the one large call', async () => {
    const headers = own({ 'Content-Length': String((16 << 20) + 1) })
    expectRefused(await ask({ method: 'POST', target: '/rpc/history.commit', headers }), 413)
  })

  test('a small body that unpacks to a large one', async () => {
    const packed = gzipSync(' '.repeat(50 << 20)).toString('latin1')
    expectRefused(await post({ 'Content-Encoding': 'gzip' }, packed), 400)
  })

  test('brackets in brackets, half a million deep', async () => {
    expectRefused(await post({}, '['.repeat(500_000)), 400)
    expectRefused(await post({}, `${'['.repeat(250_000)}${']'.repeat(250_000)}`), 400)
  })

  test('objects in objects, as the input of a call', async () => {
    const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`
    expectRefused(await post({}, `{"callId":"a","input":${deep}}`), 400)
  })

  test('a number, a string and a list instead of a call', async () => {
    for (const body of ['1', '"app.info"', '[]', '{}', '', 'undefined', '{"callId":1,"input":{}}']) {
      expectRefused(await post({}, body), 400)
    }
  })

  test('bytes that are no text', async () => {
    expectRefused(await post({}, '\xff\xfe{\x00}\x00'), 400)
  })

  test.each(['-1', '+5', '0x10', '1e3', '5, 5', '5 5', '', '99999999999999999999999'])(
    'Content-Length: %s',
    async (length) => {
      expectRefused(await post({ 'Content-Length': length }, '{"a"}'), 400, 413)
    },
  )
})

describe('two requests in one, for whoever reads them differently', () => {
  const inner = (): string => `POST /rpc/app.info HTTP/1.1\r\nHost: ${authority}\r\n\r\n`
  const head = (...lines: readonly string[]): string =>
    [
      'POST /rpc/app.info HTTP/1.1',
      ...Object.entries(own({ Connection: 'close' })).map(([name, value]) => `${name}: ${value}`),
      ...lines,
      '\r\n',
    ].join('\r\n')

  test.each<[string, () => string]>([
    ['two lengths', () => `${head('Content-Length: 2', `Content-Length: ${inner().length + 2}`)}{}${inner()}`],
    ['the same length twice', () => `${head('Content-Length: 2', 'Content-Length: 2')}{}`],
    ['a length and chunks', () => `${head('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n${inner()}`],
    ['chunks and a length', () => `${head('Transfer-Encoding: chunked', 'Content-Length: 5')}0\r\n\r\n${inner()}`],
    ['a space before the colon', () => `${head('Transfer-Encoding : chunked')}0\r\n\r\n${inner()}`],
    ['an unknown encoding', () => `${head('Transfer-Encoding: xchunked')}0\r\n\r\n${inner()}`],
    ['chunks that are not last', () => `${head('Transfer-Encoding: chunked, identity')}0\r\n\r\n${inner()}`],
    ['a folded header', () => `${head('Transfer-Encoding:\r\n chunked')}0\r\n\r\n${inner()}`],
    ['a size that is no number', () => `${head('Transfer-Encoding: chunked')}zz\r\n{}\r\n0\r\n\r\n${inner()}`],
    ['a negative size', () => `${head('Transfer-Encoding: chunked')}-2\r\n{}\r\n0\r\n\r\n${inner()}`],
    ['a size with a prefix', () => `${head('Transfer-Encoding: chunked')}0x2\r\n{}\r\n0\r\n\r\n${inner()}`],
    [
      'a chunk that is longer than it says',
      () => `${head('Transfer-Encoding: chunked')}1\r\n{}\r\n0\r\n\r\n${inner()}`,
    ],
    ['line feeds alone', () => `${head('Content-Length: 2').replaceAll('\r\n', '\n')}{}${inner()}`],
    ['carriage returns alone', () => `${head('Content-Length: 2').replaceAll('\r\n', '\r')}{}`],
    ['a NUL in a header', () => `${head('X-A: a\0b', 'Content-Length: 2')}{}`],
    ['a header without a name', () => `${head(': a', 'Content-Length: 2')}{}`],
  ])('%s', async (_name, bytes) => {
    expectRefused(await sendRaw(port, bytes()), 400)
  })

  test('a second request in the body of a read is part of that body', async () => {
    const body = inner()
    const answer = await ask({ headers: { 'Content-Length': String(body.length) }, body })
    expect([answer.status, answer.count]).toEqual([200, 1])
  })

  test('a second request behind the first is judged by itself', async () => {
    const first = rawRequest({ headers: { Host: authority, Connection: 'keep-alive' } })
    const second = rawRequest({ method: 'POST', target: '/rpc/app.info', headers: { Host: authority }, body: '{}' })
    const answer = await sendRaw(port, first + second)
    expect([...answer.text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status)).toEqual(['200', '403'])
  })

  test('a refused large body is not read as the next request', async () => {
    const large = rawRequest({
      method: 'POST',
      target: '/rpc/app.info',
      headers: own({ Connection: 'keep-alive', 'Content-Length': String(4 << 20) }),
    })
    const hidden = rawRequest({
      method: 'POST',
      target: '/rpc/app.info',
      headers: own(),
      body: '{"callId":"a","input":{}}',
    })
    expectRefused(await sendRaw(port, large + hidden), 413)
  })

  test.each<[string, string]>([
    ['HTTP/0.9', 'GET /\r\n\r\n'],
    ['the beginning of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['the beginning of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
    ['a version to come', 'GET / HTTP/9.9\r\n\r\n'],
    ['other words', 'HELO evil.example\r\nMAIL FROM:<a@evil.example>\r\n\r\n'],
  ])('another protocol: %s', async (_name, bytes) => {
    expectRefused(await sendRaw(port, bytes), 400, 403, 0)
  })

  test('an upgrade to HTTP/2', async () => {
    const headers = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQAAP__' }
    expectRefused(await ask({ headers }), 403)
  })

  test('headers that fill the memory', async () => {
    expectRefused(await ask({ headers: { 'X-Long': 'a'.repeat(100_000) } }), 431)
  })

  test('line breaks in the address do not become headers of the answer', async () => {
    const answer = await ask({ target: '/%0d%0aSet-Cookie:%20a=b%0d%0a%0d%0a.js' })
    expectRefused(answer, 404)
    expect(answer.headers.has('set-cookie')).toBe(false)
  })
})

describe('files outside the page', () => {
  test.each([
    '/../secret.json',
    '/assets/../../../secret.json',
    '/./../secret.json',
    '//../secret.json',
    '/..;/secret.json',
    '/...//secret.json',
    '/%2e%2e/secret.json',
    '/%2E%2E%2Fsecret.json',
    '/..%2fsecret.json',
    '/assets%2f..%2f..%2fsecret.json',
    '/%252e%252e%252fsecret.json',
    '/%25252e%25252e/secret.json',
    '/..\\secret.json',
    '/..%5csecret.json',
    '/%5c..%5c..%5csecret.json',
    '/%c0%ae%c0%ae/secret.json',
    '/%e0%80%ae%e0%80%ae/secret.json',
    '/%uff0e%uff0e/secret.json',
    '/%ef%bc%8e%ef%bc%8e/secret.json',
    '/assets/app.js%00.json',
    '/%00/../secret.json',
    '/../renderer2/secret.json',
    '/../renderer/../secret.json',
    '/link.json',
    '/linked/secret.json',
    '/assets/../linked/secret.json',
    '/.hidden.json',
    '/assets/secret.db',
    '/assets/',
    '/assets',
    '/etc/passwd',
    '//etc/passwd',
    '///etc/passwd.json',
    '/file:///etc/passwd',
    '/C:/secret.json',
    '/index.html::$DATA',
    '/index.html/../../secret.json',
    '/index.html%20',
    '/index.html.',
    '/con.json',
    '/package.json',
    '/src/main/cli/main.ts',
    '/models/manifest.json',
    '/~root/secret.json',
    '/%zz',
    '/%',
    `/${'a'.repeat(4000)}.json`,
    `/${'a/'.repeat(2000)}a.json`,
    'secret.json',
    '../secret.json',
    '*',
  ])('%s', async (target) => {
    expectRefused(await ask({ target }), 404, 400)
  })

  test('with a byte of zero in the address', async () => {
    expectRefused(await ask({ target: '/assets/app.js\0.json' }), 400)
  })

  test('with a part behind #', async () => {
    expectRefused(await ask({ target: '/index.html#/../secret.json' }), 404, 400)
  })
})

describe('media that nobody has', () => {
  test.each([
    ['a path for a project', () => `/media/../../outside/thumbnail/${imageId}`],
    ['an encoded path', () => `/media/%2e%2e%2f%2e%2e/thumbnail/${imageId}`],
    ['an encoded letter of the right address', () => `/media/${projectId}/thumbnai%6c/${imageId}`],
    ['an encoded slash', () => `/media/${projectId}%2fthumbnail/${imageId}`],
    ['a back slash', () => `/media\\${projectId}\\thumbnail\\${imageId}`],
    ['a dot', () => `/media/./${projectId}/thumbnail/${imageId}`],
    ['an empty part', () => `/media//${projectId}/thumbnail/${imageId}`],
    ['a part more', () => `${thumbnailPath(projectId, imageId)}/a`],
    ['a file name', () => `/media/${projectId}/thumbnail/a.png`],
    ['a foreign project', () => thumbnailPath('00000000-0000-4000-8000-000000000000', imageId)],
    ['a foreign image', () => thumbnailPath(projectId, '00000000-0000-4000-8000-000000000000')],
    ['a foreign image of masks', () => masksPath(projectId, '00000000-0000-4000-8000-000000000000', 0)],
    ['the name of a prototype', () => thumbnailPath('__proto__', 'constructor')],
    ['a kind from the prototype', () => `/media/${projectId}/toString/${imageId}`],
    ['an endless id', () => thumbnailPath('a'.repeat(5000), imageId)],
    ['a negative tile', () => `/media/${projectId}/tile/${imageId}/0/-1/0`],
    ['half a tile', () => `/media/${projectId}/tile/${imageId}/0/0.5/0`],
    ['a tile in another notation', () => `/media/${projectId}/tile/${imageId}/0/0x0/0`],
    ['a tile far away', () => `/media/${projectId}/tile/${imageId}/0/999999999/999999999`],
    ['a level far away', () => `/media/${projectId}/tile/${imageId}/999999999/0/0`],
    ['a number beyond all numbers', () => `/media/${projectId}/tile/${imageId}/0/${'9'.repeat(400)}/0`],
  ])('%s', async (_name, target) => {
    const answer = await ask({ target: target(), headers: { Authorization: `Bearer ${token}` } })
    expectRefused(answer, 404, 422)
  })
})

describe('calls that do not exist', () => {
  test.each([
    '__proto__.x',
    '__proto__.toString',
    'constructor.name',
    'prototype.x',
    'app.__proto__',
    'app.constructor',
    'app.toString',
    'app.hasOwnProperty',
    'app.info.constructor',
    'hasOwnProperty.call',
    'toString.call',
    'app',
    'app.',
    '.info',
    '.',
    '',
    'app.info.',
    'app.info/',
    'app/info',
    'app%2einfo',
    'APP.INFO',
    'project.changed',
    'jobs.progress',
    'cancel.x',
    '../rpc/app.info',
    'app.info%00',
    '*',
  ])('/rpc/%s', async (path) => {
    expectRefused(await call(path), 404)
  })

  test('in another spelling of the address', async () => {
    for (const target of ['/RPC/app.info', '//rpc/app.info', '/rpc//app.info', '/%72pc/app.info', '/./rpc/app.info']) {
      expectRefused(await ask({ method: 'POST', target, headers: own(), body: '{"callId":"a","input":{}}' }), 404, 405)
    }
  })

  test.each([
    ['a prototype as input', '{"__proto__":{"placeId":null}}'],
    ['a prototype beside the input', '{"placeId":null,"__proto__":{"polluted":1}}'],
    ['a constructor', '{"placeId":null,"constructor":{"prototype":{"polluted":1}}}'],
    ['a field more', '{"placeId":null,"path":"/etc"}'],
    ['a list', '[null]'],
    ['bytes for an id', '{"placeId":{"$bytes":"AAAA"}}'],
    ['a list for an id', '{"placeId":["a"]}'],
    ['a query for an id', '{"placeId":{"$ne":null}}'],
  ])('an input with %s', async (_name, input) => {
    const body = `{"callId":"${crypto.randomUUID()}","input":${input}}`
    expectError(await ask({ method: 'POST', target: '/rpc/places.list', headers: own(), body }), 'InvalidInput')
    expect(await call('places.list', {}, { placeId: null, files: 'none' })).toMatchObject({ status: 200 })
  })

  test('a prototype as the name of a call under way', async () => {
    for (const callId of ['__proto__', 'constructor', 'toString']) {
      const body = JSON.stringify({ callId })
      const cancelled = await ask({ method: 'POST', target: '/rpc/cancel', headers: own(), body })
      expect(fromWire(cancelled.body)).toEqual({ ok: true, value: {} })
    }
  })

  test('SQL in a place where an id belongs', async () => {
    const imageId = "' OR 1=1; DROP TABLE images; --"
    expectError(await call('images.get', {}, { projectId, imageId }), 'InvalidInput', 'NotFound')
    const { total } = await host.call('images', 'list', { projectId, filter: {}, sort: 'name', offset: 0, limit: 1 })
    expect(total).toBe(1)
  })
})

describe('folders that were not given', () => {
  test.each(['/etc', '/', '..', '../outside', 'file:///etc', '~', 'AAAAAAAAAAAAAAAA', '__proto__', 'constructor'])(
    'the id %s',
    async (placeId) => {
      expectError(await call('places.list', {}, { placeId, files: 'none' }), 'NotFound', 'InvalidInput')
      expectError(await call('project.open', {}, { placeId }), 'NotFound', 'InvalidInput')
      expectError(await call('project.open', {}, { recentId: placeId }), 'NotFound', 'InvalidInput')
      const stolen = { projectId, placeIds: [placeId], copy: true }
      expectError(await call('images.import', {}, stolen), 'NotFound', 'InvalidInput')
      expectError(await call('formats.recognise', {}, { placeId }), 'NotFound', 'InvalidInput')
    },
  )

  test('a link that leads out is not shown, nor a picture behind one', async () => {
    const { entries } = await host.call('places', 'list', { placeId: await place(), files: 'images' })
    expect(entries.map(({ name }) => name)).not.toEqual(expect.arrayContaining(['way-out']))
    expect(entries.map(({ name }) => name)).not.toEqual(expect.arrayContaining(['dangling']))
    const photos = await host.call('places', 'list', { placeId: await place('photos'), files: 'images' })
    expect(photos.entries.map(({ name }) => name)).toEqual(['a.png'])
  })

  test('a folder that becomes a link to the outside after it was listed', async () => {
    const placeId = await place('inner')
    rmSync(join(home, 'inner'), { recursive: true })
    symlinkSync(outside, join(home, 'inner'))
    const spec = { ...masksSpec, segmentation: 'rle', include: 'all' }
    expectError(await call('places.list', {}, { placeId, files: 'none' }), 'Forbidden')
    expectError(await call('places.createFolder', {}, { placeId, name: 'new' }), 'Forbidden')
    expectError(await call('formats.recognise', {}, { placeId }), 'Forbidden')
    expectError(await call('project.create', {}, { placeId, name: 'new' }), 'Forbidden')
    expectError(await call('project.open', {}, { placeId }), 'Forbidden')
    expectError(await call('images.import', {}, { projectId, placeIds: [placeId], copy: true }), 'Forbidden')
    expectError(await call('export.run', {}, { projectId, placeId, name: 'new', spec }), 'Forbidden')
    expect(readdirSync(outside).sort()).toEqual(['b.png', 'secret.json'])
  })

  test.each(['way-out', 'dangling'])('writing through the link %s that lies in an allowed folder', async (name) => {
    const placeId = await place()
    const spec = { ...masksSpec, segmentation: 'rle', include: 'all' }
    expectError(await call('places.createFolder', {}, { placeId, name }), 'Forbidden')
    expectError(await call('project.create', {}, { placeId, name }), 'Forbidden')
    expectError(await call('export.run', {}, { projectId, placeId, name, spec }), 'Forbidden')
    expect(readdirSync(outside).sort()).toEqual(['b.png', 'secret.json'])
  })

  test.each([
    '..',
    '.',
    '../x',
    '../../outside/x',
    'a/b',
    'a\\b',
    '/etc/x',
    'C:\\x',
    'a\0b',
    'a\nb',
    '.hidden',
    'CON',
    'x.',
    ' ',
    '~/x',
  ])('a new folder named %j', async (name) => {
    const placeId = await place()
    const before = readdirSync(folder).sort()
    const spec = { ...masksSpec, segmentation: 'rle', include: 'all' }
    expectError(await call('places.createFolder', {}, { placeId, name }), 'InvalidInput')
    expectError(await call('project.create', {}, { placeId, name }), 'InvalidInput')
    expectError(await call('export.run', {}, { projectId, placeId, name, spec }), 'InvalidInput')
    expect(readdirSync(folder).sort()).toEqual(before)
    expect(existsSync(join(outside, 'x'))).toBe(false)
  })
})

describe('the events connection', () => {
  interface Listener {
    readonly messages: unknown[]
    /** The code with which it ended. */
    readonly ended: Promise<number>
    readonly socket: WebSocket
  }

  /** Connects; `first` is said at once. */
  function listen(first: string | Uint8Array | null, headers: Readonly<Record<string, string>> = { origin }): Listener {
    const socket = new WebSocket(`ws://${authority}/events`, { headers })
    const messages: unknown[] = []
    socket.on('message', (data) => messages.push(fromWire(String(data as Buffer))))
    socket.on('error', () => undefined)
    if (first !== null) socket.on('open', () => socket.send(first))
    return { socket, messages, ended: new Promise((resolve) => socket.on('close', (code) => resolve(code))) }
  }

  const rightToken = (): string => JSON.stringify({ token })

  test('no attack: our origin with the token is let in', async () => {
    const { socket, messages, ended } = listen(rightToken())
    await expect.poll(() => messages).toEqual([{ type: 'ready' }])
    socket.close()
    await ended
  })

  test.each(['http://evil.example', 'null', 'https://127.0.0.1', 'http://localhost', 'app://studio'])(
    'another origin that knows the token: %s',
    async (from) => {
      const { messages, ended } = listen(rightToken(), { origin: from })
      expect(await ended).toBe(1006)
      expect(messages).toEqual([])
    },
  )

  test('no origin at all', async () => {
    const { messages, ended } = listen(rightToken(), {})
    expect(await ended).toBe(1006)
    expect(messages).toEqual([])
  })

  test('another name for this address', async () => {
    const { messages, ended } = listen(rightToken(), { origin, host: `evil.example:${port}` })
    expect(await ended).toBe(1006)
    expect(messages).toEqual([])
  })

  test('no token for two seconds', async () => {
    const started = performance.now()
    const { messages, ended } = listen(null)
    expect(await ended).toBe(1008)
    expect(performance.now() - started).toBeGreaterThan(1_500)
    expect(messages).toEqual([])
  })

  test.each<[string, () => string | Uint8Array]>([
    ['a wrong token', () => JSON.stringify({ token: 'A'.repeat(token.length) })],
    ['a token of another length', () => JSON.stringify({ token: token.slice(1) })],
    ['the token in other words', () => token],
    ['the token and more', () => JSON.stringify({ token, more: 1 })],
    ['the token as bytes', () => Buffer.from(rightToken())],
    ['a prototype', () => '{"__proto__":{"token":"x"}}'],
    ['a frame that is too large', () => JSON.stringify({ token: 'A'.repeat(100_000) })],
    ['brackets in brackets', () => '['.repeat(4_000)],
  ])('%s', async (_name, first) => {
    const { messages, ended } = listen(first())
    expect([1006, 1008, 1009]).toContain(await ended)
    expect(messages).toEqual([])
  })

  test('the token in the address', async () => {
    const socket = new WebSocket(`ws://${authority}/events?token=${token}`, { headers: { origin } })
    socket.on('error', () => undefined)
    expect(await new Promise<number>((resolve) => socket.on('close', resolve))).toBe(1006)
  })

  test('frames that break the protocol', async () => {
    const upgrade = rawRequest({
      target: '/events',
      headers: {
        Host: authority,
        Origin: origin,
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      },
    })
    // Not masked; all reserved bits; a control frame that is too long; a text that is no text.
    for (const frame of ['\x81\x02{}', '\xf1\x80\0\0\0\0', '\x89\xfe\x10\0\0\0\0\0', '\x81\x82\0\0\0\0\xff\xff']) {
      const answer = await sendRaw(port, upgrade + frame)
      expect(answer.status).toBe(101)
      expect(answer.text).not.toContain('ready')
    }
  })

  test('a flood of messages from one that was let in', async () => {
    const { socket, messages, ended } = listen(rightToken())
    await expect.poll(() => messages).toHaveLength(1)
    for (let sent = 0; sent < 10_000; sent++) socket.send('{"type":"event"}', () => undefined)
    expect([1006, 1008]).toContain(await ended)
    expect(await call('app.info')).toMatchObject({ status: 200 })
  })

  test('more connections than any page needs', async () => {
    const many = Array.from({ length: 100 }, () => listen(rightToken()))
    await expect.poll(() => many.filter(({ messages }) => messages.length === 1).length).toBe(64)
    await expect.poll(() => many.filter(({ socket }) => socket.readyState === WebSocket.CLOSED).length).toBe(36)
    expect(await call('app.info')).toMatchObject({ status: 200 })
    for (const { socket } of many) socket.terminate()
    await Promise.all(many.map(({ ended }) => ended))
    // Room again as soon as the others are gone.
    await expect
      .poll(async () => {
        const { socket, messages, ended } = listen(rightToken())
        await Promise.race([ended, new Promise((resolve) => socket.once('message', resolve))])
        socket.terminate()
        return messages.length
      })
      .toBe(1)
  })
})

test('hundreds of connections that say nothing do not keep the page from its answers', async () => {
  const silent = await Promise.all(Array.from({ length: 400 }, () => openRaw(port)))
  for (const socket of silent) socket.write('GET / HTTP/1.1\r\nHost: ')
  expect(await call('app.info')).toMatchObject({ status: 200 })
  expect((await ask({})).status).toBe(200)
  for (const socket of silent) socket.destroy()
})

test('every answer forbids frames, sniffing and use by another origin', async () => {
  const answers = [
    await ask({}),
    await ask({ target: '/assets/app.js' }),
    await ask({ target: '/missing.js' }),
    await ask({ target: thumbnailPath(projectId, imageId), headers: { Authorization: `Bearer ${token}` } }),
    await call('app.info'),
    await call('app.info', { Host: 'evil.example' }),
    await call('app.info', { Authorization: null }),
  ]
  for (const { headers } of answers) {
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
    expect(headers.get('content-security-policy')).not.toMatch(/unsafe|\*/)
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.has('server')).toBe(false)
    expect(headers.has('x-powered-by')).toBe(false)
  }
})

test('after all of this the studio works as before', async () => {
  const { total, items } = await host.call('images', 'list', {
    projectId,
    filter: {},
    sort: 'name',
    offset: 0,
    limit: 10,
  })
  expect([total, items[0]?.name]).toEqual([1, 'a.png'])
  expect(readdirSync(home).sort()).toEqual(['Project', 'dangling', 'inner', 'photos', 'way-out'])
  expect(readdirSync(outside).sort()).toEqual(['b.png', 'secret.json'])
})

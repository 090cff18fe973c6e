import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createPageHandler } from '../../src/main/electron/protocol.ts'
import { createMediaHandler } from '../../src/main/host/media.ts'

let folder = ''
let log: string[] = []
let asked: string[] = []
let handler: (request: Request) => Promise<Response>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'page-'))
  log = []
  asked = []
  await mkdir(join(folder, 'page', 'assets'), { recursive: true })
  await mkdir(join(folder, 'page2'))
  await writeFile(join(folder, 'page', 'index.html'), '<!doctype html>')
  await writeFile(join(folder, 'page', 'assets', 'app-1.js'), 'export {}')
  await writeFile(join(folder, 'page', '.env.json'), '{}')
  await writeFile(join(folder, 'page', 'assets', 'notes.exe'), 'x')
  await writeFile(join(folder, 'secret.json'), 'secret')
  await writeFile(join(folder, 'page2', 'secret.json'), 'secret')
  await symlink(join(folder, 'secret.json'), join(folder, 'page', 'link.json'))
  await symlink(join(folder, 'page2'), join(folder, 'page', 'out'))
  if (process.platform !== 'win32') {
    for (const name of ['a\\b.json', 'a:b.json']) await writeFile(join(folder, 'page', name), '{}')
  }
  const content = (text: string) => (_project: string, image: string) => {
    asked.push(`${text} ${image}`)
    if (image === 'bug') throw new Error('secret')
    return Promise.resolve({ bytes: Buffer.from(text), contentType: 'application/octet-stream' })
  }
  handler = createPageHandler({
    rendererFolder: join(folder, 'page'),
    page: (html) => html,
    media: createMediaHandler(
      { thumbnail: content('thumbnail'), overlay: content('overlay'), tile: content('tile'), masks: content('masks') },
      { log: (line) => log.push(line) },
    ),
    log: (line) => log.push(line),
  })
})

afterEach(() => rm(folder, { recursive: true }))

function get(path: string, init: RequestInit = {}): Promise<Response> {
  return handler(new Request(path.includes('://') ? path : `app://studio${path}`, init))
}

/** As Electron tells who asks. */
function from(origin: string | null, path: string): Promise<Response> {
  return handler(Object.assign(new Request(`app://studio${path}`), { initiatorOrigin: origin }))
}

test('page and media lie on one origin', async () => {
  const index = await get('/')
  expect([index.status, index.headers.get('Content-Type'), await index.text()]).toEqual([
    200,
    'text/html; charset=utf-8',
    '<!doctype html>',
  ])
  const script = await get('/assets/app-1.js?v=1')
  expect([script.headers.get('Content-Type'), script.headers.get('Content-Length')]).toEqual([
    'text/javascript; charset=utf-8',
    '9',
  ])
  const tile = await get('/media/p/tile/i/0/0/0')
  expect([tile.status, await tile.text(), asked]).toEqual([200, 'tile', ['tile i']])
  const head = await get('/assets/app-1.js', { method: 'HEAD' })
  expect([head.status, head.headers.get('Content-Length'), await head.text()]).toEqual([200, '9', ''])
})

test('every answer carries the policy headers, errors too', async () => {
  const answers = [
    await get('/'),
    await get('/missing.js'),
    await get('/media/p/thumbnail/i'),
    await get('/media/p/thumbnail/bug'),
    await get('/media/nothing'),
    await get('app://other/'),
    await get('/', { method: 'POST' }),
    await from('https://example.org', '/media/p/thumbnail/i'),
  ]
  for (const { headers } of answers) {
    expect(headers.get('Content-Security-Policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
    expect(headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin')
    expect(headers.get('Cross-Origin-Embedder-Policy')).toBe('require-corp')
    expect(headers.get('Cross-Origin-Resource-Policy')).toBe('same-origin')
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(headers.get('Referrer-Policy')).toBe('no-referrer')
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
  }
})

test('only GET and HEAD, only our host, only for our page', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    for (const path of ['/', '/media/p/thumbnail/i']) {
      const answer = await get(path, { method })
      expect([method, answer.status, answer.headers.get('Allow')]).toEqual([method, 405, 'GET, HEAD'])
    }
  }
  for (const url of ['app://other/', 'app://studio.example.org/', 'app://studio:8080/', 'app2://studio/']) {
    expect([url, (await get(url)).status]).toEqual([url, 403])
  }
  for (const origin of ['https://example.org', 'app://other', 'null', null]) {
    expect([origin, (await from(origin, '/media/p/thumbnail/i')).status]).toEqual([origin, 403])
  }
  expect((await from('app://studio', '/media/p/thumbnail/i')).status).toBe(200)
  expect(asked).toEqual(['thumbnail i'])
})

test('nothing outside the page, in any spelling', async () => {
  for (const path of [
    '/../secret.json',
    '/assets/../../secret.json',
    '/%2e%2e/secret.json',
    '/%2e%2e%2fsecret.json',
    '/..%2fsecret.json',
    '/..%2fpage2%2fsecret.json',
    '/..%5csecret.json',
    '/..\\secret.json',
    '/%252e%252e/secret.json',
    '/assets/%00app-1.js',
    '/%zz',
    '/link.json',
    '/out/secret.json',
    '/assets/notes.exe',
    '/assets/',
    '/.env.json',
    '/C:/secret.json',
    '/a%5cb.json',
    '/a:b.json',
    '/%252e%252e%252fsecret.json',
    '/assets%252fapp-1.js',
    `/${'a'.repeat(5000)}.js`,
  ]) {
    const answer = await get(path)
    expect([path, answer.status, await answer.text()]).toEqual([path, 404, ''])
  }
  for (const path of ['/media/../secret.json', '/media/p/..%2f..%2fsecret.json', '/media/p/thumbnail/%2e%2e%2fi']) {
    expect([path, (await get(path)).status]).toEqual([path, 404])
  }
  expect([asked, log]).toEqual([[], []])
})

test('a bug is a bare 500 with a reference in the log', async () => {
  const answer = await get('/media/p/thumbnail/bug')
  expect([answer.status, (await answer.text()).includes('secret')]).toEqual([500, false])
  expect(log.join('\n')).toContain('secret')
  handler = createPageHandler({
    rendererFolder: folder,
    page: (html) => html,
    media: () => Promise.reject(new Error('worse')),
    log: (line) => log.push(line),
  })
  const worse = await get('/media/p/thumbnail/i')
  expect([worse.status, await worse.text(), worse.headers.get('X-Content-Type-Options')]).toEqual([500, '', 'nosniff'])
  expect(log.at(-1)).toContain('worse')
})

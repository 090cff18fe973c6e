import { expect, test } from 'vitest'
import { masksPath, overlayPath, thumbnailPath, tilePath } from '../../shared/contract/media.ts'
import { AppError } from '../../shared/errors.ts'
import { createMediaHandler } from './media.ts'
import type { MediaHandler, MediaSource } from './media.ts'

const log: string[] = []

function start(source: Partial<MediaSource> = {}): { media: MediaHandler; asked: unknown[][] } {
  const asked: unknown[][] = []
  const content =
    (name: string) =>
    (...args: unknown[]) => {
      asked.push([name, ...args.filter((arg) => !(arg instanceof AbortSignal))])
      return Promise.resolve({ bytes: Buffer.from(name), contentType: 'application/octet-stream' })
    }
  const media = createMediaHandler(
    {
      thumbnail: content('thumbnail'),
      overlay: content('overlay'),
      tile: content('tile'),
      masks: content('masks'),
      ...source,
    },
    { log: (line) => log.push(line) },
  )
  return { media, asked }
}

function get(path: string, init?: RequestInit): Request {
  return new Request(`http://127.0.0.1:1${path}`, init)
}

test('each path of the contract reaches its source with its ids and numbers', async () => {
  const { media, asked } = start()
  const paths = [
    thumbnailPath('p', 'i'),
    overlayPath('p', 'i', 7),
    tilePath('p', 'i', 2, 0, 31),
    masksPath('p', 'i', 0),
  ]
  const caching = []
  for (const path of paths) {
    const response = await media(get(path))
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toBe('application/octet-stream')
    const text = await response.text()
    expect(response.headers.get('Content-Length')).toBe(String(text.length))
    caching.push(response.headers.get('Cache-Control'))
  }
  expect(asked).toEqual([
    ['thumbnail', 'p', 'i'],
    ['overlay', 'p', 'i'],
    ['tile', 'p', 'i', 2, 0, 31],
    ['masks', 'p', 'i'],
  ])
  expect(caching).toEqual([
    'private, no-cache',
    'private, max-age=31536000, immutable',
    'no-store',
    'private, max-age=31536000, immutable',
  ])
})

test('anything that is not exactly such a path is 404 and reaches nothing', async () => {
  const { media, asked } = start()
  for (const path of [
    '/media/p/thumbnail/i/1',
    '/media/p/thumbnail/',
    '/media/p/thumbnail/a.b',
    '/media/p/thumbnail/%2e%2e',
    '/media/p/thumbnail/..%2f..%2fetc',
    `/media/p/thumbnail/${'a'.repeat(65)}`,
    '/media/p/original/i',
    '/media/p/tile/i/0/0',
    '/media/p/tile/i/0/0/-1',
    '/media/p/tile/i/0/0/01',
    '/media/p/tile/i/0/0/1e3',
    '/media/p/tile/i/0/0/9999999999',
    '/media/p/overlay/i',
    '/media/p/overlay/i/x',
    '/media//thumbnail/i',
    '/other/p/thumbnail/i',
  ]) {
    const response = await media(get(path))
    expect([path, response.status]).toEqual([path, 404])
    expect(await response.json()).toMatchObject({ ok: false, error: { code: 'NotFound' } })
  }
  expect(asked).toEqual([])
})

test('HEAD has no body, other methods are refused, an unchanged thumbnail is not sent again', async () => {
  const { media } = start()
  const head = await media(get(thumbnailPath('p', 'i'), { method: 'HEAD' }))
  expect([head.status, head.headers.get('Content-Length'), await head.text()]).toEqual([200, '9', ''])
  expect((await media(get(thumbnailPath('p', 'i'), { method: 'POST' }))).status).toBe(405)
  const again = await media(
    get(thumbnailPath('p', 'i'), { headers: { 'If-None-Match': head.headers.get('ETag') ?? '' } }),
  )
  expect([again.status, await again.text()]).toEqual([304, ''])
})

test('expected errors arrive as envelopes, bugs only as a reference', async () => {
  const { media } = start({
    thumbnail: () => Promise.reject(new AppError('InvalidInput', 'imageDamaged', 'a.jpg is damaged.')),
    tile: () => Promise.reject(new Error('secret')),
    masks: () => {
      throw new AppError('NotFound', 'projectNotOpen', 'Not open.')
    },
  })
  const damaged = await media(get(thumbnailPath('p', 'i')))
  expect([damaged.status, damaged.headers.get('Cache-Control')]).toEqual([422, 'no-store'])
  expect(await damaged.json()).toMatchObject({ error: { key: 'imageDamaged' } })
  expect((await media(get(masksPath('p', 'i', 1)))).status).toBe(404)
  const bug = await media(get(tilePath('p', 'i', 0, 0, 0)))
  expect(bug.status).toBe(500)
  expect(await bug.text()).not.toContain('secret')
  expect(log.some((line) => line.includes('secret'))).toBe(true)
})

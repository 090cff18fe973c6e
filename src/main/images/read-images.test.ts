import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createCodec } from './codec-client.ts'
import type { SupervisedCodec } from './codec-client.ts'
import { hashFile, readImages } from './read-images.ts'
import type { ReadImage, ReadImagesOptions } from './read-images.ts'
import { scanForImages } from './scan.ts'
import { createOriginals } from './originals.ts'
import { createThumbnails } from './thumbnails.ts'

let folder = ''
let codec: SupervisedCodec

beforeAll(() => {
  codec = createCodec({ log: () => undefined })
})
afterAll(() => codec.close())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-images-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function picture(name: string, value: number, size = 4): Promise<string> {
  const path = join(folder, name)
  await mkdir(join(path, '..'), { recursive: true })
  await sharp(new Uint8Array(size * size * 3).fill(value), { raw: { width: size, height: size, channels: 3 } })
    .png()
    .toFile(path)
  return path
}

async function read(paths: readonly string[], options: Partial<ReadImagesOptions> = {}): Promise<ReadImage[]> {
  const results: ReadImage[] = []
  for await (const result of readImages(paths, { codec, ...options })) results.push(result)
  return results
}

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}

test('a scan is sorted, skips hidden and foreign files, names by folder, and survives link loops', async () => {
  for (const name of [
    'in/b.JPG',
    'in/a.png',
    'in/sub/c.webp',
    'in/.hidden/d.png',
    'in/.e.png',
    'in/notes.txt',
    'odd.dat',
  ]) {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), '')
  }
  await symlink(join(folder, 'in'), join(folder, 'in', 'sub', 'loop'))
  await symlink(join(folder, 'in', 'a.png'), join(folder, 'in', 'sub', 'link.png'))
  await symlink(join(folder, 'nowhere'), join(folder, 'in', 'sub', 'broken.png'))
  const { files, problems } = await scanForImages([join(folder, 'in'), join(folder, 'odd.dat'), join(folder, 'gone')])
  expect(files.map(({ name }) => name)).toEqual(['a.png', 'b.JPG', 'sub/c.webp', 'sub/link.png', 'odd.dat'])
  expect(problems.map(({ name }) => name)).toEqual(['sub/broken.png', 'gone'])
  expect(problems[1]?.reason).toContain('gone')
  expect(problems[1]?.reason).toContain('ENOENT')
})

test('every file is told in order: image with hash and size, duplicate, or problem with its reason', async () => {
  const a = await picture('in/a.png', 1, 5)
  await cp(a, join(folder, 'in/again.png'))
  await picture('in/known.png', 2)
  await writeFile(join(folder, 'in/bad.png'), 'text')
  await picture('in/z/deep.png', 3)
  const known = await sha256(join(folder, 'in/known.png'))
  const seen: (number | null)[][] = []
  const results = await read([join(folder, 'in')], {
    isKnown: (hash) => hash === known,
    progress: ({ done, total }) => seen.push([done, total]),
  })
  expect(results).toMatchObject([
    {
      kind: 'image',
      name: 'a.png',
      path: a,
      contentHash: await sha256(a),
      probe: { width: 5, height: 5, orientation: 1, format: 'png' },
    },
    { kind: 'duplicate', name: 'again.png' },
    {
      kind: 'problem',
      name: 'bad.png',
      reason: expect.stringContaining('bad.png') as string,
      // What the page needs to say it in its own language.
      error: { key: 'imageUnsupported', params: { file: 'bad.png' } },
    },
    { kind: 'duplicate', name: 'known.png', contentHash: known },
    { kind: 'image', name: 'z/deep.png' },
  ])
  expect(seen).toEqual([
    [1, 5],
    [2, 5],
    [3, 5],
    [4, 5],
    [5, 5],
  ])
})

test('copies keep their name, never overwrite, reuse equal files, and leave nothing temporary', async () => {
  const copyTo = join(folder, 'project/images')
  const a = await picture('in/a.png', 1)
  const sub = await picture('in/sub/b.png', 2)
  await picture('project/images/a.png', 9)
  const before = await readFile(join(copyTo, 'a.png'))
  const first = await read([join(folder, 'in')], { copyTo })
  expect(first.map((result) => (result.kind === 'image' ? result.path : result.kind))).toEqual([
    join(copyTo, 'a-1.png'),
    join(copyTo, 'sub/b.png'),
  ])
  expect(await readFile(join(copyTo, 'a.png'))).toEqual(before)
  expect(await readFile(join(copyTo, 'a-1.png'))).toEqual(await readFile(a))
  expect(await readFile(join(copyTo, 'sub/b.png'))).toEqual(await readFile(sub))
  const second = await read([join(folder, 'in')], { copyTo })
  expect(second).toEqual(first)
  expect((await readdir(copyTo, { recursive: true })).toSorted()).toEqual(['a-1.png', 'a.png', 'sub', 'sub/b.png'])
})

test('a folder that cannot take the copies is the reason of each file', async () => {
  const a = await picture('in/a.png', 1)
  expect(await read([a], { copyTo: join(a, 'images') })).toMatchObject([
    { kind: 'problem', name: 'a.png', reason: expect.stringContaining('cannot be written') as string },
  ])
})

test('aborting ends the reading with Cancelled', async () => {
  for (let index = 0; index < 6; index++) await picture(`in/${index}.png`, index)
  const abort = new AbortController()
  const results: ReadImage[] = []
  const reading = (async () => {
    for await (const result of readImages([join(folder, 'in')], { codec, signal: abort.signal })) {
      results.push(result)
      if (results.length === 2) abort.abort()
    }
  })()
  await expect(reading).rejects.toMatchObject({ code: 'Cancelled' })
  expect(results).toHaveLength(2)
})

test('a decoder killed during an import loses no file', async () => {
  for (let index = 0; index < 12; index++) await picture(`in/${String(index).padStart(2, '0')}.png`, index, 600)
  const results: ReadImage[] = []
  for await (const result of readImages([join(folder, 'in')], { codec })) {
    results.push(result)
    if (results.length === 4) process.kill(codec.pid() ?? 0, 'SIGKILL')
  }
  expect(results.map(({ kind }) => kind)).toEqual(Array.from({ length: 12 }, () => 'image'))
})

test('the thumbnails of a project that lies among the pictures are no pictures', async () => {
  for (const name of ['in/a.png', 'in/cache/b.png', 'in/project/cache/thumbnails/c.jpg', 'in/project/images/d.png']) {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), '')
  }
  await writeFile(join(folder, 'in/project/project.db'), '')
  const names = async (path: string): Promise<string[]> => (await scanForImages([path])).files.map(({ name }) => name)
  expect(await names(join(folder, 'in'))).toEqual(['a.png', 'cache/b.png', 'project/images/d.png'])
  expect(await names(join(folder, 'in/project'))).toEqual(['images/d.png'])
})

test('thumbnails are kept by content hash, and made again when the folder is deleted', async () => {
  const path = await picture('in/a.png', 50, 600)
  const cache = join(folder, 'cache/thumbnails')
  const contentHash = await hashFile(path)
  const originals = createOriginals()
  const thumbnails = createThumbnails({ codec, originals, folder: cache })
  const made = await thumbnails.get(contentHash, path)
  expect(await sharp(made).metadata()).toMatchObject({ format: 'jpeg', width: 256, height: 256 })
  expect(await readdir(cache)).toEqual([`${contentHash}.jpg`])
  await writeFile(join(cache, `${contentHash}.jpg`), 'kept')
  expect(Buffer.from(await thumbnails.get(contentHash, path)).toString()).toBe('kept')
  await rm(cache, { recursive: true })
  expect(new Uint8Array(await thumbnails.get(contentHash, path))).toEqual(made)

  const blocked = createThumbnails({ codec, originals, folder: join(path, 'not-a-folder') })
  expect(new Uint8Array(await blocked.get(contentHash, path))).toEqual(made)
  await expect(thumbnails.get('other', join(folder, 'gone.png'))).rejects.toMatchObject({ code: 'Io' })
})

import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { breakDisk } from '../../../test/support/broken-disk.ts'
import { createPlaces } from './places.ts'
import type { Places } from './places.ts'
import { stagingParts } from './upload-names.ts'
import { createUploads } from './uploads.ts'
import type { Uploads } from './uploads.ts'

let folder = ''
let places: Places
let uploads: Uploads
const staging = (): string => join(folder, 'home', 'uploads')

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'uploads-'))
  await mkdir(join(folder, 'root'))
  places = createPlaces({ roots: [join(folder, 'root')] })
  uploads = await createUploads({ folder: staging(), places, maxBytes: 1000 })
})

afterEach(async () => {
  await uploads.close()
  await rm(folder, { recursive: true })
})

function put(uploadId: string, name: string, content: string): Promise<void> {
  return uploads.receive(uploadId, encodeURIComponent(name), Readable.from([Buffer.from(content)]))
}

/** Every file below the staging folder, without the two folders that are named at random. */
async function staged(): Promise<string[]> {
  const found = await readdir(staging(), { recursive: true, withFileTypes: true }).catch(() => [])
  return found
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(staging().length + 1)
        .split('/')
        .slice(2)
        .join('/'),
    )
    .toSorted()
}

test('files keep their paths below what was given, are lent for one import and then gone', async () => {
  const uploadId = await uploads.begin()
  await put(uploadId, 'a.jpg', 'first')
  await put(uploadId, 'sub/a.jpg', 'second')
  await put(uploadId, 'a.jpg', 'third')
  await put(uploadId, 'notes.txt', 'fourth')
  expect(await staged()).toEqual(['files/a (2).jpg', 'files/a.jpg', 'files/sub/a.jpg', 'odd/notes.txt'])
  const placeIds = uploads.finish(uploadId)
  expect(placeIds).toHaveLength(2)
  expect(places.isLent(placeIds)).toBe(true)
  const [files = '', odd = ''] = placeIds.map((placeId) => places.resolve(placeId))
  expect(await readFile(join(files, 'a (2).jpg'), 'utf8')).toBe('third')
  expect(await readFile(odd, 'utf8')).toBe('fourth')
  expect(() => uploads.finish(uploadId)).toThrow('This upload has ended')
  await places.release(placeIds.slice(0, 1))
  expect(await staged()).toHaveLength(4)
  await places.release(placeIds)
  expect(await staged()).toEqual([])
  expect(places.isLent(placeIds)).toBe(false)
  expect(() => places.resolve(placeIds[0] ?? '')).toThrow()
})

test('the staging folder is for this person alone', async () => {
  const uploadId = await uploads.begin()
  await put(uploadId, 'sub/a.jpg', 'content')
  const [own = ''] = await readdir(staging())
  for (const path of [own, join(own, uploadId), join(own, uploadId, 'files'), join(own, uploadId, 'files', 'sub')]) {
    expect((await stat(join(staging(), path))).mode & 0o777).toBe(0o700)
  }
  expect((await stat(join(staging(), own, uploadId, 'files', 'sub', 'a.jpg'))).mode & 0o777).toBe(0o600)
})

describe('names', () => {
  test('lead nowhere but into the staging folder', () => {
    for (const name of [
      '..',
      '../a.jpg',
      'a/../b.jpg',
      '/etc/passwd',
      'a//b.jpg',
      '',
      './a.jpg',
      'a/',
      'a\0.jpg',
      'x'.repeat(300),
      `${'a/'.repeat(40)}b.jpg`,
    ]) {
      expect(() => stagingParts(encodeURIComponent(name)), name).toThrow('cannot be taken under this name')
    }
    expect(() => stagingParts('%zz')).toThrow('cannot be taken under this name')
    expect(stagingParts(encodeURIComponent('été/ñ 1.jpg'))).toEqual(['été', 'ñ 1.jpg'])
    expect(stagingParts(encodeURIComponent('C:\\x/.hidden/CON.jpg/a|b?.jpg.'))).toEqual([
      'C__x',
      '_hidden',
      '_CON.jpg',
      'a_b_.jpg_',
    ])
  })

  test('whatever is told, the parts are plain names', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.webUrl(),
          fc.array(fc.constantFrom('..', '.', '', 'a', '\\', '/', 'c:')).map((parts) => parts.join('/')),
        ),
        (told) => {
          let parts: string[]
          try {
            parts = stagingParts(encodeURIComponent(told.toWellFormed()))
          } catch (error) {
            expect(error).toMatchObject({ code: 'InvalidInput', key: 'uploadNameUnusable' })
            return
          }
          for (const part of parts) {
            expect(part).not.toMatch(/[/\\:*?"<>|\0]|^\.|[. ]$/)
            expect(part.length).toBeGreaterThan(0)
          }
        },
      ),
    )
  })
})

test('a file over the limit costs itself and leaves no part, the others stay', async () => {
  const uploadId = await uploads.begin()
  await put(uploadId, 'good.jpg', 'content')
  await expect(put(uploadId, 'big.jpg', 'x'.repeat(1001))).rejects.toMatchObject({
    code: 'InvalidInput',
    key: 'uploadTooLarge',
    message: 'big.jpg is larger than the 1000 bytes that can be uploaded; import it from its folder instead.',
  })
  expect(await staged()).toEqual(['files/good.jpg'])
})

test('a full disk ends the upload in one sentence and leaves nothing; the next one works', async () => {
  const uploadId = await uploads.begin()
  await put(uploadId, 'first.jpg', 'content')
  {
    using _broken = breakDisk(staging(), 'ENOSPC')
    const sentence =
      'The disk is full: second.jpg could not be received and nothing of this upload was kept; free some space, then drop the files again.'
    await expect(put(uploadId, 'second.jpg', 'content')).rejects.toMatchObject({ code: 'Io', message: sentence })
    await expect(put(uploadId, 'third.jpg', 'content')).rejects.toMatchObject({ code: 'Io', message: sentence })
  }
  expect(await staged()).toEqual([])
  expect(() => uploads.finish(uploadId)).toThrow('The disk is full')
  uploads.abort(uploadId)
  const again = await uploads.begin()
  await put(again, 'second.jpg', 'content')
  expect(places.resolve(uploads.finish(again)[0] ?? '')).toContain(again)
})

test('aborted in the middle of a file, nothing is left, and the file is told so', async () => {
  const uploadId = await uploads.begin()
  const body = new Readable({ read: () => undefined })
  body.push(Buffer.from('begun'))
  const received = uploads.receive(uploadId, 'a.jpg', body)
  await vi.waitFor(async () => expect(await staged()).toEqual(['files/a.jpg']))
  uploads.abort(uploadId)
  await expect(received).rejects.toMatchObject({ code: 'Cancelled' })
  await vi.waitFor(async () => expect(await staged()).toEqual([]))
  await expect(put(uploadId, 'b.jpg', 'content')).rejects.toMatchObject({ code: 'NotFound', key: 'uploadUnknown' })
})

test('closing takes everything back, also what is on its way', async () => {
  const uploadId = await uploads.begin()
  await put(uploadId, 'a.jpg', 'content')
  const other = await uploads.begin()
  const body = new Readable({ read: () => undefined })
  body.push(Buffer.from('begun'))
  const received = uploads.receive(other, 'b.jpg', body).catch((error: unknown) => error)
  const lent = await uploads.begin()
  await put(lent, 'c.jpg', 'content')
  uploads.finish(lent)
  await uploads.close()
  expect(await received).toMatchObject({ code: 'Cancelled' })
  expect(await readdir(staging())).toEqual([])
})

test('what a killed program left is removed at the next start, what a running one has is not', async () => {
  const dead = join(staging(), `${2 ** 22 + 1}-0123456789ab`, 'u', 'files')
  const alive = join(staging(), `${process.ppid}-0123456789ab`, 'u', 'files')
  const foreign = join(staging(), 'mine')
  for (const path of [dead, alive, foreign]) {
    await mkdir(path, { recursive: true })
    await writeFile(join(path, 'a.jpg'), 'x')
  }
  const next = await createUploads({ folder: staging(), places })
  expect((await readdir(staging())).toSorted()).toEqual([`${process.ppid}-0123456789ab`, 'mine'])
  await next.close()
})

test('only so many uploads at a time', async () => {
  const begun = await Promise.all(Array.from({ length: 8 }, () => uploads.begin()))
  await expect(uploads.begin()).rejects.toMatchObject({ code: 'Conflict', key: 'uploadsBusy' })
  uploads.abort(begun[0] ?? '')
  expect(await uploads.begin()).toMatch(/^[\w-]+$/)
})

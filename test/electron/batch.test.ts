import { randomUUID } from 'node:crypto'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterEach, expect, test, vi } from 'vitest'
import { createAnnotation } from '../../src/shared/domain/annotations.ts'
import { createBitmap } from '../../src/shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../src/shared/mask/tiles.ts'
import { lockProject } from '../../src/main/store/project-lock.ts'
import type { Bridge } from '../../src/shared/contract/contract.ts'
import { makeHome, startShell, stopShells } from './driver.ts'
import type { Shell } from './driver.ts'

/** The main job in the desktop window, as far as it goes without a screen: real store, real engine, real decoder. */

afterEach(stopShells)

const [width, height, size] = [160, 128, 48]
const count = 16

/** Light squares on dark ground, each at another place. */
async function paint(folder: string): Promise<void> {
  await mkdir(folder)
  for (let number = 0; number < count; number++) {
    const data = new Uint8Array(width * height * 3).fill(40)
    for (let y = 40; y < 40 + size; y++)
      data.fill(200, (y * width + 6 * number) * 3, (y * width + 6 * number + size) * 3)
    const image = sharp(data, { raw: { width, height, channels: 3 } })
    await image.png().toFile(join(folder, `${String(number).padStart(2, '0')}.png`))
  }
}

/** Makes a project with the pictures in it and an outlined square in the first, used as example. */
async function prepare(
  shell: Shell,
  bridge: Bridge,
  home: string,
): Promise<{ projectId: string; annotationId: string }> {
  const choose = async (path: string): Promise<string> => {
    shell.fake.answers.open.push([path])
    return (await bridge.places.choose({ purpose: 'folder' })).places[0]?.placeId ?? ''
  }
  await paint(join(home, 'photos'))
  const { projectId } = await bridge.project.create({ placeId: await choose(home), name: 'Squares' })
  const placeIds = [await choose(join(home, 'photos'))]
  const report = await bridge.images.import({ projectId, placeIds, copy: false })
  expect(report).toMatchObject({ added: count, problems: [] })
  const first = await bridge.images.list({ projectId, filter: {}, sort: 'name', offset: 0, limit: 1 })
  const imageId = first.items[0]?.id ?? ''
  const bitmap = createBitmap(width, height)
  for (let y = 40; y < 40 + size; y++) bitmap.data.fill(1, y * width, y * width + size)
  const [classId, annotationId] = [randomUUID(), randomUUID()]
  const colours = {
    name: 'square',
    colour: '#336699',
    key: null,
    parentId: null,
    split: 'region' as const,
    position: 0,
  }
  const core = {
    ...{ id: annotationId, imageId, classId, kind: 'mask' as const, origin: 'drawn' as const },
    ...{ state: 'accepted' as const, score: null, versionId: null, polygon: null, box: null, crowd: false },
    createdAt: new Date().toISOString(),
  }
  const operations = [
    { kind: 'class' as const, before: null, after: { id: classId, ...colours } },
    ...createAnnotation(core, tilesFromBitmap(bitmap)),
  ]
  const entry = { id: randomUUID(), labelKey: 'brush', labelParams: {}, imageIds: [imageId], operations }
  await bridge.history.commit({ projectId, entry })
  await bridge.supports.set({ projectId, annotationIds: [annotationId], role: 'example' })
  return { projectId, annotationId }
}

test('quitting in the middle of a batch loses nothing, and the next start goes on with it', async () => {
  const home = await makeHome()
  const shell = await startShell({ home })
  const { bridge } = await shell.page()
  const { projectId, annotationId } = await prepare(shell, bridge, home)
  const before = await bridge.project.info({ projectId })

  const spec = { kind: 'segment', classIds: 'all', images: 'all', provider: 'auto', detail: 'fast' } as const
  const done: number[] = []
  bridge.jobs.progress(({ job }) => done.push(job.done))
  const { id: jobId } = await bridge.jobs.start({ projectId, spec })
  await vi.waitFor(() => expect(done.at(-1)).toBeGreaterThan(0), { timeout: 30_000, interval: 5 })
  await shell.quit()
  expect(shell.fake.children.size).toBe(0)
  expect(shell.fake.calls.at(-1)?.name).toBe('quit')
  // The project is closed: nothing waits in a write-ahead log, and the lock is free.
  expect((await readdir(join(home, 'Squares'))).filter((name) => name.endsWith('-wal'))).toEqual([])
  lockProject(join(home, 'Squares'))[Symbol.dispose]()
  expect(done.at(-1)).toBeLessThan(count)
  expect(shell.log).toEqual([])

  const again = await startShell({ home, path: join(home, 'Squares') })
  const { bridge: later } = await again.page()
  expect((await later.app.info({})).open).toEqual([projectId])
  const job = async () => (await later.jobs.list({ projectId })).jobs.find(({ id }) => id === jobId)
  await vi.waitFor(async () => expect((await job())?.state).toBe('done'), { timeout: 60_000 })
  expect(await job()).toMatchObject({ total: count, done: count, failed: 0 })

  const after = await later.project.info({ projectId })
  expect(after.imageCount).toBe(count)
  expect(after.classes[0]?.currentVersionId).toBe(before.classes[0]?.currentVersionId)
  expect(after.classes[0]?.proposed).toBeGreaterThan(count / 2)
  const { items } = await later.images.list({ projectId, filter: {}, sort: 'name', offset: 0, limit: 1 })
  const document = await later.images.get({ projectId, imageId: items[0]?.id ?? '' })
  expect(document.annotations.find(({ id }) => id === annotationId)).toMatchObject({
    area: size * size,
    state: 'accepted',
  })
  const media = again.fake.protocolHandlers.get('app')
  const masks = await media?.(new Request(`app://studio/media/${projectId}/masks/${items[0]?.id}/${after.revision}`))
  expect(masks?.status).toBe(200)
}, 120_000)

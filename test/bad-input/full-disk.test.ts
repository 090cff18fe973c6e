import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cocoSpec } from '../support/export-spec.ts'
import { formatNames } from '../../src/shared/contract/contract.ts'
import { breakDisk } from '../support/broken-disk.ts'
import { asGoodAsBefore, fillDatabase, HardProject } from '../support/hard-project.ts'
import { exemplarJson, runExemplar } from '../support/run-exemplar.ts'

let project: HardProject

beforeEach(() => {
  project = new HardProject()
})

afterEach(() => project.end())

const full = (): string =>
  `The disk is full: ${join(project.path, 'project.db')} could not grow, nothing was changed; free some space and try again.`

test('a full disk during a stroke: it is not there, and the same stroke is written once there is room', async () => {
  await project.putPicture('a.png')
  await project.addAll()
  const imageId = project.imageId('a.png')
  const { entry } = project.outline(imageId)
  // Far more than what a page that is there already has room for: the square's corners, the first one over and over.
  const [first] = entry.operations
  if (first?.kind !== 'annotation' || first.after === null) throw new Error('an annotation comes first')
  const polygon = [[...Array.from({ length: 10_000 }, () => [0, 40]).flat(), 48, 40, 48, 88, 0, 88]]
  const large = {
    ...entry,
    operations: [{ ...first, after: { ...first.after, polygon } }, ...entry.operations.slice(1)],
  }
  const revision = project.session.store.revision()
  {
    using _full = fillDatabase(project.session, 0)
    expect(() => project.session.store.history.commit(large)).toThrow(
      expect.objectContaining({ code: 'Io', message: full() }),
    )
  }
  expect(project.session.store.revision()).toBe(revision)
  expect(project.session.store.annotations.ofImage(imageId)).toEqual([])
  project.session.store.history.commit(large)
  expect(project.session.store.annotations.ofImage(imageId)).toHaveLength(1)
  await project.reopen()
  expect(project.session.store.annotations.ofImage(imageId)).toHaveLength(1)
  expect(await project.afterwards()).toEqual(asGoodAsBefore)
})

test('a full disk during an import: what was added is whole, and the same import adds the rest', async () => {
  for (let number = 0; number < 100; number++) await project.putPicture(`some-rather-long-name-${number}.png`)
  {
    using _full = fillDatabase(project.session, 3)
    await expect(project.addAll(true)).rejects.toMatchObject({ code: 'Io', message: full() })
  }
  const { unlabelled } = project.session.store.images.counts()
  expect(unlabelled).toBeLessThan(100)
  for (const { id } of project.session.store.images.iterate()) {
    expect(await project.session.tile(id, 0, 0, 0)).toMatchObject({ width: 160 })
  }
  expect(await project.addAll(true)).toMatchObject({ added: 100 - unlabelled, duplicates: unlabelled, problems: [] })
  // A copy that was made before the disk was full is used, not made again beside itself.
  expect(readdirSync(join(project.path, 'images')).filter((name) => name.includes('-1.png'))).toEqual([
    'some-rather-long-name-1.png',
  ])
  expect(await project.afterwards()).toEqual(asGoodAsBefore)
})

test('a full disk during segmenting: the job stops with the reason and goes on from there', async () => {
  const count = 40
  for (let number = 0; number < count; number++) await project.putPicture(`${number}.png`)
  await project.addAll()
  await project.teach('0.png')
  const spec = { kind: 'segment', classIds: 'all', images: 'all', provider: 'cpu', detail: 'fast' } as const
  const job = project.session.jobs.start(spec)
  {
    using _full = fillDatabase(project.session, 0)
    const ended = await project.session.jobs.waitFor(job.id)
    expect(ended).toMatchObject({ state: 'failed', reason: full() })
    expect(ended.done).toBeLessThan(count)
  }
  project.session.jobs.resume(job.id)
  expect(await project.session.jobs.waitFor(job.id)).toMatchObject({ state: 'done', done: count, failed: 0 })
  expect(await project.afterwards()).toEqual(asGoodAsBefore)
})

test('a full disk while pictures are copied: each is named, none is half there, the same import copies them', async () => {
  await project.putPicture('a.png')
  await project.putPicture('sub/b.jpg')
  const images = join(project.path, 'images')
  {
    using _full = breakDisk(images, 'ENOSPC')
    expect(await project.addAll(true)).toMatchObject({
      added: 0,
      problems: [
        { name: 'a.png', reason: "a.png cannot be written (ENOSPC); check the folder's permissions and free space." },
        {
          name: 'sub/b.jpg',
          reason: "b.jpg cannot be written (ENOSPC); check the folder's permissions and free space.",
        },
      ],
    })
  }
  expect(readdirSync(images, { recursive: true }).filter((name) => String(name).includes('.'))).toEqual([])
  expect(await project.addAll(true)).toMatchObject({ added: 2, problems: [] })
  expect(await project.afterwards()).toEqual(asGoodAsBefore)
})

test('a full disk for thumbnails: they are shown all the same, and kept once there is room', async () => {
  await project.putPicture('a.png')
  await project.addAll()
  const imageId = project.imageId('a.png')
  const kept = join(project.path, 'cache', 'thumbnails')
  {
    using _full = breakDisk(kept, 'ENOSPC')
    expect((await project.session.thumbnail(imageId)).length).toBeGreaterThan(100)
  }
  expect(existsSync(kept) ? readdirSync(kept) : []).toEqual([])
  await project.session.thumbnail(imageId)
  expect(readdirSync(kept)).toHaveLength(1)
  expect(await project.afterwards()).toEqual(asGoodAsBefore)
})

test('a full disk during an export: one sentence, no file that looks whole, and the same export works later', async () => {
  await project.putPicture('a.png')
  await project.addAll()
  await project.teach('a.png')
  const target = join(project.folder, 'export')
  const firstWritten = {
    coco: 'annotations/instances_default.json',
    'coco-results': 'annotations/results_default.json',
    yolo: 'labels/train/a.txt',
    labelme: 'a.json',
    cvat: 'annotations.xml',
    masks: 'manifest.json',
    'png-objects': 'manifest.json',
    voc: 'Annotations/a.xml',
  } as const
  for (const format of formatNames) {
    const spec = { ...cocoSpec, format, images: 'copy' } as const
    {
      using _full = breakDisk(target, 'ENOSPC')
      await expect(project.session.exportTo(target, spec)).rejects.toMatchObject({
        code: 'Io',
        message: `The export to ${target} could not be written (ENOSPC: ${join(target, firstWritten[format])}); check the disk and your rights there, or choose another folder.`,
      })
    }
    const left = existsSync(target) ? readdirSync(target, { recursive: true, encoding: 'utf8' }) : []
    expect(left.filter((name) => /\.(?:json|txt|xml|tmp)$|^(?:images|JPEGImages)\/.*\.png$/.test(name))).toEqual([])
    expect(await project.session.exportTo(`${target}-${format}`, spec)).toMatchObject({ annotations: 1, identical: 1 })
  }
  expect(await project.afterwards()).toEqual(asGoodAsBefore)
})

test('a full disk for features, in the processes themselves: every image is segmented, nothing is left over', async () => {
  for (const name of ['a.png', 'b.png']) await project.putPicture(name)
  await project.addAll()
  await project.teach('a.png')
  await project.session.close()
  const features = join(project.path, 'cache', 'features')
  const env = {
    NODE_OPTIONS: `--import ${new URL('../scripts/break-disk.ts', import.meta.url).href}`,
    EXEMPLAR_BROKEN_DISK: features,
  }
  const before = existsSync(features) ? readdirSync(features, { recursive: true }).length : 0
  const { code, stdout } = await runExemplar(['segment', project.path, '--detail', 'high', '--json'], env)
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ job: { state: 'done', done: 2, failed: 0 } })
  const after = existsSync(features) ? readdirSync(features, { recursive: true, encoding: 'utf8' }) : []
  expect(after.filter((name) => name.includes('.tmp'))).toEqual([])
  expect(after.length).toBeLessThanOrEqual(before + 2)
  expect(await exemplarJson(['segment', project.path, '--detail', 'high'])).toMatchObject({ job: { state: 'done' } })
  await project.reopen()
  expect(await project.afterwards()).toEqual(asGoodAsBefore)
})

import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cocoSpec } from '../../../test/support/export-spec.ts'
import { writeTinyMsdnet } from '../../../test/support/tiny-msdnet.ts'
import { coreOf, createAnnotation, removeAnnotation } from '../../shared/domain/annotations.ts'
import { createBitmap } from '../../shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../shared/mask/tiles.ts'
import type { MaskTile } from '../../shared/domain/history.ts'
import { AppError, isAppError } from '../../shared/errors.ts'
import { createCodec } from '../images/codec-client.ts'
import type { SupervisedCodec } from '../images/codec-client.ts'
import { mergeClass } from './class-removal.ts'
import { ensureClass } from './classes.ts'
import { makeEntry } from './entries.ts'
import { modelsFolder } from './paths.ts'
import { projectInfo } from './project-info.ts'
import { correctMask, sayNotHere } from './review.ts'
import { Session } from './session.ts'

/** A real project with real processes on small pictures: a light square on dark ground. */

const width = 160
const height = 128
let folder = ''
let codec: SupervisedCodec
let session: Session

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'session-'))
  codec = createCodec({ log: () => undefined })
  session = Session.create(join(folder, 'project'), 'Test', options())
})

afterEach(async () => {
  await session.close()
  await codec.close()
  await rm(folder, { recursive: true })
})

function options(): Parameters<typeof Session.open>[1] {
  // What happens around a model is the same for all; this one has no weights that a training could change.
  return { codec, modelsFolder: modelsFolder(), predictor: 'training-free', provider: 'cpu', log: () => undefined }
}

async function reopen(): Promise<void> {
  await session.close()
  session = Session.open(join(folder, 'project'), options())
}

function square(left: number, size = 48): MaskTile[] {
  const bitmap = createBitmap(width, height)
  for (let y = 40; y < 40 + size; y++) bitmap.data.fill(1, y * width + left, y * width + left + size)
  return tilesFromBitmap(bitmap)
}

async function picture(name: string, left: number): Promise<string> {
  const data = new Uint8Array(width * height * 3).fill(40)
  for (let y = 40; y < 88; y++) data.fill(200, (y * width + left) * 3, (y * width + left + 48) * 3)
  const path = join(folder, 'photos', name)
  await mkdir(join(folder, 'photos'), { recursive: true })
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(path)
  return path
}

/** Adds pictures `0.png`, `1.png` …; returns their ids. */
async function addPictures(count: number): Promise<string[]> {
  for (let number = 0; number < count; number++) await picture(`${number}.png`, 8 * number)
  await session.importImages([join(folder, 'photos')], false)
  return [...session.store.images.iterate()].map((image) => image.id)
}

/** Outlines the square of the first picture in this image; returns the annotation. */
function draw(imageId: string, classId: string): string {
  const annotationId = randomUUID()
  const core = {
    id: annotationId,
    imageId,
    classId,
    kind: 'mask' as const,
    origin: 'drawn' as const,
    state: 'accepted' as const,
    score: null,
    versionId: null,
    polygon: null,
    crowd: false,
    box: null,
    createdAt: new Date().toISOString(),
  }
  session.store.history.commit(makeEntry('brush', {}, [imageId], createAnnotation(core, square(0))))
  return annotationId
}

/** A class learnt from the square of this image; returns class and annotation. */
async function teach(imageId: string): Promise<{ readonly classId: string; readonly annotationId: string }> {
  const { id: classId } = ensureClass(session.store, 'square')
  const annotationId = draw(imageId, classId)
  await session.setSupports([annotationId], 'example')
  return { classId, annotationId }
}

function flip(annotationId: string, tiles: readonly MaskTile[]): void {
  session.store.history.commit(makeEntry('brush', {}, [], [{ kind: 'mask', annotationId, tiles: [...tiles] }]))
}

const unlearned = (): number | undefined => projectInfo(session.store).classes[0]?.unlearned

describe('proposals follow the version in use', () => {
  const settled = (): Promise<unknown> => Promise.all(session.jobs.list().map((job) => session.jobs.waitFor(job.id)))
  const proposalOf = (imageId: string) => {
    const [record] = session.store.annotations.ofImage(imageId).filter((each) => each.state === 'proposed')
    if (record === undefined) throw new Error('no proposal')
    return { versionId: record.versionId, tiles: session.store.annotations.tiles(record.id) }
  }

  test('through learn, undo, redo and restore', async () => {
    const [first = '', second = '', third = ''] = await addPictures(3)
    const { classId } = await teach(first)
    session.jobs.start({ kind: 'segment', classIds: [classId], images: 'all', provider: 'auto', detail: 'normal' })
    await settled()
    const before = proposalOf(third)
    const parent = session.store.versions.current(classId)
    expect(before.versionId).toBe(parent?.id)

    correctMask(session.store, second, classId, square(100, 24))
    expect((await session.learn(classId)).refreshJobId).not.toBeNull()
    await settled()
    const after = proposalOf(third)
    expect(after.versionId).not.toBe(before.versionId)

    session.step('undo')
    await settled()
    expect(proposalOf(third)).toEqual(before)
    session.step('redo')
    await settled()
    expect(proposalOf(third)).toEqual(after)
    const restored = session.restoreVersion(classId, parent?.id ?? '')
    expect(restored.refreshJobId).not.toBeNull()
    await settled()
    expect(proposalOf(third)).toEqual(before)
  })

  test('a refresh under way ends when its version is undone', async () => {
    const pictures = await addPictures(6)
    const [first = '', second = ''] = pictures
    const { classId } = await teach(first)
    session.jobs.start({ kind: 'segment', classIds: [classId], images: 'all', provider: 'auto', detail: 'normal' })
    await settled()
    const version = session.store.versions.current(classId)?.id
    correctMask(session.store, second, classId, square(100, 24))
    await session.learn(classId)
    session.step('undo')
    await settled()
    for (const imageId of pictures.slice(2)) expect(proposalOf(imageId).versionId).toBe(version)
  })
})

describe('what counts as something to learn', () => {
  test('an example that was painted on is learnt again, once', async () => {
    const [first = ''] = await addPictures(1)
    const { classId, annotationId } = await teach(first)
    expect(unlearned()).toBe(0)
    expect(await session.learn(classId)).toMatchObject({ adopted: false })

    flip(annotationId, square(100, 8))
    expect(unlearned()).toBe(1)
    const learned = await session.learn(classId)
    expect(learned).toMatchObject({ adopted: true, newExamples: 0, version: { number: 2 } })
    expect(unlearned()).toBe(0)
    expect(await session.learn(classId)).toMatchObject({ adopted: false })

    session.store.history.undo()
    expect(unlearned()).toBe(1)
    session.store.history.undo()
    expect(unlearned()).toBe(0)
    expect(session.store.versions.current(classId)?.number).toBe(1)
  })

  test('an example that was erased, deleted or said to be not here is forgotten; the last one is kept', async () => {
    const [first = '', second = '', third = ''] = await addPictures(3)
    const { classId, annotationId } = await teach(first)
    correctMask(session.store, second, classId, square(8))
    correctMask(session.store, third, classId, square(16))
    expect(await session.learn(classId)).toMatchObject({ adopted: true, newExamples: 2 })

    flip(annotationId, square(0))
    sayNotHere(session.store, second, classId)
    expect(unlearned()).toBe(2)
    const learned = await session.learn(classId)
    expect(learned.version?.supports.map((support) => support.imageId)).toEqual([third])

    const [last] = session.store.annotations.ofImage(third)
    if (last === undefined) throw new Error('no annotation')
    const support = session.store.supports.ofImage(third)[0]
    const removal = removeAnnotation(coreOf(last), session.store.annotations.tiles(last.id), support)
    session.store.history.commit(makeEntry('delete', {}, [third], removal))
    const none = await session.learn(classId)
    expect(none).toMatchObject({ adopted: false, reason: expect.stringMatching(/nothing new to learn/) as string })
    expect(session.store.versions.current(classId)?.id).toBe(learned.version?.id)
  })

  test('a version whose bytes are gone can be learnt anew, as its error says', async () => {
    const [first = ''] = await addPictures(1)
    const { classId, annotationId } = await teach(first)
    await session.close()
    const database = new Database(join(folder, 'project', 'project.db'))
    database.pragma('foreign_keys = OFF')
    for (const trigger of database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'blob'")
      .pluck()
      .all())
      database.exec(`DROP TRIGGER ${String(trigger)}`)
    database.exec('DELETE FROM blob')
    database.close()
    session = Session.open(join(folder, 'project'), options())
    const versionId = session.store.versions.current(classId)?.id ?? ''
    expect(() => session.store.versions.load(versionId)).toThrow(/learn again/)

    expect(await session.learn(classId)).toMatchObject({ adopted: true, version: { number: 2 } })
    expect(session.store.versions.load(session.store.versions.current(classId)?.id ?? '').record.number).toBe(2)
    expect(await session.setSupports([annotationId], 'example')).toEqual([])
  })
})

test('a project closed during an import ends it as cancelled and opens again with what was added', async () => {
  for (let number = 0; number < 40; number++) await picture(`${number}.png`, number)
  const importing = session.importImages([join(folder, 'photos')], false, {
    progress: ({ done }) => {
      if (done === 5) void session.close()
    },
  })
  expect(isAppError(await importing.catch((error: unknown) => error), 'Cancelled')).toBe(true)
  await reopen()
  const { imageCount } = projectInfo(session.store)
  expect(imageCount).toBeGreaterThanOrEqual(5)
  expect(imageCount).toBeLessThan(40)
  expect(session.store.history.state().undo?.labelKey).toBe('importImages')
  expect(await session.importImages([join(folder, 'photos')], false)).toMatchObject({
    added: 40 - imageCount,
    duplicates: imageCount,
  })
})

test('ten thousand files that cannot be read are listed, and of the others the number is', async () => {
  const paths = Array.from({ length: 10_003 }, (_, index) => join(folder, `${index}.png`))
  const report = await session.importImages(paths, false)
  expect([report.problems.length, report.unlisted]).toEqual([10_000, 3])
  expect(report.problems.at(-1)?.name).toBe('9999.png')
})

test('an import undone while it runs stays undone; once another step follows, it ends as cancelled', async () => {
  for (let number = 0; number < 70; number++) await picture(`${number}.png`, number)
  const photos = [join(folder, 'photos')]
  const undoAt = (at: number, then: () => void) => ({
    progress: ({ done }: { readonly done: number }) => {
      if (done !== at) return
      session.store.history.undo()
      then()
    },
  })
  const whole = await session.importImages(
    photos,
    false,
    undoAt(40, () => undefined),
  )
  expect(whole.added).toBe(70)
  expect(projectInfo(session.store).imageCount).toBe(0)
  session.store.history.redo()
  expect(projectInfo(session.store).imageCount).toBe(70)
  session.store.history.undo()

  const importing = session.importImages(
    photos,
    false,
    undoAt(40, () => void ensureClass(session.store, 'next')),
  )
  expect(isAppError(await importing.catch((error: unknown) => error), 'Cancelled')).toBe(true)
  expect(projectInfo(session.store).imageCount).toBe(0)
  expect(session.store.history.state().undo?.labelKey).toBe('addClass')
})

test('a project moved elsewhere brings its copied pictures along', async () => {
  await picture('0.png', 8)
  expect(await session.importImages([join(folder, 'photos')], true)).toMatchObject({ added: 1 })
  await session.close()
  await rm(join(folder, 'photos'), { recursive: true })
  await rename(join(folder, 'project'), join(folder, 'moved'))
  session = Session.open(join(folder, 'moved'), options())
  const [image] = session.store.images.iterate()
  expect((await session.tile(image?.id ?? '', 0, 0, 0)).width).toBe(width)
})

test('a class name is trimmed, and one that the project could not read again is refused', () => {
  expect(ensureClass(session.store, '  Zebra 斑马 "1/2"\t').name).toBe('Zebra 斑马 "1/2"')
  expect(ensureClass(session.store, 'zebra 斑马 "1/2"').name).toBe('Zebra 斑马 "1/2"')
  for (const name of ['', ' \n', 'x'.repeat(201)]) expect(() => ensureClass(session.store, name)).toThrow(AppError)
  expect(ensureClass(session.store, 'x'.repeat(200)).name).toHaveLength(200)
  expect(projectInfo(session.store).classes).toHaveLength(2)
})

test('an original that is gone or holds another picture costs that image, in one sentence; the rest goes on', async () => {
  const [first = '', second = '', third = '', fourth = ''] = await addPictures(4)
  const { classId } = await teach(first)
  await picture('1.png', 90)
  await rm(join(folder, 'photos', '2.png'))
  const job = session.jobs.start({
    kind: 'segment',
    classIds: [classId],
    images: 'all',
    provider: 'cpu',
    detail: 'fast',
  })
  expect(await session.jobs.waitFor(job.id)).toMatchObject({ state: 'done', done: 2, failed: 2 })
  const changed =
    '1.png holds another picture than when it was added; put the original back, or add the new one under another name.'
  const path = join(folder, 'photos', '2.png')
  const gone = `2.png was moved or deleted: ${path} is not there any more; put it back there, then try again.`
  expect(session.store.jobs.failures(job.id)).toEqual([
    { name: '1.png', reason: changed },
    { name: '2.png', reason: gone },
  ])
  await expect(session.tile(second, 0, 0, 0)).rejects.toThrow(changed)
  await expect(session.thumbnail(second)).rejects.toThrow(changed)
  await expect(session.tile(third, 0, 0, 0)).rejects.toThrow(gone)
  expect([second, third].map((id) => session.store.images.get(id).problem)).toEqual([changed, gone])
  expect(projectInfo(session.store).images.setAside).toBe(2)
  expect((await session.tile(fourth, 0, 0, 0)).width).toBe(width)

  correctMask(session.store, third, classId, square(16))
  const spec = { ...cocoSpec, format: 'masks', images: 'copy' } as const
  const report = await session.exportTo(join(folder, 'export'), spec)
  expect(report).toMatchObject({ images: 2, annotations: 2, identical: 2 })
  expect(report.problems.map(({ name }) => name)).toEqual(['2.png'])

  // Put back, one is noticed when it is looked at, the other when the next job starts.
  await picture('1.png', 8)
  expect((await session.tile(second, 0, 0, 0)).width).toBe(width)
  expect(session.store.images.get(second).problem).toBeNull()
  expect(await session.lookAgain()).toEqual({ back: 0, setAside: 1 })
  await picture('2.png', 16)
  const all = { kind: 'segment', classIds: 'all', images: 'all', provider: 'cpu', detail: 'fast' } as const
  const again = await session.segment(all)
  expect(await session.jobs.waitFor(again.id)).toMatchObject({ state: 'done', done: 4, failed: 0 })
  expect(projectInfo(session.store).images.setAside).toBe(0)
})

test('an export that cannot be written is one sentence; one that is stopped leaves the last one', async () => {
  const [first = '', second = ''] = await addPictures(2)
  const { classId } = await teach(first)
  correctMask(session.store, second, classId, square(8))
  const spec = { ...cocoSpec, format: 'masks' } as const
  await writeFile(join(folder, 'file'), '')
  const below = join(folder, 'file', 'below')
  const unwritable = {
    code: 'Io',
    message: `The export to ${below} could not be written (ENOTDIR: ${join(folder, 'file')}); check the disk and your rights there, or choose another folder.`,
  }
  await expect(session.exportTo(below, spec)).rejects.toMatchObject(unwritable)
  await expect(session.rehearseExport(below, spec)).rejects.toMatchObject(unwritable)
  const target = join(folder, 'export')
  await session.exportTo(target, spec)
  expect(await readdir(target)).toContain('manifest.json')
  const controller = new AbortController()
  const stopped = session.exportTo(target, spec, { signal: controller.signal, progress: () => controller.abort() })
  expect(isAppError(await stopped.catch((error: unknown) => error), 'Cancelled')).toBe(true)
  expect((await readdir(target)).toSorted()).toEqual(['.exemplar-export', 'manifest.json', 'masks'])
  expect((await readdir(join(target, 'masks'))).toSorted()).toEqual(['0.png', '1.png'])
})

describe('examples that came from another class', () => {
  test.each([
    ['that has none', false],
    ['that has learnt already', true],
  ])('are learnt by a class %s', async (_name, hasLearnt) => {
    const [first = '', second = ''] = await addPictures(2)
    const { classId: intoId, annotationId: own } = await teach(first)
    const { id: fromId } = ensureClass(session.store, 'oblong')
    const moved = draw(second, fromId)
    await session.setSupports([moved], 'example')
    if (!hasLearnt) await session.setSupports([own], 'none')

    mergeClass(session.store, fromId, intoId)
    expect(unlearned()).toBe(1)
    expect(await session.learn(intoId)).toMatchObject({ adopted: true })
    const learnt = session.store.versions.current(intoId)?.supports.map((each) => each.annotationId)
    expect(learnt).toEqual(hasLearnt ? [own, moved] : [moved])
    expect(unlearned()).toBe(0)

    session.step('undo')
    session.step('undo')
    expect(unlearned()).toBe(0)
    expect(session.store.versions.current(fromId)).not.toBeNull()
  })
})

describe('another model', () => {
  const settled = (): Promise<unknown> => Promise.all(session.jobs.list().map((job) => session.jobs.waitFor(job.id)))

  test('taken into use leaves what a class has learnt alone, asks for learning again, and segments after it', async () => {
    const [first = '', second = ''] = await addPictures(2)
    const { classId } = await teach(first)
    const before = session.store.versions.current(classId)
    const tiny = join(folder, 'models')
    writeTinyMsdnet(tiny, modelsFolder())
    await session.useModel({ modelsFolder: tiny, predictor: 'msdnet' })

    const { modelHash } = await session.engine.info()
    const learnAgain = (): boolean | undefined => projectInfo(session.store, modelHash).classes[0]?.learnAgain
    expect(learnAgain()).toBe(true)
    expect(projectInfo(session.store).classes[0]?.learnAgain).toBe(false)
    const spec = { kind: 'segment', classIds: [classId], images: [second], provider: 'auto', detail: 'normal' } as const
    const { id } = session.jobs.start({ ...spec, images: [...spec.images], classIds: [...spec.classIds] })
    await settled()
    const [refused] = session.jobs.list()
    expect(refused).toMatchObject({ id, state: 'failed' })
    expect(refused?.reason).toMatch(/Class square learnt with another model .* Press "Learn again"/)
    expect(session.store.versions.current(classId)).toEqual(before)

    const learnt = await session.learn(classId)
    expect(learnt).toMatchObject({
      adopted: true,
      newExamples: 0,
      version: { predictor: 'msdnet', number: 2, modelHash },
    })
    expect(learnAgain()).toBe(false)
    session.jobs.resume(id)
    await settled()
    expect(session.jobs.list().find((job) => job.id === id)).toMatchObject({ state: 'done', failed: 0 })

    // What the other one learnt is still there for it.
    await session.useModel({ modelsFolder: modelsFolder(), predictor: 'training-free' })
    session.restoreVersion(classId, before?.id ?? '')
    expect(projectInfo(session.store, (await session.engine.info()).modelHash).classes[0]?.learnAgain).toBe(false)
  })

  test('whose file is missing is not replaced by another', async () => {
    const [first = ''] = await addPictures(1)
    const tiny = join(folder, 'models')
    writeTinyMsdnet(tiny, modelsFolder())
    await rm(join(tiny, 'tiny-msdnet.onnx'))
    await session.useModel({ modelsFolder: tiny, predictor: 'msdnet' })
    const { id: classId } = ensureClass(session.store, 'square')
    const learning = session.setSupports([draw(first, classId)], 'example')
    await expect(learning).rejects.toMatchObject({ code: 'ModelMissing', key: 'modelMissing' })
    expect(session.store.versions.ofClass(classId)).toEqual([])
  })
})

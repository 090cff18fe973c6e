import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { JobRecord, SegmentSpec } from '../../shared/contract/contract.ts'
import type { Operation } from '../../shared/domain/history.ts'
import { AppError } from '../../shared/errors.ts'
import { createEngine } from '../engine/client.ts'
import type { CreateEngineOptions, EngineClient } from '../engine/client.ts'
import { createDevices, createVolatileMemory } from '../engine/devices.ts'
import type { Fault } from '../engine/faulty-engine.fixture.ts'
import type { EngineImage } from '../engine/engine-port.ts'
import { deadlyHash, scene, sceneHeight, sceneWidth } from '../engine/scene.fixture.ts'
import { pictureCrashesDecoder } from '../images/image-errors.ts'
import { forkSpawner, forkSpawnerWith } from '../processes/spawner.ts'
import { createProject, openProject } from '../store/project-store.ts'
import type { ProjectStore } from '../store/store-port.ts'
import { createJobRunner } from './job-runner.ts'
import type { JobRunner } from './job-runner.ts'

/** A real project on disk and a real engine process; only the pictures are painted instead of decoded. */

const modelsFolder = fileURLToPath(new URL('../../../models', import.meta.url))
const engineEntry = new URL('../engine/prototype-engine.fixture.ts', import.meta.url)

let folder = ''
let store: ProjectStore
let engine: EngineClient
let runner: JobRunner
let events: JobRecord[] = []
/** What a test does to single images. */
let unusual = new Map<string, (image: EngineImage) => EngineImage>()

/** What is started instead of the engine from now on. */
let replacement: URL | null = null

beforeEach(async () => {
  replacement = null
  folder = await mkdtemp(join(tmpdir(), 'jobs-'))
  unusual = new Map()
  createProject(join(folder, 'project'), 'test').close()
  openEverything()
})

afterEach(async () => {
  await closeEverything()
  await rm(folder, { recursive: true })
})

function openEverything(machine: Partial<CreateEngineOptions> = {}): void {
  events = []
  store = openProject(join(folder, 'project'))
  engine = createEngine({
    modelsFolder,
    cacheFolder: join(folder, 'features'),
    provider: 'cpu',
    threads: 1,
    entry: engineEntry,
    spawner: (entry) => forkSpawner(replacement ?? entry),
    log: () => undefined,
    ...machine,
  })
  runner = createJobRunner({ store, engine, imageFor, onProgress: (job) => events.push(job) })
}

async function closeEverything(): Promise<void> {
  await runner.close()
  await engine.close()
  store.close()
}

function imageFor(imageId: string): EngineImage {
  const { image } = scene(Number(imageId.slice(1)))
  const change = unusual.get(imageId)
  return change === undefined ? image : change(image)
}

function commit(operations: Operation[]): void {
  store.history.commit({ id: randomUUID(), labelKey: 'test', labelParams: {}, imageIds: [], operations })
}

function addImages(count: number): void {
  commit([{ kind: 'batch', batchId: 'batch', before: false, after: true }])
  store.images.insert(
    Array.from({ length: count }, (_, number) => ({
      record: {
        id: `i${number}`,
        contentHash: imageFor(`i${number}`).contentHash,
        name: `${number}.jpg`,
        width: sceneWidth,
        height: sceneHeight,
        orientation: 1,
        format: 'jpeg' as const,
        batchId: 'batch',
      },
      path: `/pictures/${number}.jpg`,
    })),
  )
}

function addClass(id: string): void {
  const after = {
    id,
    name: `Class ${id}`,
    colour: '#336699',
    key: null,
    parentId: null,
    split: 'region' as const,
    position: 0,
  }
  commit([{ kind: 'class', before: null, after }])
}

/** Gives the class a version learnt from scene 0; returns its id. */
async function teach(classId: string, modelHash?: string): Promise<string> {
  const { image, mask } = scene(0)
  const support = await engine.encodeSupport(image, mask)
  const fitted = await engine.fit([support])
  const record = store.versions.add({
    record: {
      id: randomUUID(),
      classId,
      parentId: null,
      createdAt: new Date().toISOString(),
      predictor: 'prototype',
      modelHash: modelHash ?? (await engine.info()).modelHash,
      supports: [{ annotationId: 'a', imageId: 'i0', contentHash: image.contentHash, maskHash: 'm' }],
      threshold: fitted.threshold,
      scores: { ...fitted.scores },
    },
    state: fitted.bytes,
    supportStates: [support],
  })
  commit([{ kind: 'version', classId, before: null, after: record.id }])
  return record.id
}

function specOf(rest: Partial<SegmentSpec> = {}): SegmentSpec {
  return { kind: 'segment', classIds: 'all', images: 'unreviewed', provider: 'auto', detail: 'fast', ...rest }
}

function proposalsOf(imageId: string) {
  return store.annotations.ofImage(imageId).filter(({ state }) => state === 'proposed')
}

async function until(condition: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(condition()).toBe(true), { timeout: 30_000, interval: 2 })
}

test('every image gets one proposal of each class, from the version that the job loaded', async () => {
  addImages(5)
  addClass('c')
  const versionId = await teach('c')
  const started = runner.start(specOf())
  expect(started).toMatchObject({ state: 'queued', total: 5, done: 0 })
  const finished = await runner.waitFor(started.id)
  expect(finished).toMatchObject({ state: 'done', done: 5, failed: 0, reason: null })
  expect(finished.device).toBe((await engine.info()).device)
  expect(finished.finishedAt).not.toBeNull()
  expect(finished.imagesPerSecond).toBeGreaterThan(0)
  for (let number = 0; number < 5; number++) {
    const [proposal, ...rest] = proposalsOf(`i${number}`)
    expect(rest).toEqual([])
    expect(proposal).toMatchObject({ classId: 'c', versionId, origin: 'predicted' })
    expect(proposal!.area).toBeGreaterThan(0)
  }
  expect(events.at(0)!.state).toBe('queued')
  expect(events.at(1)!.state).toBe('running')
  expect(events.at(-1)).toEqual(finished)
  expect(runner.list()[0]).toMatchObject({ id: started.id, state: 'done' })
})

test('a class without examples is refused in a sentence that says what to do', () => {
  addImages(1)
  addClass('c')
  expect(() => runner.start(specOf({ classIds: ['c'] }))).toThrow(
    'Class Class c has no examples yet. Outline it in one image and use it as an example.',
  )
  expect(() => runner.start(specOf())).toThrow(/No class has examples yet/)
  expect(store.jobs.list()).toEqual([])
})

test('a bad image is one failed item with its reason; the rest goes on', async () => {
  addImages(4)
  addClass('c')
  await teach('c')
  unusual.set('i1', (image) => ({
    ...image,
    pixels: () => Promise.reject(new AppError('Io', 'imageUnreadable', '1.jpg cannot be read.')),
  }))
  unusual.set('i2', () => {
    throw new AppError('NotFound', 'imageNotFound', '2.jpg is gone.')
  })
  const job = await runner.waitFor(runner.start(specOf()).id)
  expect(job).toMatchObject({ state: 'done', done: 2, failed: 2 })
  expect(store.jobs.failures(job.id)).toEqual([
    { name: '1.jpg', reason: '1.jpg cannot be read.' },
    { name: '2.jpg', reason: '2.jpg is gone.' },
  ])
  expect(proposalsOf('i3')).toHaveLength(1)
})

test('paused, nothing more is written; resumed, the rest is done and nothing twice', async () => {
  addImages(8)
  addClass('c')
  await teach('c')
  const { id } = runner.start(specOf())
  await until(() => store.jobs.get(id).done >= 2)
  const paused = runner.pause(id)
  expect(paused.state).toBe('paused')
  expect(await runner.waitFor(id)).toMatchObject({ state: 'paused' })
  const revision = store.revision()
  // The engine answers this one after whatever it was still at.
  await engine.segment(scene(7).image, [])
  expect(store.revision()).toBe(revision)
  expect(store.jobs.get(id).done).toBe(paused.done)
  expect(paused.done).toBeLessThan(8)

  expect(runner.resume(id).state).toBe('queued')
  expect(await runner.waitFor(id)).toMatchObject({ state: 'done', done: 8 })
  // One revision an image: none was written a second time.
  expect(store.revision()).toBe(revision + 8 - paused.done)
  expect(() => runner.resume(id)).toThrow(/is done already/)
  expect(() => runner.pause(id)).toThrow(AppError)
})

test('cancelled, the job is over and keeps what it made', async () => {
  addImages(8)
  addClass('c')
  await teach('c')
  const { id } = runner.start(specOf())
  await until(() => store.jobs.get(id).done >= 1)
  const { state, done } = runner.cancel(id)
  expect(state).toBe('cancelled')
  expect(await runner.waitFor(id)).toMatchObject({ state: 'cancelled', done })
  expect(store.annotations.proposedOf({})).toHaveLength(done)
  expect(() => runner.resume(id)).toThrow(/is cancelled already/)
})

test('one job at a time; the others wait in order', async () => {
  addImages(3)
  addClass('c')
  await teach('c')
  const first = runner.start(specOf())
  const second = runner.start(specOf({ images: ['i1'] }))
  expect(await runner.waitFor(second.id)).toMatchObject({ state: 'done', total: 1 })
  expect(store.jobs.get(first.id).state).toBe('done')
  const order = events
    .filter(({ state }) => state === 'running' || state === 'done')
    .map(({ id, state }) => `${id} ${state}`)
  expect(order.indexOf(`${first.id} done`)).toBeLessThan(order.indexOf(`${second.id} running`))
})

test('a job without images is done at once', async () => {
  addImages(1)
  addClass('c')
  await teach('c')
  expect(await runner.waitFor(runner.start(specOf({ images: 'proposals' })).id)).toMatchObject({
    state: 'done',
    total: 0,
  })
})

test('what the end of the program interrupts continues after the next start', async () => {
  addImages(8)
  addClass('c')
  await teach('c')
  const { id } = runner.start(specOf())
  const queued = runner.start(specOf({ images: ['i0'] }))
  await until(() => store.jobs.get(id).done >= 2)
  const waiting = runner.waitFor(id)
  await closeEverything()
  expect((await waiting).state).toBe('paused')

  openEverything()
  const before = store.jobs.get(id)
  expect(before.state).toBe('running')
  expect(before.done).toBeLessThan(8)
  expect(await runner.waitFor(id)).toMatchObject({ state: 'paused' })
  expect(runner.resumeOpen().map((job) => job.id)).toEqual([id, queued.id])
  // Asked twice, it is not worked on twice.
  expect(runner.resumeOpen()).toHaveLength(2)
  expect(await runner.waitFor(id)).toMatchObject({ state: 'done', done: 8 })
  expect(await runner.waitFor(queued.id)).toMatchObject({ state: 'done', done: 1 })
  for (let number = 0; number < 8; number++) expect(proposalsOf(`i${number}`)).toHaveLength(1)
})

test('pauseAll stops everything, resumeOpen goes on in the same program', async () => {
  addImages(6)
  addClass('c')
  await teach('c')
  const { id } = runner.start(specOf())
  const second = runner.start(specOf({ images: ['i0'] }))
  await until(() => store.jobs.get(id).done >= 1)
  const waiting = Promise.all([runner.waitFor(id), runner.waitFor(second.id)])
  runner.pauseAll()
  expect((await waiting).map(({ state }) => state)).toEqual(['paused', 'paused'])
  runner.resumeOpen()
  expect(await runner.waitFor(second.id)).toMatchObject({ state: 'done' })
  expect(store.jobs.get(id)).toMatchObject({ state: 'done', done: 6 })
})

test('an engine killed in the middle of the batch costs nothing', async () => {
  addImages(8)
  addClass('c')
  await teach('c')
  const { id } = runner.start(specOf())
  await until(() => store.jobs.get(id).done >= 2)
  process.kill(engine.pid()!, 'SIGKILL')
  expect(await runner.waitFor(id)).toMatchObject({ state: 'done', done: 8, failed: 0 })
  for (let number = 0; number < 8; number++) expect(proposalsOf(`i${number}`)).toHaveLength(1)
})

test('an image that kills the engine twice is given up; the rest goes on', async () => {
  unusual.set('i2', (image) => ({ ...image, contentHash: deadlyHash }))
  addImages(5)
  addClass('c')
  await teach('c')
  const job = await runner.waitFor(runner.start(specOf()).id)
  expect(job).toMatchObject({ state: 'done', done: 4, failed: 1 })
  expect(store.jobs.failures(job.id)).toEqual([
    { name: '2.jpg', reason: expect.stringMatching(/stopped twice/) as string },
  ])
})

test('an image at which engine or decoder was killed twice is tried once more before it is failed', async () => {
  addImages(3)
  addClass('c')
  await teach('c')
  let attempts = 0
  unusual.set('i1', (image) => (++attempts === 1 ? { ...image, contentHash: deadlyHash } : image))
  let decodings = 0
  const decoder = (image: EngineImage): EngineImage => ({
    ...image,
    pixels: (...size) =>
      ++decodings === 1 ? Promise.reject(pictureCrashesDecoder('2.jpg', new Error('killed'))) : image.pixels(...size),
  })
  unusual.set('i2', decoder)
  const job = await runner.waitFor(runner.start(specOf()).id)
  expect(job).toMatchObject({ state: 'done', done: 3, failed: 0 })
  expect(attempts).toBe(2)
  expect(decodings).toBeGreaterThan(1)
  expect(proposalsOf('i1')).toHaveLength(1)
})

test('an engine that stays dead fails the job with its reason, and the job can be resumed', async () => {
  addImages(6)
  addClass('c')
  await teach('c')
  const { id } = runner.start(specOf())
  await until(() => store.jobs.get(id).done >= 1)
  const entry = join(folder, 'dead.mjs')
  await writeFile(entry, 'process.exit(4)')
  replacement = pathToFileURL(entry)
  process.kill(engine.pid()!, 'SIGKILL')
  const failed = await runner.waitFor(id)
  expect(failed).toMatchObject({
    state: 'failed',
    failed: 0,
    reason: expect.stringMatching(/The engine stopped 4 times/) as string,
  })
  expect(failed.done).toBeLessThan(6)

  replacement = null
  await closeEverything()
  openEverything()
  expect(runner.resumeOpen()).toEqual([])
  runner.resume(id)
  expect(await runner.waitFor(id)).toMatchObject({ state: 'done', done: 6, failed: 0, reason: null })
})

test('a version of another model, or another device than asked, fails the job in one sentence', async () => {
  addImages(2)
  addClass('c')
  await teach('c', '0'.repeat(64))
  const other = await runner.waitFor(runner.start(specOf()).id)
  expect(other).toMatchObject({
    state: 'failed',
    done: 0,
    reason: expect.stringMatching(/^Class Class c learnt with another model/) as string,
  })
  const cuda = await runner.waitFor(runner.start(specOf({ provider: 'cuda' })).id)
  expect(cuda).toMatchObject({
    state: 'failed',
    done: 0,
    reason: expect.stringMatching(
      /^The provider cuda does not run on this computer \(.+\); use auto or cpu\.$/,
    ) as string,
  })
})

/** A machine with a device that passes every check and meets the fault in the work. */
async function openWithFault(fault: Fault): Promise<void> {
  await closeEverything()
  const entry = new URL('../engine/faulty-engine.fixture.ts', import.meta.url)
  const spawner = forkSpawnerWith({ EXEMPLAR_FAULT: fault, EXEMPLAR_FAULT_AT: 'work' })
  const memory = createVolatileMemory()
  const devices = createDevices({ modelsFolder, memory, providers: ['cpu', 'cuda'], environment: {}, entry, spawner })
  openEverything({ provider: 'auto', devices, entry, spawner, deviceTimeoutMs: 8_000 })
}

async function teachOnCpu(classId: string): Promise<void> {
  const { image, mask } = scene(0)
  const support = await engine.encodeSupport(image, mask, { provider: 'cpu', detail: 'fast' })
  const fitted = await engine.fit([support])
  const record = store.versions.add({
    record: {
      id: randomUUID(),
      classId,
      parentId: null,
      createdAt: new Date().toISOString(),
      predictor: 'training-free',
      modelHash: (await engine.info({ provider: 'cpu' })).modelHash,
      supports: [{ annotationId: 'a', imageId: 'i0', contentHash: image.contentHash, maskHash: 'm' }],
      threshold: fitted.threshold,
      scores: { ...fitted.scores },
    },
    state: fitted.bytes,
    supportStates: [support],
  })
  commit([{ kind: 'version', classId, before: null, after: record.id }])
}

test.each(['none', 'failed', 'crashInRun', 'hangInRun'] as const)(
  'a device that passed its check and then (%s): the job names what really ran',
  async (fault) => {
    await openWithFault(fault)
    addImages(4)
    addClass('c')
    await teachOnCpu('c')
    const job = await runner.waitFor(runner.start(specOf()).id)
    expect(job).toMatchObject({ state: 'done', done: 4, failed: 0 })
    const devices = events.filter(({ id }) => id === job.id).map(({ device }) => device)
    expect(devices[0]).toBeNull()
    if (fault === 'none') expect(job.device).toMatch(/^CUDA \(onnxruntime \S+\)$/)
    else expect(job.device).toMatch(/^CPU \(.+\) instead of CUDA, which failed: it .+/)
    // Refreshing takes the features from disk: only the CPU has anything to do.
    const refresh = await runner.waitFor(runner.start(specOf({ images: 'all' })).id)
    expect(refresh.device).toMatch(/^CPU \(/)
    for (let number = 1; number < 4; number++) expect(proposalsOf(`i${number}`)).toHaveLength(1)
  },
)

test('a device asked for by name that fails ends the job with its reason, not image by image', async () => {
  await openWithFault('crashInRun')
  addImages(4)
  addClass('c')
  await teachOnCpu('c')
  const job = await runner.waitFor(runner.start(specOf({ provider: 'cuda' })).id)
  expect(job).toMatchObject({ state: 'failed', failed: 0 })
  expect(job.reason).toMatch(/^The provider cuda does not run on this computer \(it took its process down: .+\)/)
  expect(job.done).toBeLessThan(4)
  // The same job by another way: on the CPU, whose masks it then has.
  const again = await runner.waitFor(runner.start(specOf({ provider: 'cpu' })).id)
  expect(again).toMatchObject({ state: 'done', failed: 0, device: expect.stringMatching(/^CPU \(/) as string })
})

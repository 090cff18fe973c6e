import { cp, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { AppError } from '../../shared/errors.ts'
import { createBitmap } from '../../shared/mask/bitmap.ts'
import { bitmapFromTiles, tilesBounds, tilesFromBitmap } from '../../shared/mask/tiles.ts'
import { createEngine } from './client.ts'
import type { CreateEngineOptions, EngineClient } from './client.ts'
import type { EngineClass, EngineImage } from './engine-port.ts'
import { intersectionOverUnion, scene, sceneHeight, sceneWidth } from './scene.fixture.ts'
import { zoomRegion } from './zoom.ts'

/** Real processes, the real runtime and the real backbone; only the predictor is a small one of its own. */

const modelsFolder = fileURLToPath(new URL('../../../models', import.meta.url))
const entry = new URL('./prototype-engine.fixture.ts', import.meta.url)
const width = sceneWidth
const height = sceneHeight

let folder = ''
let lines: string[] = []
const open: EngineClient[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'engine-'))
  lines = []
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((engine) => engine.close()))
  await rm(folder, { recursive: true })
})

function start(options: Partial<CreateEngineOptions> = {}): EngineClient {
  const engine = createEngine({
    modelsFolder,
    cacheFolder: join(folder, 'features'),
    provider: 'cpu',
    threads: 1,
    entry,
    log: (line) => lines.push(line),
    ...options,
  })
  open.push(engine)
  return engine
}

async function learn(engine: EngineClient, versionHash = 'v1'): Promise<EngineClass> {
  const { image, mask } = scene(0)
  const state = await engine.fit([await engine.encodeSupport(image, mask)])
  return { classId: 'disc', versionHash, state }
}

async function errorOf(promise: Promise<unknown>): Promise<AppError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AppError)
  return error as AppError
}

async function featureFiles(): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  return found.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name))
}

test('a class learnt in one image is found in another, and the device is the one that ran', async () => {
  const engine = start()
  expect(await engine.info()).toMatchObject({ predictor: 'prototype', provider: 'cpu' })
  expect((await engine.info()).device).toMatch(/^CPU \(onnxruntime \d+\.\d+\.\d+, 1 thread\)$/)
  const learned = await learn(engine)
  const { image, truth } = scene(2)
  const { predictions, usedCache } = await engine.segment(image, [learned])
  expect(usedCache).toBe(false)
  expect(predictions).toHaveLength(1)
  const [prediction] = predictions
  const mask = bitmapFromTiles(prediction!.tiles, width, height)
  expect(prediction!.area).toBe(mask.data.reduce((sum, value) => sum + value, 0))
  // All-foreground would reach 0.13.
  expect(intersectionOverUnion(mask, truth)).toBeGreaterThan(0.7)
  expect(prediction!.score).toBeGreaterThan(0)
})

test('features are computed once: not for a second class, not for a second process, and never asked pixels for', async () => {
  const first = start()
  const learned = await learn(first)
  const once = scene(2)
  const fresh = await first.segment(once.image, [learned])
  const again = await first.segment(once.image, [learned])
  expect(await first.statistics()).toEqual({ encoderRuns: 2 })
  await first.close()

  const second = start()
  const cached = scene(2)
  const found = await second.segment(cached.image, [learned])
  expect(await second.statistics()).toEqual({ encoderRuns: 0 })
  expect([fresh.usedCache, again.usedCache, found.usedCache]).toEqual([false, true, true])
  // Features from disk and from the network give the same mask.
  expect(found.predictions).toEqual(fresh.predictions)
  expect(once.asked.filter((size) => size !== `${width}x${height}`)).toHaveLength(1)
  expect(cached.asked).toEqual([`${width}x${height}`])
  expect(await featureFiles()).toHaveLength(2)
})

test('a predictor that zooms gets the surroundings of the outline enlarged, made anew and not kept', async () => {
  const engine = start({ predictor: 'zooming' })
  const { image, mask, asked } = scene(3)
  const state = await engine.fit([await engine.encodeSupport(image, mask)])
  const region = zoomRegion(tilesBounds(mask.tiles)!, image)!
  expect(asked).toEqual([`448x448 of ${region.join(',')}`, '448x384'])
  expect(await engine.statistics()).toEqual({ encoderRuns: 2 })
  expect(await featureFiles()).toHaveLength(1)
  // What was learnt from the region alone is found in another picture: pixels and outline were those of the region.
  const { image: other, truth } = scene(2)
  const { predictions } = await engine.segment(other, [{ classId: 'disc', versionHash: 'v1', state }])
  const found = bitmapFromTiles(predictions[0]!.tiles, width, height)
  expect(intersectionOverUnion(found, truth)).toBeGreaterThan(0.7)
  // The whole image comes from disk the second time, the region does not.
  await engine.encodeSupport(image, mask, { detail: 'normal' })
  expect(asked.slice(2)).toEqual([asked[0]])
  expect(await engine.statistics()).toEqual({ encoderRuns: 4 })
  await engine.encodeSupport(image, mask, { detail: 'fast' })
  expect(asked[3]).toBe(`320x320 of ${region.join(',')}`)
})

test('a backbone of one size gets images and regions at that size, whatever the detail', async () => {
  const models = join(folder, 'models')
  await cp(modelsFolder, models, { recursive: true })
  const path = join(models, 'manifest.json')
  const manifest = JSON.parse(await readFile(path, 'utf8')) as { readonly models: { readonly kind: string }[] }
  const changed = manifest.models.map((each) => (each.kind === 'backbone' ? { ...each, inputSize: [320, 256] } : each))
  await writeFile(path, JSON.stringify({ ...manifest, models: changed }))
  const engine = start({ modelsFolder: models, predictor: 'zooming' })
  const { image, mask, asked } = scene(3)
  await engine.encodeSupport(image, mask, { detail: 'high' })
  const region = zoomRegion(tilesBounds(mask.tiles)!, image)!
  expect(asked).toEqual([`320x256 of ${region.join(',')}`, '320x256'])
})

test('nothing is zoomed for a predictor that does not, nor where the outline fills the image', async () => {
  const { image, mask, asked } = scene(0)
  await start().encodeSupport(image, mask)
  const everything = createBitmap(width, height)
  everything.data.fill(1)
  const filled = { width, height, tiles: tilesFromBitmap(everything) }
  await start({ predictor: 'zooming', cacheFolder: join(folder, 'others') }).encodeSupport(image, filled)
  expect(asked).toEqual(['448x384', '448x384'])
})

test('an error while the region is read is passed on as it is', async () => {
  const engine = start({ predictor: 'zooming' })
  const { image, mask } = scene(1)
  const gone = new AppError('Io', 'imageUnreadable', 'a.jpg cannot be read.')
  const unreadable: EngineImage = {
    ...image,
    pixels: (w, h, options) => (options?.region === undefined ? image.pixels(w, h) : Promise.reject(gone)),
  }
  expect(await errorOf(engine.encodeSupport(unreadable, mask))).toBe(gone)
})

test('another detail has features of its own', async () => {
  const engine = start()
  const learned = await learn(engine)
  const { image, asked } = scene(2)
  await engine.segment(image, [learned], { detail: 'fast' })
  await engine.segment(image, [learned], { detail: 'normal' })
  expect(new Set(asked).size).toBe(3)
  expect((await engine.statistics()).encoderRuns).toBe(3)
})

test('an image may bring its own cache folder', async () => {
  const engine = start()
  const { image, mask } = scene(1, { cacheFolder: join(folder, 'other project') })
  await engine.encodeSupport(image, mask)
  expect((await featureFiles()).every((file) => file.startsWith(join(folder, 'other project')))).toBe(true)
})

test.each([
  ['cut off', (file: string) => truncate(file, 1000)],
  ['empty', (file: string) => truncate(file, 0)],
  [
    'altered',
    async (file: string) => {
      const bytes = await readFile(file)
      bytes[bytes.length >> 1]! ^= 1
      await writeFile(file, bytes)
    },
  ],
])('a feature file that was %s is made again', async (_, damage) => {
  const first = start()
  const learned = await learn(first)
  const { image, asked } = scene(2)
  const fresh = await first.segment(image, [learned])
  await first.close()
  const file = (await featureFiles()).find((path) => path.includes(image.contentHash))!
  const { size } = await stat(file)
  await damage(file)

  const second = start()
  asked.length = 0
  const found = await second.segment(image, [learned])
  expect(found).toEqual(fresh)
  expect(asked.filter((entrySize) => entrySize !== `${width}x${height}`)).toHaveLength(1)
  expect((await stat(file)).size).toBe(size)
  expect(lines.some((line) => line.includes('was damaged'))).toBe(true)
  expect((await featureFiles()).some((path) => path.endsWith('.part'))).toBe(false)
})

test('a cache folder that cannot be written costs speed, not the result', async () => {
  await writeFile(join(folder, 'features'), 'a file where the folder should be')
  const engine = start()
  const learned = await learn(engine)
  const { predictions } = await engine.segment(scene(2).image, [learned])
  expect(predictions[0]!.area).toBeGreaterThan(0)
  expect(lines.some((line) => line.includes('could not be written'))).toBe(true)
})

test('killed in the middle of a batch, the engine comes back and every image is answered with the same masks', async () => {
  const engine = start()
  const learned = await learn(engine)
  const reasons: string[] = []
  engine.onRestart((reason) => reasons.push(reason))
  const before = await engine.segment(scene(1).image, [learned])
  const pids = new Set([engine.pid()])

  const scenes = Array.from({ length: 8 }, (_, number) => scene(number + 1))
  let answered = 0
  const batch = Promise.all(
    scenes.map(async ({ image }) => {
      const answer = await engine.segment(image, [learned], { priority: 'batch' })
      answered += 1
      return answer
    }),
  )
  await vi.waitFor(() => expect(answered).toBeGreaterThan(1), { timeout: 20_000, interval: 1 })
  expect(answered).toBeLessThan(8)
  process.kill(engine.pid()!, 'SIGKILL')
  const answers = await batch
  pids.add(engine.pid())
  expect(answers).toHaveLength(8)
  expect(answers[0]!.predictions).toEqual(before.predictions)
  expect(reasons).toEqual(['signal SIGKILL'])
  expect(pids.size).toBe(2)
})

test('class states are sent once, and again to a process that does not know them', async () => {
  const engine = start()
  const learned = await learn(engine)
  let read = 0
  const counted: EngineClass = {
    ...learned,
    get state() {
      read += 1
      return learned.state
    },
  }
  const { image } = scene(2)
  const first = await engine.segment(image, [counted])
  expect(read).toBe(1)
  await engine.segment(image, [counted])
  expect(read).toBe(1)
  const restarted = new Promise<string>((resolve) => {
    engine.onRestart(resolve)
  })
  process.kill(engine.pid()!, 'SIGKILL')
  // Asked before the client has noticed the death: the request is queued again and the state asked for.
  const second = await engine.segment(image, [counted])
  await restarted
  expect(read).toBe(2)
  expect(second.predictions).toEqual(first.predictions)
})

test('two classes of one run own no pixel together', async () => {
  const engine = start()
  const learned = await learn(engine)
  const rival: EngineClass = {
    ...learned,
    classId: 'rival',
    versionHash: 'v2',
    state: { ...learned.state, threshold: 0.52 },
  }
  const { predictions } = await engine.segment(scene(2).image, [learned, rival])
  const [a, b] = predictions.map(({ tiles }) => bitmapFromTiles(tiles, width, height))
  expect(a!.data.some((value, i) => value === 1 && b!.data[i] === 1)).toBe(false)
  expect(predictions.map(({ classId }) => classId)).toEqual(['disc', 'rival'])
})

test('an altered model file is refused before it runs, in a sentence that names it', async () => {
  const models = join(folder, 'models')
  await cp(join(modelsFolder, 'manifest.json'), join(models, 'manifest.json'))
  const bytes = await readFile(join(modelsFolder, 'backbone.onnx'))
  bytes[5000]! ^= 255
  await writeFile(join(models, 'backbone.onnx'), bytes)
  const engine = start({ modelsFolder: models })
  const error = await errorOf(engine.info())
  expect(error).toMatchObject({ code: 'ModelMismatch', key: 'modelMismatch' })
  expect(error.message).toContain(join(models, 'backbone.onnx'))
  // Repaired, the same engine works: nothing has to be restarted by hand.
  await cp(join(modelsFolder, 'backbone.onnx'), join(models, 'backbone.onnx'))
  expect((await engine.info()).provider).toBe('cpu')
})

test('a provider that does not run here is refused, not replaced', async () => {
  const engine = start({ provider: 'cuda' })
  const error = await errorOf(engine.info())
  expect(error).toMatchObject({ code: 'Unsupported', key: 'providerUnsupported' })
  expect(error.message).toMatch(/cuda does not run on this computer/)
})

test('an aborted request is cancelled, and the next one is answered', async () => {
  const engine = start()
  const learned = await learn(engine)
  const controller = new AbortController()
  const aborted = scene(3, { beforePixels: () => controller.abort() })
  expect((await errorOf(engine.segment(aborted.image, [learned], { signal: controller.signal }))).code).toBe(
    'Cancelled',
  )
  const late = new AbortController()
  const running = engine.segment(scene(4).image, [learned], { signal: late.signal })
  late.abort()
  expect((await errorOf(running)).code).toBe('Cancelled')
  expect((await engine.segment(scene(2).image, [learned])).predictions[0]!.area).toBeGreaterThan(0)
})

test('an error while pixels are read is passed on as it is', async () => {
  const engine = start()
  const learned = await learn(engine)
  const gone = new AppError('Io', 'imageUnreadable', 'a.jpg cannot be read.')
  const image = { ...scene(1).image, pixels: () => Promise.reject(gone) }
  expect(await errorOf(engine.segment(image, [learned]))).toBe(gone)
})

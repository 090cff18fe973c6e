import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { tinyDenseSize, writeTinyDenseMsdnet } from '../../../test/support/tiny-dense-msdnet.ts'
import { tinyDecoder, writeTinyMsdnet } from '../../../test/support/tiny-msdnet.ts'
import type { TinyMsdnetChange } from '../../../test/support/tiny-msdnet.ts'
import { isAppError } from '../../shared/errors.ts'
import { bitmapFromTiles } from '../../shared/mask/tiles.ts'
import { createEngine } from '../engine/client.ts'
import type { RgbPixels } from '../engine/engine-port.ts'
import { intersectionOverUnion, scene, sceneHeight, sceneWidth } from '../engine/scene.fixture.ts'
import { addModel, listModels, modelHashNamed, modelNamed, requireModel } from './models.ts'

const modelsFolder = fileURLToPath(new URL('../../../models', import.meta.url))
const options = { log: (): void => undefined }
let folder = ''
let home = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'models-'))
  home = join(folder, 'home')
  vi.stubEnv('EXEMPLAR_HOME', home)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

function write(change: TinyMsdnetChange = {}): string {
  const source = join(folder, 'export')
  writeTinyMsdnet(source, modelsFolder, change)
  return source
}

/** The export without the backbone, as whoever trains a head on the shipped one has it. */
function withoutBackbone(source: string): void {
  const path = join(source, 'manifest.json')
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as { models: { readonly kind: string }[] }
  manifest.models = manifest.models.filter(({ kind }) => kind.startsWith('msdnet'))
  writeFileSync(path, JSON.stringify(manifest))
  rmSync(join(source, 'backbone.onnx'))
}

async function errorOf(promise: Promise<unknown>): Promise<Error & { readonly key: string }> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!isAppError(error)) throw error
  return error
}

test('an added model is a complete copy that can be learnt and segmented with when its source is gone', async () => {
  const source = write()
  withoutBackbone(source)
  expect(await addModel(join(source, 'manifest.json'), options)).toBe('tiny-msdnet')
  rmSync(source, { recursive: true })
  const added = (await listModels()).find(({ name }) => name === 'tiny-msdnet')
  expect(added).toMatchObject({ origin: 'added', licence: 'Apache-2.0', problem: null })
  const model = requireModel('tiny-msdnet')
  const engine = createEngine({ ...model, ...options, cacheFolder: join(folder, 'cache'), provider: 'cpu', threads: 1 })
  try {
    const { modelHash, predictor } = await engine.info()
    expect(predictor).toBe('msdnet')
    expect(await modelHashNamed('tiny-msdnet')).toBe(modelHash)
    const { image, mask } = scene(0)
    const state = await engine.fit([await engine.encodeSupport(image, mask, { negative: mask })])
    const { predictions } = await engine.segment(image, [{ classId: 'disc', versionHash: 'v', state }])
    expect(predictions[0]?.presence).toBeGreaterThan(0)
  } finally {
    await engine.close()
  }
})

test('an added model of the published configuration brings its backbone, and every photo enters at its one size', async () => {
  const source = join(folder, 'export')
  writeTinyDenseMsdnet(source)
  expect(await addModel(source, options)).toBe('dense')
  rmSync(source, { recursive: true })
  const added = (await listModels()).find(({ name }) => name === 'dense')
  expect(added).toMatchObject({ origin: 'added', licence: 'Apache-2.0', problem: null })
  const model = requireModel('dense')
  const engine = createEngine({ ...model, ...options, cacheFolder: join(folder, 'cache'), provider: 'cpu', threads: 1 })
  try {
    const { modelHash, predictor } = await engine.info()
    expect(predictor).toBe('msdnet')
    expect(await modelHashNamed('dense')).toBe(modelHash)
    const examples = [scene(0), scene(1)]
    const supports = await Promise.all(
      examples.map(({ image, mask }) => engine.encodeSupport(image, mask, { detail: 'high' })),
    )
    const state = await engine.fit(supports)
    const size = tinyDenseSize.join('x')
    expect(examples.map(({ asked }) => asked)).toEqual([[size], [size]])
    const query = scene(2)
    const classes = [{ classId: 'disc', versionHash: 'v', state }]
    const { predictions, usedCache } = await engine.segment(query.image, classes)
    expect(usedCache).toBe(false)
    expect(query.asked).toContain(size)
    const [found] = predictions
    if (found === undefined) throw new Error('no prediction')
    expect(intersectionOverUnion(bitmapFromTiles(found.tiles, sceneWidth, sceneHeight), query.truth)).toBeGreaterThan(
      0.85,
    )
    expect(found.score).toBeGreaterThan(0.5)
    // The same features serve any detail.
    expect(await engine.segment(query.image, classes, { detail: 'fast' })).toMatchObject({
      usedCache: true,
      predictions,
    })
    const blank = (w: number, h: number): Promise<RgbPixels> =>
      Promise.resolve({ width: w, height: h, data: new Uint8Array(w * h * 3).fill(240) })
    const empty = { ...query.image, contentHash: 'e'.repeat(64), pixels: blank }
    const [nothing] = (await engine.segment(empty, classes)).predictions
    expect(nothing).toMatchObject({ area: 0, score: 0 })
    expect(nothing?.presence).toBeLessThan(0)
  } finally {
    await engine.close()
  }
})

describe('a model that cannot be used is not added', () => {
  test.each<readonly [string, TinyMsdnetChange, string]>([
    [
      'when its graph fails',
      { decoder: { ...tinyDecoder(), outputs: [] }, promised: { decoder: tinyDecoder() } },
      'modelFault',
    ],
    ['when it is of no known kind', { entry: { support: 'graph' } }, 'modelManifestInvalid'],
    ['when its id is that of one that ships', { entry: { id: 'msdnet' } }, 'modelNameUnusable'],
    ['when its id leads out of the folder', { entry: { id: '../escaped' } }, 'modelNameUnusable'],
  ])('%s', async (_name, change, key) => {
    const source = write(change)
    const error = await errorOf(addModel(source, options))
    expect(error.key).toBe(key)
    if (key === 'modelFault') expect(error.message).toContain(join(source, 'tiny-msdnet.onnx'))
    expect(error.message).not.toContain('.part')
    expect((await listModels()).map(({ name }) => name)).toEqual(['msdnet', 'training-free'])
  })

  test('when a file was altered; nothing is left of it', async () => {
    const source = write()
    writeFileSync(join(source, 'tiny-encoder.onnx'), 'something else')
    const error = await errorOf(addModel(source, options))
    expect(error.message).toContain(join(source, 'tiny-encoder.onnx'))
    expect(readdirSync(join(home, 'models'))).toEqual([])
  })

  test('under a name that is taken', async () => {
    const source = write()
    await addModel(source, options)
    const error = await errorOf(addModel(source, options))
    expect(error.key).toBe('modelNameTaken')
  })
})

test('a model whose file is damaged later is listed with the reason', async () => {
  await addModel(write(), options)
  const path = join(home, 'models', 'tiny-msdnet', 'tiny-msdnet.onnx')
  writeFileSync(path, 'something else')
  const added = (await listModels()).find(({ name }) => name === 'tiny-msdnet')
  expect(added?.problem).toMatchObject({ error: { key: 'modelMismatch', params: { path } } })
})

test('a model that is gone keeps its place, so that nothing takes it', async () => {
  expect(() => requireModel('gone')).toThrow(/msdnet, training-free/)
  expect(modelNamed('gone')).toEqual({ modelsFolder: join(home, 'models', 'gone'), predictor: 'msdnet' })
  expect(await modelHashNamed('gone')).toBeNull()
})

test('the hash of the training-free model is known without an engine', async () => {
  const engine = createEngine({ ...modelNamed('training-free'), ...options, cacheFolder: folder, provider: 'cpu' })
  try {
    expect(await modelHashNamed('training-free')).toBe((await engine.info()).modelHash)
  } finally {
    await engine.close()
  }
})

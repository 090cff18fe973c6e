import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AppError } from '../../shared/errors.ts'
import { createBackbone } from './backbone.ts'
import type { Backbone } from './backbone.ts'
import { goldenPixels, goldenSchema, largestDifference } from './golden.ts'
import { backboneEntrySchema, featureHash, loadVerifiedModel, readModelEntry } from './models.ts'

const modelsFolder = fileURLToPath(new URL('../../../models', import.meta.url))

let backbone: Backbone
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'models-'))
  const entry = await readModelEntry(modelsFolder, 'backbone', backboneEntrySchema)
  backbone = await createBackbone(await loadVerifiedModel(modelsFolder, entry), { provider: 'cpu', threads: 1 })
})

afterAll(async () => {
  await backbone[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

test.each(['260x260', '320x320', '448x448', '512x384'])('the features at %s are the golden ones', async (size) => {
  const golden = goldenSchema.parse(
    JSON.parse(await readFile(join(modelsFolder, 'golden', `backbone-${size}.json`), 'utf8')),
  )
  const features = await backbone.run(goldenPixels(golden.width, golden.height))
  expect(Object.keys(features.maps)).toEqual(golden.outputs.map(({ name }) => name))
  expect(largestDifference(features, golden)).toBeLessThan(1e-4)
  // The comparison itself can fail: one changed value shows.
  const first = golden.outputs[0]!
  const changed = {
    ...golden,
    outputs: [{ ...first, values: [first.values[0]! + first.scale / 100, ...first.values.slice(1)] }],
  }
  expect(largestDifference(features, changed)).toBeGreaterThan(5e-3)
})

test('a wrong number of bytes is refused', async () => {
  await expect(backbone.run({ width: 64, height: 64, data: new Uint8Array(64) })).rejects.toThrow(/needs 12288 bytes/)
})

async function errorOf(promise: Promise<unknown>): Promise<AppError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AppError)
  return error as AppError
}

test('an altered, a missing and an undescribed model are refused in one sentence that names the file', async () => {
  const altered = join(folder, 'altered')
  await cp(join(modelsFolder, 'manifest.json'), join(altered, 'manifest.json'))
  const entry = await readModelEntry(altered, 'backbone', backboneEntrySchema)
  const missing = await errorOf(loadVerifiedModel(altered, entry))
  expect(missing).toMatchObject({ code: 'ModelMissing', key: 'modelMissing' })
  expect(missing.message).toContain(join(altered, 'backbone.onnx'))

  const bytes = await readFile(join(modelsFolder, 'backbone.onnx'))
  bytes[bytes.length - 1]! ^= 1
  await writeFile(join(altered, 'backbone.onnx'), bytes)
  const mismatch = await errorOf(loadVerifiedModel(altered, entry))
  expect(mismatch).toMatchObject({ code: 'ModelMismatch', key: 'modelMismatch' })
  expect(mismatch.message).toContain(join(altered, 'backbone.onnx'))

  await writeFile(join(altered, 'manifest.json'), '{"schemaVersion":1,"models":[]}')
  const unlisted = await errorOf(readModelEntry(altered, 'backbone', backboneEntrySchema))
  expect(unlisted).toMatchObject({ code: 'ModelMissing', key: 'modelNotListed' })
  expect(unlisted.message).toContain(join(altered, 'manifest.json'))

  await writeFile(join(altered, 'manifest.json'), '{"schemaVersion":1,"models":[{"id":"x","kind":"backbone"}]}')
  expect(await errorOf(readModelEntry(altered, 'backbone', backboneEntrySchema))).toMatchObject({
    code: 'ModelMismatch',
    key: 'modelManifestInvalid',
  })
  await writeFile(join(altered, 'manifest.json'), '{')
  expect((await errorOf(readModelEntry(altered, 'backbone', backboneEntrySchema))).key).toBe('modelManifestInvalid')
})

test('a file name in the manifest cannot leave the models folder', async () => {
  const entry = { ...(await readModelEntry(modelsFolder, 'backbone', backboneEntrySchema)), file: '../backbone.onnx' }
  await cp(join(modelsFolder, 'manifest.json'), join(folder, 'manifest.json'))
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ schemaVersion: 1, models: [entry] }))
  expect((await errorOf(readModelEntry(folder, 'backbone', backboneEntrySchema))).key).toBe('modelManifestInvalid')
})

test('the feature hash depends on the model and on the normalisation', async () => {
  const entry = await readModelEntry(modelsFolder, 'backbone', backboneEntrySchema)
  const others = [
    { ...entry, sha256: '0'.repeat(64) },
    { ...entry, normalisation: { mean: 0, scale: 1 } },
  ]
  expect(new Set([entry, ...others].map(featureHash)).size).toBe(3)
  expect(featureHash(entry)).toMatch(/^[0-9a-f]{64}$/)
})

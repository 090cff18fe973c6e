import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AppError } from '../../shared/errors.ts'
import { examineEngine } from './doctor.ts'

const modelsFolder = fileURLToPath(new URL('../../../models', import.meta.url))
const log = (): void => undefined

let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doctor-'))
})

afterAll(() => rm(folder, { recursive: true }))

test('a healthy engine is proven: golden values on the CPU, every provider tried and never assumed', async () => {
  const report = await examineEngine({ modelsFolder, log })
  expect(report).toMatchObject({
    healthy: true,
    problem: null,
    engine: { predictor: 'training-free', provider: 'cpu' },
  })
  expect(report.engine!.golden.difference).toBeLessThan(1e-4)
  expect(report.engine!.golden.milliseconds).toBeGreaterThan(0)
  expect(report.providers.map(({ provider }) => provider)).toEqual(['cpu', 'cuda', 'directml', 'coreml', 'webgpu'])
  for (const found of report.providers) {
    if (found.ran) {
      expect(found).toMatchObject({ loaded: true, reason: null })
      expect(found.difference).toBeLessThan(1e-2)
      expect(found.nodeShare).toBeGreaterThan(0)
    } else expect(found.reason).toMatch(/^[A-Z].{10,}/s)
  }
  expect(report.providers[0]).toMatchObject({ provider: 'cpu', ran: true, difference: 0, nodeShare: 1 })
  // No provider runs on every platform: at least one of these must have been refused, with its reason.
  expect(report.providers.filter(({ provider, ran }) => !ran && ['directml', 'coreml'].includes(provider))).not.toEqual(
    [],
  )
})

test('a damaged model is the finding, not a crash', async () => {
  await cp(modelsFolder, folder, { recursive: true, filter: (path) => !path.includes('.venv') })
  await writeFile(join(folder, 'backbone.onnx'), 'not a model')
  const report = await examineEngine({ modelsFolder: folder, log })
  expect(report).toMatchObject({ engine: null, healthy: false, providers: [] })
  expect(report.problem).toContain(join(folder, 'backbone.onnx'))
})

test('aborted, it ends', async () => {
  const controller = new AbortController()
  const running = examineEngine({ modelsFolder, log, signal: controller.signal })
  controller.abort()
  const error: unknown = await running.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AppError)
  expect(error).toMatchObject({ code: 'Cancelled' })
})

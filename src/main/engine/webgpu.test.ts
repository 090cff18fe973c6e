import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { because } from '../../../test/support/skip-reason.ts'
import { findSoftwareVulkan, noSoftwareVulkanReason } from '../../../test/support/software-vulkan.ts'
import { writeTinyModels } from '../../../test/support/tiny-onnx.ts'
import type { TinyNetwork } from '../../../test/support/tiny-onnx.ts'
import { forkSpawnerWith } from '../processes/spawner.ts'
import { createEngine } from './client.ts'
import { createDevices, createVolatileMemory } from './devices.ts'
import { checkProvider } from './provider-check.ts'
import { scene } from './scene.fixture.ts'

/** WebGPU for real: the runtime's own provider on a Vulkan driver in software. */

const modelsFolder = fileURLToPath(new URL('../../../models', import.meta.url))
const driver = findSoftwareVulkan()
// The runtime looks for its driver when it starts, so the variable belongs to the process, not to a request.
const spawner = forkSpawnerWith({ VK_ICD_FILENAMES: driver ?? '', VK_DRIVER_FILES: driver ?? '' })

const convolution = { strides: [2, 2], kernel_shape: [3, 3], pads: [1, 1, 1, 1] }
const entrance = { ...convolution, strides: [4, 4] }
const even = { strides: [1, 1], kernel_shape: [3, 3], pads: [1, 1, 1, 1] }

/** What the real backbone is made of: strided, depthwise and pointwise convolutions, a residual, clipped values. */
const residual: TinyNetwork = {
  nodes: [
    { type: 'Conv', inputs: ['image', 'w1'], output: 'c1', attributes: entrance },
    { type: 'Relu', inputs: ['c1'], output: 'r1' },
    { type: 'Conv', inputs: ['r1', 'w2'], output: 'c2', attributes: convolution },
    { type: 'Relu', inputs: ['c2'], output: 's16b' },
    { type: 'Conv', inputs: ['s16b', 'w3'], output: 'c3', attributes: { ...even, group: 4 } },
    { type: 'Conv', inputs: ['c3', 'w4'], output: 'c4', attributes: { kernel_shape: [1, 1], strides: [1, 1] } },
    { type: 'Add', inputs: ['c4', 's16b'], output: 'added' },
    { type: 'Conv', inputs: ['added', 'w5'], output: 's32', attributes: convolution },
  ],
  weights: { w1: [4, 3, 3, 3], w2: [4, 4, 3, 3], w3: [4, 1, 3, 3], w4: [4, 4, 1, 1], w5: [6, 4, 3, 3] },
  outputs: [
    { name: 's16b', stride: 8, channels: 4 },
    { name: 's32', stride: 16, channels: 6 },
  ],
}

/** A gate by the mean of each channel, as squeeze-and-excitation has it. */
const gated: TinyNetwork = {
  nodes: [
    { type: 'Conv', inputs: ['image', 'w1'], output: 'c1', attributes: entrance },
    { type: 'AveragePool', inputs: ['c1'], output: 'p1', attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
    { type: 'GlobalAveragePool', inputs: ['p1'], output: 'mean' },
    { type: 'Sigmoid', inputs: ['mean'], output: 'gate' },
    { type: 'Mul', inputs: ['p1', 'gate'], output: 's16b' },
    { type: 'Tanh', inputs: ['s16b'], output: 's32' },
  ],
  weights: { w1: [5, 3, 3, 3] },
  outputs: [
    { name: 's16b', stride: 8, channels: 5 },
    { name: 's32', stride: 8, channels: 5 },
  ],
}

describe.skipIf(driver === null)('WebGPU on a driver in software', because(noSoftwareVulkanReason), () => {
  let folder = ''

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'webgpu-'))
    writeTinyModels(join(folder, 'residual'), modelsFolder, residual)
    writeTinyModels(join(folder, 'gated'), modelsFolder, gated)
  })

  afterAll(() => rm(folder, { recursive: true }))

  test.each(['residual', 'gated'])(
    'the network "%s" loads, runs on the device and agrees with the CPU to 1e-6',
    async (name) => {
      const trial = { modelsFolder: join(folder, name), spawner, log: () => undefined }
      const proof = await checkProvider('webgpu', trial)
      // Rules 1 to 3. The profile names the provider for nearly every node; the rest copies between the two memories.
      expect(proof).toMatchObject({ provider: 'webgpu', loaded: true, ran: true, detail: null, tolerance: 1e-4 })
      expect(proof.difference).toBeLessThan(1e-6)
      expect(proof.nodeShare).toBeGreaterThan(0.5)
      console.log(
        `webgpu, ${name}: ${proof.milliseconds?.toFixed(1)} ms against ${proof.cpuMilliseconds?.toFixed(1)} ms, difference ${proof.difference?.toExponential(1)}, ${(100 * (proof.nodeShare ?? 0)).toFixed(0)} % of the nodes`,
      )
      // Rule 4: a driver in software is slower than the CPU it runs on.
      expect(proof.milliseconds).toBeGreaterThan(proof.cpuMilliseconds!)
      expect(proof.verdict).toBe('slower')
    },
    180_000,
  )

  test('without the variable the same device is not there', async () => {
    const bare = forkSpawnerWith({
      VK_ICD_FILENAMES: join(folder, 'none.json'),
      VK_DRIVER_FILES: join(folder, 'none.json'),
    })
    const trial = { modelsFolder: join(folder, 'residual'), spawner: bare, log: () => undefined }
    expect(await checkProvider('webgpu', trial)).toMatchObject({ verdict: 'notStarted', loaded: false, ran: false })
  })

  test('auto leaves it alone, asked for by name it works and its features are those of the CPU', async () => {
    const models = join(folder, 'residual')
    const devices = createDevices({
      modelsFolder: models,
      memory: createVolatileMemory(),
      providers: ['cpu', 'webgpu'],
      environment: {},
      spawner,
    })
    const features = async (provider: 'auto' | 'cpu' | 'webgpu'): Promise<{ device: string; bytes: Buffer[] }> => {
      const cacheFolder = join(folder, `features-${provider}`)
      const engine = createEngine({
        modelsFolder: models,
        cacheFolder,
        provider,
        devices,
        spawner,
        log: () => undefined,
      })
      try {
        const { device } = await engine.segment(scene(1).image, [], { detail: 'fast' })
        const files = await readdir(cacheFolder, { recursive: true, withFileTypes: true })
        const found = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name))
        return { device, bytes: await Promise.all(found.map((path) => readFile(path))) }
      } finally {
        await engine.close()
      }
    }
    const auto = await features('auto')
    expect(auto.device).toMatch(/^CPU \(/)
    expect((await devices.list()).auto).toEqual({ provider: 'cpu', why: 'noneBetter' })
    const webgpu = await features('webgpu')
    expect(webgpu.device).toMatch(/^WebGPU \(onnxruntime \S+\)$/)
    // Kept in half precision: of the same size, and nearly every value the same.
    expect(webgpu.bytes).toHaveLength(1)
    const [a, b] = [webgpu.bytes[0]!, auto.bytes[0]!]
    expect(a.length).toBe(b.length)
    expect(a.filter((value, at) => value !== b[at]).length / a.length).toBeLessThan(0.01)
    await devices.close()
  }, 180_000)
})

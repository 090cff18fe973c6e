import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { DeviceReport } from '../../shared/contract/contract.ts'
import { deviceText, verdictSentence } from './device-words.ts'
import { createDevices } from './devices.ts'
import type { Devices } from './devices.ts'
import { hardwareText } from './machine.ts'

/** What is made of results that are known. How they come about is in `device-faults.test.ts`. */

const modelsFolder = fileURLToPath(new URL('../../../models', import.meta.url))

function report(provider: DeviceReport['provider'], change: Partial<DeviceReport> = {}): DeviceReport {
  return {
    provider,
    verdict: 'passed',
    loaded: true,
    ran: true,
    detail: null,
    difference: 0,
    tolerance: 1e-4,
    milliseconds: 80,
    cpuMilliseconds: 80,
    nodeShare: 1,
    checkedAt: '2026-03-01T10:00:00.000Z',
    ...change,
  }
}

function devicesWith(
  reports: readonly DeviceReport[],
  environment: NodeJS.ProcessEnv = {},
): { readonly devices: Devices; readonly failed: DeviceReport[] } {
  let known = reports
  const memory = { read: () => known, write: (_: unknown, found: readonly DeviceReport[]) => void (known = found) }
  const failed: DeviceReport[] = []
  const devices = createDevices({ modelsFolder, memory, environment, onFailure: (each) => failed.push(each) })
  return { devices, failed }
}

const cpu = report('cpu', { milliseconds: 50 })
const slowNumbers = report('directml', { verdict: 'slower', milliseconds: 1 })
const wrong = report('coreml', { verdict: 'different', ran: false, milliseconds: 1 })

test('auto is the fastest of those that passed everything, whatever the others measured', async () => {
  const cuda = report('cuda', { milliseconds: 5 })
  const webgpu = report('webgpu', { milliseconds: 3 })
  const { devices } = devicesWith([cpu, cuda, slowNumbers, wrong, webgpu])
  expect(await devices.choose()).toEqual({ provider: 'webgpu', forced: false, instead: null })
  expect((await devices.list()).auto).toEqual({ provider: 'webgpu', why: 'fastest' })
  const { devices: fewer } = devicesWith([cpu, slowNumbers, wrong])
  expect(await fewer.choose()).toEqual({ provider: 'cpu', forced: false, instead: null })
  expect((await fewer.list()).auto).toEqual({ provider: 'cpu', why: 'noneBetter' })
})

test('a device that failed at work is left alone, told of once, and named with its reason', async () => {
  const { devices, failed } = devicesWith([
    cpu,
    report('cuda', { milliseconds: 5 }),
    report('webgpu', { milliseconds: 3 }),
  ])
  await Promise.all([devices.reportFailure('webgpu', 'it hung'), devices.reportFailure('webgpu', 'it hung')])
  expect(failed).toMatchObject([{ provider: 'webgpu', verdict: 'failedAtWork', ran: false, detail: 'it hung' }])
  expect(verdictSentence(failed[0]!)).toBe('It passed the check but failed at work: it hung.')
  const { provider, instead } = await devices.choose()
  expect(provider).toBe('cuda')
  expect(deviceText(provider, { runtimeVersion: '1.30.0', threads: 2 }, instead)).toBe(
    'CUDA (onnxruntime 1.30.0) instead of WebGPU, which failed: it hung',
  )
  // A slower one that fails is nobody's loss.
  await devices.reportFailure('cuda', 'it crashed')
  expect((await devices.choose()).instead?.provider).toBe('webgpu')
  expect((await devices.list()).auto).toEqual({ provider: 'cpu', why: 'noneBetter' })
})

test('the variable is stronger than what is known, and refused when it names nothing', async () => {
  const { devices } = devicesWith([cpu], { EXEMPLAR_PROVIDER: 'webgpu' })
  expect(await devices.choose()).toEqual({ provider: 'webgpu', forced: true, instead: null })
  expect((await devices.list()).auto).toEqual({ provider: 'webgpu', why: 'variable' })
  const { devices: misled } = devicesWith([cpu], { EXEMPLAR_PROVIDER: 'gpu' })
  await expect(misled.choose()).rejects.toMatchObject({ code: 'InvalidInput', key: 'providerVariable' })
  await expect(misled.list()).rejects.toThrow(/set it to one of auto, cpu, cuda, directml, coreml, webgpu/)
})

test('hardware is told as far as the system tells it', () => {
  const bare = { host: 'h', system: 's', processor: 'p', graphics: [], driver: null, variables: [] }
  expect(hardwareText(bare)).toBeNull()
  expect(hardwareText({ ...bare, graphics: ['0x10de:0x2330'], driver: 'NVRM version: 570', variables: ['A=b'] })).toBe(
    'graphics card 0x10de:0x2330, NVRM version: 570',
  )
})

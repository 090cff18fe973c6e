import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { DeviceReport } from '../../shared/contract/contract.ts'
import type { DeviceKey } from '../engine/devices.ts'
import { describeMachine } from '../engine/machine.ts'
import { createDeviceMemory } from './device-memory.ts'

let folder = ''
let file = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'devices-'))
  file = join(folder, 'configuration', 'devices.json')
})

afterEach(() => rm(folder, { recursive: true }))

const key: DeviceKey = {
  machine: describeMachine({}),
  runtimeVersion: '1.30.0',
  featureHash: 'a'.repeat(64),
  proofVersion: 1,
}

const report: DeviceReport = {
  provider: 'webgpu',
  verdict: 'slower',
  loaded: true,
  ran: true,
  detail: null,
  difference: 3e-6,
  tolerance: 1e-4,
  milliseconds: 300,
  cpuMilliseconds: 1,
  nodeShare: 0.9,
  checkedAt: '2026-03-01T10:00:00.000Z',
}

test('what was found out is there after the next start, for this person only', async () => {
  expect(createDeviceMemory(file).read(key)).toBeNull()
  createDeviceMemory(file).write(key, [report])
  expect(createDeviceMemory(file).read(structuredClone(key))).toEqual([report])
  expect((await stat(file)).mode & 0o077).toBe(0)
})

test.each<readonly [string, DeviceKey]>([
  ['another driver', { ...key, machine: { ...key.machine, driver: 'NVRM version 999' } }],
  ['another card', { ...key, machine: { ...key.machine, graphics: ['0x10de:0x2330'] } }],
  ['another computer', { ...key, machine: { ...key.machine, host: 'other' } }],
  ['a variable that names a driver', { ...key, machine: describeMachine({ VK_ICD_FILENAMES: '/a.json' }) }],
  ['another onnxruntime', { ...key, runtimeVersion: '1.31.0' }],
  ['another model', { ...key, featureHash: 'b'.repeat(64) }],
  ['another proof', { ...key, proofVersion: 2 }],
])('%s makes it unknown, and keeps the old result for its return', (_, other) => {
  const memory = createDeviceMemory(file)
  memory.write(key, [report])
  expect(memory.read(other)).toBeNull()
  memory.write(other, [{ ...report, verdict: 'passed' }])
  expect(memory.read(other)).toMatchObject([{ verdict: 'passed' }])
  expect(memory.read(key)).toEqual([report])
})

test.each([
  ['cut off', (text: string) => text.slice(0, -20)],
  ['empty', () => ''],
  ['of another version', (text: string) => text.replace('"schemaVersion": 1', '"schemaVersion": 2')],
  ['written by hand', (text: string) => text.replace('"slower"', '"splendid"')],
])('a file that is %s counts as unknown and is replaced', async (_, damage) => {
  const memory = createDeviceMemory(file)
  memory.write(key, [report])
  await writeFile(file, damage(await readFile(file, 'utf8')))
  expect(createDeviceMemory(file).read(key)).toBeNull()
  memory.write(key, [report])
  expect(createDeviceMemory(file).read(key)).toEqual([report])
})

test('where nothing can be written it is known until the end of the program', async () => {
  await writeFile(join(folder, 'configuration'), 'a file where the folder should be')
  const memory = createDeviceMemory(file)
  memory.write(key, [report])
  expect(memory.read(key)).toEqual([report])
  expect(createDeviceMemory(file).read(key)).toBeNull()
})

test('the file does not grow with every driver there ever was', async () => {
  const memory = createDeviceMemory(file)
  for (let number = 0; number < 20; number++) memory.write({ ...key, runtimeVersion: `1.${number}.0` }, [report])
  expect(memory.read({ ...key, runtimeVersion: '1.19.0' })).not.toBeNull()
  expect(memory.read({ ...key, runtimeVersion: '1.0.0' })).toBeNull()
  expect((JSON.parse(await readFile(file, 'utf8')) as { results: unknown[] }).results).toHaveLength(8)
})

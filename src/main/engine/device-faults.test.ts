import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { DeviceReport } from '../../shared/contract/contract.ts'
import { AppError } from '../../shared/errors.ts'
import { forkSpawnerWith } from '../processes/spawner.ts'
import { createEngine } from './client.ts'
import type { CreateEngineOptions, EngineClient } from './client.ts'
import { verdictSentence } from './device-words.ts'
import { createDevices, createVolatileMemory } from './devices.ts'
import type { DeviceKey, DeviceMemory, Devices } from './devices.ts'
import type { EngineClass, EnginePrediction } from './engine-port.ts'
import type { Fault } from './faulty-engine.fixture.ts'
import { scene } from './scene.fixture.ts'

/** Real engine processes and the real backbone; one device lies, fails, dies or hangs. */

const modelsFolder = fileURLToPath(new URL('../../../models', import.meta.url))
const entry = new URL('./faulty-engine.fixture.ts', import.meta.url)
const cpuText = /^CPU \(onnxruntime \d+\.\d+\.\d+, 1 thread\)$/

interface Case {
  readonly fault: Exclude<Fault, 'none'>
  readonly verdict: DeviceReport['verdict']
  readonly sentence: RegExp
}

const cases: readonly Case[] = [
  { fault: 'missing', verdict: 'missing', sentence: /^Its library is not here: .*Failed to load shared library\.$/ },
  { fault: 'notStarted', verdict: 'notStarted', sentence: /^It could not be started: CUDA failure 999/ },
  { fault: 'crashAtStart', verdict: 'crashed', sentence: /^It took its process down: signal SIGABRT\.$/ },
  { fault: 'hangAtStart', verdict: 'hung', sentence: /^It hung: no answer within 8 seconds\.$/ },
  { fault: 'ignored', verdict: 'ignored', sentence: /accepted the name but ran everything on the CPU\.$/ },
  { fault: 'different', verdict: 'different', sentence: /^Its result differs from that of the CPU by 5\.0e-1/ },
  { fault: 'notNumbers', verdict: 'notNumbers', sentence: /values that are no numbers\.$/ },
  { fault: 'failed', verdict: 'failed', sentence: /^It started but failed to run: Non-zero status code/ },
  { fault: 'crashInRun', verdict: 'crashed', sentence: /^It took its process down: signal SIGABRT\.$/ },
  { fault: 'hangInRun', verdict: 'hung', sentence: /^It hung: no answer within 8 seconds\.$/ },
]

let folder = ''
let failures: DeviceReport[] = []
const open: { close: () => Promise<void> }[] = []
/** What the CPU makes of the scenes: by it every other result is judged. */
let learned: EngineClass
let expected: readonly EnginePrediction[] = []

beforeAll(async () => {
  const cacheFolder = await mkdtemp(join(tmpdir(), 'faults-cpu-'))
  const engine = createEngine({ modelsFolder, cacheFolder, provider: 'cpu', threads: 1, log: () => undefined })
  const { image, mask } = scene(0)
  const state = await engine.fit([await engine.encodeSupport(image, mask)])
  learned = { classId: 'disc', versionHash: 'v1', state }
  expected = (await engine.segment(scene(2).image, [learned])).predictions
  await engine.close()
  await rm(cacheFolder, { recursive: true })
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'faults-'))
  failures = []
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()))
  await rm(folder, { recursive: true })
})

interface Machine {
  readonly fault: Fault
  readonly at?: 'work'
  /** Default: the one that does not zoom. */
  readonly predictor?: string
}

function isHang(fault: Fault): boolean {
  return fault === 'hangAtStart' || fault === 'hangInRun'
}

function devicesOf({ fault, at }: Machine, memory: DeviceMemory = createVolatileMemory()): Devices {
  const devices = createDevices({
    modelsFolder,
    memory,
    onFailure: (report) => failures.push(report),
    providers: ['cpu', 'cuda'],
    environment: {},
    entry,
    spawner: forkSpawnerWith({ EXEMPLAR_FAULT: fault, EXEMPLAR_FAULT_AT: at ?? '' }),
    ...(isHang(fault) && at === undefined ? { timeoutMs: 8_000 } : {}),
  })
  open.push(devices)
  return devices
}

function engineOf(
  { fault, at, predictor = 'training-free' }: Machine,
  devices: Devices,
  provider: CreateEngineOptions['provider'] = 'auto',
): EngineClient {
  const engine = createEngine({
    modelsFolder,
    cacheFolder: join(folder, 'features'),
    provider,
    devices,
    predictor,
    threads: 1,
    entry,
    spawner: forkSpawnerWith({ EXEMPLAR_FAULT: fault, EXEMPLAR_FAULT_AT: at ?? '' }),
    log: () => undefined,
    ...(isHang(fault) ? { deviceTimeoutMs: 8_000 } : {}),
  })
  open.push(engine)
  return engine
}

/** A memory in which every device passed, whatever the machine is like by now. */
function trusting(): DeviceMemory {
  const inner = createVolatileMemory()
  const passed = (provider: 'cpu' | 'cuda', milliseconds: number): DeviceReport => ({
    provider,
    verdict: 'passed',
    loaded: true,
    ran: true,
    detail: null,
    difference: 0,
    tolerance: 1e-2,
    milliseconds,
    cpuMilliseconds: 90,
    nodeShare: 1,
    checkedAt: '2026-03-01T10:00:00.000Z',
  })
  return {
    read: (key: DeviceKey) => inner.read(key) ?? [passed('cpu', 90), passed('cuda', 3)],
    write: inner.write,
  }
}

async function errorOf(promise: Promise<unknown>): Promise<AppError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AppError)
  return error as AppError
}

test('a device that works and is faster is what auto uses and what the device text names', async () => {
  expect(expected[0]!.area).toBeGreaterThan(0)
  const machine: Machine = { fault: 'none' }
  const devices = devicesOf(machine)
  expect((await devices.list()).auto).toEqual({ provider: 'cpu', why: 'untried' })
  const engine = engineOf(machine, devices)
  expect(await engine.info()).toMatchObject({ provider: 'cuda', device: expect.stringMatching(/^CUDA \(/) as string })
  const found = await engine.segment(scene(2).image, [learned])
  expect(found.device).toMatch(/^CUDA \(onnxruntime \d+\.\d+\.\d+\)$/)
  expect(found.predictions).toEqual(expected)
  // The second time its features come from disk: nothing but the CPU worked.
  expect((await engine.segment(scene(2).image, [learned])).device).toMatch(cpuText)
  const { auto, devices: reports } = await devices.list()
  expect(auto).toEqual({ provider: 'cuda', why: 'fastest' })
  expect(reports[1]).toMatchObject({ verdict: 'passed', loaded: true, ran: true, difference: 0, nodeShare: 1 })
  expect(reports[1]!.milliseconds).toBeLessThan(reports[1]!.cpuMilliseconds!)
  // The CPU is there for whoever asks for it by name.
  expect((await engine.info({ provider: 'cpu' })).device).toMatch(cpuText)
  expect(failures).toEqual([])
})

test('a check that is cancelled ends at once and remembers nothing; what was asked meanwhile shares it', async () => {
  const devices = devicesOf({ fault: 'hangAtStart' })
  const progress: (string | undefined)[] = []
  const controller = new AbortController()
  const first = devices.check({
    signal: controller.signal,
    progress: ({ note }) => {
      progress.push(note)
      if (note === 'CUDA') controller.abort()
    },
  })
  expect((await errorOf(first)).code).toBe('Cancelled')
  expect(progress).toEqual(['CPU', 'CUDA'])
  expect((await devices.list()).auto.why).toBe('untried')

  // One of two who wait goes away: the other gets the result.
  const impatient = new AbortController()
  const [left, stayed] = await Promise.all([
    errorOf(
      devices.check({
        signal: impatient.signal,
        progress: ({ note }) => {
          if (note === 'CUDA') impatient.abort()
        },
      }),
    ),
    devices.choose(),
  ])
  expect(left.code).toBe('Cancelled')
  expect(stayed).toEqual({ provider: 'cpu', forced: false, instead: null })
  expect((await devices.list()).devices[1]).toMatchObject({ verdict: 'hung' })
})

describe.each(cases)('a device with the fault $fault', ({ fault, verdict, sentence }) => {
  test('is found out by the check: auto stays on the CPU, the masks are those of the CPU', async () => {
    const devices = devicesOf({ fault })
    const { auto, devices: reports } = await devices.check()
    const report = reports.find(({ provider }) => provider === 'cuda')!
    expect(report).toMatchObject({ verdict, ran: false })
    expect(verdictSentence(report)).toMatch(sentence)
    expect(auto).toEqual({ provider: 'cpu', why: 'noneBetter' })
    const engine = engineOf({ fault }, devices)
    expect(await engine.info()).toMatchObject({
      provider: 'cpu',
      device: expect.stringMatching(cpuText) as string,
    })
    const found = await engine.segment(scene(2).image, [learned])
    expect(found.predictions).toEqual(expected)
    expect(found.device).toMatch(cpuText)
    // Known already: nothing had to fail again.
    expect(failures).toEqual([])
  })

  test('that passed earlier fails when it is opened: auto goes on on the CPU and says so, by name it is refused', async () => {
    const devices = devicesOf({ fault }, trusting())
    const engine = engineOf({ fault }, devices)
    const found = await engine.segment(scene(2).image, [learned])
    expect(found.predictions).toEqual(expected)
    expect(found.device).toMatch(/^CPU \(onnxruntime \S+, 1 thread\) instead of CUDA, which failed: \w.+/)
    expect(failures).toMatchObject([{ provider: 'cuda', verdict: 'failedAtWork', ran: false }])
    expect((await devices.list()).auto).toEqual({ provider: 'cpu', why: 'noneBetter' })
    expect(await engine.info()).toMatchObject({ provider: 'cpu', device: found.device })

    const forced = await errorOf(engineOf({ fault }, devices, 'cuda').info())
    expect(forced).toMatchObject({ code: 'Unsupported', key: 'providerUnsupported' })
    expect(forced.message).toMatch(/^The provider cuda does not run on this computer \(\S.*\); use auto or cpu\.$/)
  })
})

describe.each(['failed', 'notNumbers', 'crashInRun', 'hangInRun'] as const)(
  'a device that passes the check and fails in the batch: %s',
  (fault) => {
    test('the batch goes on on the CPU with its masks, and the failure is told once', async () => {
      const machine: Machine = { fault, at: 'work' }
      const devices = devicesOf(machine)
      const engine = engineOf(machine, devices)
      expect((await engine.info()).device).toMatch(/^CUDA \(/)
      const answers = await Promise.all(
        [2, 2, 3].map((number) => engine.segment(scene(number).image, [learned], { priority: 'batch' })),
      )
      expect(answers[0]!.predictions).toEqual(expected)
      expect(answers[1]!.predictions).toEqual(expected)
      const after = await engine.segment(scene(4).image, [learned])
      expect(after.device).toMatch(/^CPU \(.+\) instead of CUDA, which failed: \w.+/)
      expect(failures).toHaveLength(1)
      expect(verdictSentence(failures[0]!)).toMatch(/^It passed the check but failed at work: its? .+\.$/)
      // A fresh look tries it again.
      expect((await devices.check()).auto).toEqual({ provider: 'cuda', why: 'fastest' })
    })
  },
)

test('a device that fails at the zoomed view of an example alone is replaced as well', async () => {
  const machine: Machine = { fault: 'failed', at: 'work', predictor: 'msdnet' }
  const devices = devicesOf(machine, trusting())
  const { image, mask } = scene(0)
  // Of another size than the test picture, at which this device works.
  const detail = 'fast'
  // Afterwards the features of the whole image are on disk.
  const made = await engineOf(machine, devices, 'cpu').encodeSupport(image, mask, { detail })
  const engine = engineOf(machine, devices)
  expect((await engine.info()).device).toMatch(/^CUDA \(/)
  expect(await engine.encodeSupport(image, mask, { detail })).toEqual(made)
  expect(failures).toMatchObject([{ provider: 'cuda', verdict: 'failedAtWork' }])
  expect((await engine.info()).device).toMatch(/^CPU \(.+\) instead of CUDA, which failed: \w.+/)

  const forced = await errorOf(engineOf(machine, devices, 'cuda').encodeSupport(image, mask, { detail }))
  expect(forced).toMatchObject({ code: 'Unsupported', key: 'providerUnsupported' })
})

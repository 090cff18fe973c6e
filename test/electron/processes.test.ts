import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { utilitySpawner } from '../../src/main/electron/utility-spawner.ts'
import { createEngine } from '../../src/main/engine/client.ts'
import { createCodec } from '../../src/main/images/codec-client.ts'
import type { MisbehavingKinds, MisbehavingSetup } from '../../src/main/processes/misbehaving.fixture.ts'
import { superviseProcess } from '../../src/main/processes/supervised-process.ts'
import { modelsFolder } from '../../src/main/projects/paths.ts'
import { app, calls, children } from './fake-electron.ts'
import type { StuckKinds } from './stuck-child.ts'

/** The real children behind the interface of Electron's utility processes: they speak through `process.parentPort`. */

let folder = ''
const log: string[] = []
const options = { spawner: utilitySpawner, log: (line: string) => log.push(line) }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'utility-'))
})
afterAll(() => rm(folder, { recursive: true }))

function misbehaving(setup: MisbehavingSetup = {}) {
  const entry = new URL('../../src/main/processes/misbehaving.fixture.ts', import.meta.url)
  return superviseProcess<MisbehavingKinds>({ ...options, name: 'child', entry, setup, backOffMs: 1 })
}

test('no child before the app is ready', async () => {
  await expect(createCodec(options).probe('a.png')).rejects.toThrow('after app is ready')
  app.becomeReady()
})

test('messages both ways, output, progress, cancellation, and an end without force', async () => {
  const child = misbehaving({ note: 'hello' })
  expect(await child.request('setup', null)).toEqual({ note: 'hello' })
  const bytes = new Uint8Array([1, 2, 3])
  expect(await child.request('echo', { bytes, map: new Map([[1, 'a']]) })).toEqual({ bytes, map: new Map([[1, 'a']]) })
  await child.request('print', 'a line')
  await vi.waitFor(() => expect(log).toContain('[child] a line'), { timeout: 15_000 })
  const progress: number[] = []
  await child.request('count', 3, { onProgress: ({ done }) => progress.push(done) })
  expect(progress).toEqual([1, 2, 3])
  await expect(child.request('fail', null)).rejects.toMatchObject({ code: 'InvalidInput', params: { file: 'a.jpg' } })
  const fork = calls.find(({ name }) => name === 'utilityProcess.fork')
  expect(fork?.args.slice(1)).toEqual([
    [],
    { execArgv: [], stdio: ['ignore', 'pipe', 'pipe'], serviceName: 'Exemplar Studio misbehaving.fixture' },
  ])
  const [running] = children.keys()
  const exit = new Promise<number>((resolve) => running?.once('exit', resolve))
  expect(child.pid()).toBe(running?.pid)
  await child.close()
  // By its own decision, not by a signal.
  expect([await exit, children.size]).toEqual([0, 0])
})

test('a crash is told with its code, and another child takes over', async () => {
  const child = misbehaving()
  const reasons: string[] = []
  child.onRestart((reason) => reasons.push(reason))
  expect(await child.request('crashOnce', join(folder, 'flag'))).toBe('second time')
  expect(reasons).toEqual(['exit code 3'])
  await child.close()
})

test('a child that hears nothing any more is ended by force', async () => {
  const entry = new URL('./stuck-child.ts', import.meta.url)
  const child = superviseProcess<StuckKinds>({ ...options, name: 'stuck', entry })
  const asked = child.request('stick', null)
  void asked.catch(() => undefined)
  await vi.waitFor(() => expect(log).toContain('[stuck] stuck'), { timeout: 15_000 })
  await child.close()
  await expect(asked).rejects.toMatchObject({ code: 'Cancelled' })
  expect(children.size).toBe(0)
})

test('the real image decoder decodes, and comes back after it was killed', async () => {
  const path = join(folder, 'a.png')
  await sharp({ create: { width: 40, height: 30, channels: 3, background: '#204060' } })
    .png()
    .toFile(path)
  const codec = createCodec(options)
  expect(await codec.pixels(path, 4, 3)).toMatchObject({ width: 4, height: 3 })
  const first = codec.pid() ?? 0
  process.kill(first, 'SIGKILL')
  expect((await codec.pixels(path, 4, 3)).data.slice(0, 3)).toEqual(new Uint8Array([0x20, 0x40, 0x60]))
  expect(codec.pid()).not.toBe(first)
  await codec.close()
})

test('the real engine answers, and is started again when it is killed', async () => {
  const setup = { modelsFolder: modelsFolder(), cacheFolder: join(folder, 'features'), provider: 'cpu' as const }
  const engine = createEngine({ ...options, ...setup })
  const restarts: string[] = []
  engine.onRestart((reason) => restarts.push(reason))
  const info = await engine.info()
  expect([info.provider, [...children.values()].map((path) => path.endsWith('engine-process.ts'))]).toEqual([
    'cpu',
    [true],
  ])
  process.kill(engine.pid() ?? 0, 'SIGKILL')
  await engine.statistics()
  expect(restarts).toEqual(['exit code 9'])
  await engine.close()
  expect(children.size).toBe(0)
})

test('the entry is a path, as Electron wants it', () => {
  const started = calls.filter(({ name }) => name === 'utilityProcess.fork').map(({ args }) => args[0])
  expect(started).toContain(fileURLToPath(new URL('../../src/main/engine/engine-process.ts', import.meta.url)))
})

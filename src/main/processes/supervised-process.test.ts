import { fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { AppError } from '../../shared/errors.ts'
import type { MisbehavingKinds, MisbehavingSetup } from './misbehaving.fixture.ts'
import { forkSpawner } from './spawner.ts'
import type { Spawner } from './spawner.ts'
import { superviseProcess } from './supervised-process.ts'
import type { SupervisedProcess, SupervisedProcessOptions } from './supervised-process.ts'

const entry = new URL('./misbehaving.fixture.ts', import.meta.url)

let folder = ''
let lines: string[] = []
const open: SupervisedProcess<MisbehavingKinds>[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'processes-'))
  lines = []
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((supervised) => supervised.close()))
  await rm(folder, { recursive: true })
})

function start(
  options: Partial<SupervisedProcessOptions<MisbehavingKinds>> & { readonly setup?: MisbehavingSetup } = {},
): SupervisedProcess<MisbehavingKinds> {
  const supervised = superviseProcess<MisbehavingKinds>({
    name: 'tester',
    entry,
    spawner: forkSpawner,
    setup: {},
    backOffMs: 1,
    log: (line) => lines.push(line),
    ...options,
  })
  open.push(supervised)
  return supervised
}

function flag(name: string): string {
  return join(folder, name)
}

async function until(condition: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(condition()).toBe(true), { timeout: 20_000, interval: 5 })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    return false
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

test('values, typed arrays, set-up and progress cross the process boundary', async () => {
  const supervised = start({ setup: { note: 'hello' } })
  const value = { bytes: Uint8Array.of(1, 2, 255), floats: Float32Array.of(0.5, -1), text: 'é', none: null }
  expect(await supervised.request('echo', value)).toEqual(value)
  expect(await supervised.request('setup', null)).toEqual({ note: 'hello' })
  const progress: number[] = []
  expect(await supervised.request('count', 3, { onProgress: ({ done }) => progress.push(done) })).toBe(3)
  expect(progress).toEqual([1, 2, 3])
  expect(isAlive(supervised.pid() ?? 0)).toBe(true)
})

test('expected errors arrive whole, bugs only as a reference to the log', async () => {
  const supervised = start()
  const expected = await errorOf(supervised.request('fail', null))
  expect(expected).toMatchObject({ code: 'InvalidInput', key: 'badPicture', params: { file: 'a.jpg' } })
  const bug = await errorOf(supervised.request('bug', null))
  expect(bug.code).toBe('Internal')
  expect(bug.message).not.toContain('secret')
  await until(() => lines.some((line) => line.includes(bug.ref ?? '?')))
  await until(() => lines.some((line) => line.includes('secret detail')))
})

test('child output goes to the logger line by line', async () => {
  const supervised = start()
  await supervised.request('print', 'one\ntwo')
  await vi.waitFor(() => expect(lines).toEqual(['[tester] one', '[tester] two']))
})

test('interactive requests overtake queued batch requests, otherwise first come, first served', async () => {
  const supervised = start()
  const order: string[] = []
  const send = (label: string, priority: 'interactive' | 'batch'): Promise<unknown> =>
    supervised.request('echo', label, { priority }).then((value) => order.push(String(value)))
  await Promise.all([
    send('batch 1', 'batch'),
    send('batch 2', 'batch'),
    send('click 1', 'interactive'),
    send('click 2', 'interactive'),
  ])
  // The process was still starting when all four were queued.
  expect(order).toEqual(['click 1', 'click 2', 'batch 1', 'batch 2'])
})

test('no more than maxInFlight requests are with the child', async () => {
  const supervised = start({ maxInFlight: 2 })
  const abort = new AbortController()
  const held = ['a', 'b', 'c'].map((name) =>
    supervised.request('untilCancelled', flag(name), { signal: abort.signal }).catch((error: unknown) => error),
  )
  await until(() => existsSync(flag('a')) && existsSync(flag('b')))
  expect(existsSync(flag('c'))).toBe(false)
  abort.abort()
  expect(await Promise.all(held)).toMatchObject([{ code: 'Cancelled' }, { code: 'Cancelled' }, { code: 'Cancelled' }])
  expect(await supervised.request('echo', 1)).toBe(1)
  expect(existsSync(flag('c'))).toBe(false)
})

test('the request in flight at a crash is repeated once, what was queued follows', async () => {
  const supervised = start()
  const reasons: string[] = []
  supervised.onRestart((reason) => reasons.push(reason))
  const answers = await Promise.all([
    supervised.request('crashOnce', flag('crashed')),
    supervised.request('echo', 'queued'),
  ])
  expect(answers).toEqual(['second time', 'queued'])
  expect(reasons).toEqual(['exit code 3'])
})

test('a poison request fails alone, even with innocent ones in flight beside it', async () => {
  const supervised = start({ maxInFlight: 3 })
  const poison = supervised.request('crash', null)
  const innocent = Array.from({ length: 5 }, (_, index) => supervised.request('echo', index))
  const error = await errorOf(poison)
  expect(error).toMatchObject({ code: 'EngineLost', key: 'requestLost' })
  expect(error.message).toContain('tester')
  expect(await Promise.all(innocent)).toEqual([0, 1, 2, 3, 4])
})

test('any number of poison requests cost themselves only, even one after the other', async () => {
  const supervised = start()
  const poison = Array.from({ length: 4 }, () => errorOf(supervised.request('crash', null)))
  const innocent = supervised.request('echo', 'last')
  for (const error of await Promise.all(poison)) expect(error.key).toBe('requestLost')
  expect(await innocent).toBe('last')
})

test('crashes with answers in between never switch the process off', async () => {
  const supervised = start({ maxRestarts: 1 })
  for (let round = 0; round < 5; round++) {
    expect(await supervised.request('crashOnce', flag(`crashed ${round}`))).toBe('second time')
  }
})

test('SIGKILL while idle and while busy: another process takes over', async () => {
  const supervised = start()
  const restarts: string[] = []
  const unsubscribe = supervised.onRestart((reason) => restarts.push(reason))
  await supervised.request('echo', 0)
  const first = supervised.pid() ?? 0
  process.kill(first, 'SIGKILL')
  await until(() => restarts.length === 1)
  expect(restarts).toEqual(['signal SIGKILL'])
  expect(await supervised.request('echo', 1)).toBe(1)
  expect(supervised.pid()).not.toBe(first)

  const abort = new AbortController()
  const busy = supervised.request('untilCancelled', flag('busy'), { signal: abort.signal })
  const queued = supervised.request('echo', 2)
  await until(() => existsSync(flag('busy')))
  await rm(flag('busy'))
  process.kill(supervised.pid() ?? 0, 'SIGKILL')
  // The held request runs again in the new process.
  await until(() => existsSync(flag('busy')))
  unsubscribe()
  abort.abort()
  expect((await errorOf(busy)).code).toBe('Cancelled')
  expect(await queued).toBe(2)
  expect(restarts).toHaveLength(2)
})

test('aborting a hung request kills the process when its kind says so, and blames nobody', async () => {
  const supervised = start({ killOnAbort: ['hang'] })
  for (let round = 0; round < 6; round++) {
    const abort = new AbortController()
    const hung = supervised.request('hang', flag(`hung ${round}`), { signal: abort.signal })
    const queued = supervised.request('echo', round)
    await until(() => existsSync(flag(`hung ${round}`)))
    const pid = supervised.pid() ?? 0
    abort.abort()
    expect((await errorOf(hung)).code).toBe('Cancelled')
    // Six deliberate ends in a row: more than the crashes that would switch the process off.
    expect(await queued).toBe(round)
    await until(() => !isAlive(pid))
  }
})

test('aborting otherwise tells the handler and drops its answer', async () => {
  const supervised = start()
  const abort = new AbortController()
  const running = supervised.request('untilCancelled', flag('running'), { signal: abort.signal })
  await until(() => existsSync(flag('running')))
  const pid = supervised.pid()
  abort.abort()
  expect((await errorOf(running)).code).toBe('Cancelled')
  expect(await supervised.request('echo', 'next')).toBe('next')
  expect(supervised.pid()).toBe(pid)
})

test('an aborted signal sends nothing', async () => {
  const supervised = start()
  expect((await errorOf(supervised.request('echo', 1, { signal: AbortSignal.abort() }))).code).toBe('Cancelled')
  expect(supervised.pid()).toBeNull()
})

test('a request over the time limit is lost, the next one is answered', async () => {
  const supervised = start({ timeoutMs: 300 })
  const error = await errorOf(supervised.request('hang', flag('hung')))
  expect(error).toMatchObject({ code: 'EngineLost', key: 'requestLost' })
  expect(await supervised.request('echo', 1)).toBe(1)
})

test('a request may bring a limit of its own', async () => {
  const supervised = start({ timeoutMs: 60_000 })
  const error = await errorOf(supervised.request('hang', flag('hung'), { timeoutMs: 300 }))
  expect(error).toMatchObject({ code: 'EngineLost', key: 'requestLost', params: { seconds: 0 } })
  expect(await supervised.request('echo', 1)).toBe(1)
})

test('a hung request that nobody waits for any more does not keep the others waiting for ever', async () => {
  const supervised = start({ timeoutMs: 500 })
  const abort = new AbortController()
  const hung = supervised.request('hang', flag('hung'), { signal: abort.signal })
  await until(() => existsSync(flag('hung')))
  abort.abort()
  expect((await errorOf(hung)).code).toBe('Cancelled')
  expect(await supervised.request('echo', 1)).toBe(1)
})

test('too many crashes switch the process off with one clear sentence, until the window has passed', async () => {
  const restartWindowMs = 4_000
  const supervised = start({ setup: { exitAtStart: true }, restartWindowMs })
  let restarts = 0
  supervised.onRestart(() => (restarts += 1))
  const error = await errorOf(supervised.request('echo', 1))
  expect(error).toMatchObject({ code: 'EngineLost', key: 'processLost', params: { reason: 'exit code 4' } })
  expect(error.message).toMatch(/^The tester stopped 4 times .* try again/)
  expect(restarts).toBe(3)
  expect(supervised.pid()).toBeNull()
  expect((await errorOf(supervised.request('echo', 1))).code).toBe('EngineLost')
  expect(restarts).toBe(3)
  await vi.waitFor(
    async () => {
      await errorOf(supervised.request('echo', 1))
      expect(restarts).toBeGreaterThan(3)
    },
    { timeout: 20_000, interval: 50 },
  )
})

test('a child that cannot start says why, and is tried again by the next request', async () => {
  const supervised = start({ setup: { failStart: true } })
  for (let round = 0; round < 6; round++) {
    expect(await errorOf(supervised.request('echo', round))).toMatchObject({ code: 'ModelMissing' })
  }
})

test('what the child holds is let go of before it ends, also when that takes for ever', async () => {
  for (const dispose of ['quickly', 'never'] as const) {
    const supervised = start({ setup: { disposeFlag: flag(dispose), dispose } })
    await supervised.request('echo', 1)
    const pid = supervised.pid() ?? 0
    await supervised.close()
    expect(existsSync(flag(dispose))).toBe(true)
    expect(isAlive(pid)).toBe(false)
  }
})

test('close rejects what is left with Cancelled and leaves no process', async () => {
  const supervised = start()
  const running = errorOf(supervised.request('hang', flag('hung')))
  const queued = errorOf(supervised.request('echo', 1))
  await until(() => existsSync(flag('hung')))
  const pid = supervised.pid() ?? 0
  await supervised.close()
  expect((await running).code).toBe('Cancelled')
  expect((await queued).code).toBe('Cancelled')
  expect(isAlive(pid)).toBe(false)
  expect((await errorOf(supervised.request('echo', 1))).code).toBe('Cancelled')
})

test.each([
  ['lets go at once', 'quickly'],
  ['lets go of things for ever', 'never'],
  ['blocks while it lets go of things', 'blocking'],
] as const)('a parent that is killed takes its child with it, also one that %s', async (_name, dispose) => {
  const setup: MisbehavingSetup = { dispose, disposeFlag: flag('disposed') }
  const script = flag('parent.mjs')
  const url = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href)
  await writeFile(
    script,
    `import { forkSpawner } from ${url('./spawner.ts')}
import { superviseProcess } from ${url('./supervised-process.ts')}
const entry = new URL(${url('./misbehaving.fixture.ts')})
const supervised = superviseProcess({ name: 'tester', entry, spawner: forkSpawner, setup: ${JSON.stringify(setup)}, log: () => undefined })
await supervised.request('echo', 1)
process.send(supervised.pid())
`,
  )
  const parent = fork(script, { execArgv: [] })
  const pid = await new Promise<number>((resolve) => parent.once('message', (message) => resolve(message as number)))
  expect(isAlive(pid)).toBe(true)
  parent.kill('SIGKILL')
  await until(() => !isAlive(pid))
  expect(existsSync(flag('disposed'))).toBe(true)
})

test('a spawner that cannot start anything ends in EngineLost', async () => {
  const broken: Spawner = () => ({
    pid: null,
    post: () => undefined,
    onMessage: () => undefined,
    onOutput: () => undefined,
    onExit: (listener) => queueMicrotask(() => listener('spawn EAGAIN')),
    disconnect: () => undefined,
    kill: () => undefined,
  })
  const supervised = start({ spawner: broken })
  expect(await errorOf(supervised.request('echo', 1))).toMatchObject({ code: 'EngineLost', key: 'processLost' })
})

test.skipIf(process.platform === 'win32')(
  'Ctrl+C in a terminal reaches the child too, and leaves it at work',
  async () => {
    const supervised = start({ maxInFlight: 2 })
    const refused = errorOf(supervised.request('untilCancelled', flag('begun')))
    await until(() => existsSync(flag('begun')))
    const pid = supervised.pid()!
    process.kill(pid, 'SIGINT')
    expect(await supervised.request('echo', 'still here')).toBe('still here')
    expect(supervised.pid()).toBe(pid)
    expect(lines).toEqual([])
    await supervised.close()
    expect((await refused).code).toBe('Cancelled')
    expect(isAlive(pid)).toBe(false)
  },
)

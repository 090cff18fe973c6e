import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import type { Bridge } from '../../src/shared/contract/contract.ts'
import type { Desktop } from '../../src/shared/contract/desktop.ts'
import type * as Fake from './fake-electron.ts'

/** The fake's own exports, of the same module run as the shell that is driven. */
export type FakeElectron = typeof Fake
export type FakeWindow = InstanceType<FakeElectron['BrowserWindow']>

export interface ShellOptions {
  /** `EXEMPLAR_HOME` of this start. */
  readonly home: string
  /** What is to be opened, as an argument of the start. */
  readonly path?: string | undefined
  /** False: a second start, while another one runs. */
  readonly hasLock?: boolean
  readonly isPackaged?: boolean
  /** Before the app is ready, after the entry has run. */
  readonly beforeReady?: (fake: FakeElectron) => void
}

export interface Shell {
  readonly fake: FakeElectron
  /** Lines that the shell logged, without those on slow statements: they tell of the machine. */
  readonly log: readonly string[]
  /** The only window; waits for it. */
  readonly window: () => Promise<FakeWindow>
  /** What the preload gives the page, and the bridge that the page makes of it. */
  readonly page: () => Promise<{ readonly desktop: Desktop; readonly bridge: Bridge }>
  readonly called: (name: string) => readonly (readonly unknown[])[]
  /** Quits as a person does, and waits until the program has ended. */
  readonly quit: () => Promise<void>
}

const homes: string[] = []
const stops: (() => Promise<void>)[] = []

/** A folder of this test, gone with `stopShells`. */
export async function makeHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'exemplar-shell-'))
  homes.push(home)
  return home
}

/** Runs the real entry of the desktop window on a fresh fake of Electron. */
export async function startShell(options: ShellOptions): Promise<Shell> {
  const { argv } = process
  const signals = ['SIGINT', 'SIGTERM'] as const
  const listeners = signals.map((signal) => process.listeners(signal))
  const log: string[] = []
  vi.spyOn(console, 'error').mockImplementation((...parts: readonly unknown[]) => {
    const line = parts.join(' ')
    if (!line.startsWith('Slow statement, ')) log.push(line)
  })
  vi.stubEnv('EXEMPLAR_HOME', options.home)
  process.argv = [
    'electron',
    ...(options.isPackaged === true ? [] : ['/the/program']),
    ...(options.path === undefined ? [] : ['--a-flag', options.path]),
  ]
  vi.resetModules()
  const fake = await import('./fake-electron.ts')
  fake.app.hasLock = options.hasLock ?? true
  fake.app.isPackaged = options.isPackaged ?? false
  await import('../../src/main/electron/main.ts')
  options.beforeReady?.(fake)
  fake.app.becomeReady()

  let hasEnded = false
  void fake.app.ended.then(() => {
    hasEnded = true
  })
  const quit = async (): Promise<void> => {
    if (!hasEnded) fake.app.quit()
    await fake.app.ended
  }
  stops.push(async () => {
    await quit()
    process.argv = argv
    for (const [index, signal] of signals.entries()) {
      for (const listener of process.listeners(signal)) {
        if (listeners[index]?.includes(listener) !== true) process.off(signal, listener)
      }
    }
  })

  const window = async (): Promise<FakeWindow> => {
    await vi.waitFor(() => expect(fake.BrowserWindow.getAllWindows()).toHaveLength(1), { timeout: 15_000 })
    const [only] = fake.BrowserWindow.getAllWindows()
    if (only === undefined) throw new Error('There is no window')
    return only
  }
  return {
    fake,
    log,
    window,
    page: async () => {
      await window()
      await import('../../src/main/electron/preload/preload.ts')
      const { createIpcBridge, desktopOf } = await import('../../src/renderer/bridge/ipc-bridge.ts')
      const desktop = desktopOf(Object.fromEntries(fake.exposed))
      if (desktop === null) throw new Error('The preload exposed nothing')
      return { desktop, bridge: createIpcBridge(desktop) }
    },
    called: (name) => fake.calls.filter((call) => call.name === name).map((call) => call.args),
    quit,
  }
}

/** For `afterEach`. */
export async function stopShells(): Promise<void> {
  for (const stop of stops.splice(0)) await stop()
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  for (const home of homes.splice(0)) await rm(home, { recursive: true })
}

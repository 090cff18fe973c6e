import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { beforeAll, expect, test } from 'vitest'
import { contract } from '../../src/shared/contract/contract.ts'

const root = join(import.meta.dirname, '..', '..')
let code = ''

beforeAll(() => {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  execFileSync(process.execPath, [vite, 'build', '--config', 'vite.preload.config.ts', '--logLevel', 'error'], {
    cwd: root,
  })
  code = readFileSync(join(root, 'out', 'preload', 'preload.cjs'), 'utf8')
})

test('the preload is one short CommonJS file that requires only electron', () => {
  expect(readdirSync(join(root, 'out', 'preload'))).toEqual(['preload.cjs'])
  expect([...code.matchAll(/\brequire\(([^)]*)\)/g)].map(([, name]) => name)).toEqual(['"electron"'])
  expect(code.replace(/\/\*[^]*?\*\//g, '')).not.toMatch(
    /^\s*(?:import|export)\s+[\w{*'"]|\bimport\s*\(|\beval\b|\bprocess\b|__dirname|\bBuffer\b/m,
  )
  expect(code.length).toBeLessThan(10_000)
})

test('as a sandbox runs it, it exposes functions of the contract, and of Electron nothing', async () => {
  const exposed: Record<string, unknown> = {}
  const sent: unknown[][] = []
  const listeners: ((event: unknown, message: unknown) => void)[] = []
  const electron = {
    contextBridge: { exposeInMainWorld: (key: string, api: unknown) => (exposed[key] = api) },
    ipcRenderer: {
      on: (_channel: string, listener: (event: unknown, message: unknown) => void) => listeners.push(listener),
      invoke: (...message: unknown[]) => {
        sent.push(message)
        return Promise.resolve({ ok: true, value: 1 })
      },
      send: () => undefined,
      sendSync: () => undefined,
    },
    webUtils: { getPathForFile: () => '/home/me/a.jpg' },
  }
  const require = (name: string): unknown => {
    if (name !== 'electron') throw new Error(`module not found: ${name}`)
    return electron
  }
  runInNewContext(code, { require, module: { exports: {} }, exports: {} })
  expect(Object.keys(exposed)).toEqual(['exemplarDesktop'])
  const api = exposed['exemplarDesktop'] as Record<
    string,
    Record<string, Record<string, (...args: unknown[]) => unknown>>
  >
  expect(Object.keys(api).toSorted()).toEqual(['calls', 'cancel', 'events', 'progress', 'receive'])

  const named = (kind: string) =>
    Object.entries(contract).flatMap(([group, members]) =>
      Object.entries<{ readonly kind: string }>(members)
        .filter(([, spec]) => spec.kind === kind)
        .map(([name]) => `${group}.${name}`),
    )
  const found = (side: 'calls' | 'events') =>
    Object.entries(api[side] ?? {}).flatMap(([group, members]) =>
      Object.keys(members).map((name) => `${group}.${name}`),
    )
  expect(found('calls')).toEqual(named('call'))
  expect(found('events')).toEqual(named('event'))
  everyLeafIsAFunctionOfOurs(api, Object.values(electron.ipcRenderer))

  // What a call sends is fixed: the page names no channel.
  await api['calls']?.['app']?.['info']?.('id', { any: 'thing' })
  expect(sent).toEqual([['exemplar:call', { path: 'app.info', callId: 'id', input: { any: 'thing' } }]])
  // A listener is given the payload, not the event.
  const heard: unknown[][] = []
  api['events']?.['project']?.['changed']?.((...args: unknown[]) => heard.push(args))
  for (const listener of listeners) listener({ sender: 'secret' }, { group: 'project', name: 'changed', payload: 7 })
  expect(heard).toEqual([[7]])
  // The path of a file goes to the main process; the page gets what that answers.
  const receive = api['receive'] as unknown as (file: unknown) => Promise<unknown>
  expect(await receive({})).toEqual({ ok: true, value: 1 })
  expect(sent.at(-1)).toEqual(['exemplar:receive', '/home/me/a.jpg'])
})

function everyLeafIsAFunctionOfOurs(value: unknown, theirs: readonly unknown[]): void {
  if (typeof value === 'function') {
    expect(theirs).not.toContain(value)
    return
  }
  expect(value).toBeTypeOf('object')
  for (const part of Object.values(value as object)) everyLeafIsAFunctionOfOurs(part, theirs)
}

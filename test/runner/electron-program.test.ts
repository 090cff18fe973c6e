import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findElectron } from '../../scripts/electron-program.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'electron-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function install(...path: readonly string[]): Promise<string> {
  const file = join(folder, ...path)
  await mkdir(join(file, '..'), { recursive: true })
  await writeFile(file, '')
  await chmod(file, 0o755)
  return file
}

test('the program is found by the name its package gives it, or by the name it has on the system', async () => {
  const linux = await install('dist', 'electron')
  expect(findElectron({ DISPLAY: ':0' }, 'linux', folder)).toEqual({ path: linux, reason: null })
  expect(findElectron({ WAYLAND_DISPLAY: 'wayland-0' }, 'linux', folder).path).toBe(linux)
  const windows = await install('dist', 'electron.exe')
  expect(findElectron({}, 'win32', folder).path).toBe(windows)
  const mac = await install('dist', 'Electron.app', 'Contents', 'MacOS', 'Electron')
  expect(findElectron({}, 'darwin', folder).path).toBe(mac)
  const other = await install('dist', 'other')
  await writeFile(join(folder, 'path.txt'), 'other')
  expect(findElectron({ DISPLAY: ':0' }, 'linux', folder).path).toBe(other)
})

test('another folder can be named', async () => {
  const elsewhere = await install('elsewhere', 'electron')
  const environment = { ELECTRON_OVERRIDE_DIST_PATH: join(folder, 'elsewhere'), DISPLAY: ':0' }
  expect(findElectron(environment, 'linux', folder)).toEqual({ path: elsewhere, reason: null })
})

test('why there is no window is said in one sentence, with the way out', async () => {
  expect(findElectron({ DISPLAY: ':0' }, 'linux', folder)).toEqual({
    path: null,
    reason: 'the Electron program is not here; "npx install-electron" fetches it',
  })
  await install('dist', 'electron')
  expect(findElectron({ DISPLAY: '' }, 'linux', folder).reason).toMatch(/no screen/)
})

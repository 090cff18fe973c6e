import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { defaultPreferences } from '../../shared/domain/preferences.ts'
import type { Preferences } from '../../shared/domain/preferences.ts'
import { createPreferences } from './preferences.ts'

let folder = ''
let file = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preferences-'))
  file = join(folder, 'configuration', 'preferences.json')
})
afterEach(() => rm(folder, { recursive: true }))

test('starts with the defaults, keeps what was chosen across starts, and tells of every change', async () => {
  const told: Preferences[] = []
  const preferences = createPreferences({ file, onChange: (next) => told.push(next) })
  expect(preferences.get()).toEqual(defaultPreferences)
  const chosen = { ...defaultPreferences, theme: 'dark', language: 'de' } as const
  expect(preferences.set({ theme: 'dark', language: 'de' })).toEqual(chosen)
  expect(createPreferences({ file }).get()).toEqual(chosen)
  expect(createPreferences({ file }).set({ maskOpacity: 0.8, theme: undefined })).toEqual({
    ...chosen,
    maskOpacity: 0.8,
  })
  expect(preferences.get()).toEqual({ ...chosen, maskOpacity: 0.8 })
  expect(told).toEqual([chosen])
  expect(await readdir(join(folder, 'configuration'))).toEqual(['preferences.json'])
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})

test('a damaged file counts as the defaults; a field it does not understand costs only itself', async () => {
  await mkdir(join(folder, 'configuration'))
  const preferences = createPreferences({ file })
  for (const content of ['{', '[1]', '7', 'null', '', '{"theme":"purple","maskOpacity":3,"later":true}']) {
    await writeFile(file, content)
    expect(preferences.get(), content).toEqual(defaultPreferences)
  }
  await writeFile(file, '{"theme":"purple","language":"de"}')
  expect(preferences.get()).toEqual({ ...defaultPreferences, language: 'de' })
  preferences.set({ tourSeen: true })
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ ...defaultPreferences, language: 'de', tourSeen: true })
})

test('what cannot be written is said, and holds until the program ends', async () => {
  await writeFile(join(folder, 'configuration'), 'a file where the folder should be')
  const told: Preferences[] = []
  const preferences = createPreferences({ file, onChange: (next) => told.push(next) })
  const refused = expect.objectContaining({ code: 'Io', key: 'preferencesUnwritable' })
  expect(() => preferences.set({ theme: 'light' })).toThrow(refused)
  expect(preferences.get().theme).toBe('light')
  expect(() => preferences.set({ tourSeen: true })).toThrow(refused)
  expect(preferences.get()).toEqual({ ...defaultPreferences, theme: 'light', tourSeen: true })
  expect(told).toHaveLength(2)
})

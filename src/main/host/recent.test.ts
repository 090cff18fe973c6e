import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { configurationFolder, createRecentProjects } from './recent.ts'

let folder = ''
let file = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recent-'))
  file = join(folder, 'configuration', 'recent.json')
})
afterEach(() => rm(folder, { recursive: true }))

test('opened last first, each once, twenty at most, kept across starts', async () => {
  const recent = createRecentProjects(file)
  expect(recent.list()).toEqual([])
  for (let index = 0; index < 25; index++) recent.add({ folder: join(folder, `p${index}`), name: `P ${index}` })
  recent.add({ folder: join(folder, 'p10'), name: 'renamed' })
  const listed = createRecentProjects(file).list()
  expect(listed).toHaveLength(20)
  expect(listed.slice(0, 3).map(({ name }) => name)).toEqual(['renamed', 'P 24', 'P 23'])
  expect(new Set(listed.map(({ recentId }) => recentId)).size).toBe(20)
  expect(await readdir(join(folder, 'configuration'))).toEqual(['recent.json'])
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})

test('says which are missing, and gives the folder of a listed one only', async () => {
  const recent = createRecentProjects(file)
  await mkdir(join(folder, 'there'))
  await writeFile(join(folder, 'there', 'project.db'), '')
  recent.add({ folder: join(folder, 'gone'), name: 'Gone' })
  recent.add({ folder: join(folder, 'there'), name: 'There' })
  const [there, gone] = recent.list()
  expect([there?.missing, gone?.missing]).toEqual([false, true])
  expect(recent.resolve(there?.recentId ?? '')).toBe(join(folder, 'there'))
  for (const id of ['', folder, '../there']) {
    expect(() => recent.resolve(id)).toThrow(expect.objectContaining({ code: 'NotFound' }))
  }
})

test('a damaged file counts as empty and is replaced; a folder that cannot be written is no obstacle', async () => {
  await mkdir(join(folder, 'configuration'))
  const recent = createRecentProjects(file)
  for (const content of ['{', '{"a":1}', '[1]', '']) {
    await writeFile(file, content)
    expect(recent.list()).toEqual([])
  }
  recent.add({ folder, name: 'New' })
  expect(recent.list()).toHaveLength(1)

  const blocked = createRecentProjects(join(file, 'below-a-file', 'recent.json'))
  blocked.add({ folder, name: 'New' })
  expect(blocked.list()).toEqual([])
})

test('the configuration folder of each platform', () => {
  expect(configurationFolder({ EXEMPLAR_HOME: '/x' }, 'linux')).toBe('/x')
  expect(configurationFolder({ XDG_CONFIG_HOME: '/c' }, 'linux')).toBe(join('/c', 'exemplar-studio'))
  expect(configurationFolder({}, 'linux')).toBe(join(homedir(), '.config', 'exemplar-studio'))
  expect(configurationFolder({}, 'darwin')).toBe(join(homedir(), 'Library', 'Application Support', 'Exemplar Studio'))
  expect(configurationFolder({ APPDATA: '/a' }, 'win32')).toBe(join('/a', 'Exemplar Studio'))
})

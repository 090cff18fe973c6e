import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { modelsFolder, preloadFile, productVersion, rendererFolder, sampleFolder } from './paths.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paths-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function write(...path: readonly string[]): Promise<void> {
  const file = join(folder, ...path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, path.at(-1) === 'package.json' ? '{"version":"7.8.9"}' : '')
}

test('in a source tree everything is below one folder', async () => {
  await write('package.json')
  await write('models', 'manifest.json')
  await write('out', 'renderer', 'index.html')
  await write('out', 'preload', 'preload.cjs')
  for (const start of [join(folder, 'src', 'main', 'projects'), join(folder, 'out', 'main')]) {
    expect(modelsFolder(start)).toBe(join(folder, 'models'))
    expect(rendererFolder(start)).toBe(join(folder, 'out', 'renderer'))
    expect(preloadFile(start)).toBe(join(folder, 'out', 'preload', 'preload.cjs'))
    expect(productVersion(start)).toBe('7.8.9')
  }
})

test('in a packed app the models lie beside the archive', async () => {
  await write('resources', 'models', 'manifest.json')
  await write('resources', 'app.asar', 'package.json')
  await write('resources', 'app.asar', 'out', 'renderer', 'index.html')
  await write('resources', 'app.asar', 'out', 'preload', 'preload.cjs')
  const start = join(folder, 'resources', 'app.asar', 'out', 'main')
  expect(modelsFolder(start)).toBe(join(folder, 'resources', 'models'))
  expect(rendererFolder(start)).toBe(join(folder, 'resources', 'app.asar', 'out', 'renderer'))
  expect(preloadFile(start)).toBe(join(folder, 'resources', 'app.asar', 'out', 'preload', 'preload.cjs'))
  expect(productVersion(start)).toBe('7.8.9')
})

test('what is not there is named: the models as an error, the page where it will be built', async () => {
  await write('package.json')
  const start = join(folder, 'src', 'main', 'projects')
  expect(() => modelsFolder(start)).toThrow(expect.objectContaining({ code: 'ModelMissing' }))
  expect(rendererFolder(start)).toBe(join(folder, 'out', 'renderer'))
})

test('the sample lies beside the models', async () => {
  await write('resources', 'models', 'manifest.json')
  await write('resources', 'app.asar', 'package.json')
  const start = join(folder, 'resources', 'app.asar', 'out', 'main')
  expect(sampleFolder(start)).toBe(join(folder, 'resources', 'sample'))
})

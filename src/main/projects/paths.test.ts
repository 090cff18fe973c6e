import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findProductFolders, modelsFolder, productVersion, rendererFolder, sampleFolder } from './paths.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'paths-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

function make(...files: readonly string[]): void {
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), '{}')
  }
}

test('a source tree and its build share one folder', () => {
  make('tree/package.json', 'tree/models/manifest.json', 'tree/src/main/projects/paths.ts', 'tree/out/main/cli.js')
  const tree = { program: join(folder, 'tree'), resources: join(folder, 'tree') }
  expect(findProductFolders(join(folder, 'tree/src/main/projects'))).toEqual(tree)
  expect(findProductFolders(join(folder, 'tree/out/main'))).toEqual(tree)
  // Electron started on a source tree names the folder of its own distribution.
  expect(findProductFolders(join(folder, 'tree/out/main'), join(folder, 'electron/resources'))).toEqual(tree)
})

test('packed, the program is the archive and the models lie beside it', () => {
  make('app/resources/app.asar/package.json', 'app/resources/app.asar/out/main/cli.js')
  make('app/resources/models/manifest.json')
  const packed = { program: join(folder, 'app/resources/app.asar'), resources: join(folder, 'app/resources') }
  expect(findProductFolders(join(folder, 'app/resources/app.asar/out/main'))).toEqual(packed)
})

test('packed elsewhere than its resources, Electron says where they are', () => {
  make('program/package.json', 'program/out/main/cli.js', 'resources/models/manifest.json')
  const start = join(folder, 'program/out/main')
  expect(findProductFolders(start, join(folder, 'resources'))).toEqual({
    program: join(folder, 'program'),
    resources: join(folder, 'resources'),
  })
  expect(() => findProductFolders(start)).toThrow(
    expect.objectContaining({ code: 'ModelMissing', key: 'modelsFolderMissing' }),
  )
})

test('here everything is found where it is', () => {
  const root = join(import.meta.dirname, '..', '..', '..')
  expect(modelsFolder()).toBe(join(root, 'models'))
  expect(rendererFolder()).toBe(join(root, 'out', 'renderer'))
  expect(sampleFolder()).toBe(existsSync(join(root, 'sample')) ? join(root, 'sample') : null)
  expect(productVersion()).toMatch(/^\d+\.\d+\.\d+/)
})

import { readFileSync, readdirSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parseSource } from './support/imports.ts'
import { isTestFile, layerOf, packageName, readPackageTable, violationsOf } from './support/layers.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const packages = readPackageTable(read('docs/dependencies.md'))
const sources = filesBelow('src')
const shipped = sources.filter((path) => !isTestFile(path) && !path.endsWith('.d.ts'))
const others = [...sources.filter(isTestFile), ...filesBelow('test'), ...filesBelow('scripts')]

describe('layers', () => {
  test('every file imports only what its layer may', () => {
    expect(shipped.length).toBeGreaterThan(100)
    expect(shipped.flatMap((path) => violationsOf(path, read(path), packages))).toEqual([])
  })

  test('tests and scripts use listed packages only', () => {
    const unlisted = others.flatMap((path) =>
      parseSource(path, read(path))
        .imports.map(({ specifier }) => specifier)
        .filter((specifier) => /^[@a-z]/.test(specifier) && !isBuiltin(specifier))
        .filter((specifier) => !packages.has(packageName(specifier)))
        .map((specifier) => `${path} → ${specifier}`),
    )
    expect(unlisted).toEqual([])
  })

  // A fence that never refuses anything would pass the test above as well.
  test.each([
    ['renderer reads files', 'src/renderer/app/a.ts', `import { readFileSync } from 'node:fs'`, 'knows no Node'],
    ['shared uses Node', 'src/shared/mask/a.ts', `export * from 'node:crypto'`, 'knows no Node'],
    ['shared uses Node by its old name', 'src/shared/mask/a.ts', `import 'fs'`, 'write node:fs'],
    [
      'shared imports main',
      'src/shared/a.ts',
      `import type { A } from '../main/store/store-port.ts'`,
      'may not import',
    ],
    ['engine imports the store', 'src/main/engine/a.ts', `import { a } from '../store/b.ts'`, 'may not import store'],
    ['engine starts a file of projects', 'src/main/engine/a.ts', worker('../projects/b.ts'), 'may not import projects'],
    ['store imports images', 'src/main/store/a.ts', `export { a } from '../images/b.ts'`, 'may not import images'],
    ['formats import the store', 'src/main/formats/a.ts', `type A = import('../store/b.ts').A`, 'may not import store'],
    [
      'projects run engine code',
      'src/main/projects/a.ts',
      `import { a } from '../engine/segment.ts'`,
      'only the client',
    ],
    [
      'main imports the page',
      'src/main/host/a.ts',
      `await import('../../renderer/app/b.ts')`,
      'may not import renderer',
    ],
    ['host imports electron/', 'src/main/host/a.ts', `import { a } from '../electron/b.ts'`, 'may not import electron'],
    ['host imports electron', 'src/main/host/a.ts', `import { app } from 'electron'`, 'only src/main/electron'],
    ['host requires electron', 'src/main/host/a.ts', `const { app } = require('electron')`, 'only src/main/electron'],
    ['the preload uses Node', 'src/main/electron/preload/a.ts', `import 'node:fs'`, 'knows no Node'],
    [
      'the preload imports the shell',
      'src/main/electron/preload/a.ts',
      `import { a } from '../b.ts'`,
      'may not import electron',
    ],
    ['the preload uses a package', 'src/main/electron/preload/a.ts', `import { x } from 'ws'`, 'may run in host only'],
    [
      'renderer imports main',
      'src/renderer/app/a.ts',
      `import { a } from '../../main/host/b.ts'`,
      'may not import host',
    ],
    ['a feature imports another', 'src/renderer/features/a/b.ts', `import { c } from '../c/d.ts'`, 'each other'],
    ['the canvas imports React', 'src/renderer/canvas/a.ts', `import { useState } from 'react'`, 'may run in'],
    ['the canvas imports a feature', 'src/renderer/canvas/a.ts', `import { b } from '../features/b/c.ts'`, 'may not'],
    [
      'the kit imports the app',
      'src/renderer/ui/A.tsx',
      `import { b } from '../app/b.ts'`,
      'may not import renderer/app',
    ],
    ['zod without the door', 'src/main/store/a.ts', `import { z } from 'zod/v4'`, 'src/shared/zod.ts only'],
    ['SQLite outside the store', 'src/main/jobs/a.ts', `import Database from 'better-sqlite3'`, 'may run in store'],
    ['sharp outside its process', 'src/main/formats/a.ts', `import sharp from 'sharp'`, 'may run in images'],
    ['an unlisted package', 'src/main/host/a.ts', `import express from 'express'`, 'not listed'],
    ['a computed import', 'src/main/host/a.ts', `const name = 'x'; await import(name)`, 'cannot be checked'],
    ['a test in what ships', 'src/shared/a.ts', `import { a } from './b.test.ts'`, 'does not import tests'],
    ['a helper of the tests', 'src/main/store/a.ts', `import { a } from '../../../test/support/b.ts'`, 'import tests'],
    ['a file outside', 'src/main/store/a.ts', `import { a } from '../../../scripts/b.ts'`, 'outside the layers'],
    ['a folder without a layer', 'src/main/helpers/a.ts', '', 'lies in no layer'],
  ])('refuses: %s', (_name, path, text, problem) => {
    const found = violationsOf(path, text, packages)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(problem)
  })

  test.each([
    ['types of the engine', 'src/main/projects/a.ts', `import type { Engine } from '../engine/engine-port.ts'`],
    ['its client', 'src/main/projects/a.ts', `import { createEngine } from '../engine/client.ts'`],
    ['data by URL', 'src/main/engine/a.ts', `new URL('../../../models/manifest.json', import.meta.url)`],
    ['electron in the shell', 'src/main/electron/a.ts', `import { app } from 'electron'`],
    ['electron in the preload', 'src/main/electron/preload/a.ts', `import { ipcRenderer } from 'electron'`],
    ['React in a feature', 'src/renderer/features/a/B.tsx', `import { useState } from 'react'`],
  ])('allows: %s', (_name, path, text) => {
    expect(violationsOf(path, text, packages)).toEqual([])
  })
})

describe('docs/dependencies.md', () => {
  const manifest = JSON.parse(read('package.json')) as Record<
    'dependencies' | 'devDependencies',
    Record<string, string>
  >
  const installed = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)].sort()

  test('lists exactly the packages of package.json', () => {
    expect([...packages.keys()].sort()).toEqual(installed)
  })

  test('gives each package known places, a reason and its own licence', () => {
    const places = /^(shared|main|renderer|test|build)$/
    for (const row of packages.values()) {
      const unknown = row.where.filter((place) => !places.test(place) && !isLayer(place))
      expect(unknown, row.name).toEqual([])
      expect(row.reason, row.name).not.toBe('')
      const own = JSON.parse(read(`node_modules/${row.name}/package.json`)) as { readonly license: string }
      expect(row.licence, row.name).toBe(own.license)
    }
  })
})

describe('no way around the checks', () => {
  test('no file names the type any', () => {
    const everything = [...shipped, ...others]
    expect(everything.filter((path) => parseSource(path, read(path)).anyCount > 0)).toEqual([])
    expect(parseSource('a.ts', 'const a = b as any; function f(x: any[]): void {}').anyCount).toBe(2)
  })

  test('no check is silenced without a reason', () => {
    const silenced = [...shipped, ...others].flatMap((path) =>
      parseSource(path, read(path))
        .comments.filter(silencesWithoutReason)
        .map((comment) => `${path}: ${comment.trim()}`),
    )
    expect(silenced).toEqual([])
  })

  test.each([
    [' @ts-ignore because', true],
    [' @ts-nocheck', true],
    [' @ts-expect-error', true],
    [' @ts-expect-error: the file is made by the build', false],
    [' oxlint-disable-next-line no-console', true],
    [' oxlint-disable-next-line no-console -- this is the command line', false],
    [' eslint-disable', true],
    [' an ordinary comment', false],
  ])('comment "%s" is refused: %s', (comment, refused) => {
    expect(silencesWithoutReason(comment)).toBe(refused)
  })
})

describe('named notes', () => {
  const cited = new Map<string, string>()
  for (const path of [...shipped, ...others]) {
    for (const comment of parseSource(path, read(path)).comments) {
      for (const [, note = ''] of comment.replace(/\s*\n\s*\*?\s*/g, ' ').matchAll(/\[Note: ([^\]]+)\]/g)) {
        cited.set(note, path)
      }
    }
  }
  const notes = namedNotes(read('ARCHITECTURE.md'))

  test('every cited note is in ARCHITECTURE.md', () => {
    const missing = [...cited].filter(([note]) => !notes.includes(note)).map(([note, path]) => `${note} (${path})`)
    expect(missing).toEqual([])
  })

  test('every note is cited', () => {
    expect(notes.length).toBeGreaterThan(0)
    expect(notes.filter((note) => !cited.has(note))).toEqual([])
  })
})

function worker(path: string): string {
  return `fork(new URL('${path}', import.meta.url))`
}

function isLayer(place: string): boolean {
  return layerOf(`src/main/${place}/a.ts`) !== undefined || layerOf(`src/renderer/${place}/a.ts`) !== undefined
}

/** Headings of the third level below "Named notes". */
function namedNotes(markdown: string): readonly string[] {
  const [, section = ''] = markdown.split(/^## Named notes$/m)
  const [text = ''] = section.split(/^## /m)
  return [...text.matchAll(/^### (.+)$/gm)].map(([, name = '']) => name.trim())
}

function silencesWithoutReason(comment: string): boolean {
  if (/^\s*@ts-(ignore|nocheck)\b/.test(comment)) return true
  if (/^\s*@ts-expect-error\b/.test(comment)) return !/@ts-expect-error:? \w.{7}/.test(comment)
  return /^\s*(oxlint|eslint)-disable/.test(comment) && !/ -- \w.{7}/.test(comment)
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path.split(sep).join('/')}`)
    .filter((path) => /\.tsx?$/.test(path))
    .sort()
}

import { closeSync, openSync, readSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { binaryFormat } from '../../scripts/binary-format.ts'
import { checkPackedFiles, summarize } from '../../scripts/packed-check.ts'
import type { PackExpectation } from '../../scripts/packed-check.ts'
import type { PackedFile } from '../../scripts/packed-files.ts'
import { modelFiles, shippedPackages } from '../../scripts/packed-layout.ts'

const linux: PackExpectation = {
  platform: 'linux',
  arch: 'x64',
  main: 'out/main/electron-main.js',
  models: ['manifest.json', 'backbone.onnx', 'golden/backbone-448x448.json'],
}

function inAsar(path: string, binary: string | null = null): PackedFile {
  return { place: 'asar', path, bytes: 100, binary }
}

function unpacked(path: string, binary: string | null = null): PackedFile {
  return { place: 'unpacked', path, bytes: 1_000_000, binary }
}

function resource(path: string): PackedFile {
  return { place: 'resources', path, bytes: 2_000_000, binary: null }
}

/** A package as it should be. */
const good: readonly PackedFile[] = [
  inAsar('package.json'),
  inAsar('out/main/cli.js'),
  inAsar('out/main/electron-main.js'),
  inAsar('out/main/engine-process.js'),
  inAsar('out/main/codec-process.js'),
  inAsar('out/preload/preload.cjs'),
  inAsar('out/renderer/index.html'),
  ...shippedPackages(linux).map((name) => unpacked(`node_modules/${name}/package.json`)),
  unpacked('node_modules/better-sqlite3/prebuilds/linux-x64.node', 'linux-x64'),
  unpacked('node_modules/@img/sharp-wasm32/lib/sharp-wasm32.node.wasm'),
  resource('LICENSE.txt'),
  resource('THIRD_PARTY_LICENSES.txt'),
  ...linux.models.map((name) => resource(`models/${name}`)),
]

const without = (path: string): readonly PackedFile[] => good.filter((file) => file.path !== path)
const withFile = (...more: readonly PackedFile[]): readonly PackedFile[] => [...good, ...more]

describe('the check of a package', () => {
  test('lets a good one pass, with and without a window and a sample', () => {
    expect(checkPackedFiles(good, linux)).toEqual([])
    expect(checkPackedFiles(withFile(resource('sample/project.db')), linux)).toEqual([])
    const early = good.filter(({ path }) => !/electron-main|preload/.test(path))
    expect(checkPackedFiles(early, { ...linux, main: undefined })).toEqual([])
  })

  test.each<[string, readonly PackedFile[], RegExp]>([
    ['a library of Windows', withFile(unpacked('node_modules/sharp/x.dll', 'win32-x64')), /binary for win32-x64/],
    ['another processor', withFile(unpacked('node_modules/sharp/x.node', 'linux-arm64')), /binary for linux-arm64/],
    [
      'foreign code whose name says nothing',
      withFile({ ...resource('models/a.onnx'), binary: 'darwin-arm64' }),
      /for darwin/,
    ],
    [
      'another C library',
      withFile(unpacked('node_modules/better-sqlite3/linuxmusl-x64.node', 'linux-x64')),
      /C library/,
    ],
    ['a library inside the archive', withFile(inAsar('node_modules/sharp/x.node', 'linux-x64')), /inside the archive/],
    [
      'native sharp',
      withFile(unpacked('node_modules/@img/sharp-linux-x64/lib/sharp.node', 'linux-x64')),
      /native sharp/,
    ],
    ['native libvips', withFile(unpacked('node_modules/@img/sharp-libvips-linux-x64/versions.json')), /native sharp/],
    ['a tool', withFile(inAsar('node_modules/vite/package.json')), /^The package vite does not belong/],
    [
      'a tool below another',
      withFile(inAsar('node_modules/sharp/node_modules/@a/b/c.js')),
      /^The package @a\/b does not/,
    ],
    ['a bundled package', withFile(inAsar('node_modules/zod/index.js')), /^The package zod does not belong/],
    ['a source map', withFile(inAsar('out/renderer/assets/index.js.map')), /source map/],
    ['a source', withFile(inAsar('out/main/cli.ts')), /TypeScript source/],
    ['a typed component', withFile(inAsar('out/renderer/App.tsx')), /TypeScript source/],
    ['the repository', withFile(inAsar('src/main/cli/main.js')), /^src at the top of app.asar/],
    ['a stray resource', withFile(resource('notes.txt')), /^notes.txt at the top of resources/],
    ['no model', without('models/backbone.onnx'), /^models\/backbone.onnx is missing/],
    ['no stored values', without('models/golden/backbone-448x448.json'), /golden.* is missing/],
    ['no licences', without('THIRD_PARTY_LICENSES.txt'), /is missing in resources/],
    ['no program', without('out/main/electron-main.js'), /electron-main.js is missing/],
    ['no preload', without('out/preload/preload.cjs'), /preload.cjs is missing/],
    ['no host', without('out/main/cli.js'), /cli.js is missing/],
    ['no engine process', without('out/main/engine-process.js'), /engine-process.js is missing/],
    ['no page', without('out/renderer/index.html'), /index.html is missing/],
    ['a package less', without('node_modules/detect-libc/package.json'), /^The package detect-libc is missing/],
  ])('refuses: %s', (_name, files, problem) => {
    const problems = checkPackedFiles(files, linux)
    expect(
      problems.some((each) => problem.test(each)),
      problems.join('\n'),
    ).toBe(true)
  })

  test('a package for another system is judged by its own table', () => {
    const windows: PackExpectation = { ...linux, platform: 'win32' }
    const files = [
      ...good.filter(({ path }) => !/sharp-wasm32|@emnapi|prebuilds/.test(path)),
      unpacked('node_modules/@img/sharp-win32-x64/lib/libvips.dll', 'win32-x64'),
    ]
    expect(checkPackedFiles(files, windows)).toEqual([])
    expect(checkPackedFiles(good, windows)).toContain('The package @img/sharp-win32-x64 is missing.')
  })

  test('says what makes most of a package', () => {
    const lines = summarize(withFile(resource('models/large.onnx')))
    expect(lines[0]).toMatch(/^\d+ files, [\d.]+ MB without Electron: .* in the archive, .* unpacked, .* resources$/)
    expect(lines[1]).toMatch(/8\.0 MB {2}models$/)
    expect(lines.some((line) => line.endsWith('MB  better-sqlite3'))).toBe(true)
  })
})

describe('what a binary is made for', () => {
  const bytes = (length: number, ...parts: readonly (readonly [number, readonly number[]])[]): Uint8Array => {
    const made = new Uint8Array(length)
    for (const [at, values] of parts) made.set(values, at)
    return made
  }
  const elf = [0x7f, 0x45, 0x4c, 0x46, 2, 1]

  test.each<[string | null, Uint8Array]>([
    ['linux-x64', bytes(64, [0, elf], [18, [0x3e, 0]])],
    ['linux-arm64', bytes(64, [0, elf], [18, [0xb7, 0]])],
    ['linux-0xf3', bytes(64, [0, elf], [18, [0xf3, 0]])],
    ['darwin-arm64', bytes(64, [0, [0xcf, 0xfa, 0xed, 0xfe, 0x0c, 0, 0, 1]])],
    ['darwin-x64', bytes(64, [0, [0xcf, 0xfa, 0xed, 0xfe, 0x07, 0, 0, 1]])],
    ['darwin-universal', bytes(64, [0, [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2]])],
    ['win32-x64', bytes(256, [0, [0x4d, 0x5a]], [60, [0x80, 0]], [128, [0x50, 0x45, 0, 0, 0x64, 0x86]])],
    ['win32-arm64', bytes(256, [0, [0x4d, 0x5a]], [60, [0x80, 0]], [128, [0x50, 0x45, 0, 0, 0x64, 0xaa]])],
    [null, bytes(256, [0, [0x4d, 0x5a]])],
    [null, bytes(64, [0, [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52]])],
    [null, new TextEncoder().encode('export const answer = 42 // a text of some length')],
    [null, new Uint8Array()],
  ])('%s', (expected, head) => {
    expect(binaryFormat(head)).toBe(expected)
  })

  test('the Node that runs this', () => {
    const head = new Uint8Array(1024)
    const handle = openSync(process.execPath, 'r')
    readSync(handle, head)
    closeSync(handle)
    expect(binaryFormat(head)).toBe(`${process.platform}-${process.arch}`)
  })
})

test('a package brings every model of the manifest, and the stored values that are compared on load', () => {
  const models = [
    { kind: 'backbone', file: 'backbone.onnx' },
    { kind: 'msdnet', file: 'net.onnx', golden: 'golden/net.json' },
    { kind: 'msdnet-gradient', file: 'gradient.onnx', golden: 'golden/gradient.json' },
  ]
  const files = modelFiles({ models })
  expect(files).toEqual(expect.arrayContaining(['backbone.onnx', 'net.onnx', 'golden/net.json', 'gradient.onnx']))
  expect(files).not.toContain('golden/gradient.json')
})

import type { PackedFile } from './packed-files.ts'
import { ownFiles, shippedPackages } from './packed-layout.ts'
import type { PackTarget } from './packed-layout.ts'

export interface PackExpectation extends PackTarget {
  /** `main` of package.json; undefined while there is none. */
  readonly main: string | undefined
  /** Names in the folder `models` without which the studio cannot work. */
  readonly models: readonly string[]
}

const preload = 'out/preload/preload.cjs'
const archiveTop = ['node_modules', 'out', 'package.json']
const resourcesTop = ['LICENSE.txt', 'THIRD_PARTY_LICENSES.txt', 'models', 'sample']

/** What is wrong with a package: one sentence each, empty when all is well. */
export function checkPackedFiles(files: readonly PackedFile[], expected: PackExpectation): string[] {
  const target = `${expected.platform}-${expected.arch}`
  const inProgram = files.filter(({ place }) => place !== 'resources')
  const inResources = files.filter(({ place }) => place === 'resources')
  return [
    ...files.flatMap((file) => problemsOf(file, target)),
    ...unexpected('app.asar', inProgram, archiveTop),
    ...unexpected('resources', inResources, resourcesTop),
    ...packageProblems(inProgram, expected),
    ...missing('app.asar', inProgram, [
      'package.json',
      ...ownFiles,
      ...(expected.main === undefined ? [] : [expected.main, preload]),
    ]),
    ...missing('resources', inResources, [
      'LICENSE.txt',
      'THIRD_PARTY_LICENSES.txt',
      ...expected.models.map((name) => `models/${name}`),
    ]),
  ]
}

function problemsOf({ place, path, binary }: PackedFile, target: string): string[] {
  const found: string[] = []
  const [platform = ''] = target.split('-')
  if (binary !== null && binary !== target)
    found.push(`${path} is a binary for ${binary}, this package is for ${target}.`)
  else if (binary !== null && path.includes('musl')) found.push(`${path} is a binary for another C library.`)
  if (binary !== null && place === 'asar')
    found.push(`${path} is native code inside the archive: the system cannot open it.`)
  if (platform === 'linux' && /(?:^|\/)@img\/sharp-(?!wasm32\/)/.test(path)) {
    found.push(`${path} belongs to native sharp, which clashes with Electron's libraries on Linux.`)
  }
  if (path.endsWith('.map')) found.push(`${path} is a source map.`)
  if (/\.[cm]?tsx?$/.test(path)) found.push(`${path} is a TypeScript source.`)
  return found
}

function unexpected(where: string, files: readonly PackedFile[], known: readonly string[]): string[] {
  const top = new Set(files.map(({ path }) => path.split('/')[0] ?? ''))
  return [...top]
    .filter((name) => !known.includes(name))
    .map((name) => `${name} at the top of ${where} does not belong there.`)
}

function missing(where: string, files: readonly PackedFile[], paths: readonly string[]): string[] {
  const there = new Set(files.map(({ path }) => path))
  return paths.filter((path) => !there.has(path)).map((path) => `${path} is missing in ${where}.`)
}

/** Exactly the packages that ship as they are: another one is bundled already, or a tool. */
function packageProblems(files: readonly PackedFile[], target: PackTarget): string[] {
  const found = new Set(files.flatMap(({ path }) => packageOf(path) ?? []))
  const wanted = shippedPackages(target)
  return [
    ...[...found].filter((name) => !wanted.includes(name)).map((name) => `The package ${name} does not belong there.`),
    ...wanted.filter((name) => !found.has(name)).map((name) => `The package ${name} is missing.`),
  ]
}

/** `node_modules/a/node_modules/@b/c/d.js` → `@b/c`. */
function packageOf(path: string): string | null {
  return /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? null
}

/** Sum of the sizes of all files. */
export function totalBytes(files: readonly PackedFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

/** Lines for a person: how large our part is, where it lies, and what makes most of it. */
export function summarize(files: readonly PackedFile[]): string[] {
  const of = (place: PackedFile['place']): string => megabytes(totalBytes(files.filter((file) => file.place === place)))
  const contributors = new Map<string, number>()
  for (const { path, bytes } of files) {
    const name =
      packageOf(path) ??
      path
        .split('/')
        .slice(0, path.startsWith('out/') ? 2 : 1)
        .join('/')
    contributors.set(name, (contributors.get(name) ?? 0) + bytes)
  }
  const largest = [...contributors].toSorted(([, a], [, b]) => b - a).slice(0, 8)
  return [
    `${files.length} files, ${megabytes(totalBytes(files))} without Electron: ${of('asar')} in the archive, ${of('unpacked')} unpacked, ${of('resources')} resources`,
    ...largest.map(([name, bytes]) => `${megabytes(bytes).padStart(10)}  ${name}`),
  ]
}

import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { computedSpecifier, parseSource } from './imports.ts'
import type { Import } from './imports.ts'

/** What a layer may import of ours. `own` (itself) is always allowed. */
type Rule = {
  readonly layers: readonly string[]
  /** Of these only types, and the files listed in `doors`. */
  readonly typesOf?: readonly string[]
}

/** The one file of the engine and of the codec that others may run; the rest is for types. */
const doors: readonly string[] = ['src/main/engine/client.ts']

const belowJobs = ['shared', 'processes', 'store', 'images', 'formats']
const allOfMain = [...belowJobs, 'engine', 'jobs', 'projects', 'evaluate', 'cli', 'host']

/** `ARCHITECTURE.md`, "Folders", as a table. */
const rules: Readonly<Record<string, Rule>> = {
  shared: { layers: [] },
  processes: { layers: ['shared'] },
  store: { layers: ['shared'] },
  formats: { layers: ['shared'] },
  images: { layers: ['shared', 'processes'] },
  engine: { layers: ['shared', 'processes'] },
  jobs: { layers: belowJobs, typesOf: ['engine'] },
  projects: { layers: [...belowJobs, 'jobs'], typesOf: ['engine'] },
  evaluate: { layers: [...belowJobs, 'jobs', 'projects'], typesOf: ['engine'] },
  cli: { layers: allOfMain },
  host: { layers: allOfMain },
  electron: { layers: allOfMain },
  // Sandboxed: it is bundled into one file, and there is no Node where it runs.
  'electron/preload': { layers: ['shared'] },
  'renderer/bridge': { layers: ['shared'] },
  'renderer/canvas': { layers: ['shared'] },
  'renderer/i18n': { layers: ['shared'] },
  'renderer/ui': { layers: ['shared', 'renderer/i18n'] },
  'renderer/app': {
    layers: ['shared', 'renderer/bridge', 'renderer/canvas', 'renderer/i18n', 'renderer/ui', 'renderer/features'],
  },
  'renderer/features': {
    layers: ['shared', 'renderer/app', 'renderer/bridge', 'renderer/canvas', 'renderer/i18n', 'renderer/ui'],
  },
}

/** Where a package may run, by the table of `docs/dependencies.md`. */
export type PackageTable = ReadonlyMap<string, PackageRow>

export type PackageRow = {
  readonly name: string
  /** Layers, or `main` (all of it), `renderer` (all but the canvas), `test`, `build`. */
  readonly where: readonly string[]
  readonly reason: string
  readonly licence: string
}

/** Reads the table whose header starts with `package`. */
export function readPackageTable(markdown: string): PackageTable {
  const rows = markdown
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  const start = rows.findIndex(([first]) => first === 'package')
  if (start < 0) throw new Error('docs/dependencies.md has no table whose first column is "package".')
  const table = new Map<string, PackageRow>()
  for (const [package_ = '', where = '', reason = '', licence = ''] of rows.slice(start + 2)) {
    const name = package_.replaceAll('`', '')
    table.set(name, { name, where: where.split(',').map((place) => place.trim()), reason, licence })
  }
  return table
}

/** Tests, their fixtures and helpers: they may look anywhere, and nothing that ships may look at them. */
export function isTestFile(path: string): boolean {
  return path.startsWith('test/') || /\.(test|fixture|test-support)\.tsx?$/.test(path)
}

/**
 * @param path from the repository's root, with `/`.
 * @returns the layer, e.g. `store`, `renderer/canvas`; undefined for a place that has none.
 */
export function layerOf(path: string): string | undefined {
  const [source, side, part, inner] = path.split('/')
  if (source !== 'src') return undefined
  if (side === 'shared') return 'shared'
  if (part === 'electron' && inner === 'preload') return 'electron/preload'
  const layer = side === 'main' ? part : side === 'renderer' ? rendererLayer(part) : undefined
  return layer !== undefined && layer in rules ? layer : undefined
}

/** The page's own files (`index.html`, its entry) belong to the app. */
function rendererLayer(part: string | undefined): string {
  return part === undefined || part.includes('.') ? 'renderer/app' : `renderer/${part}`
}

/** What is wrong with the imports of one file that ships: one sentence each, empty when all is well. */
export function violationsOf(path: string, text: string, packages: PackageTable): readonly string[] {
  const layer = layerOf(path)
  if (layer === undefined) return [`${path} lies in no layer`]
  return parseSource(path, text).imports.flatMap((import_) => {
    const problem = problemOf(path, layer, import_, packages)
    return problem === undefined ? [] : [`${path} → ${import_.specifier}: ${problem}`]
  })
}

function problemOf(path: string, layer: string, import_: Import, packages: PackageTable): string | undefined {
  const specifier = import_.specifier.replace(/\?.*$/, '')
  if (specifier === computedSpecifier) return 'a computed import cannot be checked'
  if (specifier.startsWith('.')) return problemOfFile(path, layer, posix.join(posix.dirname(path), specifier), import_)
  if (specifier.startsWith('/') || /^[a-z]+:\/\//.test(specifier)) return 'neither a relative path nor a package'
  if (isBuiltin(specifier)) return problemOfBuiltin(layer, specifier)
  return problemOfPackage(path, layer, packageName(specifier), packages)
}

function problemOfFile(path: string, layer: string, target: string, import_: Import): string | undefined {
  if (isTestFile(target)) return 'what ships does not import tests'
  const to = layerOf(target)
  if (to === undefined) return 'outside the layers'
  if (to === layer) return to === 'renderer/features' ? problemBetweenFeatures(path, target) : undefined
  const rule = rules[layer]
  if (rule?.layers.includes(to) === true) return undefined
  if (rule?.typesOf?.includes(to) === true) {
    return import_.typeOnly || doors.includes(target)
      ? undefined
      : `${layer} may use only the client and types of ${to}`
  }
  return `${layer} may not import ${to}`
}

function problemBetweenFeatures(path: string, target: string): string | undefined {
  const feature = (file: string): string | undefined => file.split('/')[3]
  return feature(path) === feature(target) ? undefined : 'features do not import each other'
}

function problemOfBuiltin(layer: string, specifier: string): string | undefined {
  if (!specifier.startsWith('node:')) return `write node:${specifier}`
  return layer === 'shared' || layer === 'electron/preload' || layer.startsWith('renderer/')
    ? `${layer} knows no Node`
    : undefined
}

function problemOfPackage(path: string, layer: string, name: string, packages: PackageTable): string | undefined {
  if (name === 'electron') return layer.startsWith('electron') ? undefined : 'only src/main/electron imports electron'
  if (name === 'zod') return path === 'src/shared/zod.ts' ? undefined : 'zod is imported by src/shared/zod.ts only'
  const row = packages.get(name)
  if (row === undefined) return 'not listed in docs/dependencies.md'
  return row.where.some((place) => covers(place, layer)) ? undefined : `may run in ${row.where.join(', ')} only`
}

function covers(place: string, layer: string): boolean {
  if (place === layer || place === layer.replace('renderer/', '')) return true
  if (place === 'main') return layer !== 'shared' && !layer.startsWith('renderer/')
  return place === 'renderer' && layer.startsWith('renderer/') && layer !== 'renderer/canvas'
}

/** `react-dom/client` → `react-dom`, `@scope/name/file` → `@scope/name`. */
export function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

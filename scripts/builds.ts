import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from './project-root.ts'

interface Build {
  /** What a person is told while they wait. */
  readonly title: string
  readonly config: string
  /** Relative to the project, as all paths here. */
  readonly result: string
  readonly sources: readonly string[]
}

const page: Build = {
  title: 'the page',
  config: 'vite.renderer.config.ts',
  result: 'out/renderer/index.html',
  sources: ['src/renderer', 'src/shared', 'build'],
}
const nodeSide: Build = {
  title: 'the Node side',
  config: 'vite.main.config.ts',
  result: 'out/main/electron-main.js',
  sources: ['src/main', 'src/shared'],
}
const preload: Build = {
  title: 'the preload script',
  config: 'vite.preload.config.ts',
  result: 'out/preload/preload.cjs',
  sources: ['src/main/electron/preload', 'src/shared'],
}

/** Builds the page into `out/renderer` unless it was built from exactly these sources. @returns whether it is there. */
export function buildRenderer(): boolean {
  return buildIfStale(page)
}

/** What the desktop window runs: Node side and preload, where they are stale. @returns whether they are there. */
export function buildDesktop(): boolean {
  return buildIfStale(nodeSide) && buildIfStale(preload)
}

/** Bundles the Node side into `out/main` and the preload script into `out/preload`, for packaging. */
export function buildMain(): boolean {
  return build(nodeSide) && build(preload)
}

function buildIfStale(what: Build): boolean {
  const stamp = stampFile(what)
  const isBuilt = existsSync(join(projectRoot, what.result))
  if (isBuilt && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(what)) return true
  console.error(`Building ${what.title}...`)
  return build(what)
}

function build(what: Build): boolean {
  const vite = join(projectRoot, 'node_modules', 'vite', 'bin', 'vite.js')
  const parameters = [vite, 'build', '--config', what.config, '--logLevel', 'warn']
  const wanted = fingerprint(what)
  const { status } = spawnSync(process.execPath, parameters, { cwd: projectRoot, stdio: ['ignore', 2, 2] })
  if (status === 0) writeFileSync(stampFile(what), wanted)
  return status === 0
}

/** Beside the folder of the result, which the build empties. */
function stampFile(what: Build): string {
  return join(projectRoot, 'out', `${what.result.split('/')[1] ?? ''}.stamp`)
}

/** Hash of everything that it is built from. */
function fingerprint(what: Build): string {
  const hash = createHash('sha256')
  const files = ['package-lock.json', 'tsconfig.base.json', what.config, ...what.sources.flatMap(filesBelow)]
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(projectRoot, file)))
      .update('\0')
  return hash.digest('hex')
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(projectRoot, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(projectRoot.length))
    .sort()
}

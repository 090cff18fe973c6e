import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from './project-root.ts'

const stampFile = join(projectRoot, 'out', 'renderer.stamp')

/** Builds the page into `out/renderer` unless it was built from exactly these sources. @returns whether it is there. */
export function buildRenderer(): boolean {
  const wanted = fingerprint()
  const built = existsSync(join(projectRoot, 'out', 'renderer', 'index.html'))
  if (built && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) return true
  console.error('Building the page...')
  const result = runVite('vite.renderer.config.ts')
  if (result) writeFileSync(stampFile, wanted)
  return result
}

/** Bundles the Node side into `out/main`, for packaging. */
export function buildMain(): boolean {
  return runVite('vite.main.config.ts')
}

function runVite(config: string): boolean {
  const vite = join(projectRoot, 'node_modules', 'vite', 'bin', 'vite.js')
  const parameters = [vite, 'build', '--config', config, '--logLevel', 'warn']
  return spawnSync(process.execPath, parameters, { cwd: projectRoot, stdio: ['ignore', 2, 2] }).status === 0
}

/** Hash of everything that the page is built from. */
function fingerprint(): string {
  const hash = createHash('sha256')
  const files = [
    'package-lock.json',
    'tsconfig.base.json',
    'vite.renderer.config.ts',
    'build/icon.svg',
    ...filesBelow('src/renderer'),
    ...filesBelow('src/shared'),
  ]
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

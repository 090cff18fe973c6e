import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'

/**
 * Where the product's own files lie, each found by itself: in a source tree they share one folder, in a packed app
 * `models` lies beside the archive that holds the rest.
 */

const ownFolder = dirname(fileURLToPath(import.meta.url))

/** The nearest folder at or above `start` that holds `path`, joined with it; null when there is none. */
function findAbove(start: string, ...path: readonly string[]): string | null {
  for (let folder = start; ; folder = dirname(folder)) {
    const found = join(folder, ...path)
    if (existsSync(found)) return found
    if (dirname(folder) === folder) return null
  }
}

/** Folder of the model files and their manifest. Throws `ModelMissing`. */
export function modelsFolder(start = ownFolder): string {
  const manifest = findAbove(start, 'models', 'manifest.json')
  if (manifest !== null) return dirname(manifest)
  throw new AppError(
    'ModelMissing',
    'modelsFolderMissing',
    'The folder "models" with manifest.json is missing. Install Exemplar Studio again.',
  )
}

/** The built page; `npm start` makes it. */
export function rendererFolder(start = ownFolder): string {
  return dirname(builtFile(start, 'renderer', 'index.html'))
}

/** The built preload script of the desktop window. */
export function preloadFile(start = ownFolder): string {
  return builtFile(start, 'preload', 'preload.cjs')
}

/** Beside the sources even where nothing is built yet: then it is named, and missing. */
function builtFile(start: string, ...path: readonly string[]): string {
  return findAbove(start, 'out', ...path) ?? join(programFolder(start), 'out', ...path)
}

/** Where the product's own files lie: the source tree, or the archive of a packed app. For people to see. */
export function programFolder(start = ownFolder): string {
  return dirname(packageFile(start))
}

/** Pictures of the sample project, as a data set folder; beside the models, and missing where it was not made. */
export function sampleFolder(start = ownFolder): string {
  return join(dirname(modelsFolder(start)), 'sample')
}

/** The product's version, from its package.json. */
export function productVersion(start = ownFolder): string {
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(packageFile(start), 'utf8'))).version
}

function packageFile(start: string): string {
  const found = findAbove(start, 'package.json')
  if (found === null) throw new Error(`There is no package.json above ${start}`)
  return found
}

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'

/**
 * Where the product's own files are. In a source tree, built or not, both folders are its root. Packed, the program is
 * the archive `app.asar` (read like a folder), and `resources` is the folder around it.
 */
export interface ProductFolders {
  /** Holds `package.json` and `out/`. */
  readonly program: string
  /** Holds `models/` and, where it was made, `sample/`. */
  readonly resources: string
}

/**
 * Looks upwards from `start`, then into `resourcesPath`, which Electron gives. Throws `ModelMissing` when no folder holds
 * `models/manifest.json`.
 */
export function findProductFolders(start: string, resourcesPath?: string): ProductFolders {
  const resources =
    nearest(start, join('models', 'manifest.json')) ??
    (resourcesPath === undefined ? null : nearest(resourcesPath, join('models', 'manifest.json')))
  if (resources === null) {
    throw new AppError(
      'ModelMissing',
      'modelsFolderMissing',
      'The folder "models" with manifest.json is missing. Install Exemplar Studio again.',
    )
  }
  return { program: nearest(start, 'package.json') ?? resources, resources }
}

/** The folder itself or the nearest one above it that holds the file. */
function nearest(start: string, file: string): string | null {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, file))) return folder
    if (dirname(folder) === folder) return null
  }
}

export function productFolders(): ProductFolders {
  const { resourcesPath } = process as NodeJS.Process & { readonly resourcesPath?: string }
  return findProductFolders(dirname(fileURLToPath(import.meta.url)), resourcesPath)
}

export function modelsFolder(): string {
  return join(productFolders().resources, 'models')
}

/** The built page; `npm start` makes it. */
export function rendererFolder(): string {
  return join(productFolders().program, 'out', 'renderer')
}

/** The built preload script of the desktop window. */
export function preloadFile(): string {
  return join(productFolders().program, 'out', 'preload', 'preload.cjs')
}

/** The project to try things on, to be copied before it is opened; null where it was not made. */
export function sampleFolder(): string | null {
  const folder = join(productFolders().resources, 'sample')
  return existsSync(folder) ? folder : null
}

/** The product's version, from its package.json. */
export function productVersion(): string {
  const text = readFileSync(join(productFolders().program, 'package.json'), 'utf8')
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version
}

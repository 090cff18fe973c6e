import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'

/** The product's own folder: the nearest one above this file that holds `models/manifest.json`. */
function productFolder(): string {
  const start = dirname(fileURLToPath(import.meta.url))
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'models', 'manifest.json'))) return folder
    if (dirname(folder) === folder) {
      throw new AppError(
        'ModelMissing',
        'modelsFolderMissing',
        'The folder "models" with manifest.json is missing. Install Exemplar Studio again.',
      )
    }
  }
}

export function modelsFolder(): string {
  return join(productFolder(), 'models')
}

/** The built page; `npm start` makes it. */
export function rendererFolder(): string {
  return join(productFolder(), 'out', 'renderer')
}

/** Pictures of the sample project, as a data set folder. */
export function sampleFolder(): string {
  return join(productFolder(), 'sample')
}

/** The product's version, from its package.json. */
export function productVersion(): string {
  const text = readFileSync(join(productFolder(), 'package.json'), 'utf8')
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version
}

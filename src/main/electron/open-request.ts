import { statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { hasImageExtension } from '../../shared/domain/picture-names.ts'
import { projectFile } from '../../shared/domain/project-folder.ts'

/**
 * What a start asks to open: the first argument that is no option, as an absolute path; null for none. An unpacked
 * start names the folder of the program first.
 */
export function pathFromArguments(
  argv: readonly string[],
  options: { readonly isPackaged: boolean; readonly workingFolder: string },
): string | null {
  const [first, second] = argv.slice(1).filter((argument) => !argument.startsWith('-'))
  const path = options.isPackaged ? first : second
  return path === undefined ? null : resolve(options.workingFolder, path)
}

/**
 * The project folder that a path stands for: itself, or the one around its `project.db`. Null for a picture, which is
 * imported inside a project and opens none.
 */
export function projectFolderAt(path: string): string | null {
  if (basename(path) === projectFile) return dirname(path)
  if (hasImageExtension(path) && statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return null
  return path
}

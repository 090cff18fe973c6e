import { readdir, realpath, stat } from 'node:fs/promises'
import type { Dirent } from 'node:fs'
import { basename, join } from 'node:path'
import type { Problem } from '../../shared/contract/contract.ts'
import { hasImageExtension } from '../../shared/domain/picture-names.ts'
import { projectFile, projectFolders } from '../../shared/domain/project-folder.ts'
import { throwIfAborted } from '../../shared/errors.ts'
import { fileUnreadable, problemOf } from './image-errors.ts'

/** A file to import. */
export interface FoundFile {
  readonly path: string
  /** Path below the folder it was given by, with `/`; the file name for a file given itself. */
  readonly name: string
}

/**
 * The picture files among these files and below these folders, folder by folder in name order. A file
 * given itself is taken whatever its name. Hidden entries are skipped, and so is the
 * cache of a project that lies among the pictures; a folder reached twice (by a
 * symbolic link) is walked once; what cannot be read is reported and the rest goes on.
 */
export async function scanForImages(
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<{
  readonly files: readonly FoundFile[]
  /** Folders and files that could not be looked at. */ readonly problems: readonly Problem[]
}> {
  const files: FoundFile[] = []
  const problems: Problem[] = []
  const walked = new Set<string>()

  async function attempt(path: string, name: string, work: () => Promise<void>): Promise<void> {
    throwIfAborted(signal)
    try {
      await work()
    } catch (error) {
      throwIfAborted(signal)
      problems.push(problemOf(name, fileUnreadable(path, error)))
    }
  }

  async function walk(folder: string, prefix: string): Promise<void> {
    const real = await realpath(folder)
    if (walked.has(real)) return
    walked.add(real)
    const entries = await readdir(folder, { withFileTypes: true })
    const isProject = entries.some(({ name }) => name === projectFile)
    const own = isProject ? new Set(projectFolders) : new Set<string>()
    for (const entry of entries.filter(({ name }) => !name.startsWith('.') && !own.has(name)).toSorted(byName)) {
      const path = join(folder, entry.name)
      const name = `${prefix}${entry.name}`
      await attempt(path, name, () => visit(entry, path, name))
    }
  }

  async function visit(entry: Dirent, path: string, name: string): Promise<void> {
    const kind = entry.isSymbolicLink() ? await stat(path) : entry
    if (kind.isDirectory()) await walk(path, `${name}/`)
    else if (kind.isFile() && hasImageExtension(entry.name)) files.push({ path, name })
  }

  for (const path of paths) {
    const name = basename(path)
    await attempt(path, name, async () => {
      if ((await stat(path)).isDirectory()) await walk(path, '')
      else files.push({ path, name })
    })
  }
  return { files, problems }
}

/** By code units: the same order everywhere, whatever the locale. */
function byName(a: Dirent, b: Dirent): number {
  if (a.name === b.name) return 0
  return a.name < b.name ? -1 : 1
}

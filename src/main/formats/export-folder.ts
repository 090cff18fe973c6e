import { randomBytes } from 'node:crypto'
import { copyFile, lstat, mkdir, readdir, realpath, rename, rm, rmdir, stat, utimes } from 'node:fs/promises'
import { dirname, join, posix, relative, sep } from 'node:path'
import { AppError, throwIfAborted } from '../../shared/errors.ts'
import { describeFile, isUnchanged, Manifest, readManifest } from './export-manifest.ts'
import type { WrittenFile } from './export-manifest.ts'
import { kindOf, slashed, stagingPrefix } from './files.ts'
import type { Destination } from './format-types.ts'
import { temporaryPath } from './text-file.ts'

/** Files that readers of a format find by themselves: everything below that folder whose name ends so. */
export interface FoundByReaders {
  /** Below the export, with `/`; empty for all of it. */
  readonly folder: string
  readonly ending: string
}

export interface Published {
  /** How many files of an earlier export went, since this one does not have them. */
  readonly removed: number
  /** Files of other origin that the readers of this export take too, below the folder, with `/`. */
  readonly strangers: readonly string[]
}

/**
 * A folder that is exported to. Writers work in `staging`, a hidden folder inside it, where nothing else is. Only
 * `publish` changes what a person sees: it removes what an earlier export of the same layout left and this one does not have,
 * and moves the new files to their places. What ends before leaves everything as it was. What was written is kept in a
 * manifest; a file that is not in it, that was changed since, or that is a picture of the project by now, is a person's own
 * and is never removed or overwritten.
 */
export class ExportFolder implements Destination, AsyncDisposable {
  readonly staging: string
  readonly #path: string
  readonly #layout: string
  readonly #isNew: boolean
  /** What earlier exports of any layout wrote, by name. */
  #earlier: ReadonlyMap<string, readonly WrittenFile[]>
  readonly #originals: () => Iterable<string>
  /** Of the pictures of the project, in one form; gathered when somebody asks. */
  #originalPaths: ReadonlySet<string> | undefined
  /** Pictures that lie at their place already, by name; with what an earlier export wrote there, if it is that still. */
  readonly #kept = new Map<string, WrittenFile | null>()

  /** `layout` says which exports take each other's place, `originals` has the paths of the project's own pictures. */
  static async open(path: string, layout: string, originals: () => Iterable<string>): Promise<ExportFolder> {
    const isNew = (await kindOf(path)) === null
    await mkdir(path, { recursive: true })
    await removeLeftovers(path)
    const staging = join(stagingPathIn(path), 'files')
    await mkdir(staging, { recursive: true })
    return new ExportFolder(path, staging, layout, isNew, await readManifest(path), originals)
  }

  private constructor(
    path: string,
    staging: string,
    layout: string,
    isNew: boolean,
    earlier: ReadonlyMap<string, readonly WrittenFile[]>,
    originals: () => Iterable<string>,
  ) {
    this.#path = path
    this.staging = staging
    this.#layout = layout
    this.#isNew = isNew
    this.#earlier = earlier
    this.#originals = originals
  }

  async pictureAt(
    staged: string,
    isSame: ((path: string) => Promise<boolean>) | null,
  ): ReturnType<Destination['pictureAt']> {
    const name = slashed(relative(this.staging, staged))
    const target = join(this.#path, name)
    if (!(await exists(target))) return 'none'
    const own = await this.#ownFile(name)
    // What is no file may never end.
    const isFile = (await kindOf(target)) === 'file'
    const same = isSame === null ? own !== null : isFile && (await isSame(target))
    if (!same && isSame !== null && (await this.#replaceable(name)) !== null) return 'none'
    this.#kept.set(name, same ? own : null)
    return same ? 'same' : 'other'
  }

  /**
   * Puts the staged files to their places, `main` last: a reader that finds it finds all of it. Throws `Conflict` that names
   * files of other origin where an exported one has to be, or a picture that was to stay and is gone, and `Cancelled`; nothing
   * has changed then.
   */
  async publish(main: string | undefined, found: readonly FoundByReaders[], signal: AbortSignal): Promise<Published> {
    // Another export may have ended here since this one began.
    this.#earlier = await readManifest(this.#path)
    const stale = await this.#stale()
    const strangers = await this.#strangers(found, new Set(stale), signal)
    await using next = await this.#prepare(stale)
    if (main !== undefined) await rm(join(this.#path, main), { force: true })
    const removed = await this.#remove(stale)
    await this.#move('', main)
    if (main !== undefined) await moveFile(join(this.staging, main), join(this.#path, main))
    await next.publish(this.#path)
    return { removed, strangers }
  }

  /** The staging area, and the folder too where nothing was there before and nothing is there now. */
  async [Symbol.asyncDispose](): Promise<void> {
    await rm(dirname(this.staging), { recursive: true, force: true })
    if (this.#isNew) await rmdir(this.#path).catch(() => undefined)
  }

  /** What lies there, if an earlier export wrote it and it has become nobody's since. */
  async #ownFile(name: string): Promise<WrittenFile | null> {
    const earlier = this.#earlier.get(name)
    const now = earlier === undefined ? null : await describeFile(this.#path, name, this.#layout)
    if (now === null || earlier?.some((then) => isUnchanged(now, then)) !== true) return null
    return (await this.#isOriginal(name)) ? null : now
  }

  /** What lies there, if this layout alone wrote it, so that this export may put its own in that place, or nothing. */
  async #replaceable(name: string): Promise<WrittenFile | null> {
    const isShared = this.#earlier.get(name)?.some(({ layout }) => layout !== this.#layout) === true
    return isShared ? null : await this.#ownFile(name)
  }

  /** Whether the project has its picture there, by whatever path. */
  async #isOriginal(name: string): Promise<boolean> {
    if (this.#originalPaths === undefined) {
      const paths = new Set<string>()
      for (const path of this.#originals()) paths.add(await plainPath(path))
      this.#originalPaths = paths
    }
    return this.#originalPaths.has(await plainPath(join(this.#path, name)))
  }

  /** Whether this export has a file of that name. */
  async #has(name: string): Promise<boolean> {
    return this.#kept.has(name) || (await kindOf(join(this.staging, name))) === 'file'
  }

  async #strangers(
    found: readonly FoundByReaders[],
    stale: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<string[]> {
    const strangers = new Set<string>()
    for (const { folder, ending } of found) {
      for await (const below of visibleFiles(join(this.#path, folder), signal)) {
        const name = posix.join(folder, below)
        if (!name.toLowerCase().endsWith(ending)) continue
        if (!stale.has(name) && !(await this.#has(name))) strangers.add(name)
      }
    }
    return [...strangers].toSorted()
  }

  /**
   * Looks whether every file can go to its place, and returns the manifest of the time when all of them are there. Until
   * then another one knows old and new files, so that after a kill half way the next export clears up the mixture.
   */
  async #prepare(stale: readonly string[]): Promise<Manifest> {
    const occupied: string[] = []
    const folders = new Set(stale.map((name) => posix.dirname(name)))
    await using both = await Manifest.create(dirname(this.staging))
    const next = await Manifest.create(dirname(this.staging))
    try {
      for (const files of this.#earlier.values()) {
        for (const file of files) {
          await both.add(file)
          if (file.layout !== this.#layout && (await kindOf(join(this.staging, file.name))) === null)
            await next.add(file)
        }
      }
      for (const [name, file] of this.#kept) {
        if (!(await exists(join(this.#path, name)))) throw disturbedBy(join(this.#path, name))
        if (file !== null) await next.add(file)
      }
      for await (const name of stagedFiles(this.staging)) {
        if (!(await this.#isFree(name)) && (await this.#replaceable(name)) === null) occupied.push(name)
        folders.add(posix.dirname(name))
        const file = await describeFile(this.staging, name, this.#layout)
        if (file === null) continue
        await both.add(file)
        await next.add(file)
      }
      if (occupied.length > 0) throw occupiedBy(this.#path, occupied)
      for (const folder of folders) await this.#requireWritable(folder)
      // A full disk shows before anything changes.
      await next.finish()
      await both.finish()
      await both.publish(this.#path)
      return next
    } catch (error) {
      await next[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Whether nothing lies there, and nothing but folders above it. */
  async #isFree(name: string): Promise<boolean> {
    for (let at = name; at !== '.'; at = posix.dirname(at)) {
      const path = join(this.#path, at)
      if (await exists(path)) return at !== name && (await kindOf(path)) === 'folder'
    }
    return true
  }

  /** Tries whether a folder, or the one in which it will be made, may be written to. Throws as `mkdir` does. */
  async #requireWritable(folder: string): Promise<void> {
    let at = folder
    while (at !== '.' && !(await exists(join(this.#path, at)))) at = posix.dirname(at)
    const path = join(this.#path, at)
    // A kill between making a trial and removing it leaves it behind.
    await removeLeftovers(path)
    const trial = stagingPathIn(path)
    await mkdir(trial)
    await rmdir(trial)
  }

  /** What an earlier export of this layout wrote, this one does not have, and nobody else needs. */
  async #stale(): Promise<string[]> {
    const home = await realpath(this.#path)
    // Where upper and lower case are one, a picture that is kept may have an older name too.
    const kept = new Set([...this.#kept.keys()].map((name) => name.toLowerCase()))
    const stale: string[] = []
    for (const [name, files] of this.#earlier) {
      if (kept.has(name.toLowerCase()) || (await this.#has(name))) continue
      const now = await this.#replaceable(name)
      // It may be the last name that a person's picture has.
      if (now === null || files.some(({ linked }) => linked && !now.linked)) continue
      // A folder may be a link to elsewhere, and a manifest may come from anybody.
      if ((await realpath(join(this.#path, name))).startsWith(home + sep)) stale.push(name)
    }
    return stale
  }

  /** Those of these files that are still as an export left them, and the folders that are empty then. */
  async #remove(names: readonly string[]): Promise<number> {
    const folders = new Set<string>()
    let removed = 0
    for (const name of names) {
      if ((await this.#ownFile(name)) === null) continue
      await rm(join(this.#path, name))
      removed++
      for (let folder = posix.dirname(name); folder !== '.'; folder = posix.dirname(folder)) folders.add(folder)
    }
    // Deepest first.
    for (const folder of [...folders].toSorted((a, b) => b.length - a.length))
      await rmdir(join(this.#path, folder)).catch(() => undefined)
    return removed
  }

  /** Everything staged below that folder but `main`, whole folders at once where there is nothing yet. */
  async #move(folder: string, main: string | undefined): Promise<void> {
    for (const entry of await readdir(join(this.staging, folder), { withFileTypes: true })) {
      const name = posix.join(folder, entry.name)
      if (name === main) continue
      const [from, to] = [join(this.staging, name), join(this.#path, name)]
      if (!entry.isDirectory()) await moveFile(from, to)
      else if ((await kindOf(to)) === null && main?.startsWith(`${name}/`) !== true) await rename(from, to)
      else {
        await mkdir(to, { recursive: true })
        await this.#move(name, main)
      }
    }
  }
}

/** Whether anything lies there, be it a link that leads nowhere. What cannot be looked at does. */
async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
  }
}

/** One form for all paths of a file, on disks too that take upper and lower case for one. */
async function plainPath(path: string): Promise<string> {
  const real = await realpath(path).catch(() => path)
  return real.normalize('NFC').toLowerCase()
}

/**
 * Ordinary files below a folder, sub-folders too, without hidden ones. What may not be looked into is passed over. Throws
 * `Cancelled`: it may be a person's whole disk.
 */
async function* visibleFiles(root: string, signal: AbortSignal, folder = ''): AsyncGenerator<string> {
  throwIfAborted(signal)
  for (const entry of await readdir(join(root, folder), { withFileTypes: true }).catch(() => [])) {
    if (entry.name.startsWith('.')) continue
    const name = posix.join(folder, entry.name)
    if (entry.isDirectory()) yield* visibleFiles(root, signal, name)
    else if (entry.isFile()) yield name
  }
}

async function* stagedFiles(root: string, folder = ''): AsyncGenerator<string> {
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const name = posix.join(folder, entry.name)
    if (entry.isDirectory()) yield* stagedFiles(root, name)
    else yield name
  }
}

async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    // A sub-folder may be a link to another disk.
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error
    const temporary = temporaryPath(to)
    await copyFile(from, temporary)
    const { atime, mtime } = await stat(from)
    await utimes(temporary, atime, mtime)
    await rename(temporary, to)
  }
}

function stagingPathIn(folder: string): string {
  return join(folder, `${stagingPrefix}${process.pid}.${randomBytes(6).toString('hex')}`)
}

/** What exports left that were killed. One that is still at work keeps its files. */
async function removeLeftovers(path: string): Promise<void> {
  for (const name of await readdir(path)) {
    const [, pid] =
      (name.startsWith(stagingPrefix) && /^(\d+)\.[0-9a-f]+$/.exec(name.slice(stagingPrefix.length))) || []
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(path, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function disturbedBy(file: string): AppError {
  return new AppError(
    'Conflict',
    'exportDisturbed',
    `${file} has gone while the export was running; nothing was changed. Export again.`,
    { params: { file } },
  )
}

function occupiedBy(folder: string, names: readonly string[]): AppError {
  const [first = ''] = names
  const count = names.length
  return new AppError(
    'Conflict',
    'exportOccupied',
    `${join(folder, first)} would be overwritten and is not what an earlier export in this format wrote (${count} ${count === 1 ? 'such file' : 'such files'}). Move it away, or export to an empty folder.`,
    { params: { file: join(folder, first), count } },
  )
}

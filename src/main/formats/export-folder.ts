import { copyFile, mkdir, readdir, rename, rm, rmdir, stat, utimes } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { lockFolder } from './export-lock.ts'
import { describeFile, Manifest } from './export-manifest.ts'
import { areaIn, endOwner, newOwner, removeLeftovers, stagingIn } from './export-owners.ts'
import { ExportTarget, nearestFolder, requireFolder } from './export-target.ts'
import type { ExportPlace, FoundByReaders, Published } from './export-target.ts'
import { isErrno, kindOf, walkFiles } from './files.ts'
import { temporaryPath } from './text-file.ts'

/**
 * A folder that is exported to. Writers work in `staging`, in a hidden folder inside it, where nothing else is. Only
 * `publish` changes what a person sees: it removes what an earlier export of the same layout left and this one does not have,
 * and moves the new files to their places. What ends before leaves everything as it was. What was written is kept in a
 * manifest.
 */
export class ExportFolder implements ExportPlace {
  readonly rehearsal = null
  readonly staging: string
  readonly #owner: string
  readonly #area: string
  /** The uppermost folder that was made for this export; null where there was one. */
  readonly #made: string | null
  readonly #layout: string
  readonly #target: ExportTarget

  /** As `ExportTarget.look`. Makes the folder where there is none. */
  static async open(path: string, layout: string, originals: () => Iterable<string>): Promise<ExportFolder> {
    await requireFolder(path)
    const made = (await mkdir(path, { recursive: true })) ?? null
    await removeLeftovers(path)
    const owner = newOwner()
    const staging = stagingIn(areaIn(path, owner))
    await mkdir(staging, { recursive: true })
    return new ExportFolder(owner, made, layout, await ExportTarget.look(path, staging, layout, originals))
  }

  private constructor(owner: string, made: string | null, layout: string, target: ExportTarget) {
    this.#owner = owner
    this.#area = areaIn(target.path, owner)
    this.staging = stagingIn(this.#area)
    this.#made = made
    this.#layout = layout
    this.#target = target
  }

  pictureAt(staged: string, isSame: (path: string) => Promise<boolean>): ReturnType<ExportPlace['pictureAt']> {
    return this.#target.pictureAt(staged, isSame)
  }

  pictureLeft(folder: string, name: string): ReturnType<ExportPlace['pictureLeft']> {
    return this.#target.pictureLeft(folder, name)
  }

  /**
   * Puts the staged files to their places, `main` last: a reader that finds it, or a file in it, finds all that it names. Waits until no other export
   * does so in this folder. Throws as `lockFolder` and `ExportTarget.consequences`; nothing has changed then.
   */
  async publish(main: string | undefined, found: readonly FoundByReaders[], signal: AbortSignal): Promise<Published> {
    await using _lock = await lockFolder(this.#target.path, this.#owner, signal)
    const { stale, displaced, strangers, folders } = await this.#target.consequences(found, signal)
    for (const folder of folders) await this.#requireWritable(folder)
    await using next = await this.#prepare()
    const isMain = (name: string): boolean => main !== undefined && (name === main || name.startsWith(`${main}/`))
    for await (const name of walkFiles(this.staging, { hidden: true, unreadable: 'throw' }))
      if (isMain(name)) await rm(this.#at(name), { force: true })
    const removed = await this.#remove(stale.toSorted((a, b) => Number(isMain(b)) - Number(isMain(a))))
    await this.#moveAll('', isMain)
    if (main !== undefined && (await kindOf(join(this.staging, main))) !== null) await this.#move(main)
    await next.publish(this.#target.path)
    return { removed, displaced, strangers }
  }

  /** The staging area, and the folders too that were not there before and have nothing in them now. */
  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#area, { recursive: true, force: true })
    for (let folder = this.#target.path; this.#made !== null && folder.startsWith(this.#made); folder = dirname(folder))
      await rmdir(folder).catch(() => undefined)
    endOwner(this.#owner)
  }

  #at(name: string): string {
    return join(this.#target.path, name)
  }

  /**
   * Returns the manifest of the time when all files are at their places. Until then another one knows old and new files, so
   * that after a kill half way the next export clears up the mixture.
   */
  async #prepare(): Promise<Manifest> {
    await using both = await Manifest.create(this.#area)
    const next = await Manifest.create(this.#area)
    try {
      for (const files of this.#target.earlier.values()) {
        for (const file of files) {
          await both.add(file)
          if (file.layout !== this.#layout && (await kindOf(join(this.staging, file.name))) === null)
            await next.add(file)
        }
      }
      for await (const file of this.#target.keptOwn()) await next.add(file)
      for await (const name of walkFiles(this.staging, { hidden: true, unreadable: 'throw' })) {
        const file = await describeFile(this.staging, name, this.#layout)
        if (file === null) continue
        await both.add(file)
        await next.add(file)
      }
      // A full disk shows before anything changes.
      await next.finish()
      await both.finish()
      await both.publish(this.#target.path)
      return next
    } catch (error) {
      await next[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Tries whether a folder, or the one in which it will be made, may be written to. Throws as `mkdir` does. */
  async #requireWritable(folder: string): Promise<void> {
    const path = await nearestFolder(this.#at(folder))
    // Its own area is there.
    if (path === this.#target.path) return
    // A kill between making a trial and removing it leaves it behind.
    await removeLeftovers(path)
    const trial = areaIn(path, this.#owner)
    await mkdir(trial)
    await rmdir(trial)
  }

  /** Those of these files that are still as an export left them, and the folders that are empty then. */
  async #remove(names: readonly string[]): Promise<number> {
    const folders = new Set<string>()
    let removed = 0
    for (const name of names) {
      if ((await this.#target.ownFile(name)) === null) continue
      await rm(this.#at(name))
      removed++
      for (let folder = posix.dirname(name); folder !== '.'; folder = posix.dirname(folder)) folders.add(folder)
    }
    // Deepest first.
    for (const folder of [...folders].toSorted((a, b) => b.length - a.length))
      await rmdir(this.#at(folder)).catch(() => undefined)
    return removed
  }

  /** Everything staged in that folder but what is left out. */
  async #moveAll(folder: string, isLeftOut: (name: string) => boolean = () => false): Promise<void> {
    for (const entry of await readdir(join(this.staging, folder))) {
      const name = posix.join(folder, entry)
      if (!isLeftOut(name)) await this.#move(name)
    }
  }

  /** A staged file or folder, whole folders at once where there is nothing yet. */
  async #move(name: string): Promise<void> {
    const [from, to] = [join(this.staging, name), this.#at(name)]
    if ((await kindOf(from)) !== 'folder') await moveFile(from, to)
    else if (!(await isMovedWhole(from, to))) {
      await mkdir(to, { recursive: true })
      await this.#moveAll(name)
    }
  }
}

/** Moves a folder to where nothing is yet, which may be on another disk: a folder above it may be a link. */
async function isMovedWhole(from: string, to: string): Promise<boolean> {
  if ((await kindOf(to)) !== null) return false
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (isErrno(error, 'EXDEV')) return false
    throw error
  }
}

async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    // A sub-folder may be a link to another disk.
    if (!isErrno(error, 'EXDEV')) throw error
    const temporary = temporaryPath(to)
    try {
      await copyFile(from, temporary)
      const { atime, mtime } = await stat(from)
      await utimes(temporary, atime, mtime)
      await rename(temporary, to)
    } finally {
      await rm(temporary, { force: true })
    }
  }
}

import { readdir, realpath, rm } from 'node:fs/promises'
import { dirname, join, posix, relative, sep } from 'node:path'
import { AppError } from '../../shared/errors.ts'
import { describeFile, isUnchanged, readManifest } from './export-manifest.ts'
import type { WrittenFile } from './export-manifest.ts'
import { exists, haveSameContent, kindOf, slashed, walkFiles } from './files.ts'
import type { Destination } from './format-types.ts'

/** Files that readers of a format find by themselves: everything below that folder whose name ends so. */
export interface FoundByReaders {
  /** Below the export, with `/`; empty for all of it. */
  readonly folder: string
  readonly ending: string
}

/** What an export does to the files that are there already, each by its name below the folder, with `/`. */
export interface Consequences {
  /** What an earlier export of this layout wrote, this one does not have, and nobody else needs. */
  readonly stale: readonly string[]
  /** Of those, pictures whose images are in another subset now, where this export brings no picture. */
  readonly displaced: readonly string[]
  /** Files of other origin that the readers of this export take too. */
  readonly strangers: readonly string[]
  /** In these files come or go; `.` is the folder itself. */
  readonly folders: ReadonlySet<string>
}

/** What the report of an export says about the files that were there already. */
export interface Published extends Pick<Consequences, 'displaced' | 'strangers'> {
  /** How many files of an earlier export went, since this one does not have them. */
  readonly removed: number
}

/** Where a writer's files go: to the folder of the export, or nowhere if it is a rehearsal. */
export interface ExportPlace extends Destination, AsyncDisposable {
  /** The writer's own folder; nothing else is in it. */
  readonly staging: string
  /** `main` is the file at the top, or the folder of files, that makes it an export. */
  readonly publish: (
    main: string | undefined,
    found: readonly FoundByReaders[],
    signal: AbortSignal,
  ) => Promise<Published>
}

/** What lay at the place of a picture when it was looked at. */
interface Kept {
  /** Null for what is no file. */
  readonly seen: WrittenFile | null
  /** Whether it is what the export would have there. */
  readonly isRight: boolean
}

/**
 * A folder that an export goes to, as it is: what lies there, whose it is, and what the export would find in its way. Only
 * looks, so that an export and its rehearsal come to the same conclusions. A file that is not in the manifest, that was
 * changed since, or that is a picture of the project by now, is a person's own and never to be removed or overwritten.
 */
export class ExportTarget {
  readonly path: string
  readonly #staging: string
  readonly #layout: string
  readonly #originals: () => Iterable<string>
  /** Of the pictures of the project, in one form; gathered when somebody asks. */
  #originalPaths: ReadonlySet<string> | undefined
  #earlier: ReadonlyMap<string, readonly WrittenFile[]>
  /** Pictures that lie at their place already, by name. */
  readonly #kept = new Map<string, Kept>()
  /** Pictures that would be in the staging folder if this were no rehearsal. */
  readonly #rehearsed = new Set<string>()
  /** Names of images whose picture is not there and is not brought, by the folder of their subset. */
  readonly #without = new Map<string, Set<string>>()

  /** `layout` says which exports take each other's place, `originals` has the paths of the project's own pictures. */
  static async look(
    path: string,
    staging: string,
    layout: string,
    originals: () => Iterable<string>,
  ): Promise<ExportTarget> {
    return new ExportTarget(path, staging, layout, originals, await readManifest(path))
  }

  private constructor(
    path: string,
    staging: string,
    layout: string,
    originals: () => Iterable<string>,
    earlier: ReadonlyMap<string, readonly WrittenFile[]>,
  ) {
    this.path = path
    this.#staging = staging
    this.#layout = layout
    this.#originals = originals
    this.#earlier = earlier
  }

  /** What earlier exports of any layout wrote, by name. */
  get earlier(): ReadonlyMap<string, readonly WrittenFile[]> {
    return this.#earlier
  }

  /** Of the pictures that stay, those that an earlier export wrote. */
  async *keptOwn(): AsyncGenerator<WrittenFile> {
    for (const name of this.#kept.keys()) {
      const own = await this.ownFile(name)
      if (own !== null) yield own
    }
  }

  async pictureAt(staged: string, isSame: (path: string) => Promise<boolean>): ReturnType<Destination['pictureAt']> {
    const name = this.#nameOf(staged)
    const target = join(this.path, name)
    if (!(await exists(target))) return 'none'
    const seen = await this.#describe(name)
    let isRight = false
    try {
      // What is no file may never end.
      isRight = (await kindOf(target)) === 'file' && (await isSame(target))
    } catch (error) {
      // Another export may have taken it away at this moment.
      if (await exists(target)) throw error
      return 'none'
    }
    if (!isRight && (await this.replaceable(name)) !== null) return 'none'
    this.#kept.set(name, { seen, isRight })
    return isRight ? 'same' : 'other'
  }

  async pictureLeft(folder: string, imageName: string): ReturnType<Destination['pictureLeft']> {
    const name = this.#nameOf(join(folder, imageName))
    this.#rehearsed.delete(name)
    if (!(await exists(join(this.path, name)))) {
      // Where no export was before, no picture can go.
      if (this.#earlier.size === 0) return 'none'
      const subset = this.#nameOf(folder)
      const names = this.#without.get(subset) ?? new Set()
      this.#without.set(subset, names.add(imageName))
      return 'none'
    }
    this.#kept.set(name, { seen: await this.#describe(name), isRight: true })
    return (await this.ownFile(name)) === null ? 'other' : 'same'
  }

  /** As `pictureAt` in a rehearsal. */
  async rehearsedPictureAt(
    staged: string,
    isSame: (path: string) => Promise<boolean>,
  ): ReturnType<Destination['pictureAt']> {
    const state = await this.pictureAt(staged, isSame)
    if (state === 'none') this.#rehearsed.add(this.#nameOf(staged))
    return state
  }

  /** The path at which a file lies in the end, given that in the writer's folder. */
  placeOf(staged: string): string {
    return join(this.path, this.#nameOf(staged))
  }

  /**
   * Looks whether every file can go to its place, and what becomes of what is there. Another export may have ended here
   * since this one began, and a picture here may have become one of the project; a file that it wrote too, with the same content, is no longer staged but kept. Throws `Conflict`
   * that names files of other origin where an exported one has to be, or a picture that was to stay and does not, and `Cancelled`.
   */
  async consequences(found: readonly FoundByReaders[], signal: AbortSignal): Promise<Consequences> {
    this.#earlier = await readManifest(this.path)
    this.#originalPaths = undefined
    for (const [name, kept] of this.#kept)
      if (!(await this.#isAsSeen(name, kept))) throw disturbedBy(join(this.path, name))
    const folders = new Set(['.'])
    const occupied: string[] = []
    for await (const name of this.#files()) {
      if ((await this.#isFree(name)) || (await this.replaceable(name)) !== null) folders.add(posix.dirname(name))
      else if (!(await this.#share(name))) occupied.push(name)
    }
    if (occupied.length > 0) throw occupiedBy(this.path, occupied)
    const stale = await this.#stale()
    for (const name of stale) folders.add(posix.dirname(name))
    const strangers = await this.#strangers(found, new Set(stale), signal)
    return { stale, displaced: stale.filter((name) => this.#isDisplaced(name)), strangers, folders }
  }

  /** What lies there, if an earlier export wrote it and it has become nobody's since. */
  async ownFile(name: string): Promise<WrittenFile | null> {
    const earlier = this.#earlier.get(name)
    const now = earlier === undefined ? null : await this.#describe(name)
    if (now === null || earlier?.some((then) => isUnchanged(now, then)) !== true) return null
    return (await this.#isOriginal(name)) ? null : now
  }

  /** What lies there, if this layout alone wrote it, so that this export may put its own in that place, or nothing. */
  async replaceable(name: string): Promise<WrittenFile | null> {
    const isShared = this.#earlier.get(name)?.some(({ layout }) => layout !== this.#layout) === true
    return isShared ? null : await this.ownFile(name)
  }

  #nameOf(staged: string): string {
    return slashed(relative(this.#staging, staged))
  }

  #describe(name: string): Promise<WrittenFile | null> {
    return describeFile(this.path, name, this.#layout)
  }

  /** Whether a picture is still what it was, and still nothing that this export may replace if it is not the right one. */
  async #isAsSeen(name: string, { seen, isRight }: Kept): Promise<boolean> {
    const now = await this.#describe(name)
    if (
      seen === null ? now !== null || !(await exists(join(this.path, name))) : now === null || !isUnchanged(now, seen)
    )
      return false
    return isRight || (await this.replaceable(name)) === null
  }

  /** Everything that the export has to put to its place. */
  async *#files(): AsyncGenerator<string> {
    yield* walkFiles(this.#staging, { hidden: true, unreadable: 'throw' })
    yield* this.#rehearsed
  }

  /** Whether this export has a file of that name. */
  async #has(name: string): Promise<boolean> {
    return this.#kept.has(name) || this.#rehearsed.has(name) || (await kindOf(join(this.#staging, name))) === 'file'
  }

  /** Whether nothing lies there, and nothing but folders above it. */
  async #isFree(name: string): Promise<boolean> {
    for (let at = name; at !== '.'; at = posix.dirname(at)) {
      const path = join(this.path, at)
      if (await exists(path)) return at !== name && (await kindOf(path)) === 'folder'
    }
    return true
  }

  /** Takes what an export of another layout wrote there meanwhile for its own, if it has the same content. */
  async #share(name: string): Promise<boolean> {
    const staged = join(this.#staging, name)
    const seen = await this.ownFile(name)
    if (seen === null || (await kindOf(staged)) !== 'file') return false
    if (!(await haveSameContent(staged, join(this.path, name), null))) return false
    this.#kept.set(name, { seen, isRight: true })
    await rm(staged)
    return true
  }

  /** Whether the project has its picture there, by whatever path. */
  async #isOriginal(name: string): Promise<boolean> {
    if (this.#originalPaths === undefined) {
      const paths = new Set<string>()
      for (const path of this.#originals()) paths.add(await plainPath(path))
      this.#originalPaths = paths
    }
    return this.#originalPaths.has(await plainPath(join(this.path, name)))
  }

  async #stale(): Promise<string[]> {
    if (this.#earlier.size === 0) return []
    const home = await realpath(this.path)
    // Where upper and lower case are one, a picture that is kept may have an older name too.
    const kept = new Set([...this.#kept.keys(), ...this.#rehearsed].map((name) => name.toLowerCase()))
    const stale: string[] = []
    for (const [name, files] of this.#earlier) {
      if (kept.has(name.toLowerCase()) || (await this.#has(name))) continue
      const now = await this.replaceable(name)
      // It may be the last name that a person's picture has.
      if (now === null || files.some(({ linked }) => linked && !now.linked)) continue
      // A folder may be a link to elsewhere, and a manifest may come from anybody. A person may be clearing up too.
      const real = await realpath(join(this.path, name)).catch(() => '')
      if (real.startsWith(home + sep)) stale.push(name)
    }
    return stale
  }

  async #strangers(
    found: readonly FoundByReaders[],
    stale: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<string[]> {
    const strangers = new Set<string>()
    for (const { folder, ending } of found) {
      const walk = { hidden: false, unreadable: 'skip', signal } as const
      for await (const below of walkFiles(join(this.path, folder), walk)) {
        const name = posix.join(folder, below)
        if (!name.toLowerCase().endsWith(ending)) continue
        if (!stale.has(name) && !(await this.#has(name))) strangers.add(name)
      }
    }
    return [...strangers].toSorted()
  }

  #isDisplaced(name: string): boolean {
    for (const [subset, images] of this.#without) {
      // Pictures of subsets lie in folders side by side.
      const beside = posix.dirname(subset)
      if (beside === '.' || !name.startsWith(`${beside}/`)) continue
      const image = name.slice(name.indexOf('/', beside.length + 1) + 1)
      if (images.has(image)) return true
    }
    return false
  }
}

/** The folder of that path, or the one in which it will be made. */
export async function nearestFolder(path: string): Promise<string> {
  let nearest = path
  while (!(await exists(nearest)) && dirname(nearest) !== nearest) nearest = dirname(nearest)
  return nearest
}

/** Throws as `readdir` where what is there of the path is no folder. Who may write to one need not be able to list it. */
export async function requireFolder(path: string): Promise<void> {
  const nearest = await nearestFolder(path)
  if ((await kindOf(nearest)) !== 'folder') await readdir(nearest)
}

/** One form for all paths of a file, on disks too that take upper and lower case for one. */
async function plainPath(path: string): Promise<string> {
  const real = await realpath(path).catch(() => path)
  return real.normalize('NFC').toLowerCase()
}

function disturbedBy(file: string): AppError {
  return new AppError(
    'Conflict',
    'exportDisturbed',
    `${file} was changed or removed while the export was running; nothing was changed by it. Export again.`,
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

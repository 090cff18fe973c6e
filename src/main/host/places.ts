import { randomBytes } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { Place, PlaceFiles } from '../../shared/contract/contract.ts'
import { hasDataExtension } from '../../shared/domain/data-file-names.ts'
import { hasImageExtension } from '../../shared/domain/picture-names.ts'
import { projectFile } from '../../shared/domain/project-folder.ts'
import { AppError } from '../../shared/errors.ts'
import { isInside } from './static-files.ts'

/**
 * The folder browser of the page. The page sees names and opaque ids, which are random at every start;
 * a path never comes from it. Only what lies below the roots is shown, after `realpath`, so that a link
 * leads nowhere else either. What a person chose in a system dialog or dropped on the window is granted besides.
 */
export interface Places {
  /** `null` lists the roots. `files`: which files are listed beside the folders. */
  readonly list: (placeId: string | null, files: PlaceFiles) => { trail: Place[]; entries: Place[]; imageCount: number }
  readonly createFolder: (placeId: string, name: string) => Place
  /** Lets the page use this file, or this folder and what lies in it, wherever it is. Throws `NotFound`. */
  readonly grant: (path: string) => Place
  /** Absolute path of a place that exists: for the Node side only. Throws `NotFound` or `Forbidden`. */
  readonly resolve: (placeId: string) => string
  /** Absolute path for something new inside a folder; `name` is checked to be one plain name. */
  readonly resolveNew: (placeId: string, name: string) => string
  /**
   * Makes a path known that need not lie below the roots, until `release`: what a person handed over. `onRelease`
   * takes it away again.
   */
  readonly lend: (path: string, onRelease: () => Promise<void>) => string
  /** Whether one of these places is lent, so that what is read from it has to be copied. */
  readonly isLent: (placeIds: readonly string[]) => boolean
  /** Ends what was lent under these ids; other places stay. */
  readonly release: (placeIds: readonly string[]) => Promise<void>
  /** The place of a folder or file, by a path of the Node side; null when it lies outside the roots. */
  readonly placeOf: (path: string) => Place | null
  /** Where things go that nobody has chosen a place for: `Documents` of the first root, or that root itself. */
  readonly home: () => string
}

/** A folder with more entries shows this many; the count of pictures is of all. */
const maxEntries = 2_000

const isShown: Readonly<Record<PlaceFiles, (name: string) => boolean>> = {
  images: hasImageExtension,
  data: hasDataExtension,
  none: () => false,
}

export function createPlaces(options: { readonly roots?: readonly string[] } = {}): Places {
  const roots = (options.roots ?? [homedir()]).map((root) => realRoot(root))
  const granted = new Set<string>()
  const paths = new Map<string, string>()
  const ids = new Map<string, string>()
  const lent = new Map<string, { readonly path: string; readonly onRelease: () => Promise<void> }>()

  function idOf(path: string): string {
    const known = ids.get(path)
    if (known !== undefined) return known
    const id = randomBytes(12).toString('base64url')
    ids.set(path, id)
    paths.set(id, path)
    return id
  }

  function isAllowed(realPath: string): boolean {
    return [...roots, ...granted].some((root) => isInside(root, realPath))
  }

  function resolve(placeId: string): string {
    const handedOver = lent.get(placeId)
    if (handedOver !== undefined) return handedOver.path
    const path = paths.get(placeId)
    if (path === undefined) {
      throw new AppError('NotFound', 'placeUnknown', 'This folder was listed by an earlier start; open it again.')
    }
    const name = basename(path)
    const real = onDisk(name, () => realpathSync(path))
    if (!isAllowed(real)) throw outside(name)
    return real
  }

  function toPlace(path: string, name: string, kind: Place['kind']): Place {
    const isProject = kind === 'folder' && existsSync(join(path, projectFile))
    return { placeId: idOf(path), name, kind, isProject }
  }

  /** From the root down to the folder itself. */
  function trailOf(folder: string): Place[] {
    const root = [...roots, ...granted]
      .filter((each) => isInside(each, folder))
      .toSorted((a, b) => b.length - a.length)[0]
    const trail: Place[] = []
    for (let at = folder; root !== undefined; at = dirname(at)) {
      trail.unshift(toPlace(at, at === root ? at : basename(at), 'folder'))
      if (at === root) break
    }
    return trail
  }

  /** Null for what is not shown: hidden, foreign, broken, or leading outside. */
  function entryOf(folder: string, name: string, files: PlaceFiles): Place | null {
    if (name.startsWith('.')) return null
    const path = join(folder, name)
    const found = lookAt(path)
    if (found === null || !isAllowed(found.real)) return null
    if (found.isFolder) return toPlace(found.real, name, 'folder')
    return found.isFile && isShown[files](name) ? toPlace(found.real, name, 'file') : null
  }

  function resolveNew(placeId: string, name: string): string {
    checkName(name)
    const path = join(resolve(placeId), name)
    // What is there already may be a link that leads out, also to something that is still to be made.
    const found = lookAt(path)
    if (found === null ? isLink(path) : !isAllowed(found.real)) throw outside(name)
    return path
  }

  return {
    grant: (path) => {
      const name = basename(path)
      const real = onDisk(name, () => realpathSync(path))
      granted.add(real)
      return toPlace(real, basename(real) || real, statSync(real).isDirectory() ? 'folder' : 'file')
    },
    resolve,
    resolveNew,
    lend: (path, onRelease) => {
      const placeId = randomBytes(12).toString('base64url')
      lent.set(placeId, { path, onRelease })
      return placeId
    },
    isLent: (placeIds) => placeIds.some((placeId) => lent.has(placeId)),
    release: async (placeIds) => {
      for (const placeId of placeIds) {
        const place = lent.get(placeId)
        lent.delete(placeId)
        await place?.onRelease()
      }
    },
    placeOf: (path) => {
      const found = lookAt(path)
      if (found === null || !isAllowed(found.real)) return null
      return toPlace(found.real, basename(found.real), found.isFolder ? 'folder' : 'file')
    },
    home: () => {
      const [root = homedir()] = roots
      const documents = lookAt(join(root, 'Documents'))
      return documents?.isFolder === true && isAllowed(documents.real) ? documents.real : root
    },
    list: (placeId, files) => {
      if (placeId === null) {
        return { trail: [], entries: roots.map((root) => toPlace(root, root, 'folder')), imageCount: 0 }
      }
      const folder = resolve(placeId)
      const names = onDisk(basename(folder), () => readdirSync(folder, { withFileTypes: true }))
      const imageCount = names.filter(
        (entry) => !entry.name.startsWith('.') && !entry.isDirectory() && hasImageExtension(entry.name),
      ).length
      const sorted = names
        .toSorted((a, b) => Number(b.isDirectory()) - Number(a.isDirectory()) || collator.compare(a.name, b.name))
        .slice(0, maxEntries)
      const entries = sorted.map(({ name }) => entryOf(folder, name, files)).filter((entry) => entry !== null)
      return { trail: trailOf(folder), entries, imageCount }
    },
    createFolder: (placeId, name) => {
      const path = resolveNew(placeId, name)
      onDisk(name, () => mkdirSync(path))
      return toPlace(path, name, 'folder')
    },
  }
}

function outside(name: string): AppError {
  return new AppError('Forbidden', 'placeOutside', `${name} lies outside the folders that may be opened.`, {
    params: { name },
  })
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
}

const collator = new Intl.Collator('en', { numeric: true })

function realRoot(root: string): string {
  return onDisk(root, () => {
    const real = realpathSync(root)
    if (statSync(real).isDirectory()) return real
    throw new AppError('InvalidInput', 'rootNotFolder', `${root} is not a folder; name a folder to open.`, {
      params: { name: root },
    })
  })
}

function lookAt(path: string): { readonly real: string; readonly isFolder: boolean; readonly isFile: boolean } | null {
  try {
    const real = realpathSync(path)
    const found = statSync(real)
    return { real, isFolder: found.isDirectory(), isFile: found.isFile() }
  } catch (error) {
    // Gone meanwhile, a broken link, or not ours to read: not shown.
    if (error instanceof Error && 'syscall' in error) return null
    throw error
  }
}

/** Names that are one plain name on every system, so that a project folder can move between them. */
function checkName(name: string): void {
  const isControl = [...name].some((character) => character < ' ')
  const isReserved = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(name)
  if (/[/\\:*?"<>|]/.test(name) || isControl || isReserved || /^\.|[. ]$|^\s/.test(name) || name === '') {
    throw new AppError(
      'InvalidInput',
      'nameUnusable',
      `"${name}" cannot be the name of a folder or file; leave out / \\ : * ? " < > | and a dot at either end.`,
      { params: { name } },
    )
  }
}

function onDisk<Value>(name: string, work: () => Value): Value {
  try {
    return work()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof AppError || code === undefined) throw error
    if (code === 'EEXIST') {
      throw new AppError('Conflict', 'nameTaken', `${name} exists already; choose another name.`, { params: { name } })
    }
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new AppError('NotFound', 'placeGone', `${name} is not there any more; go back and look again.`, {
        params: { name },
      })
    }
    throw new AppError('Io', 'placeUnreadable', `${name} cannot be opened (${code}); check its permissions.`, {
      params: { name, reason: code },
      cause: error,
    })
  }
}

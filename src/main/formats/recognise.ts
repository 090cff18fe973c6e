import type { Dirent } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import type { ExportSpec } from '../../shared/contract/contract.ts'
import { AppError, isAppError, throwIfAborted } from '../../shared/errors.ts'
import { kindOf, requireFile, slashed } from './files.ts'
import { readJsonSections, rootSection } from './json-sections.ts'
import { formats } from './registry.ts'
import type { Format } from './registry.ts'

/** A data set as the reader of its format wants it. */
export interface Recognised {
  readonly format: ExportSpec['format']
  /** File or folder. */
  readonly path: string
}

/** Files and folders that are looked into below a folder: enough for all subsets of a data set. */
const mostFiles = 200
const mostFolders = 1000
/** As programs hand their exports out. */
const packed = /\.(?:zip|tar|t?gz|7z|rar)$/i
/** Of an XML file, to find the element at its top. */
const headBytes = 1 << 16

const known: readonly Format[] = Object.values(formats)
const sections: ReadonlySet<string> = new Set(known.flatMap(({ signs }) => signs.sections ?? []))

/**
 * Finds out what a file or folder is, by what is in it and by the names in its folder (`Format.signs`). A folder is looked
 * through one folder deeper too, where COCO's files lie, or the data set that was packed with its folder.
 * Several files of one format are taken for its subsets, see `readTogether`; the folder is the data set then.
 *
 * Throws `NotFound` when the path cannot be read, `InvalidInput` when it shows no known format or several data sets, which the
 * sentence names, and `Cancelled`.
 */
export async function recogniseDataSet(path: string, signal?: AbortSignal): Promise<Recognised> {
  const isFolder = (await kindOf(path)) === 'folder'
  if (!isFolder && packed.test(path)) throw formatPacked(path)
  const found = isFolder ? await inFolder(path, signal) : await asFile(path, signal, true)
  const [first, ...others] = found
  if (first === undefined) throw formatUnknown(path)
  if (others.length === 0) return first
  const areOneFormat = others.every(({ format }) => format === first.format)
  if (areOneFormat && formats[first.format].imports === 'file') return { format: first.format, path }
  throw formatAmbiguous(path, found)
}

/** The files of that format in a folder, as `recogniseDataSet` finds them. Throws `InvalidInput` when there is none, and `Cancelled`. */
export async function dataSetFiles(
  folder: string,
  format: Recognised['format'],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const files = (await inFolder(folder, signal)).filter((each) => each.format === format).map(({ path }) => path)
  if (files.length === 0) throw formatUnknown(folder)
  return files
}

async function inFolder(folder: string, signal: AbortSignal | undefined): Promise<readonly Recognised[]> {
  const listings = await listingsOf(folder, signal)
  const found = listings.flatMap(({ path, names }) =>
    known
      .filter(({ signs }) => names.some((name) => signs.entry?.test(name) === true))
      .map(({ id }): Recognised => ({ format: id, path })),
  )
  for (const file of filesToLookInto(folder, listings)) {
    throwIfAborted(signal)
    for (const each of await asFile(file, signal).catch(nothingIn)) {
      // A file an image: the folder is meant.
      const isOneOfMany = each.path === file && formats[each.format].imports === 'folder'
      found.push(isOneOfMany ? { ...each, path: folder } : each)
    }
  }
  if (found.length > 0) return [...new Map(found.map((each) => [`${each.format} ${each.path}`, each])).values()]
  const paths = listings.flatMap(({ path, names }) =>
    path === folder ? names : names.map((name) => `${basename(path)}/${name}`),
  )
  const shows = (sign: RegExp | undefined): boolean => sign !== undefined && paths.some((path) => sign.test(path))
  return known
    .filter(({ signs }) => shows(signs.commonEntry) && (signs.beside === undefined || shows(signs.beside)))
    .map(({ id }) => ({ format: id, path: folder }))
}

/** What is not hidden in a folder, by name. */
interface Listing {
  readonly path: string
  readonly names: readonly string[]
}

/** Of the folder itself, then of those in it that can be read. As everywhere below a folder, links are not followed. */
async function listingsOf(folder: string, signal: AbortSignal | undefined): Promise<readonly Listing[]> {
  const entries = await entriesOf(folder).catch((cause: unknown) => {
    throw new AppError('NotFound', 'fileUnreadable', `${folder} cannot be read. Check the path.`, {
      params: { file: folder },
      cause,
    })
  })
  const listings: Listing[] = [{ path: folder, names: entries.map(({ name }) => name) }]
  for (const entry of entries.filter((each) => each.isDirectory()).slice(0, mostFolders)) {
    throwIfAborted(signal)
    const path = join(folder, entry.name)
    const inside = await entriesOf(path).catch((): readonly Dirent[] => [])
    listings.push({ path, names: inside.map(({ name }) => name) })
  }
  return listings
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries.filter(({ name }) => !name.startsWith('.')).toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** JSON and XML files; of the XML files of a folder in it one, since they are many and alike. */
function filesToLookInto(folder: string, listings: readonly Listing[]): readonly string[] {
  return listings
    .flatMap(({ path, names }) => {
      const xml = names.filter((name) => /\.xml$/i.test(name))
      const files = [...names.filter((name) => /\.json$/i.test(name)), ...(path === folder ? xml : xml.slice(0, 1))]
      return files.map((name) => join(path, name))
    })
    .slice(0, mostFiles)
}

/** A damaged file says nothing about the others of its folder. */
function nothingIn(error: unknown): readonly Recognised[] {
  if (isAppError(error) && error.code !== 'Cancelled') return []
  throw error
}

/** What a file by itself shows, at most one thing: by what is in it, and for a file that somebody chose by its name too. */
async function asFile(path: string, signal: AbortSignal | undefined, isChosen = false): Promise<readonly Recognised[]> {
  await requireFile(path)
  const isNamed = ({ entry, commonEntry }: Format['signs']): boolean =>
    isChosen && [entry, commonEntry].some((sign) => sign?.test(basename(path)) === true)
  const isShown = (await signOf(path, signal)) ?? isNamed
  const format = known.find(({ signs }) => isShown(signs))
  if (format === undefined) return []
  const { home = (file: string) => file } = format.signs
  const place = home(path)
  return place === null ? [] : [{ format: format.id, path: place }]
}

/** Whether the content is that of a format; null where it tells of none. */
async function signOf(
  path: string,
  signal: AbortSignal | undefined,
): Promise<((signs: Format['signs']) => boolean) | null> {
  if (/\.xml$/i.test(path)) {
    const head = await headOf(path)
    const top = topElement(head)
    return ({ element, without }) => top !== undefined && element === top && without?.test(head) !== true
  }
  const told = /\.json$/i.test(path) ? await tellingSection(path, signal) : null
  return told && ((signs) => signs.sections?.includes(told.section) === true && isEntryOf(signs, told))
}

/** A section at the top of a JSON file that formats are known by. */
interface Telling {
  /** `name=value` for a text. */
  readonly section: string
  /** The first entry of an array; absent where it has none. */
  readonly entry?: unknown
}

function isEntryOf({ field }: Format['signs'], { entry }: Telling): boolean {
  if (field === undefined || entry === undefined) return true
  return typeof entry === 'object' && entry !== null && field in entry
}

/** The first section with entries that a format is known by, else the first without any; null when there is none. */
async function tellingSection(path: string, signal: AbortSignal | undefined): Promise<Telling | null> {
  const isArray = /^\s*\[/.test(await headOf(path))
  const wanted = [...sections].map((name) => name.split('=')[0] ?? name).filter((name) => name !== rootSection)
  let empty: Telling | null = null
  for await (const piece of readJsonSections(path, new Set(isArray ? [rootSection] : wanted), signal)) {
    const { section, kind, value } = piece
    if (kind === 'value') {
      const name = `${section}=${typeof value === 'string' ? value : ''}`
      if (sections.has(name)) return { section: name }
    } else if (!sections.has(section)) continue
    else if (kind !== 'array') return { section, entry: value }
    else empty ??= { section }
  }
  return empty
}

function topElement(head: string): string | undefined {
  const text = head.replaceAll(/<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>]*>/gs, '')
  return /<([\w.-]+)/.exec(text)?.[1]
}

/** The beginning of a text, whether each character has one byte or two. */
async function headOf(path: string): Promise<string> {
  await using file = await open(path)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0)
  return buffer
    .toString('utf8', 0, bytesRead)
    .replace(/^\uFEFF/, '')
    .replaceAll('\0', '')
}

function formatPacked(path: string): AppError {
  return new AppError(
    'InvalidInput',
    'formatPacked',
    `${path} is packed. Unpack it, and choose the folder that comes out of it.`,
    { params: { file: path } },
  )
}

function formatUnknown(path: string): AppError {
  return new AppError(
    'InvalidInput',
    'formatUnknown',
    `${path} shows no format that is known here. Choose the file or folder that holds the annotations, or say which format it is.`,
    { params: { file: path } },
  )
}

/** The path holds several data sets, which the sentence names. */
export function formatAmbiguous(path: string, found: readonly Recognised[]): AppError {
  const names = found
    .slice(0, 5)
    .map((each) => `${slashed(relative(path, each.path)) || basename(path)} (${each.format})`)
  const list = `${names.join(', ')}${found.length > names.length ? ', …' : ''}`
  return new AppError(
    'InvalidInput',
    'formatAmbiguous',
    `${path} holds several data sets: ${list}. Choose one of them, or say which format it is.`,
    { params: { file: path, list } },
  )
}

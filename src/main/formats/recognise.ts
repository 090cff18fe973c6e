import { open, readdir } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
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

/** Files that are looked into below a folder: enough for all subsets of a data set. */
const mostFiles = 200
/** Of an XML file, to find the element at its top. */
const headBytes = 1 << 16

const known: readonly Format[] = Object.values(formats)
const sections: ReadonlySet<string> = new Set(known.flatMap(({ signs }) => signs.sections ?? []))

/**
 * Finds out what a file or folder is, by what is in it and by the names in its folder (`Format.signs`). In a folder, JSON files
 * are looked for one folder deeper too, where COCO's lie. Several files of one format are taken for its subsets, see
 * `readTogether`; the folder is the data set then.
 *
 * Throws `NotFound` when the path cannot be read, `InvalidInput` when it shows no known format or several data sets, which the
 * sentence names, and `Cancelled`.
 */
export async function recogniseDataSet(path: string, signal?: AbortSignal): Promise<Recognised> {
  const isFolder = (await kindOf(path)) === 'folder'
  const found = isFolder ? await inFolder(path, signal) : await asFile(path)
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
  const names = await namesIn(folder)
  const named = (sign: 'entry' | 'commonEntry'): readonly Recognised[] =>
    known
      .filter(({ signs }) => names.some((name) => signs[sign]?.test(name) === true))
      .map(({ id }) => ({ format: id, path: folder }))
  const found = [...named('entry')]
  for (const file of await filesToLookInto(folder, names)) {
    throwIfAborted(signal)
    for (const each of await asFile(file).catch(nothingIn)) {
      // A file an image: the folder is meant.
      const isOneOfMany = each.path === file && formats[each.format].imports === 'folder'
      found.push(isOneOfMany ? { ...each, path: folder } : each)
    }
  }
  const each = found.length > 0 ? found : named('commonEntry')
  return [...new Map(each.map((one) => [`${one.format} ${one.path}`, one])).values()]
}

async function filesToLookInto(folder: string, names: readonly string[]): Promise<readonly string[]> {
  const files = names.filter((name) => /\.(?:json|xml)$/i.test(name)).map((name) => join(folder, name))
  for (const name of names) {
    if (files.length >= mostFiles) break
    const path = join(folder, name)
    if ((await kindOf(path)) !== 'folder') continue
    files.push(...(await namesIn(path)).filter((each) => /\.json$/i.test(each)).map((each) => join(path, each)))
  }
  return files.slice(0, mostFiles)
}

/** A damaged file says nothing about the others of its folder. */
function nothingIn(error: unknown): readonly Recognised[] {
  if (isAppError(error)) return []
  throw error
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.filter((name) => !name.startsWith('.')).toSorted()
}

/** What a file by itself shows, at most one thing. */
async function asFile(path: string): Promise<readonly Recognised[]> {
  await requireFile(path)
  const isShown = await signOf(path)
  const format = known.find(({ signs }) => isShown(signs))
  if (format === undefined) return []
  let place = path
  for (let level = format.signs.levelsUp ?? 0; level > 0; level--) place = dirname(place)
  return [{ format: format.id, path: place }]
}

async function signOf(path: string): Promise<(signs: Format['signs']) => boolean> {
  if (/\.json$/i.test(path)) {
    const section = await tellingSection(path)
    return (signs) => section !== undefined && signs.sections?.includes(section) === true
  }
  if (/\.xml$/i.test(path)) {
    const top = await topElement(path)
    return (signs) => top !== undefined && signs.element === top
  }
  return ({ entry, commonEntry }) => [entry, commonEntry].some((sign) => sign?.test(basename(path)) === true)
}

/**
 * The first section at the top of a JSON file that a format is known by: its name for an array, `name=value` for a text. For a
 * file that is an array `rootSection`, where it holds results.
 */
async function tellingSection(path: string): Promise<string | undefined> {
  const isArray = /^\s*\[/.test(await headOf(path))
  const wanted = [...sections].map((name) => name.split('=')[0] ?? name).filter((name) => name !== rootSection)
  for await (const { section, kind, value } of readJsonSections(path, new Set(isArray ? [rootSection] : wanted))) {
    if (isArray && kind === 'element') {
      return typeof value === 'object' && value !== null && 'image_id' in value ? rootSection : undefined
    }
    const name = kind === 'value' ? `${section}=${String(value)}` : section
    if (!isArray && sections.has(name)) return name
  }
  return undefined
}

async function topElement(path: string): Promise<string | undefined> {
  const text = (await headOf(path)).replaceAll(/<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>]*>/gs, '')
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

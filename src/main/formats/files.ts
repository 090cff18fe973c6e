import {
  access,
  chmod,
  constants,
  copyFile,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { AppError, isAppError, throwIfAborted } from '../../shared/errors.ts'
import { preparedName } from './export-owners.ts'
import type { Destination } from './format-types.ts'
import { namingFile, temporaryPath } from './text-file.ts'

/** Throws `NotFound` when there is no such file or it may not be read. */
export async function requireFile(path: string): Promise<void> {
  try {
    if ((await stat(path)).isFile()) {
      await access(path, constants.R_OK)
      return
    }
  } catch (cause) {
    throw new AppError('NotFound', 'fileUnreadable', `${path} cannot be read. Check the path.`, {
      params: { file: path },
      cause,
    })
  }
  throw new AppError('NotFound', 'fileUnreadable', `${path} is not a file. Check the path.`, { params: { file: path } })
}

/** Longer texts are not read in one piece: the largest masks take a tenth of it. */
const longestText = 1 << 28

/** A text file as a whole, without its byte order mark. Throws as `requireFile`, and `Unsupported` when it is too long. */
export async function readWholeText(path: string): Promise<string> {
  await requireFile(path)
  const { size } = await stat(path)
  if (size > longestText) {
    const megabytes = Math.round(size / (1 << 20))
    throw new AppError(
      'Unsupported',
      'textTooLong',
      `${path} has ${megabytes} MB, and a file of this kind has ${longestText >> 20} at most. Check that it is the right one.`,
      { params: { file: path, megabytes, limit: longestText >> 20 } },
    )
  }
  return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '')
}

/** A picture's path as a data set has it, in one form: with `/`, without a `./` at the start. */
export function pictureNameOf(path: string): string {
  return slashed(path).replace(/^\.\//, '')
}

/** Whether a path stays below the folder it is relative to, on any system: both slashes part it. */
export function isInside(relativePath: string): boolean {
  if (/^[A-Za-z]:/.test(relativePath)) return false
  return slashed(relativePath)
    .split('/')
    .every((part) => part !== '..' && part !== '')
}

/**
 * Files below a folder whose name ends so, sub-folders included, as sorted paths relative to it with `/`. Hidden files and
 * folders are left out, and so are links, so that none leads round in a circle. A person may have picked a whole disk:
 * throws `Cancelled` in the midst of it, and `NotFound` when a folder cannot be read.
 */
export async function filesBelow(folder: string, ending = '', signal?: AbortSignal): Promise<string[]> {
  try {
    const names: string[] = []
    for await (const name of walkFiles(folder, { hidden: false, unreadable: 'throw', signal }))
      if (name.toLowerCase().endsWith(ending)) names.push(name)
    return names.toSorted()
  } catch (cause) {
    if (isAppError(cause)) throw cause
    // The one below that is in the way, where the system names it.
    const file = cause instanceof Error && 'path' in cause ? String(cause.path) : folder
    throw new AppError('NotFound', 'fileUnreadable', `${file} cannot be read. Check the path.`, {
      params: { file },
      cause,
    })
  }
}

/** Bytes that stand in the copy of a file in place of its own, the rest staying as it is. */
export interface FileChange {
  readonly position: number
  readonly bytes: Uint8Array
}

export interface Walk {
  /** Whether what begins with a dot is looked at. */
  readonly hidden: boolean
  /** What becomes of a folder that may not be looked into, or is not there. */
  readonly unreadable: 'throw' | 'skip'
  readonly signal?: AbortSignal | undefined
}

/**
 * Ordinary files below a folder, sub-folders included, as paths relative to it with `/`, in no order. Throws as `readdir`, and
 * `Cancelled` before the next folder.
 */
export async function* walkFiles(root: string, walk: Walk, folder = ''): AsyncGenerator<string> {
  throwIfAborted(walk.signal)
  const entries = readdir(join(root, folder), { withFileTypes: true })
  for (const entry of await (walk.unreadable === 'skip' ? entries.catch(() => []) : entries)) {
    if (entry.name.startsWith('.') && !walk.hidden) continue
    const name = posix.join(folder, entry.name)
    if (entry.isDirectory()) yield* walkFiles(root, walk, name)
    else if (entry.isFile()) yield name
  }
}

/** Whether `b` holds what `a` does, with that change. Throws as `open` when one of the files cannot be read. */
export async function haveSameContent(a: string, b: string, change: FileChange | null): Promise<boolean> {
  await using left = await open(a)
  await using right = await open(b)
  const size = (await left.stat()).size
  if (size !== (await right.stat()).size) return false
  const leftChunk = Buffer.alloc(1 << 16)
  const rightChunk = Buffer.alloc(1 << 16)
  for (let at = 0; at < size;) {
    const { bytesRead } = await left.read(leftChunk, 0, leftChunk.length, at)
    await right.read(rightChunk, 0, bytesRead, at)
    if (change !== null) applyChange(leftChunk, at, change)
    if (bytesRead === 0 || Buffer.compare(leftChunk.subarray(0, bytesRead), rightChunk.subarray(0, bytesRead)) !== 0)
      return false
    at += bytesRead
  }
  return true
}

/** Puts what of the change falls into a chunk of the file that begins at `start`. */
function applyChange(chunk: Uint8Array, start: number, { position, bytes }: FileChange): void {
  for (const [index, byte] of bytes.entries()) {
    const at = position + index - start
    if (at >= 0 && at < chunk.length) chunk[at] = byte
  }
}

/** Changes a file in place, which may be one that nobody may write to. */
async function changeFile(path: string, { position, bytes }: FileChange): Promise<void> {
  const { mode } = await stat(path)
  await chmod(path, mode | 0o200)
  {
    await using file = await open(path, 'r+')
    await file.write(bytes, 0, bytes.length, position)
  }
  await chmod(path, mode)
}

/** What has to be changed in the copy of that file; null for nothing. */
type ChangeOf = (path: string) => Promise<FileChange | null>

export type PlaceResult = 'placed' | 'changed' | 'copiedInstead' | 'otherContent'

/**
 * Puts a picture into an export: as a copy, or as a hard link where the file system can. What is there
 * already is never overwritten, since it may be somebody's original: the same content is left as it is,
 * other content is reported. What has to be changed is always a copy: `source` stays as it is.
 */
export async function placePicture(
  source: string,
  target: string,
  mode: 'copy' | 'link',
  destination: Destination,
  changeOf: ChangeOf | null,
): Promise<PlaceResult> {
  const change = changeOf === null ? null : await changeOf(source)
  const placed = change === null ? 'placed' : 'changed'
  const isSame = (path: string): Promise<boolean> => haveSameContent(source, path, change)
  const there = await standing(target, destination, isSame)
  if (there !== null) return there === 'placed' ? placed : there
  const isLink = mode === 'link' && change === null
  const { rehearsal } = destination
  if (rehearsal !== null) {
    await access(source, constants.R_OK)
    return isLink && !(await rehearsal.isOnDiskOf(source, target)) ? 'copiedInstead' : placed
  }
  await mkdir(dirname(target), { recursive: true })
  let result: PlaceResult = placed
  if (isLink) {
    try {
      await link(source, target)
      return result
    } catch {
      // Another disk, or a file system without hard links: a copy does the same, and the report says so.
      result = 'copiedInstead'
    }
  }
  const temporary = temporaryPath(target)
  try {
    await copyFile(source, temporary, constants.COPYFILE_FICLONE)
    // Somebody may have replaced the original since: what is right for one file damages another.
    const ofCopy = changeOf === null ? null : await changeOf(temporary)
    if (ofCopy !== null) await changeFile(temporary, ofCopy)
    await rename(temporary, target)
  } finally {
    await rm(temporary, { force: true })
  }
  return result
}

/** Whether anything lies there, be it a link that leads nowhere. What cannot be looked at does. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    return !isErrno(error, 'ENOENT', 'ENOTDIR')
  }
}

/** Whether the system gave one of these reasons, as `ENOENT`. */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** What lies at a path: `other` is a pipe or a device, which may never end; null when nothing does that can be seen. */
export async function kindOf(path: string): Promise<'file' | 'folder' | 'other' | null> {
  try {
    const found = await stat(path)
    return found.isDirectory() ? 'folder' : found.isFile() ? 'file' : 'other'
  } catch {
    return null
  }
}

/** The path with `/` on every system. */
export function slashed(path: string): string {
  return path.replaceAll('\\', '/')
}

/** What is to be said of a picture that is there already; null when it has to be written. */
async function standing(
  target: string,
  destination: Destination,
  isSame: (path: string) => Promise<boolean>,
): Promise<PlaceResult | null> {
  const state = await destination.pictureAt(target, isSame)
  if (state !== 'none') return state === 'same' ? 'placed' : 'otherContent'
  // Two pictures of one export whose names the disk cannot tell apart.
  if ((await kindOf(target)) !== null) return (await isSame(target)) ? 'placed' : 'otherContent'
  return null
}

/** Puts a picture that was made anew into an export, as `placePicture` does with one on disk. */
export async function writePicture(data: Uint8Array, target: string, destination: Destination): Promise<PlaceResult> {
  const there = await standing(target, destination, async (path) => (await readFile(path)).equals(data))
  if (there !== null) return there
  if (destination.rehearsal !== null) return 'placed'
  await mkdir(dirname(target), { recursive: true })
  const temporary = temporaryPath(target)
  try {
    await namingFile(target, writeFile(temporary, data))
    await rename(temporary, target)
  } finally {
    await rm(temporary, { force: true })
  }
  return 'placed'
}

/** What was written is not what the project holds; `about` names it, `count` says how many there are. */
export function exportDiffers(about: string, count: number): AppError {
  const what = preparedName(about) ?? about
  return new AppError(
    'Io',
    'exportDiffers',
    `The exported file does not give the project back (${what}${count > 5 ? ` and ${count - 5} more` : ''}) and was removed. Check the disk and export again.`,
    { params: { what, count } },
  )
}

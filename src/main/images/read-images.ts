import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { constants, copyFile, link, mkdir, open, rm } from 'node:fs/promises'
import { dirname, join, parse } from 'node:path'
import type { Problem } from '../../shared/contract/contract.ts'
import type { Progress } from '../../shared/contract/define.ts'
import { isAppError, throwIfAborted } from '../../shared/errors.ts'
import { temporaryPath } from './atomic-file.ts'
import type { ImageCodec, ImageProbe } from './codec.ts'
import { fileUnreadable, fileUnwritable, problemOf } from './image-errors.ts'
import { scanForImages } from './scan.ts'
import type { FoundFile } from './scan.ts'

/** What became of one file, in the order of the scan. */
export type ReadImage =
  | {
      readonly kind: 'image'
      /** Path below the folder it was given by, with `/`. */
      readonly name: string
      /** Where the picture lies from now on: the original, or its copy. */
      readonly path: string
      /** SHA-256 of the file's bytes, hex. */
      readonly contentHash: string
      readonly probe: ImageProbe
    }
  | { readonly kind: 'duplicate'; readonly name: string; readonly contentHash: string }
  | ({ readonly kind: 'problem' } & Problem)

export interface ReadImagesOptions {
  readonly codec: ImageCodec
  /** Copies every picture below this folder under its name; without it originals stay where they are. */
  readonly copyTo?: string | undefined
  /** Content that is held already: reported as a duplicate, neither decoded nor copied. */
  readonly isKnown?: ((contentHash: string) => boolean) | undefined
  readonly signal?: AbortSignal | undefined
  readonly progress?: ((progress: Progress) => void) | undefined
}

const concurrency = 2

/**
 * Finds, hashes, decodes and (if asked) copies the pictures among these files and folders. Bad files are
 * yielded with their reason and never end the import; content that occurs twice in one call counts once.
 * Rejects with `Cancelled` when aborted.
 */
export async function* readImages(paths: readonly string[], options: ReadImagesOptions): AsyncGenerator<ReadImage> {
  const { signal } = options
  const { files, problems } = await scanForImages(paths, signal)
  for (const problem of problems) yield { kind: 'problem', ...problem }

  const seen = new Set<string>()
  const begun: Promise<ReadImage>[] = []
  /** Settles when the file before has been looked up in `seen`: of equal files, the first in name order counts. */
  let turn: Promise<void> = Promise.resolve()
  const beginNext = (): void => {
    const file = files[begun.length]
    if (file === undefined) return
    const hashed = hashFile(file.path, signal)
    // It is looked at in its turn; a failure before that would end the program as "unhandled".
    hashed.catch(() => undefined)
    const isNew = turn.then(async () => {
      const contentHash = await hashed
      if (seen.has(contentHash) || options.isKnown?.(contentHash) === true) return false
      seen.add(contentHash)
      return true
    })
    turn = isNew.then(
      () => undefined,
      () => undefined,
    )
    const reading = readImage(file, hashed, isNew, options)
    // It is awaited in order below; until then (or when the caller stops early) a failure is not "unhandled".
    reading.catch(() => undefined)
    begun.push(reading)
  }
  for (let slot = 0; slot < concurrency; slot++) beginNext()
  for (const [index, file] of files.entries()) {
    throwIfAborted(signal)
    const result = await begun[index]
    beginNext()
    if (result !== undefined) yield result
    options.progress?.({ done: index + 1, total: files.length, note: file.name })
  }
}

async function readImage(
  file: FoundFile,
  hashed: Promise<string>,
  isNew: Promise<boolean>,
  { codec, copyTo, signal }: ReadImagesOptions,
): Promise<ReadImage> {
  const { name } = file
  try {
    const fresh = await isNew
    const contentHash = await hashed
    if (!fresh) return { kind: 'duplicate', name, contentHash }
    const probe = await codec.probe(file.path, { signal })
    const path = copyTo === undefined ? file.path : await copyPicture(file.path, join(copyTo, name), contentHash)
    return { kind: 'image', name, path, contentHash, probe }
  } catch (error) {
    // What concerns this file alone; a lost decoder or a cancellation ends the import.
    if (isAppError(error, 'InvalidInput') || isAppError(error, 'Unsupported') || isAppError(error, 'Io')) {
      return { kind: 'problem', ...problemOf(name, error) }
    }
    throw error
  }
}

/** SHA-256 of a file's bytes, hex. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18, signal })) hash.update(chunk as Buffer)
  } catch (error) {
    throwIfAborted(signal)
    throw fileUnreadable(path, error)
  }
  return hash.digest('hex')
}

/**
 * Copies a picture to `wanted`, or to `wanted-1`, `wanted-2` … when another file has that name: nothing is
 * ever overwritten, and a name appears only with its whole content. Returns the path of the copy; a file
 * that holds the same bytes already is taken as it is.
 */
async function copyPicture(from: string, wanted: string, contentHash: string): Promise<string> {
  const temporary = temporaryPath(wanted)
  try {
    await mkdir(dirname(wanted), { recursive: true })
    return await copyThrough(temporary, from, wanted, contentHash)
  } catch (error) {
    throw isAppError(error) ? error : fileUnwritable(wanted, error)
  }
}

async function copyThrough(temporary: string, from: string, wanted: string, contentHash: string): Promise<string> {
  const { dir, name, ext } = parse(wanted)
  try {
    await copyFile(from, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    await flush(temporary)
    for (let attempt = 0; ; attempt++) {
      const target = attempt === 0 ? wanted : join(dir, `${name}-${attempt}${ext}`)
      if (await placeUnder(temporary, target)) return target
      if ((await hashFile(target)) === contentHash) return target
    }
  } finally {
    await rm(temporary, { force: true })
  }
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Gives the file a second name unless that name is taken (false). */
async function placeUnder(temporary: string, target: string): Promise<boolean> {
  try {
    await link(temporary, target)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    // File systems without hard links (FAT, some network drives): a plain copy that refuses an existing name.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error
  }
  try {
    await copyFile(temporary, target, constants.COPYFILE_EXCL)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

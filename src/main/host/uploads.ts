import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { dirname, join, parse } from 'node:path'
import type { Readable } from 'node:stream'
import { maxUploadBytes, uploadTooLarge } from '../../shared/contract/upload.ts'
import { hasImageExtension } from '../../shared/domain/picture-names.ts'
import { AppError, cancelled, isAppError } from '../../shared/errors.ts'
import type { Places } from './places.ts'
import { stagingParts } from './upload-names.ts'

/**
 * Files that a browser page hands over, on their way into a project: each goes to a staging folder of this person
 * alone, which is lent to one import as a place and deleted after it. See `docs/adr/0009-uploads.md`.
 */
export interface Uploads {
  /** Returns the id of a new upload. Throws `Conflict` when too many are under way. */
  readonly begin: () => Promise<string>
  /**
   * Writes one file, without ever holding more than a piece of it. Throws `InvalidInput` for what concerns this file
   * alone; after `Io` (a full disk) the whole upload is gone.
   */
  readonly receive: (uploadId: string, encodedName: string, body: Readable) => Promise<void>
  /** Ends it; returns place ids for one `images.import`, which also removes the files. */
  readonly finish: (uploadId: string) => string[]
  /** Takes everything back, also what is on its way; ids that are not known (any more) are ignored. */
  readonly abort: (uploadId: string) => void
  /** Takes all uploads back and resolves when nothing of them is left. */
  readonly close: () => Promise<void>
}

interface Upload {
  readonly folder: string
  /** Given themselves under names that a folder's scan would pass over. */
  readonly odd: string[]
  readonly bodies: Set<Readable>
  /** Files begun, also those that were refused. */
  begun: number
  /** Files below `files/`. */
  plain: number
  lastUsed: number
  /** Why nothing more is taken: the disk is full. */
  failure: AppError | null
}

const maxUnderWay = 8
const maxFiles = 100_000
/** A page that was closed in the middle never says so. */
const forgottenMs = 60 * 60_000

export interface UploadsOptions {
  /** Holds one folder for each running program; made with the first upload, for this person only. */
  readonly folder: string
  readonly places: Pick<Places, 'lend'>
  /** Largest file in bytes; default `maxUploadBytes`. */
  readonly maxBytes?: number
}

export async function createUploads(options: UploadsOptions): Promise<Uploads> {
  const { places, maxBytes = maxUploadBytes } = options
  await removeStale(options.folder)
  const own = join(options.folder, `${process.pid}-${randomBytes(6).toString('hex')}`)
  const uploads = new Map<string, Upload>()
  const removals = new Set<Promise<void>>()
  const receiving = new Set<Promise<void>>()

  function remove(folder: string): Promise<void> {
    const removal = removeFolder(folder).finally(() => removals.delete(removal))
    removals.add(removal)
    return removal
  }

  function takeBack(uploadId: string): Promise<void> {
    const upload = uploads.get(uploadId)
    if (upload === undefined) return Promise.resolve()
    uploads.delete(uploadId)
    for (const body of upload.bodies) body.destroy()
    return remove(upload.folder)
  }

  function known(uploadId: string): Upload {
    const upload = uploads.get(uploadId)
    if (upload === undefined) {
      throw new AppError('NotFound', 'uploadUnknown', 'This upload has ended; drop the files again.')
    }
    if (upload.failure !== null) throw upload.failure
    upload.lastUsed = performance.now()
    return upload
  }

  async function receive(uploadId: string, encodedName: string, body: Readable): Promise<void> {
    const upload = known(uploadId)
    const parts = stagingParts(encodedName)
    const name = parts.join('/')
    if (++upload.begun > maxFiles) throw tooMany()
    const isOdd = parts.length === 1 && !hasImageExtension(name)
    const wanted = join(upload.folder, isOdd ? 'odd' : 'files', ...parts)
    upload.bodies.add(body)
    try {
      const path = await write(wanted, name, body, maxBytes, () => upload.failure)
      if (isOdd) upload.odd.push(path)
      else upload.plain++
    } catch (error) {
      // Taken back meanwhile: what was written after that goes as well.
      if (!uploads.has(uploadId)) {
        await remove(upload.folder)
        throw cancelled()
      }
      if (!isAppError(error, 'Io')) throw error
      // The other files under way end with the same sentence.
      upload.failure = error
      await remove(upload.folder)
      throw error
    } finally {
      upload.bodies.delete(body)
      upload.lastUsed = performance.now()
    }
  }

  return {
    begin: async () => {
      for (const [uploadId, { lastUsed, bodies }] of uploads) {
        if (bodies.size === 0 && performance.now() - lastUsed > forgottenMs) await takeBack(uploadId)
      }
      if (uploads.size >= maxUnderWay) {
        throw new AppError('Conflict', 'uploadsBusy', 'Other uploads are still under way; wait for one of them to end.')
      }
      const uploadId = randomBytes(12).toString('base64url')
      const folder = join(own, uploadId)
      await onDisk(folder, () => mkdir(folder, { recursive: true, mode: 0o700 }))
      const lastUsed = performance.now()
      uploads.set(uploadId, { folder, odd: [], bodies: new Set(), begun: 0, plain: 0, lastUsed, failure: null })
      return uploadId
    },
    receive: (uploadId, encodedName, body) => {
      const received = receive(uploadId, encodedName, body)
      receiving.add(received)
      return received.finally(() => receiving.delete(received))
    },
    finish: (uploadId) => {
      const upload = known(uploadId)
      if (upload.bodies.size > 0) {
        throw new AppError('Conflict', 'uploadUnfinished', 'A file of this upload is still on its way; wait for it.')
      }
      uploads.delete(uploadId)
      const paths = [...(upload.plain > 0 ? [join(upload.folder, 'files')] : []), ...upload.odd]
      if (paths.length === 0) void remove(upload.folder)
      let left = paths.length
      const onRelease = async (): Promise<void> => {
        if (--left === 0) await remove(upload.folder)
      }
      return paths.map((path) => places.lend(path, onRelease))
    },
    abort: (uploadId) => {
      void takeBack(uploadId)
    },
    close: async () => {
      for (const uploadId of uploads.keys()) void takeBack(uploadId)
      await Promise.allSettled(receiving)
      await Promise.allSettled(removals)
      await removeFolder(own)
    },
  }
}

/** Writes to `wanted`, or beside it where that name is taken already; returns the path. Leaves no part of a file. */
async function write(
  wanted: string,
  name: string,
  body: Readable,
  maxBytes: number,
  failure: () => AppError | null,
): Promise<string> {
  const { file, path } = await onDisk(name, () => create(wanted))
  try {
    let size = 0
    // Not destroyed by an error here: the rest is read and dropped, so that the page gets to see the answer.
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      const bytes = chunk as Buffer
      size += bytes.length
      const elsewhere = failure()
      if (elsewhere !== null) throw elsewhere
      if (size > maxBytes) throw uploadTooLarge(name, maxBytes)
      await onDisk(name, () => file.writeFile(bytes))
    }
    await file.close()
    return path
  } catch (error) {
    await file.close()
    await rm(path, { force: true })
    throw error
  }
}

async function create(wanted: string): Promise<{ readonly file: Awaited<ReturnType<typeof open>>; path: string }> {
  const { dir, name, ext } = parse(wanted)
  await mkdir(dirname(wanted), { recursive: true, mode: 0o700 })
  for (let number = 1; ; number++) {
    const path = number === 1 ? wanted : join(dir, `${name} (${number})${ext}`)
    try {
      return { file: await open(path, 'wx', 0o600), path }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

/** What cannot be deleted now is deleted at the next start. */
async function removeFolder(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
  }
}

/** What programs that have ended left behind, for instance because they were killed. */
async function removeStale(folder: string): Promise<void> {
  try {
    for (const name of await readdir(folder)) {
      const [, pid] = /^(\d+)-[0-9a-f]{12}$/.exec(name) ?? []
      if (pid !== undefined && !isRunning(Number(pid))) await rm(join(folder, name), { recursive: true, force: true })
    }
  } catch (error) {
    // Not there yet, or not to be deleted: the next start tries again.
    if (!(error instanceof Error && 'syscall' in error)) throw error
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function onDisk<Value>(file: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (syscall === undefined) throw error
    const reason = code ?? String(error)
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new AppError(
        'Io',
        'uploadDiskFull',
        `The disk is full: ${file} could not be received and nothing of this upload was kept; free some space, then drop the files again.`,
        { params: { file }, cause: error },
      )
    }
    throw new AppError(
      'Io',
      'uploadUnwritable',
      `${file} could not be received (${reason}) and nothing of this upload was kept; check the folder for temporary files.`,
      { params: { file, reason }, cause: error },
    )
  }
}

function tooMany(): AppError {
  return new AppError(
    'Unsupported',
    'uploadTooMany',
    `More than ${maxFiles} files cannot be uploaded at once; import their folder instead.`,
    { params: { limit: maxFiles } },
  )
}

import type { z } from '../../shared/zod.ts'
import type { GivenFile, GivenFiles, Problem, ReceivedFiles } from '../../shared/contract/contract.ts'
import type { CallOptions } from '../../shared/contract/define.ts'
import {
  maxUploadBytes,
  maxUploadNameLength,
  uploadBegunSchema,
  uploadFinishedSchema,
  uploadNameHeader,
  uploadTooLarge,
} from '../../shared/contract/upload.ts'
import { AppError, cancelled, isAppError, throwIfAborted } from '../../shared/errors.ts'

export interface UploaderOptions {
  /** One POST; resolves with the value of the envelope, rejects with `AppError`. */
  readonly send: (
    path: string,
    body: Blob | string,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ) => Promise<unknown>
}

interface Found {
  readonly path: string
  readonly file: GivenFile
}

/** Requests on their way at a time: one is on the wire while the other is written to disk. */
const parallelUploads = 2

/**
 * `Bridge.receive` of a browser page: the files go to the program, which keeps them for one import. What concerns
 * one file becomes a problem; anything else ends the upload and takes it back. Rejects with `Cancelled` at once.
 */
export function createUploader({
  send,
}: UploaderOptions): (files: GivenFiles, options?: CallOptions) => Promise<ReceivedFiles> {
  const json = { 'Content-Type': 'application/json' }

  async function step<Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    signal: AbortSignal | undefined,
  ): Promise<z.output<Schema>> {
    const answer = schema.safeParse(await send(path, '{}', json, signal))
    if (answer.success) return answer.data
    throw new AppError('Internal', 'badAnswer', `The answer to ${path} could not be read. Reload the page.`, {
      params: { call: path },
      cause: answer.error,
    })
  }

  async function sendFile(address: string, { path, file }: Found, signal: AbortSignal | undefined): Promise<void> {
    if (file.size > maxUploadBytes) throw uploadTooLarge(path, maxUploadBytes)
    const name = encodeURIComponent(path)
    if (name.length > maxUploadNameLength) throw nameTooLong(path)
    if (!(file instanceof Blob)) throw new Error(`${path} was not given by the browser`)
    const headers = { 'Content-Type': 'application/octet-stream', [uploadNameHeader]: name }
    try {
      await send(address, file, headers, signal)
    } catch (error) {
      // A file that the browser cannot read looks like a lost connection.
      if (isAppError(error, 'Io') && !(await isReadable(file))) throw unreadable(path, error)
      throw error
    }
  }

  return async (files, { signal, onProgress } = {}) => {
    throwIfAborted(signal)
    const found: Found[] = []
    for await (const each of files.walk()) {
      throwIfAborted(signal)
      found.push(each)
      onProgress?.({ done: 0, total: null, note: each.path })
    }
    const problems: Problem[] = []
    const { uploadId } = await step('/upload/begin', uploadBegunSchema, signal)
    const ending = new AbortController()
    const stop = (): void => ending.abort()
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted === true) stop()
    let next = 0
    let done = 0
    const work = async (): Promise<void> => {
      for (let at = next++; at < found.length && !ending.signal.aborted; at = next++) {
        const each = found[at]
        if (each === undefined) return
        try {
          await sendFile(`/upload/${uploadId}/${at}`, each, ending.signal)
        } catch (error) {
          if (!isAppError(error, 'InvalidInput')) {
            ending.abort()
            throw error
          }
          problems.push({ name: each.path, reason: error.message })
        }
        onProgress?.({ done: ++done, total: found.length, note: each.path })
      }
    }
    try {
      await Promise.all(Array.from({ length: parallelUploads }, work))
      const { placeIds } = await step(`/upload/${uploadId}/finish`, uploadFinishedSchema, ending.signal)
      return { placeIds, temporary: true, problems }
    } catch (error) {
      ending.abort()
      // Nobody waits for it: what is not taken back now goes when the program ends.
      void send(`/upload/${uploadId}/abort`, '{}', json).catch(() => undefined)
      throw signal?.aborted === true ? cancelled() : error
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }
}

async function isReadable(file: Blob): Promise<boolean> {
  try {
    await file.slice(0, 1).arrayBuffer()
    return true
  } catch (error) {
    if (error instanceof DOMException) return false
    throw error
  }
}

function unreadable(file: string, cause: unknown): AppError {
  return new AppError(
    'InvalidInput',
    'uploadUnreadable',
    `${file} could not be read by the browser; check that it is still there and readable, then drop it again.`,
    { params: { file }, cause },
  )
}

function nameTooLong(file: string): AppError {
  return new AppError(
    'InvalidInput',
    'uploadNameTooLong',
    `The path ${file.slice(0, 100)}… is too long to be uploaded; import it from its folder instead.`,
    { params: { file: file.slice(0, 100) } },
  )
}

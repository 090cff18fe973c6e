import { AppError } from '../errors.ts'
import { z } from '../zod.ts'

/**
 * How a browser page hands over files, beside the calls: `POST /upload/begin`, then one
 * `POST /upload/<upload>/<number>` with the bytes of each file, then `POST /upload/<upload>/finish`, or `/abort`.
 * Every answer is an envelope. See `docs/adr/0009-uploads.md`.
 */

/** Carries a file's path below what was given, percent-encoded. It is told, never used as a path. */
export const uploadNameHeader = 'exemplar-file'

/** Longest encoded name: all headers together may have 16 KB. */
export const maxUploadNameLength = 6_000

/** Largest file in bytes: more than the largest picture that can be opened takes without compression. */
export const maxUploadBytes = 2 ** 31

export const uploadBegunSchema = z.strictObject({ uploadId: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/) })
/** What `images.import` takes, each place once and for a single import. */
export const uploadFinishedSchema = z.strictObject({ placeIds: z.array(z.string()) })

/** Concerns this file alone, like every `InvalidInput` of an upload: the others go on. */
export function uploadTooLarge(file: string, limit: number): AppError {
  return new AppError(
    'InvalidInput',
    'uploadTooLarge',
    `${file} is larger than the ${limit} bytes that can be uploaded; import it from its folder instead.`,
    { params: { file, limit } },
  )
}

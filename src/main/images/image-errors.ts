import { basename } from 'node:path'
import type { Problem } from '../../shared/contract/contract.ts'
import { maxImagePixels } from '../../shared/domain/picture-size.ts'
import { AppError, isAppError } from '../../shared/errors.ts'

/** The sentences about files that cannot be used. Each names the file and what to do. */

/** A failure that costs one file of many, for a list of them. */
export function problemOf(name: string, { key, params, message }: AppError): Problem {
  return { name, reason: message, error: { key, params: { ...params } } }
}

export function fileUnreadable(path: string, cause: unknown): AppError {
  const file = basename(path)
  const reason = systemCode(cause)
  return new AppError(
    'Io',
    'fileUnreadable',
    `${file} cannot be read (${reason}); check that it is still there and readable.`,
    {
      params: { file, reason },
      cause,
    },
  )
}

export function fileUnwritable(path: string, cause: unknown): AppError {
  const file = basename(path)
  const reason = systemCode(cause)
  return new AppError(
    'Io',
    'fileUnwritable',
    `${file} cannot be written (${reason}); check the folder's permissions and free space.`,
    {
      params: { file, reason },
      cause,
    },
  )
}

export function fileEmpty(path: string): AppError {
  const file = basename(path)
  return new AppError('InvalidInput', 'imageEmpty', `${file} is empty (0 bytes); copy it again from its source.`, {
    params: { file },
  })
}

export function notAPicture(path: string): AppError {
  const file = basename(path)
  return new AppError(
    'Unsupported',
    'imageUnsupported',
    `${file} is not a JPEG, PNG, WebP or TIFF picture, whatever its name says; convert it to one of these.`,
    { params: { file } },
  )
}

export function pictureTooLarge(path: string, width: number, height: number): AppError {
  const file = basename(path)
  return new AppError(
    'Unsupported',
    'imageTooLarge',
    `${file} has ${width} x ${height} pixels, more than the ${maxImagePixels} that can be opened; scale it down or cut it into parts.`,
    { params: { file, width, height, limit: maxImagePixels } },
  )
}

/** `depth` is the kind of sample that the image library names: `float`, `uint`, `short`, … */
export function samplesUnsupported(path: string, depth: string): AppError {
  const file = basename(path)
  return new AppError(
    'Unsupported',
    'imageSamples',
    `${file} holds samples of type ${depth}, which have no defined black and white; save it with 8 or 16 bits a channel.`,
    { params: { file, depth } },
  )
}

/** `reason` is what the image library found, in its own words. */
export function pictureDamaged(path: string, reason: string, cause?: unknown): AppError {
  const file = basename(path)
  return new AppError(
    'InvalidInput',
    'imageDamaged',
    `${file} is damaged and cannot be decoded (${reason}); copy it again from its source or save it anew.`,
    { params: { file, reason }, cause },
  )
}

/** Unlike a file that may not be read, one that is not there any more can be put back. */
export function pictureGone(path: string, cause: unknown): AppError {
  const file = basename(path)
  return new AppError(
    'Io',
    'imageGone',
    `${file} was moved or deleted: ${path} is not there any more; put it back there, then try again.`,
    { params: { file, path }, cause },
  )
}

export function pictureChanged(path: string): AppError {
  const file = basename(path)
  return new AppError(
    'Io',
    'imageChanged',
    `${file} holds another picture than when it was added; put the original back, or add the new one under another name.`,
    { params: { file } },
  )
}

const crashesDecoderKey = 'imageCrashesDecoder'

/** Whether the decoder died twice at this picture; killed from outside, it may well decode it the next time. */
export function isDecoderCrash(error: unknown): boolean {
  return isAppError(error, 'InvalidInput') && error.key === crashesDecoderKey
}

export function pictureCrashesDecoder(path: string, cause: unknown): AppError {
  const file = basename(path)
  return new AppError(
    'InvalidInput',
    crashesDecoderKey,
    `${file} makes the image decoder stop, so it was left out; save it anew with another program.`,
    { params: { file }, cause },
  )
}

export function notAnIndexImage(path: string, reason: string): AppError {
  const file = basename(path)
  return new AppError(
    'Unsupported',
    'indexImageUnsupported',
    `${file} cannot be read as a class mask: ${reason}; save it as an 8-bit grey or palette PNG.`,
    { params: { file, reason } },
  )
}

/** `ENOENT` and the like, or the message of anything else. */
function systemCode(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message
}

export function deepTiff(path: string): AppError {
  return new AppError(
    'Unsupported',
    'uprightDepth',
    `${path} is a TIFF of 16 bits, which cannot be written upright without losing half of them; turn it in another program or export its masks on the stored pixels.`,
    { params: { file: path } },
  )
}

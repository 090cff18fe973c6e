import { open } from 'node:fs/promises'
import { maxImagePixels } from '../../shared/domain/picture-size.ts'
import { AppError } from '../../shared/errors.ts'
import { kindOf, requireFile } from './files.ts'
import type { FormatCodec } from './format-types.ts'

/** What sizes a data set may claim: everything is judged here before memory is taken for it. */

interface Size {
  readonly width: number
  readonly height: number
}

/** So many pixels are read whatever the project holds, so that it can be said which image a mask does not fit. */
const alwaysRead = 1 << 24

/** The most pixels that a picture of a data set may have, where the project's largest image has `largest`. */
export function mostPixelsFor(largest: number): number {
  return Math.max(largest, alwaysRead)
}

/**
 * Why nothing of that size in pixels is read, after "It was left out: "; null where it is. `mostPixels` as in
 * `ImportContext`.
 */
export function sizeProblem({ width, height }: Size, mostPixels = maxImagePixels): string | null {
  if (width * height <= mostPixels) return null
  return `its size is given as ${width}×${height}, larger than any image of the project. Correct it, or add the image first.`
}

/**
 * The codec, refusing label PNGs of more than `mostPixels` by what their heads say: a file of some kilobytes may unpack to
 * gigabytes. Throws `Unsupported` for those.
 */
export function withLargestLabel(codec: FormatCodec, mostPixels: number): FormatCodec {
  const check = (name: string, head: Uint8Array): void => {
    const size = pngSize(head)
    if (size === null || size.width * size.height <= mostPixels) return
    throw new AppError(
      'Unsupported',
      'labelTooLarge',
      `${name} has ${size.width}×${size.height} pixels, more than any image of the project. Save it at the size of its image, or add the image first.`,
      { params: { file: name, width: size.width, height: size.height } },
    )
  }
  return {
    ...codec,
    readLabelPng: async (path) => {
      check(path, await headOf(path))
      return codec.readLabelPng(path)
    },
    decodeIndexPng: (name, bytes) => {
      check(name, bytes)
      return codec.decodeIndexPng(name, bytes)
    },
  }
}

const headLength = 24

/** Nothing where there is no such file: what opens it says so. Throws `NotFound` for what is no file, as a pipe. */
async function headOf(path: string): Promise<Uint8Array> {
  const kind = await kindOf(path)
  if (kind === null) return new Uint8Array()
  if (kind !== 'file') await requireFile(path)
  try {
    await using file = await open(path)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headLength), 0, headLength, 0)
    return buffer.subarray(0, bytesRead)
  } catch {
    return new Uint8Array()
  }
}

/** From the first bytes of a PNG; null for anything else. */
function pngSize(head: Uint8Array): Size | null {
  const bytes = Buffer.from(head.buffer, head.byteOffset, Math.min(headLength, head.length))
  const isPng = bytes.length === headLength && bytes.toString('latin1', 1, 4) === 'PNG'
  return isPng ? { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) } : null
}

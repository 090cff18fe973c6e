import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { tiffOrientation } from '../../shared/domain/tiff-orientation.ts'
import type { ImageProbe } from './codec.ts'
import { fileEmpty, notAPicture } from './image-errors.ts'

/** What the first bytes of a picture file say that the image library does not tell. */
export interface FileSignature {
  readonly format: ImageProbe['format']
  /** Frames of an animated PNG, which the library takes for a plain one; else 1. */
  readonly pngFrames: number
  /** A TIFF whose orientation is none of 1 to 8. The library calls that an error; it only means "as stored". */
  readonly hasOddOrientation: boolean
}

/** The format by the file's first bytes; its name says nothing, and libvips would open far more (SVG, PDF, …). */
export async function readSignature(path: string): Promise<FileSignature> {
  const file = await open(path, 'r')
  try {
    const head = await readAt(file, 0, 16)
    if (head.length === 0) throw fileEmpty(path)
    const format = formatOf(head.toString('latin1'))
    if (format === null) throw notAPicture(path)
    return {
      format,
      pngFrames: format === 'png' ? await pngFrames(file) : 1,
      hasOddOrientation: format === 'tiff' && (await hasOddOrientation(file)),
    }
  } finally {
    await file.close()
  }
}

function formatOf(head: string): ImageProbe['format'] | null {
  if (head.startsWith('\xff\xd8\xff')) return 'jpeg'
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'png'
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') return 'webp'
  return ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(head.slice(0, 4)) ? 'tiff' : null
}

/** At most this many chunks are looked at: what is further in is no header. */
const maxChunks = 256

/** The `acTL` chunk, which stands before the first `IDAT`, says how many frames there are. */
async function pngFrames(file: FileHandle): Promise<number> {
  let at = 8
  for (let chunk = 0; chunk < maxChunks; chunk++) {
    const start = await readAt(file, at, 12)
    if (start.length < 12) return 1
    const type = start.toString('latin1', 4, 8)
    if (type === 'acTL') return Math.max(1, start.readUInt32BE(8))
    if (type === 'IDAT') return 1
    at += 12 + start.readUInt32BE(0)
  }
  return 1
}

async function hasOddOrientation(file: FileHandle): Promise<boolean> {
  const orientation = await tiffOrientation((position, length) => readAt(file, position, length))
  return orientation !== null && (orientation.value < 1 || orientation.value > 8)
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}

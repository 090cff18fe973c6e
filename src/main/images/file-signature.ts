import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
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
      hasOddOrientation: format === 'tiff' && (await hasOddOrientation(file, head)),
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

/** At most this many chunks or directory entries are looked at: what is further in is no header. */
const maxEntries = 256

/** The `acTL` chunk, which stands before the first `IDAT`, says how many frames there are. */
async function pngFrames(file: FileHandle): Promise<number> {
  let at = 8
  for (let chunk = 0; chunk < maxEntries; chunk++) {
    const start = await readAt(file, at, 12)
    if (start.length < 12) return 1
    const type = start.toString('latin1', 4, 8)
    if (type === 'acTL') return Math.max(1, start.readUInt32BE(8))
    if (type === 'IDAT') return 1
    at += 12 + start.readUInt32BE(0)
  }
  return 1
}

const orientationTag = 274

/** Of a classic TIFF; one with 64-bit offsets is left to the library. */
async function hasOddOrientation(file: FileHandle, head: Buffer): Promise<boolean> {
  const isLittle = head.toString('latin1', 0, 2) === 'II'
  const short = (bytes: Buffer, at: number): number => (isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at))
  const long = (bytes: Buffer, at: number): number => (isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at))
  if (head.length < 8 || short(head, 2) !== 42) return false
  const at = long(head, 4)
  const counted = await readAt(file, at, 2)
  if (counted.length < 2) return false
  const entries = await readAt(file, at + 2, 12 * Math.min(maxEntries, short(counted, 0)))
  for (let entry = 0; entry + 12 <= entries.length; entry += 12) {
    if (short(entries, entry) !== orientationTag) continue
    const value = short(entries, entry + 8)
    return value < 1 || value > 8
  }
  return false
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}

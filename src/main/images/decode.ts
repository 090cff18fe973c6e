import { open, readFile, stat } from 'node:fs/promises'
import sharp from 'sharp'
import type { Metadata, Sharp } from 'sharp'
import { AppError } from '../../shared/errors.ts'
import type { ImageLibrary, ImageProbe, IndexImage, RgbImage } from './codec.ts'
import {
  fileEmpty,
  fileUnreadable,
  maxImagePixels,
  notAPicture,
  pictureDamaged,
  pictureTooLarge,
} from './image-errors.ts'
import { decodeIndexPng } from './index-png.ts'

/** Everything that touches sharp; runs in the image decoder process only. */

// Two threads a picture: the process decodes several at a time, and the engine needs cores as well.
sharp.concurrency(2)
// Files are decoded once or come from the picture cache; libvips' own cache would hold them a second time.
sharp.cache(false)

/** What this file runs on. */
export function library(): ImageLibrary {
  const { sharp: version, vips: libvips } = sharp.versions
  return { version, libvips, build: 'emscripten' in sharp.versions ? 'wasm' : 'native' }
}

/** The picture with its EXIF orientation applied. */
function openOriented(path: string): Sharp {
  return sharp(path, { limitInputPixels: maxImagePixels, failOn: 'error', sequentialRead: true }).autoOrient()
}

/** The same as 8-bit sRGB without alpha (over white), whatever the file holds. */
function openRgb(path: string): Sharp {
  return openOriented(path).flatten({ background: '#ffffff' }).toColourspace('srgb')
}

/** Decodes the whole picture to prove it readable. */
export async function probe(path: string): Promise<ImageProbe> {
  const checked = await readHeader(path)
  // One pixel out still reads every row in.
  await reading(path, () => openRgb(path).resize(1, 1, { fit: 'fill' }).raw().toBuffer())
  return checked
}

export async function thumbnail(path: string, maxSide: number): Promise<Uint8Array> {
  await readHeader(path)
  return reading(path, () =>
    openRgb(path)
      .resize(maxSide, maxSide, { fit: 'inside', withoutEnlargement: true })
      .jpeg({ quality: 82 })
      .toBuffer(),
  )
}

/**
 * The whole picture at exactly `width x height`. Smaller: box averages by whole factors, then a
 * triangle filter as wide as the remaining step, so every source pixel counts. Larger: bilinear.
 */
export async function pixels(path: string, width: number, height: number): Promise<RgbImage> {
  await readHeader(path)
  return raw(path, openRgb(path).resize(width, height, { fit: 'fill', kernel: 'linear' }))
}

export async function fullPicture(path: string): Promise<RgbImage> {
  await readHeader(path)
  return raw(path, openRgb(path))
}

export async function readIndexPng(path: string): Promise<IndexImage> {
  const bytes = await fromDisk(path, () => readFile(path))
  if (bytes.length === 0) throw fileEmpty(path)
  return decodeIndexPng(path, bytes)
}

/** Changes whenever the file does. */
export async function fileKey(path: string): Promise<string> {
  const { mtimeMs, size } = await fromDisk(path, () => stat(path))
  return `${path}\n${mtimeMs}\n${size}`
}

async function raw(path: string, pipeline: Sharp): Promise<RgbImage> {
  const { data, info } = await reading(path, () => pipeline.raw().toBuffer({ resolveWithObject: true }))
  if (info.channels !== 3) throw pictureDamaged(path, `${info.channels} channels after conversion`)
  return { width: info.width, height: info.height, data }
}

/** Format and displayed size. Refuses what must not reach a decoder: unreadable, empty, foreign or oversized files. */
export async function readHeader(path: string): Promise<ImageProbe> {
  const format = await sniffFormat(path)
  // Reads the header only, and without a limit: it is the header that tells whether the limit is exceeded.
  const metadata: Metadata = await reading(path, () => sharp(path, { limitInputPixels: false }).metadata())
  const { width, height } = metadata.autoOrient
  if (width * height > maxImagePixels) throw pictureTooLarge(path, width, height)
  return { format, width, height, orientation: metadata.orientation ?? 1, pages: metadata.pages ?? 1 }
}

/** The format by the file's first bytes; its name says nothing, and libvips would open far more (SVG, PDF, …). */
async function sniffFormat(path: string): Promise<ImageProbe['format']> {
  const head = await fromDisk(path, async () => {
    const file = await open(path, 'r')
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  })
  if (head.length === 0) throw fileEmpty(path)
  const text = head.toString('latin1')
  if (text.startsWith('\xff\xd8\xff')) return 'jpeg'
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'png'
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'webp'
  if (['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(text.slice(0, 4))) return 'tiff'
  throw notAPicture(path)
}

async function fromDisk<Value>(path: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    throw fileUnreadable(path, error)
  }
}

async function reading<Value>(path: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof AppError) throw error
    const [firstLine = ''] = (error instanceof Error ? error.message : String(error))
      .replaceAll(path, 'file')
      .split('\n')
    throw pictureDamaged(path, firstLine.trim(), error)
  }
}

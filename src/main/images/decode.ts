import { readFile, stat } from 'node:fs/promises'
import sharp from 'sharp'
import type { Metadata, Sharp } from 'sharp'
import type { Box } from '../../shared/domain/records.ts'
import { maxImagePixels } from '../../shared/domain/picture-size.ts'
import { AppError } from '../../shared/errors.ts'
import type { ImageLibrary, ImageProbe, RgbImage } from './codec.ts'
import { readSignature } from './file-signature.ts'
import { fileEmpty, fileUnreadable, pictureDamaged, pictureTooLarge, samplesUnsupported } from './image-errors.ts'
import { decodeIndexPng, decodeLabelPng } from './index-png.ts'
import { depthFor, factorFor } from './sample-depth.ts'
import type { ByteIndexPng, LabelPng } from '../../shared/domain/index-png.ts'

/** Reading with sharp (`upright.ts` writes with it); runs in the image decoder process only. */

// Two threads a picture: the process decodes several at a time, and the engine needs cores as well.
sharp.concurrency(2)
// Files are decoded once or come from the picture cache; libvips' own cache would hold them a second time.
sharp.cache(false)

/** What this file runs on. */
export function library(): ImageLibrary {
  const { sharp: version, vips: libvips } = sharp.versions
  return { version, libvips, build: 'emscripten' in sharp.versions ? 'wasm' : 'native' }
}

/** What has to be known before the pixels of a file are read. */
interface Header {
  readonly probe: ImageProbe
  /** 16-bit grey or RGB without alpha: shown by the bits that it really uses. */
  readonly isDeep: boolean
  readonly failOn: 'error' | 'truncated'
}

export function open({ failOn }: Header, path: string): Sharp {
  return sharp(path, { limitInputPixels: maxImagePixels, failOn, sequentialRead: true })
}

/** The picture with its EXIF orientation applied, as 8-bit sRGB without alpha (over white), whatever the file holds. */
async function openRgb(path: string): Promise<Sharp> {
  const header = await inspect(path)
  const upright = open(header, path).autoOrient().flatten({ background: '#ffffff' })
  const factor = header.isDeep ? await deepFactor(header, path) : 1
  return (factor === 1 ? upright : upright.linear(factor, 0)).toColourspace('srgb')
}

/** How many deep files' factors are remembered: a few bytes each. */
const maxFactors = 1_000
const factors = new Map<string, number>()

/** Reads every sample of the file once; the factor is the same for its thumbnail, its tiles and the model's pixels. */
async function deepFactor(header: Header, path: string): Promise<number> {
  const key = await fileKey(path)
  const known = factors.get(key)
  if (known !== undefined) return known
  const { channels } = await reading(path, () => open(header, path).stats())
  const factor = factorFor(depthFor(Math.max(...channels.map(({ max }) => max))))
  for (const oldest of factors.keys()) {
    if (factors.size < maxFactors) break
    factors.delete(oldest)
  }
  factors.set(key, factor)
  return factor
}

/** Decodes the whole picture to prove it readable. */
export async function probe(path: string): Promise<ImageProbe> {
  const checked = await readHeader(path)
  const picture = await openRgb(path)
  // One pixel out still reads every row in.
  await reading(path, () => picture.resize(1, 1, { fit: 'fill' }).raw().toBuffer())
  return checked
}

export async function thumbnail(path: string, maxSide: number): Promise<Uint8Array> {
  const picture = await openRgb(path)
  return reading(path, () =>
    picture.resize(maxSide, maxSide, { fit: 'inside', withoutEnlargement: true }).jpeg({ quality: 82 }).toBuffer(),
  )
}

/**
 * The whole picture, or a region of it, at exactly `width x height`. Smaller: box averages by whole factors, then a
 * triangle filter as wide as the remaining step, so every source pixel counts. Larger: bilinear.
 */
export async function pixels(
  path: string,
  width: number,
  height: number,
  region: Box | null = null,
): Promise<RgbImage> {
  const picture = await openRgb(path)
  if (region !== null) {
    const [left, top, across, down] = region
    picture.extract({ left, top, width: across, height: down })
  }
  return raw(path, picture.resize(width, height, { fit: 'fill', kernel: 'linear' }))
}

export async function fullPicture(path: string): Promise<RgbImage> {
  return raw(path, await openRgb(path))
}

export async function readIndexPng(path: string): Promise<ByteIndexPng> {
  return decodeIndexPng(path, await pngBytes(path))
}

export async function readLabelPng(path: string): Promise<LabelPng> {
  return decodeLabelPng(path, await pngBytes(path))
}

async function pngBytes(path: string): Promise<Uint8Array> {
  const bytes = await fromDisk(path, () => readFile(path))
  if (bytes.length === 0) throw fileEmpty(path)
  return bytes
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
  return (await inspect(path)).probe
}

export async function inspect(path: string): Promise<Header> {
  const { format, pngFrames, hasOddOrientation } = await fromDisk(path, () => readSignature(path))
  // Reads the header only, and without a limit: it is the header that tells whether the limit is exceeded.
  const metadata: Metadata = await reading(path, () => sharp(path, { limitInputPixels: false }).metadata())
  const { width, height } = metadata.autoOrient
  if (width * height > maxImagePixels) throw pictureTooLarge(path, width, height)
  const { depth, space, orientation = 1 } = metadata
  if (depth !== 'uchar' && depth !== 'ushort') throw samplesUnsupported(path, depth)
  const pages = Math.max(metadata.pages ?? 1, pngFrames)
  return {
    probe: { format, width, height, orientation, pages },
    isDeep: (space === 'grey16' || space === 'rgb16') && !metadata.hasAlpha,
    failOn: hasOddOrientation ? 'truncated' : 'error',
  }
}

async function fromDisk<Value>(path: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof AppError ? error : fileUnreadable(path, error)
  }
}

/** How often a failure without words is asked for them again. */
const attempts = 3

/**
 * Runs a reading of the image library; its failure becomes a sentence about the picture. The library keeps the words of a
 * failure for the whole process, and another picture that fails at the same moment may take them along: then it is asked
 * again.
 */
export async function reading<Value>(path: string, work: () => Promise<Value>, attempt = 1): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof AppError) throw error
    const [firstLine = ''] = (error instanceof Error ? error.message : String(error))
      .replaceAll(path, 'file')
      .split('\n')
    if (firstLine.trim() === 'Unknown error' && attempt < attempts) return await reading(path, work, attempt + 1)
    throw pictureDamaged(path, firstLine.trim(), error)
  }
}

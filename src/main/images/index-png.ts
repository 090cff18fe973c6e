import { promisify } from 'node:util'
import { crc32, deflate, inflate } from 'node:zlib'
import { maxImagePixels } from '../../shared/domain/picture-size.ts'
import type { AppError } from '../../shared/errors.ts'
import { notAnIndexImage, pictureDamaged, pictureTooLarge } from './image-errors.ts'
import type { ByteIndexPng, IndexPng, LabelPng } from '../../shared/domain/index-png.ts'

/**
 * PNG as a container of small integers. Image libraries turn a palette into colours, and the class
 * numbers are lost; so index images are read and written here, by the PNG specification (third
 * edition, sections 5 to 11): every byte out is a byte that went in. [Note: index images]
 */

const inflateAsync = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(inflate)
const deflateAsync = promisify<Uint8Array, { level: number }, Buffer>(deflate)

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)

interface Header {
  readonly width: number
  readonly height: number
  readonly bitDepth: number
  /** 1: grey or palette; 2: grey and alpha; 3: RGB; 4: RGB and alpha. */
  readonly channels: number
  readonly isPalette: boolean
  readonly interlaced: boolean
}

/** Samples a pixel by PNG's colour type. */
const channelsByColourType = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
])

/** Adam7: first column and row of each pass, and the steps between its pixels. */
const interlacePasses = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const
const wholePass = [[0, 0, 1, 1]] as const

/**
 * Stored samples of a grey or palette PNG with 1, 2, 4 or 8 bits a pixel: palette indices, or grey
 * values as stored (a 1-bit picture gives 0 and 1). Many programs save a grey picture as RGB, with or without
 * alpha: with 8 bits a sample it is taken as grey if its channels are equal and nothing is see-through, so that
 * no colour is ever turned into a class by arithmetic. `path` is for the errors only.
 */
export async function decodeIndexPng(path: string, bytes: Uint8Array): Promise<ByteIndexPng> {
  const png = readPng(path, bytes)
  const { width, height, bitDepth, channels } = png.header
  if (bitDepth === 16) throw notAnIndexImage(path, 'it has 16 bits a sample')
  const data = new Uint8Array(width * height)
  await readPixels(
    path,
    png,
    channels > 1 ? (line, column) => greyOf(path, line, column * channels, channels) : sampleOf(bitDepth),
    (at, value) => (data[at] = value),
  )
  return { width, height, data }
}

/**
 * A PNG whose pixels stand for something, whichever way: grey of up to 16 bits, palette indices with their palette, or
 * 8-bit colours. Refuses see-through pixels and 16-bit colours. `path` is for the errors only.
 */
export async function decodeLabelPng(path: string, bytes: Uint8Array): Promise<LabelPng> {
  const png = readPng(path, bytes)
  const { width, height, bitDepth, channels, isPalette } = png.header
  if (channels < 3) {
    const isDeep = bitDepth === 16
    if (isDeep && channels > 1) throw notAnIndexImage(path, 'it has 16 bits a sample and transparency')
    const data = isDeep ? new Uint16Array(width * height) : new Uint8Array(width * height)
    const sample =
      channels > 1
        ? (line: Uint8Array, column: number) => greyOf(path, line, column * channels, channels)
        : sampleOf(bitDepth)
    await readPixels(path, png, sample, (at, value) => (data[at] = value))
    return isPalette
      ? { kind: 'palette', width, height, data: data as Uint8Array, palette: png.palette }
      : { kind: 'grey', width, height, data }
  }
  if (bitDepth === 16) throw notAnIndexImage(path, 'it holds colours of 16 bits a sample')
  const data = new Uint32Array(width * height)
  const colour = (line: Uint8Array, column: number): number => {
    const at = column * channels
    if (channels === 4 && line[at + 3] !== 255) throw notAnIndexImage(path, 'it has see-through pixels')
    return ((line[at] ?? 0) << 16) | ((line[at + 1] ?? 0) << 8) | (line[at + 2] ?? 0)
  }
  await readPixels(path, png, colour, (at, value) => (data[at] = value))
  return { kind: 'colour', width, height, data }
}

/** Reads a sample of a row with one channel. */
function sampleOf(bitDepth: number): (line: Uint8Array, column: number) => number {
  if (bitDepth === 16) return (line, column) => ((line[2 * column] ?? 0) << 8) | (line[2 * column + 1] ?? 0)
  if (bitDepth === 8) return (line, column) => line[column] ?? 0
  const mask = (1 << bitDepth) - 1
  const perByte = 8 / bitDepth
  return (line, column) => {
    const byte = line[Math.floor(column / perByte)] ?? 0
    return (byte >> (8 - bitDepth * ((column % perByte) + 1))) & mask
  }
}

/** Unpacks the rows, pass by pass, and hands every pixel over with its place in the picture. */
async function readPixels(
  path: string,
  { header, data }: Chunks,
  sample: (line: Uint8Array, column: number) => number,
  put: (at: number, value: number) => void,
): Promise<void> {
  const { width, height, bitDepth, channels } = header
  const passes = (header.interlaced ? interlacePasses : wholePass)
    .map(([left, top, stepX, stepY]) => {
      const columns = Math.ceil((width - left) / stepX)
      const rows = Math.ceil((height - top) / stepY)
      return { left, top, stepX, stepY, columns, rows, rowBytes: Math.ceil((columns * bitDepth * channels) / 8) }
    })
    .filter((pass) => pass.columns > 0 && pass.rows > 0)
  const expectedBytes = passes.reduce((sum, pass) => sum + pass.rows * (pass.rowBytes + 1), 0)

  let filtered: Uint8Array
  try {
    filtered = await inflateAsync(data, { maxOutputLength: expectedBytes })
  } catch (error) {
    throw pictureDamaged(path, 'its pixel data cannot be unpacked', error)
  }
  if (filtered.length !== expectedBytes) throw pictureDamaged(path, 'pixel data is missing')

  const step = Math.max(1, (channels * bitDepth) >> 3)
  let at = 0
  for (const pass of passes) {
    let previous = new Uint8Array(pass.rowBytes)
    for (let row = 0; row < pass.rows; row++) {
      const filter = filtered[at] ?? 0
      const line = filtered.subarray(at + 1, at + 1 + pass.rowBytes)
      if (!unfilter(filter, line, previous, step)) throw pictureDamaged(path, `unknown row filter ${filter}`)
      previous = line as Uint8Array<ArrayBuffer>
      at += 1 + pass.rowBytes
      const start = (pass.top + row * pass.stepY) * width + pass.left
      for (let column = 0; column < pass.columns; column++) put(start + column * pass.stepX, sample(line, column))
    }
  }
}

/** The grey value of the pixel of several channels at `at`; refuses colours and alpha. */
function greyOf(path: string, line: Uint8Array, at: number, channels: number): number {
  const grey = line[at] ?? 0
  if (channels > 2 && (line[at + 1] !== grey || line[at + 2] !== grey)) throw holdsColours(path)
  if (channels % 2 === 0 && line[at + channels - 1] !== 255) throw notAnIndexImage(path, 'it has see-through pixels')
  return grey
}

function holdsColours(path: string): AppError {
  return notAnIndexImage(path, 'it holds colours instead of class numbers')
}

/**
 * A PNG whose samples are exactly `image.data`: 8-bit grey, 16-bit grey where the data has 16 bits, or 8-bit indices
 * into a palette where there is one. Throws `RangeError` when size, palette and data do not fit each other.
 */
export async function encodeIndexPng(image: IndexPng): Promise<Uint8Array> {
  const { width, height, data, palette } = image
  const isDeep = data instanceof Uint16Array
  if (data.length !== width * height) throw new RangeError('The index image has not width x height samples')
  if (palette !== undefined && (isDeep || palette.length === 0 || palette.length > 256)) {
    throw new RangeError('A palette goes with 8-bit samples and has 1 to 256 colours')
  }
  if (palette !== undefined && data.some((value) => value >= palette.length)) {
    throw new RangeError('A sample has no colour in the palette')
  }
  const rowBytes = width * (isDeep ? 2 : 1)
  const rows = new Uint8Array(height * (rowBytes + 1))
  const view = new DataView(rows.buffer)
  for (let y = 0; y < height; y++) {
    const start = y * (rowBytes + 1) + 1
    const row = data.subarray(y * width, (y + 1) * width)
    if (isDeep) row.forEach((value, x) => view.setUint16(start + 2 * x, value))
    else rows.set(row, start)
  }
  const header = new Uint8Array(13)
  const headerView = new DataView(header.buffer)
  headerView.setUint32(0, width)
  headerView.setUint32(4, height)
  header[8] = isDeep ? 16 : 8
  header[9] = palette === undefined ? 0 : 3
  const colours = palette?.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    ...(colours === undefined ? [] : [chunk('PLTE', Uint8Array.from(colours))]),
    chunk('IDAT', await deflateAsync(rows, { level: 6 })),
    chunk('IEND', new Uint8Array()),
  ])
}

function chunk(type: string, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + content.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, content.length)
  bytes.set(Buffer.from(type, 'latin1'), 4)
  bytes.set(content, 8)
  view.setUint32(8 + content.length, crc32(bytes.subarray(4, 8 + content.length)))
  return bytes
}

interface Chunks {
  readonly header: Header
  /** `0xrrggbb` by index. */
  readonly palette: readonly number[]
  readonly data: Uint8Array
}

function readPng(path: string, bytes: Uint8Array): Chunks {
  if (bytes.length < 8 || signature.some((byte, index) => bytes[index] !== byte)) {
    throw notAnIndexImage(path, 'it is not a PNG file')
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parts: Uint8Array[] = []
  const palette: number[] = []
  let header: Header | undefined
  for (let at = signature.length; ;) {
    if (at + 12 > bytes.length) throw pictureDamaged(path, 'the file ends early')
    const length = view.getUint32(at)
    if (length > bytes.length - at - 12) throw pictureDamaged(path, 'the file ends early')
    const type = Buffer.from(bytes.subarray(at + 4, at + 8)).toString('latin1')
    const content = bytes.subarray(at + 8, at + 8 + length)
    if (crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length)) {
      throw pictureDamaged(path, `its ${type} block has a wrong checksum`)
    }
    at += 12 + length
    if (type === 'IHDR') header = readHeader(path, content)
    else if (type === 'PLTE') palette.push(...coloursOf(path, content))
    else if (type === 'IDAT') parts.push(content)
    else if (type === 'IEND') break
  }
  if (header === undefined || parts.length === 0) throw pictureDamaged(path, 'it holds no pixels')
  return { header, palette, data: Buffer.concat(parts) }
}

function coloursOf(path: string, content: Uint8Array): number[] {
  if (content.length > 3 * 256) throw pictureDamaged(path, 'its palette has more than 256 colours')
  return Array.from(
    { length: Math.floor(content.length / 3) },
    (_, index) =>
      ((content[3 * index] ?? 0) << 16) | ((content[3 * index + 1] ?? 0) << 8) | (content[3 * index + 2] ?? 0),
  )
}

function readHeader(path: string, content: Uint8Array): Header {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength)
  if (content.length !== 13) throw pictureDamaged(path, 'its header has a wrong length')
  const width = view.getUint32(0)
  const height = view.getUint32(4)
  const [bitDepth = 0, colourType = 0, compression = 0, filterMethod = 0, interlace = 0] = content.subarray(8)
  const channels = channelsByColourType.get(colourType) ?? 0
  const isPalette = colourType === 3
  const bitDepths = channels === 0 ? [] : isPalette ? [1, 2, 4, 8] : colourType === 0 ? [1, 2, 4, 8, 16] : [8, 16]
  if (!bitDepths.includes(bitDepth) || compression !== 0 || filterMethod !== 0 || interlace > 1) {
    throw pictureDamaged(path, 'its header holds unknown values')
  }
  if (width === 0 || height === 0) throw pictureDamaged(path, 'it has no pixels')
  if (width * height > maxImagePixels) throw pictureTooLarge(path, width, height)
  return { width, height, bitDepth, channels, isPalette, interlaced: interlace === 1 }
}

/** Undoes a row's filter in place; `step` is the bytes a pixel, 1 below 8 bits too. False when the filter is unknown. */
function unfilter(filter: number, line: Uint8Array, previous: Uint8Array, step: number): boolean {
  switch (filter) {
    case 0:
      return true
    case 1:
      for (let x = step; x < line.length; x++) line[x] = (line[x] ?? 0) + (line[x - step] ?? 0)
      return true
    case 2:
      for (let x = 0; x < line.length; x++) line[x] = (line[x] ?? 0) + (previous[x] ?? 0)
      return true
    case 3:
      for (let x = 0; x < line.length; x++) {
        line[x] = (line[x] ?? 0) + (((line[x - step] ?? 0) + (previous[x] ?? 0)) >> 1)
      }
      return true
    case 4:
      for (let x = 0; x < line.length; x++) {
        const left = line[x - step] ?? 0
        const upperLeft = previous[x - step] ?? 0
        line[x] = (line[x] ?? 0) + paeth(left, previous[x] ?? 0, upperLeft)
      }
      return true
    default:
      return false
  }
}

function paeth(left: number, above: number, upperLeft: number): number {
  const estimate = left + above - upperLeft
  const toLeft = Math.abs(estimate - left)
  const toAbove = Math.abs(estimate - above)
  const toUpperLeft = Math.abs(estimate - upperLeft)
  if (toLeft <= toAbove && toLeft <= toUpperLeft) return left
  return toAbove <= toUpperLeft ? above : upperLeft
}

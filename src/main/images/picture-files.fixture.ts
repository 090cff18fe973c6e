import { crc32 } from 'node:zlib'

/** Picture files of kinds that the image library reads but does not write, for tests: byte by byte. */

export interface TiffPage {
  readonly width: number
  readonly height: number
  /** Samples of a pixel after another, row by row. */
  readonly samples: readonly number[] | Uint16Array | Float32Array
  readonly samplesPerPixel?: number
  readonly bits: 1 | 8 | 16 | 32
  /** 1 unsigned, 2 signed, 3 floating point. */
  readonly sampleFormat?: 1 | 2 | 3
  /** 1 black is zero, 2 RGB, 3 palette, 5 CMYK. */
  readonly photometric?: number
  readonly orientation?: number
  /** Unassociated alpha as the last sample. */
  readonly hasAlpha?: boolean
  /** 16-bit palette: all reds, all greens, all blues. */
  readonly palette?: readonly number[]
}

const shortType = 3
const longType = 4

/** An uncompressed little-endian TIFF of one strip a page. */
export function tiffFile(...pages: readonly TiffPage[]): Buffer {
  const parts: Buffer[] = [Buffer.from('II*\0'), Buffer.alloc(4)]
  let length = 8
  let pointer = 4
  const place = (part: Buffer): number => {
    const at = length
    const padded = part.length % 2 === 0 ? part : Buffer.concat([part, Buffer.alloc(1)])
    parts.push(padded)
    length += padded.length
    return at
  }
  const pointers: { readonly at: number; readonly to: number }[] = []
  for (const page of pages) {
    const perPixel = page.samplesPerPixel ?? 1
    const strip = encodeSamples(page)
    const stripAt = place(strip)
    const many = (values: readonly number[]): number => place(shorts(values))
    const entries: (readonly [tag: number, type: number, count: number, value: number])[] = [
      [256, longType, 1, page.width],
      [257, longType, 1, page.height],
      perPixel > 2
        ? [258, shortType, perPixel, many(Array.from({ length: perPixel }, () => page.bits))]
        : [258, shortType, perPixel, perPixel === 2 ? page.bits | (page.bits << 16) : page.bits],
      [259, shortType, 1, 1],
      [262, shortType, 1, page.photometric ?? (perPixel >= 3 ? 2 : 1)],
      [273, longType, 1, stripAt],
      [274, shortType, 1, page.orientation ?? 1],
      [277, shortType, 1, perPixel],
      [278, longType, 1, page.height],
      [279, longType, 1, strip.length],
    ]
    if (page.palette !== undefined) entries.push([320, shortType, page.palette.length, many(page.palette)])
    if (page.hasAlpha === true) entries.push([338, shortType, 1, 2])
    if (page.sampleFormat !== undefined && page.sampleFormat !== 1) entries.push([339, shortType, 1, page.sampleFormat])
    const directory = Buffer.alloc(2 + entries.length * 12 + 4)
    directory.writeUInt16LE(entries.length, 0)
    for (const [index, [tag, type, count, value]] of entries.entries()) {
      const at = 2 + index * 12
      directory.writeUInt16LE(tag, at)
      directory.writeUInt16LE(type, at + 2)
      directory.writeUInt32LE(count, at + 4)
      directory.writeUInt32LE(value, at + 8)
    }
    const directoryAt = place(directory)
    pointers.push({ at: pointer, to: directoryAt })
    pointer = directoryAt + 2 + entries.length * 12
  }
  const file = Buffer.concat(parts)
  for (const { at, to } of pointers) file.writeUInt32LE(to, at)
  return file
}

function shorts(values: readonly number[]): Buffer {
  return Buffer.from(Uint16Array.from(values).buffer)
}

function encodeSamples({ samples, bits, sampleFormat, width, height }: TiffPage): Buffer {
  if (bits === 8) return Buffer.from(Uint8Array.from(samples))
  if (bits === 16) return shorts([...samples])
  if (bits === 32) {
    return Buffer.from(sampleFormat === 3 ? Float32Array.from(samples).buffer : Uint32Array.from(samples).buffer)
  }
  const stride = Math.ceil(width / 8)
  const packed = Buffer.alloc(stride * height)
  for (const [index, value] of [...samples].entries()) {
    const [x, y] = [index % width, Math.floor(index / width)]
    if (value !== 0)
      packed.writeUInt8(packed.readUInt8(y * stride + (x >> 3)) | (128 >> (x & 7)), y * stride + (x >> 3))
  }
  return packed
}

/** A PNG with these chunks put in after the header chunk. */
export function withPngChunks(png: Buffer, chunks: readonly (readonly [type: string, data: Buffer])[]): Buffer {
  const headerEnd = 33
  const made = chunks.map(([type, data]) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
    const chunk = Buffer.alloc(body.length + 8)
    chunk.writeUInt32BE(data.length, 0)
    body.copy(chunk, 4)
    chunk.writeUInt32BE(crc32(body), body.length + 4)
    return chunk
  })
  return Buffer.concat([png.subarray(0, headerEnd), ...made, png.subarray(headerEnd)])
}

/** A PNG whose header says this size; nothing else of it is changed. */
export function withPngSize(png: Buffer, width: number, height: number): Buffer {
  const changed = Buffer.from(png)
  changed.writeUInt32BE(width, 16)
  changed.writeUInt32BE(height, 20)
  changed.writeUInt32BE(crc32(changed.subarray(12, 29)), 29)
  return changed
}

/** A JPEG whose frame header says this size. Throws when it has none. */
export function withJpegSize(jpeg: Buffer, width: number, height: number): Buffer {
  const changed = Buffer.from(jpeg)
  for (let at = 2; at + 9 < changed.length; at += 2 + changed.readUInt16BE(at + 2)) {
    const marker = changed.readUInt8(at + 1)
    if (marker !== 0xc0 && marker !== 0xc2) continue
    changed.writeUInt16BE(height, at + 5)
    changed.writeUInt16BE(width, at + 7)
    return changed
  }
  throw new Error('no frame header')
}

/** The TIFF structure of EXIF data with nothing but an orientation, whatever its value. */
export function exifOrientation(orientation: number): Buffer {
  const exif = Buffer.alloc(26)
  exif.write('II*\0', 0, 'latin1')
  exif.writeUInt32LE(8, 4)
  exif.writeUInt16LE(1, 8)
  exif.writeUInt16LE(0x0112, 10)
  exif.writeUInt16LE(shortType, 12)
  exif.writeUInt32LE(1, 14)
  exif.writeUInt16LE(orientation, 18)
  return exif
}

/** A JPEG with this as its EXIF segment, in front of all others; `claimed` is the length the segment says it has. */
export function withJpegExif(jpeg: Buffer, exif: Buffer, claimed = exif.length + 8): Buffer {
  const segment = Buffer.concat([Buffer.from([0xff, 0xe1, claimed >> 8, claimed & 255]), Buffer.from('Exif\0\0'), exif])
  return Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)])
}

/** How the numbers of a TIFF are written: either order of bytes, offsets of 32 bits or of 64 (BigTIFF). */
export interface TiffNumbers {
  readonly isLittle: boolean
  readonly isBig: boolean
}

/** An uncompressed 8-bit grey TIFF of one strip, its samples before its directory. `position` is that of its orientation. */
export function greyTiff(
  {
    width,
    height,
    samples,
    orientation,
  }: Pick<TiffPage, 'width' | 'height'> & { readonly samples: Uint8Array; readonly orientation: number },
  { isLittle, isBig }: TiffNumbers,
): { readonly bytes: Buffer; readonly position: number } {
  const number = (length: 2 | 4 | 8, value: number): Buffer => {
    const bytes = Buffer.alloc(length)
    if (length === 8) bytes.writeBigUInt64BE(BigInt(value))
    else bytes.writeUIntBE(value, 0, length)
    return isLittle ? bytes.reverse() : bytes
  }
  const offset = (value: number): Buffer => number(isBig ? 8 : 4, value)
  const short = (tag: number, value: number): Buffer => {
    const parts = [number(2, tag), number(2, shortType), offset(1), number(2, value), Buffer.alloc(isBig ? 6 : 2)]
    return Buffer.concat(parts)
  }
  const long = (tag: number, value: number): Buffer => {
    const parts = [number(2, tag), number(2, longType), offset(1), number(4, value), Buffer.alloc(isBig ? 4 : 0)]
    return Buffer.concat(parts)
  }
  const headLength = isBig ? 16 : 8
  const directoryAt = headLength + samples.length + (samples.length % 2)
  const head = Buffer.concat([
    Buffer.from(isLittle ? 'II' : 'MM'),
    number(2, isBig ? 43 : 42),
    ...(isBig ? [number(2, 8), number(2, 0)] : []),
    offset(directoryAt),
  ])
  const before = [
    long(256, width),
    long(257, height),
    short(258, 8),
    short(259, 1),
    short(262, 1),
    long(273, headLength),
  ]
  const entries = [...before, short(274, orientation), short(277, 1), long(278, height), long(279, samples.length)]
  const count = number(isBig ? 8 : 2, entries.length)
  const bytes = Buffer.concat([head, samples, Buffer.alloc(samples.length % 2), count, ...entries, offset(0)])
  const position = directoryAt + Buffer.concat([count, ...before]).length + (isBig ? 12 : 8)
  return { bytes, position }
}

import { crc32, deflateSync } from 'node:zlib'
import fc from 'fast-check'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { decodeIndexPng, decodeLabelPng, encodeIndexPng } from './index-png.ts'

/** A second, naive PNG writer: any bit depth, colour type, filter and interlacing. */
function makePng(options: {
  readonly width: number
  readonly height: number
  readonly bitDepth: number
  readonly colourType: number
  readonly samples: Uint8Array
  readonly filter?: number
  readonly interlaced?: boolean
  readonly palette?: Uint8Array
}): Buffer {
  const { width, height, bitDepth, colourType, samples, filter = 0, interlaced = false } = options
  const passes = interlaced
    ? [
        [0, 0, 8, 8],
        [4, 0, 8, 8],
        [0, 4, 4, 8],
        [2, 0, 4, 4],
        [0, 2, 2, 4],
        [1, 0, 2, 2],
        [0, 1, 1, 2],
      ]
    : [[0, 0, 1, 1]]
  const out: number[] = []
  for (const [left = 0, top = 0, stepX = 1, stepY = 1] of passes) {
    if (left >= width || top >= height) continue
    let previous: number[] = []
    for (let y = top; y < height; y += stepY) {
      let bits = ''
      for (let x = left; x < width; x += stepX)
        bits += (samples[y * width + x] ?? 0).toString(2).padStart(bitDepth, '0')
      const line = (bits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2))
      out.push(filter)
      line.forEach((value, index) => {
        const a = line[index - 1] ?? 0
        const b = previous[index] ?? 0
        const c = previous[index - 1] ?? 0
        const p = a + b - c
        const nearest = [a, b, c].toSorted((l, r) => Math.abs(p - l) - Math.abs(p - r))[0] ?? 0
        const paeth = [a, b, c].find((candidate) => Math.abs(p - candidate) === Math.abs(p - nearest)) ?? 0
        const predicted = [0, a, b, (a + b) >> 1, paeth][filter] ?? 0
        out.push((value - predicted) & 255)
      })
      previous = line
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([bitDepth, colourType, 0, 0, interlaced ? 1 : 0], 8)
  const packed = deflateSync(Buffer.from(out))
  const middle = packed.length >> 1
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    block('IHDR', header),
    block('gAMA', Buffer.from([0, 0, 0xb1, 0x8f])),
    ...(options.palette === undefined ? [] : [block('PLTE', Buffer.from(options.palette))]),
    block('IDAT', packed.subarray(0, middle)),
    block('IDAT', packed.subarray(middle)),
    block('IEND', Buffer.alloc(0)),
  ])
}

function block(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), content])
  const bytes = Buffer.alloc(body.length + 8)
  bytes.writeUInt32BE(content.length, 0)
  body.copy(bytes, 4)
  bytes.writeUInt32BE(crc32(body), body.length + 4)
  return bytes
}

const pictures = fc
  .record({
    width: fc.integer({ min: 1, max: 19 }),
    height: fc.integer({ min: 1, max: 19 }),
    bitDepth: fc.constantFrom(1, 2, 4, 8),
    colourType: fc.constantFrom(0, 3),
    filter: fc.integer({ min: 0, max: 4 }),
    interlaced: fc.boolean(),
  })
  .chain((shape) =>
    fc
      .uint8Array({ minLength: shape.width * shape.height, maxLength: shape.width * shape.height })
      .map((bytes) => ({ ...shape, samples: bytes.map((byte) => byte >> (8 - shape.bitDepth)) })),
  )

/** All colours of the palette are equal: only the indices tell the pixels apart. */
const greyPalette = new Uint8Array(768).fill(77)

test('stored samples come out exactly: every bit depth, filter, grey and palette, interlaced or not', async () => {
  await fc.assert(
    fc.asyncProperty(pictures, async (picture) => {
      const png = makePng({ ...picture, ...(picture.colourType === 3 ? { palette: greyPalette } : {}) })
      const { width, height, samples } = picture
      expect(await decodeIndexPng('a.png', png)).toEqual({ width, height, data: samples })
    }),
    { numRuns: 300 },
  )
})

test('what is written is read back, by us and by libvips', async () => {
  await fc.assert(
    fc.asyncProperty(pictures, async ({ width, height, samples }) => {
      const image = { width, height, data: samples }
      const png = await encodeIndexPng(image)
      expect(await decodeIndexPng('a.png', png)).toEqual(image)
      const { data, info } = await sharp(png).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true })
      expect(info.channels).toBe(1)
      expect(new Uint8Array(data)).toEqual(samples)
    }),
    { numRuns: 40 },
  )
})

test('palette and grey pictures written by libvips', async () => {
  const data = Uint8Array.from({ length: 64 * 48 }, (_, index) => (index % 64 < 32 ? 0 : 255))
  const grey = sharp(data, { raw: { width: 64, height: 48, channels: 1 } })
  const eight = await grey.clone().toColourspace('b-w').png().toBuffer()
  expect(await decodeIndexPng('a.png', eight)).toEqual({ width: 64, height: 48, data })
  const palette = await grey.clone().png({ palette: true, colours: 2 }).toBuffer()
  const indices = await decodeIndexPng('a.png', palette)
  expect(new Set(indices.data)).toEqual(new Set([0, 1]))
  expect(indices.data.map((index) => index ^ (indices.data[0] ?? 0))).toEqual(data.map((value) => value & 1))
})

test('a grey picture saved as RGB, with or without alpha, is the grey picture', async () => {
  await fc.assert(
    fc.asyncProperty(
      pictures.filter(({ bitDepth }) => bitDepth === 8),
      fc.constantFrom(2, 3, 4),
      async ({ width, height, samples, filter, interlaced }, channels) => {
        const data = new Uint8Array(samples.length * channels).fill(255)
        samples.forEach((grey, at) => data.fill(grey, at * channels, at * channels + (channels < 3 ? 1 : 3)))
        const raw = sharp(data, { raw: { width, height, channels: channels as 2 | 3 | 4 } })
        const png = await raw.png({ adaptiveFiltering: filter > 0, progressive: interlaced }).toBuffer()
        expect(await decodeIndexPng('a.png', png)).toEqual({ width, height, data: samples })
      },
    ),
    { numRuns: 60 },
  )
})

test('one coloured or see-through pixel is enough to refuse a picture, in one sentence', async () => {
  const grey = new Uint8Array(40 * 30 * 4).fill(255)
  const spoilt = async (at: number): Promise<Buffer> => {
    const data = grey.slice()
    data[at] = 254
    return await sharp(data, { raw: { width: 40, height: 30, channels: 4 } })
      .png()
      .toBuffer()
  }
  for (const channel of [0, 1, 2]) {
    await expect(decodeIndexPng('/x/a.png', await spoilt(4 * 777 + channel))).rejects.toThrow(
      'a.png cannot be read as a class mask: it holds colours instead of class numbers; save it as an 8-bit grey or palette PNG.',
    )
  }
  await expect(decodeIndexPng('a.png', await spoilt(4 * 777 + 3))).rejects.toThrow(/see-through/)
})

test('colours and 16 bits are refused, damage is named', async () => {
  const samples = Uint8Array.of(9, 8, 7)
  const rgb = await sharp(samples, { raw: { width: 1, height: 1, channels: 3 } })
    .png()
    .toBuffer()
  await expect(decodeIndexPng('/x/a.png', rgb)).rejects.toMatchObject({
    code: 'Unsupported',
    params: { file: 'a.png' },
  })
  const deep = await sharp(new Uint16Array(4), { raw: { width: 2, height: 2, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toBuffer()
  await expect(decodeIndexPng('a.png', deep)).rejects.toMatchObject({ code: 'Unsupported' })
  await expect(decodeIndexPng('a.png', Buffer.from('not a png'))).rejects.toMatchObject({ code: 'Unsupported' })

  const good = makePng({ width: 9, height: 9, bitDepth: 8, colourType: 0, samples: new Uint8Array(81) })
  for (let length = 8; length < good.length; length++) {
    await expect(decodeIndexPng('a.png', good.subarray(0, length))).rejects.toMatchObject({ code: 'InvalidInput' })
  }
  for (let at = 8; at < good.length; at++) {
    const bad = Buffer.from(good)
    bad[at] = (bad[at] ?? 0) ^ 1
    await expect(decodeIndexPng('a.png', bad)).rejects.toMatchObject({ code: 'InvalidInput' })
  }
})

const sizes = fc.record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 30 }) })

test('a palette picture keeps indices and colours, for us and for libvips', async () => {
  await fc.assert(
    fc.asyncProperty(
      sizes,
      fc.array(fc.integer({ min: 0, max: 0xffffff }), { minLength: 1, maxLength: 256 }),
      fc.nat(),
      async ({ width, height }, palette, seed) => {
        const data = Uint8Array.from({ length: width * height }, (_, at) => (at * (seed % 251)) % palette.length)
        const png = await encodeIndexPng({ width, height, data, palette })
        expect(await decodeLabelPng('a.png', png)).toEqual({ kind: 'palette', width, height, data, palette })
        // The older reader takes the indices whatever the colours.
        expect(await decodeIndexPng('a.png', png)).toEqual({ width, height, data })
        const raw = await sharp(png).toColourspace('srgb').removeAlpha().raw().toBuffer()
        const colours = Array.from({ length: width * height }, (_, at) => raw.readUIntBE(3 * at, 3))
        expect(colours).toEqual([...data].map((index) => palette[index]))
      },
    ),
    { numRuns: 60 },
  )
})

test('16-bit grey keeps every sample, for us and for libvips, whoever wrote it', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(), fc.boolean(), async ({ width, height }, seed, filtered) => {
      const data = Uint16Array.from({ length: width * height }, (_, at) => (at * 257 + seed) & 0xffff)
      const image = { width, height, data }
      const ours = await encodeIndexPng(image)
      expect(await decodeLabelPng('a.png', ours)).toEqual({ kind: 'grey', ...image })
      const read = await sharp(ours).toColourspace('grey16').raw({ depth: 'ushort' }).toBuffer()
      expect(Array.from({ length: data.length }, (_, at) => read.readUInt16LE(2 * at))).toEqual([...data])
      const theirs = await sharp(data, { raw: { width, height, channels: 1 } })
        .toColourspace('grey16')
        .png({ adaptiveFiltering: filtered, progressive: filtered })
        .toBuffer()
      expect(await decodeLabelPng('a.png', theirs)).toEqual({ kind: 'grey', ...image })
    }),
    { numRuns: 40 },
  )
})

test('colours come out as they are; a see-through pixel or 16 bits a colour are refused', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(), fc.boolean(), async ({ width, height }, seed, filtered) => {
      const samples = Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 7 + seed) & 255)
      const png = await sharp(samples, { raw: { width, height, channels: 3 } })
        .png({ adaptiveFiltering: filtered, progressive: filtered })
        .toBuffer()
      const data = Uint32Array.from({ length: width * height }, (_, at) => Buffer.from(samples).readUIntBE(3 * at, 3))
      expect(await decodeLabelPng('a.png', png)).toEqual({ kind: 'colour', width, height, data })
    }),
    { numRuns: 40 },
  )
  const see = sharp(Uint8Array.of(1, 2, 3, 254), { raw: { width: 1, height: 1, channels: 4 } })
  await expect(decodeLabelPng('a.png', await see.png().toBuffer())).rejects.toThrow(/see-through/)
  const deep = sharp(new Uint16Array(3), { raw: { width: 1, height: 1, channels: 3 } }).toColourspace('rgb16')
  await expect(decodeLabelPng('a.png', await deep.png().toBuffer())).rejects.toThrow(/colours of 16 bits/)
})

test('what does not fit together is not written', async () => {
  const image = { width: 2, height: 1, data: Uint8Array.of(0, 3) }
  await expect(encodeIndexPng({ ...image, palette: [0, 1, 2] })).rejects.toThrow('no colour in the palette')
  await expect(encodeIndexPng({ ...image, palette: [] })).rejects.toThrow('1 to 256 colours')
  await expect(encodeIndexPng({ ...image, data: Uint16Array.of(0, 1), palette: [0, 1] })).rejects.toThrow('8-bit')
  await expect(encodeIndexPng({ ...image, height: 2 })).rejects.toThrow('width x height')
})

test('a small file that unpacks to far more than its size says is stopped', async () => {
  const bomb = makePng({ width: 1, height: 1, bitDepth: 8, colourType: 0, samples: new Uint8Array(1) })
  const idat = block('IDAT', deflateSync(Buffer.alloc(50_000_000)))
  const header = bomb.subarray(0, 8 + 25)
  const png = Buffer.concat([header, idat, block('IEND', Buffer.alloc(0))])
  await expect(decodeIndexPng('a.png', png)).rejects.toMatchObject({ code: 'InvalidInput' })
})

test('a header that claims too many pixels is refused before memory is taken', async () => {
  const png = makePng({ width: 1, height: 1, bitDepth: 8, colourType: 0, samples: new Uint8Array(1) })
  const header = Buffer.alloc(13)
  header.writeUInt32BE(100_000, 0)
  header.writeUInt32BE(100_000, 4)
  header[8] = 8
  const huge = Buffer.concat([png.subarray(0, 8), block('IHDR', header), png.subarray(8 + 25)])
  await expect(decodeIndexPng('a.png', huge)).rejects.toMatchObject({ code: 'Unsupported', key: 'imageTooLarge' })
})

import sharp from 'sharp'
import type { Sharp } from 'sharp'
import { exifOrientation, tiffFile, withJpegExif, withPngChunks } from './picture-files.fixture.ts'

type Colour = readonly [number, number, number]

/** One picture of the set: its bytes and what has to be seen. */
export interface FormatSample {
  /** The ending is wrong on purpose where the name says so. */
  readonly name: string
  readonly bytes: Buffer
  readonly format: 'jpeg' | 'png' | 'webp' | 'tiff'
  readonly width: number
  readonly height: number
  readonly orientation?: number
  readonly pages?: number
  /** The colour that every displayed pixel (x, y) has, by quarter or column as the sample says. */
  readonly colourAt: (x: number, y: number) => Colour
  /** Largest difference of a channel that the format or the rule allows. */
  readonly tolerance: number
}

const [width, height] = [48, 32]
const quarters: readonly Colour[] = [
  [220, 30, 30],
  [30, 200, 30],
  [30, 30, 210],
  [230, 220, 40],
]

function quarterAt(x: number, y: number): Colour {
  return quarters[(y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)] ?? [0, 0, 0]
}

const greyOf = (x: number): number => (x < width / 2 ? 60 : 190)
const greyAt = (x: number): Colour => [greyOf(x), greyOf(x), greyOf(x)]

/** Samples row by row; `sample` gives those of one pixel. */
function fill(sample: (x: number, y: number) => readonly number[]): number[] {
  return Array.from({ length: width * height }, (_, at) => sample(at % width, Math.floor(at / width))).flat()
}

/** Where a displayed pixel lies in the file, by the table of EXIF orientations. */
const fromDisplayed: Readonly<
  Record<number, (x: number, y: number, w: number, h: number) => readonly [number, number]>
> = {
  1: (x, y) => [x, y],
  2: (x, y, w) => [w - 1 - x, y],
  3: (x, y, w, h) => [w - 1 - x, h - 1 - y],
  4: (x, y, _w, h) => [x, h - 1 - y],
  5: (x, y) => [y, x],
  6: (x, y, w) => [y, w - 1 - x],
  7: (x, y, w, h) => [h - 1 - y, w - 1 - x],
  8: (x, y, _w, h) => [h - 1 - y, x],
}

/** Pixels as stored by a camera held in this orientation. */
function stored(orientation: number): { readonly width: number; readonly height: number; readonly data: Uint8Array } {
  const isTurned = orientation >= 5
  const size = isTurned ? { width: height, height: width } : { width, height }
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [fx, fy] = fromDisplayed[orientation]?.(x, y, width, height) ?? [0, 0]
      data.set(quarterAt(x, y), (fy * size.width + fx) * 3)
    }
  }
  return { ...size, data }
}

const best = { quality: 100, chromaSubsampling: '4:4:4' }
const rgb = (): Sharp => sharp(stored(1).data, { raw: { width, height, channels: 3 } })
const plain = { width, height, colourAt: quarterAt, tolerance: 0 } as const

async function oriented(): Promise<FormatSample[]> {
  const samples: FormatSample[] = []
  for (let orientation = 1; orientation <= 8; orientation++) {
    const { data, ...size } = stored(orientation)
    const image = sharp(data, { raw: { ...size, channels: 3 } })
    const exif = exifOrientation(orientation)
    const common = { ...plain, orientation }
    samples.push(
      {
        ...common,
        name: `turned-${orientation}.jpg`,
        format: 'jpeg',
        bytes: withJpegExif(await image.clone().jpeg(best).toBuffer(), exif),
        tolerance: 6,
      },
      {
        ...common,
        name: `turned-${orientation}.png`,
        format: 'png',
        bytes: withPngChunks(await image.clone().png().toBuffer(), [['eXIf', exif]]),
      },
      {
        ...common,
        name: `turned-${orientation}.webp`,
        format: 'webp',
        bytes: await image.clone().withMetadata({ orientation }).webp({ lossless: true }).toBuffer(),
      },
      {
        ...common,
        name: `turned-${orientation}.tif`,
        format: 'tiff',
        bytes: tiffFile({ ...size, samples: [...data], samplesPerPixel: 3, bits: 8, orientation }),
      },
    )
  }
  return samples
}

/** An orientation that is none is taken for 1, never for a reason to refuse. */
async function oddlyOriented(): Promise<FormatSample[]> {
  const samples: FormatSample[] = []
  const jpeg = await rgb().jpeg(best).toBuffer()
  const png = await rgb().png().toBuffer()
  for (const orientation of [0, 9, 255]) {
    const exif = exifOrientation(orientation)
    const pixels = { samples: [...stored(1).data], samplesPerPixel: 3, bits: 8, orientation } as const
    samples.push(
      { ...plain, name: `odd-${orientation}.jpg`, format: 'jpeg', bytes: withJpegExif(jpeg, exif), tolerance: 6 },
      { ...plain, name: `odd-${orientation}.png`, format: 'png', bytes: withPngChunks(png, [['eXIf', exif]]) },
      { ...plain, name: `odd-${orientation}.tif`, format: 'tiff', bytes: tiffFile({ width, height, ...pixels }) },
    )
  }
  const cut = exifOrientation(6).subarray(0, 12)
  samples.push(
    { ...plain, name: 'exif-cut.jpg', format: 'jpeg', bytes: withJpegExif(jpeg, cut), tolerance: 6 },
    {
      ...plain,
      name: 'exif-noise.jpg',
      format: 'jpeg',
      bytes: withJpegExif(jpeg, Buffer.from('no exif')),
      tolerance: 6,
    },
    { ...plain, name: 'exif-cut.png', format: 'png', bytes: withPngChunks(png, [['eXIf', cut]]) },
  )
  return samples
}

/** 16 bits: the smallest usual depth that holds the largest sample becomes black to white. */
function deep(): FormatSample[] {
  const column = (low: number, high: number) => fill((x) => [x < width / 2 ? low : high])
  const shown =
    (low: number, high: number) =>
    (x: number): Colour => {
      const value = x < width / 2 ? low : high
      return [value, value, value]
    }
  const grey = { width, height, bits: 16 } as const
  const rgb16 = fill((x, y) => quarterAt(x, y).map((value) => value * 257))
  const wide = { ...plain, format: 'tiff', tolerance: 1 } as const
  const opaque = fill((x) => [greyOf(x) * 257, 65_535])
  return [
    { ...wide, name: 'deep-rgb.tif', bytes: tiffFile({ ...grey, samples: rgb16, samplesPerPixel: 3 }) },
    {
      ...wide,
      name: 'deep-16.tif',
      bytes: tiffFile({ ...grey, samples: column(16_448, 65_535) }),
      colourAt: shown(64, 255),
    },
    { ...wide, name: 'deep-14.tif', bytes: tiffFile({ ...grey, samples: column(0, 16_383) }), colourAt: shown(0, 255) },
    {
      ...wide,
      name: 'deep-12.tif',
      bytes: tiffFile({ ...grey, samples: column(1028, 4000) }),
      colourAt: shown(64, 249),
    },
    {
      ...wide,
      name: 'deep-10.tif',
      bytes: tiffFile({ ...grey, samples: column(257, 1023) }),
      colourAt: shown(64, 255),
    },
    { ...wide, name: 'deep-8.tif', bytes: tiffFile({ ...grey, samples: column(60, 190) }), colourAt: greyAt },
    {
      ...wide,
      name: 'deep-alpha.tif',
      bytes: tiffFile({ ...grey, samples: opaque, samplesPerPixel: 2, hasAlpha: true }),
      colourAt: greyAt,
    },
  ]
}

async function channels(): Promise<FormatSample[]> {
  const halfClear = fill((x) => (x < width / 2 ? [255, 0, 0, 0] : [0, 0, 255, 255]))
  const overWhite = (x: number): Colour => (x < width / 2 ? [255, 255, 255] : [0, 0, 255])
  const alpha = sharp(Uint8Array.from(halfClear), { raw: { width, height, channels: 4 } })
  const grey = Uint8Array.from(fill((x) => [greyOf(x)]))
  const greyImage = sharp(grey, { raw: { width, height, channels: 1 } }).toColourspace('b-w')
  const greyAlpha = fill((x) => [60, x < width / 2 ? 255 : 0])
  const greyOverWhite = (x: number): Colour => (x < width / 2 ? [60, 60, 60] : [255, 255, 255])
  const bits = fill((x) => [x < width / 2 ? 0 : 1])
  const twoTones = (x: number): Colour => (x < width / 2 ? [0, 0, 0] : [255, 255, 255])
  const white = (): Colour => [255, 255, 255]
  const cmyk = sharp({ create: { width, height, channels: 3, background: '#fff' } }).toColourspace('cmyk')
  const palette = [...Array.from({ length: 256 }, (_, at) => (quarters[at]?.[0] ?? 0) * 257)]
    .concat(Array.from({ length: 256 }, (_, at) => (quarters[at]?.[1] ?? 0) * 257))
    .concat(Array.from({ length: 256 }, (_, at) => (quarters[at]?.[2] ?? 0) * 257))
  const indices = fill((x, y) => [(y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)])
  const clear = { ...plain, colourAt: overWhite } as const
  return [
    { ...plain, name: 'plain.tif', format: 'tiff', bytes: await rgb().tiff({ compression: 'lzw' }).toBuffer() },
    { ...plain, name: 'interlaced.png', format: 'png', bytes: await rgb().png({ progressive: true }).toBuffer() },
    {
      ...plain,
      name: 'palette.png',
      format: 'png',
      bytes: await rgb().png({ palette: true, dither: 0 }).toBuffer(),
      tolerance: 2,
    },
    {
      ...plain,
      name: 'progressive.jpg',
      format: 'jpeg',
      bytes: await rgb()
        .jpeg({ ...best, progressive: true })
        .toBuffer(),
      tolerance: 6,
    },
    { ...clear, name: 'alpha.png', format: 'png', bytes: await alpha.clone().png().toBuffer() },
    { ...clear, name: 'alpha.webp', format: 'webp', bytes: await alpha.clone().webp({ lossless: true }).toBuffer() },
    {
      ...clear,
      name: 'alpha.tif',
      format: 'tiff',
      bytes: tiffFile({ width, height, samples: halfClear, samplesPerPixel: 4, bits: 8, hasAlpha: true }),
    },
    {
      ...plain,
      name: 'grey.jpg',
      format: 'jpeg',
      bytes: await greyImage.clone().jpeg(best).toBuffer(),
      colourAt: greyAt,
      tolerance: 6,
    },
    { ...plain, name: 'grey.png', format: 'png', bytes: await greyImage.clone().png().toBuffer(), colourAt: greyAt },
    {
      ...plain,
      name: 'grey.tif',
      format: 'tiff',
      bytes: tiffFile({ width, height, samples: [...grey], bits: 8 }),
      colourAt: greyAt,
    },
    {
      ...plain,
      name: 'grey-alpha.tif',
      format: 'tiff',
      bytes: tiffFile({ width, height, samples: greyAlpha, samplesPerPixel: 2, bits: 8, hasAlpha: true }),
      colourAt: greyOverWhite,
    },
    {
      ...plain,
      name: 'one-bit.tif',
      format: 'tiff',
      bytes: tiffFile({ width, height, samples: bits, bits: 1 }),
      colourAt: twoTones,
    },
    {
      ...plain,
      name: 'one-bit.png',
      format: 'png',
      bytes: await sharp(
        Uint8Array.from(bits, (bit) => bit * 255),
        { raw: { width, height, channels: 1 } },
      )
        .png({ palette: true, colours: 2, dither: 0 })
        .toBuffer(),
      colourAt: twoTones,
    },
    {
      ...plain,
      name: 'palette.tif',
      format: 'tiff',
      bytes: tiffFile({ width, height, samples: indices, bits: 8, photometric: 3, palette }),
    },
    {
      ...plain,
      name: 'cmyk.jpg',
      format: 'jpeg',
      bytes: await cmyk.clone().jpeg(best).toBuffer(),
      colourAt: white,
      tolerance: 6,
    },
    {
      ...plain,
      name: 'cmyk.tif',
      format: 'tiff',
      bytes: tiffFile({
        width,
        height,
        samples: fill(() => [0, 0, 0, 0]),
        samplesPerPixel: 4,
        bits: 8,
        photometric: 5,
      }),
      colourAt: white,
      tolerance: 2,
    },
    // Display P3 with its profile attached: what is seen is the same colour in sRGB, not the stored numbers.
    {
      ...plain,
      name: 'profile.png',
      format: 'png',
      bytes: await rgb().withIccProfile('p3').png().toBuffer(),
      tolerance: 3,
    },
    { ...plain, name: 'png-inside.jpg', format: 'png', bytes: await rgb().png().toBuffer() },
    { ...plain, name: 'tiff-inside.png', format: 'tiff', bytes: await rgb().tiff({ compression: 'lzw' }).toBuffer() },
  ]
}

async function several(): Promise<FormatSample[]> {
  const first = { width, height, samples: [...stored(1).data], samplesPerPixel: 3, bits: 8 } as const
  const second = { width: 4, height: 4, samples: Array.from({ length: 16 }, () => 9), bits: 8 } as const
  const frames = Buffer.concat([Buffer.from(stored(1).data), Buffer.alloc(width * height * 3, 90)])
  const animation = sharp(frames, { raw: { width, height: height * 2, channels: 3, pageHeight: height } })
  const frameCount = Buffer.alloc(8)
  frameCount.writeUInt32BE(7, 0)
  return [
    { ...plain, name: 'pages.tif', format: 'tiff', bytes: tiffFile(first, second, second), pages: 3 },
    {
      ...plain,
      name: 'animated.webp',
      format: 'webp',
      bytes: await animation.webp({ lossless: true, delay: [90, 90] }).toBuffer(),
      pages: 2,
    },
    {
      ...plain,
      name: 'animated.png',
      format: 'png',
      bytes: withPngChunks(await rgb().png().toBuffer(), [['acTL', frameCount]]),
      pages: 7,
    },
  ]
}

/** A picture of every kind that can be opened. */
export async function formatSet(): Promise<FormatSample[]> {
  return [...(await oriented()), ...(await oddlyOriented()), ...deep(), ...(await channels()), ...(await several())]
}

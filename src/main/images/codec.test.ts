import { mkdir, mkdtemp, readFile, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCodec } from './codec-client.ts'
import type { SupervisedCodec } from './codec-client.ts'
import { forkSpawner } from '../processes/spawner.ts'
import { halve } from './picture-cache.ts'

let folder = ''
let codec: SupervisedCodec
const log: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codec-'))
  codec = createCodec({ log: (line) => log.push(line) })
})

afterAll(async () => {
  await codec.close()
  await rm(folder, { recursive: true })
})

test('it says what it decodes with', async () => {
  expect(await codec.library()).toEqual({
    version: sharp.versions.sharp,
    libvips: sharp.versions.vips,
    build: 'emscripten' in sharp.versions ? 'wasm' : 'native',
  })
})

type Colour = readonly [number, number, number]
const corners: readonly Colour[] = [
  [220, 30, 30],
  [30, 200, 30],
  [30, 30, 210],
  [230, 220, 40],
]

/** As displayed: 48 x 32 with a colour per quarter (upper left, upper right, lower left, lower right). */
const displayed = { width: 48, height: 32 }

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

function quarter(x: number, y: number): Colour {
  return corners[(y < displayed.height / 2 ? 0 : 2) + (x < displayed.width / 2 ? 0 : 1)] ?? [0, 0, 0]
}

async function makeOriented(orientation: number, format: 'jpeg' | 'png' | 'webp'): Promise<string> {
  const { width: w, height: h } = displayed
  const swapped = orientation >= 5
  const width = swapped ? h : w
  const height = swapped ? w : h
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const [fx, fy] = fromDisplayed[orientation]?.(x, y, w, h) ?? [0, 0]
      data.set(quarter(x, y), (fy * width + fx) * 3)
    }
  }
  const path = join(folder, `o${orientation}.${format}`)
  const image = sharp(data, { raw: { width, height, channels: 3 } }).withMetadata({ orientation })
  if (format === 'jpeg') await image.jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toFile(path)
  else if (format === 'png') await image.png().toFile(path)
  else await image.webp({ lossless: true }).toFile(path)
  return path
}

function near(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expected.forEach((value, index) => expect(Math.abs((actual[index] ?? -999) - value)).toBeLessThanOrEqual(tolerance))
}

function pixel(image: { readonly width: number; readonly data: Uint8Array }, x: number, y: number): number[] {
  const at = (y * image.width + x) * 3
  return [...image.data.subarray(at, at + 3)]
}

for (const format of ['jpeg', 'png', 'webp'] as const) {
  test(`all eight orientations of ${format} are applied at every decode`, async () => {
    for (let orientation = 1; orientation <= 8; orientation++) {
      const path = await makeOriented(orientation, format)
      expect(await codec.probe(path)).toEqual({ format, ...displayed, orientation, pages: 1 })
      const tile = await codec.tile(path, 0, 0, 0)
      expect({ width: tile.width, height: tile.height }).toEqual(displayed)
      const half = await codec.pixels(path, 24, 16)
      const thumbnail = await sharp(await codec.thumbnail(path, 24))
        .raw()
        .toBuffer({ resolveWithObject: true })
      expect([thumbnail.info.width, thumbnail.info.height]).toEqual([24, 16])
      const tolerance = format === 'jpeg' ? 6 : 0
      for (const [x, y] of [
        [10, 6],
        [40, 6],
        [10, 26],
        [40, 26],
      ] as const) {
        near(pixel(tile, x, y), quarter(x, y), tolerance)
        near(pixel(half, x >> 1, y >> 1), quarter(x, y), tolerance)
        near(pixel({ width: 24, data: thumbnail.data }, x >> 1, y >> 1), quarter(x, y), 40)
      }
    }
  })
}

for (const format of ['jpeg', 'png', 'webp'] as const) {
  test(`a region of ${format} is cut from the picture as it is displayed, in all eight orientations`, async () => {
    for (let orientation = 1; orientation <= 8; orientation++) {
      const path = await makeOriented(orientation, format)
      const tolerance = format === 'jpeg' ? 6 : 0
      const { width, height } = displayed
      const whole = await codec.pixels(path, width, height)
      const same = await codec.pixels(path, width, height, { region: [0, 0, width, height] })
      near([...same.data], [...whole.data], 0)
      const region = await codec.pixels(path, 20, 10, { region: [20, 12, 20, 10] })
      expect([region.width, region.height]).toEqual([20, 10])
      for (let y = 0; y < 10; y++) {
        for (let x = 0; x < 20; x++) near(pixel(region, x, y), pixel(whole, 20 + x, 12 + y), tolerance)
      }
      // Enlarged, its corners are those of the region.
      const large = await codec.pixels(path, 60, 40, { region: [20, 12, 20, 10] })
      near(pixel(large, 0, 0), quarter(20, 12), tolerance)
      near(pixel(large, 59, 0), quarter(39, 12), tolerance)
      near(pixel(large, 0, 39), quarter(20, 21), tolerance)
      near(pixel(large, 59, 39), quarter(39, 21), tolerance)
    }
  })
}

test('a region is averaged over the area it covers, of deep pictures with the factor of the whole', async () => {
  const path = join(folder, 'region16.png')
  // 12 bits: the brightest sample, which says so, lies outside the region.
  const samples = Uint16Array.from({ length: 64 * 64 * 3 }, (_, at) =>
    at < 3 ? 4095 : (Math.floor(at / 3) % 2) * 2048,
  )
  await sharp(samples, { raw: { width: 64, height: 64, channels: 3 } })
    .toColourspace('rgb16')
    .png()
    .toFile(path)
  const { data } = await codec.pixels(path, 8, 8, { region: [16, 16, 32, 32] })
  near(
    [...data],
    Array.from({ length: 192 }, () => 64),
    6,
  )
})

test('a region that is not inside the picture is refused', async () => {
  const path = await makeOriented(1, 'png')
  await expect(codec.pixels(path, 20, 10, { region: [40, 0, 20, 10] })).rejects.toMatchObject({ code: 'InvalidInput' })
})

/** Noise that differs everywhere, so that a misplaced row or column cannot hide. */
function noise(width: number, height: number, channels: number): Uint8Array {
  let state = 7
  return Uint8Array.from({ length: width * height * channels }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state >>> 24
  })
}

test('the tiles of a picture are the picture, at every level', async () => {
  const width = 1100
  const height = 530
  const data = noise(width, height, 3)
  const path = join(folder, 'noise.png')
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toFile(path)
  let level = { width, height, data }
  for (let number = 0; number < 3; number++) {
    const whole = new Uint8Array(level.data.length)
    for (let y = 0; y * 512 < level.height; y++) {
      for (let x = 0; x * 512 < level.width; x++) {
        const tile = await codec.tile(path, number, x, y)
        expect(Object.getPrototypeOf(tile.data)).toBe(Uint8Array.prototype)
        for (let row = 0; row < tile.height; row++) {
          whole.set(
            tile.data.subarray(row * tile.width * 3, (row + 1) * tile.width * 3),
            ((y * 512 + row) * level.width + x * 512) * 3,
          )
        }
      }
    }
    expect(Buffer.compare(whole, level.data)).toBe(0)
    level = halve(level) as typeof level
  }
  await expect(codec.tile(path, 0, 3, 0)).rejects.toMatchObject({ code: 'NotFound' })
  expect((await codec.pixels(path, width, height)).data).toEqual(data)
})

test('a file that changes is decoded again', async () => {
  const path = join(folder, 'changing.png')
  const write = async (value: number, time: number): Promise<void> => {
    await sharp(new Uint8Array(3).fill(value), { raw: { width: 1, height: 1, channels: 3 } })
      .png()
      .toFile(path)
    await utimes(path, time, time)
  }
  await write(10, 1000)
  expect((await codec.tile(path, 0, 0, 0)).data).toEqual(Uint8Array.of(10, 10, 10))
  await write(20, 2000)
  expect((await codec.tile(path, 0, 0, 0)).data).toEqual(Uint8Array.of(20, 20, 20))
})

test('smaller pixels are averages over the area they cover', async () => {
  const path = join(folder, 'stripes.png')
  // Black and white columns one pixel wide: sampling instead of averaging would give black or white.
  const data = Uint8Array.from({ length: 64 * 64 }, (_, index) => (index % 2) * 255)
  await sharp(data, { raw: { width: 64, height: 64, channels: 1 } })
    .png()
    .toFile(path)
  for (const side of [32, 16, 24, 7]) {
    const { width, height, data: small } = await codec.pixels(path, side, side)
    expect([width, height]).toEqual([side, side])
    const inner = pixel({ width, data: small }, side >> 1, side >> 1)
    near(inner, [127, 127, 127], side === 24 ? 45 : 12)
    const mean = small.reduce((sum, value) => sum + value, 0) / small.length
    expect(Math.abs(mean - 127.5)).toBeLessThan(4)
  }
  const stretched = await codec.pixels(path, 100, 3)
  expect([stretched.width, stretched.height, stretched.data.length]).toEqual([100, 3, 900])
})

test('alpha, grey, 16 bits, CMYK and several pages all become 8-bit RGB', async () => {
  const rgba = join(folder, 'alpha.png')
  await sharp(Uint8Array.of(255, 0, 0, 0, 0, 0, 255, 255), { raw: { width: 2, height: 1, channels: 4 } })
    .png()
    .toFile(rgba)
  expect((await codec.tile(rgba, 0, 0, 0)).data).toEqual(Uint8Array.of(255, 255, 255, 0, 0, 255))

  const grey = join(folder, 'grey.jpg')
  await sharp(new Uint8Array(64).fill(90), { raw: { width: 8, height: 8, channels: 1 } })
    .toColourspace('b-w')
    .jpeg()
    .toFile(grey)
  near(
    [...(await codec.tile(grey, 0, 0, 0)).data],
    Array.from({ length: 192 }, () => 90),
    1,
  )

  const deep = join(folder, 'deep.png')
  await sharp(new Uint16Array(3 * 4).fill(0x8080), { raw: { width: 2, height: 2, channels: 3 } })
    .toColourspace('rgb16')
    .png()
    .toFile(deep)
  expect((await sharp(deep).metadata()).depth).toBe('ushort')
  near(
    [...(await codec.tile(deep, 0, 0, 0)).data],
    Array.from({ length: 12 }, () => 128),
    1,
  )
  expect((await codec.pixels(deep, 1, 1)).data).toHaveLength(3)

  const cmyk = join(folder, 'cmyk.jpg')
  await sharp({ create: { width: 16, height: 16, channels: 3, background: '#ffffff' } })
    .toColourspace('cmyk')
    .jpeg()
    .toFile(cmyk)
  const white = await codec.tile(cmyk, 0, 0, 0)
  expect(white.data).toHaveLength(16 * 16 * 3)
  near(pixel(white, 8, 8), [255, 255, 255], 6)

  const pages = join(folder, 'pages.tiff')
  await sharp(noise(8, 8, 3), { raw: { width: 8, height: 8, channels: 3, pageHeight: 4 } })
    .tiff()
    .toFile(pages)
  expect(await codec.probe(pages)).toEqual({ format: 'tiff', width: 8, height: 4, orientation: 1, pages: 2 })
  expect((await codec.tile(pages, 0, 0, 0)).height).toBe(4)
})

test('every kind of bad file is refused with one sentence that names it', async () => {
  const good = await readFile(await makeOriented(1, 'jpeg'))
  const bad = join(folder, 'bad')
  await mkdir(bad)
  const big = join(bad, 'truncated.jpg')
  await sharp(noise(400, 300, 3), { raw: { width: 400, height: 300, channels: 3 } })
    .jpeg()
    .toFile(big)
  await truncate(big, 30_000)
  const png = join(bad, 'truncated.png')
  await sharp(noise(400, 300, 3), { raw: { width: 400, height: 300, channels: 3 } })
    .png()
    .toFile(png)
  await truncate(png, 100_000)
  const webp = join(bad, 'truncated.webp')
  await sharp(noise(400, 300, 3), { raw: { width: 400, height: 300, channels: 3 } })
    .webp()
    .toFile(webp)
  await truncate(webp, 10_000)
  const bomb = Buffer.from(
    await sharp(new Uint8Array(3), { raw: { width: 1, height: 1, channels: 3 } })
      .webp({ lossless: true })
      .toBuffer(),
  )
  const pngBomb = await pngHeader(60_000, 60_000)
  const files: Readonly<Record<string, readonly [Buffer | string | null, string]>> = {
    'truncated.jpg': [null, 'InvalidInput'],
    'truncated.png': [null, 'InvalidInput'],
    'truncated.webp': [null, 'InvalidInput'],
    'empty.jpg': ['', 'InvalidInput'],
    'text.jpg': ['this is not a picture\n', 'Unsupported'],
    'drawing.png': ['<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 'Unsupported'],
    'header-only.jpg': [good.subarray(0, 20), 'InvalidInput'],
    'half.webp': [bomb.subarray(0, 18), 'InvalidInput'],
    'bomb.png': [pngBomb, 'Unsupported'],
    'missing.jpg': [null, 'Io'],
  }
  for (const [name, [content, code]] of Object.entries(files)) {
    const path = join(bad, name)
    if (content !== null) await writeFile(path, content)
    const calls = [codec.probe(path), codec.thumbnail(path, 256), codec.pixels(path, 8, 8), codec.tile(path, 0, 0, 0)]
    for (const result of await Promise.allSettled(calls)) {
      expect({ name, result }).toMatchObject({ name, result: { status: 'rejected', reason: { code } } })
      const { message } = (result as PromiseRejectedResult).reason as Error
      expect(message).toContain(name)
      expect(message).not.toContain(folder)
      expect(message).not.toContain('\n')
    }
  }
  expect(log.filter((line) => line.includes('ended'))).toEqual([])
})

async function pngHeader(width: number, height: number): Promise<Buffer> {
  const png = Buffer.from(
    await sharp(new Uint8Array(3), { raw: { width: 1, height: 1, channels: 3 } })
      .png()
      .toBuffer(),
  )
  png.writeUInt32BE(width, 16)
  png.writeUInt32BE(height, 20)
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29)
  return png
}

test('index pictures go to disk and back unchanged, and nothing temporary is left', async () => {
  const image = { width: 33, height: 7, data: noise(33, 7, 1) }
  const path = join(folder, 'masks', 'a.png')
  await codec.writeIndexPng(path, image)
  expect(await codec.readIndexPng(path)).toEqual(image)
  expect(await codec.readLabelPng(path)).toEqual({ kind: 'grey', ...image })
  const deep = { ...image, data: Uint16Array.from(image.data, (value) => 257 * value) }
  await codec.writeIndexPng(path, deep)
  expect(await codec.readLabelPng(path)).toEqual({ kind: 'grey', ...deep })
  const palette = Array.from({ length: 256 }, (_, index) => index * 65_793)
  await codec.writeIndexPng(path, { ...image, palette })
  expect(await codec.readLabelPng(path)).toEqual({ kind: 'palette', ...image, palette })
  expect(await readdir(join(folder, 'masks'))).toEqual(['a.png'])
  await codec.writeIndexPng(path, image)
  const bytes = await codec.encodeIndexPng(image)
  expect(bytes).toEqual(new Uint8Array(await readFile(path)))
  expect(await codec.decodeIndexPng('a.json, shape 1', bytes)).toEqual(image)
  await expect(codec.decodeIndexPng('a.json, shape 1', bytes.subarray(0, 40))).rejects.toMatchObject({
    code: 'InvalidInput',
    message: expect.stringContaining('a.json, shape 1 is damaged') as string,
  })
  expect(await codec.header(path)).toMatchObject({ format: 'png', width: image.width, height: image.height })
  await expect(codec.header(join(folder, 'none.png'))).rejects.toMatchObject({ code: 'Io' })
  await expect(codec.readIndexPng(join(folder, 'o1.jpeg'))).rejects.toMatchObject({ code: 'Unsupported' })
  await expect(codec.readIndexPng(join(folder, 'none.png'))).rejects.toMatchObject({ code: 'Io' })
  await expect(codec.writeIndexPng(join(folder, 'noise.png', 'a.png'), image)).rejects.toMatchObject({ code: 'Io' })
})

test('killed in the middle of its work, the decoder comes back and every request is answered', async () => {
  const path = join(folder, 'large.jpg')
  await sharp(noise(2000, 1500, 3), { raw: { width: 2000, height: 1500, channels: 3 } })
    .jpeg()
    .toFile(path)
  await codec.probe(path)
  const first = codec.pid() ?? 0
  const requests = Array.from({ length: 8 }, () => codec.pixels(path, 500, 375))
  // Whatever it is doing at this moment: three pictures are with it, five are waiting.
  process.kill(first, 'SIGKILL')
  const answers = await Promise.all(requests)
  for (const answer of answers) expect(Buffer.compare(answer.data, answers[0]?.data ?? new Uint8Array())).toBe(0)
  expect(codec.pid()).not.toBe(first)
})

test('a picture at which the decoder dies twice is refused by name, the others are decoded', async () => {
  const poison = join(folder, 'poison.png')
  const fragile = createCodec({
    log: () => undefined,
    spawner: (entry) => {
      const child = forkSpawner(entry)
      return {
        ...child,
        post: (message) => {
          // Killed in place of being asked: one that got to see the request might answer before it is gone.
          if (message.type === 'request' && (message.payload as { path: string }).path === poison) child.kill()
          else child.post(message)
        },
      }
    },
  })
  try {
    const good = Array.from({ length: 4 }, () => fragile.probe(join(folder, 'noise.png')))
    await expect(fragile.probe(poison)).rejects.toMatchObject({
      code: 'InvalidInput',
      key: 'imageCrashesDecoder',
      params: { file: 'poison.png' },
    })
    expect(await Promise.all(good)).toHaveLength(4)
  } finally {
    await fragile.close()
  }
})

test('an aborted request rejects with Cancelled and the next one is answered', async () => {
  const abort = new AbortController()
  const path = join(folder, 'noise.png')
  const asked = codec.pixels(path, 300, 200, { signal: abort.signal })
  abort.abort()
  await expect(asked).rejects.toMatchObject({ code: 'Cancelled' })
  expect((await codec.pixels(path, 30, 20)).width).toBe(30)
})

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCodec } from './codec-client.ts'
import type { SupervisedCodec } from './codec-client.ts'
import type { RgbImage } from './codec.ts'
import type { DecodedFile, DecodedFolder } from './decode-folder.fixture.ts'
import { formatSet } from './format-set.fixture.ts'
import type { FormatSample } from './format-set.fixture.ts'
import { tiffFile } from './picture-files.fixture.ts'
import { depthFor, factorFor } from './sample-depth.ts'

const parts = ['full', 'half', 'region', 'thumbnail'] as const

let folder = ''
let codec: SupervisedCodec
let samples: readonly FormatSample[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'formats-'))
  codec = createCodec({ log: () => undefined })
  samples = await formatSet()
  await mkdir(join(folder, 'set'))
  for (const { name, bytes } of samples) await writeFile(join(folder, 'set', name), bytes)
})

afterAll(async () => {
  await codec.close()
  await rm(folder, { recursive: true })
})

/** The largest difference between the picture and what has to be seen, `inset` pixels away from every border between colours. */
function worst(image: RgbImage, sample: FormatSample, inset: number): number {
  const [scaleX, scaleY] = [sample.width / image.width, sample.height / image.height]
  let most = 0
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < image.width; x++) {
      const [fullX, fullY] = [Math.floor((x + 0.5) * scaleX), Math.floor((y + 0.5) * scaleY)]
      const expected = sample.colourAt(fullX, fullY)
      const around = [
        [fullX - inset, fullY],
        [fullX + inset, fullY],
        [fullX, fullY - inset],
        [fullX, fullY + inset],
      ] as const
      if (around.some(([aroundX, aroundY]) => String(sample.colourAt(aroundX, aroundY)) !== String(expected))) continue
      const at = (y * image.width + x) * 3
      for (let channel = 0; channel < 3; channel++)
        most = Math.max(most, Math.abs((image.data[at + channel] ?? -999) - (expected[channel] ?? 0)))
    }
  }
  return most
}

test('every kind of picture is seen as it is: size, tile, model pixels, thumbnail', async () => {
  expect(samples.length).toBeGreaterThan(70)
  for (const sample of samples) {
    const { name, format, width, height, orientation = 1, pages = 1, tolerance } = sample
    const path = join(folder, 'set', name)
    expect({ name, ...(await codec.probe(path)) }).toEqual({ name, format, width, height, orientation, pages })
    const tile = await codec.tile(path, 0, 0, 0)
    expect({ name, width: tile.width, height: tile.height }).toEqual({ name, width, height })
    // A lossy format blurs across a border of colours; everything else is exact up to it.
    expect({ name, worst: worst(tile, sample, tolerance === 0 ? 0 : 8) <= tolerance }).toEqual({ name, worst: true })
    const [left, top] = [width / 4, height / 4]
    const region = await codec.pixels(path, width / 2, height / 2, { region: [left, top, width / 2, height / 2] })
    const cut = await sharp(tile.data, { raw: { width, height, channels: 3 } })
      .extract({ left, top, width: width / 2, height: height / 2 })
      .raw()
      .toBuffer()
    expect({ name, same: Buffer.compare(region.data, cut) === 0 }).toEqual({ name, same: true })
    const half = await codec.pixels(path, width / 2, height / 2)
    expect({ name, worst: worst(half, sample, 8) <= tolerance + 1 }).toEqual({ name, worst: true })
    const { data, info } = await sharp(await codec.thumbnail(path, 24))
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect({ name, width: info.width, height: info.height }).toEqual({ name, width: 24, height: 16 })
    expect({ name, worst: worst({ ...info, data }, sample, 10) <= 40 }).toEqual({ name, worst: true })
  }
})

test('a picture of 10,000 x 10,000 pixels is opened: import, thumbnail, tiles of every level', async () => {
  const side = 10_000
  const path = join(folder, 'large.png')
  // One bright square of 1,000 pixels, three tenths from the left and six from the top.
  const square = { create: { width: 1000, height: 1000, channels: 3 as const, background: '#f0c000' } }
  await sharp({ create: { width: side, height: side, channels: 3, background: '#203040' } })
    .composite([{ input: await sharp(square).png().toBuffer(), left: 3000, top: 6000 }])
    .png({ compressionLevel: 1 })
    .toFile(path)
  expect(await codec.probe(path)).toMatchObject({ width: side, height: side })
  const thumbnail = await sharp(await codec.thumbnail(path, 256)).metadata()
  expect([thumbnail.width, thumbnail.height]).toEqual([256, 256])
  for (const level of [5, 3, 1, 0]) {
    const scale = 2 ** level
    for (const [x, y, colour] of [
      [3500, 6500, [240, 192, 0]],
      [2500, 6500, [32, 48, 64]],
      [9_950, 9_950, [32, 48, 64]],
    ] as const) {
      const [levelX, levelY] = [Math.floor(x / scale), Math.floor(y / scale)]
      const tile = await codec.tile(path, level, Math.floor(levelX / 512), Math.floor(levelY / 512))
      const at = ((levelY % 512) * tile.width + (levelX % 512)) * 3
      expect([level, x, y, ...tile.data.subarray(at, at + 3)]).toEqual([level, x, y, ...colour])
    }
  }
})

test('the depth of 16-bit samples is the smallest usual one that holds the largest', () => {
  expect([0, 255, 256, 1023, 1024, 4095, 4096, 16_383, 16_384, 65_535].map(depthFor)).toEqual([
    8, 8, 10, 10, 12, 12, 14, 14, 16, 16,
  ])
  // As integers: an 8-bit value times its factor, shifted down again, is itself.
  for (let value = 0; value < 256; value++) expect(Math.floor((value * factorFor(8)) / 256)).toBe(value)
  expect(factorFor(16)).toBe(1)
})

describe('samples without a defined black and white', () => {
  const pixel = { width: 4, height: 1 } as const
  for (const [name, file] of [
    ['float.tif', tiffFile({ ...pixel, samples: Float32Array.of(0, 0.5, Number.NaN, 1), bits: 32, sampleFormat: 3 })],
    ['long.tif', tiffFile({ ...pixel, samples: [0, 1, 70_000, 4_000_000_000], bits: 32 })],
    ['signed.tif', tiffFile({ ...pixel, samples: [0, 1, 65_535, 30_000], bits: 16, sampleFormat: 2 })],
  ] as const) {
    test(`${name} is refused in one sentence`, async () => {
      const path = join(folder, name)
      await writeFile(path, file)
      const depth = { 'float.tif': 'float', 'long.tif': 'uint', 'signed.tif': 'short' }[name]
      await expect(codec.probe(path)).rejects.toMatchObject({
        code: 'Unsupported',
        key: 'imageSamples',
        message: `${name} holds samples of type ${depth}, which have no defined black and white; save it with 8 or 16 bits a channel.`,
      })
    })
  }
})

/**
 * JPEG and colour profiles are computed with other instructions in WebAssembly: a channel may differ by this much.
 * Everything else has to be the same byte.
 */
const wasmTolerance = 2

test('the WebAssembly build of the library sees the same pictures', async () => {
  await writeFile(
    join(folder, 'set', 'refused.tif'),
    tiffFile({ width: 1, height: 1, samples: [1], bits: 32, sampleFormat: 3 }),
  )
  const script = join(import.meta.dirname, 'decode-folder.fixture.ts')
  const run = async (name: string, args: readonly string[]): Promise<DecodedFolder> => {
    const target = join(folder, name)
    await promisify(execFile)(process.execPath, [...args, script, join(folder, 'set'), target])
    return JSON.parse(await readFile(target, 'utf8')) as DecodedFolder
  }
  const native = await run('native.json', [])
  const wasm = await run('wasm.json', ['--import', join(import.meta.dirname, 'wasm-only.fixture.ts')])
  expect([native.isWasm, wasm.isWasm]).toEqual([false, true])
  expect(Object.keys(wasm.files)).toEqual(Object.keys(native.files))
  const differing: Record<string, number> = {}
  for (const [name, one] of Object.entries(native.files)) {
    const other = wasm.files[name]
    if (other === undefined || 'refused' in one || 'refused' in other) {
      expect({ name, result: other }).toEqual({ name, result: one })
      continue
    }
    expect({ name, ...other.probe }).toEqual({ name, ...one.probe })
    for (const part of parts) {
      const difference = largestDifference(one, other, part)
      if (difference > 0) differing[`${name} ${part}`] = difference
    }
  }
  expect(Math.max(0, ...Object.values(differing))).toBeLessThanOrEqual(wasmTolerance)
  console.log(
    `native and WebAssembly differ in ${Object.keys(differing).length} of ${parts.length * samples.length} decodes`,
    differing,
  )
})

function largestDifference(one: DecodedFile, other: DecodedFile, part: (typeof parts)[number]): number {
  const [a, b] = [Buffer.from(one[part], 'base64'), Buffer.from(other[part], 'base64')]
  expect(a.length).toBe(b.length)
  return a.reduce((most, value, at) => Math.max(most, Math.abs(value - (b[at] ?? 999))), 0)
}

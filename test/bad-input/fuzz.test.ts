import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCodec } from '../../src/main/images/codec-client.ts'
import type { SupervisedCodec } from '../../src/main/images/codec-client.ts'
import { tiffFile } from '../../src/main/images/picture-files.fixture.ts'
import { readImages } from '../../src/main/images/read-images.ts'
import type { ReadImage } from '../../src/main/images/read-images.ts'

/** Reduced unless `EXEMPLAR_FULL=1`. */
const isFull = process.env['EXEMPLAR_FULL'] === '1'
const cuts = isFull ? 400 : 40
const flips = isFull ? 2_000 : 60

const [width, height] = [64, 48]
let folder = ''
let codec: SupervisedCodec

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fuzz-'))
  codec = createCodec({ log: () => undefined })
})

afterAll(async () => {
  await codec.close()
  rmSync(folder, { recursive: true })
})

function samples(): Uint8Array {
  let state = 11
  return Uint8Array.from({ length: width * height * 3 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state >>> 24
  })
}

const image = (): ReturnType<typeof sharp> => sharp(samples(), { raw: { width, height, channels: 3 } })

const formats = {
  jpeg: () => image().jpeg().toBuffer(),
  'progressive jpeg': () => image().jpeg({ progressive: true }).toBuffer(),
  png: () => image().png().toBuffer(),
  webp: () => image().webp().toBuffer(),
  'compressed tiff': () => image().tiff({ compression: 'lzw', tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(),
  'plain tiff': () =>
    Promise.resolve(
      tiffFile(
        { width, height, samples: [...samples()], samplesPerPixel: 3, bits: 8 },
        { width: 2, height: 2, samples: [1, 2, 3, 4], bits: 16 },
      ),
    ),
} as const

let number = 0

/** What an import makes of a file with these bytes. */
async function importOf(bytes: Uint8Array): Promise<ReadImage> {
  const path = join(folder, `picture-${number++}.jpg`)
  writeFileSync(path, bytes)
  const results: ReadImage[] = []
  for await (const result of readImages([path], { codec })) results.push(result)
  rmSync(path)
  const [only] = results
  if (only === undefined || results.length > 1) throw new Error(`${results.length} results for one file`)
  return only
}

/** A picture of the size it says, or one sentence that names the file. */
function isClear(result: ReadImage): boolean {
  if (result.kind === 'image') {
    const { width: found, height: tall } = result.probe
    return found > 0 && tall > 0 && found * tall <= 268_402_689
  }
  return result.kind === 'problem' && result.reason.includes(result.name) && !result.reason.includes('\n')
}

describe.each(Object.keys(formats) as (keyof typeof formats)[])('%s', (format) => {
  test(`cut off at ${cuts} places, it is left out in one sentence or opened whole`, async () => {
    const whole = await formats[format]()
    for (let cut = 0; cut < cuts; cut++) {
      const result = await importOf(whole.subarray(0, Math.floor((whole.length * cut) / cuts)))
      expect(result).toSatisfy(isClear)
      // The last bytes of a picture may be padding; half of one never opens.
      if (cut < cuts / 2) expect(result.kind).toBe('problem')
    }
    expect((await importOf(whole)).kind).toBe('image')
  })

  test('with bytes changed, it is left out in one sentence or opened, and the decoder serves the next', async () => {
    const whole = await formats[format]()
    const change = fc.record({ at: fc.nat(whole.length - 1), value: fc.nat(255) })
    // Half of the changes fall into the first bytes, where sizes and offsets are.
    const early = fc.record({ at: fc.nat(Math.min(200, whole.length - 1)), value: fc.nat(255) })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(change, early), { minLength: 1, maxLength: 12 }), async (changes) => {
        const bytes = Buffer.from(whole)
        for (const { at, value } of changes) bytes[at] = value
        expect(await importOf(bytes)).toSatisfy(isClear)
      }),
      { numRuns: flips },
    )
    expect((await importOf(whole)).kind).toBe('image')
  })
})

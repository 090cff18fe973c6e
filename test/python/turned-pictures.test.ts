import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exportCoco } from '../../src/main/formats/coco-export.ts'
import { readCoco } from '../../src/main/formats/coco-import.ts'
import { createCodec } from '../../src/main/images/codec-client.ts'
import type { SupervisedCodec } from '../../src/main/images/codec-client.ts'
import { tiffFile } from '../../src/main/images/picture-files.fixture.ts'
import type { ExportSpec } from '../../src/shared/contract/contract.ts'
import { createBitmap } from '../../src/shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../src/shared/mask/tiles.ts'
import { z } from '../../src/shared/zod.ts'
import { because } from '../support/skip-reason.ts'
import { classRecord, exportSource, quiet } from './export-samples.ts'
import { cocoSpec } from '../support/export-spec.ts'
import { paintRectangle } from './mask-samples.ts'
import { checkInPython, isPythonMissing, pythonReason } from './run-python.ts'

/** What Pillow sees of exported pictures, with their EXIF orientation applied and without, against the exported masks. */

const [width, height] = [48, 32]
/** Looks different in every orientation; whole blocks of 8, so that JPEG does not blur its edges. */
const shape = createBitmap(width, height)
paintRectangle(shape, 8, 0, 16, 8, 1)
paintRectangle(shape, 8, 8, 8, 16, 1)

function run(command: 'make' | 'check', input: object): string[] {
  return z.array(z.string()).parse(checkInPython('turned_pictures.py', folder, { command, ...input }))
}

let folder = ''
let codec: SupervisedCodec

describe.skipIf(isPythonMissing)('pictures turned by EXIF', because(pythonReason), () => {
  let names: string[] = []
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'exemplar-turned-'))
    codec = createCodec({ log: () => undefined })
    const pixels = Buffer.from(shape.data).toString('base64')
    names = run('make', { folder, width, height, pixels })
  })
  afterAll(async () => {
    await codec.close()
    rmSync(folder, { recursive: true })
  })

  async function exported(choice: Pick<ExportSpec, 'orientation' | 'segmentation'>) {
    const images = await Promise.all(
      names.map(async (name) => {
        const path = join(folder, name)
        const probe = await codec.probe(path)
        expect(probe).toMatchObject({ width, height, orientation: Number(/\d/.exec(name)?.[0]) })
        return {
          name,
          path,
          width,
          height,
          orientation: probe.orientation,
          format: probe.format,
          masks: [{ className: 'bolt', bitmap: shape }],
        }
      }),
    )
    const source = {
      ...exportSource(images, [classRecord(0, 'bolt')]),
      upright: ({ path }: { readonly path: string }) => codec.upright(path),
    }
    const out = join(folder, `${choice.orientation}-${choice.segmentation}`)
    const report = await exportCoco(source, out, { ...cocoSpec, ...choice, images: 'copy' }, quiet)
    expect(report).toMatchObject({ images: 32, annotations: 32, identical: 32 })
    const pictures = join(out, 'images/default')
    const instances = join(out, report.files[0] ?? '')
    const seenBy = (transpose: boolean) => run('check', { instances, pictures, transpose })
    return { reasons: report.problems.map((problem) => problem.reason), pictures, instances, seenBy }
  }

  // Pillow turns a TIFF on opening, whatever its reader does.
  const turnedByPillow = (): string[] => names.filter((name) => /[2-8]\.tif$/.test(name))
  const untouched = (): string[] => names.filter((name) => name.startsWith('turned-1')).toSorted()

  test.each(['polygon', 'rle'] as const)(
    'as displayed, for readers that apply the orientation (%s)',
    async (segmentation) => {
      const { seenBy, reasons } = await exported({ orientation: 'displayed', segmentation })
      expect(seenBy(true)).toEqual(names.toSorted())
      expect(seenBy(false)).toEqual([...untouched(), ...turnedByPillow()].toSorted())
      expect(reasons).toEqual([expect.stringMatching(/^28 images.*read it with the orientation applied\.$/)])
    },
  )

  test.each(['polygon', 'rle'] as const)('on stored pixels, for readers that ignore it (%s)', async (segmentation) => {
    const { seenBy, reasons, instances, pictures } = await exported({ orientation: 'stored', segmentation })
    expect(seenBy(false)).toEqual(names.toSorted())
    // A copied TIFF is not turned by anybody.
    expect(seenBy(true)).toEqual([...untouched(), ...turnedByPillow()].toSorted())
    for (const name of names) {
      const [before, after] = [readFileSync(join(folder, name)), readFileSync(join(pictures, name))]
      const changed = before.reduce((count, byte, at) => (byte === after[at] ? count : count + 1), 0)
      expect([after.length, changed]).toEqual([before.length, turnedByPillow().includes(name) ? 1 : 0])
    }
    // Readers that leave the originals alone, too.
    const { images } = await readCoco(instances)
    expect(images).toHaveLength(32)
    for (const [image, place] of images.flatMap((each) => [[each, folder] as const, [each, pictures] as const])) {
      const { data, info } = await sharp(join(place, image.fileName))
        .greyscale()
        .raw()
        .toBuffer({ resolveWithObject: true })
      expect([info.width, info.height]).toEqual([image.width, image.height])
      const bright = { width: info.width, height: info.height, data: data.map((value) => (value > 127 ? 1 : 0)) }
      expect(image.annotations.map(({ tiles }) => tiles)).toEqual([tilesFromBitmap(bright)])
    }
    expect(reasons).toEqual([
      expect.stringMatching(/^21 images.*read it without applying the orientation\.$/),
      expect.stringMatching(/^7 images.*TIFF.*copied with it set to 1/),
    ])
  })

  test('as upright copies, for both', async () => {
    const { seenBy, reasons, pictures } = await exported({ orientation: 'upright', segmentation: 'polygon' })
    expect(seenBy(true)).toEqual(names.toSorted())
    expect(seenBy(false)).toEqual(names.toSorted())
    expect(reasons).toEqual([
      expect.stringMatching(/^7 images.*encoded again at the highest quality/),
      expect.stringMatching(/^21 images.*every sample as before\.$/),
    ])
    const samples = (path: string) => sharp(path).autoOrient().raw().toBuffer()
    for (const name of names) {
      const [before, after] = await Promise.all([samples(join(folder, name)), samples(join(pictures, name))])
      const most = before.reduce((worst, value, at) => Math.max(worst, Math.abs(value - (after[at] ?? 0))), 0)
      expect(most).toBeLessThanOrEqual(name.endsWith('.jpg') ? 3 : 0)
    }
  })

  test('upright pictures need a place', async () => {
    const source = exportSource([], [])
    await expect(exportCoco(source, folder, { ...cocoSpec, orientation: 'upright' }, quiet)).rejects.toMatchObject({
      key: 'uprightNeedsCopies',
    })
  })
})

test('an upright copy keeps depth and colour profile, or is refused', async () => {
  const out = mkdtempSync(join(tmpdir(), 'exemplar-upright-'))
  const own = createCodec({ log: () => undefined })
  const samples = Array.from({ length: 6 * 4 * 3 }, (_, at) => (at * 977) % 65_536)
  try {
    const path = join(out, 'deep.png')
    await sharp(Uint16Array.from(samples), { raw: { width: 6, height: 4, channels: 3 } })
      .toColourspace('rgb16')
      .withIccProfile('p3')
      .withMetadata({ orientation: 6 })
      .png()
      .toFile(path)
    const before = await sharp(path).metadata()
    const { data, lossless } = await own.upright(path)
    const after = await sharp(data).metadata()
    expect(lossless).toBe(true)
    expect(after).toMatchObject({ width: 4, height: 6, depth: 'ushort', space: 'rgb16' })
    expect(after.orientation ?? 1).toBe(1)
    expect(before.icc?.length).toBeGreaterThan(0)
    expect(after.icc).toEqual(before.icc)

    const tiff = join(out, 'deep.tif')
    writeFileSync(tiff, tiffFile({ width: 6, height: 4, samples, samplesPerPixel: 3, bits: 16, orientation: 6 }))
    await expect(own.upright(tiff)).rejects.toMatchObject({ code: 'Unsupported', key: 'uprightDepth' })
  } finally {
    await own.close()
    rmSync(out, { recursive: true })
  }
})

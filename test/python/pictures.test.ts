import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exportPngObjects } from '../../src/main/formats/png-objects-export.ts'
import { exportVoc } from '../../src/main/formats/voc-export.ts'
import { readVoc } from '../../src/main/formats/voc-import.ts'
import type { Box } from '../../src/shared/domain/records.ts'
import { bitmapArea } from '../../src/shared/mask/bitmap.ts'
import type { Bitmap } from '../../src/shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../src/shared/mask/tiles.ts'
import { z } from '../../src/shared/zod.ts'
import { because } from '../support/skip-reason.ts'
import { classRecord, exportSource, quiet } from './export-samples.ts'
import { objectsSpec, vocSpec } from '../support/export-spec.ts'
import { indexPngCodec } from './index-png-codec.ts'
import { hardMasks, randomBitmap, randomStream } from './mask-samples.ts'
import { checkInPython, isPythonMissing, pythonReason } from './run-python.ts'

const reportSchema = z.object({
  images: z.int(),
  differences: z.array(z.string()),
  datumaro: z.object({ masks: z.int(), differences: z.array(z.string()) }).nullable(),
})

const folder = mkdtempSync(join(tmpdir(), 'exemplar-pictures-'))
afterAll(() => rmSync(folder, { recursive: true }))

const classNames = ['bolt', 'nut', 'Mutter ß 漢']
const random = randomStream(31)

/** One mask alone for each hard one, then up to six random ones over each other. */
const pictures: readonly (readonly Bitmap[])[] = [
  ...hardMasks.map(({ bitmap }) => [bitmap]),
  ...Array.from({ length: 60 }, () => {
    const [width, height] = [8 + Math.floor(random() * 60), 8 + Math.floor(random() * 60)]
    const masks = Array.from({ length: Math.floor(random() * 7) }, () => randomBitmap(width, height, random))
    return masks.length === 0 ? [{ width, height, data: new Uint8Array(width * height) }] : masks
  }),
]

const images = pictures.map((bitmaps, index) => {
  const { width, height } = bitmaps[0] ?? { width: 1, height: 1 }
  const masks = bitmaps
    .filter((bitmap) => bitmapArea(bitmap) > 0)
    .map((bitmap, at) => ({ className: classNames[(index + at) % 3] ?? '', bitmap }))
  const stem = `${index % 2 === 0 ? 'sub' : 'ÿ 漢'}/${String(index).padStart(3, '0')}`
  return { name: `${stem}.jpg`, stem, width, height, masks, reviewed: true }
})

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

/** What the pictures must hold, the slow way: for each pixel the smallest mask there, the later one of equals. */
function expectedOf({ name, stem, width, height, masks }: (typeof images)[number]) {
  const owner = Array.from({ length: width * height }, (_, at) => {
    const here = masks.flatMap(({ bitmap }, index) =>
      bitmap.data[at] === 1 ? [{ index, area: bitmapArea(bitmap) }] : [],
    )
    return here.toSorted((a, b) => a.area - b.area || b.index - a.index)[0]?.index ?? -1
  })
  const seen = masks.map((_, index) => index).filter((index) => owner.includes(index))
  return {
    name,
    stem,
    width,
    height,
    names: seen.map((index) => masks[index]?.className),
    numbers: base64(Uint8Array.from(owner, (index) => seen.indexOf(index) + 1)),
    classes: base64(Uint8Array.from(owner, (index) => classNames.indexOf(masks[index]?.className ?? '') + 1)),
    masks: masks.map(({ className, bitmap }) => ({ name: className, pixels: base64(bitmap.data) })),
  }
}

let report: z.infer<typeof reportSchema> | undefined

beforeAll(async () => {
  if (isPythonMissing) return
  const source = exportSource(
    images,
    classNames.map((name, index) => classRecord(index, name)),
  )
  const [voc, objects] = [join(folder, 'voc'), join(folder, 'objects')]
  await exportVoc(source, voc, vocSpec, indexPngCodec, quiet)
  await exportPngObjects(source, objects, objectsSpec, indexPngCodec, quiet)
  report = reportSchema.parse(
    checkInPython('check_pictures.py', folder, { voc, objects, images: images.map(expectedOf) }),
  )
}, 120_000)

test.skipIf(isPythonMissing)(
  'Pillow reads our VOC pictures with the indices and colours of VOC, and every object of one PNG each',
  because(pythonReason),
  () => {
    expect(report).toMatchObject({ images: images.length, differences: [] })
  },
)

test.skipIf(isPythonMissing)('Datumaro reads every mask of the VOC export', because(pythonReason), (context) => {
  const found = report?.datumaro
  if (found === null) context.skip('Datumaro is not installed in the Python that EXEMPLAR_PYTHON names')
  const visible = images.map(expectedOf).reduce((sum, { names }) => sum + names.length, 0)
  expect(found).toEqual({ masks: visible, differences: [] })
})

/** Masks that share no pixel, since VOC could not hold them, and boxes of a class without masks. */
const theirs = Array.from({ length: 30 }, (_, index) => {
  const [width, height] = [8 + Math.floor(random() * 40), 8 + Math.floor(random() * 40)]
  const covered = new Uint8Array(width * height)
  const masks = Array.from({ length: 1 + Math.floor(random() * 4) }, (_mask, at) => {
    const { data } = randomBitmap(width, height, random)
    const free = data.map((value, pixel) => (covered[pixel] === 1 ? 0 : value))
    free.forEach((value, pixel) => value === 1 && covered.fill(1, pixel, pixel + 1))
    return { name: classNames[at % 2] ?? '', bitmap: { width, height, data: free } }
  }).filter(({ bitmap }) => bitmapArea(bitmap) > 0)
  const boxes = [{ name: 'crate', box: [Math.floor(random() * 4), 0.5, 3, 2.25] as Box }]
  return { stem: `sub/${String(index).padStart(2, '0')}`, width, height, masks, boxes }
})

test.skipIf(isPythonMissing).for(['colours', 'numbers'])(
  'what Datumaro writes as VOC with %s in its pictures is read to the pixel',
  because(pythonReason),
  async (values, context) => {
    const out = join(folder, `datumaro-${values}`)
    const masksOf = ({ masks }: (typeof theirs)[number]) =>
      masks.map(({ name, bitmap }) => ({ name, pixels: base64(bitmap.data) }))
    const cases = theirs.map((image) => ({ ...image, masks: masksOf(image) }))
    const written = checkInPython('write_voc.py', folder, { folder: out, colours: values === 'colours', images: cases })
    const { isInstalled } = z.object({ isInstalled: z.boolean() }).parse(written)
    if (!isInstalled) context.skip('Datumaro is not installed in the Python that EXEMPLAR_PYTHON names')
    const { images: read, problems } = await readVoc(out, indexPngCodec)
    expect(problems).toEqual([
      {
        name: 'sub/00',
        reason:
          '30 times, this image first: its boxes are written as Datumaro and CVAT do, counted from 0, and were read so.',
      },
    ])
    const sorted = (items: readonly (readonly [string, unknown])[]) =>
      items.map((item) => JSON.stringify(item)).toSorted()
    expect(
      read.map(({ fileName, annotations }) => [
        fileName,
        sorted(annotations.map(({ className, box, tiles }) => [className, box ?? tiles])),
      ]),
    ).toEqual(
      theirs.map(({ stem, masks, boxes }) => [
        `${stem}.jpg`,
        sorted([
          ...masks.map(({ name, bitmap }) => [name, tilesFromBitmap(bitmap)] as const),
          ...boxes.map(({ name, box }) => [name, box] as const),
        ]),
      ]),
    )
  },
)

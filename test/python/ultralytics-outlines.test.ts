import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readDataSet, writeDataSet } from '../../src/main/formats/registry.ts'
import type { Outline } from '../../src/shared/contract/contract.ts'
import type { Bitmap } from '../../src/shared/mask/bitmap.ts'
import { tilesFromBitmap, tilesIou } from '../../src/shared/mask/tiles.ts'
import { z } from '../../src/shared/zod.ts'
import { cocoSpec } from '../support/export-spec.ts'
import { because } from '../support/skip-reason.ts'
import { exportSource, quiet, temporaryFolder } from './export-samples.ts'
import { firstClass, importContext, twoClasses } from './format-round-trips.ts'
import { hardImages } from './hard-mask-set.ts'
import { indexPngCodec } from './index-png-codec.ts'
import { painted, randomStream } from './mask-samples.ts'
import { checkInPython, isPythonMissing, pythonReason } from './run-python.ts'

const answerSchema = z.strictObject({
  masks: z.int(),
  identical: z.int(),
  parts: z.int(),
  identicalParts: z.int(),
  /** By size, as in the question. */
  meanIou: z.record(z.string(), z.number()),
})

interface Picture {
  readonly width: number
  readonly height: number
  readonly masks: readonly Bitmap[]
}

type NamedPicture = Picture & { readonly name: string }

function named(pictures: readonly Picture[]): NamedPicture[] {
  return pictures.map(({ width, height, masks }, at) => ({ name: `${at}.png`, width, height, masks }))
}

/** As the scripts take them. */
function encoded(pictures: readonly NamedPicture[]): object[] {
  return pictures.map((picture) => ({
    ...picture,
    masks: picture.masks.map(({ data }) => Buffer.from(data).toString('base64')),
  }))
}

/** Exports the masks to YOLO and says what OpenCV paints for the labels, at these shares of the pictures' sizes. */
async function paint(
  pictures: readonly Picture[],
  outline: Outline,
  sizes: readonly number[],
): Promise<z.infer<typeof answerSchema>> {
  using folder = temporaryFolder()
  const images = named(pictures)
  const samples = images.map((image) => ({
    ...image,
    masks: image.masks.map((bitmap) => ({ className: firstClass, bitmap })),
  }))
  const out = join(folder.path, 'yolo')
  const spec = { ...cocoSpec, format: 'yolo', outline } as const
  await writeDataSet(exportSource(samples, twoClasses), out, spec, indexPngCodec, quiet)
  return answerSchema.parse(
    checkInPython('fill_labels.py', folder.path, { folder: out, sizes, images: encoded(images) }),
  )
}

test.skipIf(isPythonMissing)(
  'rings through the centres of pixels: cv2.fillPoly paints 1,000 hard masks bit by bit, part by part',
  because(pythonReason),
  async () => {
    const pictures = hardImages(1000).map((image) => ({ ...image, masks: image.masks.map(({ bitmap }) => bitmap) }))
    const { masks, identical, parts, identicalParts } = await paint(pictures, 'centres', [])
    expect({ masks, identical }).toEqual({ masks: 1000, identical: 1000 })
    expect(identicalParts).toBe(parts)
  },
)

/** Round things with dents, 40 to 160 pixels across. */
function objects(): Picture[] {
  const random = randomStream(77)
  return Array.from({ length: 20 }, () => {
    const masks = Array.from({ length: 3 }, () => {
      const [radius, squeeze, dent, turn] = [20 + random() * 60, 0.8 + random() * 0.4, random() * 0.15, random() * 6]
      const [left, top] = [120 + random() * 400, 120 + random() * 240]
      return painted(640, 480, (x, y) => {
        const [dx, dy] = [x + 0.5 - left, (y + 0.5 - top) * squeeze]
        return Math.hypot(dx, dy) < radius * (1 + dent * Math.sin(3 * Math.atan2(dy, dx) + turn))
      })
    })
    return { width: 640, height: 480, masks }
  })
}

test.skipIf(isPythonMissing)(
  'on objects of 40 to 160 pixels centres are exact at the size of the picture, and keep more than edges at others',
  because(pythonReason),
  async () => {
    const sizes = [0.5, 0.75, 1, 1.5]
    const along = await paint(objects(), 'edges', sizes)
    const through = await paint(objects(), 'centres', sizes)
    expect(through).toMatchObject({ masks: 60, identical: 60, meanIou: { 1: 1 } })
    expect(along).toMatchObject({ masks: 60, identical: 0 })
    expect(along.meanIou['1']).toBeCloseTo(0.97, 2)
    for (const size of sizes) expect(through.meanIou[size]).toBeGreaterThan(along.meanIou[size] ?? 1)
  },
)

test.skipIf(isPythonMissing)(
  'masks that supervision has written come back whole through centres, and along edges without their border',
  because(pythonReason),
  async () => {
    using folder = temporaryFolder()
    const pictures = named(objects())
    const out = join(folder.path, 'theirs')
    checkInPython('write_yolo.py', folder.path, { folder: out, name: 'bolt', images: encoded(pictures) })
    const iousOf = async (outline: Outline): Promise<number[]> => {
      const { images, problems } = await readDataSet('yolo', out, { ...importContext(), outline })
      expect(problems).toEqual([])
      return pictures.flatMap(({ name, masks }) => {
        const read = images.find(({ fileName }) => fileName === name)?.annotations ?? []
        return masks.map((bitmap, at) => tilesIou(tilesFromBitmap(bitmap), read[at]?.tiles ?? []))
      })
    }
    expect(await iousOf('centres')).toEqual(Array.from({ length: 60 }, () => 1))
    const along = await iousOf('edges')
    expect(Math.max(...along)).toBeLessThan(1)
  },
)

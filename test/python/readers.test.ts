import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exportCoco } from '../../src/main/formats/coco-export.ts'
import { z } from '../../src/shared/zod.ts'
import { because } from '../support/skip-reason.ts'
import { classRecord, exportSource, quiet, temporaryFolder, writeSample } from './export-samples.ts'
import { cocoSpec } from '../support/export-spec.ts'
import { hardImages } from './hard-mask-set.ts'
import { indexPngCodec } from './index-png-codec.ts'
import { checkInPython, isPythonMissing, pythonReason } from './run-python.ts'

const count = 1000
const encodings = ['polygon', 'rle', 'rle-uncompressed'] as const
const classNames = ['bolt', 'nut']

const comparisonSchema = z.object({
  identical: z.int(),
  mean: z.number(),
  min: z.number(),
  seconds: z.number().optional(),
  differences: z.array(z.string()),
})
type Comparison = z.infer<typeof comparisonSchema>
const byEncoding = <T extends z.ZodType>(value: T) => z.record(z.enum(encodings), value)
const reportSchema = z.object({
  readers: z.record(z.string(), byEncoding(comparisonSchema)),
  contours: comparisonSchema,
  precision: z.record(z.string(), byEncoding(z.number())),
  shifted: z.number(),
  validation: byEncoding(z.array(z.string())),
})

function line(name: string, { identical, mean, min, seconds }: Comparison): string {
  const time = seconds === undefined ? '' : `, ${seconds} s`
  return `${name}: ${identical} of ${count} identical, IoU mean ${mean.toFixed(4)}, min ${min.toFixed(4)}${time}`
}

// Readers unite thousands of parts one by one: two minutes where other work shares the processor.
test.skipIf(isPythonMissing)(
  'other readers find every hard mask as it is stored',
  { ...because(pythonReason), timeout: 600_000 },
  async () => {
    using folder = temporaryFolder()
    const hard = hardImages(count)
    const pixels = join(folder.path, 'masks.bin')
    writeFileSync(pixels, Buffer.concat(hard.flatMap(({ masks }) => masks.map(({ bitmap }) => bitmap.data))))
    const images = []
    for (const [index, { width, height, masks }] of hard.entries()) {
      const name = `part ${index % 7}/${String(index).padStart(4, '0')}.png`
      const path = writeSample(folder.path, `originals/${name}`, '')
      await indexPngCodec.writeIndexPng(path, { width, height, data: new Uint8Array(width * height) })
      const samples = masks.map(({ bitmap }, at) => ({ className: classNames[(index + at) % 2] ?? '', bitmap }))
      images.push({ name, path, width, height, masks: samples, reviewed: true })
    }
    const source = exportSource(
      images,
      classNames.map((name, position) => classRecord(position, name)),
    )
    const exports: Record<string, string> = {}
    for (const segmentation of encodings) {
      const out = join(folder.path, segmentation)
      const report = await exportCoco(source, out, { ...cocoSpec, segmentation, images: 'link' }, quiet)
      expect(report).toMatchObject({ annotations: count, identical: count, problems: [] })
      exports[segmentation] = join(out, report.files[0] ?? '')
    }

    let offset = 0
    const masks = hard
      .flatMap((image) => image.masks)
      .map(({ family, bitmap: { width, height } }, index) => {
        offset += width * height
        return { id: index + 1, family, width, height, offset: offset - width * height }
      })
    const report = reportSchema.parse(checkInPython('read_hard_masks.py', folder.path, { pixels, masks, exports }))
    for (const [reader, found] of Object.entries(report.readers)) {
      for (const encoding of encodings) console.log(line(`${reader}, ${encoding}`, found[encoding]))
    }
    console.log(line('OpenCV contours, one list each, read by pycocotools', report.contours))
    console.log(`AP of the ground truth against itself: ${JSON.stringify(report.precision)}`)
    console.log(`The same with annotation ids from 0, as some exporters count: ${report.shifted.toFixed(4)}`)

    for (const [reader, found] of Object.entries(report.readers)) {
      for (const encoding of encodings) {
        // supervision fills the edges of a polygon too: what it makes of polygons is printed above.
        if (reader === 'supervision' && encoding === 'polygon') continue
        expect(found[encoding], `${reader}, ${encoding}`).toMatchObject({ identical: count, differences: [] })
      }
    }
    expect(Object.keys(report.precision)).toHaveLength(4)
    for (const [evaluation, values] of Object.entries(report.precision)) {
      expect(values, evaluation).toEqual({ polygon: 1, rle: 1, 'rle-uncompressed': 1 })
    }
    expect(report.shifted).toBeLessThan(1)
    expect(report.validation).toEqual({ polygon: [], rle: [], 'rle-uncompressed': [] })
  },
)

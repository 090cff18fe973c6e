import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeDataSet } from '../../src/main/formats/registry.ts'
import { bitmapArea } from '../../src/shared/mask/bitmap.ts'
import { because } from '../support/skip-reason.ts'
import { exportSource, quiet, temporaryFolder } from './export-samples.ts'
import { cocoSpec } from '../support/export-spec.ts'
import { firstClass, secondClass, twoClasses } from './format-round-trips.ts'
import { indexPngCodec } from './index-png-codec.ts'
import { hardMasks, randomBitmap, randomStream } from './mask-samples.ts'
import { checkInPython, isPythonMissing, pythonReason } from './run-python.ts'

test.skipIf(isPythonMissing)(
  'every mask of YOLO and CVAT files is identical by the rules of these programs, of labelme files in labelme',
  because(pythonReason),
  async () => {
    using folder = temporaryFolder()
    const random = randomStream(6)
    const bitmaps = [
      ...hardMasks.map(({ bitmap }) => bitmap),
      ...Array.from({ length: 150 }, () =>
        randomBitmap(1 + Math.floor(random() * 70), 1 + Math.floor(random() * 70), random),
      ),
      randomBitmap(160, 120, random),
    ]
    const images = bitmaps.map((bitmap, index) => {
      const inverse = { ...bitmap, data: bitmap.data.map((value) => 1 - value) }
      const masks = [
        { className: index % 2 === 0 ? firstClass : secondClass, bitmap },
        { className: index % 2 === 0 ? secondClass : firstClass, bitmap: inverse },
      ].filter((mask) => bitmapArea(mask.bitmap) > 0)
      const { width, height } = bitmap
      return { name: `ä ${index % 3}/${String(index).padStart(4, '0')}.png`, width, height, masks, reviewed: true }
    })
    const source = exportSource(images, twoClasses)
    const count = images.reduce((sum, { masks }) => sum + masks.length, 0)
    for (const format of ['yolo', 'labelme', 'cvat'] as const) {
      const out = join(folder.path, format)
      const report = await writeDataSet(source, out, { ...cocoSpec, format }, indexPngCodec, quiet)
      expect(report.annotations).toBe(count)
    }
    const cases = {
      yolo: join(folder.path, 'yolo'),
      labelme: join(folder.path, 'labelme'),
      cvat: join(folder.path, 'cvat'),
      images: images.map(({ name, width, height, masks }) => ({
        name,
        width,
        height,
        masks: masks.map(({ className, bitmap }) => ({
          label: className,
          pixels: Buffer.from(bitmap.data).toString('base64'),
        })),
      })),
    }
    const whole = { masks: count, identical: count }
    expect(checkInPython('check_text_formats.py', folder.path, cases)).toEqual({
      yolo: whole,
      labelme: whole,
      cvat: whole,
      differences: [],
    })
  },
)

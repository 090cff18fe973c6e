import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { classRecord, exportSource, quiet, temporaryFolder } from '../../../test/python/export-samples.ts'
import { cocoSpec } from '../../../test/support/export-spec.ts'
import { indexPngCodec } from '../../../test/python/index-png-codec.ts'
import { bitmapFromPicture } from '../../../test/python/mask-samples.ts'
import { writeDataSet } from './registry.ts'

/** What is on disk of image `number` once it is done. */
const fileOf = {
  yolo: (number: number) => `labels/train/${number}.txt`,
  labelme: (number: number) => `${number}.json`,
  masks: (number: number) => `masks/${number}.png`,
  'png-objects': (number: number) => `masks/${number}/001_bolt.png`,
  voc: (number: number) => `Annotations/${number}.xml`,
} as const

test.each(['yolo', 'labelme', 'masks', 'png-objects', 'voc'] as const)(
  '%s is written one image at a time: the next one is asked for when the files of the last are there',
  async (format) => {
    using folder = temporaryFolder()
    const { images, ...source } = exportSource(
      Array.from({ length: 20 }, (_, number) => ({
        name: `${number}.jpg`,
        width: 3,
        height: 1,
        masks: [{ className: 'bolt', bitmap: bitmapFromPicture(['.##']) }],
      })),
      [classRecord(0, 'bolt')],
    )
    let written = 0
    // Until all of it is right, everything lies in a hidden folder.
    const isThere = (name: string): boolean =>
      readdirSync(folder.path).some((staging) => existsSync(join(folder.path, staging, 'files', name)))
    // YOLO looks beforehand whether there is any mask.
    function* watched() {
      let asked = 0
      for (const image of images()) {
        if (asked > 0) expect(isThere(fileOf[format](asked - 1))).toBe(true)
        expect(isThere(fileOf[format](asked))).toBe(false)
        asked++
        yield image
      }
      written = asked
    }
    const report = await writeDataSet(
      { ...source, images: watched },
      folder.path,
      { ...cocoSpec, format },
      indexPngCodec,
      quiet,
    )
    expect([written, report.identical]).toEqual([20, 20])
  },
)

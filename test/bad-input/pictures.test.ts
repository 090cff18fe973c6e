import { afterEach, beforeEach, expect, test } from 'vitest'
import sharp from 'sharp'
import {
  tiffFile,
  exifOrientation,
  withJpegExif,
  withJpegSize,
  withPngSize,
} from '../../src/main/images/picture-files.fixture.ts'
import { asGoodAsBefore, HardProject } from '../support/hard-project.ts'

let project: HardProject

beforeEach(() => {
  project = new HardProject()
})

afterEach(() => project.end())

/** A photograph-like JPEG, so that cutting it off cuts into its pixels. */
function photograph(): Promise<Buffer> {
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 40 }
  return sharp({ create: { width: 400, height: 300, channels: 3, background: '#888', noise } })
    .jpeg()
    .toBuffer()
}

/** Imports the bad file between two good ones: only it is left out, in this one sentence, and all goes on. */
async function expectLeftOut(name: string, bytes: Uint8Array | string, sentence: string): Promise<void> {
  await project.putPicture('a-good.jpg')
  await project.putPicture('z-good.png')
  project.put(name, bytes)
  const before = process.memoryUsage.rss()
  const report = await project.addAll()
  expect(report).toMatchObject({ added: 2, duplicates: 0, notices: [] })
  expect(report.problems.map((problem) => [problem.name, problem.reason])).toEqual([[name, sentence]])
  expect(process.memoryUsage.rss() - before).toBeLessThan(200 << 20)
  // Neither the picture nor a copy of it is in the project.
  expect(project.session.store.images.byName(name)).toBeUndefined()
  expect(await project.afterwards()).toEqual(asGoodAsBefore)
}

test('a truncated JPEG', async () => {
  const whole = await photograph()
  await expectLeftOut(
    'cut.jpg',
    whole.subarray(0, Math.floor(whole.length / 2)),
    'cut.jpg is damaged and cannot be decoded (VipsJpeg: premature end of JPEG image); copy it again from its source or save it anew.',
  )
})

test('a text named .jpg', async () => {
  await expectLeftOut(
    'text.jpg',
    'Dear diary,\n',
    'text.jpg is not a JPEG, PNG, WebP or TIFF picture, whatever its name says; convert it to one of these.',
  )
})

test('a file of 0 bytes', async () => {
  await expectLeftOut('empty.png', '', 'empty.png is empty (0 bytes); copy it again from its source.')
})

const tooLarge = (name: string, side: number): string =>
  `${name} has ${side} x ${side} pixels, more than the 268402689 that can be opened; scale it down or cut it into parts.`

test('a pixel bomb: PNG', async () => {
  const small = await sharp({ create: { width: 1, height: 1, channels: 3, background: '#000' } })
    .png()
    .toBuffer()
  await expectLeftOut('bomb.png', withPngSize(small, 100_000, 100_000), tooLarge('bomb.png', 100_000))
})

test('a pixel bomb: JPEG', async () => {
  await expectLeftOut('bomb.jpg', withJpegSize(await photograph(), 65_000, 65_000), tooLarge('bomb.jpg', 65_000))
})

test('a pixel bomb: TIFF', async () => {
  const bomb = tiffFile({ width: 70_000, height: 70_000, samples: [0], bits: 8 })
  await expectLeftOut('bomb.tif', bomb, tooLarge('bomb.tif', 70_000))
})

test('wrong EXIF is no reason to refuse a picture', async () => {
  const jpeg = await photograph()
  for (const orientation of [0, 9, 255])
    project.put(`o${orientation}.jpg`, withJpegExif(jpeg, exifOrientation(orientation)))
  project.put('cut.jpg', withJpegExif(jpeg, exifOrientation(6).subarray(0, 11)))
  project.put('noise.jpg', withJpegExif(jpeg, Buffer.from('this is no EXIF data at all')))
  expect(await project.addAll()).toMatchObject({ added: 5, problems: [], notices: [] })
  for (const { id, width, height, orientation } of project.session.store.images.iterate()) {
    expect({ width, height, orientation }).toEqual({ width: 400, height: 300, orientation: 1 })
    expect(await project.session.tile(id, 0, 0, 0)).toMatchObject({ width: 400, height: 300 })
  }
  expect(await project.afterwards()).toEqual(asGoodAsBefore)
})

test('a picture that opens only in part is told of, and counts', async () => {
  const page = { width: 8, height: 8, samples: Array.from({ length: 64 }, (_, at) => at), bits: 8 } as const
  project.put('scan.tif', tiffFile(page, page, page))
  expect(await project.addAll()).toMatchObject({
    added: 1,
    problems: [],
    notices: [
      {
        name: 'scan.tif',
        reason:
          'scan.tif holds 3 pages and only the first was added; save the others as files of their own to add them.',
      },
    ],
  })
  expect(await project.afterwards()).toEqual(asGoodAsBefore)
})

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  classRecord,
  exportSource,
  masksSpec,
  quiet,
  temporaryFolder,
  writeSample,
} from '../../../test/python/export-samples.ts'
import { indexPngCodec } from '../../../test/python/index-png-codec.ts'
import { bitmapFromPicture, hardMasks, paintRectangle } from '../../../test/python/mask-samples.ts'
import { createBitmap } from '../../shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../shared/mask/tiles.ts'
import type { IndexPngCodec } from './format-types.ts'
import { exportMasks } from './masks-export.ts'
import { readMasksFolder } from './masks-import.ts'

const classes = [classRecord(1, 'bolt'), classRecord(0, 'tool')]

function rectangle(x: number, y: number, width: number, height: number) {
  const bitmap = createBitmap(10, 6)
  paintRectangle(bitmap, x, y, width, height, 1)
  return bitmap
}

describe('export', () => {
  test('a 3 x 2 image worked by hand', async () => {
    using folder = temporaryFolder()
    const masks = [
      { className: 'bolt', bitmap: bitmapFromPicture(['.##', '...']) },
      { className: 'tool', bitmap: bitmapFromPicture(['...', '#..']) },
    ]
    const source = exportSource([{ name: 'sub/a.jpg', width: 3, height: 2, masks }], classes)
    const report = await exportMasks(source, folder.path, masksSpec, indexPngCodec, quiet)
    expect(report).toEqual({
      files: ['manifest.json', 'masks/sub/a.png'],
      location: folder.path,
      images: 1,
      annotations: 2,
      identical: 2,
      problems: [],
    })
    expect(await indexPngCodec.readIndexPng(join(folder.path, 'masks/sub/a.png'))).toEqual({
      width: 3,
      height: 2,
      data: Uint8Array.of(0, 2, 2, 1, 0, 0),
    })
    expect(JSON.parse(readFileSync(join(folder.path, 'manifest.json'), 'utf8'))).toEqual({
      name: 'Samples',
      classes: { 1: 'tool', 2: 'bolt' },
      items: [
        { image: 'images/sub/a.jpg', mask: 'masks/sub/a.png', class_ids: [1, 2], px: { 1: 1, 2: 2 }, w: 3, h: 2 },
      ],
    })
  })

  test('hard masks come back', async () => {
    using folder = temporaryFolder()
    const images = hardMasks.map(({ bitmap }, index) => ({
      name: `${index}.png`,
      width: bitmap.width,
      height: bitmap.height,
      masks: [{ className: 'bolt', bitmap }],
    }))
    const report = await exportMasks(exportSource(images, classes), folder.path, masksSpec, indexPngCodec, quiet)
    expect(report).toMatchObject({ annotations: hardMasks.length, identical: hardMasks.length, problems: [] })
    const read = await readMasksFolder(folder.path, indexPngCodec)
    expect(read.problems).toEqual([])
    expect(read.classes).toEqual([
      { name: 'tool', parentName: null, annotations: 0 },
      { name: 'bolt', parentName: null, annotations: hardMasks.length },
    ])
    expect(read.images).toEqual(
      images.map(({ name, width, height, masks: [mask] }) => ({
        fileName: name,
        width,
        height,
        annotations: [
          {
            className: 'bolt',
            kind: 'mask',
            tiles: mask === undefined ? [] : tilesFromBitmap(mask.bitmap),
            box: null,
            crowd: false,
            originalId: null,
          },
        ],
      })),
    )
  })

  test('a small mask lies on top, what it covers is listed, boxes are too', async () => {
    using folder = temporaryFolder()
    const masks = [
      { className: 'bolt', bitmap: rectangle(2, 2, 2, 2) },
      { className: 'tool', bitmap: rectangle(0, 0, 8, 6) },
      { className: 'tool', bitmap: rectangle(6, 0, 4, 2) },
    ]
    const boxes = [{ className: 'bolt', box: [0, 0, 2, 2] as [number, number, number, number] }]
    const source = exportSource([{ name: 'a.jpg', width: 10, height: 6, masks, boxes }], classes)
    const report = await exportMasks(source, folder.path, masksSpec, indexPngCodec, quiet)
    const { data } = await indexPngCodec.readIndexPng(join(folder.path, 'masks/a.png'))
    expect(data[2 * 10 + 2]).toBe(2)
    expect(data[0]).toBe(1)
    // Two masks of one class on the same pixels lose nothing that the format could hold.
    expect(report).toMatchObject({ annotations: 3, identical: 2 })
    expect(report.problems).toEqual([
      { name: 'a.jpg', reason: '1 box was left out: a mask image cannot hold boxes. COCO can.' },
      {
        name: 'a.jpg',
        reason: '1 of 3 masks shares pixels with a smaller one of another class, which lies on top. COCO keeps both.',
      },
    ])
  })

  test('masks of pictures with the same stem have their own files; reviewed and empty stays', async () => {
    using folder = temporaryFolder()
    const image = { width: 3, height: 2, reviewed: true }
    const names = ['a.jpg', 'A.png', 'a.jpg.tif', 'b/a.jpg', 'plain']
    const source = exportSource(
      [...names.map((name) => ({ ...image, name })), { ...image, name: 'unlabelled.jpg', reviewed: false }],
      classes,
    )
    const { files } = await exportMasks(source, folder.path, masksSpec, indexPngCodec, quiet)
    expect(files.slice(1)).toEqual([
      'masks/a.png',
      'masks/A.png.png',
      'masks/a.jpg.png',
      'masks/b/a.png',
      'masks/plain.png',
    ])
  })

  test('too many classes are refused before anything is written', async () => {
    using folder = temporaryFolder()
    const many = Array.from({ length: 255 }, (_, index) => classRecord(index, `c${index}`))
    await expect(exportMasks(exportSource([], many), folder.path, masksSpec, indexPngCodec, quiet)).rejects.toThrow(
      'Mask images hold 254 classes, this project has 255. Export COCO instead.',
    )
    expect(readdirSync(folder.path)).toEqual([])
  })

  test('a file that does not give the mask back fails the export and is removed', async () => {
    using folder = temporaryFolder()
    const lossy: IndexPngCodec = {
      ...indexPngCodec,
      writeIndexPng: (path, image) =>
        indexPngCodec.writeIndexPng(path, { ...image, data: image.data.map((v) => v & 254) }),
    }
    const masks = [{ className: 'tool', bitmap: bitmapFromPicture(['#..', '...']) }]
    const source = exportSource([{ name: 'a.jpg', width: 3, height: 2, masks }], classes)
    await expect(exportMasks(source, folder.path, masksSpec, lossy, quiet)).rejects.toThrow(
      'masks/a.png) and was removed',
    )
    expect(readdirSync(join(folder.path, 'masks'))).toEqual([])
    expect(existsSync(join(folder.path, 'manifest.json'))).toBe(false)
  })
})

describe('import', () => {
  test('255 belongs to nobody; bad items cost themselves and no other', async () => {
    using folder = temporaryFolder()
    const write = (name: string, data: readonly number[]) =>
      indexPngCodec.writeIndexPng(join(folder.path, name), { width: 2, height: 1, data: Uint8Array.from(data) })
    const item = { image: 'images/a.jpg', mask: 'masks/a.png', class_ids: [], px: {}, w: 2, h: 1 }
    const manifest = {
      name: 'set',
      classes: { 0: 'null', 1: 'bolt', 255: 'ignore' },
      items: [
        item,
        { ...item, image: 'images/b.jpg', mask: 'masks/b.png' },
        item,
        { ...item, image: 'images/c.jpg', w: 3 },
        { ...item, image: 'images/d.jpg', mask: 'masks/d.png' },
        { ...item, image: 'images/e.jpg', mask: '../e.png' },
        { image: 'images/f.jpg' },
      ],
    }
    writeSample(folder.path, 'masks/d.png', 'no picture')
    await write('masks/a.png', [1, 255])
    await write('masks/b.png', [9, 0])
    writeSample(folder.path, 'manifest.json', JSON.stringify(manifest))
    const read = await readMasksFolder(folder.path, indexPngCodec)
    expect(read.classes).toEqual([{ name: 'bolt', parentName: null, annotations: 1 }])
    expect(read.images.map(({ fileName, annotations }) => [fileName, annotations.length])).toEqual([
      ['a.jpg', 1],
      ['b.jpg', 0],
    ])
    expect(read.problems.map(({ name, reason }) => `${name}: ${reason.replaceAll(folder.path, '')}`)).toEqual([
      'b.jpg: Pixels of 9 were left out: the manifest names no such class.',
      'a.jpg: It is listed twice; the first entry was read.',
      'c.jpg: The manifest says 3×1, the mask is 2×1. It was left out.',
      expect.stringMatching(/^d\.jpg: .*d\.png/),
      'images/e.jpg: Its path leads out of the folder, so it was left out. Use paths below the folder.',
      'item 7: It lacks image, mask, w or h and was left out. Complete the manifest.',
    ])
  })

  test.each([
    [undefined, 'manifest.json cannot be read. Check the path.'],
    ['{', 'manifest.json is not valid JSON. Write it again.'],
    ['{"items": []}', 'is not the manifest of a data set folder'],
    ['{"classes": {"a": "b"}, "items": []}', 'is not the manifest of a data set folder'],
  ])('the manifest %j is refused', async (text, message) => {
    using folder = temporaryFolder()
    if (text !== undefined) writeSample(folder.path, 'manifest.json', text)
    await expect(readMasksFolder(folder.path, indexPngCodec)).rejects.toThrow(message)
  })
})

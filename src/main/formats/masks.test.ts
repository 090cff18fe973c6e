import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { classRecord, exportSource, quiet, temporaryFolder, writeSample } from '../../../test/python/export-samples.ts'
import { masksSpec } from '../../../test/support/export-spec.ts'
import { indexPngCodec } from '../../../test/python/index-png-codec.ts'
import {
  bitmapFromPicture,
  hardMasks,
  paintRectangle,
  randomBitmap,
  randomStream,
} from '../../../test/python/mask-samples.ts'
import { bitmapArea, createBitmap } from '../../shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../shared/mask/tiles.ts'
import { encodeIndexPng } from '../images/index-png.ts'
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
    expect(await indexPngCodec.readLabelPng(join(folder.path, 'masks/sub/a.png'))).toEqual({
      kind: 'grey',
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
            crowd: null,
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
    const { data } = await indexPngCodec.readLabelPng(join(folder.path, 'masks/a.png'))
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

  test('what any masks leave of each class comes back, with 8 and with 16 bits', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(3, 300),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 6 }),
        async (classCount, width, height, seeds) => {
          using folder = temporaryFolder()
          const records = Array.from({ length: classCount }, (_, index) => classRecord(index, `c${index}`))
          const masks = seeds
            .map(([seed, pick]) => ({
              pick: pick % classCount,
              bitmap: randomBitmap(width, height, randomStream(seed)),
            }))
            .map((mask, index) => ({ ...mask, index, area: bitmapArea(mask.bitmap) }))
            .filter(({ area }) => area > 0)
          const image = { name: 'a.jpg', width, height, reviewed: true }
          const source = exportSource(
            [{ ...image, masks: masks.map(({ pick, bitmap }) => ({ className: `c${pick}`, bitmap })) }],
            records,
          )
          await exportMasks(source, folder.path, masksSpec, indexPngCodec, quiet)
          // The slow way: for each pixel the smallest mask there, the later one of equals.
          const owner = Array.from({ length: width * height }, (_, at) => {
            const here = masks.filter(({ bitmap }) => bitmap.data[at] === 1)
            return here.toSorted((a, b) => a.area - b.area || b.index - a.index)[0]?.pick
          })
          const { images, problems } = await readMasksFolder(folder.path, indexPngCodec)
          expect(problems).toEqual([])
          const shown = [...new Set(owner)].filter((pick) => pick !== undefined).toSorted((a, b) => a - b)
          const expected = shown.map((pick) => {
            const data = Uint8Array.from(owner, (each) => (each === pick ? 1 : 0))
            return [`c${pick}`, tilesFromBitmap({ width, height, data })]
          })
          expect(images[0]?.annotations.map(({ className, tiles }) => [className, tiles])).toEqual(expected)
        },
      ),
      { numRuns: 40 },
    )
  })

  test('more classes than 8 bits hold make 16-bit masks, and come back', async () => {
    using folder = temporaryFolder()
    const many = Array.from({ length: 300 }, (_, index) => classRecord(index, `c${index}`))
    const masks = [
      { className: 'c0', bitmap: bitmapFromPicture(['##.', '...']) },
      { className: 'c254', bitmap: bitmapFromPicture(['..#', '...']) },
      { className: 'c299', bitmap: bitmapFromPicture(['...', '###']) },
    ]
    const source = exportSource([{ name: 'a.jpg', width: 3, height: 2, masks }], many)
    const report = await exportMasks(source, folder.path, masksSpec, indexPngCodec, quiet)
    expect(report).toMatchObject({ annotations: 3, identical: 3 })
    expect(report.problems.map(({ reason }) => reason)).toEqual([
      '300 classes do not fit into 8 bits, so the masks are 16-bit PNGs. Trainers that read 8 bits cannot use them; COCO has no such limit.',
    ])
    expect(await indexPngCodec.readLabelPng(join(folder.path, 'masks/a.png'))).toMatchObject({
      kind: 'grey',
      data: Uint16Array.of(1, 1, 255, 300, 300, 300),
    })
    const read = await readMasksFolder(folder.path, indexPngCodec)
    expect(read.images[0]?.annotations.map(({ className, tiles }) => [className, tiles])).toEqual(
      masks.map(({ className, bitmap }) => [className, tilesFromBitmap(bitmap)]),
    )
  })

  test('too many classes are refused before anything is written', async () => {
    using folder = temporaryFolder()
    const many = Array.from({ length: 65_535 }, (_, index) => classRecord(index, `c${index}`))
    await expect(exportMasks(exportSource([], many), folder.path, masksSpec, indexPngCodec, quiet)).rejects.toThrow(
      'Mask images hold 65534 classes, this project has 65535. Export COCO instead.',
    )
    expect(readdirSync(folder.path)).toEqual([])
  })

  test('a file that does not give the mask back fails the export and is removed', async () => {
    using folder = temporaryFolder()
    const lossy: IndexPngCodec = {
      ...indexPngCodec,
      writeIndexPng: (path, image) =>
        indexPngCodec.writeIndexPng(path, { ...image, data: Uint8Array.from(image.data, (v) => v & 254) }),
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
      'a.jpg: It is listed twice; the first entry was read.',
      'images/e.jpg: Its path leads out of the folder, so it was left out. Use paths below the folder.',
      'item 7: It lacks image, mask, w or h and was left out. Complete the manifest.',
      'b.jpg: Pixels of 9 were left out: the manifest names no such class.',
      'c.jpg: The manifest says 3×1, the mask is 2×1. It was left out.',
      expect.stringMatching(/^d\.jpg: .*d\.png/),
    ])
  })

  test.each([
    [undefined, 'is no folder of class masks: there is no PNG in it and no manifest.json.'],
    ['{', 'manifest.json is not valid JSON. Write it again.'],
    ['{"items": []}', 'is not the manifest of a data set folder'],
    ['{"classes": {"a": "b"}, "items": []}', 'is not the manifest of a data set folder'],
  ])('the manifest %j is refused', async (text, message) => {
    using folder = temporaryFolder()
    if (text !== undefined) writeSample(folder.path, 'manifest.json', text)
    await expect(readMasksFolder(folder.path, indexPngCodec)).rejects.toThrow(message)
  })

  /** Two classes on 3 x 1 pixels: background, bolt, nut. */
  const three = { width: 3, height: 1 }
  const grey = { ...three, data: Uint8Array.of(0, 1, 2) }
  const rgb = (...colours: number[][]) =>
    sharp(Uint8Array.from(colours.flat()), { raw: { ...three, channels: 3 } }).png()
  const bolts = Uint8Array.of(0, 1, 0)
  const nuts = Uint8Array.of(0, 0, 1)
  const expected = [
    ['bolt', tilesFromBitmap({ ...three, data: bolts })],
    ['nut', tilesFromBitmap({ ...three, data: nuts })],
  ]

  test.each([
    ['classes.json', '["background", "bolt", "nut"]'],
    ['classes.json', '["bolt", "nut"]'],
    ['classes.json', '{"1": "bolt", "2": "nut", "0": "background"}'],
    ['classes.json', '{"bolt": 1, "nut": 2}'],
    ['classes.json', '[{"id": 1, "name": "bolt", "color": "#ff0000"}, {"id": 2, "name": "nut", "color": [1, 2, 3]}]'],
    ['labels.txt', 'background\nbolt\nnut\n'],
    ['labels.txt', '\uFEFFbolt\r\nnut'],
    ['labels.txt', '__ignore__\n_background_\nbolt\nnut'],
    ['labels.txt', '1: bolt\n2: nut'],
    ['classes.txt', '0 background\n1 bolt\n2 nut'],
    ['labelmap.txt', 'background:::\nbolt:::\nnut:::'],
    ['labelmap.txt', '# label:color_rgb:parts:actions\nbackground:0,0,0::\nbolt:7,7,7::\nnut:9,9,9::'],
  ])('a plain folder of grey and palette PNGs is read with %s holding %j', async (name, content) => {
    using folder = temporaryFolder()
    writeSample(folder.path, `set/${name}`, content)
    writeSample(folder.path, 'set/masks/sub/x.png', await encodeIndexPng(grey))
    // Colours that no table knows: the numbers count.
    writeSample(folder.path, 'set/masks/Ä 漢.png', await encodeIndexPng({ ...grey, palette: [5, 6, 8] }))
    const { images, problems } = await readMasksFolder(join(folder.path, 'set'), indexPngCodec)
    expect(problems).toEqual([])
    expect(images.map(({ fileName }) => fileName)).toEqual(['sub/x', 'Ä 漢'])
    for (const { annotations } of images) {
      expect(annotations.map(({ className, tiles }) => [className, tiles])).toEqual(expected)
    }
  })

  test.each([
    ['label_colors.txt', '0 0 0 Void\n255 0 0\tbolt\n1 2 3 nut'],
    ['classes.json', '{"bolt": [255, 0, 0], "nut": "#010203"}'],
    ['labelmap.txt', '# label:color_rgb:parts:actions\nnut:1,2,3::\nbackground:0,0,0::\nbolt:255,0,0:head:turn'],
  ])('colours are read with %s holding %j, as RGB or by the palette', async (name, content) => {
    using folder = temporaryFolder()
    writeSample(folder.path, name, content)
    writeSample(folder.path, 'masks/rgb.png', await rgb([0, 0, 0], [255, 0, 0], [1, 2, 3]).toBuffer())
    const shuffled = { ...three, data: Uint8Array.of(2, 0, 1), palette: [0xff0000, 0x010203, 0] }
    writeSample(folder.path, 'masks/palette.png', await encodeIndexPng(shuffled))
    writeSample(folder.path, 'masks/other.png', await rgb([0, 0, 0], [9, 9, 9], [224, 224, 192]).toBuffer())
    const { images, problems } = await readMasksFolder(folder.path, indexPngCodec)
    expect(problems).toEqual([
      { name: 'other', reason: 'Pixels of 9,9,9 were left out: the table of classes names no such class.' },
    ])
    const masks = images.map(({ annotations }) =>
      annotations.map(({ className, tiles }) => [className, tiles] as const).toSorted(([a], [b]) => a.localeCompare(b)),
    )
    expect(masks).toEqual([[], expected, expected])
  })

  test('colours without a table of colours are asked for in a sentence', async () => {
    using folder = temporaryFolder()
    writeSample(folder.path, 'classes.json', '["bolt"]')
    writeSample(folder.path, 'a.png', await rgb([0, 0, 0], [255, 0, 0], [1, 2, 3]).toBuffer())
    await expect(readMasksFolder(folder.path, indexPngCodec)).rejects.toThrow(
      /a\.png holds colours, and nothing says which class each of them is\. Put a label_colors\.txt beside the masks/,
    )
  })

  test.each([
    ['classes.json', '{', 'it is not valid JSON'],
    ['classes.json', '{"bolt": "red"}', 'neither a list of names nor'],
    ['classes.json', '[]', 'it names no class'],
    ['labels.txt', '', 'it names no class'],
    ['label_colors.txt', '256 0 0 bolt', 'line 1 holds a colour outside 0 to 255'],
    ['labelmap.txt', 'a:1,2,3::\nnonsense', 'line 2 is not name:red,green,blue:parts:actions'],
    ['labelmap.txt', 'a:1,2,3::\nb:1,2,3::', 'a and b have the same colour 1,2,3'],
    ['labels.txt', '1 bolt\n1 nut', 'bolt and nut have the same number 1'],
  ])('the table %s holding %j is refused', async (name, content, message) => {
    using folder = temporaryFolder()
    writeSample(folder.path, name, content)
    writeSample(folder.path, 'a.png', await encodeIndexPng(grey))
    await expect(readMasksFolder(folder.path, indexPngCodec)).rejects.toThrow(message)
  })

  test('a truncated mask costs itself, a photograph is named as one, a folder without a table is refused', async () => {
    using folder = temporaryFolder()
    writeSample(folder.path, 'good.png', await encodeIndexPng(grey))
    await expect(readMasksFolder(folder.path, indexPngCodec)).rejects.toThrow(
      'there is no manifest.json, classes.json, labels.txt or label_colors.txt that names the classes',
    )
    writeSample(folder.path, 'labels.txt', 'bolt\nnut')
    writeSample(folder.path, 'cut.png', (await encodeIndexPng(grey)).subarray(0, 50))
    const side = 300
    const random = randomStream(1)
    const noise = Uint8Array.from({ length: side * side * 3 }, () => 256 * random())
    writeSample(
      folder.path,
      'photo.png',
      await sharp(noise, { raw: { width: side, height: side, channels: 3 } })
        .png()
        .toBuffer(),
    )
    const { images, problems } = await readMasksFolder(folder.path, indexPngCodec)
    expect(images.map(({ fileName }) => fileName)).toEqual(['good'])
    expect(problems.map(({ name, reason }) => `${name}: ${reason.replaceAll(folder.path, '')}`)).toEqual([
      expect.stringMatching(/^cut: cut\.png is damaged/),
      expect.stringMatching(/^photo: .*photo\.png holds more than 65536 different colours, so it is a photograph/),
    ])
  })

  test('of many unknown numbers the first are named', async () => {
    using folder = temporaryFolder()
    writeSample(folder.path, 'classes.json', '["background", "bolt"]')
    const image = { width: 40, height: 1, data: Uint8Array.from({ length: 40 }, (_, at) => at + 1) }
    await indexPngCodec.writeIndexPng(join(folder.path, 'a.png'), image)
    const { images, problems } = await readMasksFolder(folder.path, indexPngCodec)
    expect(images[0]?.annotations.map(({ className }) => className)).toEqual(['bolt'])
    expect(problems.map(({ reason }) => reason)).toEqual([
      'Pixels of 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21 and 19 more were left out: the table of classes names no such class.',
    ])
  })
})

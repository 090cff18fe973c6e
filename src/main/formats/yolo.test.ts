import fc from 'fast-check'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder, writeSample } from '../../../test/python/export-samples.ts'
import {
  firstClass,
  imagesArbitrary,
  importContext,
  roundTrip,
  secondClass,
} from '../../../test/python/format-round-trips.ts'
import { indexPngCodec } from '../../../test/python/index-png-codec.ts'
import { bitmapFromPicture, hardMasks, painted, randomBitmap, randomStream } from '../../../test/python/mask-samples.ts'
import { polygonsFromBitmap } from '../../shared/coco/polygons.ts'
import { createBitmap } from '../../shared/mask/bitmap.ts'
import { outerContours } from '../../shared/mask/outer-contours.ts'
import { tilesArea, tilesFromBitmap, unionTiles } from '../../shared/mask/tiles.ts'
import { readYolo } from './yolo-import.ts'
import { labelPathOf } from './yolo-labels.ts'

const ring = bitmapFromPicture(['###.', '#.#.', '###.'])
const two = bitmapFromPicture(['##.#', '....', '....'])
const size = { width: 4, height: 3 }

async function writePicture(folder: string, name: string, width: number, height: number): Promise<void> {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  await indexPngCodec.writeIndexPng(join(folder, name), { width, height, data: new Uint8Array(width * height) })
}

describe('round trip', () => {
  test('every pixel comes back; objects of one part come back as they are', async () => {
    await fc.assert(
      fc.asyncProperty(imagesArbitrary, async (images) => {
        using folder = temporaryFolder()
        const { report, read } = await roundTrip(images, { format: 'yolo' }, folder.path)
        expect(read.problems).toEqual([])
        const masks = images.flatMap((image) => image.masks ?? [])
        const parts = masks.map(({ bitmap }) => polygonsFromBitmap(bitmap).length)
        const single = parts.filter((count) => count === 1).length
        expect(report).toMatchObject({ annotations: masks.length, identical: single })
        // Nothing is silent: each object that became several is listed.
        expect(report.problems).toHaveLength(masks.length - single)
        const lines = read.images.flatMap(({ annotations }) => annotations)
        for (const [index, { className, bitmap }] of masks.entries()) {
          const own = lines.splice(0, parts[index])
          expect(own.every((line) => line.className === className)).toBe(true)
          expect(unionTiles(own.map(({ tiles }) => tiles))).toEqual(tilesFromBitmap(bitmap))
        }
        expect(lines).toEqual([])
        expect(read.images.map(({ fileName }) => fileName)).toEqual(images.map(({ name }) => name))
      }),
      { numRuns: 60 },
    )
  })

  test('hard masks, and one in a large image, whose shares need their decimals', async () => {
    using folder = temporaryFolder()
    const large = { width: 48_611, height: 39_979, data: randomBitmap(64, 48, randomStream(5)).data }
    const crop = { ...large, width: 64, height: 48 }
    const images = hardMasks.map(({ bitmap }, index) => ({
      name: `${index}.png`,
      width: index === 5 ? large.width : bitmap.width,
      height: index === 5 ? large.height : bitmap.height,
      masks: [{ className: firstClass, bitmap: index === 5 ? crop : bitmap }],
    }))
    const { read } = await roundTrip(images, { format: 'yolo' }, folder.path)
    for (const [index, { masks }] of images.entries()) {
      const union = unionTiles((read.images[index]?.annotations ?? []).map(({ tiles }) => tiles))
      expect(union).toEqual(masks[0] === undefined ? [] : tilesFromBitmap(masks[0].bitmap))
    }
  })

  test('a data set worked by hand', async () => {
    using folder = temporaryFolder()
    const { report } = await roundTrip(
      [
        { ...size, name: 'ä/a.jpg', masks: [{ className: secondClass, bitmap: ring }] },
        { ...size, name: 'b/a.jpg', reviewed: true },
        { ...size, name: 'unlabelled.jpg' },
      ],
      { format: 'yolo' },
      folder.path,
    )
    expect(report).toEqual({
      files: ['data.yaml', 'train.txt', 'labels/train/ä/a.txt', 'labels/train/b/a.txt'],
      location: folder.path,
      images: 2,
      annotations: 1,
      identical: 1,
      problems: [],
    })
    const text = (name: string): string => readFileSync(join(folder.path, name), 'utf8')
    expect(text('data.yaml')).toBe(
      '# Class numbers count from 0. No split was made: `val` is `train`; make your own before you measure.\n' +
        'train: "train.txt"\nval: "train.txt"\noutline: "edges"\nnames:\n  0: "Schraube \\"M4\\" & <Mutter>"\n  1: "螺母"\n',
    )
    expect(text('train.txt')).toBe('./images/train/ä/a.jpg\n./images/train/b/a.jpg\n')
    expect(text('labels/train/b/a.txt')).toBe('')
    // The hole's bridge goes straight up and down again at x = 1.
    expect(text('labels/train/ä/a.txt')).toBe(
      '1 0 0 0.25 0 0.25 0.3333 0.25 0.6667 0.5 0.6667 0.5 0.3333 0.25 0.3333 0.25 0 0.75 0 0.75 1 0 1\n',
    )
  })

  test('rings through the centres of pixels: as Ultralytics fills them every pixel is there, and here they come back', async () => {
    await fc.assert(
      fc.asyncProperty(imagesArbitrary, async (images) => {
        using folder = temporaryFolder()
        const { report, read } = await roundTrip(images, { format: 'yolo', outline: 'centres' }, folder.path)
        const masks = images.flatMap((image) => image.masks ?? [])
        const parts = masks.map(({ bitmap }) => polygonsFromBitmap(bitmap).length)
        // What is read back for the report is filled as Ultralytics does it.
        expect(report).toMatchObject({
          annotations: masks.length,
          identical: parts.filter((count) => count === 1).length,
        })
        expect(read.problems).toEqual([])
        const lines = read.images.flatMap(({ annotations }) => annotations)
        for (const [index, { bitmap }] of masks.entries()) {
          const own = lines.splice(0, parts[index])
          expect(unionTiles(own.map(({ tiles }) => tiles))).toEqual(tilesFromBitmap(bitmap))
        }
        expect(lines).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  test('rings through the centres of pixels, worked by hand; a pixel and a line have as many corners as any', async () => {
    using folder = temporaryFolder()
    const masks = [ring, bitmapFromPicture(['...#', '....', '....']), bitmapFromPicture(['....', '.###', '....'])]
    const { report, read } = await roundTrip(
      [{ ...size, name: 'a.jpg', masks: masks.map((bitmap) => ({ className: secondClass, bitmap })) }],
      { format: 'yolo', outline: 'centres' },
      folder.path,
    )
    expect(report).toMatchObject({ annotations: 3, identical: 3, filledAs: 'ultralytics', problems: [] })
    expect(read.images[0]?.annotations.map(({ tiles }) => tiles)).toEqual(
      masks.map((bitmap) => tilesFromBitmap(bitmap)),
    )
    expect(readFileSync(join(folder.path, 'data.yaml'), 'utf8')).toContain('\noutline: "centres"\n')
    expect(readFileSync(join(folder.path, 'labels/train/a.txt'), 'utf8').split('\n')).toEqual([
      '1 0.125 0.1667 0.125 0.1667 0.125 0.5 0.125 0.8333 0.625 0.8333 0.625 0.1667 0.375 0.1667 0.375 0.1667 0.625 0.1667 0.625 0.8333 0.125 0.8333',
      '1 0.875 0.1667 0.875 0.1667 0.875 0.1667 0.875 0.1667',
      '1 0.375 0.5 0.875 0.5 0.875 0.5 0.375 0.5',
      '',
    ])
  })

  test('what the rings run along is what the data set says, whatever is asked for', async () => {
    using folder = temporaryFolder()
    const images = [{ ...size, name: 'a.jpg', masks: [{ className: firstClass, bitmap: ring }] }]
    for (const outline of ['edges', 'centres'] as const) {
      await roundTrip(images, { format: 'yolo', outline }, folder.path)
      for (const asked of ['edges', 'centres'] as const) {
        const known = importContext([{ fileName: 'a.jpg', ...size }])
        const read = await readYolo(folder.path, { ...known, outline: asked })
        expect(read.images[0]?.annotations.map(({ tiles }) => tiles)).toEqual([tilesFromBitmap(ring)])
      }
    }
  })

  test.each(['Centres', '[centres]', '{}', 'null', '0.5', '""'])(
    'an outline of %s in data.yaml says nothing of the rings, so it is as asked',
    async (stated) => {
      using folder = temporaryFolder()
      writeSample(folder.path, 'data.yaml', `train: images\nnames: [bolt]\noutline: ${stated}\n`)
      await writePicture(folder.path, 'images/a.png', 4, 4)
      writeSample(folder.path, 'labels/a.txt', '0 0.25 0.25 0.5 0.25 0.5 0.5 0.25 0.5\n')
      const areas = await Promise.all(
        (['edges', 'centres'] as const).map(async (outline) => {
          const { images, problems } = await readYolo(folder.path, { ...importContext(), outline })
          expect(problems).toEqual([])
          return tilesArea(images[0]?.annotations[0]?.tiles ?? [])
        }),
      )
      expect(areas).toEqual([1, 4])
    },
  )

  test('parts: one object each, or the largest alone with its cost, and both are listed', async () => {
    const images = [{ ...size, name: 'a.jpg', masks: [{ className: firstClass, bitmap: two }] }]
    using split = temporaryFolder()
    const all = await roundTrip(images, { format: 'yolo' }, split.path)
    expect(all.report).toMatchObject({ annotations: 1, identical: 0 })
    expect(all.report.problems).toEqual([
      {
        name: 'a.jpg',
        reason:
          'Annotation image-0-mask-0 has 2 parts, which became 2 objects of one line each; every pixel is kept. COCO keeps them as one.',
      },
    ])
    expect(all.read.images[0]?.annotations.map(({ tiles }) => tilesArea(tiles))).toEqual([2, 1])
    using cut = temporaryFolder()
    const largest = await roundTrip(images, { format: 'yolo', parts: 'largest' }, cut.path)
    expect(largest.report).toMatchObject({ annotations: 1, identical: 0 })
    expect(largest.report.problems).toEqual([
      {
        name: 'a.jpg',
        reason:
          'Annotation image-0-mask-0 has 2 parts, and only the largest was written, 2 of 3 pixels (IoU 0.667). COCO keeps them as one.',
      },
    ])
    expect(largest.read.images[0]?.annotations.map(({ tiles }) => tilesArea(tiles))).toEqual([2])
  })

  test('more parts than a call takes arguments', async () => {
    using folder = temporaryFolder()
    const bitmap = createBitmap(520, 520)
    bitmap.data.forEach((_value, at) => (bitmap.data[at] = (at + Math.floor(at / 520)) % 2))
    const images = [{ name: 'a.jpg', width: 520, height: 520, masks: [{ className: firstClass, bitmap }] }]
    const { read } = await roundTrip(images, { format: 'yolo', parts: 'largest' }, folder.path)
    expect(read.images[0]?.annotations.map(({ tiles }) => tilesArea(tiles))).toEqual([1])
  })

  test('boxes beside masks are listed; an image of boxes alone is not passed off as empty', async () => {
    using folder = temporaryFolder()
    const box: [number, number, number, number] = [1, 0.25, 2, 1.5]
    const boxes = [{ className: firstClass, box }]
    const { report, read } = await roundTrip(
      [
        { ...size, name: 'a.jpg', boxes },
        { ...size, name: 'b.jpg', boxes, masks: [{ className: firstClass, bitmap: ring }] },
      ],
      { format: 'yolo' },
      folder.path,
    )
    const why = 'next to boxes Ultralytics drops every mask of the data set. COCO keeps both.'
    expect(report.problems).toEqual([
      { name: 'a.jpg', reason: `1 box was left out, and with it the image, which holds nothing else: ${why}` },
      { name: 'b.jpg', reason: `1 box was left out: ${why}` },
    ])
    expect(existsSync(join(folder.path, 'labels/train/a.txt'))).toBe(false)
    expect(read.images.map(({ fileName, annotations }) => [fileName, annotations.length])).toEqual([['b.jpg', 1]])
  })

  test('boxes alone become a detection data set; what reaches over the border is cut off', async () => {
    using folder = temporaryFolder()
    const at = (...box: [number, number, number, number]) => ({ className: secondClass, box })
    const boxes = [at(1, 0.25, 2, 1.5), at(-1, 1, 3, 5), at(9, 9, 1, 1)]
    const { report, read } = await roundTrip([{ ...size, name: 'a.jpg', boxes }], { format: 'yolo' }, folder.path)
    expect(report).toMatchObject({ annotations: 3, identical: 1 })
    expect(report.problems.map(({ reason }) => reason)).toEqual([
      'Box image-0-box-1 was cut off at the border of the image.',
      'Box image-0-box-2 lies outside the image and was left out.',
    ])
    expect(read.images[0]?.annotations.map((each) => [each.kind, each.box])).toEqual([
      ['box', [1, 0.25, 2, 1.5]],
      ['box', [0, 1, 2, 2]],
    ])
    expect(readFileSync(join(folder.path, 'labels/train/a.txt'), 'utf8').split('\n')[0]).toBe('1 0.5 0.333333 0.5 0.5')
  })

  test('pictures that would share a label file, and a folder called images', async () => {
    using folder = temporaryFolder()
    const masks = [{ className: firstClass, bitmap: ring }]
    const { report, read } = await roundTrip(
      ['a.jpg', 'A.png', 'images/a.jpg'].map((name) => ({ ...size, name, masks })),
      { format: 'yolo' },
      folder.path,
    )
    // Ultralytics exchanges the last folder of that name.
    expect(report.files.slice(2)).toEqual(['labels/train/a.txt', 'images/train/labels/a.txt'])
    expect(report.problems).toEqual([
      {
        name: 'A.png',
        reason:
          'Its labels would be in one file with those of a.jpg, so it was left out. Rename the picture, or export COCO.',
      },
    ])
    expect(read.images.map(({ fileName }) => fileName)).toEqual(['a.jpg', 'images/a.jpg'])
  })

  test('an export that ends early leaves what was there, and in an empty folder nothing', async () => {
    using folder = temporaryFolder()
    const images = [{ ...size, name: 'a.jpg', masks: [{ className: firstClass, bitmap: ring }] }]
    await roundTrip(images, { format: 'yolo' }, folder.path)
    // A mask outside its image cannot be drawn as shares of it.
    const wrong = [{ ...images[0], name: 'a.jpg', width: 2, height: 2, masks: images[0]?.masks ?? [] }]
    await expect(roundTrip(wrong, { format: 'yolo' }, folder.path)).rejects.toMatchObject({ key: 'exportDiffers' })
    expect(readdirSync(folder.path).sort()).toEqual(['.exemplar-export', 'data.yaml', 'labels', 'train.txt'])
    expect(readdirSync(join(folder.path, 'labels/train'))).toEqual(['a.txt'])
    using other = temporaryFolder()
    await expect(roundTrip(wrong, { format: 'yolo' }, join(other.path, 'new'))).rejects.toThrow()
    expect(readdirSync(other.path)).toEqual([])
  })
})

test('where labels lie', () => {
  expect(labelPathOf('/d/images/train/x.y/a.b.jpg')).toBe('/d/labels/train/x.y/a.b.txt')
  expect(labelPathOf('images/a.jpg')).toBe('labels/a.txt')
  expect(labelPathOf('/d/a')).toBe('/d/a.txt')
})

describe('data sets of others', () => {
  const rectangle = '0 0 0 0.5 0 0.5 0.5 0 0.5'

  test('names as a list, path, CRLF, blank lines, boxes, sub-folders, pictures without labels', async () => {
    using folder = temporaryFolder()
    writeSample(
      folder.path,
      'set.yaml',
      "path: /data/of/another/machine\ntrain: images/train\nval: images/val\ntest:\nnc: 2\nnames: ['bolt', 'nut']\n",
    )
    await writePicture(folder.path, 'images/train/x/a.png', 4, 2)
    await writePicture(folder.path, 'images/train/y/a.png', 8, 4)
    await writePicture(folder.path, 'images/train/empty.png', 4, 2)
    await writePicture(folder.path, 'images/train/new.png', 4, 2)
    writeSample(folder.path, 'labels/train/x/a.txt', `${rectangle}\r\n\r\n1 0.5 0.5 0.5 1\r\n`)
    writeSample(folder.path, 'labels/train/y/a.txt', rectangle)
    writeSample(folder.path, 'labels/train/empty.txt', '')
    writeSample(folder.path, 'labels/train/classes.txt', 'bolt\nnut\n')
    writeSample(folder.path, 'labels/val/sub/v.txt', `  ${rectangle}  \n`)
    const known = [{ fileName: 'photos/v.jpg', width: 2, height: 2 }]
    const context = {
      ...importContext(),
      findImage: (name: string) => (name === 'sub/v' ? (known[0] ?? null) : null),
    }
    const { classes, images, problems } = await readYolo(folder.path, context)
    expect(classes).toEqual([
      { name: 'bolt', parentName: null, annotations: 3 },
      { name: 'nut', parentName: null, annotations: 1 },
    ])
    expect(
      images.map(({ fileName, width, annotations }) => [
        fileName,
        width,
        annotations.map(({ box, tiles }) => box ?? tilesArea(tiles)),
      ]),
    ).toEqual([
      ['empty.png', 4, []],
      ['x/a.png', 4, [2, [1, 0, 2, 2]]],
      ['y/a.png', 8, [8]],
      ['photos/v.jpg', 2, [1]],
    ])
    expect(problems).toEqual([
      {
        name: join(folder.path, 'set.yaml'),
        reason: '1 picture has no label file and was taken as not labelled yet.',
      },
    ])
  })

  test('outlines of OpenCV come back whole through centres, however they are rounded, and lose their border along edges', async () => {
    const disc = (width: number, height: number) =>
      painted(width, height, (x, y) => Math.hypot(x - width / 3, y - height / 2) < Math.min(width, height) / 4)
    const bitmaps = [disc(40, 30), disc(641, 479), painted(3000, 50, (x, y) => x > 1200 && x < 1999 - y && y > 3)]
    for (const [offset, decimals] of [
      [0, 5],
      [0, 6],
      [0, 17],
      [0.5, 6],
    ] as const) {
      using folder = temporaryFolder()
      writeSample(folder.path, 'data.yaml', 'train: images\nval: images\noutline: [thick]\nnames: [bolt]\n')
      for (const [index, bitmap] of bitmaps.entries()) {
        await writePicture(folder.path, `images/${index}.png`, bitmap.width, bitmap.height)
        const contours = outerContours(bitmap).map((corners) =>
          corners.map((value, at) =>
            ((value + offset) / (at % 2 === 0 ? bitmap.width : bitmap.height)).toFixed(decimals),
          ),
        )
        writeSample(folder.path, `labels/${index}.txt`, contours.map((shares) => `0 ${shares.join(' ')}\n`).join(''))
      }
      const masks = bitmaps.map((bitmap) => tilesFromBitmap(bitmap))
      const through = await readYolo(folder.path, { ...importContext(), outline: 'centres' })
      expect(through.images.map(({ annotations }) => annotations[0]?.tiles)).toEqual(masks)
      const along = await readYolo(folder.path, importContext())
      expect(tilesArea(along.images[0]?.annotations[0]?.tiles ?? [])).toBeLessThan(tilesArea(masks[0] ?? []))
    }
  })

  test.each(['edges', 'centres'] as const)(
    'a ring longer than any object costs the line alone: %s',
    async (outline) => {
      using folder = temporaryFolder()
      writeSample(folder.path, 'data.yaml', 'train: images\nval: images\nnames: [bolt]\n')
      await writePicture(folder.path, 'images/a.png', 1000, 1000)
      const zigzag = Array.from({ length: 60_000 }, (_, at) => (at % 2 === 0 ? '0 0' : '1 1')).join(' ')
      writeSample(folder.path, 'labels/a.txt', `0 ${zigzag}\n${rectangle}\n`)
      const { images, problems } = await readYolo(folder.path, { ...importContext(), outline })
      expect(images[0]?.annotations).toHaveLength(1)
      expect(problems.map(({ reason }) => reason)).toEqual([
        expect.stringMatching(
          /^Line 1 was left out: A polygon crosses \d+ .* more than the 25000000 that are filled\./,
        ),
      ])
    },
  )

  test('the layout of Roboflow, names as a map with a gap, the file itself given', async () => {
    using folder = temporaryFolder()
    const data = writeSample(
      folder.path,
      'data.yaml',
      'train: ../train/images\nval:\n- valid/images\nnames:\n  0: bolt\n  2: 7\n',
    )
    await writePicture(folder.path, 'train/images/a.png', 4, 2)
    await writePicture(folder.path, 'valid/images/b.png', 4, 2)
    writeSample(folder.path, 'train/labels/a.txt', rectangle)
    writeSample(folder.path, 'valid/labels/b.txt', rectangle.replace('0', '2'))
    const { classes, images, problems } = await readYolo(data, importContext())
    expect(problems).toEqual([])
    expect(classes.map(({ name, annotations }) => [name, annotations])).toEqual([
      ['bolt', 1],
      ['7', 1],
    ])
    expect(images.map(({ fileName }) => fileName)).toEqual(['a.png', 'b.png'])
  })

  test('lists of pictures, absolute and relative', async () => {
    using folder = temporaryFolder()
    using elsewhere = temporaryFolder()
    await writePicture(elsewhere.path, 'images/train/a.png', 4, 2)
    writeSample(elsewhere.path, 'labels/train/a.txt', rectangle)
    await writePicture(folder.path, 'images/b.png', 4, 2)
    writeSample(folder.path, 'labels/b.txt', rectangle)
    writeSample(folder.path, 'lists/train.txt', `${elsewhere.path}/images/train/a.png\n./../images/b.png\n\n`)
    writeSample(folder.path, 'data.yaml', 'train: lists/train.txt\nval: lists/train.txt\nnames: [bolt]\n')
    const { images, problems } = await readYolo(folder.path, importContext())
    expect(problems).toEqual([
      {
        name: 'data.yaml',
        reason: `\`train\` leads out of the folder, to ${elsewhere.path}/labels/train: what lies there was read too.`,
      },
    ])
    expect(images.map(({ fileName, annotations }) => [fileName, annotations.length])).toEqual([
      ['a.png', 1],
      ['b.png', 1],
    ])
  })

  test('of poses the boxes are read, and the keypoints are told', async () => {
    using folder = temporaryFolder()
    writeSample(folder.path, 'data.yaml', 'train: images\nval: images\nkpt_shape: [2, 2]\nnames: [person]\n')
    await writePicture(folder.path, 'images/a.png', 4, 2)
    writeSample(folder.path, 'labels/a.txt', '0 0.5 0.5 0.5 1 0.4 0.4 0 0\n0 0.5 0.5 1 1 0 0 7 7\n0 0.5 0.5 1 1\n')
    const { images, problems } = await readYolo(folder.path, importContext())
    expect(images[0]?.annotations.map(({ kind, box }) => [kind, box])).toEqual([
      ['box', [1, 0, 2, 2]],
      ['box', [0, 0, 4, 2]],
      ['box', [0, 0, 4, 2]],
    ])
    expect(problems.map(({ reason }) => reason)).toEqual([
      '2 lines hold keypoints, which a project cannot hold: their boxes alone were read.',
    ])
  })

  test('a ring along the border is no box with keypoints', async () => {
    using folder = temporaryFolder()
    writeSample(folder.path, 'data.yaml', 'train: images\nval: images\nnames: [bolt]\n')
    await writePicture(folder.path, 'images/a.png', 4, 2)
    // Every third number from the seventh on is a side of the picture: two of them may be by chance.
    writeSample(folder.path, 'labels/a.txt', '0 0.5 0.5 1 1 0.5 1 0 1 0 0\n')
    const { images, problems } = await readYolo(folder.path, importContext())
    expect(problems).toEqual([])
    expect(images[0]?.annotations.map(({ kind }) => kind)).toEqual(['mask'])
  })
})

describe('what is wrong costs itself and nothing else', () => {
  test.each([
    ['0 0.1 0.1', '2 numbers follow the class: a box needs 4, a ring an even number, 6 or more.'],
    ['0 0 0 1 0 1 1 0', '7 numbers follow the class: a box needs 4, a ring an even number, 6 or more.'],
    ['0 0.5 0.5 0.2 0.2 0.9', '5 numbers follow the class: a box needs 4, a ring an even number, 6 or more.'],
    ['0 0 0 1 0 1 x', '`x` is not a number.'],
    ['0 0 0 1 0 1 nan', '`nan` is not a number.'],
    ['0,0,0,1,0,1,1', '`0,0,0,1,0,1,1` is not a number.'],
    ['2 0 0 1 0 1 1', 'no class 2 is named. Add it to `names` in data.yaml, or to classes.txt.'],
    ['-1 0 0 1 0 1 1', 'no class -1 is named. Add it to `names` in data.yaml, or to classes.txt.'],
    ['0.5 0 0 1 0 1 1', 'no class 0.5 is named. Add it to `names` in data.yaml, or to classes.txt.'],
    ['0 0 0 12 0 12 9', 'it holds 12, outside 0 to 1. Divide x by the width of the image and y by its height.'],
    ['0 0 0 -0.2 0 1 1', 'it holds -0.2, outside 0 to 1. Divide x by the width of the image and y by its height.'],
    ['0 0.5 0.5 0 1', 'the box has no area.'],
    ['0 0 0 0.01 0 0.01 0.01', 'its ring covers no pixel.'],
  ])('%s', async (line, reason) => {
    using folder = temporaryFolder()
    writeSample(folder.path, 'data.yaml', 'train: images\nval: images\nnames: [bolt, nut]\n')
    await writePicture(folder.path, 'images/ä.png', 4, 2)
    writeSample(folder.path, 'labels/ä.txt', `1 0 0 1 0 1 1.005\n\n${line}\n1 0 0 1 0 1 1\n`)
    const { images, problems } = await readYolo(folder.path, importContext())
    expect(problems).toEqual([{ name: 'labels/ä.txt', reason: `Line 3 was left out: ${reason}` }])
    expect(images[0]?.annotations).toHaveLength(2)
  })

  test('pictures that are damaged or nowhere', async () => {
    using folder = temporaryFolder()
    writeSample(folder.path, 'data.yaml', 'train: images\nval: [images, nowhere]\nnames: [bolt]\n')
    for (const name of ['a', 'b', 'c']) writeSample(folder.path, `labels/${name}.txt`, '0 0 0 1 0 1 1\n')
    await writePicture(folder.path, 'images/a.png', 4, 2)
    writeSample(folder.path, 'images/b.png', 'no picture')
    const { images, problems } = await readYolo(folder.path, importContext())
    expect(images.map(({ fileName }) => fileName)).toEqual(['a.png'])
    expect(problems).toEqual([
      {
        name: 'data.yaml',
        reason: '`val` leads to nowhere, where there are neither pictures nor labels. Correct the path.',
      },
      { name: 'labels/b.txt', reason: expect.stringContaining('b.png cannot be read') as string },
      {
        name: 'labels/c.txt',
        reason:
          'The picture c lies neither beside its labels nor in the project, so its size is not known. Put it there, or add it to the project first.',
      },
    ])
  })

  test.each([
    ['names: [a\n', 'yoloDataInvalid', 'does not describe a YOLO data set: '],
    ['train: images\n', 'yoloDataInvalid', '`names` must list the classes, `train` and `val` the pictures'],
    ['names: {a: 1}\n', 'yoloDataInvalid', '`names` must list the classes, `train` and `val` the pictures'],
    ['names: *a\n', 'yoloDataInvalid', 'does not describe a YOLO data set: '],
    ['names: [a]\nkpt_shape: 17\n', 'yoloDataInvalid', '`kpt_shape` must be the number of keypoints, and 2 or 3'],
    ['', 'yoloDataInvalid', '`names` must list the classes, `train` and `val` the pictures'],
  ])('data.yaml: %j', async (text, key, part) => {
    using folder = temporaryFolder()
    writeFileSync(join(folder.path, 'data.yaml'), text)
    const error: unknown = await readYolo(folder.path, importContext()).catch((failure: unknown) => failure)
    expect(error).toMatchObject({ code: 'InvalidInput', key, message: expect.stringContaining(part) as string })
    expect((error as Error).message).not.toContain('\n')
  })

  test('Label Studio: no data.yaml, the classes in a list of their own', async () => {
    using folder = temporaryFolder()
    writeSample(folder.path, 'classes.txt', 'bolt\r\nnut\r\n')
    writeSample(folder.path, 'notes.json', '{"categories": [{"id": 0, "name": "bolt"}]}')
    await writePicture(folder.path, 'images/a.png', 4, 2)
    writeSample(folder.path, 'labels/a.txt', '1 0.5 0.5 1 1\n7 0.5 0.5 1 1\n')
    const { classes, images, problems } = await readYolo(folder.path, importContext())
    expect(classes).toMatchObject([
      { name: 'bolt', annotations: 0 },
      { name: 'nut', annotations: 1 },
    ])
    expect(images).toMatchObject([{ fileName: 'a.png', annotations: [{ className: 'nut', box: [0, 0, 4, 2] }] }])
    expect(problems).toEqual([
      {
        name: 'labels/a.txt',
        reason: 'Line 2 was left out: no class 7 is named. Add it to `names` in data.yaml, or to classes.txt.',
      },
    ])
  })

  test('no data.yaml, or several files that could be it', async () => {
    using folder = temporaryFolder()
    await expect(readYolo(folder.path, importContext())).rejects.toMatchObject({ key: 'yoloDataMissing' })
    writeSample(folder.path, 'a.yaml', 'names: [a]')
    expect((await readYolo(folder.path, importContext())).classes).toHaveLength(1)
    writeSample(folder.path, 'b.yml', 'names: [a]')
    await expect(readYolo(folder.path, importContext())).rejects.toMatchObject({ key: 'yoloDataMissing' })
    await expect(readYolo(join(folder.path, 'c.yaml'), importContext())).rejects.toMatchObject({
      key: 'fileUnreadable',
    })
  })
})

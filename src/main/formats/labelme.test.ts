import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { classRecord, exportSource, quiet, temporaryFolder, writeSample } from '../../../test/python/export-samples.ts'
import { cocoSpec } from '../../../test/support/export-spec.ts'
import {
  expectEqualMasks,
  imagesArbitrary,
  importContext,
  roundTrip,
  secondClass,
} from '../../../test/python/format-round-trips.ts'
import { indexPngCodec } from '../../../test/python/index-png-codec.ts'
import { bitmapFromPicture, hardMasks } from '../../../test/python/mask-samples.ts'
import { tilesArea, tilesFromBitmap } from '../../shared/mask/tiles.ts'
import { exportLabelme } from './labelme-export.ts'
import { readLabelme } from './labelme-import.ts'

async function maskText(rows: readonly string[]): Promise<string> {
  return Buffer.from(await indexPngCodec.encodeIndexPng(bitmapFromPicture(rows))).toString('base64')
}

const polygon = {
  label: 'bolt',
  points: [
    [0, 0],
    [2, 0],
    [2, 1],
    [0, 1],
  ],
  group_id: null,
  shape_type: 'polygon',
  flags: {},
}
const picture = {
  version: '5.4.1',
  flags: { checked: true },
  imagePath: 'a.jpg',
  imageData: null,
  imageHeight: 4,
  imageWidth: 8,
}

async function readOne(file: object | string) {
  using folder = temporaryFolder()
  writeSample(folder.path, 'sub/a.json', typeof file === 'string' ? file : JSON.stringify(file))
  return await readLabelme(folder.path, importContext())
}

describe('round trip', () => {
  test('every mask comes back, whatever its shape, its class or the name of its image', async () => {
    await fc.assert(
      fc.asyncProperty(imagesArbitrary, (images) => expectEqualMasks(images, 'labelme')),
      { numRuns: 60 },
    )
  })

  test('hard masks come back', async () => {
    const images = hardMasks.map(({ bitmap }, index) => {
      const { width, height } = bitmap
      return {
        name: `${String(index).padStart(2, '0')}.png`,
        width,
        height,
        masks: [{ className: secondClass, bitmap }],
      }
    })
    await expectEqualMasks(images, 'labelme')
  })

  test('a file worked by hand: second corner inclusive, no picture inside', async () => {
    using folder = temporaryFolder()
    const bitmap = bitmapFromPicture(['......', '..###.', '..#.#.', '......'])
    const masks = [{ className: secondClass, bitmap }]
    const boxes = [{ className: secondClass, box: [1, 0.5, 2, 3] as [number, number, number, number] }]
    const { report } = await roundTrip(
      [{ name: 'ä/a.jpg', width: 6, height: 4, masks, boxes }],
      { format: 'labelme' },
      folder.path,
    )
    expect(report.files).toEqual(['ä/a.json'])
    const rest = { group_id: null, description: '', flags: {} }
    expect(JSON.parse(readFileSync(join(folder.path, 'ä/a.json'), 'utf8'))).toEqual({
      version: '5.5.0',
      flags: {},
      shapes: [
        {
          label: secondClass,
          points: [
            [2, 1],
            [4, 2],
          ],
          shape_type: 'mask',
          mask: await maskText(['###', '#.#']),
          ...rest,
        },
        {
          label: secondClass,
          points: [
            [1, 0.5],
            [3, 3.5],
          ],
          shape_type: 'rectangle',
          ...rest,
        },
      ],
      imagePath: 'a.jpg',
      imageData: null,
      imageHeight: 4,
      imageWidth: 6,
    })
  })

  test('pictures with one stem have a file each, the picture lies beside', async () => {
    using pictures = temporaryFolder()
    using folder = temporaryFolder()
    const path = writeSample(pictures.path, 'p.png', 'picture')
    const size = { width: 3, height: 2, reviewed: true, path }
    const { report, read } = await roundTrip(
      ['a.jpg', 'A.png', 'b/a.jpg'].map((name) => ({ ...size, name })),
      { format: 'labelme', images: 'copy' },
      folder.path,
    )
    expect(report.files).toEqual(['a.json', 'A.png.json', 'b/a.json'])
    expect(report.problems).toEqual([
      {
        name: 'A.png',
        reason:
          'Another picture has the same name before its ending, so its file is A.png.json: open that one in labelme, not the picture.',
      },
    ])
    expect(readFileSync(join(folder.path, 'b/a.jpg'), 'utf8')).toBe('picture')
    expect(read.images.map(({ fileName, annotations }) => [fileName, annotations])).toEqual([
      ['A.png', []],
      ['a.jpg', []],
      ['b/a.jpg', []],
    ])
  })

  test('a file that does not give the mask back fails the export and is removed', async () => {
    const codec = { ...indexPngCodec, encodeIndexPng: () => indexPngCodec.encodeIndexPng(bitmapFromPicture(['##'])) }
    using folder = temporaryFolder()
    const masks = [{ className: 'bolt', bitmap: bitmapFromPicture(['#.#']) }]
    const source = exportSource([{ name: 'a.jpg', width: 3, height: 1, masks }], [classRecord(0, 'bolt')])
    await expect(
      exportLabelme(source, folder.path, { ...cocoSpec, format: 'labelme' }, codec, quiet),
    ).rejects.toMatchObject({ key: 'exportDiffers', message: expect.stringContaining('a.jpg: Shape 1') as string })
    await expect(readLabelme(folder.path, importContext())).rejects.toMatchObject({ key: 'labelmeMissing' })
  })
})

describe('files of labelme', () => {
  test('polygons of a group, masks, rectangles from any corner, circles; flags and imageData are passed over', async () => {
    const shifted = { ...polygon, points: polygon.points.map(([x = 0, y = 0]) => [x + 4, y + 1]) }
    const read = await readOne({
      ...picture,
      imageData: 'AAAA',
      shapes: [
        { ...polygon, group_id: 1 },
        { ...shifted, group_id: 1 },
        { ...shifted, group_id: 2, flags: { difficult: true } },
        {
          label: 'nut',
          points: [
            [5, 2],
            [7, 3],
          ],
          group_id: 1,
          shape_type: 'mask',
          flags: {},
          mask: await maskText(['###', '#.#']),
        },
        {
          label: 'nut',
          points: [
            [6, 3.5],
            [1.5, 0],
          ],
          group_id: null,
          shape_type: 'rectangle',
          flags: {},
        },
        {
          label: 'nut',
          points: [
            [2, 2],
            [3, 2],
          ],
          group_id: null,
          shape_type: 'circle',
          flags: {},
        },
      ],
    })
    const shared = { crowd: null, originalId: null }
    const mask = (className: string, rows: readonly string[]) => {
      return { ...shared, className, kind: 'mask', box: null, tiles: tilesFromBitmap(bitmapFromPicture(rows)) }
    }
    expect(read).toEqual({
      classes: [
        { name: 'bolt', parentName: null, annotations: 2 },
        { name: 'nut', parentName: null, annotations: 3 },
      ],
      problems: [],
      images: [
        {
          fileName: 'sub/a.jpg',
          width: 8,
          height: 4,
          annotations: [
            mask('bolt', ['##......', '....##..', '........', '........']),
            mask('bolt', ['........', '....##..', '........', '........']),
            mask('nut', ['........', '........', '.....###', '.....#.#']),
            { ...shared, className: 'nut', kind: 'box', tiles: [], box: [1.5, 0, 4.5, 3.5] },
            mask('nut', ['........', '.##.....', '.##.....', '........']),
          ],
        },
      ],
    })
  })

  test('a 1-bit mask, and one of 0 and 255', async () => {
    // 3 × 1 pixels, 1 bit each: 101, as Pillow writes a mask of booleans.
    const oneBit = 'iVBORw0KGgoAAAANSUhEUgAAAAMAAAABAQAAAAAzmykZAAAACklEQVR4nGNYAAAAogCh3I2xzAAAAABJRU5ErkJggg=='
    const white = { width: 3, height: 1, data: Uint8Array.of(255, 0, 255) }
    const bytes = Buffer.from(await indexPngCodec.encodeIndexPng(white)).toString('base64')
    for (const mask of [oneBit, bytes]) {
      const shape = {
        label: 'x',
        points: [
          [1, 1],
          [3, 1],
        ],
        shape_type: 'mask',
        mask,
      }
      const { images, problems } = await readOne({ ...picture, shapes: [shape] })
      expect(problems).toEqual([])
      const tiles = tilesFromBitmap(bitmapFromPicture(['#.#']), 1, 1)
      expect(images[0]?.annotations[0]?.tiles).toEqual(tiles)
    }
  })

  test.each([
    ['..\\images\\a.jpg', 'images/a.jpg'],
    ['../../images/a.jpg', 'images/a.jpg'],
    ['/home/somebody/a.jpg', 'a.jpg'],
    ['C:\\data\\a.jpg', 'a.jpg'],
    ['./ü/a.jpg', 'sub/ü/a.jpg'],
  ])('a picture at %s', async (imagePath, fileName) => {
    expect((await readOne({ ...picture, imagePath, shapes: [] })).images[0]?.fileName).toBe(fileName)
  })

  test('the size may be that of the picture beside it, or in the project', async () => {
    using folder = temporaryFolder()
    const bare = { ...picture, imageHeight: null, imageWidth: undefined, shapes: [polygon] }
    const path = writeSample(folder.path, 'a.json', JSON.stringify({ ...bare, imagePath: 'a.png' }))
    writeSample(folder.path, 'b.json', JSON.stringify({ ...bare, imagePath: 'b.png', imageData: 'AAAA' }))
    await indexPngCodec.writeIndexPng(join(folder.path, 'a.png'), { width: 5, height: 3, data: new Uint8Array(15) })
    const known = [{ fileName: 'b.png', width: 7, height: 6 }]
    expect((await readLabelme(folder.path, importContext(known))).images).toMatchObject([
      { fileName: 'a.png', width: 5, height: 3 },
      { fileName: 'b.png', width: 7, height: 6 },
    ])
    const { images, problems } = await readLabelme(folder.path, importContext())
    expect(images).toHaveLength(1)
    expect(problems).toEqual([
      {
        name: 'b.json',
        reason:
          'It states no imageWidth and imageHeight, and its picture b.png is not there. Put the picture there, or save the file again in labelme.',
      },
    ])
    expect((await readLabelme(path, importContext())).images).toHaveLength(1)
  })
})

describe('what is wrong costs itself and nothing else', () => {
  test.each<[string, object, string]>([
    ['no label', { label: ' ' }, 'Shape 1 was left out: its `label` is missing or not what labelme writes.'],
    [
      'a label that is no text',
      { label: 7 },
      'Shape 1 was left out: its `label` is missing or not what labelme writes.',
    ],
    [
      'a point that is none',
      { points: [[1]] },
      'Shape 1 was left out: its `points` is missing or not what labelme writes.',
    ],
    [
      'two points',
      {
        points: [
          [1, 1],
          [2, 2],
        ],
      },
      'Shape 1 (bolt) was left out: a polygon needs 3 points, it has 2.',
    ],
    [
      'far away',
      {
        points: [
          [0, 0],
          [900, 0],
          [0, 2],
        ],
      },
      'Shape 1 (bolt) was left out: A polygon reaches 900, more than 10 image sizes away.',
    ],
    [
      'no pixel',
      {
        points: [
          [0, 0],
          [0.1, 0],
          [0, 0.1],
        ],
      },
      'Shape 1 (bolt) was left out: it covers no pixel.',
    ],
    [
      'a line',
      { shape_type: 'linestrip' },
      'Shape 1 (bolt) was left out: a linestrip has no area that could be a mask. Draw it as polygon or mask.',
    ],
    [
      'a rectangle of four',
      { shape_type: 'rectangle' },
      'Shape 1 (bolt) was left out: a rectangle has 2 corners, it has 4 points. Draw it again.',
    ],
    [
      'a flat rectangle',
      {
        shape_type: 'rectangle',
        points: [
          [1, 1],
          [1, 2],
        ],
      },
      'Shape 1 (bolt) was left out: it has no area.',
    ],
    [
      'a circle of one',
      { shape_type: 'circle', points: [[1, 1]] },
      'Shape 1 (bolt) was left out: a circle has a centre and a point on it, it has 1 points. Draw it again.',
    ],
    [
      'a circle far away',
      {
        shape_type: 'circle',
        points: [
          [-1e9, 1],
          [-1e9, 2],
        ],
      },
      'Shape 1 (bolt) was left out: it covers no pixel.',
    ],
    [
      'no mask',
      { shape_type: 'mask' },
      'Shape 1 (bolt) was left out: a mask needs two corners and its pixels in `mask`.',
    ],
    [
      'a broken mask',
      { shape_type: 'mask', mask: 'AAAA' },
      'Shape 1 (bolt) was left out: a.json, shape 1 cannot be read as a class mask: it is not a PNG file; save it as an 8-bit grey or palette PNG.',
    ],
  ])('%s', async (_what, change, reason) => {
    const { images, problems } = await readOne({ ...picture, shapes: [{ ...polygon, ...change }, polygon] })
    expect(problems).toEqual([{ name: 'sub/a.json', reason }])
    expect(images[0]?.annotations).toHaveLength(1)
  })

  test.each([
    [
      [
        [0, 0],
        [2, 0],
      ],
      'its corners span 3×1 pixels, its mask has 2×1.',
    ],
    [
      [
        [7, 0],
        [8, 0],
      ],
      'it reaches outside the image of 8×4 pixels.',
    ],
  ])('a mask from %j', async (points, reason) => {
    const shape = { ...polygon, shape_type: 'mask', points, mask: await maskText(['##']) }
    const { problems } = await readOne({ ...picture, shapes: [shape] })
    expect(problems).toEqual([{ name: 'sub/a.json', reason: `Shape 1 (bolt) was left out: ${reason}` }])
  })

  test('what is nested deeper than the stack is passed over', async () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000)
    const file = JSON.stringify({ ...picture, shapes: [polygon, { ...polygon, points: 'deep' }] })
    const { images, problems } = await readOne(
      `\uFEFF${file.replace('"deep"', deep).replace('{"checked":true}', deep)}`,
    )
    expect(images[0]?.annotations).toHaveLength(1)
    expect(problems.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('Shape 2 was left out: its `points`'),
    ])
  })

  test('files that are not of labelme', async () => {
    using folder = temporaryFolder()
    writeSample(folder.path, 'a.json', JSON.stringify({ ...picture, shapes: [polygon] }))
    writeSample(folder.path, 'b.json', '{"shapes": [')
    writeSample(folder.path, 'c.json', '[]')
    writeSample(folder.path, 'd.json', JSON.stringify({ ...picture, imagePath: null, shapes: [] }))
    writeSample(folder.path, 'e.json', JSON.stringify({ images: [] }))
    const { images, problems } = await readLabelme(folder.path, importContext())
    expect(images).toHaveLength(1)
    expect(tilesArea(images[0]?.annotations[0]?.tiles ?? [])).toBe(2)
    expect(problems.map(({ name }) => name)).toEqual(['b.json', 'c.json', 'd.json', 'e.json'])
    expect(problems[0]?.reason).toMatch(/^It is not valid JSON \(.+\) and was left out\. Save it again in labelme\.$/)
    expect(problems.slice(1).map(({ reason }) => reason)).toEqual([
      'It is not a labelme file (no object) and was left out.',
      'It is not a labelme file (`imagePath`) and was left out.',
      'It is not a labelme file (`shapes`) and was left out.',
    ])
  })

  test('nothing there', async () => {
    using folder = temporaryFolder()
    await expect(readLabelme(folder.path, importContext())).rejects.toMatchObject({
      code: 'NotFound',
      key: 'labelmeMissing',
    })
    await expect(readLabelme(join(folder.path, 'x.json'), importContext())).rejects.toMatchObject({
      key: 'fileUnreadable',
    })
  })
})

import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { classRecord, exportSource, quiet, temporaryFolder, writeSample } from '../../../test/python/export-samples.ts'
import { objectsSpec } from '../../../test/support/export-spec.ts'
import type { SampleImage } from '../../../test/python/export-samples.ts'
import { indexPngCodec } from '../../../test/python/index-png-codec.ts'
import { bitmapFromPicture, hardMasks, randomBitmap, randomStream } from '../../../test/python/mask-samples.ts'
import type { Box } from '../../shared/domain/records.ts'
import { AppError } from '../../shared/errors.ts'
import { bitmapArea } from '../../shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../shared/mask/tiles.ts'
import { encodeIndexPng } from '../images/index-png.ts'
import type { ImportedAnnotation } from './format-types.ts'
import { exportPngObjects } from './png-objects-export.ts'
import { readPngObjects } from './png-objects-import.ts'
import type { IndexPng } from '../../shared/domain/index-png.ts'

const tool = classRecord(0, 'tool')
const classes = [classRecord(1, 'bolt', tool.id), tool]

function write(folder: string, images: readonly SampleImage[], records = classes) {
  return exportPngObjects(exportSource(images, records), folder, objectsSpec, indexPngCodec, quiet)
}

const summary = ({ className, kind, tiles, box, originalId }: ImportedAnnotation) => [
  className,
  kind === 'box' ? box : tiles,
  originalId,
]

describe('export', () => {
  test('state and score of proposals and groups of objects come back; what is neither has no mark', async () => {
    using folder = temporaryFolder()
    const bitmap = bitmapFromPicture(['##.', '...'])
    const masks = [
      { className: 'bolt', bitmap, state: 'proposed' as const, score: 0.4 },
      { className: 'bolt', bitmap, state: 'proposed' as const },
      { className: 'bolt', bitmap, crowd: true },
      { className: 'tool', bitmap },
    ]
    const source = exportSource([{ name: 'a.jpg', width: 3, height: 2, masks }], classes)
    const spec = { ...objectsSpec, include: 'all' } as const
    expect(await exportPngObjects(source, folder.path, spec, indexPngCodec, quiet)).toMatchObject({ problems: [] })
    const { images } = await readPngObjects(folder.path, indexPngCodec)
    expect(images[0]?.annotations.map(({ state, score, crowd }) => [state, score, crowd])).toEqual([
      ['proposed', 0.4, false],
      ['proposed', undefined, false],
      [undefined, undefined, true],
      [undefined, undefined, false],
    ])
  })

  test('a score, a state or a mark that is none costs the object nothing', async () => {
    using folder = temporaryFolder()
    const object = { class: 'bolt', kind: 'box', box: [0, 0, 1, 1], state: 'maybe', score: 7, crowd: 'yes' }
    const image = { image: 'a.jpg', width: 3, height: 2, objects: [object] }
    writeSample(folder.path, 'manifest.json', JSON.stringify({ format: 'png-objects', classes: [], images: [image] }))
    const { images, problems } = await readPngObjects(folder.path, indexPngCodec)
    expect(problems).toEqual([])
    expect(images[0]?.annotations).toEqual([
      { className: 'bolt', kind: 'box', tiles: [], box: [0, 0, 1, 1], crowd: false, originalId: null },
    ])
  })

  test('a 3 x 2 image worked by hand', async () => {
    using folder = temporaryFolder()
    const masks = [
      { className: 'bolt', bitmap: bitmapFromPicture(['.##', '...']) },
      { className: 'tool', bitmap: bitmapFromPicture(['###', '#.#']), state: 'accepted' as const },
    ]
    const boxes = [{ className: 'bolt', box: [0, 0, 2.5, 1] as Box }]
    const report = await write(folder.path, [
      { name: 'sub/a.jpg', width: 3, height: 2, masks, boxes },
      { name: 'none.jpg', width: 1, height: 1, reviewed: true },
      { name: 'new.jpg', width: 1, height: 1 },
    ])
    expect(report).toEqual({
      files: ['manifest.json', 'masks/sub/a/001_bolt.png', 'masks/sub/a/002_tool.png'],
      location: folder.path,
      images: 2,
      annotations: 3,
      identical: 3,
      problems: [],
    })
    expect(await indexPngCodec.readLabelPng(join(folder.path, 'masks/sub/a/002_tool.png'))).toEqual({
      kind: 'grey',
      width: 3,
      height: 2,
      data: Uint8Array.of(255, 255, 255, 255, 0, 255),
    })
    expect(JSON.parse(readFileSync(join(folder.path, 'manifest.json'), 'utf8'))).toEqual({
      format: 'png-objects',
      version: 1,
      name: 'Samples',
      classes: [
        { name: 'tool', parent: null },
        { name: 'bolt', parent: 'tool' },
      ],
      images: [
        {
          image: 'sub/a.jpg',
          width: 3,
          height: 2,
          objects: [
            { id: 'image-0-mask-0', class: 'bolt', kind: 'mask', file: 'masks/sub/a/001_bolt.png' },
            { id: 'image-0-mask-1', class: 'tool', kind: 'mask', file: 'masks/sub/a/002_tool.png' },
            { id: 'image-0-box-0', class: 'bolt', kind: 'box', box: [0, 0, 2.5, 1] },
          ],
        },
        { image: 'none.jpg', width: 1, height: 1, objects: [], reviewed_empty: true },
      ],
    })
  })

  test('any masks and boxes come back, whatever lies over what', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 6 }),
        fc.array(fc.tuple(fc.double({ min: 0, max: 9, noNaN: true }), fc.double({ min: 0.01, max: 9, noNaN: true })), {
          maxLength: 3,
        }),
        async (width, height, seeds, sides) => {
          using folder = temporaryFolder()
          const masks = seeds
            .map(([seed, isTool]) => ({
              className: isTool ? 'tool' : 'bolt',
              bitmap: randomBitmap(width, height, randomStream(seed)),
            }))
            .filter(({ bitmap }) => bitmapArea(bitmap) > 0)
          const boxes = sides.map(([at, side]) => ({ className: 'bolt', box: [at, at, side, side] as Box }))
          const report = await write(folder.path, [{ name: 'a.jpg', width, height, masks, boxes, reviewed: true }])
          expect(report.identical).toBe(masks.length + boxes.length)
          const { images, problems, classes: found } = await readPngObjects(folder.path, indexPngCodec)
          expect(problems).toEqual([])
          expect(found.map(({ name, parentName }) => [name, parentName])).toEqual([
            ['tool', null],
            ['bolt', 'tool'],
          ])
          expect(images[0]?.annotations.map(summary)).toEqual([
            ...masks.map(({ className, bitmap }, index) => [
              className,
              tilesFromBitmap(bitmap),
              `image-0-mask-${index}`,
            ]),
            ...boxes.map(({ className, box }, index) => [className, box, `image-0-box-${index}`]),
          ])
        },
      ),
      { numRuns: 40 },
    )
  })

  test('hard masks, equal names, odd class names; by the manifest and by the folders alone', async () => {
    using folder = temporaryFolder()
    const odd = 'Mutter: M6/8 "ß" 漢.'
    const records = [classRecord(0, 'bolt'), classRecord(1, odd), classRecord(2, '漢'.repeat(200))]
    const images = hardMasks.map(({ bitmap }, index) => ({
      name: `${index % 2 === 0 ? 'x' : 'ÿ 漢'}/${index >> 1}.jpg`,
      width: bitmap.width,
      height: bitmap.height,
      masks: records.map(({ name }) => ({ className: name, bitmap })),
    }))
    const report = await write(folder.path, images, records)
    expect(report).toMatchObject({ identical: 3 * hardMasks.length, problems: [] })
    const expected = new Map(
      images.map(({ name, masks }) => [
        name,
        masks.map(({ className, bitmap }) => [className, tilesFromBitmap(bitmap)]),
      ]),
    )
    const read = async () => {
      const { images: found, problems } = await readPngObjects(folder.path, indexPngCodec)
      expect(problems).toEqual([])
      return new Map(
        found.map(({ fileName, annotations }) => [fileName, annotations.map((each) => summary(each).slice(0, 2))]),
      )
    }
    expect(await read()).toEqual(expected)
    // Without the manifest names are what file systems take, and images have no ending.
    rmSync(join(folder.path, 'manifest.json'))
    const shortened = (name: unknown) =>
      name === odd ? 'Mutter- M6-8 -ß- 漢' : name === 'bolt' ? name : '漢'.repeat(40)
    expect(await read()).toEqual(
      new Map(
        [...expected].map(([name, masks]) => [
          name.replace('.jpg', ''),
          masks.map(([className, tiles]) => [shortened(className), tiles]),
        ]),
      ),
    )
  })

  test('images that differ in their ending only have their own folders', async () => {
    using folder = temporaryFolder()
    const masks = [{ className: 'bolt', bitmap: bitmapFromPicture(['#']) }]
    const names = ['a.jpg', 'A.png', 'plain']
    const report = await write(
      folder.path,
      names.map((name) => ({ name, width: 1, height: 1, masks })),
    )
    expect(report.files.slice(1)).toEqual([
      'masks/a/001_bolt.png',
      'masks/A.png/001_bolt.png',
      'masks/plain/001_bolt.png',
    ])
    expect((await readPngObjects(folder.path, indexPngCodec)).images.map(({ fileName }) => fileName)).toEqual(names)
  })

  test('a mask that does not come back fails the export, and no manifest says that it ended', async () => {
    using folder = temporaryFolder()
    const lossy = {
      ...indexPngCodec,
      writeIndexPng: (path: string, image: IndexPng) =>
        indexPngCodec.writeIndexPng(path, { ...image, data: new Uint8Array(image.data.length) }),
    }
    const masks = [{ className: 'bolt', bitmap: bitmapFromPicture(['#']) }]
    const source = exportSource([{ name: 'a.jpg', width: 1, height: 1, masks }], classes)
    await expect(exportPngObjects(source, folder.path, objectsSpec, lossy, quiet)).rejects.toThrow(
      'masks/a/001_bolt.png) and was removed',
    )
    expect(existsSync(join(folder.path, 'manifest.json'))).toBe(false)
  })
})

describe('import', () => {
  const png = (...data: number[]) => encodeIndexPng({ width: data.length, height: 1, data: Uint8Array.from(data) })

  test('bad entries cost themselves and no other', async () => {
    using folder = temporaryFolder()
    const good = await png(0, 255)
    writeSample(folder.path, 'm/good.png', good)
    writeSample(folder.path, 'm/cut.png', good.subarray(0, 50))
    writeSample(folder.path, 'm/black.png', await png(0, 0))
    writeSample(folder.path, 'm/soft.png', await png(9, 255))
    writeSample(folder.path, 'm/long.png', await png(0, 0, 1))
    const mask = { class: 'bolt', kind: 'mask', file: 'm/good.png' }
    const image = { image: 'a.jpg', width: 2, height: 1 }
    const manifest = {
      format: 'png-objects',
      classes: [{ name: 'bolt' }, { parent: 'bolt' }],
      images: [
        {
          ...image,
          objects: [
            { ...mask, id: 7 },
            { ...mask, file: 'm/cut.png' },
            { ...mask, file: 'm/black.png' },
            { ...mask, file: 'm/soft.png' },
            { ...mask, file: 'm/long.png' },
            { ...mask, file: 'm/none.png' },
            { ...mask, file: '../good.png' },
            { class: 'bolt', kind: 'box', box: [0, 0, 0, 1] },
            { kind: 'mask' },
          ],
        },
        { ...image, objects: [] },
        { ...image, image: '/etc/a.jpg', objects: [] },
        { image: 'b.jpg' },
      ],
    }
    writeSample(folder.path, 'manifest.json', JSON.stringify(manifest))
    const missing = new AppError('Io', 'fileUnreadable', 'none.png cannot be read.')
    const { images, problems } = await readPngObjects(folder.path, {
      readLabelPng: (path) => (path.endsWith('none.png') ? Promise.reject(missing) : indexPngCodec.readLabelPng(path)),
    })
    expect(images.map(({ fileName, annotations }) => [fileName, annotations.map(summary)])).toEqual([
      ['a.jpg', [['bolt', tilesFromBitmap(bitmapFromPicture(['.#'])), '7']]],
    ])
    expect(problems.map(({ name, reason }) => `${name.replace(folder.path, '')}: ${reason}`)).toEqual([
      '/manifest.json: An entry of `classes` has no name and was left out.',
      expect.stringMatching(/^a\.jpg: Object 2 was left out: cut\.png is damaged/),
      'a.jpg: Object 3 was left out: m/black.png is black, so it covers no pixel.',
      'a.jpg: Object 4 was left out: m/soft.png holds 2 values besides black, and an object has one. Save it again as black and white.',
      'a.jpg: Object 5 was left out: the manifest says 2×1, m/long.png is 3×1.',
      'a.jpg: Object 6 was left out: none.png cannot be read.',
      'a.jpg: Object 7 was left out: its path ../good.png leads out of the folder.',
      'a.jpg: Object 8 was left out: its box has no width or height.',
      'a.jpg: Object 9 was left out: it lacks class, kind, or the file or box that goes with it.',
      'a.jpg: It is listed twice; the first entry was read.',
      '/etc/a.jpg: Its path leads out of the folder, so it was left out. Use paths below the folder.',
      '/manifest.json: Entry 4 of `images` lacks image, width, height or objects.',
    ])
  })

  test('folders of another program: either order of number and class, palette and 0/1 masks; the rest is listed', async () => {
    using folder = temporaryFolder()
    writeSample(folder.path, 'a b/bolt_1.png', await png(0, 1))
    writeSample(folder.path, 'a b/2-nut.png', await png(255, 0))
    const inverse = { width: 2, height: 1, data: Uint8Array.of(1, 0), palette: [0xffffff, 0] }
    writeSample(folder.path, 'a b/3_nut.png', await encodeIndexPng(inverse))
    writeSample(folder.path, 'a b/4_long.png', await png(0, 0, 1))
    writeSample(folder.path, 'a b/mask.png', await png(0, 1))
    writeSample(folder.path, '1_top.png', await png(0, 1))
    const { images, problems } = await readPngObjects(folder.path, indexPngCodec)
    const second = tilesFromBitmap(bitmapFromPicture(['.#']))
    expect(images.map(({ fileName, annotations }) => [fileName, annotations.map(summary)])).toEqual([
      [
        'a b',
        [
          ['nut', tilesFromBitmap(bitmapFromPicture(['#.'])), null],
          ['nut', second, null],
          ['bolt', second, null],
        ],
      ],
    ])
    expect(problems.map(({ name, reason }) => `${name}: ${reason}`)).toEqual([
      '1_top.png: It was left out: its path is not IMAGE/NUMBER_CLASS.png. Rename it, or add a manifest.json.',
      'a b/mask.png: It was left out: its path is not IMAGE/NUMBER_CLASS.png. Rename it, or add a manifest.json.',
      'a b: a b/4_long.png was left out: it is 3×1, the first one of its image 2×1.',
    ])
  })

  test('a folder without anything, a manifest of something else and a broken one are refused', async () => {
    using folder = temporaryFolder()
    await expect(readPngObjects(folder.path, indexPngCodec)).rejects.toThrow('is no folder with one PNG an object')
    writeSample(folder.path, 'manifest.json', '{"classes": {"1": "bolt"}, "items": []}')
    await expect(readPngObjects(folder.path, indexPngCodec)).rejects.toThrow(
      'does not begin with "format": "png-objects"',
    )
    writeSample(folder.path, 'manifest.json', '{"format": "png-objects", ')
    await expect(readPngObjects(folder.path, indexPngCodec)).rejects.toThrow(/not valid JSON/)
  })
})

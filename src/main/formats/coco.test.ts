import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { classRecord, exportSource, quiet, temporaryFolder, writeSample } from '../../../test/python/export-samples.ts'
import { cocoSpec } from '../../../test/support/export-spec.ts'
import type { SampleImage } from '../../../test/python/export-samples.ts'
import {
  bitmapFromPicture,
  hardMasks,
  paintRectangle,
  randomBitmap,
  randomStream,
} from '../../../test/python/mask-samples.ts'
import { countsFromPolygons } from '../../shared/coco/rasterise.ts'
import { countsToString } from '../../shared/coco/rle.ts'
import type { Box } from '../../shared/domain/records.ts'
import { createBitmap } from '../../shared/mask/bitmap.ts'
import { bitmapFromTiles, tilesArea, tilesFromBitmap, tilesIou } from '../../shared/mask/tiles.ts'
import { exportCoco } from './coco-export.ts'
import { readCoco, readCocoResults } from './coco-import.ts'
import type { ExportImage } from './format-types.ts'
import { annotationDigest, verifyCoco, verifyCocoResults } from './coco-verify.ts'

const tool = classRecord(0, 'tool')
const bolt = classRecord(1, 'bolt', 'class-tool')
const classes = [bolt, tool]

interface Instances {
  readonly images: readonly { readonly file_name: string }[]
  readonly annotations: readonly {
    readonly segmentation: unknown
    readonly attributes: unknown
    readonly iscrowd: unknown
  }[]
}

function instances(folder: string): Instances {
  return JSON.parse(readFileSync(join(folder, 'annotations/instances_default.json'), 'utf8'))
}

function dot(width: number, height: number) {
  const bitmap = createBitmap(width, height)
  paintRectangle(bitmap, 1, 1, 1, 1, 1)
  return bitmap
}

/** The same picture and masks as records of their own. */
function copyOf({ image, annotations, path }: ExportImage, index: number): ExportImage {
  return {
    path,
    image: { ...image, id: `image-${index}`, name: `${index}.jpg` },
    annotations: annotations.map(({ record, tiles }) => ({ tiles, record: { ...record, id: `mask-${index}` } })),
  }
}

const random = randomStream(7)
const hardImages: SampleImage[] = [
  ...hardMasks.map(({ bitmap }, index) => ({
    name: `hard/${index}.png`,
    width: bitmap.width,
    height: bitmap.height,
    masks: [{ className: 'bolt', bitmap }],
  })),
  ...Array.from({ length: 30 }, (_, index) => {
    const bitmap = randomBitmap(60, 45, random)
    bitmap.data[index] = 1
    return {
      name: `random/${index}.png`,
      width: 60,
      height: 45,
      masks: [
        { className: 'tool', bitmap },
        { className: 'bolt', bitmap },
      ],
    }
  }),
]

describe('export', () => {
  test('a 3 x 2 image worked by hand', async () => {
    using folder = temporaryFolder()
    const bitmap = bitmapFromPicture(['.##', '#..'])
    const source = exportSource(
      [{ name: 'sub/a.jpg', width: 3, height: 2, masks: [{ className: 'bolt', bitmap }] }],
      classes,
    )
    const report = await exportCoco(source, folder.path, cocoSpec, quiet)
    expect(report).toEqual({
      files: ['annotations/instances_default.json'],
      location: folder.path,
      images: 1,
      annotations: 1,
      identical: 1,
      problems: [],
    })
    expect(instances(folder.path)).toEqual({
      info: { description: 'Samples', contributor: 'Exemplar Studio', version: '1.0' },
      licenses: [],
      categories: [
        { id: 1, name: 'tool', supercategory: '' },
        { id: 2, name: 'bolt', supercategory: 'tool' },
      ],
      images: [{ id: 1, file_name: 'sub/a.jpg', width: 3, height: 2 }],
      annotations: [
        {
          id: 1,
          image_id: 1,
          category_id: 2,
          segmentation: [
            [1, 0, 3, 0, 3, 1, 1, 1],
            [0, 1, 1, 1, 1, 2, 0, 2],
          ],
          bbox: [0, 0, 3, 2],
          area: 3,
          iscrowd: 0,
          attributes: {},
        },
      ],
    })
    expect(readdirSync(join(folder.path, 'annotations'))).toEqual(['instances_default.json'])
  })

  test.each(['polygon', 'rle', 'rle-uncompressed'] as const)('hard masks come back from %s', async (segmentation) => {
    using folder = temporaryFolder()
    const source = exportSource(hardImages, classes)
    const report = await exportCoco(source, folder.path, { ...cocoSpec, segmentation }, quiet)
    expect(report).toMatchObject({ annotations: hardMasks.length + 60, identical: hardMasks.length + 60, problems: [] })
    const read = await readCoco(join(folder.path, 'annotations/instances_default.json'))
    expect(read.problems).toEqual([])
    expect(read.images.map((image) => image.annotations.map(({ className, tiles }) => ({ className, tiles })))).toEqual(
      hardImages.map(({ masks = [] }) =>
        masks.map(({ className, bitmap }) => ({ className, tiles: tilesFromBitmap(bitmap) })),
      ),
    )
  })

  test('reviewed and empty stays, unlabelled is left out, proposals only when asked for', async () => {
    const image = { width: 4, height: 4 }
    const source = exportSource(
      [
        { ...image, name: 'x/a.jpg', reviewed: true },
        { ...image, name: 'y/a.jpg' },
        {
          ...image,
          name: 'z/a.jpg',
          masks: [{ className: 'bolt', bitmap: dot(4, 4), state: 'proposed', score: 0.25 }],
        },
        { ...image, name: 'z/b.jpg', masks: [{ className: 'bolt', bitmap: dot(4, 4) }] },
      ],
      classes,
    )
    const namesOf = async (include: 'accepted' | 'proposed' | 'all'): Promise<[string[], unknown[]]> => {
      using folder = temporaryFolder()
      await exportCoco(source, folder.path, { ...cocoSpec, include }, quiet)
      const { images, annotations } = instances(folder.path)
      return [images.map((each) => each.file_name), annotations.map((each) => each.attributes)]
    }
    const proposal = { state: 'proposed', score: 0.25 }
    expect(await namesOf('accepted')).toEqual([['x/a.jpg', 'z/b.jpg'], [{}]])
    expect(await namesOf('proposed')).toEqual([['z/a.jpg'], [proposal]])
    expect(await namesOf('all')).toEqual([
      ['x/a.jpg', 'z/a.jpg', 'z/b.jpg'],
      [proposal, {}],
    ])
  })

  test('a box stays a box, an empty mask is listed', async () => {
    using folder = temporaryFolder()
    const source = exportSource(
      [
        {
          name: 'a.jpg',
          width: 9,
          height: 9,
          boxes: [{ className: 'tool', box: [1.5, 2, 3, 4] }],
          masks: [{ className: 'tool', bitmap: createBitmap(9, 9) }],
        },
      ],
      classes,
    )
    const report = await exportCoco(source, folder.path, cocoSpec, quiet)
    expect(report).toMatchObject({ annotations: 1, identical: 1 })
    expect(report.problems).toEqual([
      { name: 'a.jpg', reason: 'Annotation image-0-mask-0 covers no pixel and was left out.' },
    ])
    expect(instances(folder.path).annotations[0]).toMatchObject({ segmentation: [], bbox: [1.5, 2, 3, 4], area: 12 })
    const [image] = (await readCoco(join(folder.path, 'annotations/instances_default.json'))).images
    expect(image?.annotations[0]).toMatchObject({ kind: 'box', box: [1.5, 2, 3, 4], tiles: [] })
  })

  test.each(['polygon', 'rle', 'rle-uncompressed'] as const)(
    'a crowd is what a person marked, in %s',
    async (segmentation) => {
      using folder = temporaryFolder()
      const masks = [true, false].map((crowd) => ({ className: 'bolt', bitmap: dot(4, 4), crowd }))
      const source = exportSource([{ name: 'a.jpg', width: 4, height: 4, masks }], classes)
      await exportCoco(source, folder.path, { ...cocoSpec, segmentation }, quiet)
      expect(instances(folder.path).annotations.map(({ iscrowd }) => iscrowd)).toEqual([1, 0])
      const read = await readCoco(join(folder.path, 'annotations/instances_default.json'))
      expect(read.images[0]?.annotations.map(({ crowd }) => crowd)).toEqual([true, false])
    },
  )

  test('simplified polygons have fewer corners, and the report says what they cost', async () => {
    const size = 120
    const bitmap = createBitmap(size, size)
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const distance = Math.hypot(x - 60, y - 60)
        bitmap.data[y * size + x] = distance < 50 && distance > 15 ? 1 : 0
      }
    }
    const square = createBitmap(size, size)
    paintRectangle(square, 10, 10, 30, 20, 1)
    const masks = [bitmap, square].map((each) => ({ className: 'bolt', bitmap: each }))
    const source = exportSource([{ name: 'a.jpg', width: size, height: size, masks }], classes)
    const numbersIn = (folder: string): number =>
      JSON.stringify(instances(folder).annotations.map(({ segmentation }) => segmentation)).split(',').length
    using exact = temporaryFolder()
    await exportCoco(source, exact.path, cocoSpec, quiet)
    let corners = numbersIn(exact.path)
    let mean = 1
    for (const simplify of [1, 4]) {
      using folder = temporaryFolder()
      const report = await exportCoco(source, folder.path, { ...cocoSpec, simplify }, quiet)
      expect(report).toMatchObject({ annotations: 2, identical: 1, simplification: { masks: 2 } })
      const [ring, box] =
        (await readCoco(join(folder.path, 'annotations/instances_default.json'))).images[0]?.annotations ?? []
      expect(box?.tiles).toEqual(tilesFromBitmap(square))
      const iou = tilesIou(ring?.tiles ?? [], tilesFromBitmap(bitmap))
      expect(report.simplification).toEqual({ masks: 2, meanIou: (iou + 1) / 2, minIou: iou })
      expect(iou).toBeLessThan(mean)
      expect(iou).toBeGreaterThan(simplify === 1 ? 0.95 : 0.85)
      expect(numbersIn(folder.path)).toBeLessThan(corners)
      mean = iou
      corners = numbersIn(folder.path)
    }
    await expect(
      exportCoco(source, exact.path, { ...cocoSpec, simplify: 1, segmentation: 'rle' }, quiet),
    ).rejects.toMatchObject({ key: 'simplifyNeedsPolygons' })
  })

  test('simplifying loses no object, however small', async () => {
    using folder = temporaryFolder()
    const report = await exportCoco(
      exportSource(hardImages, classes),
      folder.path,
      { ...cocoSpec, simplify: 20 },
      quiet,
    )
    expect(report.annotations).toBe(hardMasks.length + 60)
    expect(report.simplification?.masks).toBe(report.annotations)
    expect(report.identical).toBeLessThan(report.annotations)
    expect(report.problems).toEqual([])
  })

  test('results are the proposals of the images that the instances file lists, and are read with it', async () => {
    using folder = temporaryFolder()
    const image = { width: 4, height: 4 }
    const proposal = { className: 'bolt', bitmap: dot(4, 4), state: 'proposed' } as const
    const source = exportSource(
      [
        {
          ...image,
          name: 'a.jpg',
          masks: [{ className: 'tool', bitmap: dot(4, 4) }, { ...proposal, score: 0.25 }, proposal],
        },
        { ...image, name: 'b.jpg', masks: [{ ...proposal, score: 0.75 }] },
      ],
      classes,
    )
    const results = { ...cocoSpec, format: 'coco-results' } as const
    const report = await exportCoco(source, folder.path, results, quiet)
    expect(report).toMatchObject({ images: 1, annotations: 2, identical: 2 })
    expect(report.files).toEqual(['annotations/results_default.json', 'annotations/instances_default.json'])
    expect(report.problems.map(({ reason }) => reason)).toEqual([
      'Proposal image-0-mask-2 has no score and was left out: a results file needs one. Accept it, or let a job propose anew.',
      '1 proposal lies on an image without ground truth and was left out of the results. Export all annotations (--include all) to hold them too.',
    ])
    expect(instances(folder.path).annotations).toHaveLength(1)
    const path = join(folder.path, 'annotations/results_default.json')
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual([
      { image_id: 1, category_id: 2, segmentation: { size: [4, 4], counts: '51:' }, score: 0.25 },
    ])
    await exportCoco(source, folder.path, { ...results, include: 'all' }, quiet)
    const read = await readCocoResults(path)
    expect(read.problems).toEqual([])
    expect(read.images.map(({ fileName, annotations }) => [fileName, annotations.map(({ score }) => score)])).toEqual([
      ['a.jpg', [0.25]],
      ['b.jpg', [0.75]],
    ])
    await expect(readCocoResults(join(folder.path, 'annotations/instances_default.json'))).rejects.toThrow(
      'instances_NAME.json beside results_NAME.json',
    )
    const alone = writeSample(folder.path, 'results_alone.json', '[]')
    await expect(readCocoResults(alone)).rejects.toThrow(`(${join(folder.path, 'instances_alone.json')})`)
    writeSample(
      folder.path,
      'instances_alone.json',
      readFileSync(join(folder.path, 'annotations/instances_default.json')),
    )
    expect((await readCocoResults(alone)).images.map((each) => each.annotations)).toEqual([[], []])
    await expect(readCocoResults(writeSample(folder.path, 'results_alone.json', '{}'))).rejects.toThrow(
      'is not a results file',
    )
  })

  test.each([
    ['a pixel', '51:', '42:'],
    ['the score', '0.25', '0.26'],
    ['the class', '"category_id":2', '"category_id":1'],
    ['the encoding', '"51:"', '[5,1,10]'],
  ])('the check of results notices when %s differs', async (_what, from, to) => {
    using folder = temporaryFolder()
    const text = '[{"image_id":1,"category_id":2,"segmentation":{"size":[4,4],"counts":"51:"},"score":0.25}]'
    const facts = { imageId: 1, categoryId: 2, box: [1, 1, 1, 1] as Box, area: 1, crowd: 0, score: 0.25 }
    const digest = annotationDigest(facts, tilesFromBitmap(dot(4, 4)))
    const expected = [{ id: 1, imageName: 'a.jpg', digest }]
    const image = { id: 1, file_name: 'a.jpg', width: 4, height: 4 }
    const verify = (content: string) =>
      verifyCocoResults(writeSample(folder.path, 'r.json', content), expected, () => image, quiet.signal)
    await verify(text)
    expect(text).toContain(from)
    await expect(verify(text.replace(from, to))).rejects.toThrow('annotation 1 of a.jpg')
    await expect(verify('[]')).rejects.toThrow('0 annotations instead of 1')
  })

  test('pictures are copied or linked, and what is there already is never overwritten', async () => {
    using folder = temporaryFolder()
    const path = writeSample(folder.path, 'originals/a.jpg', 'picture')
    const image = { width: 4, height: 4, reviewed: true, path, orientation: 6 }
    const source = exportSource([{ ...image, name: 'sub/a.jpg' }], classes)
    const out = join(folder.path, 'out')
    const copied = await exportCoco(source, out, { ...cocoSpec, images: 'copy' }, quiet)
    const target = join(out, 'images/default/sub/a.jpg')
    expect(readFileSync(target, 'utf8')).toBe('picture')
    expect(statSync(target).ino).not.toBe(statSync(path).ino)
    expect(copied.problems).toHaveLength(1)
    expect(copied.problems[0]?.reason).toContain('EXIF orientation other than 1')

    const linkedOut = join(folder.path, 'linked')
    await exportCoco(source, linkedOut, { ...cocoSpec, images: 'link' }, quiet)
    expect(statSync(join(linkedOut, 'images/default/sub/a.jpg')).ino).toBe(statSync(path).ino)

    writeFileSync(target, 'another')
    const again = await exportCoco(source, out, { ...cocoSpec, images: 'copy' }, quiet)
    expect(readFileSync(target, 'utf8')).toBe('another')
    expect(again.problems.map(({ reason }) => reason).join()).toContain(
      'exists in the export folder with other content and was left as it is',
    )
    const gone = exportSource([{ ...image, name: 'b.jpg', path: join(folder.path, 'gone.jpg') }], classes)
    const report = await exportCoco(gone, out, { ...cocoSpec, images: 'copy' }, quiet)
    expect(report.problems[0]?.reason).toContain('could not be copied (ENOENT)')
  })

  test('a cancelled export leaves no file, and an earlier one untouched', async () => {
    using folder = temporaryFolder()
    const path = writeSample(folder.path, 'annotations/instances_default.json', 'earlier')
    const controller = new AbortController()
    let images = 0
    const context = {
      signal: controller.signal,
      progress: () => {
        images++
        if (images === 3) controller.abort()
      },
    }
    await expect(exportCoco(exportSource(hardImages, classes), folder.path, cocoSpec, context)).rejects.toThrow(
      'Cancelled.',
    )
    expect(images).toBe(3)
    expect(readFileSync(path, 'utf8')).toBe('earlier')
    expect(readdirSync(join(folder.path, 'annotations'))).toEqual(['instances_default.json'])
  })

  test.each([
    ['a pixel', '[1,2,1,1,1]', '[2,1,1,1,1]'],
    ['the box', '"bbox":[0,0,3,2]', '"bbox":[0,0,2,2]'],
    ['the class', '"category_id":2', '"category_id":1'],
    ['the area', '"area":3', '"area":4'],
    ['the image', '"image_id":1', '"image_id":2'],
    ['the id', '"id":1,"image_id"', '"id":0,"image_id"'],
    ['crowd', '"iscrowd":0', '"iscrowd":false'],
    ['the group', '"iscrowd":0', '"iscrowd":1'],
    ['the counts', '[1,2,1,1,1]', '[1,2,1,1,2]'],
  ])('the check after writing notices when %s differs', async (_what, from, to) => {
    using folder = temporaryFolder()
    const bitmap = bitmapFromPicture(['.##', '#..'])
    const source = exportSource(
      [
        { name: 'a.jpg', width: 3, height: 2, masks: [{ className: 'bolt', bitmap }] },
        { name: 'b.jpg', width: 3, height: 2, reviewed: true },
      ],
      classes,
    )
    await exportCoco(source, folder.path, { ...cocoSpec, segmentation: 'rle-uncompressed' }, quiet)
    const path = join(folder.path, 'annotations/instances_default.json')
    const facts = { imageId: 1, categoryId: 2, box: [0, 0, 3, 2] as Box, area: 3, crowd: 0, score: null }
    const digest = annotationDigest(facts, tilesFromBitmap(bitmap))
    const subject = { id: 1, imageName: 'a.jpg' }
    const expected = { annotations: [{ ...subject, digest }], images: 2, categories: 2 }
    await verifyCoco(path, expected, quiet.signal)
    const text = readFileSync(path, 'utf8')
    expect(text).toContain(from)
    writeFileSync(path, text.replace(from, to))
    await expect(verifyCoco(path, expected, quiet.signal)).rejects.toThrow(
      'The exported file does not give the project back (annotation 1 of a.jpg) and was removed.',
    )
    writeFileSync(path, text)
    const [only] = expected.annotations
    const two = only === undefined ? [] : [only, only]
    await expect(verifyCoco(path, { ...expected, annotations: two }, quiet.signal)).rejects.toThrow(
      '1 annotations instead of 2',
    )
    await expect(verifyCoco(path, { ...expected, images: 3 }, quiet.signal)).rejects.toThrow('2 images instead of 3')
  })

  test('what is written leaves memory while images are still coming', async () => {
    using folder = temporaryFolder()
    const bitmap = randomBitmap(80, 80, randomStream(5))
    const source = exportSource(
      [{ name: 'a.jpg', width: 80, height: 80, masks: [{ className: 'bolt', bitmap }] }],
      classes,
    )
    const [image] = [...source.images()]
    const sizes: number[] = []
    function* many() {
      for (let index = 0; index < 300; index++) {
        if (image !== undefined) yield copyOf(image, index)
        const parts = readdirSync(join(folder.path, 'annotations'))
        sizes.push(parts.reduce((sum, part) => sum + statSync(join(folder.path, 'annotations', part)).size, 0))
      }
    }
    const report = await exportCoco({ ...source, images: many }, folder.path, cocoSpec, quiet)
    expect(report.identical).toBe(300)
    const total = statSync(join(folder.path, 'annotations/instances_default.json')).size
    expect(sizes[150]).toBeGreaterThan(total * 0.3)
    expect(readdirSync(join(folder.path, 'annotations'))).toHaveLength(1)
  })

  test('ten round trips keep ids and pixels', async () => {
    using folder = temporaryFolder()
    let images = hardImages.slice(0, 12)
    const first = exportSource(images, classes)
    await exportCoco(first, folder.path, cocoSpec, quiet)
    const path = join(folder.path, 'annotations/instances_default.json')
    const original = readFileSync(path, 'utf8')
    for (let round = 0; round < 10; round++) {
      const read = await readCoco(path)
      images = read.images.map(({ fileName, width, height, annotations }) => ({
        name: fileName,
        width,
        height,
        masks: annotations.map(({ className, tiles }) => ({
          className,
          bitmap: bitmapFromTiles(tiles, width, height),
        })),
      }))
      await exportCoco(exportSource(images, classes), folder.path, cocoSpec, quiet)
      expect(readFileSync(path, 'utf8')).toBe(original)
    }
  })
})

const head = {
  images: [{ id: 0, file_name: 'a.jpg', width: 12, height: 10 }],
  categories: [{ id: 0, name: 'bolt' }],
}
const square = [1, 1, 4, 1, 4, 4, 1, 4]
const annotation = {
  id: 0,
  image_id: 0,
  category_id: 0,
  segmentation: [square],
  bbox: [1, 1, 3, 3],
  area: 9,
  iscrowd: 0,
}

async function importOf(file: unknown) {
  using folder = temporaryFolder()
  const text = typeof file === 'string' ? file : JSON.stringify(file)
  const path = writeSample(folder.path, 'file.json', text)
  const { classes: found, images, problems } = await readCoco(path)
  const withoutFolder = problems.map(({ name, reason }) => `${name}: ${reason}`.replaceAll(path, 'file.json'))
  return { classes: found, images, annotations: images.flatMap((image) => image.annotations), problems: withoutFolder }
}

const importAnnotation = (changes: Record<string, unknown>) =>
  importOf({ ...head, annotations: [{ ...annotation, ...changes }] })

describe('import', () => {
  test('ids from 0, as text, in any order of sections, with optional fields missing', async () => {
    const {
      images,
      classes: found,
      problems,
    } = await importOf({
      annotations: [
        { ...annotation, image_id: '0' },
        { image_id: 0, category_id: '0', segmentation: [square] },
      ],
      categories: [
        { id: '0', name: ' bolt ', supercategory: 'tool' },
        { id: 5, name: 'unused', supercategory: 'unused' },
      ],
      images: head.images,
    })
    expect(found).toEqual([
      { name: 'bolt', parentName: 'tool', annotations: 2, originalId: '0' },
      { name: 'unused', parentName: null, annotations: 0, originalId: '5' },
    ])
    const bitmap = createBitmap(12, 10)
    paintRectangle(bitmap, 1, 1, 3, 3, 1)
    const mask = { className: 'bolt', kind: 'mask', tiles: tilesFromBitmap(bitmap), box: null, crowd: false }
    expect(images).toEqual([
      {
        fileName: 'a.jpg',
        width: 12,
        height: 10,
        annotations: [
          { ...mask, originalId: '0' },
          { ...mask, originalId: null, crowd: null },
        ],
        originalId: '0',
      },
    ])
    expect(problems).toEqual(['a.jpg: One annotation: `iscrowd` is missing; read as 0.'])
  })

  test('several lists are one object, and all three encodings are read', async () => {
    const two = [square, [6, 6, 8, 6, 8, 8, 6, 8]]
    const polygons = await importAnnotation({ segmentation: two, bbox: [1, 1, 7, 7], area: 13 })
    const counts = countsFromPolygons(two, 12, 10)
    const list = await importAnnotation({ segmentation: { size: [10, 12], counts }, bbox: [1, 1, 7, 7], area: 13 })
    const text = await importAnnotation({
      segmentation: { size: [10, 12], counts: countsToString(counts) },
      bbox: [1, 1, 7, 7],
      area: 13,
    })
    expect(polygons.annotations).toHaveLength(1)
    expect(tilesArea(polygons.annotations[0]?.tiles ?? [])).toBe(13)
    expect(list).toEqual(polygons)
    expect(text).toEqual(polygons)
  })

  test.each([
    [true, true],
    [1, true],
    [false, false],
    [0, false],
  ])('`iscrowd` %j means %j', async (iscrowd, crowd) => {
    expect((await importAnnotation({ iscrowd })).annotations[0]?.crowd).toBe(crowd)
  })

  test.each([
    [
      'a flat list',
      { segmentation: square },
      'its points are not in COCO form. Write one list `[x, y, x, y, …]` per part.',
    ],
    [
      'pairs',
      {
        segmentation: [
          [1, 1],
          [4, 1],
          [4, 4],
        ],
      },
      'its points are not in COCO form. Write one list `[x, y, x, y, …]` per part.',
    ],
    [
      'an odd ring',
      { segmentation: [[1, 1, 4, 1, 4, 4, 1]] },
      'no list of it has an even number of values, 6 or more.',
    ],
    ['a text value', { segmentation: [[1, 1, 4, '1', 4, 4]] }, 'A polygon holds NaN, which is not a number.'],
    [
      'a far value',
      { segmentation: [[1, 1, 4, 1, 4, 4000]] },
      'A polygon reaches 4000, more than 10 image sizes away.',
    ],
    ['no pixel', { segmentation: [[20, 20, 25, 20, 25, 25]] }, 'it covers no pixel.'],
    [
      'swapped size',
      { segmentation: { size: [12, 10], counts: [120] } },
      'its size is [12,10], expected [10,12]. The sides look swapped: correct `size` and `counts`.',
    ],
    ['another size', { segmentation: { size: [1, 1], counts: [1] } }, 'its size is [1,1], expected [10,12].'],
    ['short counts', { segmentation: { size: [10, 12], counts: [10, 5] } }, 'Counts cover 15 of 120 pixels.'],
    [
      'negative counts',
      { segmentation: { size: [10, 12], counts: [121, -1] } },
      'Counts hold -1: every count must be a whole number, 0 or more.',
    ],
    [
      'fractional counts',
      { segmentation: { size: [10, 12], counts: [119.5, 0.5] } },
      'Counts hold 119.5: every count must be a whole number, 0 or more.',
    ],
    [
      'text that is no counts',
      { segmentation: { size: [10, 12], counts: 'hé' } },
      'Compressed counts hold a character that is not of their alphabet, at place 2.',
    ],
    ['neither', { segmentation: 'mask.png' }, 'its segmentation is neither polygons nor run lengths.'],
    ['nothing at all', { segmentation: [], bbox: undefined }, 'it has neither a segmentation nor a usable `bbox`.'],
    ['an unknown category', { category_id: 9 }, 'the file lists no category 9. Add it to `categories`.'],
  ])('%s is left out, named, with the reason', async (_name, changes, reason) => {
    const { annotations, problems, images } = await importAnnotation(changes)
    expect(problems).toEqual([`a.jpg: Annotation 0 was left out: ${reason}`])
    expect(annotations).toEqual([])
    expect(images).toHaveLength(1)
  })

  test('NaN is left out before it is rasterised', async () => {
    const text = JSON.stringify({ ...head, annotations: [annotation] }).replace('[1,1,4,1', '[1,NaN,4,1')
    const { annotations, problems } = await importOf(text)
    expect(annotations).toEqual([])
    expect(problems).toEqual(['a.jpg: Annotation 0 was left out: A polygon holds NaN, which is not a number.'])
  })

  test('what can be read with a remark is read', async () => {
    const box = await importAnnotation({ segmentation: [[1, 1, 3, 3]] })
    expect(box.annotations[0]).toMatchObject({ kind: 'box', box: [1, 1, 3, 3], tiles: [] })
    expect(box.problems).toEqual([
      'a.jpg: Annotation 0: four numbers are a box, not a polygon; its `bbox` was read as a box.',
    ])

    const partly = await importAnnotation({ segmentation: [square, [1, 1, 2, 2]] })
    expect(tilesArea(partly.annotations[0]?.tiles ?? [])).toBe(9)
    expect(partly.problems[0]).toContain('1 of its 2 lists were left out')

    const outside = await importAnnotation({ segmentation: [[-4, -4, 3, -4, 3, 3, -4, 3]], bbox: [0, 0, 3, 3] })
    expect(tilesArea(outside.annotations[0]?.tiles ?? [])).toBe(9)
    expect(outside.problems).toEqual(['a.jpg: One annotation: reaches outside the image; cut off at the border.'])

    const wrong = await importAnnotation({ area: 90 })
    expect(wrong.problems).toEqual([
      'a.jpg: One annotation: `area` or `bbox` disagrees with the mask; the mask was used.',
    ])

    const twice = await importOf({ ...head, annotations: [annotation, annotation] })
    expect(twice.annotations).toHaveLength(2)
    expect(twice.problems).toEqual(['a.jpg: Annotation 0 appears twice; both were read.'])
  })

  test('bad entries cost themselves and no other', async () => {
    const { images, annotations, problems } = await importOf({
      images: [
        ...head.images,
        { id: 1, file_name: '../secret.jpg', width: 5, height: 5 },
        { id: 2, file_name: '/etc/a.jpg', width: 5, height: 5 },
        { id: 3, file_name: 'C:\\a.jpg', width: 5, height: 5 },
        { id: 4, file_name: 'b.jpg' },
        { id: 5, file_name: '.\\sub\\b.jpg', width: 5, height: 5 },
      ],
      categories: [...head.categories, { id: 0, name: 'again' }, { id: 7 }],
      annotations: [
        annotation,
        { ...annotation, id: 1, image_id: 1 },
        { ...annotation, id: 2, image_id: 99 },
        { id: 3 },
        4,
      ],
    })
    expect(images.map(({ fileName }) => fileName)).toEqual(['a.jpg', 'sub/b.jpg'])
    expect(annotations).toHaveLength(1)
    const outside =
      'The path is absolute or leads out of the folder, so the image was left out. Use paths below the folder.'
    expect(problems).toEqual([
      `../secret.jpg: ${outside}`,
      `/etc/a.jpg: ${outside}`,
      `C:/a.jpg: ${outside}`,
      'file.json: Image 4 lacks a file name or a size and was left out with its annotations.',
      'file.json: Category 0 appears twice; the first one is used.',
      'file.json: An entry of `categories` lacks an id or a name and was left out.',
      'file.json: Annotation 2 was left out: the file lists no image 99.',
      'file.json: Entry 4 of `annotations` lacks an image or category id and was left out.',
      'file.json: Entry 5 of `annotations` lacks an image or category id and was left out.',
    ])
  })

  test.each([
    ['{"images": [], oops', 'is not valid JSON at line 1, column 16.'],
    ['[]', 'is a results file'],
    ['{"annotations": []}', 'has no `images` list: it is not a COCO instances file.'],
    ['{"images": [], "categories": []}', 'has no `annotations` list: it is not a COCO instances file.'],
    [
      JSON.stringify({ images: [...head.images, { ...head.images[0], file_name: 'b.jpg' }], annotations: [] }),
      'image id 0 appears twice (a.jpg, b.jpg). Give every image its own id.',
    ],
  ])('the file %j is refused', async (text, message) => {
    await expect(importOf(text)).rejects.toThrow(message)
  })

  test('a missing file and a folder are named', async () => {
    using folder = temporaryFolder()
    await expect(readCoco(join(folder.path, 'none.json'))).rejects.toThrow('none.json cannot be read. Check the path.')
    await expect(readCoco(folder.path)).rejects.toThrow('is not a file. Check the path.')
  })
})

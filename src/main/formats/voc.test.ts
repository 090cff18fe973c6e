import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { classRecord, exportSource, quiet, temporaryFolder, writeSample } from '../../../test/python/export-samples.ts'
import { vocSpec } from '../../../test/support/export-spec.ts'
import type { SampleImage } from '../../../test/python/export-samples.ts'
import { indexPngCodec } from '../../../test/python/index-png-codec.ts'
import { bitmapFromPicture, hardMasks, randomBitmap, randomStream } from '../../../test/python/mask-samples.ts'
import type { Box } from '../../shared/domain/records.ts'
import { bitmapArea } from '../../shared/mask/bitmap.ts'
import type { Bitmap } from '../../shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../shared/mask/tiles.ts'
import { encodeIndexPng } from '../images/index-png.ts'
import type { ImportedImage } from './format-types.ts'
import { exportVoc } from './voc-export.ts'
import { readVoc } from './voc-import.ts'
import { vocColours } from './voc-records.ts'

const classes = [classRecord(1, 'bolt'), classRecord(0, 'tool')]

function annotationsOf(image: ImportedImage | undefined): readonly (readonly [string, unknown])[] {
  return (image?.annotations ?? []).map(({ className, kind, tiles, box }) => [className, kind === 'box' ? box : tiles])
}

function write(folder: string, images: readonly SampleImage[], records = classes) {
  return exportVoc(exportSource(images, records), folder, vocSpec, indexPngCodec, quiet)
}

test('the colour map is that of Pascal VOC', () => {
  const known = [0x000000, 0x800000, 0x008000, 0x808000, 0x000080, 0x800080, 0x008080, 0x808080, 0x400000, 0xc00000]
  expect(vocColours.slice(0, 10)).toEqual(known)
  expect([vocColours[20], vocColours[21], vocColours[255]]).toEqual([0x004080, 0x804080, 0xe0e0c0])
  expect(new Set(vocColours).size).toBe(256)
})

describe('export', () => {
  test('a 3 x 2 image worked by hand', async () => {
    using folder = temporaryFolder()
    const masks = [
      { className: 'bolt', bitmap: bitmapFromPicture(['.##', '...']) },
      { className: 'tool', bitmap: bitmapFromPicture(['...', '#..']) },
    ]
    const boxes = [{ className: 'bolt', box: [0, 0, 2.5, 1] as Box }]
    const report = await write(folder.path, [{ name: 'sub/a&b.jpg', width: 3, height: 2, masks, boxes }])
    expect(report).toEqual({
      files: [
        'ImageSets/Segmentation/default.txt',
        'ImageSets/Main/default.txt',
        'labelmap.txt',
        'Annotations/sub/a&b.xml',
        'SegmentationClass/sub/a&b.png',
        'SegmentationObject/sub/a&b.png',
      ],
      location: folder.path,
      images: 1,
      annotations: 3,
      identical: 3,
      problems: [],
    })
    const picture = { kind: 'palette', width: 3, height: 2, palette: vocColours }
    const read = (name: string) => indexPngCodec.readLabelPng(join(folder.path, name))
    expect(await read('SegmentationClass/sub/a&b.png')).toEqual({ ...picture, data: Uint8Array.of(0, 2, 2, 1, 0, 0) })
    expect(await read('SegmentationObject/sub/a&b.png')).toEqual({ ...picture, data: Uint8Array.of(0, 1, 1, 2, 0, 0) })
    const text = (name: string) => readFileSync(join(folder.path, name), 'utf8')
    expect(text('labelmap.txt')).toBe(
      '# label:color_rgb:parts:actions\nbackground:0,0,0::\ntool:128,0,0::\nbolt:0,128,0::\n',
    )
    expect(text('ImageSets/Segmentation/default.txt')).toBe('sub/a&b\n')
    expect(text('ImageSets/Main/default.txt')).toBe('sub/a&b\n')
    const xml = text('Annotations/sub/a&b.xml')
    expect(xml).toContain('<filename>sub/a&amp;b.jpg</filename>')
    expect(xml).toContain('<size><width>3</width><height>2</height><depth>3</depth></size>\n  <segmented>1</segmented>')
    expect([...xml.matchAll(/<name>(.*)<\/name>|<bndbox>(.*)<\/bndbox>/g)].map(([, name, box]) => name ?? box)).toEqual(
      [
        'bolt',
        '<xmin>2</xmin><ymin>1</ymin><xmax>3</xmax><ymax>1</ymax>',
        'tool',
        '<xmin>1</xmin><ymin>2</ymin><xmax>1</xmax><ymax>2</ymax>',
        'bolt',
        '<xmin>1</xmin><ymin>1</ymin><xmax>2.5</xmax><ymax>1</ymax>',
      ],
    )
  })

  test('what can be seen of any masks comes back, with boxes; the report counts what is whole', async () => {
    const boxEdge = fc.oneof(fc.integer({ min: 0, max: 8 }), fc.constantFrom(0.25, 1.1, 2.7))
    const anyBox = fc.tuple(boxEdge, boxEdge, fc.integer({ min: 1, max: 9 }), fc.constantFrom(1, 2.5, 3.3))
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 20, max: 40 }),
        fc.integer({ min: 20, max: 40 }),
        fc.array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 6 }),
        fc.array(fc.tuple(fc.boolean(), anyBox), { maxLength: 3 }),
        async (width, height, seeds, boxes) => {
          using folder = temporaryFolder()
          const nameOf = (isTool: boolean): string => (isTool ? 'tool' : 'bolt')
          const masks = seeds
            .map(([seed, isTool]) => ({
              className: nameOf(isTool),
              bitmap: randomBitmap(width, height, randomStream(seed)),
            }))
            .filter(({ bitmap }) => bitmapArea(bitmap) > 0)
          const shown = masks.map(({ className, bitmap }, index) => {
            const area = bitmapArea(bitmap)
            // On top: smaller, or equal and later in the list.
            const above = masks.filter((other, at) => {
              const otherArea = bitmapArea(other.bitmap)
              return otherArea < area || (otherArea === area && at > index)
            })
            const data = bitmap.data.map((value, at) =>
              above.some((other) => other.bitmap.data[at] === 1) ? 0 : value,
            )
            return { className, area, bitmap: { width, height, data } satisfies Bitmap }
          })
          const visible = shown.filter(({ bitmap }) => bitmapArea(bitmap) > 0)
          const boxed = boxes.map(([isTool, box]) => ({ className: nameOf(isTool), box: box as Box }))
          const report = await write(folder.path, [
            { name: 'a.jpg', width, height, masks, boxes: boxed, reviewed: true },
          ])
          const whole = shown.filter(({ bitmap, area }) => bitmapArea(bitmap) === area).length
          expect(report).toMatchObject({ annotations: masks.length + boxes.length, identical: whole + boxes.length })
          const { images, problems } = await readVoc(folder.path, indexPngCodec)
          expect(problems).toEqual([])
          const [image] = images
          expect(annotationsOf(image).slice(0, visible.length)).toEqual(
            visible.map(({ className, bitmap }) => [className, tilesFromBitmap(bitmap)]),
          )
          // A box that is that of a mask may stand for it; every other comes back.
          const found = annotationsOf(image).slice(visible.length)
          expect(found).toEqual(boxed.map(({ className, box }) => [className, box]))
        },
      ),
      { numRuns: 40 },
    )
  })

  test('hard masks, sub-folders, equal names, other scripts, images without anything', async () => {
    using folder = temporaryFolder()
    const images: SampleImage[] = hardMasks.map(({ bitmap }, index) => ({
      name: `${index % 2 === 0 ? 'x' : 'ÿ 漢'}/${index >> 1}.jpg`,
      width: bitmap.width,
      height: bitmap.height,
      masks: [{ className: 'bolt', bitmap }],
    }))
    const empty = { width: 3, height: 2, reviewed: true }
    const others = ['empty.jpg', 'Empty.png', 'plain'].map((name) => ({ ...empty, name }))
    const report = await write(folder.path, [...images, ...others, { ...empty, name: 'new.jpg', reviewed: false }])
    expect(report).toMatchObject({ images: images.length + 3, identical: images.length })
    expect(report.problems.map(({ name }) => name)).toEqual(['Empty.png'])
    const read = await readVoc(folder.path, indexPngCodec)
    expect(read.problems).toEqual([])
    const byName = new Map(read.images.map((image) => [image.fileName, annotationsOf(image)]))
    for (const { name, masks } of images) {
      expect(byName.get(name)).toEqual((masks ?? []).map(({ bitmap }) => ['bolt', tilesFromBitmap(bitmap)]))
    }
    for (const name of ['empty.jpg', 'Empty.png', 'plain']) expect(byName.get(name)).toEqual([])
    expect(byName.size).toBe(images.length + 3)
  })

  test('more objects than numbers: the rest stays in the class picture, and the report says so', async () => {
    using folder = temporaryFolder()
    const masks = Array.from({ length: 256 }, (_, index) => ({
      className: 'bolt',
      bitmap: { width: 16, height: 16, data: new Uint8Array(256).fill(1, index, index + 1) },
    }))
    const report = await write(folder.path, [{ name: 'a.jpg', width: 16, height: 16, masks }])
    expect(report).toMatchObject({ annotations: 256, identical: 254 })
    expect(report.problems[0]?.reason).toContain('2 of 256 masks have no number')
    const [image] = (await readVoc(folder.path, indexPngCodec)).images
    expect(image?.annotations).toHaveLength(255)
    expect(annotationsOf(image).at(-1)).toEqual([
      'bolt',
      tilesFromBitmap({ width: 16, height: 16, data: new Uint8Array(256).fill(1, 254) }),
    ])
  })

  test('what is covered up is listed; what cannot be seen at all is no box either', async () => {
    using folder = temporaryFolder()
    const masks = [
      { className: 'tool', bitmap: bitmapFromPicture(['###', '###']) },
      { className: 'bolt', bitmap: bitmapFromPicture(['#..', '...']) },
      { className: 'tool', bitmap: bitmapFromPicture(['#..', '...']) },
    ]
    const report = await write(folder.path, [{ name: 'a.jpg', width: 3, height: 2, masks }])
    expect(report).toMatchObject({ annotations: 3, identical: 1 })
    expect(report.problems).toEqual([
      {
        name: 'a.jpg',
        reason:
          '2 of 3 masks share pixels with a smaller one, which lies on top. 1 of them cannot be seen at all and was left out. COCO keeps both.',
      },
    ])
    const [image] = (await readVoc(folder.path, indexPngCodec)).images
    expect(image?.annotations.map(({ kind, className }) => [kind, className])).toEqual([
      ['mask', 'tool'],
      ['mask', 'tool'],
    ])
  })

  test('class names: a colon is a remark and comes back, a comment sign is refused, 255 classes are too', async () => {
    using folder = temporaryFolder()
    const bitmap = bitmapFromPicture(['#'])
    const image = { name: 'a.jpg', width: 1, height: 1, masks: [{ className: 'a:1,2,3::b', bitmap }] }
    const report = await write(folder.path, [image], [classRecord(0, 'a:1,2,3::b')])
    expect(report.problems.map(({ name }) => name)).toEqual(['labelmap.txt'])
    expect(annotationsOf((await readVoc(folder.path, indexPngCodec)).images[0])).toEqual([
      ['a:1,2,3::b', tilesFromBitmap(bitmap)],
    ])
    using other = temporaryFolder()
    await expect(write(other.path, [], [classRecord(0, '#1')])).rejects.toThrow(/cannot hold the class name "#1"/)
    const many = Array.from({ length: 255 }, (_, index) => classRecord(index, `c${index}`))
    await expect(write(other.path, [], many)).rejects.toThrow('hold 254 classes, this project has 255')
    expect(existsSync(join(other.path, 'labelmap.txt'))).toBe(false)
  })

  test('a picture that does not come back fails the export, and no list says that it ended', async () => {
    using folder = temporaryFolder()
    const lossy = {
      ...indexPngCodec,
      writeIndexPng: (path: string, image: Parameters<typeof indexPngCodec.writeIndexPng>[1]) =>
        indexPngCodec.writeIndexPng(path, { ...image, palette: vocColours.toReversed() }),
    }
    const source = exportSource([{ name: 'a.jpg', width: 1, height: 1, reviewed: true }], classes)
    await expect(exportVoc(source, folder.path, vocSpec, lossy, quiet)).rejects.toThrow(
      'SegmentationClass/a.png) and was',
    )
    expect(existsSync(join(folder.path, 'ImageSets/Segmentation/default.txt'))).toBe(false)
  })
})

describe('import of what others wrote', () => {
  const size = { width: 4, height: 2 }
  const [left, right] = [bitmapFromPicture(['#...', '#...']), bitmapFromPicture(['...#', '...#'])]
  const both = bitmapFromPicture(['#..#', '#..#'])
  const palettePng = (...data: number[]) =>
    encodeIndexPng({ ...size, data: Uint8Array.from(data), palette: vocColours })
  const greyPng = (...data: number[]) => encodeIndexPng({ ...size, data: Uint8Array.from(data) })
  const rgbPng = (...colours: number[]) =>
    sharp(Uint8Array.from(colours.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255])), {
      raw: { ...size, channels: 3 },
    })
      .png()
      .toBuffer()

  function xml(objects: readonly (readonly [string, ...number[]])[], extra = ''): string {
    const items = objects.map(
      ([name, ...corners]) =>
        `<object><name>${name}</name><difficult>1</difficult><bndbox>${['xmin', 'ymin', 'xmax', 'ymax']
          .map((corner, index) => `<${corner}>${corners[index]}</${corner}>`)
          .join('')}</bndbox><part><name>head</name></part></object>`,
    )
    return `<annotation><folder>VOC2012</folder><filename>a.jpg</filename><size><width>4</width><height>2</height><depth>3</depth></size>${items.join('')}${extra}</annotation>`
  }

  test('VOC itself: palette pictures with a border of 255, boxes, no label map', async () => {
    using folder = temporaryFolder()
    writeSample(folder.path, 'SegmentationClass/a.png', await palettePng(15, 255, 0, 15, 15, 255, 0, 15))
    writeSample(folder.path, 'SegmentationObject/a.png', await palettePng(1, 255, 0, 2, 1, 255, 0, 2))
    writeSample(
      folder.path,
      'Annotations/a.xml',
      xml([
        ['person', 1, 1, 2, 2],
        ['person', 4, 1, 4, 2],
        ['dog', 2, 1, 3, 2],
      ]),
    )
    writeSample(folder.path, 'Annotations/b.xml', xml([['cat', 1, 1, 4, 2]]).replace('a.jpg', 'b.jpg'))
    writeSample(folder.path, 'ImageSets/Segmentation/train.txt', 'a\n')
    const { images, classes: found, problems } = await readVoc(folder.path, indexPngCodec)
    expect(images.map(({ fileName, width, height }) => [fileName, width, height])).toEqual([
      ['a.jpg', 4, 2],
      ['b.jpg', 4, 2],
    ])
    expect(annotationsOf(images[0])).toEqual([
      ['person', tilesFromBitmap(left)],
      ['person', tilesFromBitmap(right)],
      ['dog', [1, 0, 2, 2]],
    ])
    expect(annotationsOf(images[1])).toEqual([['cat', [0, 0, 4, 2]]])
    expect(found.map(({ name, annotations }) => [name, annotations])).toEqual([
      ['person', 2],
      ['dog', 1],
      ['cat', 1],
    ])
    expect(problems).toEqual([{ name: 'a', reason: 'Once: Pixels of 255 ("ignore") belong to no mask.' }])
  })

  test('labelImg and Roboflow: XML beside the pictures, in the folder or below', async () => {
    using folder = temporaryFolder()
    writeSample(folder.path, 'README.txt', '')
    for (const name of ['train/a', 'valid/b']) {
      writeSample(folder.path, `${name}.jpg`, '')
      writeSample(folder.path, `${name}.xml`, xml([['bolt', 1, 1, 2, 2]]).replace('a.jpg', `${name.slice(-1)}.jpg`))
    }
    const all = await readVoc(folder.path, indexPngCodec)
    expect(all.problems).toEqual([])
    expect(all.images.map(({ fileName, annotations }) => [fileName, annotations[0]?.box])).toEqual([
      ['train/a.jpg', [0, 0, 2, 2]],
      ['valid/b.jpg', [0, 0, 2, 2]],
    ])
    const one = await readVoc(join(folder.path, 'valid'), indexPngCodec)
    expect(one.images.map(({ fileName }) => fileName)).toEqual(['b.jpg'])
  })

  test('CVAT: RGB pictures with the colours of labelmap.txt, in any order', async () => {
    using folder = temporaryFolder()
    const labels = '# label:color_rgb:parts:actions\nnut:61,245,61::\nbackground:0,0,0::\nbolt:250,50,83::\n'
    writeSample(folder.path, 'labelmap.txt', labels)
    writeSample(folder.path, 'JPEGImages/sub/a.png', 'picture')
    const [n, b] = [0x3df53d, 0xfa3253]
    writeSample(folder.path, 'SegmentationClass/sub/a.png', await rgbPng(b, 0, 0, n, b, 0, 0, n))
    writeSample(
      folder.path,
      'SegmentationObject/sub/a.png',
      await rgbPng(0x800000, 0, 0, 0x008000, 0x800000, 0, 0, 0x008000),
    )
    writeSample(folder.path, 'ImageSets/Segmentation/default.txt', 'sub/a\n')
    const { images, problems } = await readVoc(folder.path, indexPngCodec)
    expect(problems).toEqual([])
    expect(images[0]?.fileName).toBe('sub/a.png')
    const masks = [...annotationsOf(images[0])].toSorted(([a], [c]) => a.localeCompare(c))
    expect(masks).toEqual([
      ['bolt', tilesFromBitmap(left)],
      ['nut', tilesFromBitmap(right)],
    ])
  })

  test('corners count from 1, but not in files by Datumaro and CVAT', async () => {
    using folder = temporaryFolder()
    const source = '<source><database>Unknown</database><annotation>Unknown</annotation></source>'
    writeSample(folder.path, 'Annotations/a.xml', xml([['cat', 1, 1, 2, 2]]))
    const theirs = xml([], source).replace(
      source,
      `${source}${xml([['cat', 0, 0, 2, 2]]).match(/<object>.*<\/object>/)?.[0]}`,
    )
    writeSample(
      folder.path,
      'Annotations/b.xml',
      theirs.replace('a.jpg', 'b.jpg').replaceAll(/>(\d)<\/([xy]m)/g, '>$1.0</$2'),
    )
    // Whole numbers are VOC's own corners, whoever wrote them.
    writeSample(folder.path, 'Annotations/c.xml', theirs.replace('a.jpg', 'c.jpg').replaceAll('>0</', '>1</'))
    const { images, problems } = await readVoc(folder.path, indexPngCodec)
    expect(images.map(({ fileName, annotations }) => [fileName, annotations[0]?.box])).toEqual([
      ['a.jpg', [0, 0, 2, 2]],
      ['b.jpg', [0, 0, 2, 2]],
      ['c.jpg', [0, 0, 2, 2]],
    ])
    expect(problems).toEqual([
      {
        name: 'b',
        reason: 'Once: its boxes are written as Datumaro and CVAT do, counted from 0, and were read so.',
      },
    ])
  })

  test('a class picture alone is one mask a class; a box of that class with none of its pixels stays a box', async () => {
    using folder = temporaryFolder()
    writeSample(folder.path, 'SegmentationClass/a.png', await greyPng(1, 0, 0, 1, 1, 0, 0, 1))
    const objects = [
      ['aeroplane', 1, 1, 1, 2],
      ['aeroplane', 2, 1, 3, 2],
    ] as const
    writeSample(folder.path, 'Annotations/a.xml', xml(objects))
    const { images, problems } = await readVoc(folder.path, indexPngCodec)
    expect(annotationsOf(images[0])).toEqual([
      ['aeroplane', tilesFromBitmap(both)],
      ['aeroplane', [1, 0, 2, 2]],
    ])
    expect(problems.map(({ reason }) => reason)).toEqual([
      'Once: a box was left out, because the class picture shows its class there.',
    ])
  })

  test.each([
    ['colours', () => rgbPng(0, 0, 0, 0, 0, 0, 0, 0xff0000), 'it holds colours'],
    ['number 21', () => palettePng(0, 0, 0, 0, 0, 0, 0, 21), 'it holds class 21, and Pascal VOC has 20'],
    ['a foreign name', () => palettePng(0, 0, 0, 0, 0, 0, 0, 1), 'its XML names a class "bolt"'],
  ])('%s without labelmap.txt: it is asked for, and nothing is read', async (_what, png, reason) => {
    using folder = temporaryFolder()
    writeSample(folder.path, 'Annotations/a.xml', xml([['bolt', 1, 1, 2, 2]]))
    writeSample(folder.path, 'SegmentationClass/a.png', await png())
    const reading = readVoc(folder.path, indexPngCodec)
    await expect(reading).rejects.toThrow(`a.png cannot be read without a labelmap.txt: ${reason}`)
    await expect(reading).rejects.toThrow('with a line like "bolt:128,0,0::" for every class.')
  })

  test('bad files cost themselves and no other', async () => {
    using folder = temporaryFolder()
    const good = await palettePng(1, 0, 0, 0, 1, 0, 0, 0)
    const put = (name: string, content: string | Uint8Array) => writeSample(folder.path, name, content)
    put('labelmap.txt', 'background:0,0,0::\nbolt:128,0,0::\n')
    for (const name of ['broken', 'entity', 'good', 'objects', 'size', 'unknown', 'cut']) {
      put(`SegmentationClass/${name}.png`, good)
    }
    put('SegmentationClass/cut.png', good.subarray(0, 60))
    put('SegmentationClass/unknown.png', await palettePng(1, 7, 0, 0, 1, 0, 0, 0))
    put('SegmentationObject/objects.png', await encodeIndexPng({ width: 1, height: 1, data: Uint8Array.of(1) }))
    put('SegmentationObject/good.png', await palettePng(1, 0, 2, 0, 1, 0, 2, 0))
    put('SegmentationObject/alone.png', good)
    put('Annotations/broken.xml', '<annotation><object>')
    put(
      'Annotations/entity.xml',
      '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><annotation>&x;</annotation>',
    )
    put('Annotations/other.xml', '<html/>')
    put('Annotations/size.xml', xml([]).replace('<width>4', '<width>5'))
    put('Annotations/nosize.xml', xml([]).replace(/<size>.*<\/size>/, ''))
    put(
      'Annotations/boxes.xml',
      xml(
        [
          ['bolt', 3, 1, 1, 1],
          ['', 1, 1, 1, 1],
          ['bolt', NaN, 1, 1, 1],
          ['bolt', 0, 0, 2, 2],
        ],
        '<object/>',
      ),
    )
    put('ImageSets/Segmentation/default.txt', 'good\nghost\n../evil\n')
    const { images, problems } = await readVoc(folder.path, indexPngCodec)
    expect(images.map(({ fileName, annotations }) => [fileName, annotations.length])).toEqual([
      ['a.jpg', 1],
      ['broken', 1],
      ['entity', 1],
      ['good', 1],
      ['unknown', 1],
    ])
    expect(annotationsOf(images[0])).toEqual([['bolt', [0, 0, 2, 2]]])
    expect(problems.map(({ name, reason }) => `${name}: ${reason.replaceAll(folder.path, '')}`)).toEqual([
      '../evil: Its path leads out of the folder, so it was left out. Use paths below the folder.',
      'alone: /SegmentationObject/alone.png was left out: there is no class picture beside it.',
      'boxes: The object in line 1 (bolt) was left out: its bndbox ends before it begins.',
      'boxes: The object in line 1 was left out: it has no name.',
      'boxes: The object in line 1 (bolt) was left out: its bndbox lacks a number for xmin, ymin, xmax or ymax.',
      'boxes: The object in line 1 was left out: it has no name.',
      expect.stringMatching(/^broken: .*broken\.xml is not valid XML at line 1, column 20 /),
      expect.stringMatching(/^cut: cut\.png is damaged/),
      expect.stringMatching(/^entity: .*entity\.xml is not valid XML at line 1.*undefined entity/),
      'ghost: A list names it, but there is no file of it in Annotations or SegmentationClass.',
      'good: Object 2 was left out: its pixels have no class in the class picture.',
      'nosize: It was left out: neither a <size> in its XML nor a class picture says how large it is.',
      'objects: The object picture is 1×1, the class picture 4×2. The image was left out.',
      expect.stringMatching(/^other: .*other\.xml holds no <annotation> at its top/),
      'size: The XML says 5×2, the class picture is 4×2. It was left out. Correct the one that is wrong.',
      'unknown: Pixels of 7 were left out: labelmap.txt names no such class. Add it there.',
      expect.stringMatching(/^boxes: Once: a box reaches outside its image/),
    ])
  })

  test('an object of two classes becomes two masks and is listed; an empty folder is refused', async () => {
    using folder = temporaryFolder()
    await expect(readVoc(folder.path, indexPngCodec)).rejects.toThrow('is no Pascal VOC data set')
    writeSample(folder.path, 'SegmentationClass/a.png', await palettePng(1, 0, 0, 2, 1, 0, 0, 2))
    writeSample(folder.path, 'SegmentationObject/a.png', await palettePng(5, 0, 0, 5, 5, 0, 0, 5))
    const { images, problems } = await readVoc(folder.path, indexPngCodec)
    expect(annotationsOf(images[0])).toEqual([
      ['aeroplane', tilesFromBitmap(left)],
      ['bicycle', tilesFromBitmap(right)],
    ])
    expect(problems[0]?.reason).toBe('Object 5 has pixels of several classes, so each class became a mask of its own.')
  })

  test('of two pictures of one name neither is guessed, and spaces at the ends of names stay', async () => {
    using folder = temporaryFolder()
    for (const name of ['a.jpg', 'a.png', ' b.png']) writeSample(folder.path, `JPEGImages/${name}`, 'picture')
    const png = await palettePng(1, 0, 0, 0, 1, 0, 0, 0)
    for (const name of ['a', ' b', 'sub/ c']) writeSample(folder.path, `SegmentationClass/${name}.png`, png)
    writeSample(folder.path, 'Annotations/sub/ c.xml', xml([]).replace('a.jpg', ' c.jpg'))
    writeSample(folder.path, 'ImageSets/Segmentation/default.txt', 'a\n b\nsub/ c\n')
    const { images, problems } = await readVoc(folder.path, indexPngCodec)
    expect(problems).toEqual([])
    expect(images.map(({ fileName }) => fileName)).toEqual([' b.png', 'a', 'sub/ c.jpg'])
  })
})

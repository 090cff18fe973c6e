import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AnnotationImportReport, AnnotationImportSpec } from '../../src/shared/contract/contract.ts'
import { isAppError } from '../../src/shared/errors.ts'
import { HardProject } from '../support/hard-project.ts'

/**
 * Files with one fault each. Every one gives one sentence with the place and the way out; the sound object beside the
 * fault comes in, and a dry run changes nothing.
 */

let project: HardProject

beforeAll(async () => {
  project = new HardProject()
  await project.putPicture('a.png')
  for (const name of ['c.jpg', 'c.png']) await project.putPicture(name)
  await project.addAll()
})

afterAll(() => project.end())

/** Files by name; the first one, or the folder, is imported. */
type Files = Readonly<Record<string, string | Uint8Array>>

interface Case {
  readonly fault: string
  readonly format: AnnotationImportSpec['format']
  readonly files: Files
  /** A file where the format is one. */
  readonly path: string
  /** Of the one problem. */
  readonly says: RegExp
}

const ring = [0, 0, 10, 0, 10, 10, 0, 10]
const sound = { id: 1, image_id: 1, category_id: 1, segmentation: [ring], area: 100, bbox: [0, 0, 10, 10], iscrowd: 0 }

function coco(fault: string, change: object | string, says: RegExp): Case {
  const broken = typeof change === 'string' ? change : { ...sound, id: 2, ...change }
  const content = {
    images: [{ id: 1, file_name: 'a.png', width: 160, height: 128 }],
    categories: [{ id: 1, name: 'square' }],
    annotations: [sound, broken],
  }
  return { fault, format: 'coco', path: 'coco.json', files: { 'coco.json': JSON.stringify(content) }, says }
}

const rle = (counts: unknown, size: unknown = [128, 160]): object => ({ segmentation: { size, counts } })

const inCoco: Case[] = [
  coco('an annotation that is text', 'nothing', /Entry 2 of `annotations` lacks an image or category id/),
  coco('no image id', { image_id: undefined }, /Entry 2 of `annotations` lacks an image or category id/),
  coco('an unknown image', { image_id: 9 }, /Annotation 2 was left out: the file lists no image 9/),
  coco('an unknown category', { category_id: 9 }, /Annotation 2 .* no category 9\. Add it to `categories`/),
  coco('an id of a million letters', { id: 'x'.repeat(1e6), image_id: 9 }, /: Annotation x{1989}…$/),
  coco('a flat list of points', { segmentation: ring }, /Annotation 2 .* Write one list/),
  coco(
    'points as pairs',
    {
      segmentation: [
        [1, 1],
        [4, 1],
        [4, 4],
      ],
    },
    /Annotation 2 .* Write one list/,
  ),
  coco('an odd ring', { segmentation: [[1, 1, 4, 1, 4]] }, /Annotation 2 .* even number of values, 6 or more/),
  coco('a ring of text', { segmentation: [['1', 1, 4, 1, 4, 4]] }, /Annotation 2 .* NaN, which is not a number/),
  coco('a far corner', { segmentation: [[1, 1, 4, 1, 4, 9e9]] }, /Annotation 2 .* more than 10 image sizes away/),
  coco('a ring beside the image', { segmentation: [[200, 1, 210, 1, 210, 9]] }, /Annotation 2 .* covers no pixel/),
  coco('counts of swapped sides', rle([20_480], [160, 128]), /Annotation 2 .* The sides look swapped/),
  coco('counts of another size', rle([100], [10, 10]), /Annotation 2 .* expected \[128,160\]/),
  coco('counts that stop early', rle([10, 5]), /Annotation 2 .* Counts cover 15 of 20480 pixels/),
  coco('negative counts', rle([20_481, -1]), /Annotation 2 .* a whole number, 0 or more/),
  coco('more counts than pixels', rle('0'.repeat(200_000)), /Annotation 2 .* longer than 160×128 pixels can need/),
  coco('fractional counts', rle([0.5, 20_479.5]), /Annotation 2 .* a whole number, 0 or more/),
  coco('counts that are no text of theirs', rle('hé'), /Annotation 2 .* a character that is not of their alphabet/),
  coco('text that ends within a count', rle('o'), /Annotation 2 .* end within a number/),
  coco('a path for a mask', { segmentation: 'mask.png' }, /Annotation 2 .* neither polygons nor run lengths/),
  coco('neither mask nor box', { segmentation: [], bbox: null }, /Annotation 2 .* neither a segmentation nor a usable/),
  coco('a box without height', { segmentation: [], bbox: [1, 1, 5, 0] }, /Annotation 2 .* neither a segmentation nor/),
]

function yolo(fault: string, line: string, says: RegExp): Case {
  const files = {
    'yolo/data.yaml': 'train: images\nval: images\nnames: [square]\n',
    'yolo/labels/a.txt': `0 0 0 0.0625 0 0.0625 0.078125 0 0.078125\n${line}\n`,
  }
  return { fault, format: 'yolo', path: 'yolo', files, says }
}

const inYolo: Case[] = [
  yolo('a class that is not there', '7 0 0 0.5 0 0.5 0.5', /line 2.*class 7/i),
  yolo('an odd number of values', '0 0 0 0.5 0 0.5', /Line 2 was left out/),
  yolo('too few values', '0 0.5 0.5', /Line 2 was left out/),
  yolo('a word', '0 0 0 half 0 0.5 0.5', /Line 2 was left out/),
  yolo('a corner outside', '0 0 0 7 0 0.5 0.5', /Line 2 was left out/),
  yolo('a class that is no number', 'square 0 0 0.5 0 0.5 0.5', /Line 2 was left out/),
]

const labelmeSquare = {
  label: 'square',
  shape_type: 'polygon',
  points: [
    [0, 0],
    [10, 0],
    [10, 10],
    [0, 10],
  ],
}

function labelme(fault: string, shape: object, says: RegExp): Case {
  const content = {
    version: '5.5.0',
    flags: {},
    imagePath: 'a.png',
    imageWidth: 160,
    imageHeight: 128,
    imageData: null,
    shapes: [labelmeSquare, { ...labelmeSquare, ...shape }],
  }
  return { fault, format: 'labelme', path: 'labelme', files: { 'labelme/a.json': JSON.stringify(content) }, says }
}

const inLabelme: Case[] = [
  labelme('a line', { shape_type: 'linestrip' }, /Shape 2/),
  labelme(
    'two points of a polygon',
    {
      points: [
        [1, 1],
        [2, 2],
      ],
    },
    /Shape 2/,
  ),
  labelme('no label', { label: '' }, /Shape 2/),
  labelme(
    'a point of text',
    {
      points: [
        [0, 'x'],
        [10, 0],
        [10, 10],
      ],
    },
    /Shape 2/,
  ),
  labelme(
    'a mask without pixels',
    {
      shape_type: 'mask',
      points: [
        [0, 0],
        [9, 9],
      ],
      mask: null,
    },
    /Shape 2/,
  ),
  labelme(
    'a mask that is no PNG',
    {
      shape_type: 'mask',
      points: [
        [0, 0],
        [9, 9],
      ],
      mask: 'AAAA',
    },
    /Shape 2|shape 2/,
  ),
]

function cvat(fault: string, element: string, says: RegExp): Case {
  const content = `<?xml version="1.0"?><annotations><version>1.1</version><meta><task><labels><label><name>square</name></label></labels></task></meta>
<image id="0" name="a.png" width="160" height="128">
<polygon label="square" points="0,0;10,0;10,10;0,10"/>
${element}
</image></annotations>`
  return { fault, format: 'cvat', path: 'annotations.xml', files: { 'annotations.xml': content }, says }
}

const inCvat: Case[] = [
  cvat('a polyline', '<polyline label="square" points="0,0;10,0"/>', /polyline/i),
  cvat('two points of a polygon', '<polygon label="square" points="0,0;10,0"/>', /polygon/i),
  cvat('points of text', '<polygon label="square" points="0,0;a,0;10,10"/>', /polygon/i),
  cvat('runs that stop early', '<mask label="square" rle="2, 1" left="0" top="0" width="9" height="9"/>', /mask/i),
  cvat('runs that are no numbers', '<mask label="square" rle="x" left="0" top="0" width="9" height="9"/>', /mask/i),
  cvat('a mask outside', '<mask label="square" rle="0, 81" left="155" top="0" width="9" height="9"/>', /mask/i),
  cvat('a box without width', '<box label="square" xtl="5" ytl="5" xbr="5" ybr="9"/>', /box/i),
  cvat('no label', '<box xtl="5" ytl="5" xbr="9" ybr="9"/>', /box/i),
]

/** One more than COCO's own: the fault is in an image or a category, with an object of its own. */
function cocoBeside(fault: string, image: object, category: object, segmentation: unknown, says: RegExp): Case {
  const content = {
    images: [
      { id: 1, file_name: 'a.png', width: 160, height: 128 },
      { id: 2, file_name: 'a.png', width: 160, height: 128, ...image },
    ],
    categories: [
      { id: 1, name: 'square' },
      { id: 2, name: 'circle', ...category },
    ],
    annotations: [sound, { ...sound, id: 2, image_id: 2, category_id: 2, segmentation }],
  }
  return { fault, format: 'coco', path: 'coco.json', files: { 'coco.json': JSON.stringify(content) }, says }
}

/** Across the picture and back, more often than any outline goes. */
const scribble = Array.from({ length: 320_000 }, (_, at) => (at % 4 < 2 ? 0 : 160))
const giant = { width: 200_000, height: 200_000 }
const giantText = /was left out: its size is given as 200000×200000, larger than any image of the project\. Correct/

const hostileCoco: Case[] = [
  cocoBeside(
    'an image of 200,000 pixels a side',
    { file_name: 'b.png', ...giant },
    {},
    { size: [200_000, 200_000], counts: [0, 200_000 ** 2] },
    new RegExp(`b\\.png: The image ${giantText.source}`),
  ),
  coco(
    'an outline without end',
    { segmentation: [scribble] },
    /Annotation 2 .* crosses 25600000 columns.*fewer corners/,
  ),
  coco(
    'corners a billion pixels away',
    { segmentation: [[0, 0, 1e9, 0, 1e9, 1e9]] },
    /Annotation 2 .* image sizes away/,
  ),
  cocoBeside(
    'a class name of 300 characters',
    {},
    { name: 'x'.repeat(300) },
    [ring],
    /The class "x{40}…" and its object were left out: its name has 300 characters, more than a class can have/,
  ),
  cocoBeside('a class without a name', {}, { name: '' }, [ring], /A class without a name and its object were left out/),
  cocoBeside('a class name of blanks', {}, { name: ' \t ' }, [ring], /A class without a name and its object were left/),
  cocoBeside(
    'a class name of two lines',
    {},
    { name: 'one\ntwo' },
    [ring],
    /The class "one\uFFFDtwo" and its object .* control characters\. Rename it in the file/,
  ),
]

const hostileLabelme: Case[] = [
  labelme(
    'a circle far away',
    {
      shape_type: 'circle',
      points: [
        [1e9, 1e9],
        [1e9, 1e9 + 5],
      ],
    },
    /Shape 2 .* no pixel/,
  ),
  labelme(
    'a corner a billion pixels away',
    {
      points: [
        [0, 0],
        [1e9, 0],
        [0, 1e9],
      ],
    },
    /Shape 2 .* image sizes away/,
  ),
  labelme(
    'a mask of a giant picture',
    {
      shape_type: 'mask',
      points: [
        [0, 0],
        [9, 9],
      ],
      mask: Buffer.from(png(20_000, 10_000)).toString('base64'),
    },
    /Shape 2 .* has 20000×10000 pixels, more than any image of the project/,
  ),
  {
    fault: 'a picture of 200,000 pixels a side',
    format: 'labelme',
    path: 'labelme',
    files: {
      'labelme/a.json': JSON.stringify({
        imagePath: 'a.png',
        imageWidth: 160,
        imageHeight: 128,
        shapes: [labelmeSquare],
      }),
      'labelme/b.json': JSON.stringify({
        imagePath: 'a.png',
        imageWidth: 200_000,
        imageHeight: 200_000,
        shapes: [
          {
            label: 'square',
            shape_type: 'circle',
            points: [
              [0, 0],
              [0, 200_000],
            ],
          },
        ],
      }),
    },
    says: new RegExp(`b\\.json: It ${giantText.source}`),
  },
]

function vocXml(width: number, height: number): string {
  return `<annotation><size><width>${width}</width><height>${height}</height></size><object><name>square</name>
<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>10</xmax><ymax>10</ymax></bndbox></object></annotation>`
}

/** Label pictures and their like: one is sound, one has the fault. */
const hostileFolders: Case[] = [
  {
    fault: 'an image and a mask of 200,000 pixels a side',
    format: 'cvat',
    path: 'annotations.xml',
    files: {
      'annotations.xml': `<annotations><meta/><image id="0" name="a.png" width="160" height="128"><polygon label="square" points="0,0;10,0;10,10;0,10"/></image>
<image id="1" name="b.png" width="200000" height="200000"><mask label="square" rle="0, 40000000000" left="0" top="0" width="200000" height="200000"/></image></annotations>`,
    },
    says: new RegExp(`b\\.png: Line 2: the image ${giantText.source}`),
  },
  cvat(
    'a mask larger than its image',
    '<mask label="square" rle="0, 40000000000" left="0" top="0" width="200000" height="200000"/>',
    /mask was left out: it reaches outside the image/,
  ),
  {
    fault: 'an XML of 200,000 pixels a side',
    format: 'voc',
    path: 'voc',
    files: { 'voc/Annotations/a.xml': vocXml(160, 128), 'voc/Annotations/b.xml': vocXml(200_000, 200_000) },
    says: new RegExp(`b: It ${giantText.source}`),
  },
  {
    fault: 'a class picture that unpacks to gigabytes',
    format: 'voc',
    path: 'voc',
    files: { 'voc/Annotations/a.xml': vocXml(160, 128), 'voc/SegmentationClass/b.png': png(16_000, 16_000) },
    says: /b: .*b\.png has 16000×16000 pixels, more than any image of the project\. Save it at the size of its image/,
  },
  {
    fault: 'a mask that unpacks to gigabytes',
    format: 'masks',
    path: 'masks',
    files: {
      'masks/classes.json': '["bg", "square"]',
      'masks/a.png': png(160, 128, 1),
      'masks/b.png': png(16_000, 16_000),
    },
    says: /b: .*b\.png has 16000×16000 pixels, more than any image/,
  },
  {
    fault: 'an object that unpacks to gigabytes',
    format: 'png-objects',
    path: 'objects',
    files: { 'objects/a/1_square.png': png(160, 128, 1), 'objects/a/2_square.png': png(16_000, 16_000) },
    says: /a: .*2_square\.png has 16000×16000 pixels, more than any image/,
  },
  {
    fault: 'a palette of more colours than there are numbers',
    format: 'masks',
    path: 'masks',
    files: {
      'masks/classes.json': '["bg", "square"]',
      'masks/a.png': png(160, 128, 1),
      'masks/b.png': png(160, 128, 1, Buffer.alloc(3_000_000)),
    },
    says: /b: b\.png is damaged.*palette has more than 256 colours/,
  },
  {
    fault: 'a mask outside of the folder, the Windows way',
    format: 'masks',
    path: 'masks',
    files: {
      'masks/manifest.json': JSON.stringify({
        classes: { 1: 'square' },
        items: [
          { image: 'images\\a.png', mask: 'masks\\a.png', w: 160, h: 128 },
          { image: 'b.png', mask: '..\\..\\b.png', w: 160, h: 128 },
        ],
      }),
      'masks/masks/a.png': png(160, 128, 1),
    },
    says: /b\.png: Its path leads out of the folder, so it was left out/,
  },
]

/** What goes by a name without its ending, where the project has two of them. */
const severalC = /c: c is the file name of several images \(c\.jpg, c\.png\); use their paths in the file/

const hostileStems: Case[] = [
  {
    fault: 'a mask of one of two pictures',
    format: 'masks',
    path: 'masks',
    files: {
      'masks/classes.json': '["bg", "square"]',
      'masks/a.png': png(160, 128, 1),
      'masks/c.png': png(160, 128, 1),
    },
    says: severalC,
  },
  {
    fault: 'an object of one of two pictures',
    format: 'png-objects',
    path: 'objects',
    files: { 'objects/a/1_square.png': png(160, 128, 1), 'objects/c/1_square.png': png(160, 128, 1) },
    says: severalC,
  },
  {
    fault: 'an XML of one of two pictures that lie beside it',
    format: 'voc',
    path: 'voc',
    files: {
      'voc/Annotations/a.xml': vocXml(160, 128),
      'voc/Annotations/c.xml': vocXml(160, 128),
      'voc/JPEGImages/c.jpg': '',
      'voc/JPEGImages/c.png': '',
    },
    says: severalC,
  },
]

const keypoints = '0 0.5 0.5 0.2 0.2 0.5 0.5 2 0.4 0.4 0'

const hostileYolo: Case[] = [
  yolo(
    'a box with keypoints',
    keypoints,
    /Line 2 was left out: it looks like a box with keypoints\. State `kpt_shape`/,
  ),
  {
    fault: 'a set of poses',
    format: 'yolo',
    path: 'yolo',
    files: {
      'yolo/data.yaml': 'train: images\nval: images\nkpt_shape: [2, 3]\nnames: [square]\n',
      'yolo/labels/a.txt': `${keypoints}\n`,
    },
    says: /data\.yaml: 1 line holds keypoints, which a project cannot hold: their boxes alone were read/,
  },
  {
    fault: 'a row of another length in a set of poses',
    format: 'yolo',
    path: 'yolo',
    files: {
      'yolo/data.yaml': 'train: images\nval: images\nkpt_shape: [3, 2]\nnames: [square]\n',
      'yolo/labels/a.txt': `0 0.5 0.5 0.2 0.2\n0 0 0 0 0.5 0.5 0.5\n`,
    },
    says: /Line 2 was left out: 6 numbers follow the class: by `kpt_shape` in data\.yaml a box needs 4 and its keypoints 6/,
  },
  {
    fault: 'a list that is a device without end',
    format: 'yolo',
    path: 'yolo',
    files: {
      'yolo/data.yaml': 'train: images\nval: /dev/zero\nnames: [square]\n',
      'yolo/labels/a.txt': '0 0 0 0.0625 0 0.0625 0.078125 0 0.078125\n',
    },
    says: /`val` leads to \/dev\/zero, where there are neither pictures nor labels/,
  },
  {
    fault: 'a whole disk',
    format: 'yolo',
    path: 'yolo',
    files: {
      'yolo/data.yaml': 'train: images\nval: /\nnames: [square]\n',
      'yolo/labels/a.txt': '0 0 0 0.0625 0 0.0625 0.078125 0 0.078125\n',
    },
    says: /`val` leads to \/, a whole disk, and was left out\. Name the folder of the pictures/,
  },
]

const hostile = [...hostileCoco, ...hostileLabelme, ...hostileFolders, ...hostileStems, ...hostileYolo]

/** Nothing can be read of these: the import ends with the sentence. */
const whole: Case[] = [
  {
    fault: 'no JSON',
    format: 'coco',
    path: 'x.json',
    files: { 'x.json': '{"images": [' },
    says: /x\.json is not valid JSON at line 1, column \d+/,
  },
  {
    fault: 'a results file',
    format: 'coco',
    path: 'x.json',
    files: { 'x.json': '[]' },
    says: /x\.json is a results file/,
  },
  {
    fault: 'no images',
    format: 'coco',
    path: 'x.json',
    files: { 'x.json': '{"annotations": []}' },
    says: /no `images` list/,
  },
  {
    fault: 'an image twice',
    format: 'coco',
    path: 'x.json',
    files: {
      'x.json':
        '{"annotations": [], "images": [{"id": 1, "file_name": "a.png", "width": 1, "height": 1}, {"id": 1, "file_name": "b.png", "width": 1, "height": 1}]}',
    },
    says: /image id 1 appears twice \(a\.png, b\.png\)/,
  },
  { fault: 'no data.yaml', format: 'yolo', path: 'empty', files: { 'empty/x.txt': '' }, says: /holds no data\.yaml/ },
  {
    fault: 'a broken data.yaml',
    format: 'yolo',
    path: 'y',
    files: { 'y/data.yaml': 'names: [a\ntrain' },
    says: /data\.yaml/,
  },
  {
    fault: 'a data.yaml nested without end',
    format: 'yolo',
    path: 'y',
    files: { 'y/data.yaml': `names: [a]\ntrain: ${'['.repeat(50_000)}${']'.repeat(50_000)}` },
    says: /data\.yaml does not describe a YOLO data set: it is nested too deeply/,
  },
  {
    fault: 'broken XML',
    format: 'cvat',
    path: 'x.xml',
    files: { 'x.xml': '<annotations><image></annotations>' },
    says: /x\.xml.*line 1/,
  },
  { fault: 'other XML', format: 'cvat', path: 'x.xml', files: { 'x.xml': '<html/>' }, says: /x\.xml/ },
  { fault: 'no manifest', format: 'png-objects', path: 'empty', files: { 'empty/x.txt': '' }, says: /empty/ },
  { fault: 'no masks', format: 'masks', path: 'empty', files: { 'empty/x.txt': '' }, says: /empty/ },
  {
    fault: 'no annotations',
    format: 'voc',
    path: 'empty',
    files: { 'empty/x.txt': '' },
    says: /empty is no Pascal VOC data set/,
  },
]

/** A grey PNG of one number, or of a palette: small as a file however large the picture. */
function png(width: number, height: number, value = 0, palette?: Uint8Array): Uint8Array {
  const block = (type: string, content: Uint8Array): Buffer => {
    const bytes = Buffer.alloc(12 + content.length)
    bytes.writeUInt32BE(content.length, 0)
    bytes.write(type, 4, 'latin1')
    bytes.set(content, 8)
    bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + content.length)), 8 + content.length)
    return bytes
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 8
  header[9] = palette === undefined ? 0 : 3
  const rows = Buffer.alloc(height * (width + 1), value)
  for (let row = 0; row < height; row++) rows[row * (width + 1)] = 0
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    block('IHDR', header),
    ...(palette === undefined ? [] : [block('PLTE', palette)]),
    block('IDAT', deflateSync(rows, { level: 1 })),
    block('IEND', new Uint8Array()),
  ])
}

let folders = 0

function bring({ format, files, path }: Case, dryRun: boolean): Promise<AnnotationImportReport> {
  const folder = join(project.folder, `case-${folders}`)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return project.session.importAnnotations(join(folder, path), { format, as: 'accepted', conflicts: 'both', dryRun })
}

test.each(
  [...inCoco, ...inYolo, ...inLabelme, ...inCvat, ...hostile].map((each) => [each.format, each.fault, each] as const),
)('%s: %s costs itself alone and is named', async (_format, _fault, each) => {
  folders++
  const { store } = project.session
  const before = store.revision()
  const looked = await bring(each, true)
  expect(looked.problems.map(({ name, reason }) => `${name}: ${reason}`)).toEqual([expect.stringMatching(each.says)])
  expect(looked).toMatchObject({ annotations: 1, images: 1 })
  expect(store.revision()).toBe(before)
  expect(await bring(each, false)).toMatchObject({ annotations: 1 })
  project.session.step('undo')
  expect(store.annotations.ofImage(project.imageId('a.png'))).toEqual([])
})

test.each(whole.map((each) => [each.format, each.fault, each] as const))(
  '%s: %s ends the import with one sentence and changes nothing',
  async (_format, _fault, each) => {
    folders++
    const before = project.session.store.revision()
    const failure: unknown = await bring(each, false).catch((error: unknown) => error)
    expect(isAppError(failure) && failure.message).toMatch(each.says)
    expect(project.session.store.revision()).toBe(before)
  },
)

test('there are more than seventy of them', () => {
  expect([...inCoco, ...inYolo, ...inLabelme, ...inCvat, ...hostile, ...whole].length).toBeGreaterThan(70)
})

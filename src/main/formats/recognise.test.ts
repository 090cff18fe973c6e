import { execFileSync } from 'node:child_process'
import fs, { mkdirSync, symlinkSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { classRecord, exportSource, quiet, temporaryFolder, writeSample } from '../../../test/python/export-samples.ts'
import { indexPngCodec } from '../../../test/python/index-png-codec.ts'
import { bitmapFromPicture } from '../../../test/python/mask-samples.ts'
import { breakDisk } from '../../../test/support/broken-disk.ts'
import { cocoSpec } from '../../../test/support/export-spec.ts'
import { formatNames } from '../../shared/contract/contract.ts'
import type { ExportSpec } from '../../shared/contract/contract.ts'
import { recogniseDataSet } from './recognise.ts'
import { formats, writeDataSet } from './registry.ts'

const mask = { className: 'tool', bitmap: bitmapFromPicture(['##', '.#']), score: 0.5 }
const source = exportSource(
  [
    { name: 'a.png', width: 2, height: 2, masks: [{ ...mask, state: 'accepted' }] },
    { name: 'b.png', width: 2, height: 2, masks: [{ ...mask, state: 'proposed' }], reviewed: true },
  ],
  [classRecord(0, 'tool')],
)

/** Returns the names of the files, the main one first. */
async function write(folder: string, format: ExportSpec['format']): Promise<readonly string[]> {
  const spec = { ...cocoSpec, format, include: 'all' } as const
  return (await writeDataSet(source, folder, spec, indexPngCodec, quiet)).files
}

test.each(formatNames)('an export in %s is recognised by its folder and by its main file', async (format) => {
  using folder = temporaryFolder()
  const [main = ''] = await write(folder.path, format)
  const path = formats[format].imports === 'folder' ? folder.path : join(folder.path, main)
  // Results lie beside the instances that their numbers come from.
  if (format === 'coco-results') {
    await expect(recogniseDataSet(folder.path)).rejects.toMatchObject({ key: 'formatAmbiguous' })
  } else expect(await recogniseDataSet(folder.path)).toEqual({ format, path })
  // One file of labelme is a data set too, and so is `data.yaml`.
  const isFile = format === 'labelme' || format === 'yolo'
  const file = join(folder.path, format === 'voc' ? 'Annotations/a.xml' : main)
  expect(await recogniseDataSet(file)).toEqual({ format, path: isFile ? file : path })
})

const coco = JSON.stringify({ info: {}, images: [], annotations: [], categories: [] })

test.each([
  ['results are told by their first entry', 'x.json', '[{"image_id": 1, "category_id": 1}]', 'coco-results'],
  ['fields of other programs come first', 'x.json', `{"version": "1", "flags": {}, "shapes": []}`, 'labelme'],
  ['a file of Roboflow', '_annotations.coco.json', coco, 'coco'],
  ['with a byte order mark', 'x.JSON', `\uFEFF${coco}`, 'coco'],
  [
    'an XML of two bytes a character',
    'x.xml',
    Buffer.from('\uFEFF<?xml version="1.0"?><annotations/>', 'utf16le'),
    'cvat',
  ],
  ['behind comments and a document type', 'x.xml', '<!-- <a> -->\n<!DOCTYPE x>\n<annotations>', 'cvat'],
  ['a YOLO file of any name', 'coco128.yaml', 'names: [a]', 'yolo'],
] as const)('%s', async (_what, name, content, format) => {
  using folder = temporaryFolder()
  const path = writeSample(folder.path, name, content)
  expect(await recogniseDataSet(path)).toEqual({ format, path })
})

test('files that mean their folder', async () => {
  using folder = temporaryFolder()
  const xml = writeSample(folder.path, 'Annotations/a.xml', '<annotation><size/></annotation>')
  expect(await recogniseDataSet(xml)).toEqual({ format: 'voc', path: folder.path })
  const table = writeSample(folder.path, 'masks/labels.txt', 'background\ntool\n')
  expect(await recogniseDataSet(table)).toEqual({ format: 'masks', path: join(folder.path, 'masks') })
})

test('a list of classes beside files of labelme is theirs, and alone that of masks', async () => {
  using folder = temporaryFolder()
  writeSample(folder.path, 'labels.txt', '__ignore__\n_background_\ntool\n')
  writeSample(folder.path, 'day/b.png', 'PNG')
  expect(await recogniseDataSet(folder.path)).toEqual({ format: 'masks', path: folder.path })
  writeSample(folder.path, 'day/b.json', '{"shapes": [], "imagePath": "b.jpg"}')
  expect(await recogniseDataSet(folder.path)).toEqual({ format: 'labelme', path: folder.path })
})

test('damaged files and files of other kinds do not hide the one that is meant', async () => {
  using folder = temporaryFolder()
  writeSample(folder.path, 'package.json', '{"name": "x"}')
  writeSample(folder.path, 'broken.json', '{"images": ')
  writeSample(folder.path, 'classes.json', '["background", "tool"]')
  const path = writeSample(folder.path, 'annotations/instances.json', coco)
  expect(await recogniseDataSet(folder.path)).toEqual({ format: 'coco', path })
})

test('files of one format are its subsets, folders of one are several data sets', async () => {
  using folder = temporaryFolder()
  for (const part of ['train', 'valid']) writeSample(folder.path, `${part}/_annotations.coco.json`, coco)
  expect(await recogniseDataSet(folder.path)).toEqual({ format: 'coco', path: folder.path })
  using masks = temporaryFolder()
  for (const part of ['a', 'b']) writeSample(masks.path, `${part}/manifest.json`, '{"classes": {}, "items": []}')
  await expect(recogniseDataSet(masks.path)).rejects.toMatchObject({ key: 'formatAmbiguous' })
})

test('several data sets are named, and none is taken', async () => {
  using folder = temporaryFolder()
  for (const part of ['train', 'valid']) writeSample(folder.path, `${part}/_annotations.coco.json`, coco)
  await write(folder.path, 'yolo')
  await expect(recogniseDataSet(folder.path)).rejects.toMatchObject({
    code: 'InvalidInput',
    key: 'formatAmbiguous',
    message: expect.stringContaining(
      '(yolo), train/_annotations.coco.json (coco), valid/_annotations.coco.json (coco). Choose one of them',
    ),
  })
})

const entry = '{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1, 1]}'
const instances = `{"info": {}, "images": [{"id": 1}], "annotations": [${entry}], "categories": []}`
const captions = '{"images": [{"id": 1}], "annotations": [{"id": 1, "image_id": 1, "caption": "A tool."}]}'
const datumaro = '{"info": {}, "categories": {"label": {}}, "items": [{"id": "a", "annotations": []}]}'
const labelmeXml = '<annotation><filename>a.jpg</filename><object><polygon/></object></annotation>'
const labelmeJson = '{"version": "5.2.0", "shapes": [{}], "imagePath": "a.jpg"}'

test.each<readonly [what: string, files: Readonly<Record<string, string>>, ExportSpec['format'], path: string]>([
  [
    'COCO 2017 beside its captions',
    { 'annotations/captions_val2017.json': captions, 'annotations/instances_val2017.json': instances },
    'coco',
    'annotations/instances_val2017.json',
  ],
  [
    'COCO in a folder called as that of VOC',
    { 'Annotations/instances.json': instances },
    'coco',
    'Annotations/instances.json',
  ],
  [
    'COCO of CVAT',
    { 'annotations/instances_default.json': instances, 'images/default/a.jpg': '' },
    'coco',
    'annotations/instances_default.json',
  ],
  ['COCO of Label Studio', { 'result.json': instances, 'images/a.jpg': '' }, 'coco', 'result.json'],
  [
    'one subset of Roboflow',
    { '_annotations.coco.json': instances, 'a.jpg': '', 'README.roboflow.txt': '' },
    'coco',
    '_annotations.coco.json',
  ],
  ['YOLO of Roboflow', { 'data.yaml': 'names: [a]', 'train/labels/a.txt': '', 'train/images/a.jpg': '' }, 'yolo', ''],
  [
    'YOLO of Ultralytics and CVAT',
    { 'data.yaml': 'names: [a]', 'train.txt': '', 'labels/train/a.txt': '' },
    'yolo',
    '',
  ],
  ['YOLO packed with its folder', { 'set/DATA.YAML': 'names: [a]', 'set/labels/train/a.txt': '' }, 'yolo', 'set'],
  [
    'YOLO of Label Studio, without data.yaml',
    {
      'classes.txt': 'a',
      'notes.json': '{"categories": [{"id": 0, "name": "a"}], "info": {}}',
      'images/a.png': '',
      'labels/a.txt': '',
    },
    'yolo',
    '',
  ],
  [
    'masks of CVAT',
    {
      'labelmap.txt': '',
      'ImageSets/Segmentation/default.txt': '',
      'SegmentationClass/a.png': '',
      'SegmentationObject/a.png': '',
    },
    'voc',
    '',
  ],
  [
    'VOC of CVAT',
    { 'labelmap.txt': '', 'Annotations/a.xml': '<annotation/>', 'ImageSets/Main/default.txt': '' },
    'voc',
    '',
  ],
  ['VOC whose pictures lie in folders', { 'Annotations/day/a.xml': '<annotation/>' }, 'voc', ''],
  [
    'VOC as it is unpacked',
    { 'VOC2012/Annotations/a.xml': '<annotation/>', 'VOC2012/SegmentationClass/a.png': '' },
    'voc',
    'VOC2012',
  ],
  [
    'VOC of Roboflow, whose XML lies beside the pictures',
    { 'README.txt': '', 'train/a.xml': '<annotation><size/></annotation>', 'train/b.xml': '<annotation/>' },
    'voc',
    'train',
  ],
  [
    'labelme with pictures beside',
    { 'a.jpg': '', 'a.json': labelmeJson, 'b.JSON': labelmeJson, 'day/c.json': labelmeJson },
    'labelme',
    '',
  ],
  ['CVAT for images', { 'ANNOTATIONS.XML': '<annotations/>', 'images/a.jpg': '' }, 'cvat', 'ANNOTATIONS.XML'],
  ['CVAT packed with its folder', { 'task_1/annotations.xml': '<annotations/>' }, 'cvat', 'task_1/annotations.xml'],
])('%s is recognised', async (_what, files, format, path) => {
  using folder = temporaryFolder()
  for (const [name, content] of Object.entries(files)) writeSample(folder.path, name, content)
  expect(await recogniseDataSet(folder.path)).toEqual({ format, path: join(folder.path, path) })
})

test.each<readonly [what: string, file: string, content: string]>([
  ['captions', 'annotations/captions_val2017.json', captions],
  ['Datumaro', 'annotations/default.json', datumaro],
  ['Label Studio', 'project.json', '[{"id": 1, "annotations": [], "data": {"image": "a.jpg"}}]'],
  ['labelme 3.0 of CVAT', 'default/a.xml', labelmeXml],
  ['a manifest of another name', 'masks.json', '{"classes": {}, "items": [{}]}'],
  ['texts that are none', 'x.json', '{"format": {"toString": 1}}'],
])('%s is not taken for what its reader cannot read, by folder or file', async (_what, name, content) => {
  using folder = temporaryFolder()
  const file = writeSample(folder.path, name, content)
  for (const path of [folder.path, dirname(file), file]) {
    await expect(recogniseDataSet(path)).rejects.toMatchObject({ key: 'formatUnknown' })
  }
})

test('data sets in several formats side by side are named, whatever gives each away', async () => {
  using folder = temporaryFolder()
  for (const format of ['yolo', 'voc', 'cvat', 'png-objects'] as const) await write(join(folder.path, format), format)
  await expect(recogniseDataSet(folder.path)).rejects.toMatchObject({
    params: { list: 'voc (voc), yolo (yolo), cvat/annotations.xml (cvat), png-objects (png-objects)' },
  })
})

test.skipIf(process.platform === 'win32')(
  'pipes, links in a circle and folders that may not be read hide nothing',
  async () => {
    using folder = temporaryFolder()
    const path = writeSample(folder.path, 'instances.json', instances)
    execFileSync(
      'mkfifo',
      ['a.json', 'b.xml'].map((name) => join(folder.path, name)),
    )
    symlinkSync(folder.path, join(folder.path, 'again'))
    mkdirSync(join(folder.path, 'closed'))
    using _broken = breakDisk(join(folder.path, 'closed'), 'EACCES')
    expect(await recogniseDataSet(folder.path)).toEqual({ format: 'coco', path })
  },
)

test('a folder that cannot be read is not said to hold nothing', async () => {
  using folder = temporaryFolder()
  using _broken = breakDisk(folder.path, 'EACCES')
  await expect(recogniseDataSet(folder.path)).rejects.toMatchObject({ code: 'NotFound', key: 'fileUnreadable' })
})

test('files of a folder are not asked one by one: it may hold hundreds of thousands of pictures', async () => {
  using folder = temporaryFolder()
  const path = writeSample(folder.path, 'instances.json', instances)
  for (let number = 0; number < 50; number++) writeSample(folder.path, `${number}.jpg`, '')
  const asked = vi.spyOn(fs.promises, 'stat')
  syncBuiltinESMExports()
  try {
    expect(await recogniseDataSet(folder.path)).toEqual({ format: 'coco', path })
    expect(asked.mock.calls.length).toBeLessThan(10)
  } finally {
    asked.mockRestore()
    syncBuiltinESMExports()
  }
})

test('can be cancelled in the midst of a file, and between folders', async () => {
  using folder = temporaryFolder()
  // What tells comes last.
  const file = writeSample(folder.path, 'x.json', `{"info": "${'x'.repeat(1 << 22)}", "annotations": [${entry}]}`)
  for (const path of [folder.path, file]) {
    const controller = new AbortController()
    const recognising = recogniseDataSet(path, controller.signal)
    controller.abort()
    await expect(recognising).rejects.toMatchObject({ code: 'Cancelled' })
  }
})

test.each([
  ['an empty folder', 'folder', null, 'formatUnknown'],
  ['a JSON of something else', 'x.json', '{"name": "x"}', 'formatUnknown'],
  ['a JSON array of something else', 'x.json', '["tool"]', 'formatUnknown'],
  ['a picture', 'x.png', 'PNG', 'formatUnknown'],
  ['an export as it is downloaded', 'task_1.ZIP', 'PK', 'formatPacked'],
  ['an empty XML', 'x.xml', '', 'formatUnknown'],
  ['nothing', 'gone', undefined, 'fileUnreadable'],
] as const)('%s is refused in a sentence that names it', async (_what, name, content, key) => {
  using folder = temporaryFolder()
  const path = join(folder.path, name)
  if (content === null) mkdirSync(path)
  else if (content !== undefined) writeSample(folder.path, name, content)
  await expect(recogniseDataSet(path)).rejects.toMatchObject({ key, message: expect.stringContaining(path) })
})

test('a damaged file that was pointed at is named with the place of the damage', async () => {
  using folder = temporaryFolder()
  const path = writeSample(folder.path, 'x.json', '{"info": {},\n "images" []}')
  await expect(recogniseDataSet(path)).rejects.toMatchObject({ message: expect.stringContaining('line 2') })
})

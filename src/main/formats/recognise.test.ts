import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { classRecord, exportSource, quiet, temporaryFolder, writeSample } from '../../../test/python/export-samples.ts'
import { indexPngCodec } from '../../../test/python/index-png-codec.ts'
import { bitmapFromPicture } from '../../../test/python/mask-samples.ts'
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

test.each([
  ['an empty folder', 'folder', null, 'formatUnknown'],
  ['a JSON of something else', 'x.json', '{"name": "x"}', 'formatUnknown'],
  ['a JSON array of something else', 'x.json', '["tool"]', 'formatUnknown'],
  ['a picture', 'x.png', 'PNG', 'formatUnknown'],
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

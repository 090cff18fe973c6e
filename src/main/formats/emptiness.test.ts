import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder, writeSample } from '../../../test/python/export-samples.ts'
import { indexPngCodec } from '../../../test/python/index-png-codec.ts'
import type { ExportSpec } from '../../shared/contract/contract.ts'
import type { ImportedImage } from './format-types.ts'
import { readDataSet } from './registry.ts'

/** When a data set says that an image was looked at and is empty, when it only lists one, and when neither is true. */

type Files = Readonly<Record<string, string | readonly number[]>>

const coco = (image: object, annotations: readonly object[]): Files => ({
  'a.json': JSON.stringify({
    images: [{ id: 1, file_name: 'a.png', width: 2, height: 1, ...image }],
    categories: [{ id: 1, name: 'x' }],
    annotations,
  }),
})
const cvat = (attributes: string, inside = ''): Files => ({
  'a.xml': `<annotations><image id="0" name="a.png" width="2" height="1"${attributes}>${inside}</image></annotations>`,
})
const voc = (inside: string): string =>
  `<annotation><filename>a.png</filename><size><width>2</width><height>1</height></size>${inside}</annotation>`
const yolo = (labels: string): Files => ({
  'data.yaml': 'train: images\nval: images\nnames: [x]\n',
  'labels/a.txt': labels,
})
const labelme = (shapes: readonly object[]): Files => ({
  'a.json': JSON.stringify({ shapes, imagePath: 'a.png', imageWidth: 2, imageHeight: 1 }),
})
/** An array is a grey PNG of 2 x 1 pixels. */
const masks = (pixels: readonly number[], item: object = {}): Files => ({
  'masks/a.png': pixels,
  'manifest.json': JSON.stringify({
    classes: { 1: 'x' },
    items: [{ image: 'images/a.png', mask: 'masks/a.png', w: 2, h: 1, ...item }],
  }),
})
const objects = (image: object): Files => ({
  'manifest.json': JSON.stringify({
    format: 'png-objects',
    classes: [],
    images: [{ image: 'a.png', width: 2, height: 1, ...image }],
  }),
})

const cases: readonly (readonly [ExportSpec['format'], string, Files, ImportedImage['empty']])[] = [
  ['coco', 'a list without a mark', coco({}, []), 'listed'],
  ['coco', 'a mark', coco({ reviewed_empty: true }, []), 'stated'],
  ['coco', 'a mark that is none', coco({ reviewed_empty: 'yes' }, []), 'listed'],
  ['coco', 'an annotation that cannot be read', coco({ reviewed_empty: true }, [{ image_id: 1 }]), undefined],
  ['coco', 'an annotation of who knows which image', coco({ reviewed_empty: true }, [{ category_id: 1 }]), undefined],
  ['coco', 'an annotation of an unknown class', coco({}, [{ image_id: 1, category_id: 9 }]), undefined],
  ['cvat', 'a list without a mark', cvat(''), 'listed'],
  ['cvat', 'a mark', cvat(' reviewed_empty="1"'), 'stated'],
  ['cvat', 'a tag', cvat('', '<tag label="x"></tag>'), undefined],
  ['cvat', 'a shape that cannot be read', cvat(' reviewed_empty="1"', '<points label="x"></points>'), undefined],
  ['yolo', 'an empty file', yolo('\n'), 'stated'],
  ['yolo', 'a line that cannot be read', yolo('0 1 2\n'), undefined],
  ['labelme', 'no shapes', labelme([]), 'stated'],
  ['labelme', 'a shape that cannot be read', labelme([{ label: 'x' }]), undefined],
  ['masks', 'all background', masks([0, 0]), 'stated'],
  ['masks', 'all background, but partial', masks([0, 0], { partial: true }), undefined],
  ['masks', 'pixels to ignore', masks([0, 255]), undefined],
  ['masks', 'pixels of no class', masks([0, 7]), undefined],
  ['png-objects', 'a list without a mark', objects({ objects: [] }), 'listed'],
  ['png-objects', 'a mark', objects({ objects: [], reviewed_empty: true }), 'stated'],
  ['png-objects', 'an object that cannot be read', objects({ objects: [{}], reviewed_empty: true }), undefined],
  ['voc', 'no objects', { 'Annotations/a.xml': voc('') }, 'stated'],
  ['voc', 'an object that cannot be read', { 'Annotations/a.xml': voc('<object></object>') }, undefined],
  ['voc', 'all background', { 'SegmentationClass/a.png': [0, 0] }, 'stated'],
  ['voc', 'pixels to ignore', { 'SegmentationClass/a.png': [0, 255] }, undefined],
  ['voc', 'a damaged XML', { 'SegmentationClass/a.png': [0, 0], 'Annotations/a.xml': '<annotation>' }, undefined],
]

test.each(cases)('%s: %s', async (format, _what, files, expected) => {
  using folder = temporaryFolder()
  for (const [name, content] of Object.entries(files)) {
    const path = writeSample(folder.path, name, typeof content === 'string' ? content : '')
    if (typeof content === 'string') continue
    await indexPngCodec.writeIndexPng(path, { width: 2, height: 1, data: Uint8Array.from(content) })
  }
  const [file = ''] = Object.keys(files)
  const { images } = await readDataSet(
    format,
    format === 'coco' || format === 'cvat' ? join(folder.path, file) : folder.path,
    {
      codec: indexPngCodec,
      findImage: () => ({ fileName: 'a.png', width: 2, height: 1 }),
    },
  )
  expect(images).toHaveLength(1)
  expect(images[0]?.empty).toBe(expected)
})

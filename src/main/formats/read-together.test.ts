import { expect, test } from 'vitest'
import { classRecord, exportSource, quiet, temporaryFolder, writeSample } from '../../../test/python/export-samples.ts'
import { importContext } from '../../../test/python/format-round-trips.ts'
import { indexPngCodec } from '../../../test/python/index-png-codec.ts'
import { bitmapFromPicture } from '../../../test/python/mask-samples.ts'
import { cocoSpec } from '../../../test/support/export-spec.ts'
import { tilesArea } from '../../shared/mask/tiles.ts'
import { orientationKey } from './coco-records.ts'
import type { ImportedDataSet } from './format-types.ts'
import { readTogether } from './read-together.ts'
import { writeDataSet } from './registry.ts'

const ring = [[0, 0, 2, 0, 2, 2, 0, 2]]

interface Subset {
  readonly names: readonly string[]
  readonly categories?: readonly object[]
  readonly info?: object
}

/** A file whose images have one object each, all ids from 1 as most programs count them. */
function cocoFile({ names, categories = [{ id: 1, name: 'bolt', supercategory: 'tool' }], info = {} }: Subset): string {
  return JSON.stringify({
    info,
    images: names.map((name, index) => ({ id: index + 1, file_name: name, width: 4, height: 4 })),
    categories,
    annotations: names.map((_name, index) => ({
      id: index + 1,
      image_id: index + 1,
      category_id: 1,
      segmentation: ring,
      iscrowd: 0,
    })),
  })
}

const read = (path: string): Promise<ImportedDataSet> => readTogether('coco', path, importContext())

test('subsets are one data set: pictures beside their file by their folder, ids that two share are nobody’s', async () => {
  using folder = temporaryFolder()
  for (const part of ['train', 'valid']) {
    writeSample(folder.path, `${part}/_annotations.coco.json`, cocoFile({ names: ['a.png', 'elsewhere/b.png'] }))
    writeSample(folder.path, `${part}/a.png`, '')
  }
  await expect(read(folder.path)).rejects.toMatchObject({ key: 'formatAmbiguous' })
  writeSample(folder.path, 'valid/_annotations.coco.json', cocoFile({ names: ['a.png', 'elsewhere/c.png'] }))
  const { images, classes, problems } = await read(folder.path)
  expect(images.map(({ fileName }) => fileName)).toEqual([
    'train/a.png',
    'elsewhere/b.png',
    'valid/a.png',
    'elsewhere/c.png',
  ])
  expect(images.every(({ originalId }) => originalId === undefined)).toBe(true)
  expect(images.flatMap(({ annotations }) => annotations.map(({ originalId }) => originalId))).toEqual(
    Array.from({ length: 4 }, () => null),
  )
  expect(classes).toEqual([{ name: 'bolt', parentName: 'tool', annotations: 4, originalId: '1' }])
  expect(problems).toEqual([])
})

test('classes are one by their name; an id that means two of them is dropped', async () => {
  using folder = temporaryFolder()
  writeSample(folder.path, 'a.json', cocoFile({ names: ['a.png'], categories: [{ id: 1, name: 'bolt' }] }))
  const others = [
    { id: 1, name: 'nut' },
    { id: 2, name: 'bolt' },
  ]
  writeSample(folder.path, 'b.json', cocoFile({ names: ['b.png'], categories: others }))
  const { classes } = await read(folder.path)
  expect(classes).toEqual([
    { name: 'bolt', parentName: null, annotations: 1 },
    { name: 'nut', parentName: null, annotations: 1 },
  ])
})

test('an export that was split comes back whole, with its ids', async () => {
  using folder = temporaryFolder()
  const names = ['a.png', 'b.png', 'c.png', 'd.png']
  const masks = [{ className: 'bolt', bitmap: bitmapFromPicture(['##', '.#']) }]
  const source = exportSource(
    names.map((name) => ({ name, width: 2, height: 2, masks })),
    [classRecord(0, 'bolt')],
  )
  const subsets = ['train', 'val'].map((name) => ({ name, share: 0.5 }))
  const spec = { ...cocoSpec, split: { by: 'image', seed: 1, subsets } } as const
  await writeDataSet(source, folder.path, spec, indexPngCodec, quiet)
  const { images } = await read(folder.path)
  expect(images.map(({ fileName }) => fileName).toSorted()).toEqual(names)
  expect(new Set(images.map(({ originalId }) => originalId))).toEqual(new Set(['1', '2', '3', '4']))
  for (const { annotations } of images) {
    expect(annotations.map(({ tiles, originalId }) => [tilesArea(tiles), typeof originalId])).toEqual([[3, 'string']])
  }
})

test('files that are no subsets of one data set are asked back', async () => {
  using folder = temporaryFolder()
  writeSample(folder.path, 'annotations/instances_train.json', cocoFile({ names: ['a.png'] }))
  writeSample(folder.path, 'annotations/person_keypoints_train.json', cocoFile({ names: ['a.png'] }))
  await expect(read(folder.path)).rejects.toMatchObject({
    code: 'InvalidInput',
    key: 'formatAmbiguous',
    message: expect.stringContaining('annotations/person_keypoints_train.json (coco)'),
  })
  using turned = temporaryFolder()
  writeSample(turned.path, 'a.json', cocoFile({ names: ['a.png'], info: { [orientationKey]: 'stored' } }))
  writeSample(turned.path, 'b.json', cocoFile({ names: ['b.png'] }))
  await expect(read(turned.path)).rejects.toMatchObject({ key: 'formatAmbiguous' })
  using empty = temporaryFolder()
  await expect(read(empty.path)).rejects.toMatchObject({ key: 'formatUnknown' })
})

test('a folder with one file is that file', async () => {
  using folder = temporaryFolder()
  writeSample(folder.path, 'annotations/instances_default.json', cocoFile({ names: ['a.png'] }))
  expect((await read(folder.path)).images).toMatchObject([{ fileName: 'a.png', originalId: '1' }])
})

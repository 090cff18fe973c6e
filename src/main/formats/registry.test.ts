import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { classRecord, exportSource, quiet, temporaryFolder } from '../../../test/python/export-samples.ts'
import { cocoSpec } from '../../../test/support/export-spec.ts'
import { indexPngCodec } from '../../../test/python/index-png-codec.ts'
import { bitmapFromPicture } from '../../../test/python/mask-samples.ts'
import { formatNames } from '../../shared/contract/contract.ts'
import type { ExportSpec } from '../../shared/contract/contract.ts'
import { isAppError } from '../../shared/errors.ts'
import type { Bitmap } from '../../shared/mask/bitmap.ts'
import { tilesArea } from '../../shared/mask/tiles.ts'
import type { ImportedAnnotation } from './format-types.ts'
import { filesBelow } from './files.ts'
import { formats, readDataSet, writeDataSet } from './registry.ts'
import type { Format } from './registry.ts'

const tool = classRecord(0, 'tool')
const classes = [tool, classRecord(1, 'bolt', tool.id)]
const whole = bitmapFromPicture(['###.', '....'])
const part = bitmapFromPicture(['.#..', '....'])
const other = bitmapFromPicture(['....', '...#'])
const apart = bitmapFromPicture(['#..#', '....'])
const ring = bitmapFromPicture(['###', '#.#', '###'])

test.each(formatNames)('%s holds what it says it holds, and no more', async (format) => {
  using folder = temporaryFolder()
  const image = { width: 4, height: 2 }
  // A results file holds proposals and nothing else.
  const state = format === 'coco-results' ? 'proposed' : 'accepted'
  const mask = (className: string, bitmap: Bitmap) => ({ className, bitmap, state, score: 0.5 }) as const
  const source = exportSource(
    [
      { ...image, name: 'instances.png', masks: [whole, other].map((bitmap) => mask('tool', bitmap)) },
      {
        ...image,
        name: 'overlap.png',
        masks: [mask('tool', whole), mask('bolt', part)],
      },
      { ...image, name: 'box.png', boxes: [{ className: 'tool', box: [0, 0, 2, 2] }] },
      // The same pixels as two objects and as one: whoever keeps both stories has parts.
      { ...image, name: 'parts.png', masks: [apart, whole].map((bitmap) => mask('tool', bitmap)) },
      { width: 3, height: 3, name: 'ring.png', masks: [mask('tool', ring)] },
      { ...image, name: 'empty.png', reviewed: true },
      { ...image, name: 'gap.png' },
    ],
    classes,
  )
  const { imports, holds, id } = formats[format]
  const report = await writeDataSet(source, folder.path, { ...cocoSpec, format, include: 'all' }, indexPngCodec, quiet)
  const path = imports === 'folder' ? folder.path : join(folder.path, report.files[0] ?? '')
  const { images, classes: found } = await readDataSet(format, path, {
    codec: indexPngCodec,
    // The pictures are not part of the export: who reads it needs to know them.
    findImage: (name) => {
      const found = [...source.images()].find((each) => each.image.name === name)
      return found === undefined ? null : { ...found.image, fileName: name }
    },
  })
  const of = (name: string): readonly ImportedAnnotation[] | undefined =>
    images.find(({ fileName }) => fileName === name)?.annotations
  const [instances, overlap, box] = [of('instances.png'), of('overlap.png'), of('box.png')]
  expect({
    id,
    instances: instances?.length === 2,
    overlaps: overlap?.some((annotation) => tilesArea(annotation.tiles) === 3),
    boxes: box?.some((annotation) => annotation.kind === 'box') ?? false,
    parts: of('parts.png')?.length === 2 && of('parts.png')?.some(({ tiles }) => tilesArea(tiles) === 2),
    holes: of('ring.png')?.some(({ tiles }) => tilesArea(tiles) === 8),
    parents: found.some(({ name, parentName }) => name === 'bolt' && parentName === 'tool'),
    empty: images.find(({ fileName }) => fileName === 'empty.png')?.empty === 'stated' && of('gap.png') === undefined,
  }).toEqual({ id: format, ...holds })
})

const otherwise: Readonly<Record<Format['options'][number], Partial<ExportSpec>>> = {
  segmentation: { segmentation: 'rle' },
  parts: { parts: 'largest' },
  outline: { outline: 'centres' },
  orientation: { orientation: 'stored' },
  simplify: { simplify: 2 },
  split: { split: { by: 'image', seed: 1, subsets: ['train', 'val'].map((name) => ({ name, share: 0.5 })) } },
}

test.each(formatNames)('%s heeds the options it has, and no other', async (format) => {
  const dented = bitmapFromPicture(['######', '#####.', '######', '####..', '......', '.....#'])
  const source = exportSource(
    ['a.png', 'b.png'].map((name) => ({
      ...{ name, width: 6, height: 6, orientation: 6 },
      masks: [
        { className: 'tool', bitmap: dented },
        { className: 'bolt', bitmap: dented, state: 'proposed', score: 0.5 } as const,
      ],
    })),
    classes,
  )
  const written = async (change: Partial<ExportSpec>): Promise<string> => {
    using folder = temporaryFolder()
    const spec = { ...cocoSpec, format, ...change }
    try {
      await writeDataSet(source, folder.path, spec, indexPngCodec, quiet)
    } catch (error) {
      if (isAppError(error, 'Unsupported')) return plain
      throw error
    }
    const names = await filesBelow(folder.path)
    return JSON.stringify(names.map((name) => [name, readFileSync(join(folder.path, name), 'base64')]))
  }
  let plain = ''
  plain = await written({})
  const heeded: string[] = []
  for (const [option, change] of Object.entries(otherwise)) if ((await written(change)) !== plain) heeded.push(option)
  expect(heeded.toSorted()).toEqual(formats[format].options.toSorted())
})

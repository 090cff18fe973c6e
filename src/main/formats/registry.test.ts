import { join } from 'node:path'
import { expect, test } from 'vitest'
import { classRecord, cocoSpec, exportSource, quiet, temporaryFolder } from '../../../test/python/export-samples.ts'
import { indexPngCodec } from '../../../test/python/index-png-codec.ts'
import { bitmapFromPicture } from '../../../test/python/mask-samples.ts'
import { exportFormats } from '../../shared/contract/contract.ts'
import { tilesArea } from '../../shared/mask/tiles.ts'
import { formats, importFormats, readDataSet, writeDataSet } from './registry.ts'

const classes = [classRecord(0, 'tool'), classRecord(1, 'bolt')]
const whole = bitmapFromPicture(['###.', '....'])
const part = bitmapFromPicture(['.#..', '....'])
const other = bitmapFromPicture(['....', '...#'])

test.each(exportFormats)('%s holds what it says it holds, and no more', async (format) => {
  using folder = temporaryFolder()
  const image = { width: 4, height: 2 }
  const source = exportSource(
    [
      { ...image, name: 'instances.png', masks: [whole, other].map((bitmap) => ({ className: 'tool', bitmap })) },
      {
        ...image,
        name: 'overlap.png',
        masks: [
          { className: 'tool', bitmap: whole },
          { className: 'bolt', bitmap: part },
        ],
      },
      { ...image, name: 'box.png', boxes: [{ className: 'tool', box: [0, 0, 2, 2] }] },
    ],
    classes,
  )
  const { imports, holds, id } = formats[format]
  const report = await writeDataSet(source, folder.path, { ...cocoSpec, format }, indexPngCodec, quiet)
  const path = imports === 'folder' ? folder.path : join(folder.path, report.files[0] ?? '')
  const { images } = await readDataSet(format, path, indexPngCodec)
  const [instances, overlap, box] = images.map(({ annotations }) => annotations)
  expect({
    id,
    instances: instances?.length === 2,
    overlaps: overlap?.some((annotation) => tilesArea(annotation.tiles) === 3),
    boxes: box?.some((annotation) => annotation.kind === 'box'),
  }).toEqual({ id: format, instances: holds.instances, overlaps: holds.overlaps, boxes: holds.boxes })
})

test('every format that can be imported is in the table', () => {
  expect([...importFormats].sort()).toEqual(Object.keys(formats).sort())
})

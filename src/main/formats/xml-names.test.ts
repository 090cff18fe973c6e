import { join } from 'node:path'
import { expect, test } from 'vitest'
import { classRecord, exportSource, quiet, temporaryFolder } from '../../../test/python/export-samples.ts'
import { cocoSpec } from '../../../test/support/export-spec.ts'
import { importContext } from '../../../test/python/format-round-trips.ts'
import { indexPngCodec } from '../../../test/python/index-png-codec.ts'
import { bitmapFromPicture } from '../../../test/python/mask-samples.ts'
import { readDataSet, writeDataSet } from './registry.ts'

test.each(['voc', 'cvat'] as const)(
  '%s: characters that XML cannot hold are a finding, and the rest is whole',
  async (format) => {
    using folder = temporaryFolder()
    const names = ['a\u0001', 'a\u0002', 'a\uFFFD', 'b\uD800', '\uFFFE', 'plain']
    const classes = names.map((name, position) => classRecord(position, name))
    const image = { width: 2, height: 1 }
    const images = names.map((className, at) => ({
      ...image,
      name: `${at}.png`,
      masks: [{ className, bitmap: bitmapFromPicture(['#.']) }],
    }))
    const spec = { ...cocoSpec, format }
    const report = await writeDataSet(exportSource(images, classes), folder.path, spec, indexPngCodec, quiet)
    expect(report).toMatchObject({ annotations: 6, identical: 6 })
    expect(report.problems.filter(({ reason }) => reason.includes('XML cannot hold'))).toHaveLength(4)
    const path = format === 'cvat' ? join(folder.path, 'annotations.xml') : folder.path
    const known = images.map(({ name }) => ({ fileName: name, width: 2, height: 1 }))
    const read = await readDataSet(format, path, importContext(known))
    expect(read.problems).toEqual([])
    expect(read.images.map(({ annotations }) => annotations[0]?.className)).toEqual([
      'a\uFFFD\uFFFD',
      'a\uFFFD\uFFFD\uFFFD',
      'a\uFFFD',
      'b\uFFFD',
      '\uFFFD',
      'plain',
    ])
  },
)

import fc from 'fast-check'
import { expect } from 'vitest'
import type { ExportReport, ExportSpec } from '../../src/shared/contract/contract.ts'
import type { ImportContext, ImportedDataSet, KnownImage } from '../../src/main/formats/format-types.ts'
import { readDataSet, writeDataSet } from '../../src/main/formats/registry.ts'
import { bitmapArea } from '../../src/shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../src/shared/mask/tiles.ts'
import { classRecord, exportSource, quiet, temporaryFolder } from './export-samples.ts'
import { cocoSpec } from '../support/export-spec.ts'
import type { SampleImage } from './export-samples.ts'
import { indexPngCodec } from './index-png-codec.ts'
import { bitmapArbitrary } from './mask-samples.ts'

export const twoClasses = [classRecord(0, 'Schraube "M4" & <Mutter>'), classRecord(1, '螺母')]
export const [firstClass = '', secondClass = ''] = twoClasses.map(({ name }) => name)

/** What a reader is given in these tests: the PNG code, and pictures that only the project has. */
export function importContext(known: readonly KnownImage[] = []): ImportContext {
  return {
    codec: indexPngCodec,
    findImage: (name) =>
      known.find(({ fileName }) => fileName === name || fileName.replace(/\.[^./]*$/, '') === name) ?? null,
  }
}

/** Writes images in a format and reads them again, the pictures staying in the project. */
export async function roundTrip(
  images: readonly SampleImage[],
  spec: Partial<ExportSpec> & Pick<ExportSpec, 'format'>,
  folder: string,
): Promise<{ readonly report: ExportReport; readonly read: ImportedDataSet }> {
  const source = exportSource(images, twoClasses)
  const report = await writeDataSet(source, folder, { ...cocoSpec, ...spec }, indexPngCodec, quiet)
  const known = images.map(({ name, width, height }) => ({ fileName: name, width, height }))
  const path = spec.format === 'cvat' ? `${folder}/${report.files[0] ?? ''}` : folder
  return { report, read: await readDataSet(spec.format, path, importContext(known)) }
}

/** Images in sub-folders with masks of two classes that may overlap, reviewed where they have none. */
export const imagesArbitrary: fc.Arbitrary<readonly SampleImage[]> = fc
  .array(fc.tuple(bitmapArbitrary(40, 30), fc.boolean()), { minLength: 1, maxLength: 4 })
  .map((samples) =>
    samples.map(([bitmap, isFirst], index): SampleImage => {
      const inverse = { ...bitmap, data: bitmap.data.map((value) => 1 - value) }
      const masks = [
        { className: isFirst ? firstClass : secondClass, bitmap },
        { className: isFirst ? secondClass : firstClass, bitmap: inverse },
        { className: firstClass, bitmap },
      ].filter((mask) => bitmapArea(mask.bitmap) > 0)
      const { width, height } = bitmap
      return { name: `größe ${index}/${index % 2 === 0 ? 'ä' : 'bild'}.png`, width, height, masks, reviewed: true }
    }),
  )

/** Every mask must come back in its place with its pixels, none more and none less. */
export async function expectEqualMasks(images: readonly SampleImage[], format: 'labelme' | 'cvat'): Promise<void> {
  using folder = temporaryFolder()
  const { report, read } = await roundTrip(images, { format }, folder.path)
  const count = images.reduce((sum, { masks }) => sum + (masks?.length ?? 0), 0)
  expect(report).toMatchObject({ annotations: count, identical: count, problems: [] })
  expect(read.problems).toEqual([])
  expect(read.images).toEqual(
    images.map(({ name, width, height, masks = [] }) => ({
      fileName: name,
      width,
      height,
      annotations: masks.map(({ className, bitmap }) => ({
        className,
        kind: 'mask',
        tiles: tilesFromBitmap(bitmap),
        box: null,
        crowd: null,
        originalId: null,
      })),
    })),
  )
}

import type { ExportSource } from '../../src/main/formats/format-types.ts'
import { classRecord, exportSource } from '../python/export-samples.ts'
import { cocoSpec } from './export-spec.ts'
import { bitmapFromPicture } from '../python/mask-samples.ts'

export const vocWithPictures = { ...cocoSpec, format: 'voc', images: 'copy' } as const

/** Images named by so many numbers from `first`, all with the same picture. */
export function numbered(first: number, count: number, path: string): ExportSource {
  const masks = [{ className: 'bolt', bitmap: bitmapFromPicture(['.##', '#..']) }]
  return exportSource(
    Array.from({ length: count }, (_, at) => ({ name: `${first + at}.jpg`, width: 3, height: 2, masks, path })),
    [classRecord(0, 'bolt')],
  )
}

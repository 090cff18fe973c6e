import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { ExportSource } from '../../src/main/formats/format-types.ts'
import type { ExportSpec } from '../../src/shared/contract/contract.ts'
import { classRecord, exportSource, writeSample } from '../python/export-samples.ts'
import { bitmapFromPicture } from '../python/mask-samples.ts'

export const classes = [classRecord(0, 'bolt')]
export const masks = [
  { className: 'bolt', bitmap: bitmapFromPicture(['.##', '#..']), state: 'proposed', score: 0.5 } as const,
]

/** Pictures of these names with one mask each; the files lie in `originals` below the folder. */
export function sourceOf(folder: string, names: readonly string[]): ExportSource {
  return exportSource(
    names.map((name) => ({
      name,
      width: 3,
      height: 2,
      masks,
      path: existsSync(join(folder, 'originals', name))
        ? join(folder, 'originals', name)
        : writeSample(folder, `originals/${name}`, `picture ${name}`),
    })),
    classes,
  )
}

/** Every file below the folder but the manifest, in order. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && entry.name !== '.exemplar-export')
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted()
}

/** A split in equal shares. */
export const byImage = (...names: string[]): ExportSpec['split'] => ({
  by: 'image',
  seed: 1,
  subsets: names.map((name) => ({ name, share: 1 / names.length })),
})

/** A folder for temporary files on another disk than this one; null where there is none. */
export function otherDisk(folder: string): string | null {
  const isOther = (path: string): boolean => existsSync(path) && statSync(path).dev !== statSync(folder).dev
  return ['/dev/shm', '/var/tmp'].find(isOther) ?? null
}

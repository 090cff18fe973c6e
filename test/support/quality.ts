import type { MaskTile } from '../../src/shared/domain/history.ts'
import { bitmapFromTiles } from '../../src/shared/mask/tiles.ts'
import { compare } from '../../src/main/evaluate/evaluate.ts'
import { openProject } from '../../src/main/store/project-store.ts'
import type { ByteIndexPng } from '../../src/shared/domain/index-png.ts'

/** Masks of one class by image name: open proposals or, with `accepted`, what the user has accepted. */
export type Masks = ReadonlyMap<string, readonly MaskTile[]>

/** Read from the file while the studio has it open: SQLite lets readers in. */
export function masksOf(projectFolder: string, state: 'proposed' | 'accepted', names: readonly string[]): Masks {
  const store = openProject(projectFolder)
  try {
    return new Map(
      names.map((name) => {
        const image = store.images.byName(name)
        const records =
          image === undefined ? [] : store.annotations.ofImage(image.id).filter((record) => record.state === state)
        return [name, records.flatMap((record) => store.annotations.tiles(record.id))]
      }),
    )
  } finally {
    store.close()
  }
}

/** IoU of the class, summed over images; `floor` is that of calling everything foreground. */
export function intersectionOverUnion(
  masks: Masks,
  truthOf: (name: string) => ByteIndexPng,
  classId: number,
): { readonly value: number; readonly floor: number } {
  const sums = { intersection: 0, union: 0, target: 0, valid: 0 }
  for (const [name, tiles] of masks) {
    const truth = truthOf(name)
    const counts = compare(bitmapFromTiles(tiles, truth.width, truth.height), truth, classId)
    for (const key of ['intersection', 'union', 'target', 'valid'] as const) sums[key] += counts[key]
  }
  return { value: sums.intersection / sums.union, floor: sums.target / sums.valid }
}

import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { exportDiffers } from './files.ts'
import { forEachRun, tilesArea, tilesWithin } from '../../shared/mask/tiles.ts'
import type { ExportAnnotation, IndexPngCodec } from './format-types.ts'
import { temporaryPath } from './text-file.ts'
import type { IndexPng } from '../../shared/domain/index-png.ts'

/** Pictures in which a pixel has one owner: what the writers of such formats have in common. */

/** The masks in the order of painting: small objects come last and so lie on top. */
export function largestFirst(masks: readonly ExportAnnotation[]): ExportAnnotation[] {
  const areas = new Map(masks.map((mask) => [mask, tilesArea(mask.tiles)]))
  return masks.toSorted((a, b) => (areas.get(b) ?? 0) - (areas.get(a) ?? 0))
}

/** Gives every pixel of the mask that number. Throws when the mask reaches outside the image. */
export function paintMask(
  mask: ExportAnnotation,
  { width, height, data }: Pick<IndexPng, 'width' | 'height'> & { readonly data: IndexPng['data'] | Uint32Array },
  number: number,
): void {
  if (!tilesWithin(mask.tiles, width, height)) {
    throw new Error(`Annotation ${mask.record.id} reaches outside its image of ${width} x ${height} pixels`)
  }
  forEachRun(mask.tiles, (y, left, right) => data.fill(number, y * width + left, y * width + right))
}

/** Whether every pixel of the mask still has that number. */
export function isWhole({ tiles }: ExportAnnotation, { width, data }: IndexPng, number: number): boolean {
  let isKept = true
  forEachRun(tiles, (y, left, right) => {
    for (let at = y * width + left; isKept && at < y * width + right; at++) isKept = data[at] === number
  })
  return isKept
}

/** Writes under a temporary name, reads back, compares pixels and palette, renames. Throws `Io` when anything differs. */
export async function writeCheckedPng(path: string, image: IndexPng, codec: IndexPngCodec): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = temporaryPath(path)
  try {
    await codec.writeIndexPng(temporary, image)
    const read = await codec.readLabelPng(temporary)
    const hasPixels =
      read.kind !== 'colour' &&
      read.width === image.width &&
      read.height === image.height &&
      Buffer.compare(bytesOf(read.data), bytesOf(image.data)) === 0
    const palette = read.kind === 'palette' ? read.palette : undefined
    if (!hasPixels || JSON.stringify(palette) !== JSON.stringify(image.palette)) throw exportDiffers(path, 1)
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}

function bytesOf(data: Uint8Array | Uint16Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

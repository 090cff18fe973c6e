/**
 * Media URLs. Bytes (thumbnails, image tiles, masks) go by `fetch` of these, never through calls.
 * A URL holds opaque ids only; what they mean is looked up in the project.
 */

/** Side of an image tile and of a mask tile in pixels of its level. */
export const tileSize = 512

/** Longest side of a thumbnail in pixels. */
export const thumbnailSize = 256

/** JPEG of at most 256 px, orientation applied. */
export function thumbnailPath(projectId: string, imageId: string): string {
  return `/media/${projectId}/thumbnail/${imageId}`
}

/**
 * Label map of the thumbnail's size: `width u16le, height u16le, count u16le`, then per class slot
 * (1 … count) `red, green, blue, flags` (flag bit 0: proposed), then width x height slot bytes (0 = empty).
 * `revision` only keeps caches apart.
 */
export function overlayPath(projectId: string, imageId: string, revision: number): string {
  return `/media/${projectId}/overlay/${imageId}/${revision}`
}

/**
 * Raw RGB bytes of one tile, row by row, no padding. Level 0 is the displayed size; each further level
 * halves both sides (rounded up). Tiles at the right and lower border are smaller than 512.
 */
export function tilePath(projectId: string, imageId: string, level: number, x: number, y: number): string {
  return `/media/${projectId}/tile/${imageId}/${level}/${x}/${y}`
}

/** All masks of an image at that project revision, packed by `packMasks` of `mask-pack.ts`. */
export function masksPath(projectId: string, imageId: string, revision: number): string {
  return `/media/${projectId}/masks/${imageId}/${revision}`
}

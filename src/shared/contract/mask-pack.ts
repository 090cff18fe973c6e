import type { MaskTile } from '../domain/history.ts'

/** The masks of one image on the wire: small, order kept, no JSON. */
export interface PackedMask {
  readonly annotationId: string
  readonly tiles: readonly MaskTile[]
}

/**
 * Layout, integers little-endian: `u32 masks`, then per mask `u16 idBytes, id (UTF-8), u32 tiles`,
 * then per tile `u16 x, u16 y, u32 runBytes, runs`.
 */
export function packMasks(masks: readonly PackedMask[]): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder()
  const ids = masks.map((mask) => encoder.encode(mask.annotationId))
  let size = 4
  masks.forEach((mask, index) => {
    size += 2 + (ids[index]?.length ?? 0) + 4
    for (const tile of mask.tiles) size += 8 + tile.runs.length
  })
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  let at = 0
  view.setUint32(at, masks.length, true)
  at += 4
  masks.forEach((mask, index) => {
    const id = ids[index] ?? new Uint8Array()
    view.setUint16(at, id.length, true)
    bytes.set(id, at + 2)
    at += 2 + id.length
    view.setUint32(at, mask.tiles.length, true)
    at += 4
    for (const tile of mask.tiles) {
      view.setUint16(at, tile.x, true)
      view.setUint16(at + 2, tile.y, true)
      view.setUint32(at + 4, tile.runs.length, true)
      bytes.set(tile.runs, at + 8)
      at += 8 + tile.runs.length
    }
  })
  return bytes
}

/** Inverse of `packMasks`. Throws `RangeError` on a truncated pack. */
export function unpackMasks(bytes: Uint8Array): PackedMask[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const decoder = new TextDecoder()
  const masks: PackedMask[] = []
  let at = 4
  for (let left = view.getUint32(0, true); left > 0; left--) {
    const idBytes = view.getUint16(at, true)
    const annotationId = decoder.decode(bytes.subarray(at + 2, at + 2 + idBytes))
    at += 2 + idBytes
    const tiles: MaskTile[] = []
    let tilesLeft = view.getUint32(at, true)
    at += 4
    for (; tilesLeft > 0; tilesLeft--) {
      const x = view.getUint16(at, true)
      const y = view.getUint16(at + 2, true)
      const length = view.getUint32(at + 4, true)
      if (at + 8 + length > bytes.length) throw new RangeError('Truncated mask pack')
      tiles.push({ x, y, runs: bytes.slice(at + 8, at + 8 + length) })
      at += 8 + length
    }
    masks.push({ annotationId, tiles })
  }
  return masks
}

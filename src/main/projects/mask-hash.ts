import { createHash } from 'node:crypto'
import type { MaskTile } from '../../shared/domain/history.ts'

/** SHA-256 over a mask's tiles in their stored order, hex: equal exactly when the pixels are. */
export function maskHash(tiles: readonly MaskTile[]): string {
  const hash = createHash('sha256')
  const header = new DataView(new ArrayBuffer(12))
  for (const tile of tiles) {
    header.setUint32(0, tile.x, true)
    header.setUint32(4, tile.y, true)
    header.setUint32(8, tile.runs.length, true)
    hash.update(new Uint8Array(header.buffer))
    hash.update(tile.runs)
  }
  return hash.digest('hex')
}

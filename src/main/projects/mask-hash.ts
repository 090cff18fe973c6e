import { createHash } from 'node:crypto'
import type { MaskTile } from '../../shared/domain/history.ts'
import type { ProjectStore } from '../store/store-port.ts'

/** SHA-256 over a mask's tiles in their stored order, hex: equal exactly when the pixels are. */
function maskHash(tiles: readonly MaskTile[]): string {
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

interface KnownHash {
  readonly maskRevision: number
  readonly hash: string
}

const known = new WeakMap<ProjectStore, Map<string, KnownHash>>()

/**
 * The hash of a stored mask. It is asked for with every change of the project, so it is computed anew only when
 * the pixels have changed: `maskRevision` is never given twice.
 */
export function storedMaskHash(store: ProjectStore, annotationId: string): string {
  const { maskRevision } = store.annotations.get(annotationId)
  const hashes = known.get(store) ?? new Map<string, KnownHash>()
  known.set(store, hashes)
  const last = hashes.get(annotationId)
  if (last?.maskRevision === maskRevision) return last.hash
  const hash = maskHash(store.annotations.tiles(annotationId))
  hashes.set(annotationId, { maskRevision, hash })
  return hash
}

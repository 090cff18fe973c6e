import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { thumbnailSize } from '../../shared/contract/media.ts'
import { writeFileAtomic } from './atomic-file.ts'
import type { ImageCodec } from './codec.ts'
import type { Originals } from './originals.ts'

export interface Thumbnails {
  /** JPEG of at most 256 px: from the cache, else made from the original and kept. */
  readonly get: (contentHash: string, path: string, signal?: AbortSignal) => Promise<Uint8Array>
}

/** Thumbnails on disk by content hash. The folder may be deleted at any time. */
export function createThumbnails(options: {
  readonly codec: ImageCodec
  readonly folder: string
  /** Asked before a thumbnail is made: it would be kept under the hash of another picture. */
  readonly originals: Originals
}): Thumbnails {
  const { codec, folder, originals } = options

  async function read(file: string): Promise<Uint8Array | null> {
    try {
      const bytes = await readFile(file)
      return bytes.length > 0 ? bytes : null
    } catch (error) {
      return withoutCache(error)
    }
  }

  async function keep(file: string, bytes: Uint8Array): Promise<void> {
    try {
      await writeFileAtomic(file, bytes)
    } catch (error) {
      withoutCache(error)
    }
  }

  return {
    get: async (contentHash, path, signal) => {
      const file = join(folder, `${contentHash}.jpg`)
      const kept = await read(file)
      if (kept !== null) return kept
      await originals.verify(path, contentHash, signal)
      const bytes = await codec.thumbnail(path, thumbnailSize, { signal })
      await keep(file, bytes)
      return bytes
    },
  }
}

/** Not there yet, a full disk, a read-only one: that costs speed, not the picture. Only bugs are passed on. */
function withoutCache(error: unknown): null {
  if (error instanceof Error && 'syscall' in error) return null
  throw error
}

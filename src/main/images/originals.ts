import { stat } from 'node:fs/promises'
import { fileUnreadable, pictureChanged, pictureGone } from './image-errors.ts'
import { hashFile } from './read-images.ts'

export interface Originals {
  /**
   * Resolves when the file still holds the picture that was added. Rejects with `Io` naming the file when it is
   * gone or holds another one: what is drawn and learnt belongs to the old pixels, and features are kept by their hash.
   */
  readonly verify: (path: string, contentHash: string, signal?: AbortSignal) => Promise<void>
}

/** A file is read again only after its size or its time of change differ. */
export function createOriginals(): Originals {
  const verified = new Map<string, string>()
  return {
    verify: async (path, contentHash, signal) => {
      const stamp = `${contentHash} ${await stampOf(path)}`
      if (verified.get(path) === stamp) return
      if ((await hashFile(path, signal)) !== contentHash) throw pictureChanged(path)
      verified.set(path, stamp)
    },
  }
}

async function stampOf(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path)
    return `${mtimeMs} ${size} ${ino}`
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw code === 'ENOENT' || code === 'ENOTDIR' ? pictureGone(path, error) : fileUnreadable(path, error)
  }
}

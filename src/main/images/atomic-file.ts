import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** A name beside `path` that nothing else uses; hidden, so that a scan never takes it for a picture. */
export function temporaryPath(path: string): string {
  return `${dirname(path)}/.${randomBytes(8).toString('hex')}.tmp`
}

/**
 * Writes the file whole or not at all: to a temporary name beside it, flushed to disk, then renamed.
 * Missing folders are made. `mode` is the file's permissions (default 0o666 less the umask).
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string, mode = 0o666): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = temporaryPath(path)
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

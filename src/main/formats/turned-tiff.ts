import { open } from 'node:fs/promises'
import { tiffOrientation } from '../../shared/domain/tiff-orientation.ts'
import type { FileChange } from './files.ts'

/**
 * What makes the copy of a TIFF one that is read as it is stored: orientation 1 in place of its own. Null where the file
 * states none. Rejects as `open` does.
 */
export async function asStored(path: string): Promise<FileChange | null> {
  await using file = await open(path)
  const orientation = await tiffOrientation(async (position, length) => {
    const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, position)
    return buffer.subarray(0, bytesRead)
  })
  return orientation === null ? null : { position: orientation.position, bytes: orientation.asStored }
}

import { access, constants, copyFile, link, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { AppError } from '../../shared/errors.ts'
import { temporaryPath } from './text-file.ts'

/** Throws `NotFound` when there is no such file or it may not be read. */
export async function requireFile(path: string): Promise<void> {
  try {
    if ((await stat(path)).isFile()) {
      await access(path, constants.R_OK)
      return
    }
  } catch (cause) {
    throw new AppError('NotFound', 'fileUnreadable', `${path} cannot be read. Check the path.`, {
      params: { file: path },
      cause,
    })
  }
  throw new AppError('NotFound', 'fileUnreadable', `${path} is not a file. Check the path.`, { params: { file: path } })
}

/** Whether a path with `/` stays below the folder it is relative to. */
export function isInside(relativePath: string): boolean {
  if (relativePath === '' || relativePath.startsWith('/') || /^[A-Za-z]:/.test(relativePath)) return false
  return relativePath.split('/').every((part) => part !== '..' && part !== '')
}

async function haveSameContent(a: string, b: string): Promise<boolean> {
  await using left = await open(a)
  await using right = await open(b)
  const size = (await left.stat()).size
  if (size !== (await right.stat()).size) return false
  const leftChunk = Buffer.alloc(1 << 16)
  const rightChunk = Buffer.alloc(1 << 16)
  for (let at = 0; at < size;) {
    const { bytesRead } = await left.read(leftChunk, 0, leftChunk.length, at)
    await right.read(rightChunk, 0, bytesRead, at)
    if (bytesRead === 0 || Buffer.compare(leftChunk.subarray(0, bytesRead), rightChunk.subarray(0, bytesRead)) !== 0)
      return false
    at += bytesRead
  }
  return true
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch {
    return false
  }
}

export type PlaceResult = 'placed' | 'copiedInstead' | 'otherContent'

/**
 * Puts a picture into an export: as a copy, or as a hard link where the file system can. What is there
 * already is never overwritten, since it may be somebody's original: the same content is left as it is,
 * other content is reported.
 */
export async function placePicture(
  source: string,
  folder: string,
  name: string,
  mode: 'copy' | 'link',
): Promise<PlaceResult> {
  const target = resolve(join(folder, name))
  if (await exists(target)) return (await haveSameContent(source, target)) ? 'placed' : 'otherContent'
  await mkdir(dirname(target), { recursive: true })
  let result: PlaceResult = 'placed'
  if (mode === 'link') {
    try {
      await link(source, target)
      return result
    } catch {
      // Another disk, or a file system without hard links: a copy does the same, and the report says so.
      result = 'copiedInstead'
    }
  }
  const temporary = temporaryPath(target)
  try {
    await copyFile(source, temporary, constants.COPYFILE_FICLONE)
    await rename(temporary, target)
  } finally {
    await rm(temporary, { force: true })
  }
  return result
}

import { isAppError, throwIfAborted } from '../../shared/errors.ts'
import type { Originals } from '../images/originals.ts'
import type { ProjectStore } from '../store/store-port.ts'
import type { RunOptions } from './run-options.ts'

/**
 * An image whose file cannot be used is set aside with the reason: jobs leave it out, its masks stay. It is back as
 * soon as its file holds the picture again.
 */

/** Does work that reads the image's file. What is wrong with the file sets the image aside. */
export async function readingImage<Value>(
  store: ProjectStore,
  imageId: string,
  options: {
    /** False where `work` may have been spared the file by a cache: that proves nothing. */
    readonly provesFile: boolean
    /** The store is about to be closed. */
    readonly isClosing: () => boolean
  },
  work: () => Promise<Value>,
): Promise<Value> {
  try {
    const value = await work()
    if (options.provesFile && !options.isClosing()) note(store, imageId, null)
    return value
  } catch (error) {
    if (isFileProblem(error) && !options.isClosing()) note(store, imageId, error.message)
    throw error
  }
}

/** Looks at the files of all images set aside; returns how many are back and how many are not. */
export async function lookAgain(
  store: ProjectStore,
  originals: Originals,
  options: RunOptions,
): Promise<{ readonly back: number; readonly setAside: number }> {
  const limit = 500
  const aside: string[] = []
  for (let offset = 0; ; offset += limit) {
    const { items } = store.images.list({ filter: { statuses: ['setAside'] }, sort: 'name', offset, limit })
    aside.push(...items.map(({ id }) => id))
    if (items.length < limit) break
  }
  let back = 0
  for (const [index, imageId] of aside.entries()) {
    throwIfAborted(options.signal)
    const { contentHash, name } = store.images.get(imageId)
    try {
      await originals.verify(store.images.path(imageId), contentHash, options.signal)
      store.images.setProblem(imageId, null)
      back++
    } catch (error) {
      if (!isFileProblem(error)) throw error
    }
    options.progress?.({ done: index + 1, total: aside.length, note: name })
  }
  return { back, setAside: aside.length - back }
}

function isFileProblem(error: unknown): error is Error {
  return isAppError(error, 'Io') || isAppError(error, 'InvalidInput') || isAppError(error, 'Unsupported')
}

function note(store: ProjectStore, imageId: string, problem: string | null): void {
  try {
    if (store.images.get(imageId).problem !== problem) store.images.setProblem(imageId, problem)
  } catch (error) {
    // Its import was undone meanwhile, or the disk is full: neither may hide what the caller asked for.
    if (!isAppError(error, 'NotFound') && !isAppError(error, 'Io')) throw error
  }
}

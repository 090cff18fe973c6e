import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { ImportReport, Problem } from '../../shared/contract/contract.ts'
import type { ImageRecord } from '../../shared/domain/records.ts'
import { cancelled, isAppError } from '../../shared/errors.ts'
import { Problems } from '../formats/problems.ts'
import type { ImageCodec } from '../images/codec.ts'
import { readImages } from '../images/read-images.ts'
import type { ReadImage } from '../images/read-images.ts'
import type { NewImage, ProjectStore } from '../store/store-port.ts'
import { makeEntry } from './entries.ts'
import type { RunOptions } from './run-options.ts'

/** Rows a transaction: small enough that the gallery fills while the scan goes on. */
const chunkSize = 32

/**
 * Adds images by path, folders recursively. Bad files are listed with their reason, never fatal. Content that
 * the project knows but whose file is gone makes the image whole again: it is at home in the new file from then on. The history
 * entry comes first and names the batch, so whatever the import got to before it was stopped can be undone.
 */
export async function importImages(
  context: { readonly store: ProjectStore; readonly codec: ImageCodec },
  paths: readonly string[],
  copy: boolean,
  options: RunOptions,
): Promise<ImportReport> {
  const { store } = context
  const problems = new Problems()
  const notices: Problem[] = []
  const taken = new Set<string>()
  let batchId: string | null = null
  let added = 0
  let duplicates = 0
  let restored = 0
  let chunk: NewImage[] = []

  const flush = (): void => {
    if (chunk.length === 0) return
    const images = chunk
    chunk = []
    try {
      added += store.images.insert(images)
    } catch (error) {
      // Undone meanwhile, and then something else was done: there is no import any more that they could belong to.
      throw isAppError(error, 'NotFound') ? cancelled() : error
    }
  }
  const readOptions = {
    codec: context.codec,
    copyTo: copy ? join(store.folder, 'images') : undefined,
    isKnown: (contentHash: string) => {
      const known = store.images.byContentHash(contentHash)
      return known !== undefined && !isHomeless(store, known)
    },
    signal: options.signal,
    progress: options.progress,
  }
  try {
    for await (const result of readImages(paths, readOptions)) {
      if (result.kind === 'problem') {
        const { kind: _kind, ...problem } = result
        problems.push(problem)
      } else if (result.kind === 'duplicate') duplicates++
      else {
        const found = copy ? { ...result, path: relative(store.folder, result.path) } : result
        const homeless = store.images.byContentHash(result.contentHash)
        if (homeless !== undefined) {
          store.images.relocate(homeless.id, found.path)
          restored++
          continue
        }
        batchId ??= beginBatch(store)
        const remark = remarkOn(result)
        if (remark !== null) notices.push({ name: result.name, reason: remark })
        chunk.push(newImage(store, taken, batchId, found))
        if (chunk.length >= chunkSize) flush()
      }
    }
  } finally {
    flush()
  }
  return { batchId, added, duplicates, restored, ...problems.found(), notices }
}

/** Whether the image's file is gone or no longer usable, so that the same content elsewhere is a new home for it. */
function isHomeless(store: ProjectStore, image: ImageRecord): boolean {
  return image.problem !== null || !existsSync(store.images.path(image.id))
}

/** One sentence about a file of which only a part was added; null where there is nothing to say. */
function remarkOn({ name, probe }: ReadImage & { readonly kind: 'image' }): string | null {
  const { pages, format } = probe
  if (pages === 1) return null
  return format === 'tiff'
    ? `${name} holds ${pages} pages and only the first was added; save the others as files of their own to add them.`
    : `${name} is animated (${pages} frames) and only the first frame was added; save the others as files of their own to add them.`
}

/** Begins an import of images with the history entry that undoes it; returns its id. */
export function beginBatch(store: ProjectStore): string {
  const batchId = randomUUID()
  store.history.commit(makeEntry('importImages', {}, [], [{ kind: 'batch', batchId, before: false, after: true }]))
  return batchId
}

/** The image that a picture becomes, under a name that is free in the project and not in `taken`, which gets it. */
export function newImage(
  store: ProjectStore,
  taken: Set<string>,
  batchId: string,
  read: ReadImage & { readonly kind: 'image' },
): NewImage {
  const name = freeName(read.name, (candidate) => taken.has(candidate) || store.images.byName(candidate) !== undefined)
  taken.add(name)
  const { format, width, height, orientation } = read.probe
  return {
    record: { id: randomUUID(), contentHash: read.contentHash, name, width, height, orientation, format, batchId },
    path: read.path,
  }
}

/** The name, or `stem (2).ext`, … when another image from another folder has it already. */
function freeName(name: string, isTaken: (candidate: string) => boolean): string {
  const dot = name.lastIndexOf('.')
  const [stem, ending] = dot < 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot)]
  let candidate = name
  for (let number = 2; isTaken(candidate); number++) candidate = `${stem} (${number})${ending}`
  return candidate
}

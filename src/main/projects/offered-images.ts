import type { Problem } from '../../shared/contract/contract.ts'
import type { ImageRecord } from '../../shared/domain/records.ts'
import { AppError } from '../../shared/errors.ts'
import { kindOf } from '../formats/files.ts'
import type { ImageCodec } from '../images/codec.ts'
import { readImages } from '../images/read-images.ts'
import type { ReadImage } from '../images/read-images.ts'
import type { NewImage, ProjectStore } from '../store/store-port.ts'
import { beginBatch, newImage } from './import-images.ts'
import type { RunOptions } from './run-options.ts'

/** Pictures of a folder, as the images of the project that they are or would become. Nothing has been added. */
export interface OfferedImages {
  /** Under their names in the folder. */
  readonly records: readonly ImageRecord[]
  /** By the ids that they will have. */
  readonly images: ReadonlyMap<string, NewImage>
  /** Whether an id is that of a picture that the project does not have. */
  readonly isOffered: (imageId: string) => boolean
  /** Why the picture of that name cannot be used although it lies there. */
  readonly problemOf: (name: string) => Problem | undefined
}

/**
 * Reads the pictures of a folder, sub-folders too. Errors as in `readImages`, and `NotFound` where there is nothing of that
 * path.
 */
export async function readOffered(
  { store, codec }: { readonly store: ProjectStore; readonly codec: ImageCodec },
  folder: string,
  options: RunOptions,
): Promise<readonly ReadImage[]> {
  if ((await kindOf(folder)) === null) {
    throw new AppError('NotFound', 'fileUnreadable', `${folder} cannot be read. Check the path.`, {
      params: { file: folder },
    })
  }
  const isKnown = (contentHash: string): boolean => store.images.byContentHash(contentHash) !== undefined
  const pictures: ReadImage[] = []
  for await (const read of readImages([folder], { codec, isKnown, ...options })) pictures.push(read)
  return pictures
}

/** What these pictures are or would become in the project as it is now. */
export function offeredTo(store: ProjectStore, pictures: readonly ReadImage[]): OfferedImages {
  const records: ImageRecord[] = []
  const images = new Map<string, NewImage>()
  const byHash = new Map<string, ImageRecord>()
  const problems = new Map<string, Problem>()
  const taken = new Set<string>()
  for (const read of pictures) {
    if (read.kind === 'problem') {
      const { kind: _kind, ...problem } = read
      problems.set(problem.name, problem)
      continue
    }
    // The project has it, maybe under another name; a picture is its content.
    const known = store.images.byContentHash(read.contentHash) ?? byHash.get(read.contentHash)
    if (known !== undefined) records.push({ ...known, name: read.name })
    else if (read.kind === 'image') {
      const image = newImage(store, taken, '', read)
      const record = { ...image.record, reviewed: false, problem: null, addedAt: '' }
      images.set(image.record.id, image)
      byHash.set(read.contentHash, record)
      records.push({ ...record, name: read.name })
    }
  }
  return {
    records,
    images,
    isOffered: (imageId) => images.has(imageId),
    problemOf: (name) => problems.get(name),
  }
}

/** Adds those of these ids, as one import of images that can be undone. */
export function addOffered(store: ProjectStore, { images }: OfferedImages, imageIds: ReadonlySet<string>): void {
  if (imageIds.size === 0) return
  const batchId = beginBatch(store)
  const added = [...imageIds].flatMap((id) => images.get(id) ?? [])
  store.images.insert(added.map(({ record, path }) => ({ record: { ...record, batchId }, path })))
}

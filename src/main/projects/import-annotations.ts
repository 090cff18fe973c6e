import type { AnnotationImportReport, AnnotationImportSpec } from '../../shared/contract/contract.ts'
import type { Operation } from '../../shared/domain/history.ts'
import type { ImageRecord } from '../../shared/domain/records.ts'
import { throwIfAborted } from '../../shared/errors.ts'
import { displayedBox, displayedTiles, storedSize } from '../../shared/mask/orient.ts'
import type { FormatCodec, ImportedAnnotation } from '../formats/format-types.ts'
import { Problems } from '../formats/problems.ts'
import { readTogether } from '../formats/read-together.ts'
import { mostPixelsFor, withLargestLabel } from '../formats/sizes.ts'
import type { ImageCodec } from '../images/codec.ts'
import type { ProjectStore } from '../store/store-port.ts'
import { makeEntry } from './entries.ts'
import { findImage, imageNames } from './image-names.ts'
import type { ImageNames } from './image-names.ts'
import { ImportedClasses } from './imported-classes.ts'
import { countKeys, mergeInto, noCounts } from './merge-imported.ts'
import { addOffered, offeredTo, readOffered } from './offered-images.ts'
import type { OfferedImages } from './offered-images.ts'
import { keepOriginalNumbers } from './original-numbers.ts'
import { areEmpty, areFinished, entriesOf, placeImages, saysSomething } from './place-imported.ts'
import type { RunOptions } from './run-options.ts'

/** As for every call; `images` is a folder whose pictures may be the images that the project does not have yet. */
export interface ImportOptions extends RunOptions {
  readonly images?: string | undefined
}

/**
 * Brings masks made elsewhere onto images of the project, as one history entry, and what the file says of images that were
 * finished, or looked at and are empty. What does not fit (image not in the project, another size) is listed and left out; the rest is
 * imported. What an image has already, pixel by pixel, is not doubled, so the same file can be imported again.
 *
 * Images that only the folder `options.images` has are added first, where the file speaks of them, as an import of images
 * with its own history entry. Errors as in `readTogether`, and `Cancelled`; either leaves the project as it was.
 */
export async function importAnnotations(
  context: { readonly store: ProjectStore; readonly codec: ImageCodec },
  path: string,
  spec: AnnotationImportSpec,
  options: ImportOptions,
): Promise<AnnotationImportReport> {
  const { store } = context
  const pictures = options.images === undefined ? [] : await readOffered(context, options.images, options)
  const namesNow = (from: OfferedImages): ImageNames => imageNames([...store.images.iterate(), ...from.records])
  const known = namesNow(offeredTo(store, pictures))
  const asked = spec.orientation ?? 'displayed'
  const mostPixels = mostPixelsFor(known.largest)
  const dataSet = await readTogether(spec.format, path, {
    codec: withLargestLabel(asked === 'stored' ? withStoredSizes(context.codec) : context.codec, mostPixels),
    mostPixels,
    findImage: (name) => findImage(known, name, asked),
    outline: spec.outline,
    signal: options.signal,
  })
  throwIfAborted(options.signal)
  // Images may have come and gone while the file was read. From here on nothing waits.
  const offered = offeredTo(store, pictures)
  const names = namesNow(offered)
  // A file that says it itself knows best.
  const orientation = dataSet.orientation ?? asked
  const problems = Problems.from(dataSet)
  const { byImage, ...misses } = placeImages(dataSet, names, orientation, spec, offered, problems)
  const classes = new ImportedClasses(store, dataSet)
  const operations: Operation[] = []
  const imageIds: string[] = []
  const emptyIds: string[] = []
  const finishedIds: string[] = []
  const added = new Set<string>()
  const counts = { ...noCounts }
  let [turned, notEmpty] = [0, 0]
  const imageNumbers = new Map<string, string | undefined>()
  const annotationNumbers = new Map<string, string | undefined>()
  for (const { image: found, entries } of byImage.values()) {
    const { meant, doubtful } = entriesOf(found, entries, spec)
    for (const entry of doubtful) {
      problems.push({
        name: entry.fileName,
        reason: `Its annotations were left out: ${entries.map((each) => each.fileName).join(' and ')} may both be ${found.name}. Use the paths of the project in the file.`,
      })
    }
    imageNumbers.set(found.id, meant[0]?.originalId)
    if (offered.isOffered(found.id) && meant.some((entry) => saysSomething(entry, spec))) added.add(found.id)
    const annotations = meant.flatMap((entry) => entry.annotations)
    if (annotations.length === 0) {
      if (!areEmpty(meant, spec)) continue
      const isAnnotated = store.annotations.ofImage(found.id).some(({ state }) => state === 'accepted')
      if (isAnnotated) notEmpty++
      else if (!found.reviewed) emptyIds.push(found.id)
      continue
    }
    const isTurned = orientation === 'stored' && found.orientation !== 1
    if (isTurned) turned++
    const brought = isTurned ? annotations.map((annotation) => asDisplayed(annotation, found)) : annotations
    const merged = mergeInto(store, found.id, brought, classes.idOf, spec)
    operations.push(...merged.operations)
    for (const [recordId, originalId] of merged.originalIds) annotationNumbers.set(recordId, originalId)
    for (const key of countKeys) counts[key] += merged.counts[key]
    if (merged.operations.length > 0) imageIds.push(found.id)
    // What is still open here, or was kept out, is not what that person has finished.
    const isOpen = store.annotations
      .ofImage(found.id)
      .some(({ id, state }) => state === 'proposed' && !merged.removed.has(id))
    if (areFinished(meant, spec) && !found.reviewed && !isOpen && merged.counts.kept === 0) finishedIds.push(found.id)
  }
  const reviewedIds = [...emptyIds, ...finishedIds]
  for (const imageId of reviewedIds) operations.push({ kind: 'reviewed', imageId, before: false, after: true })
  if (!spec.dryRun) {
    addOffered(store, offered, added)
    if (operations.length > 0) {
      const all = [...classes.operations(), ...operations]
      const label = { count: counts.annotations }
      store.history.commit(makeEntry('importAnnotations', label, [...new Set([...imageIds, ...reviewedIds])], all))
    }
    const numbered = new Map([...imageNumbers].filter(([id]) => !offered.isOffered(id) || added.has(id)))
    const ids = { image: numbered, class: classes.originalIds(), annotation: annotationNumbers }
    problems.push(...keepOriginalNumbers(store, path, ids))
  }
  return {
    ...counts,
    ...misses,
    images: imageIds.length,
    reviewed: finishedIds.length,
    reviewedEmpty: emptyIds.length,
    notEmpty,
    turned,
    added: added.size,
    classes: classes.created.map(({ name }) => name),
    ...problems.found(),
  }
}

/** Sizes of pictures as their files store them, for data sets that state none. */
function withStoredSizes(codec: ImageCodec): FormatCodec {
  return { ...codec, header: async (path) => storedSize(await codec.header(path)) }
}

function asDisplayed(annotation: ImportedAnnotation, image: ImageRecord): ImportedAnnotation {
  const { tiles, box } = annotation
  return { ...annotation, tiles: displayedTiles(tiles, image), box: box === null ? null : displayedBox(box, image) }
}

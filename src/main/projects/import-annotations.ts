import { randomUUID } from 'node:crypto'
import type { AnnotationImportReport, AnnotationImportSpec, Problem } from '../../shared/contract/contract.ts'
import { coreOf, createAnnotation, removeAnnotation } from '../../shared/domain/annotations.ts'
import { foldedClassName } from '../../shared/domain/class-names.ts'
import type { Operation } from '../../shared/domain/history.ts'
import type {
  AnnotationCore,
  AnnotationRecord,
  Box,
  ClassRecord,
  ImageRecord,
  SupportRecord,
} from '../../shared/domain/records.ts'
import { throwIfAborted } from '../../shared/errors.ts'
import { displayedBox, displayedTiles, storedSize } from '../../shared/mask/orient.ts'
import { tilesArea, tilesBounds, tilesEqual } from '../../shared/mask/tiles.ts'
import type { FormatCodec, ImportedAnnotation, ImportedDataSet, ImportedImage } from '../formats/format-types.ts'
import { readDataSet } from '../formats/registry.ts'
import { mostPixelsFor, withLargestLabel } from '../formats/sizes.ts'
import type { ImageCodec } from '../images/codec.ts'
import type { ProjectStore } from '../store/store-port.ts'
import { newClass } from './classes.ts'
import { makeEntry } from './entries.ts'
import { findImage, imageFor, imageNames } from './image-names.ts'
import type { ImageNames, MaskOrientation } from './image-names.ts'
import { keepOriginalNumbers } from './original-numbers.ts'
import type { OriginalIds } from './original-numbers.ts'
import { addOffered, offeredTo, readOffered } from './offered-images.ts'
import type { OfferedImages } from './offered-images.ts'
import type { RunOptions } from './run-options.ts'

/** As for every call; `images` is a folder whose pictures may be the images that the project does not have yet. */
export interface ImportOptions extends RunOptions {
  readonly images?: string | undefined
}

/**
 * Brings masks made elsewhere onto images of the project, as one history entry, and what the file says of images that were
 * looked at and are empty. What does not fit (image not in the project, another size) is listed and left out; the rest is
 * imported. What an image has already, pixel by pixel, is not doubled, so the same file can be imported again.
 *
 * Images that only the folder `options.images` has are added first, where the file speaks of them, as an import of images
 * with its own history entry. Errors as in `readDataSet`, and `Cancelled`; either leaves the project as it was.
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
  const dataSet = await readDataSet(spec.format, path, {
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
  const { byImage, problems: unplaced, ...misses } = placeImages(dataSet, names, orientation, spec, offered)
  const problems: Problem[] = [...dataSet.problems, ...unplaced]
  const classes = new ImportedClasses(store, dataSet)
  const operations: Operation[] = []
  const imageIds: string[] = []
  const emptyIds: string[] = []
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
  }
  for (const imageId of emptyIds) operations.push({ kind: 'reviewed', imageId, before: false, after: true })
  if (!spec.dryRun) {
    addOffered(store, offered, added)
    if (operations.length > 0) {
      const all = [...classes.operations(), ...operations]
      const label = { count: counts.annotations }
      store.history.commit(makeEntry('importAnnotations', label, [...imageIds, ...emptyIds], all))
    }
    const numbered = new Map([...imageNumbers].filter(([id]) => !offered.isOffered(id) || added.has(id)))
    const ids = { image: numbered, class: classes.originalIds(), annotation: annotationNumbers }
    problems.push(...keepOriginalNumbers(store, path, ids))
  }
  return {
    ...counts,
    ...misses,
    images: imageIds.length,
    reviewedEmpty: emptyIds.length,
    notEmpty,
    turned,
    added: added.size,
    classes: classes.created.map(({ name }) => name),
    problems: problems.map(inShort),
  }
}

/** The file's entries by the image that each of them means, and what is said about those that mean none. */
function placeImages(
  dataSet: ImportedDataSet,
  names: ImageNames,
  orientation: MaskOrientation,
  spec: AnnotationImportSpec,
  offered: OfferedImages,
): {
  readonly byImage: ReadonlyMap<string, { readonly image: ImageRecord; readonly entries: readonly ImportedImage[] }>
  readonly problems: readonly Problem[]
  readonly missing: number
  readonly otherOrientation: number
} {
  const byImage = new Map<string, { readonly image: ImageRecord; readonly entries: ImportedImage[] }>()
  const problems: Problem[] = []
  let [missing, otherOrientation] = [0, 0]
  for (const imported of dataSet.images) {
    const found = imageFor(names, imported, orientation)
    if (found.kind === 'image') {
      const known = byImage.get(found.image.id)
      if (known === undefined) byImage.set(found.image.id, { image: found.image, entries: [imported] })
      else known.entries.push(imported)
    } else if (saysSomething(imported, spec)) {
      const unusable = found.kind === 'missing' ? offered.problemOf(imported.fileName) : undefined
      problems.push(unusable ?? { name: imported.fileName, reason: found.reason })
      if (found.kind === 'missing') missing++
      if (found.kind === 'turned') otherOrientation++
    }
  }
  return { byImage, problems, missing, otherOrientation }
}

/** Sizes of pictures as their files store them, for data sets that state none. */
function withStoredSizes(codec: ImageCodec): FormatCodec {
  return { ...codec, header: async (path) => storedSize(await codec.header(path)) }
}

function asDisplayed(annotation: ImportedAnnotation, image: ImageRecord): ImportedAnnotation {
  const { tiles, box } = annotation
  return { ...annotation, tiles: displayedTiles(tiles, image), box: box === null ? null : displayedBox(box, image) }
}

/** Whether an import of this kind takes the image for one that was looked at and is empty: a person's word, so no proposal. */
function saysEmpty({ empty }: ImportedImage, { as, empty: wanted = 'stated' }: AnnotationImportSpec): boolean {
  if (as === 'proposed' || wanted === 'unlabelled' || empty === undefined) return false
  return wanted === 'reviewed' || empty === 'stated'
}

function saysSomething(imported: ImportedImage, spec: AnnotationImportSpec): boolean {
  return imported.annotations.length > 0 || saysEmpty(imported, spec)
}

/** An entry of which something could not be read speaks against all others. */
function areEmpty(entries: readonly ImportedImage[], spec: AnnotationImportSpec): boolean {
  return entries.some((entry) => saysEmpty(entry, spec)) && entries.every(({ empty }) => empty !== undefined)
}

/** Names and ids in a sentence come from the file, however long they are there. */
const longestReport = 2_000

function inShort(problem: Problem): Problem {
  const clip = (text: string): string => (text.length > longestReport ? `${text.slice(0, longestReport)}…` : text)
  return { ...problem, name: clip(problem.name), reason: clip(problem.reason) }
}

/**
 * Of the file's entries that may all mean one image, those that do: the ones with its very name, else the only one. What
 * is left says something that nobody can place.
 */
function entriesOf(
  image: ImageRecord,
  entries: readonly ImportedImage[],
  spec: AnnotationImportSpec,
): { readonly meant: readonly ImportedImage[]; readonly doubtful: readonly ImportedImage[] } {
  const exact = entries.filter(({ fileName }) => fileName === image.name)
  const meant = exact.length > 0 ? exact : entries.length === 1 ? entries : []
  return { meant, doubtful: entries.filter((entry) => !meant.includes(entry) && saysSomething(entry, spec)) }
}

const noCounts = { annotations: 0, unchanged: 0, kept: 0, replaced: 0, crowdsChanged: 0, crowdsKept: 0 }
const countKeys = ['annotations', 'unchanged', 'kept', 'replaced', 'crowdsChanged', 'crowdsKept'] as const

interface Merged {
  readonly operations: readonly Operation[]
  /** The file's ids of annotations, by their ids here. */
  readonly originalIds: OriginalIds
  readonly counts: Readonly<typeof noCounts>
}

/** What has to happen to one image, class by class: conflicts are about a class, not about single objects. */
function mergeInto(
  store: ProjectStore,
  imageId: string,
  imported: readonly ImportedAnnotation[],
  classIdOf: (name: string) => string,
  spec: AnnotationImportSpec,
): Merged {
  const operations: Operation[] = []
  const originalIds = new Map<string, string | undefined>()
  const counts = { ...noCounts }
  const replaces = spec.conflicts === 'replace'
  const present = Map.groupBy(store.annotations.ofImage(imageId), ({ classId }) => classId)
  const supports = new Map(
    (replaces ? store.supports.ofImage(imageId) : []).map((support): [string, SupportRecord] => [
      support.annotationId,
      support,
    ]),
  )
  for (const [classId, brought] of Map.groupBy(imported, ({ className }) => classIdOf(className))) {
    const there = present.get(classId) ?? []
    const { alike, others } = pairAlike(store, there, brought, spec.as)
    counts.unchanged += brought.length - others.length
    for (const [record, { crowd }] of alike) {
      if (crowd === null || crowd === record.crowd) continue
      counts[replaces ? 'crowdsChanged' : 'crowdsKept']++
      const before = coreOf(record)
      if (replaces) operations.push({ kind: 'annotation', before, after: { ...before, crowd } })
    }
    // A proposal is nobody's word yet: it keeps nothing out, and it takes nothing away that a person has accepted.
    const isSpoken = there.some(({ state }) => state === 'accepted' || spec.as === 'proposed')
    if (others.length > 0 && isSpoken && spec.conflicts === 'keep') {
      counts.kept += others.length
      continue
    }
    if (replaces) {
      const gone = there.filter(
        (record) => !alike.has(record) && (record.state === 'proposed' || spec.as === 'accepted'),
      )
      for (const record of gone) {
        const tiles = store.annotations.tiles(record.id)
        operations.push(...removeAnnotation(coreOf(record), tiles, supports.get(record.id)))
      }
      counts.replaced += gone.length
    }
    for (const annotation of others) {
      const core = coreFor(annotation, imageId, classId, annotation.state ?? spec.as)
      operations.push(...createAnnotation(core, annotation.tiles))
      originalIds.set(core.id, annotation.originalId ?? undefined)
    }
    for (const [{ id }, annotation] of alike) originalIds.set(id, annotation.originalId ?? undefined)
    counts.annotations += others.length
  }
  return { operations, originalIds, counts }
}

/** Annotations that the file has too, one for one, and what the file has besides. */
function pairAlike(
  store: ProjectStore,
  there: readonly AnnotationRecord[],
  brought: readonly ImportedAnnotation[],
  state: AnnotationCore['state'],
): {
  readonly alike: ReadonlyMap<AnnotationRecord, ImportedAnnotation>
  readonly others: readonly ImportedAnnotation[]
} {
  const alike = new Map<AnnotationRecord, ImportedAnnotation>()
  if (there.length === 0) return { alike, others: brought }
  // Pixels are compared only where box and area agree already: an image may have thousands of one class.
  const byLook = Map.groupBy(there, ({ kind, area, bounds, state: own }) => lookOf(kind, area, bounds, own))
  const pairedWith = (annotation: ImportedAnnotation, isMeant: (record: AnnotationRecord) => boolean): boolean => {
    const bounds = annotation.box ?? tilesBounds(annotation.tiles)
    const look = lookOf(annotation.kind, tilesArea(annotation.tiles), bounds, annotation.state ?? state)
    const twins = byLook.get(look) ?? []
    const at = twins.findIndex(
      (record) =>
        isMeant(record) && (record.kind === 'box' || tilesEqual(store.annotations.tiles(record.id), annotation.tiles)),
    )
    // Each is matched once.
    for (const twin of at < 0 ? [] : twins.splice(at, 1)) alike.set(twin, annotation)
    return at >= 0
  }
  // Of equal ones, those that agree about the group belong together; only then is a mark one that changed.
  const left = brought.filter((each) => !pairedWith(each, ({ crowd }) => crowd === (each.crowd ?? crowd)))
  return { alike, others: left.filter((each) => !pairedWith(each, () => true)) }
}

function lookOf(kind: string, area: number, bounds: Box | null, state: string): string {
  return JSON.stringify([kind, kind === 'box' ? 0 : area, bounds, state])
}

/** Classes by name, made on first use: one that no image of the project needs is not brought in. */
class ImportedClasses {
  readonly created: ClassRecord[] = []
  readonly #store: ProjectStore
  readonly #parents: ReadonlyMap<string, string | null>
  readonly #original: ReadonlyMap<string, string | undefined>
  readonly #ids = new Map<string, string>()

  constructor(store: ProjectStore, dataSet: ImportedDataSet) {
    this.#store = store
    this.#original = new Map(dataSet.classes.map(({ name, originalId }) => [foldedClassName(name), originalId]))
    this.#parents = new Map(dataSet.classes.map(({ name, parentName }) => [foldedClassName(name), parentName]))
  }

  readonly idOf = (name: string): string => {
    const key = foldedClassName(name)
    const known = this.#ids.get(key) ?? this.#store.classes.byName(name)?.id
    if (known !== undefined) {
      this.#ids.set(key, known)
      return known
    }
    const record = newClass(this.#store, name, this.created.length)
    this.#ids.set(key, record.id)
    const at = this.created.push(record) - 1
    const parentId = this.#parentOf(key)
    // Classes that name each other as parents: the one met first stays at the top.
    if (parentId !== null && !this.#isBelow(parentId, record.id)) this.created[at] = { ...record, parentId }
    return record.id
  }

  /** The file's ids of the classes that were asked for. */
  originalIds(): OriginalIds {
    return new Map([...this.#ids].map(([key, id]) => [id, this.#original.get(key)]))
  }

  /** Parents first, as the store wants them. */
  operations(): Operation[] {
    const depth = (record: ClassRecord): number => {
      const parent = this.created.find(({ id }) => id === record.parentId)
      return parent === undefined ? 0 : depth(parent) + 1
    }
    return this.created
      .toSorted((a, b) => depth(a) - depth(b))
      .map((record) => ({ kind: 'class', before: null, after: record }))
  }

  /** COCO's supercategories are mostly words for groups and no classes: only what the file or project has as one counts. */
  #parentOf(key: string): string | null {
    const parent = this.#parents.get(key) ?? null
    if (parent === null) return null
    if (this.#parents.has(foldedClassName(parent))) return this.idOf(parent)
    return this.#store.classes.byName(parent)?.id ?? null
  }

  #isBelow(classId: string, ancestorId: string): boolean {
    let at: string | null = classId
    while (at !== null && at !== ancestorId) at = this.created.find(({ id }) => id === at)?.parentId ?? null
    return at !== null
  }
}

function coreFor(
  annotation: ImportedAnnotation,
  imageId: string,
  classId: string,
  state: AnnotationCore['state'],
): AnnotationCore {
  return {
    id: randomUUID(),
    imageId,
    classId,
    kind: annotation.kind,
    origin: 'imported',
    state,
    score: annotation.score ?? null,
    versionId: null,
    polygon: null,
    crowd: annotation.crowd ?? false,
    box: annotation.box,
    createdAt: new Date().toISOString(),
  }
}

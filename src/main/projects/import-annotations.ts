import { randomUUID } from 'node:crypto'
import type { Problem } from '../../shared/contract/contract.ts'
import { createAnnotation } from '../../shared/domain/annotations.ts'
import type { Operation } from '../../shared/domain/history.ts'
import type { AnnotationCore, ImageRecord } from '../../shared/domain/records.ts'
import { throwIfAborted } from '../../shared/errors.ts'
import type { ImportedAnnotation, ImportedDataSet, ImportedImage } from '../formats/format-types.ts'
import { readDataSet } from '../formats/registry.ts'
import type { importFormats } from '../formats/registry.ts'
import type { ImageCodec } from '../images/codec.ts'
import type { ProjectStore } from '../store/store-port.ts'
import { newClass } from './classes.ts'
import { makeEntry } from './entries.ts'
import type { RunOptions } from './run-options.ts'

export interface AnnotationImportSpec {
  /** File or folder, by format. */
  readonly path: string
  readonly format: (typeof importFormats)[number]
  readonly as: AnnotationCore['state']
}

export interface AnnotationImportReport {
  readonly annotations: number
  readonly images: number
  /** Classes the import had to make. */
  readonly classes: number
  readonly problems: readonly Problem[]
}

/**
 * Brings masks made elsewhere onto images of the project, as one history entry. What does not fit (image not
 * in the project, another size) is listed and left out; the rest is imported.
 */
export async function importAnnotations(
  context: { readonly store: ProjectStore; readonly codec: ImageCodec },
  spec: AnnotationImportSpec,
  options: RunOptions,
): Promise<AnnotationImportReport> {
  const { store } = context
  const dataSet = await readDataSet(spec.format, spec.path, context.codec, options.signal)
  throwIfAborted(options.signal)
  const problems: Problem[] = [...dataSet.problems]
  const classes = classesFor(store, dataSet)
  const operations: Operation[] = [...classes.created]
  const find = imageFinder(store)
  const imageIds: string[] = []
  let annotations = 0
  for (const imported of dataSet.images) {
    if (imported.annotations.length === 0) continue
    const found = find(imported)
    if (typeof found === 'string') {
      problems.push({ name: imported.fileName, reason: found })
      continue
    }
    imageIds.push(found.id)
    for (const annotation of imported.annotations) {
      operations.push(
        ...createAnnotation(
          coreFor(annotation, found.id, classes.idOf(annotation.className), spec.as),
          annotation.tiles,
        ),
      )
      annotations++
    }
  }
  if (operations.length > 0)
    store.history.commit(makeEntry('importAnnotations', { count: annotations }, imageIds, operations))
  return { annotations, images: imageIds.length, classes: classes.created.length, problems }
}

function classesFor(
  store: ProjectStore,
  dataSet: ImportedDataSet,
): { readonly created: Operation[]; readonly idOf: (name: string) => string } {
  const ids = new Map<string, string>()
  const created: Operation[] = []
  /** The store takes "Cat" and "cat" for one class, so the import does. */
  const sameName = (name: string): string => name.trim().normalize('NFC').toLowerCase()
  const used = new Set(dataSet.images.flatMap((image) => image.annotations.map((each) => each.className)))
  for (const name of used) {
    if (ids.has(sameName(name))) continue
    const existing = store.classes.byName(name)
    const record = existing ?? newClass(store, name, created.length)
    if (existing === undefined) created.push({ kind: 'class', before: null, after: record })
    ids.set(sameName(name), record.id)
  }
  return {
    created,
    idOf: (name) => {
      const id = ids.get(sameName(name))
      if (id === undefined) throw new Error(`class ${name} was not collected`)
      return id
    },
  }
}

/** Finds the image meant: by its path in the project, else by its file name where only one image has it. */
function imageFinder(store: ProjectStore): (imported: ImportedImage) => ImageRecord | string {
  const byFileName = new Map<string, ImageRecord[]>()
  for (const image of store.images.iterate()) {
    const key = lastPart(image.name)
    const known = byFileName.get(key)
    if (known === undefined) byFileName.set(key, [image])
    else known.push(image)
  }
  return (imported) => {
    const candidates = byFileName.get(lastPart(imported.fileName)) ?? []
    const [only] = candidates
    const image = store.images.byName(imported.fileName) ?? (candidates.length === 1 ? only : undefined)
    if (image === undefined) {
      return candidates.length === 0
        ? `${imported.fileName} is not an image of this project; add it, then import again.`
        : `${imported.fileName} is the file name of several images (${candidates.map((each) => each.name).join(', ')}); use their paths in the file.`
    }
    if (image.width === imported.width && image.height === imported.height) return image
    return `${image.name} has ${image.width} x ${image.height} pixels, but its masks are for ${imported.width} x ${imported.height}; make them again at the size of the image.`
  }
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
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
    score: null,
    versionId: null,
    polygon: null,
    box: annotation.box,
    createdAt: new Date().toISOString(),
  }
}

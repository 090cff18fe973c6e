import { coreOf, removeAnnotation } from '../../shared/domain/annotations.ts'
import type { Operation } from '../../shared/domain/history.ts'
import type { AnnotationRecord, ClassRecord, SupportRecord } from '../../shared/domain/records.ts'
import { AppError } from '../../shared/errors.ts'
import type { ProjectStore } from '../store/store-port.ts'
import { makeEntry } from './entries.ts'

/**
 * Ways for a class to go that has something. Each is one history entry, so that undo brings back all of it. What the
 * class has learnt stays in the project without a class: versions are immutable, and undo finds them again.
 */

/**
 * Deletes classes with their annotations, examples and verdicts; classes below them move up. Returns how many
 * annotations went. Throws `NotFound` for a class that does not exist.
 */
export function removeClasses(store: ProjectStore, classIds: readonly string[]): number {
  const going = [...new Set(classIds)].map((classId) => store.classes.get(classId))
  const operations: Operation[] = []
  const imageIds: string[] = []
  let removed = 0
  for (const { id } of going) {
    const supports = new Map(store.supports.ofClass(id).map((support) => [support.annotationId, support]))
    const annotations = store.annotations.ofClass(id)
    removed += annotations.length
    for (const record of annotations) {
      imageIds.push(record.imageId)
      // Open proposals are no history: the store keeps them beside the entry and brings them back with the class.
      if (record.state === 'proposed') continue
      operations.push(...removeAnnotation(coreOf(record), store.annotations.tiles(record.id), supports.get(record.id)))
    }
    for (const { imageId } of store.verdicts.ofClass(id)) {
      operations.push({ kind: 'verdict', imageId, classId: id, before: true, after: false })
    }
  }
  operations.push(...withoutClasses(store, going))
  const [first] = going
  const label =
    going.length === 1 && first !== undefined
      ? makeEntry('deleteClass', { class: first.name }, imageIds, operations)
      : makeEntry('deleteClasses', { count: going.length }, imageIds, operations)
  store.history.commit(label)
  return removed
}

/**
 * Gives the annotations, examples, open proposals and verdicts of a class to another one and deletes it; classes below
 * it come below the other one. An image is "not here" afterwards when either class was and it has nothing of both.
 * Returns how many annotations changed class. Throws `InvalidInput` when both are the same, `NotFound` when one does
 * not exist.
 */
export function mergeClass(store: ProjectStore, classId: string, intoId: string): number {
  const from = store.classes.get(classId)
  const into = store.classes.get(intoId)
  if (classId === intoId) {
    throw new AppError('InvalidInput', 'classMergeSelf', `"${from.name}" cannot be merged into itself.`, {
      params: { name: from.name },
    })
  }
  const annotations = store.annotations.ofClass(classId)
  const proposals = annotations.filter((record) => record.state === 'proposed')
  const supports = new Map(store.supports.ofClass(classId).map((support) => [support.annotationId, support]))
  const operations = annotations
    .filter((record) => record.state === 'accepted')
    .flatMap((record) => moved(record, supports.get(record.id), intoId))
  if (proposals.length > 0) {
    const annotationIds = proposals.map((record) => record.id)
    operations.push({ kind: 'proposals', annotationIds, before: classId, after: intoId })
  }
  operations.push(...mergedVerdicts(store, classId, intoId, annotations))
  // A class below the one that goes takes its place before the others below that come below it.
  if (isBelow(store, into, classId)) {
    operations.push({ kind: 'class', before: into, after: { ...into, parentId: from.parentId } })
  }
  operations.push(...withoutClasses(store, [from], intoId))
  const imageIds = annotations.map((record) => record.imageId)
  store.history.commit(makeEntry('mergeClass', { class: from.name, into: into.name }, imageIds, operations))
  return annotations.length
}

/** An annotation is no example while it changes class. */
function moved(record: AnnotationRecord, support: SupportRecord | undefined, classId: string): Operation[] {
  const before = coreOf(record)
  const change: Operation = { kind: 'annotation', before, after: { ...before, classId } }
  if (support === undefined) return [change]
  return [
    { kind: 'support', before: support, after: null },
    change,
    { kind: 'support', before: null, after: { ...support, classId } },
  ]
}

function mergedVerdicts(
  store: ProjectStore,
  classId: string,
  intoId: string,
  moving: readonly AnnotationRecord[],
): Operation[] {
  const had = new Set(store.verdicts.ofClass(classId).map((verdict) => verdict.imageId))
  const has = new Set(store.verdicts.ofClass(intoId).map((verdict) => verdict.imageId))
  const occupied = new Set([...moving, ...store.annotations.ofClass(intoId)].map((record) => record.imageId))
  const operations: Operation[] = []
  for (const imageId of new Set([...had, ...has])) {
    const before = has.has(imageId)
    const after = !occupied.has(imageId)
    if (had.has(imageId)) operations.push({ kind: 'verdict', imageId, classId, before: true, after: false })
    if (before !== after) operations.push({ kind: 'verdict', imageId, classId: intoId, before, after })
  }
  return operations
}

function isBelow(store: ProjectStore, record: ClassRecord, classId: string): boolean {
  if (record.parentId === null) return false
  return record.parentId === classId || isBelow(store, store.classes.get(record.parentId), classId)
}

/**
 * Takes classes out that have no annotations and verdicts left. What lies below them comes below `heirId`, or below
 * the nearest class above that stays.
 */
function withoutClasses(store: ProjectStore, going: readonly ClassRecord[], heirId?: string): Operation[] {
  const goingIds = new Set(going.map((record) => record.id))
  const all = new Map(store.classes.list().map((summary) => [summary.id, summary]))
  const operations: Operation[] = []
  function above(record: ClassRecord): string | null {
    let parentId = record.parentId
    while (parentId !== null && goingIds.has(parentId)) parentId = all.get(parentId)?.parentId ?? null
    return parentId
  }
  for (const record of all.values()) {
    if (record.parentId === null || !goingIds.has(record.parentId) || record.id === heirId) continue
    // A class that goes as well lets go of the one above it first, whatever their order.
    const parentId = goingIds.has(record.id) ? null : (heirId ?? above(record))
    operations.push({ kind: 'class', before: record, after: { ...record, parentId } })
  }
  for (const { id, currentVersionId, ...rest } of all.values()) {
    if (!goingIds.has(id)) continue
    if (currentVersionId !== null) {
      operations.push({ kind: 'version', classId: id, before: currentVersionId, after: null })
    }
    const parentId = rest.parentId !== null && goingIds.has(rest.parentId) ? null : rest.parentId
    operations.push({ kind: 'class', before: { ...rest, id, parentId }, after: null })
  }
  return operations
}

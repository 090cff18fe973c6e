import { coreOf, createAnnotation, removeAnnotation } from '../../shared/domain/annotations.ts'
import type { MaskTile, Operation } from '../../shared/domain/history.ts'
import { randomUUID } from 'node:crypto'
import type { ProjectStore } from '../store/store-port.ts'
import { makeEntry } from './entries.ts'

/** What a person says about proposals. Each function writes at most one history entry. */

export interface AcceptScope {
  readonly annotationIds?: readonly string[] | undefined
  readonly imageIds?: readonly string[] | undefined
  readonly classId?: string | undefined
  /** Mark the images as finished in the same step. */
  readonly reviewed?: boolean | undefined
}

/** Accepts open proposals in scope; returns how many. */
export function acceptProposals(store: ProjectStore, scope: AcceptScope): number {
  const proposals =
    scope.annotationIds === undefined
      ? store.annotations.proposedOf({ classId: scope.classId, imageIds: scope.imageIds })
      : scope.annotationIds.map((id) => store.annotations.get(id)).filter((record) => record.state === 'proposed')
  const operations: Operation[] = proposals.map((record) => {
    const before = coreOf(record)
    return { kind: 'annotation', before, after: { ...before, state: 'accepted' } }
  })
  if (scope.reviewed === true) operations.push(...reviewedOperations(store, scope.imageIds ?? [], true))
  if (operations.length === 0) return 0
  const imageIds = [...proposals.map((record) => record.imageId), ...(scope.imageIds ?? [])]
  store.history.commit(makeEntry('accept', { count: proposals.length }, imageIds, operations))
  return proposals.length
}

/** "Not here": removes what the image has of the class and remembers the verdict; returns how many were removed. */
export function sayNotHere(store: ProjectStore, imageId: string, classId: string): number {
  const operations = removalOf(store, imageId, classId)
  const removed = operations.filter((operation) => operation.kind === 'annotation').length
  if (!hasVerdict(store, imageId, classId)) {
    operations.push({ kind: 'verdict', imageId, classId, before: false, after: true })
  }
  if (operations.length > 0) {
    store.history.commit(makeEntry('notHere', { class: store.classes.get(classId).name }, [imageId], operations))
  }
  return removed
}

/** Marks images as finished or open again; returns how many changed. */
export function setReviewed(store: ProjectStore, imageIds: readonly string[], reviewed: boolean): number {
  const operations = reviewedOperations(store, imageIds, reviewed)
  if (operations.length === 0) return 0
  store.history.commit(
    makeEntry(reviewed ? 'reviewed' : 'reopened', { count: operations.length }, imageIds, operations),
  )
  return operations.length
}

/**
 * Makes this mask the image's accepted annotation of the class, as the user's correction. An empty
 * mask means "not here". Replaces every annotation the image has of the class.
 */
export function correctMask(store: ProjectStore, imageId: string, classId: string, tiles: readonly MaskTile[]): void {
  if (tiles.length === 0) {
    sayNotHere(store, imageId, classId)
    return
  }
  const operations = removalOf(store, imageId, classId)
  if (hasVerdict(store, imageId, classId)) {
    operations.push({ kind: 'verdict', imageId, classId, before: true, after: false })
  }
  operations.push(
    ...createAnnotation(
      {
        id: randomUUID(),
        imageId,
        classId,
        kind: 'mask',
        origin: 'corrected',
        state: 'accepted',
        score: null,
        versionId: null,
        polygon: null,
        crowd: false,
        box: null,
        createdAt: new Date().toISOString(),
      },
      tiles,
    ),
  )
  store.history.commit(makeEntry('correct', { class: store.classes.get(classId).name }, [imageId], operations))
}

function removalOf(store: ProjectStore, imageId: string, classId: string): Operation[] {
  const supports = store.supports.ofImage(imageId)
  return store.annotations
    .ofImage(imageId)
    .filter((record) => record.classId === classId)
    .flatMap((record) =>
      removeAnnotation(
        coreOf(record),
        store.annotations.tiles(record.id),
        supports.find((support) => support.annotationId === record.id),
      ),
    )
}

function hasVerdict(store: ProjectStore, imageId: string, classId: string): boolean {
  return store.verdicts.ofImage(imageId).some((verdict) => verdict.classId === classId)
}

function reviewedOperations(store: ProjectStore, imageIds: readonly string[], reviewed: boolean): Operation[] {
  return imageIds
    .filter((imageId) => store.images.get(imageId).reviewed !== reviewed)
    .map((imageId) => ({ kind: 'reviewed', imageId, before: !reviewed, after: reviewed }))
}

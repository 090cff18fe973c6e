import type { AnnotationRecord, ClassRecord } from '../../../shared/domain/records.ts'
import type { PaintTarget } from './editor-document.ts'
import type { Guarded } from './guards.ts'

export type TargetChoice =
  | { readonly kind: 'target'; readonly target: PaintTarget }
  /** There is nothing to draw on: `reason` is a key below `editor.` */
  | { readonly kind: 'none'; readonly reason: 'chooseClass' | 'nothingToErase' | 'locked' | 'hidden' }

/**
 * What a gesture draws on: the selected annotation; with nothing selected, what the image already has of a
 * class that is one region per image, or a new annotation. The eraser takes what lies under the pointer.
 * A box stays a box: it is never drawn on. What is locked or hidden is not changed either, and nothing is drawn beside
 * it in its place.
 *
 * @param under the topmost annotation under the pointer
 */
export function choosePaintTarget(given: {
  readonly annotations: readonly AnnotationRecord[]
  readonly selectedId: string | null
  readonly activeClass: ClassRecord | undefined
  readonly value: 0 | 1
  readonly under: string | null
  readonly refusalOf: (guarded: Guarded) => 'locked' | 'hidden' | null
}): TargetChoice {
  const choice = chooseFreely(given)
  if (choice.kind === 'none') return choice
  const { annotationId, classId, isNew } = choice.target
  const reason = given.refusalOf({ id: isNew ? null : annotationId, classId })
  return reason === null ? choice : { kind: 'none', reason }
}

function chooseFreely(given: Parameters<typeof choosePaintTarget>[0]): TargetChoice {
  const masks = given.annotations.filter((record) => record.kind === 'mask')
  const selected = masks.find((record) => record.id === given.selectedId)
  if (selected !== undefined) return existing(selected)
  const ofClass =
    given.activeClass?.split === 'region' ? masks.filter((record) => record.classId === given.activeClass?.id) : []
  const region = ofClass.find((record) => record.state === 'accepted') ?? ofClass[0]
  if (given.value === 0) {
    const under = masks.find((record) => record.id === given.under) ?? region
    return under === undefined ? { kind: 'none', reason: 'nothingToErase' } : existing(under)
  }
  if (given.activeClass === undefined) return { kind: 'none', reason: 'chooseClass' }
  if (region !== undefined) return existing(region)
  return {
    kind: 'target',
    target: { annotationId: crypto.randomUUID(), classId: given.activeClass.id, isNew: true },
  }
}

function existing(record: AnnotationRecord): TargetChoice {
  return { kind: 'target', target: { annotationId: record.id, classId: record.classId, isNew: false } }
}

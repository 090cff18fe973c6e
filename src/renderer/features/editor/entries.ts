import { coreOf, createAnnotation, removeAnnotation } from '../../../shared/domain/annotations.ts'
import type { HistoryEntry, MaskTile, Operation } from '../../../shared/domain/history.ts'
import type { AnnotationCore, AnnotationRecord, SupportRecord } from '../../../shared/domain/records.ts'
import type { Rings } from '../../../shared/mask/polygon-spans.ts'

/** `history.<label>` in the language files. */
export type GestureLabel =
  | 'brush'
  | 'erase'
  | 'polygon'
  | 'polygonSubtract'
  | 'outline'
  | 'toPolygon'
  | 'deleteAnnotation'
  | 'reassignClass'
  | 'markCrowd'
  | 'unmarkCrowd'

/** What a drawing gesture changed. */
export interface Painted {
  readonly label: GestureLabel
  readonly imageId: string
  /** The annotation as it was; null when the gesture makes it. */
  readonly before: AnnotationRecord | null
  /** Of the annotation that the gesture makes. */
  readonly created: { readonly id: string; readonly classId: string; readonly at: string }
  /** Its role as an example, if it has one. */
  readonly support: SupportRecord | undefined
  /** Pixels that flipped, never empty. */
  readonly memo: readonly MaskTile[]
  /** All pixels afterwards. */
  readonly after: readonly MaskTile[]
  /** The polygon that gives exactly the pixels afterwards, if there is one: the annotation's source. */
  readonly polygon: Rings | null
}

function entry(label: GestureLabel, imageId: string, operations: readonly Operation[]): HistoryEntry {
  return {
    id: crypto.randomUUID(),
    labelKey: label,
    labelParams: {},
    imageIds: [imageId],
    operations: [...operations],
  }
}

/**
 * The one history entry of a drawing gesture. Drawing on what was predicted makes it an accepted correction;
 * drawing on a polygon makes it pixels, unless the result is a polygon still; erasing the last pixel removes the
 * annotation.
 */
export function paintEntry(painted: Painted): HistoryEntry {
  const { before, memo, label, imageId } = painted
  if (before === null) {
    const core: AnnotationCore = {
      id: painted.created.id,
      imageId,
      classId: painted.created.classId,
      kind: 'mask',
      origin: 'drawn',
      state: 'accepted',
      score: null,
      versionId: null,
      polygon: copyOf(painted.polygon),
      crowd: false,
      box: null,
      createdAt: painted.created.at,
    }
    return entry(label, imageId, createAnnotation(core, memo))
  }
  const core = coreOf(before)
  if (painted.after.length === 0) return entry(label, imageId, removeAnnotation(core, memo, painted.support))
  return entry(label, imageId, drawnOn(core, painted.polygon, memo))
}

/** The one history entry of a change of a polygon's corners, or of a mask that becomes a polygon. */
export function outlineEntry(
  label: GestureLabel,
  record: AnnotationRecord,
  polygon: Rings,
  memo: readonly MaskTile[],
): HistoryEntry {
  return entry(label, record.imageId, drawnOn(coreOf(record), polygon, memo))
}

function drawnOn(core: AnnotationCore, polygon: Rings | null, memo: readonly MaskTile[]): Operation[] {
  const operations: Operation[] = []
  const predicted = core.state === 'proposed' || core.origin === 'predicted'
  if (predicted || core.polygon !== null || polygon !== null) {
    const changed: AnnotationCore = {
      ...core,
      origin: predicted ? 'corrected' : core.origin,
      state: 'accepted',
      polygon: copyOf(polygon),
    }
    operations.push({ kind: 'annotation', before: core, after: changed })
  }
  if (memo.length > 0) operations.push({ kind: 'mask', annotationId: core.id, tiles: [...memo] })
  return operations
}

function copyOf(polygon: Rings | null): number[][] | null {
  return polygon === null ? null : polygon.map((ring) => [...ring])
}

/** Removes an annotation with its pixels and its role as an example. */
export function deleteEntry(
  record: AnnotationRecord,
  tiles: readonly MaskTile[],
  support: SupportRecord | undefined,
): HistoryEntry {
  return entry('deleteAnnotation', record.imageId, removeAnnotation(coreOf(record), tiles, support))
}

/** Gives an annotation another class. An example of the old class is none of the new one. */
export function reassignEntry(
  record: AnnotationRecord,
  classId: string,
  support: SupportRecord | undefined,
): HistoryEntry {
  const core = coreOf(record)
  const operations: Operation[] = []
  if (support !== undefined) operations.push({ kind: 'support', before: support, after: null })
  operations.push({ kind: 'annotation', before: core, after: { ...core, classId } })
  return entry('reassignClass', record.imageId, operations)
}

/** Says that an annotation stands for a group of objects, or for one. */
export function crowdEntry(record: AnnotationRecord, crowd: boolean): HistoryEntry {
  const core = coreOf(record)
  const label = crowd ? 'markCrowd' : 'unmarkCrowd'
  return entry(label, record.imageId, [{ kind: 'annotation', before: core, after: { ...core, crowd } }])
}

/** Records as they are after these operations; area and bounds are the caller's business. */
export function applyToRecords(
  records: readonly AnnotationRecord[],
  supports: readonly SupportRecord[],
  operations: readonly Operation[],
): { readonly annotations: AnnotationRecord[]; readonly supports: SupportRecord[] } {
  let annotations = [...records]
  let examples = [...supports]
  for (const operation of operations) {
    if (operation.kind === 'support') {
      const gone = operation.before?.annotationId ?? operation.after?.annotationId
      examples = examples.filter((support) => support.annotationId !== gone)
      if (operation.after !== null) examples.push(operation.after)
    } else if (operation.kind === 'annotation') {
      const { before, after } = operation
      if (after === null) annotations = annotations.filter((record) => record.id !== before?.id)
      else if (before === null) annotations.push({ ...after, area: 0, bounds: [0, 0, 0, 0], maskRevision: 0 })
      else annotations = annotations.map((record) => (record.id === after.id ? { ...record, ...after } : record))
    }
  }
  return { annotations, supports: examples }
}

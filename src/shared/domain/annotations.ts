import type { Operation, MaskTile } from './history.ts'
import type { AnnotationCore, AnnotationRecord, SupportRecord } from './records.ts'

/** The stored part of a record: what operations compare and exchange. */
export function coreOf(record: AnnotationRecord): AnnotationCore {
  const { area: _area, bounds: _bounds, maskRevision: _maskRevision, ...core } = record
  return core
}

/** Operations that create an annotation with these pixels. */
export function createAnnotation(core: AnnotationCore, tiles: readonly MaskTile[]): Operation[] {
  const create: Operation = { kind: 'annotation', before: null, after: core }
  return tiles.length === 0 ? [create] : [create, { kind: 'mask', annotationId: core.id, tiles: [...tiles] }]
}

/**
 * Operations that remove an annotation: first its role as a support, then its pixels, then the record.
 * The order is what makes the inverse valid: an annotation exists while its pixels change.
 */
export function removeAnnotation(
  core: AnnotationCore,
  tiles: readonly MaskTile[],
  support?: SupportRecord,
): Operation[] {
  const operations: Operation[] = []
  if (support !== undefined) operations.push({ kind: 'support', before: support, after: null })
  if (tiles.length > 0) operations.push({ kind: 'mask', annotationId: core.id, tiles: [...tiles] })
  operations.push({ kind: 'annotation', before: core, after: null })
  return operations
}

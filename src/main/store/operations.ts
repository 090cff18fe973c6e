import type { Operation } from '../../shared/domain/history.ts'
import type { AnnotationCore } from '../../shared/domain/records.ts'
import { checkRing } from '../../shared/coco/rasterise.ts'
import { AppError } from '../../shared/errors.ts'
import { polygonTiles } from '../../shared/mask/polygon-spans.ts'
import { tilesEqual } from '../../shared/mask/tiles.ts'
import { z } from '../../shared/zod.ts'
import type { AnnotationRepository } from './annotation-repository.ts'
import type { BatchRepository } from './batch-repository.ts'
import { canonicalJson } from './canonical-json.ts'
import type { ChangeSet } from './changes.ts'
import type { ClassRepository } from './class-repository.ts'
import type { Connection } from './connection.ts'
import type { ImageRepository } from './image-repository.ts'
import type { MarkRepository } from './mark-repository.ts'
import { decodeOperations, encodeOperations } from './operation-codec.ts'
import { sqlBytes } from './sql-row.ts'
import type { VersionRepository } from './version-repository.ts'

/** The repositories that operations write to. */
export interface Aggregates {
  readonly images: ImageRepository
  readonly batches: BatchRepository
  readonly classes: ClassRepository
  readonly annotations: AnnotationRepository
  readonly marks: MarkRepository
  readonly versions: VersionRepository
}

/** Where an operation is applied: within which transaction and for which entry of the log. */
export interface OperationContext {
  readonly change: ChangeSet
  readonly seq: number
}

type Change<K extends Operation['kind']> = Extract<Operation, { kind: K }>

export interface OperationApplier {
  /** Applies one operation after checking that its `before` is the current state. Throws `AppError`. */
  readonly apply: (operation: Operation, context: OperationContext) => void
  /**
   * Throws `InvalidInput` when an annotation of these applied operations has a polygon as its source that does not
   * give its pixels: whoever changes pixels drops the source, or changes both.
   */
  readonly checkPolygons: (operations: readonly Operation[]) => void
  /** Forgets the parked proposals of classes whose removal by entries after `seq` can no longer be reverted. */
  readonly dropParkedAfter: (seq: number) => void
}

export function createOperationApplier(connection: Connection, aggregates: Aggregates): OperationApplier {
  const { images, batches, classes, annotations, marks, versions } = aggregates

  // [Note: parked proposals] A class can only go when nothing belongs to it. Proposals a job made are no
  // history, so the entry does not list them: they wait here and come back with the class.
  const parkStatement = connection.command(
    'INSERT INTO parked_proposals (class_id, seq, operations) VALUES (@classId, @seq, @operations)',
  )
  const unparkStatement = connection.query(
    'DELETE FROM parked_proposals WHERE class_id = @classId RETURNING operations',
    z.object({ operations: sqlBytes }),
  )
  const dropParkedStatement = connection.command('DELETE FROM parked_proposals WHERE seq > @seq')

  function park(classId: string, { change, seq }: OperationContext): void {
    const proposals = annotations.proposalsOfClass(classId)
    if (proposals.length === 0) return
    const operations = proposals.flatMap((core): Operation[] => {
      const tiles = annotations.tilesOf(core.id)
      const insertion: Operation = { kind: 'annotation', before: null, after: core }
      return tiles.length === 0 ? [insertion] : [insertion, { kind: 'mask', annotationId: core.id, tiles: [...tiles] }]
    })
    parkStatement.run({ classId, seq, operations: encodeOperations(operations) })
    for (const { id, imageId } of proposals) {
      annotations.remove(id)
      change.touch(imageId)
    }
  }

  function unpark(classId: string, { change }: OperationContext): void {
    const [parked] = unparkStatement.all({ classId })
    if (parked === undefined) return
    // Not through `apply`: a proposal of a hidden image comes back too, and waits there for its import.
    for (const operation of decodeOperations(parked.operations)) {
      if (operation.kind === 'annotation' && operation.after !== null) {
        annotations.insert(operation.after, change.revision)
        change.touch(operation.after.imageId)
      } else if (operation.kind === 'mask') {
        annotations.flip(operation.annotationId, operation.tiles, change.revision)
      }
    }
  }

  function applyClass({ before, after }: Change<'class'>, context: OperationContext): void {
    const id = sameId(before?.id, after?.id, 'class')
    requireCurrent(classes.find(id) ?? null, before, 'class', before?.name ?? after?.name ?? id)
    if (after === null) {
      park(id, context)
      classes.remove(id)
    } else if (before === null) {
      classes.insert(after)
      unpark(id, context)
    } else {
      classes.update(after)
      if (before.colour !== after.colour) annotations.repaintClass(id, context.change.revision)
    }
    context.change.touchAll()
  }

  function applyAnnotation({ before, after }: Change<'annotation'>, { change }: OperationContext): void {
    const id = sameId(before?.id, after?.id, 'annotation')
    requireCurrent(annotations.find(id) ?? null, before, 'annotation', id)
    const support = marks.findSupport(id)
    if (after === null) {
      if (support !== undefined) throw incomplete(`The annotation ${id} is an example; take that back first`)
      if (annotations.hasTiles(id))
        throw incomplete(`The annotation ${id} still has pixels; remove them in the same entry`)
      annotations.remove(id)
      if (before !== null) change.touch(before.imageId)
      return
    }
    checkAnnotation(after)
    if (after.polygon !== null && canonicalJson(before?.polygon ?? null) !== canonicalJson(after.polygon)) {
      const { width, height } = images.get(after.imageId)
      for (const ring of after.polygon) checkRing(ring, width, height)
    }
    if (before === null) {
      annotations.insert(after, change.revision)
    } else {
      if (before.imageId !== after.imageId) throw incomplete(`The annotation ${id} cannot move to another image`)
      if (after.kind === 'box' && annotations.hasTiles(id))
        throw incomplete(`The annotation ${id} has pixels, a box has none`)
      if (support !== undefined && (after.state !== 'accepted' || after.classId !== before.classId)) {
        throw incomplete(`The annotation ${id} is an example; take that back first`)
      }
      annotations.update(after)
    }
    change.touch(after.imageId)
  }

  function checkAnnotation(core: AnnotationCore): void {
    if ((core.kind === 'box') !== (core.box !== null) || (core.kind === 'box' && core.polygon !== null)) {
      throw incomplete(`The annotation ${core.id} of kind ${core.kind} has the geometry of another kind`)
    }
    images.requireVisible(core.imageId)
    classes.get(core.classId)
  }

  function checkPolygons(operations: readonly Operation[]): void {
    const ids = operations.flatMap((operation) => {
      if (operation.kind === 'mask') return [operation.annotationId]
      return operation.kind === 'annotation' && operation.after !== null ? [operation.after.id] : []
    })
    for (const id of new Set(ids)) {
      const core = annotations.find(id)
      if (core === undefined || core.polygon === null) continue
      if (tilesEqual(annotations.tilesOf(id), polygonTiles(core.polygon, images.get(core.imageId)))) continue
      throw incomplete(`The pixels of the annotation ${id} are not those of its polygon`)
    }
  }

  function applyMask({ annotationId, tiles }: Change<'mask'>, { change }: OperationContext): void {
    const { imageId, kind } = annotations.get(annotationId)
    if (kind === 'box') throw incomplete(`The annotation ${annotationId} is a box; convert it before painting`)
    annotations.flip(annotationId, tiles, change.revision)
    change.touch(imageId)
  }

  function applySupport({ before, after }: Change<'support'>, { change }: OperationContext): void {
    const id = sameId(before?.annotationId, after?.annotationId, 'example')
    const { imageId, classId, state } = annotations.get(id)
    requireCurrent(marks.findSupport(id) ?? null, before, 'example', id)
    if (after === null) {
      marks.removeSupport(id)
    } else {
      if (after.imageId !== imageId || after.classId !== classId) {
        throw incomplete(`The example ${id} names another image or class than its annotation`)
      }
      if (state !== 'accepted')
        throw incomplete(`The annotation ${id} is a proposal; accept it before it becomes an example`)
      if (before === null) marks.insertSupport(after)
      else marks.updateSupport(after)
    }
    change.touch(imageId)
  }

  function applyVersion({ classId, before, after }: Change<'version'>, { change }: OperationContext): void {
    requireCurrent(classes.currentVersion(classId), before, 'current version of class', classes.get(classId).name)
    if (after !== null && versions.get(after).classId !== classId) {
      throw incomplete(`The version ${after} belongs to another class`)
    }
    classes.setCurrentVersion(classId, after)
    change.touchAll()
  }

  function apply(operation: Operation, context: OperationContext): void {
    const { change, seq } = context
    switch (operation.kind) {
      case 'class':
        return applyClass(operation, context)
      case 'annotation':
        return applyAnnotation(operation, context)
      case 'mask':
        return applyMask(operation, context)
      case 'support':
        return applySupport(operation, context)
      case 'version':
        return applyVersion(operation, context)
      case 'proposals': {
        classes.get(operation.after)
        const { annotationIds, before: from, after: to } = operation
        for (const imageId of annotations.moveProposals(annotationIds, from, to)) change.touch(imageId)
        return change.mark()
      }
      case 'verdict': {
        const { imageId, classId, before, after } = operation
        images.requireVisible(imageId)
        classes.get(classId)
        requireCurrent(marks.hasVerdict(imageId, classId), before, '"not here" of image', imageId)
        if (before !== after) marks.setVerdict(imageId, classId, after)
        return change.touch(imageId)
      }
      case 'reviewed':
        requireCurrent(images.isReviewed(operation.imageId), operation.before, 'review of image', operation.imageId)
        images.setReviewed(operation.imageId, operation.after)
        return change.touch(operation.imageId)
      case 'batch':
        requireCurrent(batches.isPresent(operation.batchId), operation.before, 'import', operation.batchId)
        batches.setPresent(operation.batchId, operation.after, seq)
        return change.touchAll()
    }
  }

  return { apply, checkPolygons, dropParkedAfter: (seq) => void dropParkedStatement.run({ seq }) }
}

/** An entry that could not be taken back exactly, or speaks of impossible things. */
function incomplete(problem: string): AppError {
  return new AppError('InvalidInput', 'changeImpossible', `${problem}.`, { params: { problem } })
}

function sameId(before: string | undefined, after: string | undefined, what: string): string {
  const id = before ?? after
  if (id === undefined || (after !== undefined && after !== id))
    throw incomplete(`A change of one ${what} must name one ${what}`)
  return id
}

function requireCurrent(current: unknown, before: unknown, what: string, name: string): void {
  if (canonicalJson(current) === canonicalJson(before)) return
  throw new AppError(
    'Conflict',
    'staleChange',
    `The ${what} "${name}" has changed since this was begun; look at its newer state and do it again.`,
    { params: { what, name } },
  )
}

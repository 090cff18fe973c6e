import { historyHeaderSchema, historySchemaVersion, invertOperations } from '../../shared/domain/history.ts'
import type { HistoryEntry, HistoryHeader, HistoryState, Operation } from '../../shared/domain/history.ts'
import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'
import type { Aggregates } from './operations.ts'
import { createOperationApplier } from './operations.ts'
import type { Changes } from './changes.ts'
import type { Connection } from './connection.ts'
import { decodeOperations, encodeOperations, normaliseOperation } from './operation-codec.ts'
import { sqlBytes, sqlJson } from './sql-row.ts'
import type { ProjectStore } from './store-port.ts'

const headerColumns = `seq, schema_version AS schemaVersion, id, label_key AS labelKey, label_params AS labelParams,
  image_ids AS imageIds`
const headerRow = historyHeaderSchema.extend({
  seq: z.int(),
  schemaVersion: z.int(),
  labelParams: sqlJson(historyHeaderSchema.shape.labelParams),
  imageIds: sqlJson(historyHeaderSchema.shape.imageIds),
})

export type HistoryRepository = ProjectStore['history'] & {
  /** Forgets everything that was undone and what only that could bring back. Within a transaction. */
  readonly dropRedo: () => void
  readonly cursor: () => number
}

/**
 * The log and its cursor: the number (`seq`) of the last applied entry, 0 before the first. Numbers are
 * without gaps, entries above the cursor are what redo would apply.
 */
export function createHistoryRepository(
  connection: Connection,
  changes: Changes,
  aggregates: Aggregates,
): HistoryRepository {
  const { query, command } = connection
  const applier = createOperationApplier(connection, aggregates)

  const cursorStatement = query('SELECT history_cursor AS seq FROM project', z.object({ seq: z.int() }))
  const moveCursor = command('UPDATE project SET history_cursor = @seq')
  const headerStatement = query(`SELECT ${headerColumns} FROM history_entry WHERE seq = @seq`, headerRow)
  const knownStatement = query('SELECT seq FROM history_entry WHERE id = @id', z.object({ seq: z.int() }))
  const operationsStatement = query(
    'SELECT operations FROM history_entry WHERE seq = @seq',
    z.object({ operations: sqlBytes }),
  )
  const insertStatement = command(`
    INSERT INTO history_entry (seq, id, schema_version, base_revision, created_at, label_key, label_params, image_ids, operations)
    VALUES (@seq, @id, ${historySchemaVersion}, @baseRevision, @createdAt, @labelKey, @labelParams, @imageIds, @operations)`)
  const touchStatement = command(
    'INSERT INTO history_touch (annotation_id, seq) VALUES (@annotationId, @seq) ON CONFLICT DO NOTHING',
  )
  const dropStatement = command('DELETE FROM history_entry WHERE seq > @seq')

  let warnedSeq = -1

  function cursor(): number {
    const row = cursorStatement.get()
    if (row === undefined) throw new Error('The project row is missing')
    return row.seq
  }

  /** The entry at `seq`, or null when there is none or this program does not know its form. */
  function header(seq: number): HistoryHeader | null {
    const row = headerStatement.get({ seq })
    if (row === undefined) return null
    const { seq: _seq, schemaVersion, ...known } = row
    if (schemaVersion <= historySchemaVersion) return known
    if (warnedSeq !== seq) {
      warnedSeq = seq
      connection.log(
        `History entry ${seq} has the form ${schemaVersion}, this program knows ${historySchemaVersion}: the history ends there.`,
      )
    }
    return null
  }

  function state(): HistoryState {
    const seq = cursor()
    return { revision: changes.revision(), undo: header(seq), redo: header(seq + 1) }
  }

  function dropRedo(): void {
    const seq = cursor()
    if (dropStatement.run({ seq }) === 0) return
    applier.dropParkedAfter(seq)
    aggregates.batches.dropCreatedAfter(seq)
  }

  /** Applies a stored entry in one direction and moves the cursor, in one transaction. */
  function step(direction: 'undo' | 'redo'): { state: HistoryState; entry: HistoryHeader | null } {
    const entry = changes.write((change) => {
      const at = cursor()
      const seq = direction === 'undo' ? at : at + 1
      const found = header(seq)
      if (found === null) return null
      const stored = operationsStatement.get({ seq })
      if (stored === undefined) throw new Error(`History entry ${seq} has no operations`)
      const forward = decodeOperations(stored.operations)
      for (const operation of direction === 'undo' ? invertOperations(forward) : forward) {
        applier.apply(operation, { change, seq })
      }
      moveCursor.run({ seq: direction === 'undo' ? seq - 1 : seq })
      change.mark()
      return found
    })
    return { state: state(), entry }
  }

  return {
    commit: (entry: HistoryEntry) => {
      changes.write((change) => {
        if (knownStatement.get({ id: entry.id }) !== undefined) return
        if (entry.operations.length === 0) {
          throw new AppError('InvalidInput', 'changeEmpty', 'A history entry without a change cannot be stored.')
        }
        const operations = entry.operations.map(normaliseOperation)
        dropRedo()
        const seq = cursor() + 1
        for (const operation of operations) applier.apply(operation, { change, seq })
        applier.checkPolygons(operations)
        insertStatement.run({
          seq,
          id: entry.id,
          baseRevision: change.revision - 1,
          createdAt: new Date().toISOString(),
          labelKey: entry.labelKey,
          labelParams: JSON.stringify(entry.labelParams),
          imageIds: JSON.stringify(entry.imageIds),
          operations: encodeOperations(operations),
        })
        for (const annotationId of annotationsOf(operations)) touchStatement.run({ annotationId, seq })
        moveCursor.run({ seq })
        change.mark()
      })
      return state()
    },
    undo: () => step('undo'),
    redo: () => step('redo'),
    state,
    dropRedo,
    cursor,
  }
}

/** Annotations whose rows the operations need to be there when they are taken back or done again. */
function annotationsOf(operations: readonly Operation[]): ReadonlySet<string> {
  const ids = new Set<string>()
  for (const operation of operations) {
    if (operation.kind === 'mask') ids.add(operation.annotationId)
    else if (operation.kind === 'annotation' || operation.kind === 'support') {
      for (const record of [operation.before, operation.after]) {
        if (record !== null) ids.add('id' in record ? record.id : record.annotationId)
      }
    }
  }
  return ids
}

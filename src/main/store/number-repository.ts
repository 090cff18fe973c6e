import { z } from '../../shared/zod.ts'
import type { Connection } from './connection.ts'
import { idRow } from './sql-row.ts'
import type { NumberedKind, ProjectStore } from './store-port.ts'

const numberRow = z.object({ number: z.int() })

/** Numbers of records in exported files: given once, never to another record. */
export function createNumberRepository({ query, command, transaction }: Connection): ProjectStore['numbers'] {
  const first = (kind: NumberedKind): string =>
    `(SELECT coalesce(max(number), 0) FROM export_number WHERE kind = '${kind}')`
  const without = (kind: NumberedKind): string =>
    `NOT EXISTS (SELECT 1 FROM export_number WHERE kind = '${kind}' AND record_id = ${kind}.id)`
  const assignStatements = {
    image: command(`
      INSERT INTO export_number (kind, record_id, number)
      SELECT 'image', id, ${first('image')} + row_number() OVER (ORDER BY name_order, number)
      FROM image WHERE visible = 1 AND ${without('image')}`),
    class: command(`
      INSERT INTO export_number (kind, record_id, number)
      SELECT 'class', id, ${first('class')} + row_number() OVER (ORDER BY position, id)
      FROM class WHERE ${without('class')}`),
    annotation: command(`
      INSERT INTO export_number (kind, record_id, number)
      SELECT 'annotation', annotation.id, ${first('annotation')} + row_number() OVER (
        ORDER BY image.name_order, image.number, annotation.created_at, annotation.id)
      FROM annotation JOIN image ON image.id = annotation.image_id
      WHERE annotation.visible = 1 AND annotation.state IN (SELECT value FROM json_each(@states)) AND ${without('annotation')}`),
  }
  const getStatement = query('SELECT number FROM export_number WHERE kind = @kind AND record_id = @recordId', numberRow)
  const holderStatement = query(
    'SELECT record_id AS id FROM export_number WHERE kind = @kind AND number = @number',
    idRow,
  )
  const existsStatements = {
    image: query('SELECT id FROM image WHERE id = @recordId', idRow),
    class: query('SELECT id FROM class WHERE id = @recordId', idRow),
    annotation: query('SELECT id FROM annotation WHERE id = @recordId', idRow),
  }
  const insertStatement = command(
    'INSERT INTO export_number (kind, record_id, number) VALUES (@kind, @recordId, @number)',
  )
  const removeStatement = command('DELETE FROM export_number WHERE kind = @kind AND record_id = @recordId')

  function take(kind: NumberedKind, recordId: string, number: number): boolean {
    const own = getStatement.get({ kind, recordId })
    if (own !== undefined) return own.number === number
    const holder = holderStatement.get({ kind, number })
    if (holder !== undefined) {
      if (existsStatements[kind].get({ recordId: holder.id }) !== undefined) return false
      removeStatement.run({ kind, recordId: holder.id })
    }
    insertStatement.run({ kind, recordId, number })
    return true
  }

  return {
    assign: (states) =>
      transaction(() => {
        assignStatements.image.run()
        assignStatements.class.run()
        assignStatements.annotation.run({ states: JSON.stringify(states) })
      }),
    of: (kind, recordId) => getStatement.get({ kind, recordId })?.number,
    claim: (kind, wanted) =>
      transaction(() => [...wanted].filter(([recordId, number]) => take(kind, recordId, number)).length),
  }
}

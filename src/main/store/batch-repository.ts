import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'
import type { Connection } from './connection.ts'
import { sqlBoolean } from './sql-row.ts'

/** Imports: what one *Add images* brought in, hidden or shown as a whole. */
export interface BatchRepository {
  /** False when there is no such batch. */
  readonly isPresent: (batchId: string) => boolean
  /** Shows or hides every image of the batch. Showing one that does not exist yet creates it. */
  readonly setPresent: (batchId: string, present: boolean, seq: number) => void
  /** Deletes for good the batches created by entries after `seq`: nothing can bring them back. */
  readonly dropCreatedAfter: (seq: number) => void
}

export function createBatchRepository({ query, command }: Connection): BatchRepository {
  const getStatement = query('SELECT present FROM batch WHERE id = @batchId', z.object({ present: sqlBoolean }))
  const insertStatement = command('INSERT INTO batch (id, present, created_seq) VALUES (@batchId, 1, @seq)')
  const updateStatement = command('UPDATE batch SET present = @present WHERE id = @batchId')
  const updateImages = command('UPDATE image SET visible = @present WHERE batch_id = @batchId')
  const updateAnnotations = command(`
    UPDATE annotation SET visible = @present WHERE image_id IN (SELECT id FROM image WHERE batch_id = @batchId)`)
  const clashStatement = query(
    `SELECT mine.name FROM image AS mine WHERE mine.batch_id = @batchId AND (
       EXISTS (SELECT 1 FROM image AS other WHERE other.visible = 1 AND other.batch_id <> @batchId AND other.name = mine.name)
       OR EXISTS (SELECT 1 FROM image AS other
         WHERE other.visible = 1 AND other.batch_id <> @batchId AND other.content_hash = mine.content_hash))
     LIMIT 1`,
    z.object({ name: z.string() }),
  )
  const dropStatement = command('DELETE FROM batch WHERE created_seq > @seq')
  const recountJobs = command(`
    UPDATE job SET (total, done, failed) = (
      SELECT count(*), count(CASE WHEN state = 'done' THEN 1 END), count(CASE WHEN state = 'failed' THEN 1 END)
      FROM job_item WHERE job_id = job.id)`)

  return {
    isPresent: (batchId) => getStatement.get({ batchId })?.present ?? false,
    setPresent: (batchId, present, seq) => {
      if (getStatement.get({ batchId }) === undefined) {
        if (!present) return
        insertStatement.run({ batchId, seq })
        return
      }
      const clash = present ? clashStatement.get({ batchId }) : undefined
      if (clash !== undefined) {
        throw new AppError(
          'Conflict',
          'importClash',
          `The import cannot be shown again: the project now holds another image with the name or content of ${clash.name}.`,
          { params: { name: clash.name } },
        )
      }
      updateStatement.run({ batchId, present })
      updateImages.run({ batchId, present })
      updateAnnotations.run({ batchId, present })
    },
    dropCreatedAfter: (seq) => {
      if (dropStatement.run({ seq }) > 0) recountJobs.run()
    },
  }
}

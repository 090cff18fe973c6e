import { randomUUID } from 'node:crypto'
import { jobStates, problemSchema, segmentSpecSchema } from '../../shared/contract/contract.ts'
import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'
import type { Changes } from './changes.ts'
import type { Connection } from './connection.ts'
import type { HistoryRepository } from './history-repository.ts'
import type { Aggregates } from './operations.ts'
import { sqlBoolean, sqlJson } from './sql-row.ts'
import type { NewProposal, ProjectStore, StoredJob } from './store-port.ts'

const jobColumns = `id, spec, state, created_at AS createdAt, finished_at AS finishedAt, device, reason, total, done, failed`
const jobRow = z.object({
  id: z.string(),
  spec: sqlJson(segmentSpecSchema),
  state: z.enum(jobStates),
  createdAt: z.string(),
  finishedAt: z.string().nullable(),
  device: z.string().nullable(),
  reason: z.string().nullable(),
  total: z.int(),
  done: z.int(),
  failed: z.int(),
})
const itemRow = z.object({ state: z.enum(['pending', 'done', 'failed']) })

/** Jobs and their items. Only `finishItem` changes the document; the rest is no revision. */
export function createJobRepository(
  connection: Connection,
  changes: Changes,
  aggregates: Aggregates,
  history: HistoryRepository,
): ProjectStore['jobs'] {
  const { query, command, transaction } = connection
  const { images, classes, annotations, marks } = aggregates

  const getStatement = query(`SELECT ${jobColumns} FROM job WHERE id = @jobId`, jobRow)
  const listStatement = query(`SELECT ${jobColumns} FROM job ORDER BY number DESC`, jobRow)
  const insertStatement = command(`
    INSERT INTO job (id, spec, state, created_at, total) VALUES (@id, @spec, 'queued', @createdAt, @total)`)
  const insertItem = command('INSERT INTO job_item (job_id, position, image_id) VALUES (@jobId, @position, @imageId)')
  const stateStatement = command(`
    UPDATE job SET state = @state, finished_at = @finishedAt, device = coalesce(@device, device), reason = @reason
    WHERE id = @jobId`)
  // INDEXED BY: without statistics the planner prefers the primary key and walks over everything done already.
  const pendingStatement = query(
    `SELECT image_id AS imageId FROM job_item INDEXED BY job_item_pending WHERE job_id = @jobId AND state = 'pending' ORDER BY position LIMIT @limit`,
    z.object({ imageId: z.string() }),
  )
  const failuresStatement = query(
    `SELECT image.name, coalesce(job_item.reason, '') AS reason FROM job_item INDEXED BY job_item_failed JOIN image ON image.id = job_item.image_id
     WHERE job_item.job_id = @jobId AND job_item.state = 'failed' ORDER BY job_item.position`,
    problemSchema,
  )
  const itemStatement = query('SELECT state FROM job_item WHERE job_id = @jobId AND image_id = @imageId', itemRow)
  const setItem = command(
    'UPDATE job_item SET state = @state, reason = @reason WHERE job_id = @jobId AND image_id = @imageId',
  )
  const countItem = command('UPDATE job SET done = done + @done, failed = failed + @failed WHERE id = @jobId')
  const openProposals = query(
    `SELECT id, class_id AS classId,
       EXISTS (SELECT 1 FROM history_touch WHERE annotation_id = annotation.id AND seq <= @cursor) AS touched,
       EXISTS (SELECT 1 FROM history_touch WHERE annotation_id = annotation.id AND seq > @cursor) AS inRedo
     FROM annotation WHERE image_id = @imageId AND state = 'proposed'
       AND class_id IN (SELECT value FROM json_each(@classIds))`,
    z.object({ id: z.string(), classId: z.string(), touched: sqlBoolean, inRedo: sqlBoolean }),
  )

  function get(jobId: string): StoredJob {
    const row = getStatement.get({ jobId })
    if (row !== undefined) return row
    throw new AppError('NotFound', 'jobNotFound', `There is no job ${jobId} in this project.`, {
      params: { id: jobId },
    })
  }

  function itemState(jobId: string, imageId: string): z.infer<typeof itemRow>['state'] {
    const row = itemStatement.get({ jobId, imageId })
    if (row !== undefined) return row.state
    get(jobId)
    throw new AppError('NotFound', 'jobItemNotFound', `The job ${jobId} has no image ${imageId}.`, {
      params: { id: jobId, image: imageId },
    })
  }

  /** Marks the item and keeps the job's counters in step. Within a transaction. */
  function settle(jobId: string, imageId: string, state: 'done' | 'failed', reason: string | null): void {
    const before = itemState(jobId, imageId)
    setItem.run({ jobId, imageId, state, reason })
    countItem.run({
      jobId,
      done: Number(state === 'done') - Number(before === 'done'),
      failed: Number(state === 'failed') - Number(before === 'failed'),
    })
  }

  function checkProposal({ core }: NewProposal, imageId: string, classIds: readonly string[]): void {
    if (
      core.imageId === imageId &&
      core.state === 'proposed' &&
      core.kind === 'mask' &&
      classIds.includes(core.classId)
    )
      return
    throw new AppError(
      'InvalidInput',
      'proposalInvalid',
      `The proposal ${core.id} does not belong to image ${imageId} and the classes of its job.`,
      { params: { id: core.id, image: imageId } },
    )
  }

  return {
    create: (spec, imageIds) => {
      const id = randomUUID()
      return transaction(() => {
        const unique = [...new Set(imageIds)]
        insertStatement.run({
          id,
          spec: JSON.stringify(spec),
          createdAt: new Date().toISOString(),
          total: unique.length,
        })
        unique.forEach((imageId, position) => {
          images.requireVisible(imageId)
          insertItem.run({ jobId: id, position, imageId })
        })
        return get(id)
      })
    },
    get,
    list: () => listStatement.all(),
    setState: (jobId, state, details = {}) =>
      transaction(() => {
        get(jobId)
        const finished = state === 'done' || state === 'cancelled' || state === 'failed'
        stateStatement.run({
          jobId,
          state,
          finishedAt: finished ? new Date().toISOString() : null,
          device: details.device ?? null,
          reason: details.reason ?? null,
        })
        return get(jobId)
      }),
    pending: (jobId, limit) => {
      get(jobId)
      return pendingStatement.all({ jobId, limit }).map((row) => row.imageId)
    },
    finishItem: (jobId, imageId, classIds, proposals) =>
      changes.write((change) => {
        if (itemState(jobId, imageId) === 'done') return false
        images.requireVisible(imageId)
        for (const proposal of proposals) checkProposal(proposal, imageId, classIds)

        // [Note: proposals and history] A proposal that an applied entry speaks of is a person's work and
        // must be there when the entry is taken back; one that only undone entries speak of may go, and they with it.
        const open = openProposals.all({ imageId, classIds: JSON.stringify(classIds), cursor: history.cursor() })
        const replaced = open.filter((proposal) => !proposal.touched)
        if (replaced.some((proposal) => proposal.inRedo)) history.dropRedo()
        for (const { id } of replaced) annotations.remove(id)

        const kept = new Set(open.filter((proposal) => proposal.touched).map((proposal) => proposal.classId))
        const wanted = proposals.filter(({ core: { classId } }) => {
          const record = classes.find(classId)
          if (record === undefined || marks.hasVerdict(imageId, classId)) return false
          return (
            record.split === 'instances' || !(kept.has(classId) || annotations.hasAcceptedOfClass(imageId, classId))
          )
        })
        for (const { core, tiles } of wanted) {
          if (annotations.find(core.id) !== undefined) {
            throw new AppError('Conflict', 'proposalExists', `The annotation ${core.id} exists already.`, {
              params: { id: core.id },
            })
          }
          annotations.insert(core, change.revision)
          annotations.flip(core.id, tiles, change.revision)
        }
        settle(jobId, imageId, 'done', null)
        if (replaced.length + wanted.length > 0) change.touch(imageId)
        return true
      }),
    failItem: (jobId, imageId, reason) =>
      transaction(() => {
        if (itemState(jobId, imageId) !== 'done') settle(jobId, imageId, 'failed', reason)
      }),
    failures: (jobId) => {
      get(jobId)
      return failuresStatement.all({ jobId })
    },
  }
}

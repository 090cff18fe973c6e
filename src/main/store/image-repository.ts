import { isAbsolute, resolve } from 'node:path'
import { imageSummarySchema } from '../../shared/contract/contract.ts'
import type { ImageFilter, ImageSort } from '../../shared/contract/contract.ts'
import { imageRecordSchema, imageStatuses } from '../../shared/domain/records.ts'
import type { ImageRecord, ImageStatus } from '../../shared/domain/records.ts'
import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'
import type { Changes } from './changes.ts'
import type { Connection, Query } from './connection.ts'
import { countRow, idRow, sqlBoolean } from './sql-row.ts'
import type { NewImage, ProjectStore } from './store-port.ts'

const recordColumns = `id, content_hash AS contentHash, name, width, height, orientation, format, batch_id AS batchId,
  reviewed, problem, added_at AS addedAt`
const summaryColumns = `${recordColumns}, status, annotation_count AS annotationCount, proposed_count AS proposedCount,
  lowest_score AS lowestScore, overlay_revision AS overlayRevision`

const recordRow = imageRecordSchema.extend({ reviewed: sqlBoolean })
const summaryRow = imageSummarySchema.extend({ reviewed: sqlBoolean })
const statusRow = z.object({ status: z.enum(imageStatuses), count: z.int() })

/** Sort keys of the lists, each with the index made for it. The last key makes the order total. */
const sortKeys: Readonly<Record<ImageSort, readonly string[]>> = {
  name: ['name_order', 'number'],
  worstFirst: ['worst_order', 'name_order', 'number'],
  added: ['number'],
}

const positionRow = z.object({ name_order: z.string(), worst_order: z.number(), number: z.int() })

const pageSize = 500

export type ImageRepository = ProjectStore['images'] & {
  /** Throws `NotFound` when there is no such image or its batch is hidden. */
  readonly requireVisible: (imageId: string) => void
  readonly isReviewed: (imageId: string) => boolean
  readonly setReviewed: (imageId: string, reviewed: boolean) => void
}

/** `img2` before `img10`: digits are compared as numbers, letters without case. */
export function nameOrder(name: string): string {
  return name.toLowerCase().replace(/\d+/g, (digits) => {
    const significant = digits.replace(/^0+(?=\d)/, '')
    return String(significant.length).padStart(3, '0') + significant
  })
}

export function createImageRepository(connection: Connection, changes: Changes): ImageRepository {
  const { query, command } = connection

  const getStatement = query(`SELECT ${recordColumns} FROM image WHERE id = @imageId AND visible = 1`, recordRow)
  const byNameStatement = query(`SELECT ${recordColumns} FROM image WHERE name = @name AND visible = 1`, recordRow)
  const byContentStatement = query(
    `SELECT ${recordColumns} FROM image WHERE content_hash = @contentHash AND visible = 1`,
    recordRow,
  )
  const pathStatement = query(
    'SELECT path FROM image WHERE id = @imageId AND visible = 1',
    z.object({ path: z.string() }),
  )
  const statusStatement = query(
    'SELECT status FROM image WHERE id = @imageId AND visible = 1',
    z.object({ status: z.enum(imageStatuses) }),
  )
  const positionStatement = query(
    'SELECT name_order, worst_order, number FROM image WHERE id = @imageId AND visible = 1',
    positionRow,
  )
  const countsStatement = query(
    'SELECT status, count(*) AS count FROM image WHERE visible = 1 GROUP BY status',
    statusRow,
  )
  const batchStatement = query('SELECT present FROM batch WHERE id = @batchId', z.object({ present: sqlBoolean }))
  // OR IGNORE would also swallow a broken CHECK; this skips the two kinds of duplicate only.
  const duplicateStatement = query(
    `SELECT id FROM image WHERE visible = 1 AND name = @name
     UNION ALL SELECT id FROM image WHERE visible = 1 AND content_hash = @contentHash
     UNION ALL SELECT id FROM image WHERE batch_id = @batchId AND name = @name
     UNION ALL SELECT id FROM image WHERE batch_id = @batchId AND content_hash = @contentHash
     UNION ALL SELECT id FROM image WHERE id = @id
     LIMIT 1`,
    idRow,
  )
  const insertStatement = command(`
    INSERT INTO image (id, batch_id, visible, content_hash, name, name_order, name_folded, path, width, height,
      orientation, format, added_at, overlay_revision)
    VALUES (@id, @batchId, @visible, @contentHash, @name, @nameOrder, @nameFolded, @path, @width, @height,
      @orientation, @format, @addedAt, @revision)`)
  const problemStatement = command('UPDATE image SET problem = @problem WHERE id = @imageId')
  const relocateStatement = command('UPDATE image SET path = @path, problem = NULL WHERE id = @imageId')
  const reviewedStatement = command('UPDATE image SET reviewed = @reviewed WHERE id = @imageId')
  const iterateStatement = query(
    `SELECT ${recordColumns}, name_order AS nameOrder, number FROM image
     WHERE visible = 1 AND (name_order, number) > (@nameOrder, @number)
     ORDER BY name_order, number LIMIT ${pageSize}`,
    recordRow.extend({ nameOrder: z.string(), number: z.int() }),
  )
  const jobStatements = {
    all: query('SELECT id FROM image WHERE visible = 1 AND problem IS NULL ORDER BY name_order, number', idRow),
    unreviewed: query(
      'SELECT id FROM image WHERE visible = 1 AND problem IS NULL AND reviewed = 0 ORDER BY name_order, number',
      idRow,
    ),
    proposals: query(
      `SELECT id FROM image WHERE visible = 1 AND problem IS NULL AND id IN (
         SELECT image_id FROM annotation WHERE visible = 1 AND state = 'proposed'
           AND class_id IN (SELECT value FROM json_each(@classIds)))
       ORDER BY name_order, number`,
      idRow,
    ),
  }

  // Lists have as many shapes as there are filters; each shape is prepared when it is first asked for.
  const listQueries = new Map<string, unknown>()
  function cached<T extends z.ZodType>(sql: string, row: T): Query<z.infer<T>> {
    const known = listQueries.get(sql)
    // The SQL text fixes the columns, and with them the row's schema.
    if (known !== undefined) return known as Query<z.infer<T>>
    const made = query(sql, row)
    listQueries.set(sql, made)
    return made
  }

  function found<T>(row: T | undefined, imageId: string): T {
    if (row !== undefined) return row
    throw new AppError('NotFound', 'imageNotFound', `There is no image ${imageId} in this project.`, {
      params: { id: imageId },
    })
  }

  function insertOne({ record, path }: NewImage, revision: number, addedAt: string): boolean {
    const batch = batchStatement.get({ batchId: record.batchId })
    if (batch === undefined) {
      throw new AppError('NotFound', 'batchNotFound', `There is no import ${record.batchId} in this project.`, {
        params: { id: record.batchId },
      })
    }
    if (duplicateStatement.get({ ...record }) !== undefined) return false
    insertStatement.run({
      ...record,
      path,
      visible: batch.present,
      nameOrder: nameOrder(record.name),
      nameFolded: record.name.toLowerCase(),
      addedAt,
      revision,
    })
    return true
  }

  function* iterate(): Generator<ImageRecord, undefined> {
    let nameKey = ''
    let number = 0
    for (;;) {
      const rows = iterateStatement.all({ nameOrder: nameKey, number })
      for (const { nameOrder: rowKey, number: rowNumber, ...record } of rows) {
        nameKey = rowKey
        number = rowNumber
        yield record
      }
      if (rows.length < pageSize) return
    }
  }

  return {
    insert: (images) => {
      const addedAt = new Date().toISOString()
      return changes.write((change) => {
        let added = 0
        for (const image of images) {
          if (!insertOne(image, change.revision, addedAt)) continue
          added++
          change.touch(image.record.id)
        }
        return added
      })
    },
    get: (imageId) => found(getStatement.get({ imageId }), imageId),
    byName: (name) => byNameStatement.get({ name }),
    byContentHash: (contentHash) => byContentStatement.get({ contentHash }),
    path: (imageId) => {
      const { path } = found(pathStatement.get({ imageId }), imageId)
      return isAbsolute(path) ? path : resolve(connection.folder, path)
    },
    list: ({ filter, sort, offset, limit }) => {
      const { where, parameters } = listCondition(filter)
      const count = cached(`SELECT count(*) AS count FROM image WHERE ${where}`, countRow)
      const page = cached(
        `SELECT ${summaryColumns} FROM image WHERE ${where} ORDER BY ${sortKeys[sort].join(', ')} LIMIT @limit OFFSET @offset`,
        summaryRow,
      )
      return {
        total: count.get(parameters)?.count ?? 0,
        items: page.all({ ...parameters, limit, offset }),
      }
    },
    neighbour: ({ imageId, direction, filter, sort }) => {
      const position = found(positionStatement.get({ imageId }), imageId)
      const { where, parameters } = listCondition(filter)
      const keys = sortKeys[sort]
      const order = keys.map((key) => (direction === 1 ? key : `${key} DESC`)).join(', ')
      const next = cached(
        `SELECT id FROM image WHERE ${where}
           AND (${keys.join(', ')}) ${direction === 1 ? '>' : '<'} (${keys.map((key) => `@${key}`).join(', ')})
         ORDER BY ${order} LIMIT 1`,
        idRow,
      )
      return next.get({ ...parameters, ...position })?.id ?? null
    },
    status: (imageId) => found(statusStatement.get({ imageId }), imageId).status,
    counts: () => {
      const counts: Record<ImageStatus, number> = {
        unlabelled: 0,
        proposals: 0,
        labelled: 0,
        reviewed: 0,
        reviewedEmpty: 0,
        setAside: 0,
      }
      for (const { status, count } of countsStatement.all()) counts[status] = count
      return counts
    },
    idsForJob: (scope, classIds) => {
      const parameters = scope === 'proposals' ? { classIds: JSON.stringify(classIds) } : {}
      return jobStatements[scope].all(parameters).map((row) => row.id)
    },
    iterate,
    relocate: (imageId, path) =>
      changes.write((change) => {
        relocateStatement.run({ imageId: found(getStatement.get({ imageId }), imageId).id, path })
        change.touch(imageId)
      }),
    setProblem: (imageId, problem) =>
      changes.write((change) => {
        if (found(getStatement.get({ imageId }), imageId).problem === problem) return
        problemStatement.run({ imageId, problem })
        change.touch(imageId)
      }),
    requireVisible: (imageId) => void found(statusStatement.get({ imageId }), imageId),
    isReviewed: (imageId) => found(getStatement.get({ imageId }), imageId).reviewed,
    setReviewed: (imageId, reviewed) => void reviewedStatement.run({ imageId, reviewed }),
  }
}

/** The WHERE clause of a filter and its parameters. */
function listCondition(filter: ImageFilter): { where: string; parameters: Record<string, string> } {
  const conditions = ['visible = 1']
  const parameters: Record<string, string> = {}
  const [status, ...more] = filter.statuses ?? []
  if (status !== undefined && more.length === 0) {
    // One status is what the gallery asks for most: an index holds each status in order.
    conditions.push('status = @status')
    parameters['status'] = status
  } else if (filter.statuses !== undefined) {
    conditions.push('status IN (SELECT value FROM json_each(@statuses))')
    parameters['statuses'] = JSON.stringify(filter.statuses)
  }
  if (filter.classId !== undefined) {
    conditions.push('id IN (SELECT image_id FROM annotation WHERE visible = 1 AND class_id = @classId)')
    parameters['classId'] = filter.classId
  }
  if (filter.proposedClassId !== undefined) {
    conditions.push(`id IN (SELECT image_id FROM annotation
      WHERE visible = 1 AND class_id = @proposedClassId AND state = 'proposed')`)
    parameters['proposedClassId'] = filter.proposedClassId
  }
  if (filter.text !== undefined && filter.text !== '') {
    conditions.push('instr(name_folded, @text) > 0')
    parameters['text'] = filter.text.toLowerCase()
  }
  return { where: conditions.join(' AND '), parameters }
}

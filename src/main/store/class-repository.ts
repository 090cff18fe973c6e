import { classSummarySchema, classUsageSchema } from '../../shared/contract/contract.ts'
import { foldedClassName } from '../../shared/domain/class-names.ts'
import { classRecordSchema } from '../../shared/domain/records.ts'
import type { ClassRecord } from '../../shared/domain/records.ts'
import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'
import type { Connection } from './connection.ts'
import { idRow } from './sql-row.ts'
import type { ProjectStore } from './store-port.ts'

const recordColumns = 'id, name, colour, key, parent_id AS parentId, split, position'

export type ClassRepository = ProjectStore['classes'] & {
  readonly find: (classId: string) => ClassRecord | undefined
  readonly insert: (record: ClassRecord) => void
  readonly update: (record: ClassRecord) => void
  /**
   * Throws `InvalidInput` while an annotation, an example, a verdict, a child or a current version still
   * belongs to the class: the entry that deletes it must list them, or undoing it could not bring them back.
   * Prototype versions are no obstacle: they are immutable and outlive the class.
   */
  readonly remove: (classId: string) => void
  readonly currentVersion: (classId: string) => string | null
  readonly setCurrentVersion: (classId: string, versionId: string | null) => void
}

export function createClassRepository({ query, command }: Connection): ClassRepository {
  const getStatement = query(`SELECT ${recordColumns} FROM class WHERE id = @classId`, classRecordSchema)
  const byNameStatement = query(`SELECT ${recordColumns} FROM class WHERE name_folded = @folded`, classRecordSchema)
  const listStatement = query(
    `SELECT ${recordColumns}, current_version_id AS currentVersionId,
       (SELECT number FROM version WHERE id = current_version_id) AS currentVersionNumber,
       (SELECT count(*) FROM support JOIN annotation ON annotation.id = support.annotation_id
         WHERE support.class_id = class.id AND role = 'example' AND annotation.visible = 1) AS examples,
       (SELECT count(*) FROM annotation WHERE visible = 1 AND class_id = class.id AND state = 'proposed') AS proposed,
       (SELECT count(*) FROM annotation WHERE visible = 1 AND class_id = class.id AND state = 'accepted') AS accepted,
       (SELECT count(*) FROM annotation WHERE visible = 1 AND class_id = class.id AND state = 'accepted'
         AND origin = 'corrected' AND kind = 'mask'
         AND NOT EXISTS (SELECT 1 FROM support WHERE annotation_id = annotation.id)) AS unlearned
     FROM class ORDER BY position, name_folded`,
    // Which model is in use is not the store's to know.
    classSummarySchema.omit({ learnAgain: true }),
  )
  const usageStatement = query(
    `SELECT id AS classId,
       (SELECT count(DISTINCT image_id) FROM annotation WHERE visible = 1 AND class_id = class.id) AS images,
       (SELECT count(*) FROM annotation WHERE visible = 1 AND class_id = class.id AND state = 'accepted') AS accepted,
       (SELECT count(*) FROM annotation WHERE visible = 1 AND class_id = class.id AND state = 'proposed') AS proposed,
       (SELECT count(*) FROM support JOIN annotation ON annotation.id = support.annotation_id
         WHERE support.class_id = class.id AND annotation.visible = 1) AS examples,
       (SELECT count(*) FROM verdict JOIN image ON image.id = image_id
         WHERE class_id = class.id AND visible = 1) AS verdicts,
       (SELECT count(*) FROM version WHERE class_id = class.id) AS versions
     FROM class ORDER BY position, name_folded`,
    classUsageSchema,
  )
  const insertStatement = command(`
    INSERT INTO class (id, name, name_folded, colour, key, parent_id, split, position)
    VALUES (@id, @name, @folded, @colour, @key, @parentId, @split, @position)`)
  const updateStatement = command(`
    UPDATE class SET name = @name, name_folded = @folded, colour = @colour, key = @key, parent_id = @parentId,
      split = @split, position = @position WHERE id = @id`)
  const deleteStatement = command('DELETE FROM class WHERE id = @classId')
  const usesStatement = query(
    `SELECT (SELECT count(*) FROM annotation WHERE class_id = @classId) AS annotations,
       (SELECT count(*) FROM verdict WHERE class_id = @classId) AS verdicts,
       (SELECT count(*) FROM class WHERE parent_id = @classId) AS children,
       (SELECT count(*) FROM class WHERE id = @classId AND current_version_id IS NOT NULL) AS learnt`,
    z.object({ annotations: z.int(), verdicts: z.int(), children: z.int(), learnt: z.int() }),
  )
  const ancestorStatement = query(
    `WITH RECURSIVE ancestor (id) AS (
       SELECT @parentId UNION SELECT class.parent_id FROM class JOIN ancestor ON class.id = ancestor.id
       WHERE class.parent_id IS NOT NULL)
     SELECT id FROM ancestor WHERE id = @id`,
    idRow,
  )
  const currentStatement = query(
    'SELECT current_version_id AS versionId FROM class WHERE id = @classId',
    z.object({ versionId: z.string().nullable() }),
  )
  const setCurrentStatement = command('UPDATE class SET current_version_id = @versionId WHERE id = @classId')

  function found<T>(row: T | undefined, classId: string): T {
    if (row !== undefined) return row
    throw new AppError('NotFound', 'classNotFound', `There is no class ${classId} in this project.`, {
      params: { id: classId },
    })
  }

  function check(record: ClassRecord): void {
    const sameName = byNameStatement.get({ folded: foldedClassName(record.name) })
    if (sameName !== undefined && sameName.id !== record.id) {
      throw new AppError(
        'InvalidInput',
        'classNameTaken',
        `There is a class named "${sameName.name}" already; choose another name.`,
        { params: { name: sameName.name } },
      )
    }
    if (record.parentId === null) return
    found(getStatement.get({ classId: record.parentId }), record.parentId)
    if (ancestorStatement.get({ id: record.id, parentId: record.parentId }) !== undefined) {
      throw new AppError('InvalidInput', 'classCycle', `The class "${record.name}" cannot be its own ancestor.`, {
        params: { name: record.name },
      })
    }
  }

  return {
    list: () => listStatement.all(),
    usage: () => usageStatement.all(),
    get: (classId) => found(getStatement.get({ classId }), classId),
    find: (classId) => getStatement.get({ classId }),
    byName: (name) => byNameStatement.get({ folded: foldedClassName(name) }),
    insert: (record) => {
      check(record)
      insertStatement.run({ ...record, folded: foldedClassName(record.name) })
    },
    update: (record) => {
      check(record)
      updateStatement.run({ ...record, folded: foldedClassName(record.name) })
    },
    remove: (classId) => {
      const { name } = found(getStatement.get({ classId }), classId)
      const uses = usesStatement.get({ classId })
      const left = Object.entries(uses ?? {}).filter(([, count]) => count > 0)
      if (left.length > 0) {
        throw new AppError(
          'InvalidInput',
          'classInUse',
          `The class "${name}" cannot be deleted alone: it still has ${left.map(([what, count]) => `${what}: ${count}`).join(', ')}.`,
          { params: { name } },
        )
      }
      deleteStatement.run({ classId })
    },
    currentVersion: (classId) => found(currentStatement.get({ classId }), classId).versionId,
    setCurrentVersion: (classId, versionId) => void setCurrentStatement.run({ classId, versionId }),
  }
}

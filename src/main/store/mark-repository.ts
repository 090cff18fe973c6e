import { supportRecordSchema, verdictRecordSchema } from '../../shared/domain/records.ts'
import type { SupportRecord } from '../../shared/domain/records.ts'
import type { Connection } from './connection.ts'
import type { ProjectStore } from './store-port.ts'

/** What a person said about annotations and images: supports (examples, held-out ones) and "not here" verdicts. */
export interface MarkRepository {
  readonly supports: ProjectStore['supports']
  readonly verdicts: ProjectStore['verdicts']
  readonly findSupport: (annotationId: string) => SupportRecord | undefined
  readonly insertSupport: (record: SupportRecord) => void
  readonly updateSupport: (record: SupportRecord) => void
  readonly removeSupport: (annotationId: string) => void
  readonly hasVerdict: (imageId: string, classId: string) => boolean
  readonly setVerdict: (imageId: string, classId: string, notHere: boolean) => void
}

const supportColumns = `support.annotation_id AS annotationId, support.class_id AS classId, support.image_id AS imageId,
  support.role, support.added_at AS addedAt`

export function createMarkRepository({ query, command }: Connection): MarkRepository {
  const findStatement = query(
    `SELECT ${supportColumns} FROM support WHERE annotation_id = @annotationId`,
    supportRecordSchema,
  )
  const ofClassStatement = query(
    `SELECT ${supportColumns} FROM support JOIN annotation ON annotation.id = support.annotation_id
     WHERE support.class_id = @classId AND annotation.visible = 1 ORDER BY support.added_at, support.annotation_id`,
    supportRecordSchema,
  )
  const ofImageStatement = query(
    `SELECT ${supportColumns} FROM support JOIN annotation ON annotation.id = support.annotation_id
     WHERE support.image_id = @imageId AND annotation.visible = 1 ORDER BY support.added_at, support.annotation_id`,
    supportRecordSchema,
  )
  const insertStatement = command(`
    INSERT INTO support (annotation_id, class_id, image_id, role, added_at)
    VALUES (@annotationId, @classId, @imageId, @role, @addedAt)`)
  const updateStatement = command(
    'UPDATE support SET role = @role, added_at = @addedAt WHERE annotation_id = @annotationId',
  )
  const removeStatement = command('DELETE FROM support WHERE annotation_id = @annotationId')
  const verdictsStatement = query(
    `SELECT image_id AS imageId, class_id AS classId FROM verdict WHERE image_id = @imageId
       AND EXISTS (SELECT 1 FROM image WHERE id = @imageId AND visible = 1) ORDER BY class_id`,
    verdictRecordSchema,
  )
  const verdictsOfClassStatement = query(
    `SELECT image_id AS imageId, class_id AS classId FROM verdict JOIN image ON image.id = image_id
     WHERE class_id = @classId AND visible = 1 ORDER BY image_id`,
    verdictRecordSchema,
  )
  const verdictStatement = query(
    'SELECT image_id AS imageId, class_id AS classId FROM verdict WHERE image_id = @imageId AND class_id = @classId',
    verdictRecordSchema,
  )
  const insertVerdict = command('INSERT INTO verdict (image_id, class_id) VALUES (@imageId, @classId)')
  const removeVerdict = command('DELETE FROM verdict WHERE image_id = @imageId AND class_id = @classId')

  return {
    supports: {
      ofClass: (classId) => ofClassStatement.all({ classId }),
      ofImage: (imageId) => ofImageStatement.all({ imageId }),
    },
    verdicts: {
      ofImage: (imageId) => verdictsStatement.all({ imageId }),
      ofClass: (classId) => verdictsOfClassStatement.all({ classId }),
    },
    findSupport: (annotationId) => findStatement.get({ annotationId }),
    insertSupport: (record) => void insertStatement.run({ ...record }),
    updateSupport: (record) => void updateStatement.run({ ...record }),
    removeSupport: (annotationId) => void removeStatement.run({ annotationId }),
    hasVerdict: (imageId, classId) => verdictStatement.get({ imageId, classId }) !== undefined,
    setVerdict: (imageId, classId, notHere) => {
      const statement = notHere ? insertVerdict : removeVerdict
      statement.run({ imageId, classId })
    },
  }
}

import { createHash } from 'node:crypto'
import { versionRecordSchema, versionSupportSchema } from '../../shared/domain/records.ts'
import type { VersionRecord } from '../../shared/domain/records.ts'
import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'
import { canonicalJson } from './canonical-json.ts'
import type { Changes } from './changes.ts'
import type { Connection } from './connection.ts'
import { sqlBytes, sqlJson } from './sql-row.ts'
import type { ProjectStore } from './store-port.ts'

const columns = `id, class_id AS classId, number, parent_id AS parentId, created_at AS createdAt, predictor,
  model_hash AS modelHash, hash, supports, threshold, scores`
const recordRow = versionRecordSchema.extend({
  supports: sqlJson(z.array(versionSupportSchema)),
  scores: sqlJson(z.record(z.string(), z.number())),
})
const fullRow = recordRow.extend({ stateHash: z.string(), supportHashes: sqlJson(z.array(z.string())) })

export type VersionRepository = ProjectStore['versions']

function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex')
}

/** SHA-256 over everything the record says and the hashes of everything it learnt. */
function versionHash(record: Omit<VersionRecord, 'hash'>, stateHash: string, supportHashes: readonly string[]): string {
  return sha256(canonicalJson({ ...record, stateHash, supportHashes }))
}

/** What the classes have learnt: insert-only rows, their bytes kept once under their SHA-256. */
export function createVersionRepository({ query, command }: Connection, changes: Changes): VersionRepository {
  const getStatement = query(`SELECT ${columns} FROM version WHERE id = @versionId`, recordRow)
  const fullStatement = query(
    `SELECT ${columns}, state_hash AS stateHash, support_hashes AS supportHashes FROM version WHERE id = @versionId`,
    fullRow,
  )
  const ofClassStatement = query(`SELECT ${columns} FROM version WHERE class_id = @classId ORDER BY number`, recordRow)
  const classStatement = query(
    'SELECT name, current_version_id AS versionId FROM class WHERE id = @classId',
    z.object({ name: z.string(), versionId: z.string().nullable() }),
  )
  const nextNumberStatement = query(
    'SELECT coalesce(max(number), 0) + 1 AS number FROM version WHERE class_id = @classId',
    z.object({ number: z.int() }),
  )
  const insertStatement = command(`
    INSERT INTO version (id, class_id, number, parent_id, created_at, predictor, model_hash, hash, supports, threshold,
      scores, state_hash, support_hashes)
    VALUES (@id, @classId, @number, @parentId, @createdAt, @predictor, @modelHash, @hash, @supports, @threshold,
      @scores, @stateHash, @supportHashes)`)
  const putBlobStatement = command(
    'INSERT INTO blob (hash, bytes) VALUES (@hash, @bytes) ON CONFLICT (hash) DO NOTHING',
  )
  const blobStatement = query('SELECT bytes FROM blob WHERE hash = @hash', z.object({ bytes: sqlBytes }))

  function findClass(classId: string) {
    const row = classStatement.get({ classId })
    if (row !== undefined) return row
    throw new AppError('NotFound', 'classNotFound', `There is no class ${classId} in this project.`, {
      params: { id: classId },
    })
  }

  function found<T>(row: T | undefined, versionId: string): T {
    if (row !== undefined) return row
    throw new AppError('NotFound', 'versionNotFound', `There is no prototype version ${versionId} in this project.`, {
      params: { id: versionId },
    })
  }

  function get(versionId: string): VersionRecord {
    return found(getStatement.get({ versionId }), versionId)
  }

  function putBlob(bytes: Uint8Array): string {
    const hash = sha256(bytes)
    putBlobStatement.run({ hash, bytes })
    return hash
  }

  function altered({ classId, number }: VersionRecord): AppError {
    const name = classStatement.get({ classId })?.name ?? classId
    return new AppError(
      'ModelMismatch',
      'versionAltered',
      `What the class "${name}" learnt in version ${number} is damaged or missing in the project database; restore another version or learn again.`,
      { params: { name, number } },
    )
  }

  return {
    add: ({ record, state, supportStates }) =>
      changes.write((change) => {
        const { name } = findClass(record.classId)
        if (record.supports.length !== supportStates.length) {
          throw new AppError(
            'InvalidInput',
            'versionSupports',
            `A version of "${name}" lists ${record.supports.length} supports but holds ${supportStates.length}.`,
            { params: { name } },
          )
        }
        if (getStatement.get({ versionId: record.id }) !== undefined) {
          throw new AppError('Conflict', 'versionExists', `The prototype version ${record.id} exists already.`, {
            params: { id: record.id },
          })
        }
        if (record.parentId !== null && get(record.parentId).classId !== record.classId) {
          throw new AppError(
            'InvalidInput',
            'versionParent',
            `The parent of a version of "${name}" is of another class.`,
            {
              params: { name },
            },
          )
        }
        const stateHash = putBlob(state)
        const supportHashes = supportStates.map(putBlob)
        const number = nextNumberStatement.get({ classId: record.classId })?.number ?? 1
        const { id, classId, parentId, createdAt, predictor, modelHash, supports, threshold, scores } = record
        const unhashed = { id, classId, number, parentId, createdAt, predictor, modelHash, supports, threshold, scores }
        const version = { ...unhashed, hash: versionHash(unhashed, stateHash, supportHashes) }
        insertStatement.run({
          ...version,
          supports: JSON.stringify(supports),
          scores: JSON.stringify(scores),
          stateHash,
          supportHashes: JSON.stringify(supportHashes),
        })
        change.mark()
        return version
      }),
    get,
    ofClass: (classId) => ofClassStatement.all({ classId }),
    current: (classId) => {
      const { versionId } = findClass(classId)
      return versionId === null ? null : get(versionId)
    },
    load: (versionId) => {
      const { stateHash, supportHashes, ...record } = found(fullStatement.get({ versionId }), versionId)
      const { hash, ...unhashed } = record
      if (versionHash(unhashed, stateHash, supportHashes) !== hash) throw altered(record)
      const [state, ...supportStates] = [stateHash, ...supportHashes].map((blobHash) => {
        const bytes = blobStatement.get({ hash: blobHash })?.bytes
        if (bytes === undefined || sha256(bytes) !== blobHash) throw altered(record)
        return bytes
      })
      if (state === undefined) throw altered(record)
      return { record, state, supportStates }
    },
  }
}

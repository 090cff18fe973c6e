import { z } from '../../shared/zod.ts'
import { createAnnotationRepository } from './annotation-repository.ts'
import { createBatchRepository } from './batch-repository.ts'
import { createChanges } from './changes.ts'
import { createClassRepository } from './class-repository.ts'
import type { Connection } from './connection.ts'
import { createHistoryRepository } from './history-repository.ts'
import { createImageRepository } from './image-repository.ts'
import { createJobRepository } from './job-repository.ts'
import { createMarkRepository } from './mark-repository.ts'
import { createNumberRepository } from './number-repository.ts'
import { fromSqliteError } from './sql-errors.ts'
import type { ProjectStore } from './store-port.ts'
import { createVersionRepository } from './version-repository.ts'

const projectRow = z.object({ id: z.string(), name: z.string() })

/** After this long without a change the log file is folded back into the database. */
const idleCheckpointMs = 3000

/** Puts the repositories together on a connection whose schema is up to date. */
export function assembleStore(connection: Connection): ProjectStore {
  const { database } = connection
  const changes = createChanges(connection)
  const marks = createMarkRepository(connection)
  const aggregates = {
    images: createImageRepository(connection, changes),
    batches: createBatchRepository(connection),
    classes: createClassRepository(connection),
    annotations: createAnnotationRepository(connection),
    marks,
    versions: createVersionRepository(connection, changes),
  }
  const history = createHistoryRepository(connection, changes, aggregates)
  const jobs = createJobRepository(connection, changes, aggregates, history)

  const projectStatement = connection.query('SELECT id, name FROM project', projectRow)
  function project(): z.infer<typeof projectRow> {
    const row = projectStatement.get()
    if (row === undefined) throw new Error('The project row is missing')
    return row
  }

  function checkpoint(): void {
    try {
      database.pragma('wal_checkpoint(PASSIVE)')
    } catch (error) {
      // Nothing is lost: the changes stay in the log file until the next checkpoint.
      connection.log(`${connection.folder}: the log file could not be folded in: ${String(error)}`)
    }
  }

  let idleTimer: NodeJS.Timeout | undefined
  const stopTimer = changes.onChange(() => {
    clearTimeout(idleTimer)
    idleTimer = setTimeout(checkpoint, idleCheckpointMs)
    idleTimer.unref()
  })

  return {
    folder: connection.folder,
    projectId: project().id,
    name: () => project().name,
    revision: changes.revision,
    onChange: changes.onChange,
    images: aggregates.images,
    classes: aggregates.classes,
    annotations: aggregates.annotations,
    supports: marks.supports,
    verdicts: marks.verdicts,
    numbers: createNumberRepository(connection),
    history,
    versions: aggregates.versions,
    jobs,
    integrityCheck: () => String(database.pragma('integrity_check(1)', { simple: true })),
    close: () => {
      if (!database.open) return
      stopTimer()
      clearTimeout(idleTimer)
      try {
        database.pragma('optimize')
      } catch (error) {
        throw fromSqliteError(error, connection.folder)
      } finally {
        database.close()
      }
    },
  }
}

import Database from 'better-sqlite3'
import { join } from 'node:path'
import { AppError } from '../../shared/errors.ts'
import { fromSqliteError } from './sql-errors.ts'

/**
 * Keeps two processes from working on one project. The lock is an open exclusive transaction on a
 * file of its own: the operating system drops it when the process ends, however it ends, so
 * `kill -9` leaves nothing stale behind, which a file with a process id in it would.
 */
export function lockProject(folder: string): Disposable {
  const database = beginLock(folder)
  return {
    [Symbol.dispose]: () => {
      database.close()
    },
  }
}

/** Throws `Conflict` while another process holds the lock, `Io` when the folder cannot be written. */
function beginLock(folder: string): Database.Database {
  let database: Database.Database | undefined
  try {
    database = new Database(join(folder, 'project.lock'), { timeout: 0 })
    database.pragma('journal_mode = DELETE')
    database.exec('BEGIN EXCLUSIVE')
    return database
  } catch (cause) {
    database?.close()
    if (!(cause instanceof Database.SqliteError) || !cause.code.startsWith('SQLITE_BUSY')) {
      throw fromSqliteError(cause, folder)
    }
    throw new AppError(
      'Conflict',
      'projectInUse',
      `The project in ${folder} is open in another Exemplar Studio process. Close it there, then try again.`,
      { params: { folder }, cause },
    )
  }
}

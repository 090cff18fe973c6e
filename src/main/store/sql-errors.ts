import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { projectFile } from '../../shared/domain/project-folder.ts'
import { AppError } from '../../shared/errors.ts'

export const backupFolder = 'backups'

/** File names of the backups of a project, newest first. */
export function listBackups(folder: string): string[] {
  try {
    return readdirSync(join(folder, backupFolder))
      .filter((name) => /-v\d+\.db$/.test(name))
      .sort()
      .reverse()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

/** The damaged database, with the way out: the newest backup, or the honest word that there is none. */
export function corruptDatabase(folder: string, problem: string, cause?: unknown): AppError {
  const backups = listBackups(folder)
  const path = join(folder, projectFile)
  const newest = backups[0]
  const wayOut =
    newest === undefined
      ? 'there is no backup in the project folder, so bring the file back from a copy of your own'
      : `close the project, keep a copy of the damaged file and put ${join(folder, backupFolder, newest)} in its place (${backups.length} backups)`
  return new AppError(
    'DbCorrupt',
    'databaseDamaged',
    `The project database ${path} is damaged (${problem}); ${wayOut}.`,
    {
      params: { path, problem, backups: backups.length, newest: newest ?? '' },
      cause,
    },
  )
}

/** What SQLite threw, as the error a person can act on. Anything that is not SQLite's comes back unchanged. */
export function fromSqliteError(error: unknown, folder: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error
  const path = join(folder, projectFile)
  const primary = error.code.split('_', 2).join('_')
  const options = { params: { path, problem: error.message }, cause: error }
  switch (primary) {
    case 'SQLITE_FULL':
      return new AppError(
        'Io',
        'diskFull',
        `The disk is full: ${path} could not grow, nothing was changed; free some space and try again.`,
        options,
      )
    case 'SQLITE_CORRUPT':
    case 'SQLITE_NOTADB':
      return corruptDatabase(folder, error.message, error)
    case 'SQLITE_BUSY':
    case 'SQLITE_LOCKED':
      return new AppError(
        'Io',
        'databaseBusy',
        `The project database ${path} is in use by another program; close that program and try again.`,
        options,
      )
    case 'SQLITE_IOERR':
    case 'SQLITE_READONLY':
    case 'SQLITE_CANTOPEN':
    case 'SQLITE_PERM':
    case 'SQLITE_AUTH':
      return new AppError(
        'Io',
        'databaseUnwritable',
        `The project database ${path} could not be read or written (${error.message}); check the disk and your rights to the folder, then try again.`,
        options,
      )
    default:
      return error
  }
}

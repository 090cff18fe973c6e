import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { projectFile } from '../../shared/domain/project-folder.ts'
import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'
import { applicationId } from './connection.ts'
import { newestVersion } from './migrate.ts'
import type { Migration } from './migrations/migration.ts'
import { corruptDatabase, fromSqliteError } from './sql-errors.ts'

/** What a database file says of itself, read without changing a byte of it. */
export interface Inspection {
  /** It was not closed properly: changes wait in its log file. (Or another program has it open.) */
  readonly uncleanEnd: boolean
}

const headerBytes = 100
const magic = 'SQLite format 3\0'

function hasBytes(path: string): boolean {
  return existsSync(path) && statSync(path).size > 0
}

/**
 * Looks before opening. Throws `NotFound` without a project, `Unsupported` for another program's database,
 * `DbFromFuture` for a newer schema and `DbCorrupt` for what is no database at all.
 */
export function inspect(folder: string, migrations: readonly Migration[]): Inspection {
  const path = join(folder, projectFile)
  if (!existsSync(path)) {
    throw new AppError(
      'NotFound',
      'projectNotFound',
      `${folder} is not a project folder: it holds no ${projectFile}.`,
      {
        params: { path: folder },
      },
    )
  }
  const header = readHeader(path, folder)
  refuseForeign(header.readUInt32BE(68), path)
  refuseNewer(header.readUInt32BE(60), path, migrations)
  const uncleanEnd = hasBytes(`${path}-wal`) || hasBytes(`${path}-journal`)
  // The newest header may still be in the log file; a read-only connection sees it and moves nothing.
  if (uncleanEnd) refuseNewer(readVersion(path, folder), path, migrations)
  return { uncleanEnd }
}

function readHeader(path: string, folder: string): Buffer {
  const header = Buffer.alloc(headerBytes)
  try {
    const file = openSync(path, 'r')
    try {
      if (readSync(file, header, 0, headerBytes, 0) < headerBytes) throw corruptDatabase(folder, 'it is cut short')
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError(
      'Io',
      'databaseUnwritable',
      `The project database ${path} could not be read (${String(error)}).`,
      {
        params: { path, problem: String(error) },
        cause: error,
      },
    )
  }
  if (header.toString('latin1', 0, magic.length) !== magic) throw corruptDatabase(folder, 'it is not a database file')
  return header
}

function readVersion(path: string, folder: string): number {
  try {
    const database = new Database(path, { readonly: true, fileMustExist: true })
    try {
      return Number(database.pragma('user_version', { simple: true }))
    } finally {
      database.close()
    }
  } catch (error) {
    throw fromSqliteError(error, folder)
  }
}

function refuseForeign(found: number, path: string): void {
  if (found === applicationId) return
  throw new AppError(
    'Unsupported',
    'notAProject',
    `${path} is a database of another program; choose a folder with an Exemplar Studio project.`,
    { params: { path } },
  )
}

function refuseNewer(found: number, path: string, migrations: readonly Migration[]): void {
  const known = newestVersion(migrations)
  if (found <= known) return
  throw new AppError(
    'DbFromFuture',
    'databaseFromFuture',
    `${path} was written by a newer Exemplar Studio (schema ${found}, this one knows ${known}); update Exemplar Studio to open it, nothing was changed.`,
    { params: { path, found, known } },
  )
}

const nameRow = z.object({ name: z.string() })

/** The name of the project in a folder, or null when there is none that can be read. Changes nothing. */
export function peekProject(folder: string): { readonly name: string } | null {
  const path = join(folder, projectFile)
  if (!existsSync(path)) return null
  try {
    const database = new Database(path, { readonly: true, fileMustExist: true })
    try {
      if (database.pragma('application_id', { simple: true }) !== applicationId) return null
      return nameRow.parse(database.prepare('SELECT name FROM project').get())
    } finally {
      database.close()
    }
  } catch (error) {
    // Damaged, locked or not a database: opening it will say which; a list only leaves out the name.
    if (error instanceof Database.SqliteError) return null
    throw error
  }
}

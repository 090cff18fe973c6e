import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { projectFile } from '../../shared/domain/project-folder.ts'
import { AppError } from '../../shared/errors.ts'
import { applicationId, connect } from './connection.ts'
import { inspect } from './inspect.ts'
import { assembleStore } from './assemble.ts'
import { migrate } from './migrate.ts'
import { migrations } from './migrations/index.ts'
import { corruptDatabase, fromSqliteError } from './sql-errors.ts'
import type { ProjectStore } from './store-port.ts'

export { peekProject } from './inspect.ts'

export interface StoreOptions {
  /** Notices for the log: slow statements, a refused pragma, a failing listener. Default: stderr. */
  readonly log?: (message: string) => void
}

/**
 * Makes a project in `folder`, which is created when absent. Throws `InvalidInput` when the name is empty
 * or the folder holds a project already, `Io` when the disk refuses. A failure leaves nothing behind.
 */
export function createProject(folder: string, name: string, options: StoreOptions = {}): ProjectStore {
  const absolute = resolve(folder)
  const trimmed = name.trim()
  if (trimmed === '') {
    throw new AppError('InvalidInput', 'projectNameEmpty', 'A project needs a name.')
  }
  if (existsSync(join(absolute, projectFile))) throw projectExists(absolute)
  const firstCreated = makeFolder(absolute)
  try {
    writeDatabase(absolute, trimmed)
    return openProject(absolute, options)
  } catch (error) {
    removeEmptyFolders(absolute, firstCreated)
    throw error
  }
}

/** Throws what `openProject` would throw for a folder without a readable project. Changes nothing. */
export function requireProject(folder: string): void {
  inspect(resolve(folder), migrations)
}

/**
 * Opens the project in `folder`. Throws `NotFound`, `Unsupported` (another program's database),
 * `DbFromFuture`, `DbCorrupt` (naming the backups) or `Io`, each with a sentence that names the file.
 */
export function openProject(folder: string, options: StoreOptions = {}): ProjectStore {
  const absolute = resolve(folder)
  const { uncleanEnd } = inspect(absolute, migrations)
  const connection = connect(absolute, options.log ?? ((message) => console.warn(message)))
  try {
    if (uncleanEnd) {
      const found = quickCheck(connection.database, absolute)
      if (found !== 'ok') throw corruptDatabase(absolute, found)
    }
    migrate(connection, migrations)
    return assembleStore(connection)
  } catch (error) {
    connection.database.close()
    throw fromSqliteError(error, absolute)
  }
}

function quickCheck(database: Database.Database, folder: string): string {
  try {
    return String(database.pragma('quick_check(1)', { simple: true }))
  } catch (error) {
    throw fromSqliteError(error, folder)
  }
}

function projectExists(folder: string): AppError {
  return new AppError(
    'InvalidInput',
    'projectExists',
    `${folder} holds a project already; open it, or choose another folder.`,
    {
      params: { path: folder },
    },
  )
}

/** Returns the topmost folder that had to be made, undefined when all were there. */
function makeFolder(folder: string): string | undefined {
  try {
    return mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new AppError('Io', 'folderNotCreated', `The folder ${folder} could not be made; choose another place.`, {
      params: { path: folder },
      cause: error,
    })
  }
}

/** The database is written beside its place and moved there when it is whole. */
function writeDatabase(folder: string, name: string): void {
  const path = join(folder, projectFile)
  const partial = join(folder, `.${projectFile}-${randomUUID()}`)
  try {
    const database = new Database(partial)
    try {
      database.pragma('synchronous = FULL')
      database.pragma(`application_id = ${applicationId}`)
      database
        .transaction(() => {
          for (const { sql, version } of migrations) {
            database.exec(sql)
            database.pragma(`user_version = ${version}`)
          }
          database
            .prepare(
              `INSERT INTO project (singleton, id, name, created_at, revision, history_cursor)
               VALUES (1, @id, @name, @createdAt, 0, 0)`,
            )
            .run({ id: randomUUID(), name, createdAt: new Date().toISOString() })
        })
        .immediate()
    } finally {
      database.close()
    }
    if (existsSync(path)) throw projectExists(folder)
    renameSync(partial, path)
  } catch (error) {
    rmSync(partial, { force: true })
    rmSync(`${partial}-journal`, { force: true })
    throw fromSqliteError(error, folder)
  }
}

/** Takes back what `makeFolder` made, as far as it is empty. */
function removeEmptyFolders(folder: string, firstCreated: string | undefined): void {
  if (firstCreated === undefined || existsSync(join(folder, projectFile))) return
  for (let at = folder; at.length >= firstCreated.length; at = dirname(at)) rmdirSync(at)
}

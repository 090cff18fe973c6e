import { join } from 'node:path'
import Database from 'better-sqlite3'
import { projectFile } from '../../shared/domain/project-folder.ts'
import type { z } from '../../shared/zod.ts'
import { fromSqliteError } from './sql-errors.ts'

type SqlValue = string | number | bigint | boolean | Uint8Array | null
type SqlParameters = Readonly<Record<string, SqlValue>>

/** A prepared SELECT (or `… RETURNING`); every row goes through its schema. */
export interface Query<Row> {
  readonly get: (parameters?: SqlParameters) => Row | undefined
  readonly all: (parameters?: SqlParameters) => Row[]
}

/** A prepared INSERT, UPDATE or DELETE; `run` returns the number of rows changed. */
export interface Command {
  readonly run: (parameters?: SqlParameters) => number
}

/** One open project database. The repositories prepare their statements on it once, when they are made. */
export interface Connection {
  readonly folder: string
  readonly query: <T extends z.ZodType>(sql: string, row: T) => Query<z.infer<T>>
  readonly command: (sql: string) => Command
  /** Runs `action` in one IMMEDIATE transaction: all of it is on disk when this returns, or none. */
  readonly transaction: <T>(action: () => T) => T
  readonly log: (message: string) => void
  /** The SQL of every statement prepared so far. */
  readonly statements: () => readonly string[]
  readonly database: Database.Database
}

export const applicationId = 0x4578_5374
const busyTimeoutMs = 5000
const slowStatementMs = 40

/** Opens the file and sets every pragma, each read back. The schema is not looked at. */
export function connect(folder: string, log: (message: string) => void): Connection {
  const path = join(folder, projectFile)
  try {
    const database = new Database(path, { fileMustExist: true, timeout: busyTimeoutMs })
    try {
      configure(database, path, log)
      return wrap(database, folder, log)
    } catch (error) {
      database.close()
      throw error
    }
  } catch (error) {
    throw fromSqliteError(error, folder)
  }
}

function configure(database: Database.Database, path: string, log: (message: string) => void): void {
  const journal = database.pragma('journal_mode = WAL', { simple: true })
  if (journal !== 'wal') {
    // Network drives have no shared memory. DELETE is slower and as safe.
    setPragma(database, 'journal_mode', 'DELETE', 'delete')
    log(`${path}: write-ahead logging is not possible here (SQLite uses ${String(journal)}); using a rollback journal.`)
  }
  // FULL: one fsync for every gesture. The build's own default for WAL is NORMAL.
  setPragma(database, 'synchronous', 'FULL', 2)
  setPragma(database, 'foreign_keys', 'ON', 1)
  setPragma(database, 'busy_timeout', String(busyTimeoutMs), busyTimeoutMs)
  setPragma(database, 'temp_store', 'MEMORY', 2)
  setPragma(database, 'trusted_schema', 'OFF', 0)
}

/** Sets a pragma and reads it back: SQLite ignores what it does not know or cannot do. */
export function setPragma(database: Database.Database, name: string, value: string, expected: string | number): void {
  database.pragma(`${name} = ${value}`)
  const found = database.pragma(name, { simple: true })
  if (found !== expected) throw new Error(`PRAGMA ${name} is ${String(found)}, not ${expected}`)
}

function wrap(database: Database.Database, folder: string, log: (message: string) => void): Connection {
  const statements: string[] = []

  function guarded<T>(sql: string, action: () => T): T {
    const startedMs = performance.now()
    try {
      return action()
    } catch (error) {
      throw fromSqliteError(error, folder)
    } finally {
      const durationMs = performance.now() - startedMs
      if (durationMs > slowStatementMs)
        log(`Slow statement, ${durationMs.toFixed(0)} ms: ${sql.replaceAll(/\s+/g, ' ')}`)
    }
  }

  function prepare(sql: string): Database.Statement<unknown[], unknown> {
    statements.push(sql)
    return guarded(sql, () => database.prepare(sql))
  }

  return {
    folder,
    log,
    database,
    statements: () => statements,
    query: (sql, row) => {
      const statement = prepare(sql)
      return {
        get: (parameters) => {
          const found = guarded(sql, () => statement.get(...bind(parameters)))
          return found === undefined ? undefined : row.parse(found)
        },
        all: (parameters) => guarded(sql, () => statement.all(...bind(parameters))).map((found) => row.parse(found)),
      }
    },
    command: (sql) => {
      const statement = prepare(sql)
      return { run: (parameters) => guarded(sql, () => statement.run(...bind(parameters))).changes }
    },
    transaction: (action) => {
      try {
        return database.transaction(action).immediate()
      } catch (error) {
        throw fromSqliteError(error, folder)
      }
    },
  }
}

/** SQLite has no booleans. */
function bind(parameters: SqlParameters | undefined): Record<string, Exclude<SqlValue, boolean>>[] {
  if (parameters === undefined) return []
  return [
    Object.fromEntries(
      Object.entries(parameters).map(([name, value]) => [name, typeof value === 'boolean' ? Number(value) : value]),
    ),
  ]
}

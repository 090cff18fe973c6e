import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Connection } from './connection.ts'
import { setPragma } from './connection.ts'
import type { Migration } from './migrations/migration.ts'
import { backupFolder, fromSqliteError, listBackups } from './sql-errors.ts'

const keptBackups = 5

/** `user_version` that a database has after all these steps. */
export function newestVersion(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.version ?? 0
}

/**
 * Brings the schema up to date: every missing step in order, each in one transaction. A database that
 * already has a schema is copied to `backups/` before its first step.
 */
export function migrate(connection: Connection, migrations: readonly Migration[]): void {
  const { database, folder } = connection
  try {
    const from = Number(database.pragma('user_version', { simple: true }))
    const missing = migrations.filter((migration) => migration.version > from)
    if (missing.length === 0) return
    if (from > 0) backUp(connection, from)
    for (const migration of missing) runMigration(connection, migration)
  } catch (error) {
    throw fromSqliteError(error, folder)
  }
}

function runMigration({ database, transaction }: Connection, { version, slug, sql }: Migration): void {
  // Rebuilding a table drops the old one, which must not cascade; the pragma is ignored inside a transaction.
  setPragma(database, 'foreign_keys', 'OFF', 0)
  try {
    transaction(() => {
      database.exec(sql)
      const broken = database.pragma('foreign_key_check')
      if (!Array.isArray(broken) || broken.length > 0) {
        throw new Error(`Migration ${version}-${slug} breaks foreign keys: ${JSON.stringify(broken)}`)
      }
      database.pragma(`user_version = ${version}`)
    })
  } finally {
    setPragma(database, 'foreign_keys', 'ON', 1)
  }
}

/**
 * A whole copy at `backups/<date>-v<from>.db`. `VACUUM INTO` and not `backup()`, because the latter is
 * asynchronous and nothing may happen between copy and migration; it includes what is still in the log file.
 */
function backUp({ database, folder }: Connection, from: number): void {
  const target = join(folder, backupFolder)
  mkdirSync(target, { recursive: true })
  const date = new Date()
    .toISOString()
    .replaceAll(':', '')
    .replace(/\.(\d+)Z$/, '$1Z')
  const path = join(target, `${date}-v${from}.db`)
  const partial = `${path}.partial`
  try {
    database.prepare('VACUUM INTO ?').run(partial)
    const file = openSync(partial, 'r+')
    try {
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(partial, path)
  } finally {
    rmSync(partial, { force: true })
  }
  for (const name of listBackups(folder).slice(keptBackups)) rmSync(join(target, name), { force: true })
}

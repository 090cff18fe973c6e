import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  writeFileSync,
  writeSync,
  closeSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, describe, expect, test } from 'vitest'
import { assembleStore } from './assemble.ts'
import { applicationId, connect } from './connection.ts'
import {
  drawing,
  entryOf,
  fill,
  newAnnotation,
  newClass,
  rectangle,
  removeTemporaryFolders,
  temporaryFolder,
} from './fixtures/sample-project.ts'
import { migrate, newestVersion } from './migrate.ts'
import { migrations } from './migrations/index.ts'
import type { Migration } from './migrations/migration.ts'
import { createProject, openProject, peekProject } from './project-store.ts'

afterAll(removeTemporaryFolders)

const quiet = () => undefined

function fileOf(folder: string): string {
  return join(folder, 'project.db')
}

function fingerprint(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .filter((name) => !name.endsWith('-shm'))
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
      ]),
  )
}

function closedProject(): string {
  const folder = temporaryFolder()
  const store = createProject(folder, 'sample')
  fill(store, 3, ['c'])
  store.close()
  return folder
}

/** A copy of a project as a killed process leaves it: the log file not folded in. */
function killedProject(change: (database: Database.Database) => void): string {
  const database = new Database(fileOf(closedProject()))
  database.pragma('journal_mode = WAL')
  change(database)
  const folder = temporaryFolder()
  for (const suffix of ['', '-wal']) copyFileSync(`${database.name}${suffix}`, `${fileOf(folder)}${suffix}`)
  database.close()
  expect(statSync(`${fileOf(folder)}-wal`).size).toBeGreaterThan(0)
  return folder
}

describe('creating', () => {
  test('makes the folder and a named, empty project', () => {
    const folder = join(temporaryFolder(), 'a', 'b')
    const store = createProject(folder, '  Bolts  ')
    expect(store.name()).toBe('Bolts')
    expect(store.revision()).toBe(0)
    expect(store.history.state()).toEqual({ revision: 0, undo: null, redo: null })
    expect(store.images.list({ filter: {}, sort: 'name', offset: 0, limit: 10 })).toEqual({ total: 0, items: [] })
    expect(store.integrityCheck()).toBe('ok')
    const { projectId } = store
    store.close()
    store.close()
    expect(readdirSync(folder)).toEqual(['project.db'])
    expect(peekProject(folder)).toEqual({ name: 'Bolts' })
    const reopened = openProject(folder)
    expect(reopened.projectId).toBe(projectId)
    reopened.close()
  })

  test('refuses a folder that holds a project, and leaves that one alone', () => {
    const folder = closedProject()
    const before = fingerprint(folder)
    expect(() => createProject(folder, 'again')).toThrow(
      expect.objectContaining({ code: 'InvalidInput', message: expect.stringContaining(folder) }),
    )
    expect(fingerprint(folder)).toEqual(before)
  })

  test('refuses a name of spaces', () => {
    const folder = join(temporaryFolder(), 'new')
    expect(() => createProject(folder, '  ')).toThrow(expect.objectContaining({ code: 'InvalidInput' }))
    expect(existsSync(folder)).toBe(false)
  })

  test('a failure leaves neither file nor folder', () => {
    const root = temporaryFolder()
    writeFileSync(join(root, 'file'), '')
    expect(() => createProject(join(root, 'file', 'project'), 'x')).toThrow(expect.objectContaining({ code: 'Io' }))
    // Folders can be made at this depth; SQLite's paths end at 512 bytes.
    const deep = join(root, ...Array.from({ length: 6 }, () => 'd'.repeat(100)))
    expect(() => createProject(deep, 'x')).toThrow(
      expect.objectContaining({ code: 'Io', message: expect.stringContaining('project.db') }),
    )
    expect(readdirSync(root)).toEqual(['file'])
  })
})

describe('opening', () => {
  test('says what is missing', () => {
    const folder = temporaryFolder()
    expect(() => openProject(folder)).toThrow(
      expect.objectContaining({
        code: 'NotFound',
        message: `${folder} is not a project folder: it holds no project.db.`,
      }),
    )
    expect(peekProject(folder)).toBeNull()
    expect(readdirSync(folder)).toEqual([])
  })

  test('every pragma is what the design asks for', () => {
    const { database } = connect(closedProject(), quiet)
    const values = ['journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout', 'temp_store', 'trusted_schema'].map(
      (name) => database.pragma(name, { simple: true }),
    )
    expect(values).toEqual(['wal', 2, 1, 5000, 2, 0])
    expect(database.pragma('application_id', { simple: true })).toBe(applicationId)
    expect(database.pragma('user_version', { simple: true })).toBe(newestVersion(migrations))
    database.close()
  })

  test('a newer database is refused and not touched', () => {
    const folder = closedProject()
    const database = new Database(fileOf(folder))
    database.pragma('user_version = 990')
    database.close()
    const before = fingerprint(folder)
    expect(() => openProject(folder)).toThrow(
      expect.objectContaining({ code: 'DbFromFuture', message: expect.stringContaining('schema 990') }),
    )
    expect(fingerprint(folder)).toEqual(before)
  })

  test('a newer database is recognised in its log file, too', () => {
    const folder = killedProject((database) => database.pragma('user_version = 990'))
    const before = fingerprint(folder)
    expect(() => openProject(folder)).toThrow(expect.objectContaining({ code: 'DbFromFuture' }))
    expect(fingerprint(folder)).toEqual(before)
  })

  test('what a killed process had committed is there', () => {
    const folder = killedProject((database) => database.prepare("UPDATE project SET name = 'late'").run())
    const store = openProject(folder)
    expect(store.name()).toBe('late')
    store.close()
    expect(readdirSync(folder)).toEqual(['project.db'])
  })

  test("another program's database is left alone", () => {
    const folder = temporaryFolder()
    const database = new Database(fileOf(folder))
    database.exec('CREATE TABLE other (a)')
    database.close()
    const before = fingerprint(folder)
    expect(() => openProject(folder)).toThrow(expect.objectContaining({ code: 'Unsupported' }))
    expect(peekProject(folder)).toBeNull()
    expect(fingerprint(folder)).toEqual(before)
  })

  test.each([
    ['no database', 'x'.repeat(5000)],
    ['an empty file', ''],
  ])('%s is damaged, with the way out', (_what, content) => {
    const folder = temporaryFolder()
    writeFileSync(fileOf(folder), content)
    expect(() => openProject(folder)).toThrow(
      expect.objectContaining({ code: 'DbCorrupt', message: expect.stringContaining('no backup') }),
    )
    expect(peekProject(folder)).toBeNull()
  })

  test('damage after an unclean end is found, and the newest backup named', () => {
    const folder = killedProject((database) => database.prepare("UPDATE project SET name = 'late'").run())
    const file = openSync(fileOf(folder), 'r+')
    const pageBytes = 4096
    for (let page = 4; page < statSync(fileOf(folder)).size / pageBytes; page += 3) {
      writeSync(file, Buffer.alloc(pageBytes, 0x5a), 0, pageBytes, page * pageBytes)
    }
    closeSync(file)
    mkdirSync(join(folder, 'backups'))
    writeFileSync(join(folder, 'backups', '2026-01-01T000000000Z-v10.db'), '')
    writeFileSync(join(folder, 'backups', '2026-02-01T000000000Z-v10.db'), '')
    expect(() => openProject(folder)).toThrow(
      expect.objectContaining({
        code: 'DbCorrupt',
        params: expect.objectContaining({ backups: 2, newest: '2026-02-01T000000000Z-v10.db' }),
      }),
    )
  })
})

describe('migrations', () => {
  const newest = newestVersion(migrations)
  const addNote: Migration = { version: newest + 10, slug: 'note', sql: 'ALTER TABLE project ADD COLUMN note TEXT' }

  test('rise in tens', () => {
    expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, index) => (index + 1) * 10))
  })

  test('an old database is copied before its first step', () => {
    const folder = closedProject()
    const connection = connect(folder, quiet)
    migrate(connection, [...migrations, addNote])
    expect(connection.database.pragma('user_version', { simple: true })).toBe(newest + 10)
    expect(connection.database.pragma('foreign_keys', { simple: true })).toBe(1)
    connection.database.close()
    expect(() => openProject(folder)).toThrow(expect.objectContaining({ code: 'DbFromFuture' }))

    const [backup] = readdirSync(join(folder, 'backups'))
    expect(backup).toMatch(new RegExp(`^\\d{4}-\\d\\d-\\d\\dT\\d{9}Z-v${newest}\\.db$`))
    copyFileSync(join(folder, 'backups', backup ?? ''), fileOf(folder))
    const restored = openProject(folder)
    expect(restored.images.counts().unlabelled).toBe(3)
    expect(restored.integrityCheck()).toBe('ok')
    restored.close()
  })

  test('five backups are kept, the newest', () => {
    const folder = closedProject()
    const connection = connect(folder, quiet)
    const steps: Migration[] = [...migrations]
    for (let version = newest + 10; version <= newest + 70; version += 10) {
      steps.push({ version, slug: 'more', sql: `CREATE TABLE more_${version} (a) ` })
      migrate(connection, steps)
    }
    connection.database.close()
    expect(readdirSync(join(folder, 'backups')).map((name) => /v\d+/.exec(name)?.[0])).toEqual(
      [20, 30, 40, 50, 60].map((more) => `v${newest + more}`),
    )
  })

  test.each([
    ['breaks a reference', "DELETE FROM batch WHERE id = 'batch'"],
    ['fails half-way', 'CREATE TABLE half (a); CREATE TABLE half (a)'],
  ])('a step that %s is undone as a whole', (_what, sql) => {
    const connection = connect(closedProject(), quiet)
    expect(() => migrate(connection, [...migrations, { version: newest + 10, slug: 'bad', sql }])).toThrow()
    expect(connection.database.pragma('user_version', { simple: true })).toBe(newest)
    expect(connection.database.pragma('foreign_keys', { simple: true })).toBe(1)
    const store = assembleStore(connection)
    expect(store.images.counts().unlabelled).toBe(3)
    store.close()
  })
})

describe('failures while writing', () => {
  test('a full disk is one clear sentence, and nothing is half-written', () => {
    const connection = connect(closedProject(), quiet)
    const store = assembleStore(connection)
    const pages = Number(connection.database.pragma('page_count', { simple: true }))
    connection.database.pragma(`max_page_count = ${pages + 4}`)
    const committed: string[] = []
    const draw = (step: number) => {
      const id = `a${step}`
      // As large as a traced outline: the corners of the rectangle, one of them over and over.
      const corners = [step + 90, 5, step + 90, 305, step, 305]
      const ring = [...Array.from({ length: 197 }, () => [step, 5]).flat(), ...corners]
      store.history.commit(
        entryOf(drawing(newAnnotation(id, 'i0', 'c', { polygon: [ring] }), rectangle(step, 5, 90, 300))),
      )
      committed.push(id)
    }
    expect(() => {
      for (let step = 0; step < 500; step++) draw(step)
    }).toThrow(
      expect.objectContaining({ code: 'Io', key: 'diskFull', message: expect.stringContaining('The disk is full') }),
    )
    expect(committed.length).toBeLessThan(500)
    expect(
      store.annotations
        .ofImage('i0')
        .map((annotation) => annotation.id)
        .sort(),
    ).toEqual(committed.sort())
    expect(store.history.state().revision).toBe(store.revision())
    expect(store.integrityCheck()).toBe('ok')

    connection.database.pragma('max_page_count = 100000')
    draw(499)
    expect(store.annotations.ofImage('i0')).toHaveLength(committed.length)
    store.close()
  })

  test('a database in use by another program is said to be so', () => {
    const folder = closedProject()
    const store = openProject(folder)
    const other = new Database(fileOf(folder))
    const connection = connect(folder, quiet)
    connection.database.pragma('busy_timeout = 1')
    other.exec('BEGIN IMMEDIATE')
    expect(() => connection.transaction(quiet)).toThrow(expect.objectContaining({ code: 'Io', key: 'databaseBusy' }))
    other.exec('ROLLBACK')
    other.close()
    connection.database.close()
    store.close()
  })

  test('a listener that fails is logged; the write stands, the others hear of it', () => {
    const folder = temporaryFolder()
    const notices: string[] = []
    const store = createProject(folder, 'listeners', { log: (message) => notices.push(message) })
    const heard: unknown[] = []
    store.onChange(() => {
      throw new Error('broken')
    })
    const stop = store.onChange((change) => heard.push(change))
    store.history.commit(entryOf([{ kind: 'class', before: null, after: newClass('c') }]))
    stop()
    store.history.undo()
    expect(heard).toEqual([{ revision: 1, imageIds: [], all: true }])
    expect(notices).toEqual([expect.stringContaining('broken'), expect.stringContaining('broken')])
    store.close()
  })
})

import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, describe, expect, test } from 'vitest'
import { entryOf, fill, newClass, removeTemporaryFolders, temporaryFolder } from './fixtures/sample-project.ts'
import { createProject, openProject } from './project-store.ts'
import type { NewVersion, ProjectStore } from './store-port.ts'

afterAll(removeTemporaryFolders)

function newVersion(id: string, parentId: string | null = null, classId = 'c'): NewVersion {
  const supports = ['a', 'b'].map((annotationId) => ({ annotationId, imageId: 'i0', contentHash: 'h', maskHash: 'm' }))
  return {
    record: {
      id,
      classId,
      parentId,
      createdAt: '2026',
      predictor: 'test',
      modelHash: 'model',
      supports,
      threshold: 0.4375,
      scores: { leaveOneOutIoU: 1 / 3 },
    },
    state: Uint8Array.of(1, 2, 3),
    supportStates: [Uint8Array.of(4), Uint8Array.of(5)],
  }
}

function project(): ProjectStore {
  const store = createProject(temporaryFolder(), 'versions')
  fill(store, 1, ['c', 'd'])
  return store
}

/** Changes the file behind the store's back. */
function tamper(folder: string, sql: string): void {
  const database = new Database(join(folder, 'project.db'))
  database.pragma('foreign_keys = OFF')
  database.exec(sql)
  database.close()
}

describe('prototype versions', () => {
  test('are numbered within the class, hashed, and loaded as they were added', () => {
    const store = project()
    expect(store.versions.current('c')).toBeNull()
    const first = store.versions.add(newVersion('v1'))
    const second = store.versions.add(newVersion('v2', 'v1'))
    const other = store.versions.add(newVersion('w1', null, 'd'))
    expect([first.number, second.number, other.number]).toEqual([1, 2, 1])
    expect(new Set([first.hash, second.hash, other.hash]).size).toBe(3)
    expect(store.versions.ofClass('c')).toEqual([first, second])
    store.history.commit(entryOf([{ kind: 'version', classId: 'c', before: null, after: 'v2' }]))
    expect(store.versions.current('c')).toEqual(second)
    expect(store.classes.list()[0]).toMatchObject({ currentVersionId: 'v2', currentVersionNumber: 2 })
    store.close()
    const reopened = openProject(store.folder)
    const { state, supportStates } = newVersion('v2')
    expect(reopened.versions.load('v2')).toEqual({ record: second, state, supportStates })
    reopened.close()
  })

  test.each([
    ['unknown class', newVersion('v', null, 'none'), 'NotFound'],
    ['unknown parent', newVersion('v', 'none'), 'NotFound'],
    ["another class's parent", newVersion('v', 'w'), 'InvalidInput'],
    ['an id that is taken', newVersion('w'), 'Conflict'],
    ['fewer supports than listed', { ...newVersion('v'), supportStates: [] }, 'InvalidInput'],
  ])('refuses %s', (_what, version, code) => {
    const store = project()
    store.versions.add(newVersion('w', null, 'd'))
    expect(() => store.versions.add(version)).toThrow(expect.objectContaining({ code }))
    expect(store.versions.ofClass('c')).toEqual([])
    store.close()
  })

  test("a class cannot take another class's version", () => {
    const store = project()
    store.versions.add(newVersion('w', null, 'd'))
    expect(() => store.history.commit(entryOf([{ kind: 'version', classId: 'c', before: null, after: 'w' }]))).toThrow(
      expect.objectContaining({ code: 'InvalidInput' }),
    )
    store.close()
  })

  test('cannot be rewritten', () => {
    const store = project()
    store.versions.add(newVersion('v1'))
    store.close()
    expect(() => tamper(store.folder, 'UPDATE version SET threshold = 0.5')).toThrow('versions are immutable')
    expect(() => tamper(store.folder, "UPDATE blob SET bytes = x'00'")).toThrow('blobs are immutable')
  })

  test.each([
    ['a changed threshold', 'DROP TRIGGER version_immutable; UPDATE version SET threshold = 0.5'],
    ['changed bytes', "DROP TRIGGER blob_immutable; UPDATE blob SET bytes = x'00' WHERE bytes = x'010203'"],
    ['missing support bytes', "DELETE FROM blob WHERE bytes = x'05'"],
    [
      'swapped supports',
      'DROP TRIGGER version_immutable; UPDATE version SET support_hashes = json_array(support_hashes ->> 1, support_hashes ->> 0)',
    ],
  ])('%s is noticed on loading', (_what, sql) => {
    const store = project()
    store.versions.add(newVersion('v1'))
    store.close()
    tamper(store.folder, sql)
    const reopened = openProject(store.folder)
    expect(() => reopened.versions.load('v1')).toThrow(
      expect.objectContaining({ code: 'ModelMismatch', message: expect.stringContaining('"c" learnt in version 1') }),
    )
    reopened.close()
  })

  test('a deleted version is not found', () => {
    const store = project()
    store.versions.add(newVersion('v1'))
    store.close()
    tamper(store.folder, 'DELETE FROM version')
    const reopened = openProject(store.folder)
    expect(() => reopened.versions.load('v1')).toThrow(expect.objectContaining({ code: 'NotFound' }))
    reopened.close()
  })

  test('outlive their class, so that undoing and redoing the class finds them again', () => {
    const store = project()
    store.history.commit(entryOf([{ kind: 'class', before: null, after: newClass('e') }]))
    store.versions.add(newVersion('v1', null, 'e'))
    store.history.commit(entryOf([{ kind: 'version', classId: 'e', before: null, after: 'v1' }]))
    store.history.undo()
    store.history.undo()
    expect(() => store.versions.current('e')).toThrow(expect.objectContaining({ code: 'NotFound' }))
    expect(store.versions.get('v1').classId).toBe('e')
    store.history.redo()
    store.history.redo()
    expect(store.versions.current('e')?.id).toBe('v1')
    store.close()
  })
})

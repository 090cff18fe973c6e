import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, expect, test } from 'vitest'
import { projectFile } from '../../../shared/domain/project-folder.ts'
import { applicationId } from '../connection.ts'
import { removeTemporaryFolders, temporaryFolder } from '../fixtures/sample-project.ts'
import { openProject } from '../project-store.ts'
import { initialMigration } from './0010-initial.ts'

afterAll(removeTemporaryFolders)

/** A project as the first schema has it: one image, one class, one annotation. */
function oldProject(): string {
  const folder = temporaryFolder()
  const database = new Database(join(folder, projectFile))
  database.pragma(`application_id = ${applicationId}`)
  database.exec(initialMigration.sql)
  database.pragma('user_version = 10')
  database.exec(`
    INSERT INTO project VALUES (1, 'p', 'old', '2026-01-01', 3, 1);
    INSERT INTO batch VALUES ('batch', 1, 1);
    INSERT INTO image (id, batch_id, visible, content_hash, name, name_order, name_folded, path, width, height, orientation,
      format, added_at, annotation_count, overlay_revision)
      VALUES ('i', 'batch', 1, 'hash', 'a.jpg', 'a.jpg', 'a.jpg', '/a.jpg', 9, 9, 1, 'jpeg', '2026-01-01', 1, 1);
    INSERT INTO class VALUES ('c', 'bolt', 'bolt', '#336699', NULL, NULL, 'region', 0, NULL);
    INSERT INTO annotation (id, image_id, class_id, visible, kind, origin, state, box, created_at, area, bounds_x, bounds_y,
      bounds_width, bounds_height, mask_revision)
      VALUES ('a', 'i', 'c', 1, 'box', 'drawn', 'accepted', '[1,2,3,4]', '2026-01-01', 0, 1, 2, 3, 4, 1);
  `)
  const core = { id: 'a', imageId: 'i', classId: 'c', kind: 'box', origin: 'drawn', state: 'accepted', score: null }
  const rest = { versionId: null, polygon: null, box: [1, 2, 3, 4], createdAt: '2026-01-01' }
  const json = Buffer.from(JSON.stringify([{ kind: 'annotation', before: null, after: { ...core, ...rest } }]))
  const length = Buffer.alloc(5)
  length.writeUInt32LE(json.length, 1)
  database
    .prepare("INSERT INTO history_entry VALUES (1, 'e', 2, 1, '2026-01-01', 'polygon', '{}', '[]', ?)")
    .run(Buffer.concat([length, json]))
  database.close()
  return folder
}

test('a project of the first schema opens whole, and gets numbers with its first export', () => {
  const store = openProject(oldProject())
  expect(store.numbers.of('annotation', 'a')).toBeUndefined()
  store.numbers.assign(['accepted'])
  expect([store.numbers.of('image', 'i'), store.numbers.of('class', 'c'), store.numbers.of('annotation', 'a')]).toEqual(
    [1, 1, 1],
  )
  // What was drawn before groups were known stands for one object.
  expect(store.annotations.get('a')).toMatchObject({ kind: 'box', crowd: false, box: [1, 2, 3, 4] })
  expect(store.integrityCheck()).toBe('ok')
  store.close()
})

test('what the first schema has as history can be undone and done again', () => {
  const store = openProject(oldProject())
  store.history.undo()
  expect(store.annotations.ofImage('i')).toEqual([])
  store.history.redo()
  expect(store.annotations.get('a')).toMatchObject({ crowd: false, box: [1, 2, 3, 4] })
  store.close()
})

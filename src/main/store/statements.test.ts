import { afterAll, expect, test } from 'vitest'
import type { ImageSort } from '../../shared/contract/contract.ts'
import { assembleStore } from './assemble.ts'
import { connect } from './connection.ts'
import type { Connection } from './connection.ts'
import { entryOf, fill, newImage, removeTemporaryFolders, temporaryFolder } from './fixtures/sample-project.ts'
import { createProject } from './project-store.ts'
import type { ProjectStore } from './store-port.ts'

afterAll(removeTemporaryFolders)

const sorts: readonly ImageSort[] = ['name', 'worstFirst', 'added']
const imageCount = process.env['EXEMPLAR_FULL'] === '1' ? 50_000 : 2_000

function opened(): { store: ProjectStore; connection: Connection } {
  const folder = temporaryFolder()
  createProject(folder, 'statements').close()
  const connection = connect(folder, () => undefined)
  const store = assembleStore(connection)
  const full = { statuses: ['proposals' as const, 'labelled' as const], classId: 'c', proposedClassId: 'c', text: 'x' }
  const oneStatus = { statuses: ['proposals' as const] }
  fill(store, 1, ['c'])
  for (const sort of sorts) {
    for (const filter of [{}, full, oneStatus]) {
      store.images.list({ filter, sort, offset: 0, limit: 1 })
      for (const direction of [1, -1] as const) store.images.neighbour({ imageId: 'i0', direction, filter, sort })
    }
  }
  return { store, connection }
}

function parametersOf(sql: string): Record<string, null> {
  return Object.fromEntries([...sql.matchAll(/@(\w+)/g)].map(([, name]) => [name, null]))
}

function planOf({ connection }: { connection: Connection }, pattern: RegExp): string {
  const sql = connection.statements().find((each) => pattern.test(each.replaceAll(/\s+/g, ' ')))
  expect(sql, `a statement like ${pattern.source}`).toBeDefined()
  const statement = connection.database.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql ?? ''}`)
  const named = parametersOf(sql ?? '')
  const rows = Object.keys(named).length === 0 ? statement.all() : statement.all(named)
  return rows.map((row) => row.detail).join('; ')
}

test('every statement runs against the migrated schema', () => {
  const { store, connection } = opened()
  expect(connection.statements().length).toBeGreaterThan(80)
  for (const sql of connection.statements()) {
    connection.database.exec('BEGIN')
    try {
      const statement = connection.database.prepare(sql)
      const named = parametersOf(sql)
      const parameters = Object.keys(named).length === 0 ? [] : [named]
      if (statement.reader) statement.all(...parameters)
      else statement.run(...parameters)
    } catch (error) {
      // Nulls where rows need values: the statement itself is right.
      expect(error, sql).toMatchObject({ code: expect.stringMatching(/^SQLITE_(CONSTRAINT|MISMATCH)/) })
    } finally {
      connection.database.exec('ROLLBACK')
    }
  }
  store.close()
})

test.each([
  ['page by name', /LIMIT @limit OFFSET @offset$/, /SCAN image USING INDEX image_list_by_name$/],
  [
    'page by worst',
    /WHERE visible = 1 ORDER BY worst_order, name_order, number LIMIT @limit/,
    /SCAN image USING INDEX image_list_by_worst$/,
  ],
  ['total', /^SELECT count\(\*\) AS count FROM image WHERE visible = 1$/, /SCAN image USING COVERING INDEX/],
  ['counts by status', /GROUP BY status$/, /SCAN image USING INDEX image_status_by_\w+$/],
  [
    'one status by worst',
    /status = @status ORDER BY worst_order, name_order, number LIMIT @limit/,
    /^SEARCH image USING INDEX image_status_by_worst \(status=\?\)$/,
  ],
  [
    'next by name',
    /^SELECT id FROM image WHERE visible = 1 AND \(name_order, number\) >/,
    /SEARCH image USING INDEX image_list_by_name/,
  ],
  [
    'previous by worst',
    /AND \(worst_order, name_order, number\) < .* DESC LIMIT 1$/,
    /SEARCH image USING INDEX image_list_by_worst/,
  ],
  ['images of a job', /^SELECT id FROM image WHERE visible = 1 AND problem IS NULL ORDER/, /INDEX image_list_by_name$/],
  [
    'annotations of an image',
    /FROM annotation WHERE image_id = @imageId AND visible = 1 ORDER/,
    /SEARCH annotation USING INDEX annotation_of_image/,
  ],
  [
    'tiles of an annotation',
    /^SELECT x, y, runs .* ORDER BY y, x$/,
    /^SEARCH mask_tile USING INDEX \w+ \(annotation_id=\?\)$/,
  ],
  [
    'proposals of a class',
    /visible = 1 AND class_id = @classId AND state = 'proposed'/,
    /SEARCH annotation USING INDEX annotation_of_class/,
  ],
  [
    'counters of an image',
    /^ UPDATE image SET \(annotation_count/,
    /SEARCH annotation USING COVERING INDEX annotation_of_image/,
  ],
  [
    'pending items',
    /state = 'pending' ORDER BY position LIMIT @limit$/,
    /USING (COVERING )?INDEX job_item_pending \(job_id=\?\)$/,
  ],
  ['entry at the cursor', /schema_version AS schemaVersion/, /^SEARCH history_entry USING INTEGER PRIMARY KEY/],
  ['entry by id', /FROM history_entry WHERE id = @id$/, /^SEARCH history_entry USING (COVERING )?INDEX/],
  ['proposals a job replaces', /AS inRedo/, /SEARCH history_touch USING PRIMARY KEY/],
])('%s: no scan and no sort', (_what, statement, expected) => {
  const project = opened()
  const plan = planOf(project, statement)
  expect(plan).toMatch(expected)
  project.store.close()
})

test(`a gallery of ${imageCount} images`, () => {
  const { store } = opened()
  const startedMs = performance.now()
  store.history.commit(entryOf([{ kind: 'batch', batchId: 'big', before: false, after: true }]))
  for (let from = 0; from < imageCount; from += 1000) {
    store.images.insert(Array.from({ length: 1000 }, (_, index) => newImage(`big${from + index}`, 'big')))
  }
  const timings = { insert: performance.now() - startedMs }
  const timed = (name: string, action: () => unknown) => {
    const beginMs = performance.now()
    action()
    Object.assign(timings, { [name]: performance.now() - beginMs })
  }
  const filter = {}
  timed('firstPage', () => store.images.list({ filter, sort: 'name', offset: 0, limit: 100 }))
  timed('lastPage', () => store.images.list({ filter, sort: 'worstFirst', offset: imageCount - 100, limit: 100 }))
  timed('filtered', () =>
    store.images.list({ filter: { statuses: ['proposals'] }, sort: 'worstFirst', offset: 0, limit: 100 }),
  )
  timed('text', () => store.images.list({ filter: { text: '99' }, sort: 'name', offset: 0, limit: 100 }))
  timed('counts', () => store.images.counts())
  timed('hide', () => store.history.undo())
  console.log(
    `${imageCount} images, ms: ${Object.entries(timings)
      .map(([name, value]) => `${name} ${value.toFixed(1)}`)
      .join(', ')}`,
  )
  expect(store.images.list({ filter, sort: 'name', offset: 0, limit: 10 }).total).toBe(1)
  store.close()
})

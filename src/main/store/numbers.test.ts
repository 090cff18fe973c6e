import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, expect, test } from 'vitest'
import { projectFile } from '../../shared/domain/project-folder.ts'
import {
  drawing,
  entryOf,
  fill,
  newAnnotation,
  newProposal,
  rectangle,
  removeTemporaryFolders,
  temporaryFolder,
} from './fixtures/sample-project.ts'
import { createProject } from './project-store.ts'

afterAll(removeTemporaryFolders)

function sample() {
  const folder = temporaryFolder()
  const store = createProject(folder, 'numbers')
  fill(store, 3, ['c', 'd'])
  const draw = (id: string, imageId: string): void =>
    void store.history.commit(entryOf(drawing(newAnnotation(id, imageId, 'c'), rectangle(0, 0, 9, 9))))
  const all = (kind: 'image' | 'class' | 'annotation', ids: readonly string[]) =>
    ids.map((id) => store.numbers.of(kind, id))
  return { folder, store, draw, all }
}

test('numbers count from 1 in the order of the export, and stay when records come and go', () => {
  const { store, draw, all } = sample()
  draw('a1', 'i1')
  draw('a0', 'i0')
  expect(all('annotation', ['a0', 'a1'])).toEqual([undefined, undefined])
  store.numbers.assign(['accepted'])
  expect(all('image', ['i0', 'i1', 'i2'])).toEqual([1, 2, 3])
  expect(all('class', ['c', 'd'])).toEqual([1, 2])
  expect(all('annotation', ['a0', 'a1'])).toEqual([1, 2])

  draw('a2', 'i0')
  store.numbers.assign(['accepted'])
  store.history.undo()
  draw('a3', 'i0')
  store.numbers.assign(['accepted'])
  expect(all('annotation', ['a0', 'a1', 'a3'])).toEqual([1, 2, 4])
  store.close()
})

test('a proposal has a number only once an export holds proposals', () => {
  const { store, all } = sample()
  const job = store.jobs.create(
    { kind: 'segment', classIds: ['c'], images: 'all', provider: 'cpu', detail: 'normal' },
    ['i0'],
  )
  store.jobs.finishItem(job.id, 'i0', ['c'], [newProposal('p', 'i0', 'c', 0.5)])
  store.numbers.assign(['accepted'])
  expect(all('annotation', ['p'])).toEqual([undefined])
  store.numbers.assign(['accepted', 'proposed'])
  expect(all('annotation', ['p'])).toEqual([1])
  store.close()
})

test('a file gets the numbers it asks for where they are free', () => {
  const { store, draw, all } = sample()
  for (const id of ['a', 'b', 'c']) draw(id, 'i0')
  expect(
    store.numbers.claim(
      'annotation',
      new Map([
        ['a', 70],
        ['b', 70],
        ['c', 9],
      ]),
    ),
  ).toBe(2)
  expect(
    store.numbers.claim(
      'annotation',
      new Map([
        ['a', 70],
        ['c', 3],
      ]),
    ),
  ).toBe(1)
  store.numbers.assign(['accepted'])
  expect(all('annotation', ['a', 'b', 'c'])).toEqual([70, 71, 9])

  // What is gone gives its number to whom a file says to be the same thing.
  store.history.undo()
  draw('again', 'i0')
  expect(store.numbers.claim('annotation', new Map([['again', 9]]))).toBe(1)
  // When the old one comes back it gets another.
  store.history.commit(entryOf(drawing(newAnnotation('c', 'i0', 'c'), rectangle(0, 0, 9, 9))))
  store.numbers.assign(['accepted'])
  expect(all('annotation', ['again', 'c'])).toEqual([9, 72])
  store.close()
})

test('the table takes no number twice and none below 1', () => {
  const { folder, store } = sample()
  store.numbers.assign(['accepted'])
  store.close()
  const database = new Database(join(folder, projectFile))
  const insert = database.prepare("INSERT INTO export_number VALUES ('image', ?, ?)")
  expect(() => insert.run('other', 1)).toThrow('UNIQUE')
  expect(() => insert.run('other', 0)).toThrow('CHECK')
  database.close()
})

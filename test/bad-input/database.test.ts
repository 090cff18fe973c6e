import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { asGoodAsBefore, HardProject } from '../support/hard-project.ts'
import { runExemplar } from '../support/run-exemplar.ts'

let project: HardProject

beforeEach(() => {
  project = new HardProject()
})

afterEach(() => project.end())

test('a database from the future', async () => {
  await project.putPicture('a.png')
  await project.addAll()
  await project.session.close()
  const file = join(project.path, 'project.db')
  copyFileSync(file, join(project.folder, 'kept.db'))
  const database = new Database(file)
  database.pragma('user_version = 9000')
  database.close()
  const before = readFileSync(file)
  for (const command of [
    ['info', project.path],
    ['add', project.path, project.photos],
    ['export', project.path, join(project.folder, 'export'), '--format', 'coco'],
  ]) {
    const { code, stderr } = await runExemplar(command)
    expect(code).toBe(1)
    expect(stderr.trim()).toMatch(
      /^.*project\.db was written by a newer Exemplar Studio \(schema 9000, this one knows \d+\); update Exemplar Studio to open it, nothing was changed\.$/,
    )
  }
  expect(readFileSync(file).equals(before)).toBe(true)
  // With the program that knows it, or with its own backup, it opens as ever.
  copyFileSync(join(project.folder, 'kept.db'), file)
  await project.reopen()
  expect(project.session.store.images.counts().unlabelled).toBe(1)
  expect(await project.afterwards()).toEqual(asGoodAsBefore)
})

import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createProject } from '../../store/project-store.ts'
import { Studio } from './studio.ts'

let folder = ''
let studio: Studio

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'exemplar-studio-')))
  studio = new Studio({ emit: () => undefined, model: 'training-free', log: () => undefined })
})
afterEach(async () => {
  await studio.close()
  rmSync(folder, { recursive: true })
})

test('a project is open once, by whatever path it is asked for', async () => {
  mkdirSync(join(folder, 'real'))
  symlinkSync(join(folder, 'real'), join(folder, 'link'), 'junction')
  const real = join(folder, 'real', 'bolts')
  const linked = join(folder, 'link', 'bolts')
  createProject(real, 'Bolts').close()

  const session = await studio.open(linked)
  expect(await studio.open(real)).toBe(session)
  expect(session.store.folder).toBe(real)
  await studio.closeSession(session.projectId)

  const again = await studio.open(real)
  expect(await studio.open(linked)).toBe(again)
  expect(studio.openProjects()).toEqual([again.projectId])
})

test('a folder that is not there is said to be none', async () => {
  await expect(studio.open(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'NotFound' })
})

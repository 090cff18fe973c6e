import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { projectInfo } from '../../projects/project-info.ts'
import { openSample } from './sample.ts'
import { Studio } from './studio.ts'

describe('the sample project', () => {
  let home = ''
  let studio: Studio

  beforeEach(() => {
    home = realpathSync(mkdtempSync(join(tmpdir(), 'exemplar-sample-')))
    studio = new Studio({ emit: () => undefined, model: 'training-free', log: () => undefined })
  })
  afterEach(async () => {
    await studio.close()
    rmSync(home, { recursive: true })
  })

  test('holds its own copies of all pictures and three empty classes', async () => {
    const { store } = await openSample(studio, home, {})
    const info = projectInfo(store)
    expect(info.location).toBe(join(home, 'Exemplar Studio', 'Sample project'))
    expect(info.name).toBe('Sample project')
    expect(info.images.unlabelled).toBe(info.imageCount)
    expect(info.classes.map((each) => [each.name, each.key, each.accepted + each.proposed])).toEqual([
      ['washer', '1', 0],
      ['nut', '2', 0],
      ['bolt', '3', 0],
    ])
    expect(new Set(info.classes.map((each) => each.colour)).size).toBe(3)
    const copies = readdirSync(join(info.location, 'images'))
    expect(copies).toHaveLength(info.imageCount)
    for (const image of store.images.iterate()) {
      expect(store.images.path(image.id).startsWith(join(info.location, 'images'))).toBe(true)
    }
  })

  test('is opened again while nobody has worked on it, else made anew beside', async () => {
    const first = await openSample(studio, home, {})
    await studio.closeSession(first.projectId)
    const again = await openSample(studio, home, {})
    expect(again.projectId).toBe(first.projectId)
    expect((await openSample(studio, home, {})).projectId).toBe(first.projectId)

    again.step('undo')
    const second = await openSample(studio, home, {})
    expect(second.projectId).not.toBe(first.projectId)
    expect(second.store.folder).toBe(join(home, 'Exemplar Studio', 'Sample project 2'))
    // The one that somebody has begun stays open, for whoever works on it.
    expect(studio.openProjects()).toContain(first.projectId)
  })

  test('passes over a folder that is no project', async () => {
    const taken = join(home, 'Exemplar Studio', 'Sample project')
    mkdirSync(taken, { recursive: true })
    writeFileSync(join(taken, 'notes.txt'), 'mine')
    const { store } = await openSample(studio, home, {})
    expect(store.folder).toBe(`${taken} 2`)
    expect(readdirSync(taken)).toEqual(['notes.txt'])
  })

  test('leaves nothing behind when it is cancelled', async () => {
    await expect(openSample(studio, home, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'Cancelled' })
    expect(readdirSync(join(home, 'Exemplar Studio'))).toEqual([])
    expect(studio.openProjects()).toEqual([])
  })

  test('says so where the folder cannot be made', async () => {
    writeFileSync(join(home, 'Exemplar Studio'), 'a file in the way')
    await expect(openSample(studio, home, {})).rejects.toMatchObject({ key: 'folderNotCreated' })
    expect(studio.openProjects()).toEqual([])
  })
})

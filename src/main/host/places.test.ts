import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Place } from '../../shared/contract/contract.ts'
import { createPlaces } from './places.ts'
import type { Places } from './places.ts'

let folder = ''
let root = ''

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'places-')))
  root = join(folder, 'root')
  for (const name of ['root/photos 2', 'root/photos 10/deep', 'root/shoes', 'root/.hidden', 'root2', 'outside']) {
    await mkdir(join(folder, name), { recursive: true })
  }
  for (const name of [
    'root/a.jpg',
    'root/b.PNG',
    'root/notes.txt',
    'root/.c.jpg',
    'root/shoes/project.db',
    'outside/s.jpg',
  ]) {
    await writeFile(join(folder, name), '')
  }
  await symlink(join(folder, 'outside'), join(root, 'out'))
  await symlink(join(folder, 'outside', 's.jpg'), join(root, 's.jpg'))
  await symlink(join(root, 'shoes'), join(root, 'boots'))
  await symlink(join(folder, 'nowhere'), join(root, 'broken.jpg'))
})

afterEach(() => rm(folder, { recursive: true }))

function enter(places: Places, ...names: readonly string[]): Place {
  let place = places.list(null, 'images').entries[0]
  for (const name of names)
    place = places.list(place?.placeId ?? '', 'images').entries.find((entry) => entry.name === name)
  if (place === undefined) throw new Error(`Not listed: ${names.join('/')}`)
  return place
}

test('roots, folders, pictures and projects are listed; hidden, foreign and outside entries are not', () => {
  const places = createPlaces({ roots: [root] })
  const start = places.list(null, 'images')
  expect(start).toMatchObject({ trail: [], entries: [{ name: root, kind: 'folder', isProject: false }], imageCount: 0 })
  const listed = places.list(start.entries[0]?.placeId ?? '', 'images')
  expect(listed.entries.map(({ name, kind, isProject }) => [name, kind, isProject])).toEqual([
    ['photos 2', 'folder', false],
    ['photos 10', 'folder', false],
    ['shoes', 'folder', true],
    ['a.jpg', 'file', false],
    ['b.PNG', 'file', false],
    ['boots', 'folder', true],
  ])
  expect(listed.trail.map(({ name }) => name)).toEqual([root])
  const deep = places.list(enter(places, 'photos 10', 'deep').placeId, 'images')
  expect(deep.trail.map(({ name }) => name)).toEqual([root, 'photos 10', 'deep'])
  expect(deep.entries).toEqual([])
  expect(deep.trail[1]?.placeId).toBe(enter(places, 'photos 10').placeId)
})

test('ids are opaque, random at every start, and the only way to a path', () => {
  const places = createPlaces({ roots: [root] })
  const place = enter(places, 'a.jpg')
  expect(places.resolve(place.placeId)).toBe(join(root, 'a.jpg'))
  expect(place.placeId).toMatch(/^[A-Za-z0-9_-]{16}$/)
  const later = createPlaces({ roots: [root] })
  expect(enter(later, 'a.jpg').placeId).not.toBe(place.placeId)
  for (const id of [place.placeId, root, '..', '']) {
    expect(() => later.resolve(id)).toThrow(expect.objectContaining({ code: 'NotFound' }))
  }
})

test('a place that is swapped for a link to the outside is refused, one that is gone is said to be', async () => {
  const places = createPlaces({ roots: [root] })
  const photos = enter(places, 'photos 2')
  const picture = enter(places, 'a.jpg')
  await rm(join(root, 'photos 2'), { recursive: true })
  await symlink(join(folder, 'root2'), join(root, 'photos 2'))
  for (const use of [
    () => places.resolve(photos.placeId),
    () => places.list(photos.placeId, 'images'),
    () => places.createFolder(photos.placeId, 'new'),
    () => places.resolveNew(photos.placeId, 'new'),
  ]) {
    expect(use).toThrow(expect.objectContaining({ code: 'Forbidden' }))
  }
  await rm(join(root, 'a.jpg'))
  expect(() => places.resolve(picture.placeId)).toThrow(expect.objectContaining({ code: 'NotFound' }))
  expect(() => places.list(enter(places, 'b.PNG').placeId, 'images')).toThrow(
    expect.objectContaining({ code: 'NotFound' }),
  )
})

test('new folders: one plain name, never outside, never twice', () => {
  const places = createPlaces({ roots: [root] })
  const shoes = enter(places, 'shoes')
  const made = places.createFolder(shoes.placeId, 'Neue Bilder')
  expect(made).toMatchObject({ name: 'Neue Bilder', kind: 'folder', isProject: false })
  expect(places.resolve(made.placeId)).toBe(join(root, 'shoes', 'Neue Bilder'))
  expect(places.resolveNew(shoes.placeId, 'réglé 1.2')).toBe(join(root, 'shoes', 'réglé 1.2'))
  expect(() => places.createFolder(shoes.placeId, 'Neue Bilder')).toThrow(expect.objectContaining({ code: 'Conflict' }))
  for (const name of [
    '..',
    '.',
    '../x',
    'a/b',
    'a\\b',
    '/etc',
    'a\0b',
    'a\nb',
    'C:',
    '.hidden',
    'end.',
    'end ',
    ' x',
    'CON',
    'nul.txt',
    '',
  ]) {
    for (const use of [() => places.createFolder(shoes.placeId, name), () => places.resolveNew(shoes.placeId, name)]) {
      expect(use).toThrow(expect.objectContaining({ code: 'InvalidInput' }))
    }
  }
})

test('nothing is made through a link that leads out, or may lead anywhere', () => {
  const places = createPlaces({ roots: [root] })
  const start = enter(places)
  for (const name of ['out', 's.jpg', 'broken.jpg']) {
    expect(() => places.resolveNew(start.placeId, name)).toThrow(expect.objectContaining({ code: 'Forbidden' }))
    expect(() => places.createFolder(start.placeId, name)).toThrow(expect.objectContaining({ code: 'Forbidden' }))
  }
  expect(places.resolveNew(start.placeId, 'boots')).toBe(join(root, 'boots'))
  expect(places.resolveNew(start.placeId, 'shoes')).toBe(join(root, 'shoes'))
})

test('a root that is no folder is refused at the start', () => {
  expect(() => createPlaces({ roots: [join(root, 'a.jpg')] })).toThrow(
    expect.objectContaining({ code: 'InvalidInput' }),
  )
  expect(() => createPlaces({ roots: [join(root, 'gone')] })).toThrow(expect.objectContaining({ code: 'NotFound' }))
})

test('what a person hands over is granted, with what lies in it and nothing beside it', async () => {
  const places = createPlaces({ roots: [root] })
  const outside = places.grant(join(folder, 'outside'))
  expect(outside).toMatchObject({ name: 'outside', kind: 'folder', isProject: false })
  const listed = places.list(outside.placeId, 'images')
  expect([listed.trail.map(({ name }) => name), listed.entries.map(({ name }) => name)]).toEqual([
    [join(folder, 'outside')],
    ['s.jpg'],
  ])
  expect(places.resolveNew(outside.placeId, 'export')).toBe(join(folder, 'outside', 'export'))
  // A grant is no root: the browser still begins where it began.
  expect(places.list(null, 'images').entries.map(({ name }) => name)).toEqual([root])

  await writeFile(join(folder, 'root2', 'one.jpg'), '')
  await writeFile(join(folder, 'root2', 'two.jpg'), '')
  const file = places.grant(join(folder, 'root2', 'one.jpg'))
  expect([file.kind, places.resolve(file.placeId)]).toEqual(['file', join(folder, 'root2', 'one.jpg')])
  // Its neighbour is not: a link to it stays hidden, and refused where it was shown before.
  await rm(join(folder, 'root2', 'one.jpg'))
  await symlink(join(folder, 'root2', 'two.jpg'), join(folder, 'root2', 'one.jpg'))
  expect(() => places.resolve(file.placeId)).toThrow(expect.objectContaining({ code: 'Forbidden' }))
  expect(() => places.grant(join(folder, 'gone'))).toThrow(expect.objectContaining({ code: 'NotFound' }))
})

test('a path of the Node side has a place below the roots only; what nobody chose a place for goes to Documents', async () => {
  const places = createPlaces({ roots: [root] })
  const shoes = places.placeOf(join(root, 'shoes'))
  expect(shoes).toMatchObject({ name: 'shoes', isProject: true })
  expect(places.resolve(shoes?.placeId ?? '')).toBe(join(root, 'shoes'))
  expect(places.placeOf(join(folder, 'outside'))).toBeNull()
  expect(places.placeOf(join(root, 'out'))).toBeNull()
  expect(places.placeOf(join(root, 'notes.txt'))).toMatchObject({ name: 'notes.txt', kind: 'file' })
  expect(places.placeOf(join(root, 'gone'))).toBeNull()

  expect(places.home()).toBe(root)
  await symlink(join(folder, 'outside'), join(root, 'Documents'))
  expect(places.home()).toBe(root)
  await rm(join(root, 'Documents'))
  await mkdir(join(root, 'Documents'))
  expect(places.home()).toBe(join(root, 'Documents'))
})

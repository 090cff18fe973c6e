import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cocoSpec } from '../../../test/support/export-spec.ts'
import { HardProject } from '../../../test/support/hard-project.ts'
import type { ExportReport, ExportSpec } from '../../shared/contract/contract.ts'
import { createBitmap } from '../../shared/mask/bitmap.ts'
import { storedSize, storedTiles } from '../../shared/mask/orient.ts'
import { bitmapFromTiles, tilesFromBitmap } from '../../shared/mask/tiles.ts'
import { createAnnotation } from '../../shared/domain/annotations.ts'
import { greyTiff } from '../images/picture-files.fixture.ts'
import type { TiffNumbers } from '../images/picture-files.fixture.ts'
import { ensureClass } from './classes.ts'
import { makeEntry } from './entries.ts'

/** Masks on stored pixels, and the turned TIFFs that readers would turn although nobody asked. */

let project: HardProject
beforeEach(() => {
  project = new HardProject()
})
afterEach(() => project.end())

const size = { width: 12, height: 7 }
const shape = createBitmap(size.width, size.height)
for (const [x, y] of [
  [1, 1],
  [2, 1],
  [3, 1],
  [1, 2],
  [1, 3],
  [1, 4],
  [8, 5],
] as const)
  shape.data[y * size.width + x] = 1
const tiles = tilesFromBitmap(shape)

const kinds: readonly TiffNumbers[] = [true, false].flatMap((isLittle) =>
  [true, false].map((isBig) => ({ isLittle, isBig })),
)
const orientations = [1, 2, 3, 4, 5, 6, 7, 8] as const

interface Turned {
  readonly name: string
  readonly orientation: number
  readonly bytes: Buffer
  /** Of the two bytes that say the orientation. */
  readonly position: number
}

/** Every orientation in every way of writing numbers, with the shape on it as displayed. */
async function addTurned(): Promise<Turned[]> {
  const turned = kinds.flatMap((kind, at) =>
    orientations.map((orientation): Turned => {
      const stored = storedSize({ ...size, orientation })
      const bitmap = bitmapFromTiles(storedTiles(tiles, { ...size, orientation }), stored.width, stored.height)
      // Each its own: a picture is its content.
      const samples = Uint8Array.from(bitmap.data, (value) => (value === 1 ? 250 - at : 10 + orientation))
      const name = `${orientation}-${kind.isLittle ? 'II' : 'MM'}${kind.isBig ? '-big' : ''}.tif`
      return { name, orientation, ...greyTiff({ ...stored, samples, orientation }, kind) }
    }),
  )
  for (const { name, bytes } of turned) project.put(name, bytes)
  const { problems } = await project.addAll()
  expect(problems).toEqual([])
  const { store } = project.session
  const { id: classId } = ensureClass(store, 'letter')
  for (const { name } of turned) {
    const core = {
      id: `mask-${name}`,
      imageId: project.imageId(name),
      classId,
      kind: 'mask',
      origin: 'drawn',
      state: 'accepted',
      score: null,
      versionId: null,
      polygon: null,
      crowd: false,
      box: null,
      createdAt: '2026-01-01T00:00:00.000Z',
    } as const
    store.history.commit(makeEntry('brush', {}, [], createAnnotation(core, tiles)))
  }
  return turned
}

const out = (): string => join(project.folder, 'out')
const placed = (name: string): string => join(out(), 'images/default', name)

function exported(change: Partial<ExportSpec>): Promise<ExportReport> {
  return project.session.exportTo(out(), { ...cocoSpec, images: 'copy', orientation: 'stored', ...change })
}

function expectOriginals(turned: readonly Turned[]): void {
  for (const { name, bytes } of turned) expect(readFileSync(join(project.photos, name)).equals(bytes)).toBe(true)
}

function expectCopies(turned: readonly Turned[]): void {
  for (const { name, bytes, position } of turned) {
    const wanted = Buffer.from(bytes)
    const [low, high] = name.includes('II') ? [1, 0] : [0, 1]
    wanted.set([low, high], position)
    expect(readFileSync(placed(name)).equals(wanted), name).toBe(true)
  }
}

test('copies for masks on stored pixels say orientation 1 and are the original in every other byte', async () => {
  const turned = await addTurned()
  const [readOnly] = turned.filter(({ orientation }) => orientation === 6)
  chmodSync(join(project.photos, readOnly?.name ?? ''), 0o444)
  const { problems } = await exported({})
  expect(problems).toEqual([
    {
      name: '2-II-big.tif',
      reason: expect.stringMatching(/^28 images.*copied with it set to 1.*every reader/) as string,
    },
  ])
  expectOriginals(turned)
  expectCopies(turned)
  for (const { name } of turned) expect((await sharp(placed(name)).metadata()).orientation ?? 1).toBe(1)
  expect(statSync(placed(readOnly?.name ?? '')).mode & 0o777).toBe(0o444)
})

test('a copy that lies there already is known again, and goes when the masks are as displayed', async () => {
  const turned = await addTurned()
  await exported({})
  const written = turned.map(({ name }) => statSync(placed(name)).ino)
  const again = await exported({})
  expect(again.removed).toBeUndefined()
  expect(again.problems).toHaveLength(1)
  expect(turned.map(({ name }) => statSync(placed(name)).ino)).toEqual(written)

  await exported({ orientation: 'displayed' })
  for (const { name, bytes } of turned) expect(readFileSync(placed(name)).equals(bytes)).toBe(true)
  await exported({})
  expectCopies(turned)
  expectOriginals(turned)
})

test('where links were asked for, turned TIFFs are copied all the same, also over a link of before', async () => {
  const turned = await addTurned()
  await exported({ images: 'link', orientation: 'displayed' })
  const original = (name: string): number => statSync(join(project.photos, name)).ino
  expect(turned.map(({ name }) => statSync(placed(name)).ino)).toEqual(turned.map(({ name }) => original(name)))
  const { problems } = await exported({ images: 'link' })
  expect(problems).toHaveLength(1)
  expectCopies(turned)
  expectOriginals(turned)
  for (const { name, orientation } of turned) {
    expect(statSync(placed(name)).ino === original(name)).toBe(orientation === 1)
  }
})

test('a picture of other origin in the place of such a copy stays, and the report says how it has to be read', async () => {
  const turned = await addTurned()
  await exported({ images: 'none' })
  const { name = '', bytes } = turned.find(({ orientation }) => orientation === 6) ?? {}
  mkdirSync(join(out(), 'images/default'), { recursive: true })
  writeFileSync(placed(name), bytes ?? '')
  const { problems } = await exported({})
  expect(readFileSync(placed(name)).equals(bytes ?? Buffer.alloc(0))).toBe(true)
  const reasons = problems.map(({ reason }) => reason)
  expect(reasons).toContainEqual(expect.stringContaining('exists in the export folder with other content'))
  expect(reasons).toContainEqual(expect.stringMatching(/^This image is a TIFF .*Pillow applies it on opening/))
  expect(reasons).toContainEqual(expect.stringMatching(/^27 images.*copied with it set to 1/))
})

test.each(['the project itself', 'a new one'])('such a folder comes back identical into %s', async (where) => {
  const turned = await addTurned()
  const { files } = await exported({})
  const path = join(out(), files[0] ?? '')
  const spec = { format: 'coco', as: 'accepted', conflicts: 'both', dryRun: false } as const
  const images = join(out(), 'images/default')
  if (where === 'the project itself') {
    for (const orientation of ['stored', 'displayed'] as const) {
      const report = await project.session.importAnnotations(path, { ...spec, orientation }, { images })
      expect(report).toMatchObject({ unchanged: 32, annotations: 0, turned: 28, added: 0, problems: [] })
    }
    return
  }
  const other = new HardProject()
  try {
    const { session } = other
    const report = await session.importAnnotations(path, { ...spec, orientation: 'stored' }, { images })
    expect(report).toMatchObject({ annotations: 32, turned: 0, added: 32, problems: [] })
    for (const { name, orientation } of turned) {
      const [record] = session.store.annotations.ofImage(other.imageId(name))
      expect(session.store.annotations.tiles(record?.id ?? '')).toEqual(storedTiles(tiles, { ...size, orientation }))
    }
  } finally {
    await other.end()
  }
})

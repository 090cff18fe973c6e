import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cocoSpec } from '../../../test/support/export-spec.ts'
import { z } from '../../shared/zod.ts'
import { createCodec } from '../images/codec-client.ts'
import type { SupervisedCodec } from '../images/codec-client.ts'
import { importAnnotations } from './import-annotations.ts'
import { numbersOf } from './original-numbers.ts'
import { exportProject } from './export-project.ts'
import { createProject } from '../store/project-store.ts'
import type { ProjectStore } from '../store/store-port.ts'

const importSpec = { format: 'coco', as: 'accepted', conflicts: 'both', dryRun: false } as const

describe('numbers of imported ids', () => {
  test.each([
    ['are kept', ['7', '3'], [7, 3]],
    ['leave out 0, and stay as they are beside it', ['0', '5'], [5]],
    ['leave out what is no whole number', ['-1', 'x', '1.5', '4'], [4]],
    ['leave out what a reader could not count on from', ['9007199254740993', '2'], [2]],
    ['are not given twice', ['4', '4', '04'], [4]],
  ])('%s', (_what, ids, expected) => {
    expect([...numbersOf(new Map(ids.map((id, index) => [`r${index}`, id]))).values()]).toEqual(expected)
  })
})

const idsSchema = z.object({
  images: z.array(z.object({ id: z.int(), file_name: z.string() })),
  categories: z.array(z.object({ id: z.int(), name: z.string() })),
  annotations: z.array(
    z.object({ id: z.int(), image_id: z.int(), category_id: z.int(), bbox: z.array(z.number()), iscrowd: z.int() }),
  ),
})
type Ids = z.infer<typeof idsSchema>

const square = (x: number) => [[x, 1, x + 2, 1, x + 2, 3, x, 3]]

function byId({ images, categories, annotations }: Ids): Ids {
  const sorted = <T extends { readonly id: number }>(list: readonly T[]): T[] => list.toSorted((a, b) => a.id - b.id)
  return { images: sorted(images), categories: sorted(categories), annotations: sorted(annotations) }
}

describe('round trips through projects', () => {
  let folder = ''
  let codec: SupervisedCodec
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'numbers-'))
    codec = createCodec({ log: () => undefined })
    await sharp({ create: { width: 9, height: 9, channels: 3, background: '#333' } })
      .png()
      .toFile(join(folder, 'x.png'))
  })
  afterAll(async () => {
    await codec.close()
    await rm(folder, { recursive: true })
  })

  /** A new project with these images of 9 x 9 pixels. */
  function project(names: readonly string[]): ProjectStore {
    const store = createProject(join(folder, randomUUID()), 'numbers')
    addImages(store, names)
    return store
  }

  function addImages(store: ProjectStore, names: readonly string[]): void {
    const batchId = randomUUID()
    store.history.commit({
      id: randomUUID(),
      labelKey: 'test',
      labelParams: {},
      imageIds: [],
      operations: [{ kind: 'batch', batchId, before: false, after: true }],
    })
    store.images.insert(
      names.map((name) => ({
        record: {
          id: randomUUID(),
          contentHash: name,
          name,
          width: 9,
          height: 9,
          orientation: 1,
          format: 'png',
          batchId,
        },
        path: join(folder, 'x.png'),
      })),
    )
  }

  async function exported(store: ProjectStore): Promise<Ids> {
    await exportProject({ store, codec }, join(folder, 'out'), cocoSpec, {})
    return byId(
      idsSchema.parse(JSON.parse(await readFile(join(folder, 'out/annotations/instances_default.json'), 'utf8'))),
    )
  }

  async function imported(store: ProjectStore, file: unknown): Promise<readonly string[]> {
    const path = join(folder, 'in.json')
    await writeFile(path, JSON.stringify(file))
    const report = await importAnnotations({ store, codec }, path, importSpec, {})
    return report.problems.map(({ reason }) => reason)
  }

  const annotation = (id: number, imageId: number, categoryId: number, x: number) => ({
    id,
    image_id: imageId,
    category_id: categoryId,
    segmentation: square(x),
    bbox: [x, 1, 2, 2],
    area: 4,
    iscrowd: 0,
  })
  const foreign = {
    images: [
      { id: 90, file_name: 'b.png', width: 9, height: 9 },
      { id: 12, file_name: 'a.png', width: 9, height: 9 },
    ],
    categories: [
      { id: 18, name: 'bolt' },
      { id: 3, name: 'nut' },
    ],
    annotations: [{ ...annotation(501, 90, 3, 1), iscrowd: 1 }, annotation(77, 12, 18, 2), annotation(78, 12, 3, 4)],
  }

  test('ten times, ids and groups equal', async () => {
    let file: unknown = foreign
    for (let round = 0; round < 10; round++) {
      const store = project(['a.png', 'b.png'])
      expect(await imported(store, file)).toEqual([])
      expect(byId(idsSchema.parse(await exported(store)))).toEqual(byId(idsSchema.parse(foreign)))
      file = JSON.parse(await readFile(join(folder, 'out/annotations/instances_default.json'), 'utf8'))
      store.close()
    }
  })

  test('of ids from 0 the first gets a new number, and from then on all stay', async () => {
    const store = project(['a.png'])
    const one = { images: [{ id: 0, file_name: 'a.png', width: 9, height: 9 }], categories: [{ id: 0, name: 'bolt' }] }
    await imported(store, { ...one, annotations: [annotation(0, 0, 0, 1), annotation(4, 0, 0, 5)] })
    const first = await exported(store)
    expect(
      first.annotations.map(({ id, image_id, category_id, bbox }) => [id, image_id, category_id, bbox[0]]),
    ).toEqual([
      [4, 1, 1, 5],
      [5, 1, 1, 1],
    ])
    const again = project(['a.png'])
    await imported(again, JSON.parse(await readFile(join(folder, 'out/annotations/instances_default.json'), 'utf8')))
    expect(await exported(again)).toEqual(first)
    store.close()
    again.close()
  })

  test('a file from 0 and one from 1 of the same data set agree, in either order', async () => {
    const image = (id: number, name: string) => ({ id, file_name: name, width: 9, height: 9 })
    const category = (id: number) => ({ id, name: `class ${id}` })
    const train = {
      images: [image(0, 'a.png'), image(1, 'b.png')],
      categories: [0, 1, 2].map(category),
      annotations: [annotation(0, 0, 0, 1), annotation(1, 1, 2, 3)],
    }
    const val = {
      images: [image(2, 'c.png')],
      categories: [1, 2].map(category),
      annotations: [annotation(2, 2, 1, 1), annotation(3, 2, 2, 5)],
    }
    for (const files of [
      [train, val],
      [val, train],
    ]) {
      const store = project(['a.png', 'b.png', 'c.png'])
      for (const file of files) expect(await imported(store, file)).toEqual([])
      const { images, categories, annotations } = await exported(store)
      expect(images.map(({ id, file_name }) => [id, file_name])).toEqual([
        [1, 'b.png'],
        [2, 'c.png'],
        [3, 'a.png'],
      ])
      expect(categories).toEqual([category(1), category(2), { id: 3, name: 'class 0' }])
      expect(annotations.map(({ id, image_id, category_id }) => [id, image_id, category_id])).toEqual([
        [1, 1, 2],
        [2, 2, 1],
        [3, 2, 2],
        [4, 3, 3],
      ])
      store.close()
    }
  })

  test('images and annotations that come or go change no other id', async () => {
    const store = project(['b.png', 'c.png'])
    const image = (id: number, name: string) => ({ id, file_name: name, width: 9, height: 9 })
    const categories = [{ id: 1, name: 'bolt' }]
    const noIds = (imageId: number, x: number) => ({ ...annotation(0, imageId, 1, x), id: undefined })
    await imported(store, {
      images: [image(1, 'b.png'), image(2, 'c.png')],
      categories,
      annotations: [noIds(1, 1), noIds(2, 2)],
    })
    const first = await exported(store)
    addImages(store, ['a.png'])
    // This file has other numbers for what the project has numbered: the project keeps its own.
    const problems = await imported(store, {
      images: [image(9, 'a.png'), image(2, 'b.png')],
      categories,
      annotations: [noIds(9, 3), noIds(2, 4)],
    })
    expect(problems).toContain(
      'The project has other numbers for 1 of 2 image ids of this file; exports keep those of the project.',
    )
    const second = await exported(store)
    expect(second.images.map(({ id, file_name }) => [id, file_name])).toEqual([
      [1, 'b.png'],
      [2, 'c.png'],
      [9, 'a.png'],
    ])
    expect(second.annotations.slice(0, 2)).toEqual(first.annotations)
    expect(second.annotations.map(({ id }) => id)).toEqual([1, 2, 3, 4])
    store.history.undo()
    expect((await exported(store)).annotations).toEqual(first.annotations)
    store.close()
  })
})

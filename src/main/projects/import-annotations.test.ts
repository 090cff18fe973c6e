import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cocoSpec } from '../../../test/support/export-spec.ts'
import { HardProject } from '../../../test/support/hard-project.ts'
import type { AnnotationImportReport, AnnotationImportSpec } from '../../shared/contract/contract.ts'

let project: HardProject

beforeEach(async () => {
  project = new HardProject()
  await project.putPicture('a.png')
  await project.putPicture('b.png')
  await project.addAll()
})

afterEach(() => project.end())

interface Square {
  readonly image: string
  readonly className: string
  readonly left: number
}

/** An instances file of squares of 10 x 10 pixels. */
function cocoFile(squares: readonly Square[], categories: readonly { name: string; supercategory?: string }[]): string {
  const names = ['a.png', 'b.png']
  const path = join(project.folder, 'instances.json')
  const content = {
    images: names.map((name, index) => ({ id: index + 1, file_name: name, width: 160, height: 128 })),
    categories: categories.map((category, index) => ({ id: index + 1, ...category })),
    annotations: squares.map(({ image, className, left }, index) => ({
      id: index + 1,
      image_id: names.indexOf(image) + 1,
      category_id: categories.findIndex(({ name }) => name === className) + 1,
      segmentation: [[left, 0, left + 10, 0, left + 10, 10, left, 10]],
      area: 100,
      bbox: [left, 0, 10, 10],
      iscrowd: 0,
    })),
  }
  writeFileSync(path, JSON.stringify(content))
  return path
}

function bring(
  squares: readonly Square[],
  change: Partial<AnnotationImportSpec> = {},
  categories: readonly { name: string; supercategory?: string }[] = [{ name: 'nut' }, { name: 'bolt' }],
): Promise<AnnotationImportReport> {
  const spec = { format: 'coco', as: 'accepted', conflicts: 'both', dryRun: false, ...change } as const
  return project.session.importAnnotations(cocoFile(squares, categories), spec)
}

/** Left edges of what the images hold, by class. */
function held(image: string): Record<string, number[]> {
  const { store } = project.session
  const names = new Map(store.classes.list().map(({ id, name }) => [id, name]))
  const found: Record<string, number[]> = {}
  for (const { classId, bounds } of store.annotations.ofImage(project.imageId(image))) {
    ;(found[names.get(classId) ?? ''] ??= []).push(bounds[0])
  }
  for (const lefts of Object.values(found)) lefts.sort((a, b) => a - b)
  return found
}

const first: Square[] = [
  { image: 'a.png', className: 'nut', left: 0 },
  { image: 'a.png', className: 'nut', left: 20 },
  { image: 'b.png', className: 'bolt', left: 40 },
]
const second: Square[] = [
  { image: 'a.png', className: 'nut', left: 20 },
  { image: 'a.png', className: 'nut', left: 60 },
  { image: 'a.png', className: 'bolt', left: 80 },
]

test('the same file brings nothing a second time', async () => {
  expect(await bring(first)).toEqual({
    annotations: 3,
    images: 2,
    classes: ['nut', 'bolt'],
    unchanged: 0,
    kept: 0,
    replaced: 0,
    crowdsChanged: 0,
    crowdsKept: 0,
    reviewed: 0,
    reviewedEmpty: 0,
    notEmpty: 0,
    missing: 0,
    added: 0,
    turned: 0,
    otherOrientation: 0,
    problems: [],
  })
  const revision = project.session.store.revision()
  expect(await bring(first)).toMatchObject({ annotations: 0, images: 0, classes: [], unchanged: 3 })
  expect(project.session.store.revision()).toBe(revision)
})

test('two equal objects of a file stay two, and each is matched once', async () => {
  const twins = [first[0], first[0]].filter((square) => square !== undefined)
  expect(await bring(twins)).toMatchObject({ annotations: 2 })
  expect(await bring([...twins, ...twins])).toMatchObject({ annotations: 2, unchanged: 2 })
})

test.each([
  ['both', { annotations: 2, unchanged: 1, kept: 0, replaced: 0 }, { nut: [0, 20, 60], bolt: [80] }],
  ['keep', { annotations: 1, unchanged: 1, kept: 1, replaced: 0 }, { nut: [0, 20], bolt: [80] }],
  ['replace', { annotations: 2, unchanged: 1, kept: 0, replaced: 1 }, { nut: [20, 60], bolt: [80] }],
] as const)('%s, class by class, undone in one step', async (conflicts, counts, expected) => {
  await bring(first)
  expect(await bring(second, { conflicts, dryRun: true })).toMatchObject(counts)
  expect(held('a.png')).toEqual({ nut: [0, 20] })
  expect(await bring(second, { conflicts })).toMatchObject({ ...counts, images: 1 })
  expect(held('a.png')).toEqual(expected)
  expect(held('b.png')).toEqual({ bolt: [40] })
  project.session.step('undo')
  expect(held('a.png')).toEqual({ nut: [0, 20] })
})

test('a replaced example gives up its role, and undo gives it back', async () => {
  await bring(first)
  const { store } = project.session
  const [example] = store.annotations.ofImage(project.imageId('a.png')).filter(({ bounds }) => bounds[0] === 0)
  await project.session.setSupports([example?.id ?? ''], 'example')
  await bring(second, { conflicts: 'replace' })
  expect(store.supports.ofImage(project.imageId('a.png'))).toEqual([])
  project.session.step('undo')
  expect(store.supports.ofImage(project.imageId('a.png'))).toHaveLength(1)
})

test('a dry run makes neither classes nor history', async () => {
  const revision = project.session.store.revision()
  expect(await bring(first, { dryRun: true })).toMatchObject({ annotations: 3, classes: ['nut', 'bolt'] })
  expect(project.session.store.classes.list()).toEqual([])
  expect(project.session.store.revision()).toBe(revision)
})

test('the class tree comes along; words for groups and classes without annotations do not', async () => {
  const categories = [
    { name: 'hex nut', supercategory: 'nut' },
    { name: 'nut', supercategory: 'hardware' },
    { name: 'unused' },
  ]
  await bring([{ image: 'a.png', className: 'hex nut', left: 0 }], {}, categories)
  const classes = project.session.store.classes.list()
  const [nut] = classes.filter(({ name }) => name === 'nut')
  expect(Object.fromEntries(classes.map(({ name, parentId }) => [name, parentId]))).toEqual({
    'hex nut': nut?.id,
    nut: null,
  })
})

test('classes that name each other as parents come in all the same', async () => {
  const categories = [
    { name: 'egg', supercategory: 'hen' },
    { name: 'hen', supercategory: 'egg' },
  ]
  expect(await bring([{ image: 'a.png', className: 'egg', left: 0 }], {}, categories)).toMatchObject({ annotations: 1 })
  const classes = project.session.store.classes.list()
  expect(classes.filter(({ parentId }) => parentId === null)).toHaveLength(1)
})

test('an image of another folder is not taken for its namesake', async () => {
  const path = join(project.folder, 'folders.json')
  const entry = (id: number, name: string) => ({ id, file_name: name, width: 160, height: 128 })
  const square = (id: number, left: number) => ({
    id,
    image_id: id,
    category_id: 1,
    segmentation: [[left, 0, left + 10, 0, left + 10, 10, left, 10]],
    iscrowd: 0,
  })
  await project.putPicture('one/x.png')
  await project.addAll()
  const content = {
    images: [
      entry(1, 'one/x.png'),
      entry(2, 'two/x.png'),
      entry(3, 'val/a.png'),
      entry(4, 'test/a.png'),
      entry(5, 'val/b.png'),
    ],
    categories: [{ id: 1, name: 'nut' }],
    annotations: [square(1, 0), square(2, 20), square(3, 40), square(4, 60), square(5, 80)],
  }
  writeFileSync(path, JSON.stringify(content))
  const spec = { format: 'coco', as: 'accepted', conflicts: 'both', dryRun: false } as const
  const report = await project.session.importAnnotations(path, spec)
  expect(held('one/x.png')).toEqual({ nut: [0] })
  // Two entries may be the one a.png of the project, and only one b.png.
  expect(held('a.png')).toEqual({})
  expect(held('b.png')).toEqual({ nut: [80] })
  expect(report.problems.map(({ name }) => name)).toEqual(['two/x.png', 'val/a.png', 'test/a.png'])
  // Again, in place of what is there: nothing is taken away.
  await project.session.importAnnotations(path, { ...spec, conflicts: 'replace' })
  expect(held('one/x.png')).toEqual({ nut: [0] })
})

test('one picture listed twice is one image: equal masks stay two, and replacing takes none of them away', async () => {
  const path = join(project.folder, 'twice.json')
  const annotation = { category_id: 1, segmentation: [[0, 0, 10, 0, 10, 10, 0, 10]], iscrowd: 0 }
  const content = {
    images: [1, 2].map((id) => ({ id, file_name: 'a.png', width: 160, height: 128 })),
    categories: [{ id: 1, name: 'nut' }],
    annotations: [1, 2].map((id) => ({ ...annotation, id, image_id: id })),
  }
  writeFileSync(path, JSON.stringify(content))
  const spec = { format: 'coco', as: 'accepted', conflicts: 'replace', dryRun: false } as const
  expect(await project.session.importAnnotations(path, spec)).toMatchObject({ annotations: 2 })
  expect(await project.session.importAnnotations(path, spec)).toMatchObject({
    annotations: 0,
    unchanged: 2,
    replaced: 0,
  })
})

test('proposals take nothing away that was accepted, and keep nothing out', async () => {
  const [nut] = first
  if (nut === undefined) throw new Error('no square')
  await bring([nut])
  const elsewhere = { ...nut, left: 60 }
  expect(await bring([elsewhere], { as: 'proposed', conflicts: 'replace' })).toMatchObject({
    annotations: 1,
    replaced: 0,
  })
  expect(held('a.png')).toEqual({ nut: [0, 60] })
  await bring([{ ...nut, image: 'b.png' }], { as: 'proposed' })
  const accepted = await bring([{ ...nut, image: 'b.png', left: 80 }], { conflicts: 'keep' })
  expect(accepted).toMatchObject({ annotations: 1, kept: 0 })
})

test('what an export of ours calls a proposal comes back as one, with its score', async () => {
  const path = join(project.folder, 'proposals.json')
  const content = {
    images: [{ id: 1, file_name: 'a.png', width: 160, height: 128 }],
    categories: [{ id: 1, name: 'nut' }],
    annotations: [
      {
        id: 1,
        image_id: 1,
        category_id: 1,
        segmentation: [[0, 0, 10, 0, 10, 10, 0, 10]],
        iscrowd: 0,
        attributes: { state: 'proposed', score: 0.4 },
      },
    ],
  }
  writeFileSync(path, JSON.stringify(content))
  await project.session.importAnnotations(path, { format: 'coco', as: 'accepted', conflicts: 'both', dryRun: false })
  const [record] = project.session.store.annotations.ofImage(project.imageId('a.png'))
  expect(record).toMatchObject({ state: 'proposed', score: 0.4 })
})

test('a rehearsed export gives no numbers away', async () => {
  const spec = { ...cocoSpec, images: 'copy', orientation: 'upright' } as const
  // Shapes of labelme have no ids, so nothing has a number yet.
  const points = [
    [0, 0],
    [10, 0],
    [10, 10],
  ]
  const shapes = [{ label: 'nut', shape_type: 'polygon', points }]
  const content = { imagePath: 'a.png', imageWidth: 160, imageHeight: 128, imageData: null, shapes }
  mkdirSync(join(project.folder, 'labelme'))
  writeFileSync(join(project.folder, 'labelme', 'a.json'), JSON.stringify(content))
  const { session } = project
  const how = { format: 'labelme', as: 'accepted', conflicts: 'both', dryRun: false } as const
  await session.importAnnotations(join(project.folder, 'labelme'), how)
  const number = (): number | undefined => session.store.numbers.of('image', project.imageId('a.png'))
  expect(await session.rehearseExport(join(project.folder, 'nowhere'), spec)).toMatchObject({ identical: 1 })
  expect(number()).toBeUndefined()
  await session.exportTo(join(project.folder, 'out'), { ...spec, orientation: 'displayed', images: 'none' })
  expect(number()).toBe(1)
})

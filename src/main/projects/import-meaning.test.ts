import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cocoSpec } from '../../../test/support/export-spec.ts'
import { HardProject } from '../../../test/support/hard-project.ts'
import { formatNames } from '../../shared/contract/contract.ts'
import type { AnnotationImportReport, AnnotationImportSpec, ExportSpec } from '../../shared/contract/contract.ts'
import { coreOf, createAnnotation } from '../../shared/domain/annotations.ts'
import type { MaskTile } from '../../shared/domain/history.ts'
import { createBitmap } from '../../shared/mask/bitmap.ts'
import { displayedTiles, storedSize, storedTiles } from '../../shared/mask/orient.ts'
import { tilesFromBitmap } from '../../shared/mask/tiles.ts'
import { ensureClass } from './classes.ts'
import { makeEntry } from './entries.ts'
import { setReviewed } from './review.ts'

/** What an import makes of what a file says besides pixels. */

let project: HardProject

beforeEach(() => {
  project = new HardProject()
})

afterEach(() => project.end())

const coco: ExportSpec = { ...cocoSpec, segmentation: 'rle', images: 'copy' }
const plain: AnnotationImportSpec = { format: 'coco', as: 'accepted', conflicts: 'both', dryRun: false }

function bring(
  path: string,
  change: Partial<AnnotationImportSpec> = {},
  images?: string,
): Promise<AnnotationImportReport> {
  return project.session.importAnnotations(path, { ...plain, ...change }, { images })
}

function writeJson(name: string, content: unknown): string {
  const path = join(project.folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, JSON.stringify(content))
  return path
}

const status = (name: string): string => project.session.store.images.status(project.imageId(name))

function outline(name: string): string {
  const { entry, annotationId } = project.outline(project.imageId(name))
  project.session.store.history.commit(entry)
  return annotationId
}

const square = { category_id: 1, segmentation: [[0, 0, 10, 0, 10, 10, 0, 10]] }

function cocoFile(names: readonly string[], annotations: readonly object[], extra: object = {}): string {
  return writeJson('foreign.json', {
    images: names.map((name, index) => ({ id: index + 1, file_name: name, width: 160, height: 128, ...extra })),
    categories: [{ id: 1, name: 'square' }],
    annotations,
  })
}

test.each(formatNames.filter((format) => format !== 'coco-results'))(
  'what %s says was looked at and is empty comes back so, in one step',
  async (format) => {
    for (const name of ['a.png', 'empty.png', 'gap.png']) await project.putPicture(name)
    await project.addAll()
    const { session } = project
    const drawn = outline('a.png')
    setReviewed(session.store, [project.imageId('empty.png')], true)
    const out = join(project.folder, 'out')
    const written = await session.exportTo(out, { ...coco, format })
    expect(written).toMatchObject({ images: 2, annotations: 1, problems: [] })
    setReviewed(session.store, [project.imageId('empty.png')], false)
    const path = format === 'coco' || format === 'cvat' ? join(out, written.files[0] ?? '') : out

    expect(await bring(path, { format, dryRun: true })).toMatchObject({ reviewedEmpty: 1, unchanged: 1 })
    expect(status('empty.png')).toBe('unlabelled')
    expect(await bring(path, { format, as: 'proposed', dryRun: true })).toMatchObject({ reviewedEmpty: 0 })
    expect(await bring(path, { format, empty: 'unlabelled', dryRun: true })).toMatchObject({ reviewedEmpty: 0 })
    session.store.history.commit(
      makeEntry(
        'deleteAnnotation',
        {},
        [],
        [
          { kind: 'mask', annotationId: drawn, tiles: [...session.store.annotations.tiles(drawn)] },
          { kind: 'annotation', before: coreOf(session.store.annotations.get(drawn)), after: null },
        ],
      ),
    )
    expect(await bring(path, { format })).toMatchObject({ annotations: 1, images: 1, reviewedEmpty: 1, problems: [] })
    expect(['a.png', 'empty.png', 'gap.png'].map(status)).toEqual(['labelled', 'reviewedEmpty', 'unlabelled'])
    expect(await bring(path, { format })).toMatchObject({ annotations: 0, reviewedEmpty: 0 })
    session.step('undo')
    expect(['a.png', 'empty.png', 'gap.png'].map(status)).toEqual(['unlabelled', 'unlabelled', 'unlabelled'])
  },
)

test('YOLO of others: rings count along edges or through centres as asked', async () => {
  await project.putPicture('a.png')
  await project.addAll()
  const put = (name: string, text: string): void => {
    mkdirSync(dirname(join(project.folder, 'theirs', name)), { recursive: true })
    writeFileSync(join(project.folder, 'theirs', name), text)
  }
  put('data.yaml', 'train: images\nval: images\nnames: [square]\n')
  // Corners at the centres of pixels 16 and 31 of 160 columns, and of 16 and 31 of 128 rows, as OpenCV counts them.
  const shares = [16 / 160, 16 / 128, 31 / 160, 16 / 128, 31 / 160, 31 / 128, 16 / 160, 31 / 128]
  put('labels/a.txt', `0 ${shares.join(' ')}\n`)
  const areaOf = async (outline?: 'edges' | 'centres'): Promise<number | undefined> => {
    const change = outline === undefined ? {} : { outline }
    await bring(join(project.folder, 'theirs'), { format: 'yolo', conflicts: 'replace', ...change })
    return project.session.store.annotations.ofImage(project.imageId('a.png'))[0]?.area
  }
  expect(await areaOf()).toBe(15 * 15)
  expect(await areaOf('centres')).toBe(16 * 16)
  expect(await areaOf('edges')).toBe(15 * 15)
})

test('a folder of subsets is one import, and one step to take back', async () => {
  for (const name of ['a.png', 'b.png']) await project.putPicture(name)
  await project.addAll()
  const drawn = ['a.png', 'b.png'].map(outline)
  const out = join(project.folder, 'subsets')
  const subsets = ['train', 'val'].map((name) => ({ name, share: 0.5 }))
  const report = await project.session.exportTo(out, { ...coco, split: { by: 'image', seed: 1, subsets } })
  expect(report.files).toHaveLength(2)
  expect(await bring(out)).toMatchObject({ annotations: 0, unchanged: 2, problems: [] })
  const { store } = project.session
  for (let step = 0; step < drawn.length; step++) store.history.undo()
  expect(await bring(out)).toMatchObject({ annotations: 2, images: 2, problems: [] })
  project.session.step('undo')
  expect(['a.png', 'b.png'].map(status)).toEqual(['unlabelled', 'unlabelled'])
})

test('an image that a person has finished comes back so, in one step with its annotations', async () => {
  for (const name of ['a.png', 'b.png']) await project.putPicture(name)
  await project.addAll()
  const { session } = project
  const drawn = ['a.png', 'b.png'].map(outline)
  setReviewed(session.store, [project.imageId('a.png')], true)
  const out = join(project.folder, 'out')
  const written = await session.exportTo(out, coco)
  const path = join(out, written.files[0] ?? '')
  const { images } = JSON.parse(readFileSync(path, 'utf8')) as { images: readonly object[] }
  expect(images.map((image) => 'reviewed' in image)).toEqual([true, false])
  const states = (): string[] => ['a.png', 'b.png'].map(status)
  setReviewed(session.store, [project.imageId('a.png')], false)

  // With the annotations there already, it is the one thing that the file has to say.
  expect(await bring(path, { dryRun: true })).toMatchObject({ annotations: 0, unchanged: 2, reviewed: 1 })
  expect(await bring(path, { as: 'proposed', dryRun: true })).toMatchObject({ reviewed: 0 })
  const gone = drawn.flatMap((id) => [
    { kind: 'mask' as const, annotationId: id, tiles: [...session.store.annotations.tiles(id)] },
    { kind: 'annotation' as const, before: coreOf(session.store.annotations.get(id)), after: null },
  ])
  session.store.history.commit(makeEntry('deleteAnnotation', {}, [], gone))
  expect(await bring(path)).toMatchObject({ annotations: 2, reviewed: 1, reviewedEmpty: 0, problems: [] })
  expect(states()).toEqual(['reviewed', 'labelled'])
  expect(await bring(path)).toMatchObject({ unchanged: 2, reviewed: 0 })
  session.step('undo')
  expect(states()).toEqual(['unlabelled', 'unlabelled'])
  // An export of proposals has nothing that anybody has finished.
  await bring(path, { as: 'proposed' })
  setReviewed(session.store, [project.imageId('a.png')], true)
  const proposals = await session.exportTo(join(project.folder, 'proposals'), { ...coco, include: 'proposed' })
  expect(readFileSync(join(project.folder, 'proposals', proposals.files[0] ?? ''), 'utf8')).not.toContain('reviewed')
})

test('a finished image is not one here where something of it is missing or open', async () => {
  await project.putPicture('a.png')
  await project.addAll()
  const whole = { ...square, id: 1, image_id: 1, iscrowd: 0 }
  const finished = (annotations: readonly object[], mark: unknown = true): string =>
    cocoFile(['a.png'], annotations, { reviewed: mark })
  const looked = async (path: string, change: Partial<AnnotationImportSpec> = {}): Promise<number> =>
    (await bring(path, { ...change, dryRun: true })).reviewed
  expect(await looked(finished([whole]))).toBe(1)
  expect(await looked(finished([whole], 'yes'))).toBe(0)
  expect(await looked(finished([whole, { ...whole, id: 2, category_id: 9 }]))).toBe(0)
  // Nobody knows whose annotation it is that has no image.
  expect(await looked(finished([whole, { id: 2, category_id: 1 }]))).toBe(0)
  const unnamed = writeJson('unnamed.json', {
    images: [{ id: 1, file_name: 'a.png', width: 160, height: 128, reviewed: true }],
    categories: [
      { id: 1, name: 'square' },
      { id: 2, name: 'x'.repeat(300) },
    ],
    annotations: [whole, { ...whole, id: 2, category_id: 2 }],
  })
  expect(await looked(unnamed)).toBe(0)

  const path = finished([whole])
  outline('a.png')
  expect(await looked(path, { conflicts: 'keep' })).toBe(0)
  expect(await looked(path, { conflicts: 'both' })).toBe(1)
  await bring(finished([{ ...whole, segmentation: [[20, 20, 30, 20, 30, 30, 20, 30]] }]), { as: 'proposed' })
  expect(await looked(path, { conflicts: 'both' })).toBe(0)
  // What is replaced is open no more.
  expect(await looked(path, { conflicts: 'replace' })).toBe(1)
  expect(await bring(path, { conflicts: 'replace' })).toMatchObject({ reviewed: 1, replaced: 2 })
  expect(status('a.png')).toBe('reviewed')
})

test('an empty image never stands against annotations that are there, whatever the conflict rule', async () => {
  await project.putPicture('a.png')
  await project.addAll()
  outline('a.png')
  const path = cocoFile(['a.png'], [], { reviewed_empty: true })
  const revision = project.session.store.revision()
  for (const conflicts of ['both', 'keep', 'replace'] as const) {
    expect(await bring(path, { conflicts })).toMatchObject({ reviewedEmpty: 0, notEmpty: 1, replaced: 0 })
  }
  expect(project.session.store.revision()).toBe(revision)
})

test('COCO of others: an image without annotations counts as looked at only when told so', async () => {
  for (const name of ['a.png', 'b.png', 'c.png']) await project.putPicture(name)
  await project.addAll()
  // c.png has an annotation that cannot be read: nobody can say that it is empty.
  const path = cocoFile(['a.png', 'b.png', 'c.png'], [{ ...square, image_id: 1 }, { image_id: 3 }])
  expect(await bring(path)).toMatchObject({ annotations: 1, reviewedEmpty: 0 })
  expect(status('b.png')).toBe('unlabelled')
  expect(await bring(path, { empty: 'reviewed' })).toMatchObject({ annotations: 0, unchanged: 1, reviewedEmpty: 1 })
  expect(['a.png', 'b.png', 'c.png'].map(status)).toEqual(['labelled', 'reviewedEmpty', 'unlabelled'])
})

test('an image of boxes alone is not empty in a folder of masks', async () => {
  await project.putPicture('a.png')
  await project.addAll()
  const { session } = project
  const { entry, annotationId } = project.outline(project.imageId('a.png'))
  session.store.history.commit(entry)
  const core = {
    ...coreOf(session.store.annotations.get(annotationId)),
    id: 'box',
    kind: 'box',
    box: [1, 2, 3, 4],
  } as const
  await project.putPicture('b.png')
  await project.addAll()
  const box = { ...core, box: [...core.box] as [number, number, number, number], imageId: project.imageId('b.png') }
  session.store.history.commit(makeEntry('box', {}, [], createAnnotation(box, [])))
  const out = join(project.folder, 'out')
  const report = await session.exportTo(out, { ...coco, format: 'masks' })
  expect(report).toMatchObject({ images: 1, problems: [{ name: 'b.png' }] })
  expect(await bring(out, { format: 'masks' })).toMatchObject({ reviewedEmpty: 0, notEmpty: 0 })
})

test.each([
  ['both', { crowdsChanged: 0, crowdsKept: 1 }, false],
  ['keep', { crowdsChanged: 0, crowdsKept: 1 }, false],
  ['replace', { crowdsChanged: 1, crowdsKept: 0 }, true],
] as const)('a changed mark of a group, with %s', async (conflicts, counts, crowd) => {
  await project.putPicture('a.png')
  await project.addAll()
  const { session } = project
  const file = (iscrowd: number): string => cocoFile(['a.png'], [{ ...square, id: 1, image_id: 1, iscrowd }])
  await bring(file(0))
  const [before] = session.store.annotations.ofImage(project.imageId('a.png'))
  await session.setSupports([before?.id ?? ''], 'example')
  const edited = file(1)
  expect(await bring(edited, { conflicts, dryRun: true })).toMatchObject({ ...counts, unchanged: 1 })
  expect(await bring(edited, { conflicts })).toMatchObject({ ...counts, annotations: 0, replaced: 0 })
  const after = session.store.annotations.ofImage(project.imageId('a.png'))
  expect(after.map((record) => [record.id, record.crowd])).toEqual([[before?.id, crowd]])
  // It is the same annotation, so it is an example as before.
  expect(session.store.supports.ofImage(project.imageId('a.png'))).toHaveLength(1)
  if (!crowd) return
  session.step('undo')
  expect(session.store.annotations.get(before?.id ?? '').crowd).toBe(false)
})

test('a file that says nothing of groups changes none, and of equal masks those that agree are paired', async () => {
  await project.putPicture('a.png')
  await project.addAll()
  const marked = [1, 0].map((iscrowd, index) => ({ ...square, id: index + 1, image_id: 1, iscrowd }))
  await bring(cocoFile(['a.png'], marked))
  const turned = cocoFile(['a.png'], marked.toReversed())
  expect(await bring(turned, { conflicts: 'replace' })).toMatchObject({ unchanged: 2, crowdsChanged: 0 })
  const silent = cocoFile(
    ['a.png'],
    [1, 2].map((id) => ({ ...square, id, image_id: 1 })),
  )
  expect(await bring(silent, { conflicts: 'replace' })).toMatchObject({ unchanged: 2, crowdsChanged: 0 })
})

const size = { width: 48, height: 32 }

/** Pictures that are `size` as displayed, one of each orientation. */
async function addTurned(): Promise<void> {
  for (let orientation = 1; orientation <= 8; orientation++) {
    const { width, height } = storedSize({ ...size, orientation })
    const data = new Uint8Array(width * height * 3).fill(30 * orientation)
    const picture = sharp(data, { raw: { width, height, channels: 3 } }).withMetadata({ orientation })
    project.put(`${orientation}.jpg`, await picture.jpeg().toBuffer())
  }
  await project.addAll()
}

/** An F, which no turn and no mirror leaves as it is; `shift` makes each image's own. */
function letter(shift: number): MaskTile[] {
  const bitmap = createBitmap(size.width, size.height)
  const fill = (x: number, y: number, w: number, h: number): void => {
    for (let row = y; row < y + h; row++)
      bitmap.data.fill(1, row * size.width + x + shift, row * size.width + x + shift + w)
  }
  fill(3, 2, 4, 25)
  fill(3, 2, 17, 3)
  fill(3, 11, 9, 2)
  return tilesFromBitmap(bitmap)
}

function drawLetters(): void {
  const { store } = project.session
  const { id: classId } = ensureClass(store, 'letter')
  const base = {
    classId,
    origin: 'drawn',
    state: 'accepted',
    score: null,
    versionId: null,
    polygon: null,
    crowd: false,
    createdAt: '2026-01-01T00:00:00.000Z',
  } as const
  for (let orientation = 1; orientation <= 8; orientation++) {
    const common = { ...base, imageId: project.imageId(`${orientation}.jpg`) }
    const mask = createAnnotation(
      { ...common, id: `mask-${orientation}`, kind: 'mask', box: null },
      letter(orientation),
    )
    const box = createAnnotation({ ...common, id: `box-${orientation}`, kind: 'box', box: [1.1, 2.2, 30.3, 4.4] }, [])
    store.history.commit(makeEntry('brush', {}, [], [...mask, ...box]))
  }
}

test('masks exported on stored pixels come back identical, whatever the turn', async () => {
  await addTurned()
  drawLetters()
  const { session } = project
  const { store } = session
  const out = join(project.folder, 'out')
  await session.exportTo(out, { ...coco, orientation: 'stored' })
  const path = join(out, 'annotations/instances_default.json')
  const content = JSON.parse(readFileSync(path, 'utf8')) as { info: Record<string, unknown> }
  expect(content.info['orientation']).toBe('stored')
  const { orientation: _orientation, ...info } = content.info
  const silent = writeJson('silent.json', { ...content, info })

  // Ours says itself where its masks lie; of others a person has to.
  for (const [file, change] of [
    [path, {}],
    [silent, { orientation: 'stored' }],
  ] as const) {
    expect(await bring(file, change)).toMatchObject({
      annotations: 0,
      unchanged: 16,
      turned: 7,
      otherOrientation: 0,
      problems: [],
    })
  }
  const refused = await bring(silent, { dryRun: true })
  // Orientations 2 to 4 leave the size as it is: nobody can tell.
  expect(refused).toMatchObject({ otherOrientation: 4, turned: 0 })
  expect(refused.problems[0]).toEqual({
    name: '5.jpg',
    reason:
      '5.jpg has 48 x 32 pixels as displayed, turned by EXIF, but its masks are for 32 x 48, the sides swapped: they lie on its pixels as its file stores them, before EXIF turns it. Read them as stored pixels (--orientation stored).',
  })
  // Into a project that has nothing yet.
  const all = store.images.list({ filter: {}, sort: 'name', offset: 0, limit: 20 }).items
  for (const { id } of all) {
    const gone = store.annotations.ofImage(id).flatMap((record) => {
      const tiles = [...store.annotations.tiles(record.id)]
      const flip = tiles.length === 0 ? [] : [{ kind: 'mask' as const, annotationId: record.id, tiles }]
      return [...flip, { kind: 'annotation' as const, before: coreOf(record), after: null }]
    })
    store.history.commit(makeEntry('deleteAnnotation', {}, [], gone))
  }
  expect(await bring(silent, { orientation: 'stored' })).toMatchObject({ annotations: 16, turned: 7, problems: [] })
  for (const { id, orientation } of all) {
    const records = store.annotations.ofImage(id)
    const mask = records.find(({ kind }) => kind === 'mask')
    expect(store.annotations.tiles(mask?.id ?? '')).toEqual(letter(orientation))
    expect(records.find(({ kind }) => kind === 'box')?.box).toEqual([1.1, 2.2, 30.3, 4.4])
  }
})

test('formats that state no size are read on stored pixels too', async () => {
  await addTurned()
  const folder = join(project.folder, 'yolo')
  mkdirSync(join(folder, 'labels'), { recursive: true })
  writeFileSync(join(folder, 'data.yaml'), 'train: images\nval: images\nnames: [letter]\n')
  // The left half of the stored picture.
  const ring = '0 0 0 0.5 0 0.5 1 0 1\n'
  for (const name of [6, 8]) writeFileSync(join(folder, 'labels', `${name}.txt`), ring)
  mkdirSync(join(folder, 'images'))
  // One beside its labels, the other only in the project.
  writeFileSync(join(folder, 'images/8.jpg'), readFileSync(join(project.photos, '8.jpg')))
  expect(await bring(folder, { format: 'yolo', orientation: 'stored' })).toMatchObject({ annotations: 2, problems: [] })
  const half = createBitmap(32, 48)
  for (let y = 0; y < 48; y++) half.data.fill(1, y * 32, y * 32 + 16)
  for (const orientation of [6, 8]) {
    const [record] = project.session.store.annotations.ofImage(project.imageId(`${orientation}.jpg`))
    const expected = displayedTiles(tilesFromBitmap(half), { ...size, orientation })
    expect(storedTiles(expected, { ...size, orientation })).toEqual(tilesFromBitmap(half))
    expect(project.session.store.annotations.tiles(record?.id ?? '')).toEqual(expected)
  }
})

test('swapped sides that no EXIF orientation explains are said to be that', async () => {
  await project.putPicture('a.png')
  await project.addAll()
  const path = writeJson('swapped.json', {
    images: [{ id: 1, file_name: 'a.png', width: 128, height: 160 }],
    categories: [{ id: 1, name: 'square' }],
    annotations: [{ ...square, image_id: 1 }],
  })
  const { problems, otherOrientation } = await bring(path)
  expect(otherOrientation).toBe(0)
  expect(problems.map(({ reason }) => reason)).toContain(
    'a.png has 160 x 128 pixels, but its masks are for 128 x 160: the sides are swapped, and no EXIF orientation of the picture explains it; make them again at the size of the image.',
  )
})

test('images that the project lacks come from a folder first: those that the file speaks of and no others', async () => {
  await project.putPicture('a.png')
  await project.addAll()
  const photos = join(project.folder, 'elsewhere')
  mkdirSync(join(photos, 'sub'), { recursive: true })
  const picture = (background: string): Promise<Buffer> =>
    sharp({ create: { width: 160, height: 128, channels: 3, background } })
      .png()
      .toBuffer()
  writeFileSync(join(photos, 'sub/b.png'), await picture('#336699'))
  writeFileSync(join(photos, 'unused.png'), await picture('#996633'))
  writeFileSync(join(photos, 'same.png'), readFileSync(join(project.photos, 'a.png')))
  writeFileSync(join(photos, 'broken.png'), 'no picture')
  const names = ['a.png', 'sub/b.png', 'same.png', 'broken.png', 'nowhere.png']
  const path = cocoFile(
    names,
    names.map((_, index) => ({ ...square, image_id: index + 1, segmentation: [[index, 0, 9, 0, 9, 9, index, 9]] })),
  )
  expect(await bring(path, { dryRun: true })).toMatchObject({ annotations: 1, missing: 4, added: 0 })
  const looked = await bring(path, { dryRun: true }, photos)
  expect(looked).toMatchObject({ images: 2, missing: 2, added: 1 })
  const { session } = project
  const count = (): number => session.store.images.list({ filter: {}, sort: 'name', offset: 0, limit: 9 }).total
  expect(count()).toBe(1)

  const report = await bring(path, {}, photos)
  expect(report).toMatchObject({ images: looked.images, annotations: looked.annotations, missing: 2, added: 1 })
  const reasons = Object.fromEntries(report.problems.map(({ name, reason }) => [name, reason]))
  expect(reasons).toMatchObject({
    'broken.png':
      'broken.png is not a JPEG, PNG, WebP or TIFF picture, whatever its name says; convert it to one of these.',
    'nowhere.png': 'nowhere.png is not an image of this project; add it, then import again.',
  })
  expect(count()).toBe(2)
  expect(status('sub/b.png')).toBe('labelled')
  expect(session.store.images.path(project.imageId('sub/b.png'))).toBe(join(photos, 'sub/b.png'))
  session.step('undo')
  expect(status('sub/b.png')).toBe('unlabelled')
  session.step('undo')
  expect(count()).toBe(1)
  // What was undone does not stand in the way of doing it again.
  expect(await bring(path, {}, photos)).toMatchObject({ images: 2, added: 1 })
  expect(status('sub/b.png')).toBe('labelled')
  rmSync(photos, { recursive: true })
})

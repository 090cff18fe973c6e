import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { classRecord, exportSource, quiet, temporaryFolder, writeSample } from '../../../test/python/export-samples.ts'
import { cocoSpec, masksSpec } from '../../../test/support/export-spec.ts'
import type { SampleImage } from '../../../test/python/export-samples.ts'
import { importContext } from '../../../test/python/format-round-trips.ts'
import { indexPngCodec } from '../../../test/python/index-png-codec.ts'
import { bitmapFromPicture } from '../../../test/python/mask-samples.ts'
import { parseSubsets } from '../../shared/domain/split.ts'
import type { Split } from '../../shared/domain/split.ts'
import { AppError } from '../../shared/errors.ts'
import { exportCoco } from './coco-export.ts'
import { readCoco } from './coco-import.ts'
import { fingerprintHeight, fingerprintWidth } from './near-duplicates.ts'
import { readDataSet, writeDataSet } from './registry.ts'
import { ExportProblems } from './selection.ts'
import { planSplit } from './split.ts'

const classes = [classRecord(0, 'bolt')]
const subsets = [
  { name: 'train', share: 0.8 },
  { name: 'val', share: 0.2 },
]
const byFolder: Split = { subsets, by: 'folder', seed: 1 }
const look = new Uint8Array(fingerprintWidth * fingerprintHeight * 3).map((_, index) => (index * 7919) % 251)
const masks = [{ className: 'bolt', bitmap: bitmapFromPicture(['##', '.#']) }]

function images(count: number, nameOf: (index: number) => string, more: Partial<SampleImage> = {}): SampleImage[] {
  return Array.from({ length: count }, (_, index) => ({ name: nameOf(index), width: 2, height: 2, masks, ...more }))
}

async function plan(list: readonly SampleImage[], split: Split) {
  const problems = new ExportProblems()
  const source = exportSource(list, classes)
  const made = await planSplit(source, cocoSpec, split, quiet, problems)
  const subsetOf = new Map([...source.images()].map(({ image }) => [image.name, made.subsetOf(image.id)]))
  return { subsetOf, subsets: made.subsets, ...problems.found() }
}

describe('plan', () => {
  test.each([
    ['folder', 'all 5 lie in one folder, and a folder is never torn apart. Split by near-duplicates, or by image.'],
    [
      'near-duplicate',
      'all 5 are in one group of pictures that look alike, and a group is never torn apart. Split by image.',
    ],
    ['image', null],
  ] as const)('a subset that stays empty is named, with the reason: %s', async (by, reason) => {
    const list = images(5, (index) => `${index}.png`, { look })
    const { problems } = await plan(list, { subsets, by, seed: 1 })
    const empty = problems.filter(({ name }) => name === 'val')
    expect(empty).toEqual(reason === null ? [] : [{ name: 'val', reason: `This subset has no image: ${reason}` }])
  })

  test('no group is torn, and each share is met to within the largest group', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.nat(),
        fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        async (folders, seed, share) => {
          const list = folders.flatMap((size, folder) => images(size, (index) => `${folder}/${index}.png`))
          const cut = [
            { name: 'a', share },
            { name: 'b', share: 1 - share },
          ]
          const made = await plan(list, { subsets: cut, by: 'folder', seed })
          for (const folder of folders.keys()) {
            const found = list
              .filter(({ name }) => name.startsWith(`${folder}/`))
              .map(({ name }) => made.subsetOf.get(name))
            expect(new Set(found).size).toBe(1)
          }
          for (const subset of made.subsets) {
            expect(Math.abs(subset.images - subset.share * list.length)).toBeLessThanOrEqual(Math.max(...folders))
            expect(subset.reached).toBeCloseTo(subset.images / list.length)
          }
          expect(made.subsets.reduce((sum, subset) => sum + subset.images, 0)).toBe(list.length)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('the seed alone decides, not the order in which images came', async () => {
    const list = images(40, (index) => `${index}.png`)
    const byImage: Split = { subsets, by: 'image', seed: 3 }
    const one = await plan(list, byImage)
    expect(one.subsets.map((subset) => subset.images)).toEqual([32, 8])
    expect((await plan(list.toReversed(), byImage)).subsetOf).toEqual(new Map([...one.subsetOf].toReversed()))
    expect((await plan(list, { ...byImage, seed: 4 })).subsetOf).not.toEqual(one.subsetOf)
  })

  test('near-duplicates stay together, or are reported where they do not', async () => {
    const alike = images(10, (index) => `alike/${index}.png`, { look })
    const list = [...alike, ...images(10, (index) => `other/${index}.png`)]
    const together = await plan(list, { subsets, by: 'near-duplicate', seed: 1 })
    expect(new Set(alike.map(({ name }) => together.subsetOf.get(name))).size).toBe(1)
    expect(together.problems).toEqual([])

    const half = [
      { name: 'a', share: 0.5 },
      { name: 'b', share: 0.5 },
    ]
    const apart = await plan(list, { subsets: half, by: 'image', seed: 1 })
    expect(new Set(alike.map(({ name }) => apart.subsetOf.get(name))).size).toBe(2)
    expect(apart.problems).toHaveLength(1)
    expect(apart.problems[0]?.reason).toMatch(/^It looks like alike\/\d\.png, but lies in [ab] and the other in [ab]:/)
  })

  test('a picture that cannot be read is divided all the same, and said', async () => {
    const source = exportSource(
      images(3, (index) => `${index}.png`),
      classes,
    )
    const broken = { ...source, pixels: () => Promise.reject(new AppError('Io', 'fileUnreadable', 'Gone.')) }
    const problems = new ExportProblems()
    const made = await planSplit(broken, cocoSpec, byFolder, quiet, problems)
    expect(made.subsets.reduce((sum, subset) => sum + subset.images, 0)).toBe(3)
    expect(problems.found().problems.map(({ reason }) => reason)[2]).toContain('(Gone.)')
  })
})

test('each subset is a data set of its own, with seed, method and counts', async () => {
  using folder = temporaryFolder()
  const path = writeSample(folder.path, 'original.png', 'picture')
  const list = ['a', 'b', 'c', 'd', 'e'].flatMap((part) => images(4, (index) => `${part}/${index}.png`, { path }))
  const out = join(folder.path, 'out')
  const report = await exportCoco(
    exportSource(list, classes),
    out,
    { ...cocoSpec, images: 'copy', split: byFolder },
    quiet,
  )
  const expected = [
    { name: 'train', share: 0.8, images: 16, reached: 0.8 },
    { name: 'val', share: 0.2, images: 4, reached: 0.2 },
  ]
  expect(report).toMatchObject({ images: 20, annotations: 20, identical: 20, subsets: expected, problems: [] })
  expect(report.files).toEqual(['annotations/instances_train.json', 'annotations/instances_val.json'])
  expect(readdirSync(join(out, 'annotations')).toSorted()).toEqual(['instances_train.json', 'instances_val.json'])
  const seen: string[] = []
  for (const { name, images: count } of expected) {
    const file = join(out, `annotations/instances_${name}.json`)
    const { info } = JSON.parse(readFileSync(file, 'utf8'))
    expect(info.split).toEqual({
      by: 'folder',
      seed: 1,
      subsets: Object.fromEntries(expected.map(({ name: each, ...facts }) => [each, facts])),
    })
    const read = await readCoco(file)
    expect(read.images).toHaveLength(count)
    for (const { fileName } of read.images) expect(existsSync(join(out, 'images', name, fileName))).toBe(true)
    seen.push(...read.images.map(({ fileName }) => fileName))
  }
  expect(seen.toSorted()).toEqual(list.map(({ name }) => name).toSorted())
})

test('a format that is written as one refuses a split', async () => {
  using folder = temporaryFolder()
  const source = exportSource(
    images(2, (index) => `${index}.png`),
    classes,
  )
  await expect(
    writeDataSet(source, folder.path, { ...masksSpec, split: byFolder }, indexPngCodec, quiet),
  ).rejects.toMatchObject({ code: 'Unsupported', key: 'splitUnsupported' })
  expect(readdirSync(folder.path)).toEqual([])
})

test.each([
  ['train=0.8,val=0.2', subsets],
  [' train = 0.8 , val = .2', subsets],
  ['train=0.8,val=0.1', null],
  ['train=0.8,train=0.2', null],
  ['train=0.8,TRAIN=0.2', null],
  ['a/b=0.5,c=0.5', null],
  ['train=1', null],
  ['train=1,val=0', null],
  ['train,val', null],
  ['a=0.5=0.5,b=0.5', null],
  ['', null],
])('shares are read from "%s"', (text, expected) => {
  expect(parseSubsets(text)).toEqual(expected)
})

const shares = parseSubsets('train=0.5,val=0.25,test=0.25') ?? []
const inThree: Split = { by: 'folder', seed: 1, subsets: [...shares] }

test('YOLO: subsets with lists and folders of their own, named in data.yaml, and read again', async () => {
  using folder = temporaryFolder()
  const list = ['a', 'b', 'c', 'd'].flatMap((part) => images(4, (index) => `${part}/${index}.png`))
  const spec = { ...cocoSpec, format: 'yolo', split: inThree } as const
  const report = await writeDataSet(exportSource(list, classes), folder.path, spec, indexPngCodec, quiet)
  expect(report).toMatchObject({
    images: 16,
    identical: 16,
    problems: [],
    subsets: shares.map((each) => ({ ...each, images: each.share * 16, reached: each.share })),
  })
  const { train, val, test } = parse(readFileSync(join(folder.path, 'data.yaml'), 'utf8'))
  expect([train, val, test]).toEqual(['train.txt', 'val.txt', 'test.txt'])
  // The same pictures go to the same subsets as in COCO.
  using other = temporaryFolder()
  await writeDataSet(exportSource(list, classes), other.path, { ...spec, format: 'coco' }, indexPngCodec, quiet)
  for (const { name, share } of shares) {
    const lines = readFileSync(join(folder.path, `${name}.txt`), 'utf8')
      .trim()
      .split('\n')
    expect(lines).toHaveLength(share * 16)
    const { images: inCoco } = await readCoco(join(other.path, `annotations/instances_${name}.json`))
    expect(lines).toEqual(inCoco.map(({ fileName }) => `./images/${name}/${fileName}`))
    for (const line of lines)
      expect(existsSync(join(folder.path, line.replace('images', 'labels').replace('.png', '.txt')))).toBe(true)
  }
  const known = list.map(({ name, width, height }) => ({ fileName: name, width, height }))
  const read = await readDataSet('yolo', folder.path, importContext(known))
  expect(read.images.map(({ fileName }) => fileName).toSorted()).toEqual(list.map(({ name }) => name).toSorted())
})

test.each(['coco', 'yolo', 'voc'] as const)(
  '%s: an image that came after the plan waits, and so does its picture',
  async (format) => {
    using folder = temporaryFolder()
    const path = writeSample(folder.path, 'originals/picture.png', 'a picture')
    const all = images(3, (index) => `${index}.png`, { path })
    const [early, late] = [exportSource(all.slice(0, 2), classes), exportSource(all, classes)]
    let compared = 0
    // The plan compares all pictures that there are, and then one more comes.
    const growing: typeof late = {
      ...late,
      images: () => (compared < 2 ? early : late).images(),
      pixels: (...asked) => {
        compared++
        return late.pixels(...asked)
      },
    }
    const spec = { ...cocoSpec, format, images: 'copy', split: { ...byFolder, by: 'image' } } as const
    const out = join(folder.path, 'out')
    expect(await writeDataSet(growing, out, spec, indexPngCodec, quiet)).toMatchObject({ images: 2, annotations: 2 })
    const files = readdirSync(out, { recursive: true }).map(String)
    expect(files.filter((name) => name.endsWith('1.png'))).not.toEqual([])
    expect(files.filter((name) => /\b2\.(?:png|txt|xml)$/.test(name))).toEqual([])
  },
)

test('YOLO: readers know three subsets and insist on two', async () => {
  using folder = temporaryFolder()
  const source = exportSource(
    images(4, (index) => `${index}.png`),
    classes,
  )
  const own: Split = { by: 'image', seed: 1, subsets: [...(parseSubsets('fit=0.5,test=0.5') ?? [])] }
  const spec = { ...cocoSpec, format: 'yolo', split: own } as const
  const { problems } = await writeDataSet(source, folder.path, spec, indexPngCodec, quiet)
  expect(problems.map(({ reason }) => reason)).toEqual([
    'Readers know the subsets train, val and test, and not fit. Name it so.',
    'It names fit.txt for `train` and for `val`, as both have to be there: what is measured would be what was learnt. Split into train and val.',
  ])
  const data = parse(readFileSync(join(folder.path, 'data.yaml'), 'utf8'))
  expect(data).toEqual({ test: 'test.txt', train: 'fit.txt', val: 'fit.txt', outline: 'edges', names: { 0: 'bolt' } })
})

test('YOLO: no name of a subset is taken for something else in data.yaml', async () => {
  using folder = temporaryFolder()
  const list = images(4, (index) => `${index}.png`)
  const subsets = [...(parseSubsets('path=0.25,nc=0.25,names=0.25,val=0.25') ?? [])]
  const spec = { ...cocoSpec, format: 'yolo', split: { by: 'image', seed: 1, subsets } } as const
  await writeDataSet(exportSource(list, classes), folder.path, spec, indexPngCodec, quiet)
  const data = parse(readFileSync(join(folder.path, 'data.yaml'), 'utf8'))
  expect(data).toEqual({ train: 'path.txt', val: 'val.txt', outline: 'edges', names: { 0: 'bolt' } })
})

test('VOC: a list for each subset in both places where lists lie', async () => {
  using folder = temporaryFolder()
  const list = ['a', 'b', 'c', 'd'].flatMap((part) => images(4, (index) => `${part}/${index}.png`))
  const spec = { ...cocoSpec, format: 'voc', split: inThree } as const
  const report = await writeDataSet(exportSource(list, classes), folder.path, spec, indexPngCodec, quiet)
  expect(report.subsets?.map(({ images: count }) => count)).toEqual([8, 4, 4])
  const seen: string[] = []
  for (const { name } of shares) {
    const text = readFileSync(join(folder.path, `ImageSets/Segmentation/${name}.txt`), 'utf8')
    expect(readFileSync(join(folder.path, `ImageSets/Main/${name}.txt`), 'utf8')).toBe(text)
    seen.push(...text.trim().split('\n'))
  }
  expect(seen.map((stem) => `${stem}.png`).toSorted()).toEqual(list.map(({ name }) => name).toSorted())
  expect(readdirSync(join(folder.path, 'ImageSets/Main'))).toHaveLength(3)
})

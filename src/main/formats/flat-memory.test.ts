import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../test/python/export-samples.ts'
import { importContext } from '../../../test/python/format-round-trips.ts'
import type { AnnotationImportSpec, Problem } from '../../shared/contract/contract.ts'
import { problemCount } from '../../shared/contract/problem-count.ts'
import { objectsFormat } from './png-objects-records.ts'
import { Problems } from './problems.ts'
import { readDataSet } from './registry.ts'
import { ExportProblems } from './selection.ts'
import { WrittenFiles } from './written-files.ts'

test('what is said of an export does not grow without end, and says so', () => {
  const problems = new ExportProblems()
  for (let index = 0; index < 12_345; index++) {
    problems.add(`${index}.jpg`, 'It lost a part.')
    problems.count(`${index}.jpg`, 'is turned.')
  }
  const found = problems.found()
  expect(problemCount(found)).toBe(12_346)
  expect(found.unlisted).toBe(2345)
  expect(found.problems.slice(-2)).toEqual([
    { name: '9999.jpg', reason: 'It lost a part.' },
    { name: '0.jpg', reason: '12345 images, this one first: each is turned.' },
  ])
})

test('files that make an export come first, of the others the first thousand', () => {
  const files = new WrittenFiles()
  for (let index = 0; index < 3000; index++) files.add(`${index}.png`, `${index}.xml`)
  expect(files.list('main.txt').slice(0, 3)).toEqual(['main.txt', '0.png', '0.xml'])
  expect(files.list('main.txt')).toHaveLength(1000)
  expect(new WrittenFiles().list('main.txt')).toEqual(['main.txt'])
})

const many = 10_050
const repeated = (text: string, between = ''): string => Array.from({ length: many }, () => text).join(between)
const coco = (annotations: string): string =>
  `{"images": [{"id": 1, "file_name": "a.jpg", "width": 2, "height": 2}], "categories": [{"id": 1, "name": "bolt"}], "annotations": [${annotations}]}`
const badAnnotation = '{"id": 1, "image_id": 1, "category_id": 7}'

/** Data sets in which so many entries are damaged, and nothing else is worth a remark. */
const damaged: Readonly<Record<AnnotationImportSpec['format'], Readonly<Record<string, string>>>> = {
  coco: { 'instances_a.json': coco(repeated(badAnnotation, ',')) },
  'coco-results': {
    'results_a.json': `[${repeated(badAnnotation, ',')}]`,
    'instances_a.json': coco(''),
  },
  yolo: {
    'data.yaml': 'names: [bolt]\ntrain: images\n',
    'labels/a.txt': repeated('0 0.5\n'),
  },
  labelme: {
    'a.json': `{"imagePath": "a.jpg", "imageWidth": 2, "imageHeight": 2, "shapes": [${repeated('{"label": 7}', ',')}]}`,
  },
  cvat: {
    'annotations.xml': `<annotations><image name="a.jpg" width="2" height="2">${repeated('<ellipse label="bolt"/>')}</image></annotations>`,
  },
  masks: { 'manifest.json': `{"classes": {"1": "bolt"}, "items": [${repeated('{}', ',')}]}` },
  'png-objects': { 'manifest.json': `{"format": "${objectsFormat}", "images": [${repeated('{}', ',')}]}` },
  voc: {
    'Annotations/a.xml': `<annotation><size><width>2</width><height>2</height></size>${repeated('<object/>')}</annotation>`,
    'labelmap.txt': 'bolt:1,2,3::\n',
  },
}

test.each(Object.entries(damaged))(
  'what is said of an import does not grow without end either, and says so (%s)',
  async (format, files) => {
    using folder = temporaryFolder()
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder.path, name)), { recursive: true })
      writeFileSync(join(folder.path, name), text)
    }
    const [main = ''] = Object.keys(files)
    const isFile = format.startsWith('coco') || format === 'cvat'
    const path = isFile ? join(folder.path, main) : folder.path
    const context = importContext([{ fileName: 'a.jpg', width: 2, height: 2 }])
    const dataSet = await readDataSet(format as AnnotationImportSpec['format'], path, context)
    expect([dataSet.problems.length, dataSet.unlisted]).toEqual([10_000, 50])
    const numbers = dataSet.problems.map(({ reason }) => /\b(?:Entry|Line|Shape|number) (\d+)/.exec(reason)?.[1])
    if (format === 'yolo' || format === 'labelme') {
      expect(numbers).toEqual(Array.from({ length: 10_000 }, (_, index) => String(index + 1)))
    }

    const report = Problems.from(dataSet)
    report.push({ name: 'b.jpg', reason: 'It is not here.' })
    expect([report.found().problems.length, report.found().unlisted]).toEqual([10_000, 51])
  },
)

test('what concerns many annotations of a file is said however much else there is', async () => {
  using folder = temporaryFolder()
  const noted = '{"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[0, 0, 1, 0, 1, 1, 0, 1]]}'
  const path = join(folder.path, 'a.json')
  writeFileSync(path, coco(`${repeated(badAnnotation, ',')}, ${noted}`))
  const { problems } = await readDataSet('coco', path, importContext())
  expect(problems).toHaveLength(10_001)
  expect(problems.at(-1)?.reason).toBe('One annotation: `iscrowd` is missing; read as 0.')
})

test('of a text from a file only its beginning is kept', () => {
  const problems = new Problems()
  const long = 'x'.repeat(3000)
  problems.push({ name: long, reason: 'Left out.' })
  problems.count(long, 'is turned.')
  const short = `${'x'.repeat(2000)}…`
  expect(problems.found().problems).toEqual<Problem[]>([
    { name: short, reason: 'Left out.' },
    { name: short, reason: 'Once: is turned.' },
  ])
})

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { HardProject } from '../../../test/support/hard-project.ts'
import type { AnnotationImportReport } from '../../shared/contract/contract.ts'
import type { ImportOptions } from './import-annotations.ts'

/** An import takes a while, in which the project may change. */

let project: HardProject
const spec = { format: 'coco', as: 'accepted', conflicts: 'both', dryRun: false } as const

beforeEach(async () => {
  project = new HardProject()
  await project.putPicture('a.png')
  await project.addAll()
  await project.putPicture('more/b.png')
})

afterEach(() => project.end())

/** One square in each of `a.png` and `b.png`, of which the project has the first. */
function bring(options: ImportOptions = {}): Promise<AnnotationImportReport> {
  const path = join(project.folder, 'instances.json')
  const names = ['a.png', 'b.png']
  const segmentation = [[0, 0, 10, 0, 10, 10, 0, 10]]
  const content = {
    images: names.map((name, index) => ({ id: index + 1, file_name: name, width: 160, height: 128 })),
    categories: [{ id: 1, name: 'nut' }],
    annotations: names.map((_name, index) => ({
      id: index + 1,
      image_id: index + 1,
      category_id: 1,
      segmentation,
      iscrowd: 0,
    })),
  }
  writeFileSync(path, JSON.stringify(content))
  return project.session.importAnnotations(path, spec, { images: join(project.photos, 'more'), ...options })
}

const images = (): string[] =>
  project.session.store.images.list({ filter: {}, sort: 'name', offset: 0, limit: 9 }).items.map(({ name }) => name)

test('the same import twice at once is as one after the other', async () => {
  // Which of the two comes to its file first depends on the disk.
  const reports = await Promise.all([bring(), bring()])
  const [first, second] = reports.toSorted((a, b) => b.added - a.added)
  expect(first).toMatchObject({ added: 1, annotations: 2, problems: [] })
  expect(second).toMatchObject({ added: 0, annotations: 0, unchanged: 2, problems: [] })
  const { store } = project.session
  expect(images()).toEqual(['a.png', 'b.png'])
  for (const name of images()) expect(store.annotations.ofImage(project.imageId(name))).toHaveLength(1)
  // One step for the annotations, one for the images, and no more.
  for (let time = 0; time < 2; time++) store.history.undo()
  expect(images()).toEqual(['a.png'])
  expect(store.annotations.ofImage(project.imageId('a.png'))).toEqual([])
})

test('images that go while the file is read are missing, and the rest is imported whole', async () => {
  const { store } = project.session
  // All pictures are read by then, and the file is next.
  const running = bring({
    progress: ({ done, total }) => void (done === total && setImmediate(() => store.history.undo())),
  })
  expect(await running).toMatchObject({ added: 1, annotations: 1, missing: 1, problems: [{ name: 'a.png' }] })
  expect(images()).toEqual(['b.png'])
})

test('a folder of pictures that is not there is said', async () => {
  await expect(bring({ images: join(project.folder, 'nowhere') })).rejects.toMatchObject({
    code: 'NotFound',
    key: 'fileUnreadable',
  })
})

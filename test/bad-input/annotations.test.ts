import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { asGoodAsBefore, HardProject } from '../support/hard-project.ts'
import { runExemplar } from '../support/run-exemplar.ts'

const plain = { as: 'accepted', conflicts: 'both', dryRun: false } as const
let project: HardProject

beforeEach(async () => {
  project = new HardProject()
  await project.putPicture('a.png')
  await project.addAll()
})

afterEach(() => project.end())

const square = {
  id: 1,
  image_id: 1,
  category_id: 1,
  segmentation: [[0, 0, 10, 0, 10, 10, 0, 10]],
  area: 100,
  bbox: [0, 0, 10, 10],
  iscrowd: 0,
}
const coco = {
  images: [{ id: 1, file_name: 'a.png', width: 160, height: 128 }],
  annotations: [square],
  categories: [{ id: 1, name: 'square' }],
}

function write(name: string, content: object | string): string {
  const path = join(project.folder, name)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

function importCoco(path: string): ReturnType<HardProject['session']['importAnnotations']> {
  return project.session.importAnnotations(path, { ...plain, format: 'coco' })
}

const drawn = (): number => project.session.store.annotations.ofImage(project.imageId('a.png')).length

test('broken COCO JSON', async () => {
  const before = project.session.store.revision()
  const text = JSON.stringify(coco)
  const broken = write('broken.json', text.slice(0, text.indexOf('"categories"')))
  await expect(importCoco(broken)).rejects.toMatchObject({ code: 'InvalidInput', key: 'jsonInvalid' })
  const { message } = (await importCoco(broken).catch((error: unknown) => error)) as Error
  expect(message).toContain(broken)
  expect(message).not.toContain('\n')
  const list = write('list.json', '[1, 2')
  await expect(importCoco(list)).rejects.toMatchObject({
    code: 'InvalidInput',
    message: expect.stringContaining(list) as string,
  })
  // Nothing of it is in the project, not even the class.
  expect(project.session.store.revision()).toBe(before)
  expect(project.session.store.classes.list()).toEqual([])
  expect(await importCoco(write('whole.json', coco))).toMatchObject({ annotations: 1, problems: [] })
  expect(drawn()).toBe(1)
  expect(await project.afterwards()).toEqual(asGoodAsBefore)
})

test('COCO with an unknown image', async () => {
  const images = [...coco.images, { id: 2, file_name: 'b.png', width: 160, height: 128 }]
  const path = write('unknown.json', { ...coco, images, annotations: [square, { ...square, id: 2, image_id: 2 }] })
  expect(await importCoco(path)).toMatchObject({
    annotations: 1,
    images: 1,
    problems: [{ name: 'b.png', reason: 'b.png is not an image of this project; add it, then import again.' }],
  })
  await project.putPicture('b.png')
  await project.addAll()
  expect(await importCoco(path)).toMatchObject({ annotations: 1, unchanged: 1, problems: [] })
  expect(await project.afterwards()).toEqual(asGoodAsBefore)
})

test('a mask of another size', async () => {
  const path = write('size.json', { ...coco, images: [{ id: 1, file_name: 'a.png', width: 80, height: 64 }] })
  expect(await importCoco(path)).toMatchObject({
    annotations: 0,
    problems: [
      {
        name: 'a.png',
        reason: 'a.png has 160 x 128 pixels, but its masks are for 80 x 64; make them again at the size of the image.',
      },
    ],
  })
  expect(drawn()).toBe(0)

  const data = { width: 80, height: 64, data: new Uint8Array(80 * 64).fill(1) }
  const folder = join(project.folder, 'masks')
  mkdirSync(join(folder, 'masks'), { recursive: true })
  await project.codec.writeIndexPng(join(folder, 'masks', 'a.png'), data)
  const item = { image: 'images/a.png', mask: 'masks/a.png', class_ids: [1], px: { 1: 5120 }, w: 80, h: 64 }
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ name: 'x', classes: { 1: 'square' }, items: [item] }))
  const report = await project.session.importAnnotations(folder, { ...plain, format: 'masks' })
  expect(report).toMatchObject({ annotations: 0, problems: [{ name: expect.stringContaining('a.png') as string }] })

  await project.session.close()
  const mask = join(folder, 'masks', 'a.png')
  const corrected = await runExemplar([
    'correct',
    project.path,
    '--image',
    'a.png',
    '--class',
    'square',
    '--mask',
    mask,
  ])
  expect(corrected.code).toBe(1)
  expect(corrected.stderr.trim()).toBe(
    `${mask} is 80 x 64 pixels, but a.png is 160 x 128; save the mask at the size of the image.`,
  )
  await project.reopen()
  expect(drawn()).toBe(0)
  expect(await project.afterwards()).toEqual(asGoodAsBefore)
})

test('YOLO labels without their pictures take the size of the picture in the project', async () => {
  const folder = join(project.folder, 'yolo')
  mkdirSync(join(folder, 'labels'), { recursive: true })
  writeFileSync(join(folder, 'data.yaml'), 'train: images\nval: images\nnames: [square]\n')
  writeFileSync(join(folder, 'labels/a.txt'), '0 0 0 0.5 0 0.5 0.5 0 0.5\n0 1 2 3\n')
  writeFileSync(join(folder, 'labels/b.txt'), '0 0 0 0.5 0 0.5 0.5 0 0.5\n')
  const report = await project.session.importAnnotations(folder, { ...plain, format: 'yolo' })
  expect(report).toMatchObject({ annotations: 1, images: 1 })
  expect(report.problems.map(({ name }) => name)).toEqual(['labels/a.txt', 'labels/b.txt'])
  const [record] = project.session.store.annotations.ofImage(project.imageId('a.png'))
  expect(record?.area).toBe(80 * 64)
})

test('a COCO file of nothing but damage: ten thousand findings are listed, the rest is a number', async () => {
  const damaged = Array.from({ length: 10_500 }, (_, index) => ({ ...square, id: index + 1, category_id: 7 }))
  const stranger = { ...square, id: 20_000, image_id: 2 }
  const images = [...coco.images, { id: 2, file_name: 'b.png', width: 160, height: 128 }]
  const path = write('damaged.json', { ...coco, images, annotations: [...damaged, stranger] })
  const { problems, missing, unlisted } = await importCoco(path)
  expect(missing).toBe(1)
  expect(problems).toHaveLength(10_000)
  expect(problems[0]?.reason).toMatch(/^Annotation 1 was left out/)
  expect(problems[9_999]?.reason).toMatch(/^Annotation 10000 was left out/)
  expect(unlisted).toBe(501)
  // The command line says the same.
  await project.session.close()
  const command = ['import', project.path, path, '--format', 'coco', '--dry-run']
  const { code, stderr, stdout } = await runExemplar(command)
  expect([code, stderr]).toEqual([3, expect.stringContaining('501 more problems, not listed.')])
  expect(stdout).toContain('; 10501 problems.')
  const json: unknown = JSON.parse((await runExemplar([...command, '--json'])).stdout)
  expect(json).toMatchObject({ unlisted: 501, problems: { length: 10_000 } })
})

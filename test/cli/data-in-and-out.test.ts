import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import sharp from 'sharp'
import { exemplarJson, runExemplar } from '../support/run-exemplar.ts'

/** Import and export by command line: look first, then do it, then do it again. */
describe('data in and out on the command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-data-'))
  const project = join(folder, 'project')
  const instances = join(folder, 'instances.json')
  const target = join(folder, 'out')

  beforeAll(async () => {
    mkdirSync(join(folder, 'photos'))
    const picture = sharp({ create: { width: 60, height: 40, channels: 3, background: '#808080' } })
    await picture.png().toFile(join(folder, 'photos', 'a.png'))
    const parts = [
      [2, 2, 12, 2, 12, 12, 2, 12],
      [30, 2, 42, 2, 42, 12, 30, 12],
    ]
    const content = {
      images: [{ id: 1, file_name: 'a.png', width: 60, height: 40 }],
      categories: [{ id: 1, name: 'washer' }],
      annotations: [
        { id: 1, image_id: 1, category_id: 1, segmentation: parts, area: 220, bbox: [2, 2, 40, 10], iscrowd: 0 },
      ],
    }
    writeFileSync(instances, JSON.stringify(content))
    await exemplarJson(['new', project])
    await exemplarJson(['add', project, join(folder, 'photos')])
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  it('looks before it imports, and brings nothing twice', async () => {
    const command = ['import', project, instances, '--format', 'coco']
    const looked = await runExemplar([...command, '--dry-run'])
    expect(looked.stdout).toBe(
      'Would import 1 annotation on 1 image; 0 problems.\nNew classes: washer\nNothing was changed.\n',
    )
    expect(await exemplarJson(command)).toMatchObject({ annotations: 1, classes: ['washer'] })
    expect(await exemplarJson([...command, '--on-conflict', 'replace'])).toMatchObject({ annotations: 0, unchanged: 1 })
  })

  it('recognises what it is pointed at, and says so', async () => {
    const looked = await runExemplar(['import', project, instances, '--dry-run'])
    expect(looked).toMatchObject({
      code: 0,
      stdout: `Read as coco: ${instances}\nWould import 0 annotations on 0 images; 0 problems.\nAlready there, pixel by pixel: 1\nNothing was changed.\n`,
    })
    const exported = join(folder, 'labelme')
    await exemplarJson(['export', project, exported, '--format', 'labelme'])
    expect(await exemplarJson(['import', project, exported])).toMatchObject({ format: 'labelme', unchanged: 1 })
    const rings = await runExemplar(['import', project, instances, '--outline', 'centres', '--dry-run'])
    expect(rings.stderr).toContain('--outline is not heeded, since coco says by itself where its masks lie.')
    const unknown = await runExemplar(['import', project, join(folder, 'photos')])
    expect(unknown.code).toBe(1)
    expect(unknown.stderr).toContain(`${join(folder, 'photos')} shows no format that is known here.`)
  })

  it('adds the images that are missing from a folder first, and takes empty ones over when told to', async () => {
    const elsewhere = join(folder, 'elsewhere')
    mkdirSync(elsewhere)
    for (const [name, background] of [
      ['b.png', '#336699'],
      ['c.png', '#996633'],
    ] as const) {
      const picture = sharp({ create: { width: 60, height: 40, channels: 3, background } })
      await picture.png().toFile(join(elsewhere, name))
    }
    const ring = [[2, 2, 12, 2, 12, 12, 2, 12]]
    const content = {
      images: ['b.png', 'c.png'].map((name, index) => ({ id: index + 1, file_name: name, width: 60, height: 40 })),
      categories: [{ id: 1, name: 'washer' }],
      annotations: [{ id: 1, image_id: 1, category_id: 1, segmentation: ring, iscrowd: 0 }],
    }
    const path = join(folder, 'more.json')
    writeFileSync(path, JSON.stringify(content))
    const own = join(folder, 'own')
    await exemplarJson(['new', own])
    const command = ['import', own, path, '--format', 'coco', '--empty-as', 'reviewed']
    const missing = await runExemplar([...command, '--dry-run'])
    expect(missing).toMatchObject({ code: 3 })
    expect(missing.stdout).toContain('Not in the project: 2 images (--images FOLDER adds them from there)')
    const imported = await runExemplar([...command, '--images', elsewhere, '--orientation', 'displayed'])
    expect(imported).toMatchObject({
      code: 0,
      stdout:
        'Imported 1 annotation on 1 image; 0 problems.\nAdded first: 2 images\nNew classes: washer\nMarked as reviewed and empty: 1 image\n',
    })
    expect(await exemplarJson(['info', own])).toMatchObject({ images: { labelled: 1, reviewedEmpty: 1 } })
    const wrong = await runExemplar([...command, '--empty-as', 'maybe'])
    expect(wrong.code).toBe(2)
  })

  it('says what an export would be and leaves nothing', async () => {
    const looked = await runExemplar(['export', project, target, '--format', 'coco', '--dry-run', '--images', 'copy'])
    expect(looked).toMatchObject({
      code: 0,
      stdout: `1 of 1 masks identical\n1 image would be exported to ${target}. Nothing was written there.\n`,
    })
    expect(existsSync(target)).toBe(false)
  })

  it('says what an export would do to the files that are there, or that it would be refused, and changes nothing', async () => {
    const earlier = join(target, '..', 'earlier')
    // Its two parts are two objects there.
    await exemplarJson(['export', project, earlier, '--format', 'yolo', '--images', 'copy'], 3)
    const command = ['export', project, earlier, '--format', 'yolo', '--split', 'val=0.5,test=0.5']
    writeFileSync(join(earlier, 'labels', 'theirs.txt'), '')
    const looked = await runExemplar([...command, '--dry-run'])
    const all = readdirSync(earlier, { recursive: true }).length
    expect(looked.code).toBe(3)
    expect(looked.stdout).toContain('Nothing was written there.\n3 files of an earlier export would be removed\n')
    expect(looked.stderr).toContain('labels/theirs.txt: It lies in the export folder')
    expect(looked.stderr).toContain('images/train/a.png: Its image is in another subset now')
    writeFileSync(join(earlier, 'val.txt'), 'theirs')
    const refused = await runExemplar([...command, '--dry-run'])
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(`${join(earlier, 'val.txt')} would be overwritten`)
    expect(readdirSync(earlier, { recursive: true })).toHaveLength(all + 1)
    expect((await runExemplar(command)).stderr).toBe(refused.stderr)
  })

  it('says what a reader would make of it, and ends with 3 where that is not what is stored', async () => {
    const command = ['export', project, target, '--format', 'coco', '--dry-run', '--reader']
    const fine = await runExemplar([...command, 'pycocotools'])
    expect(fine.code).toBe(0)
    expect(fine.stdout).toContain('pycocotools (simulated): 1 of 1 as stored, 0 changed, 0 dropped; 0 notes')
    const changed = await runExemplar([...command, 'ultralytics'])
    expect(changed.code).toBe(3)
    expect(changed.stdout).toMatch(
      /ultralytics \(simulated\): 0 of 1 as stored, 1 changed, 0 dropped, worst IoU 0\.\d{3}, mean 0\.\d{3}/,
    )
    expect(changed.stderr).toMatch(/a\.png, washer: In training its 2 parts become one outline.* IoU 0\.\d{3}\./)
    const square = ['export', project, target, '--format', 'yolo', '--dry-run', '--parts', 'largest']
    const centred = await runExemplar([...square, '--outline', 'centres'])
    // Of two parts the largest alone was asked for.
    expect(centred.stdout).toContain('0 of 1 masks identical as Ultralytics fills them\n')
    expect((await runExemplar([...square, '--outline', 'middle'])).stderr).toContain(
      'Allowed choices are edges, centres',
    )
    for (const command of [
      ['export', project, target],
      ['import', project, instances],
    ]) {
      const passedOver = await runExemplar([...command, '--format', 'coco', '--outline', 'centres'])
      expect(passedOver).toMatchObject({ code: 2 })
      expect(passedOver.stderr).toContain('--outline is about yolo alone.')
    }
    const mixed = await runExemplar(['export', project, target, '--format', 'masks', '--reader', 'cvat'])
    expect(mixed).toMatchObject({ code: 2 })
    expect(mixed.stderr).toContain('--reader is about COCO files: use --format coco.')
  })
})

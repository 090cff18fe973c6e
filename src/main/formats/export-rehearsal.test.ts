import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { exportSource, quiet, temporaryFolder, writeSample } from '../../../test/python/export-samples.ts'
import { cocoSpec } from '../../../test/support/export-spec.ts'
import { indexPngCodec } from '../../../test/python/index-png-codec.ts'
import { byImage, classes, filesIn, masks, otherDisk, sourceOf } from '../../../test/support/export-sources.ts'
import { formatNames } from '../../shared/contract/contract.ts'
import type { ExportReport, ExportSpec } from '../../shared/contract/contract.ts'
import type { ExportSource } from './format-types.ts'
import { ExportFolder } from './export-folder.ts'
import { lockFolder } from './export-lock.ts'
import { areaIn, endOwner, newOwner } from './export-owners.ts'
import { ExportRehearsal } from './export-rehearsal.ts'
import { formats, rehearseDataSet, writeDataSet } from './registry.ts'

type Run = (source: ExportSource, folder: string, spec: Partial<ExportSpec>) => Promise<ExportReport>

const write: Run = (source, folder, spec) =>
  writeDataSet(source, folder, { ...cocoSpec, include: 'all', ...spec }, indexPngCodec, quiet)
const rehearse: Run = (source, folder, spec) =>
  rehearseDataSet(source, folder, { ...cocoSpec, include: 'all', ...spec }, indexPngCodec, quiet)

/** All there is to a folder and what is in it: names, bytes and times. */
function stateOf(folder: string): readonly unknown[] {
  const below = statSync(folder).isDirectory() ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : []
  return ['', ...below.toSorted()].map((name) => {
    const { mtimeMs, ctimeMs, ino, size, mode } = lstatSync(join(folder, name))
    const isFile = lstatSync(join(folder, name)).isFile()
    return { name, mtimeMs, ctimeMs, ino, size, mode, bytes: isFile ? readFileSync(join(folder, name), 'hex') : null }
  })
}

/** What the rehearsal and then the export itself say or throw. The rehearsal has changed nothing. */
async function both(
  source: ExportSource,
  folder: string,
  spec: Partial<ExportSpec>,
): Promise<{ readonly rehearsed: unknown; readonly real: unknown }> {
  const failure = (error: unknown): unknown => error
  const before = existsSync(folder) ? stateOf(folder) : null
  const rehearsed = await rehearse(source, folder, spec).catch(failure)
  expect(existsSync(folder) ? stateOf(folder) : null).toEqual(before)
  return { rehearsed, real: await write(source, folder, spec).catch(failure) }
}

describe('a rehearsed export says what the export itself will say, and changes nothing', () => {
  test.each(formatNames)('%s: into a new folder and into that of an earlier export', async (format) => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    for (const [names, images, removes] of [
      [['a.jpg', 'sub/b.jpg', 'c.jpg'], 'copy', false],
      [['a.jpg', 'new.jpg'], 'copy', true],
      [['a.jpg'], 'none', true],
      [['other.jpg'], 'none', true],
    ] as const) {
      const { rehearsed, real } = await both(sourceOf(folder.path, names), out, { format, images })
      expect(rehearsed).toEqual(real)
      expect(real).toMatchObject({ location: out, images: names.length })
      expect(Object.keys(real as object).includes('removed')).toBe(removes)
    }
  })

  test.each(formatNames)('%s: files of other origin that readers would take too', async (format) => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    const theirs = ['notes.txt', ...formats[format].found.map((at) => join(at.folder, `theirs${at.ending}`))]
    for (const name of theirs) writeSample(out, name, 'theirs')
    const { rehearsed, real } = await both(sourceOf(folder.path, ['a.jpg']), out, { format, images: 'copy' })
    expect(rehearsed).toEqual(real)
    expect(JSON.stringify(real)).toMatch(theirs.length > 1 ? /will read it with it/ : /^/)
  })

  test('files of other origin in the way', async () => {
    using folder = temporaryFolder()
    for (const name of ['data.yaml', 'labels', 'images/train']) {
      const out = join(folder.path, name.replaceAll('/', '-'))
      writeSample(out, name, 'theirs')
      const { rehearsed, real } = await both(sourceOf(folder.path, ['a.jpg']), out, { format: 'yolo', images: 'copy' })
      expect(real).toMatchObject({ key: 'exportOccupied', params: { file: expect.stringContaining(out) as unknown } })
      expect(rehearsed).toEqual(real)
    }
  })

  test('pictures: with other content, without an original, of another layout, in another subset, turned upright', async () => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    const names = ['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg']
    writeSample(out, 'images/default/a.jpg', 'theirs')
    writeSample(out, 'images/default/b.jpg', 'picture b.jpg')
    const source = sourceOf(folder.path, names)
    rmSync(join(folder.path, 'originals/d.jpg'))
    for (const spec of [
      { format: 'coco', images: 'copy' },
      { format: 'coco', images: 'copy', split: byImage('train', 'val') },
      { format: 'coco', images: 'none', split: byImage('val', 'train') },
      { format: 'coco', images: 'none', split: byImage('test') },
      { format: 'cvat', images: 'copy' },
      { format: 'masks', images: 'copy' },
      { format: 'masks', images: 'none' },
    ] as const) {
      const { rehearsed, real } = await both(source, out, spec)
      expect(real).toMatchObject({ images: names.length })
      expect(rehearsed).toEqual(real)
    }
    const turned = exportSource(
      ['a.jpg', 'b.jpg'].map((name) => ({ name, width: 3, height: 2, masks, orientation: 6 })),
      classes,
    )
    const upright = { ...turned, upright: () => Promise.resolve({ data: Buffer.from('upright'), lossless: true }) }
    for (let time = 0; time < 2; time++) {
      const { rehearsed, real } = await both(upright, out, { images: 'copy', orientation: 'upright' })
      expect(JSON.stringify(real)).toContain('with its EXIF orientation applied, every sample as before')
      expect(rehearsed).toEqual(real)
    }
  })

  test('a manifest that lies, and originals of the project in the folder', async () => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'originals')
    await write(sourceOf(folder.path, ['a.jpg', 'b.jpg']), out, { format: 'labelme', images: 'copy' })
    const { rehearsed, real } = await both(sourceOf(folder.path, ['a.jpg']), out, { format: 'labelme', images: 'copy' })
    expect(rehearsed).toEqual(real)
    expect(filesIn(out)).toEqual(['a.jpg', 'a.json', 'b.jpg'])
  })

  test('links to another disk, which become copies', async (context) => {
    using folder = temporaryFolder()
    const other = otherDisk(folder.path)
    if (other === null) return context.skip('there is no other disk here')
    using elsewhere = temporaryFolder(other)
    const source = sourceOf(folder.path, ['a.jpg', 'b.jpg'])
    const out = join(elsewhere.path, 'out')
    for (const wanted of [/2 images.*cannot be hard-linked/, /^((?!hard-linked).)*$/s]) {
      const { rehearsed, real } = await both(source, out, { images: 'link' })
      expect(JSON.stringify(real)).toMatch(wanted)
      expect(rehearsed).toEqual(real)
    }
  })

  test('what is no folder', async () => {
    using folder = temporaryFolder()
    const source = sourceOf(folder.path, ['a.jpg'])
    const file = writeSample(folder.path, 'file', 'theirs')
    const nowhere = join(folder.path, 'nowhere')
    symlinkSync(join(folder.path, 'missing'), nowhere)
    for (const [out, path, code] of [
      [file, file, 'ENOTDIR'],
      [join(file, 'new/out'), file, 'ENOTDIR'],
      [nowhere, nowhere, 'ENOENT'],
      [join(nowhere, 'out'), nowhere, 'ENOENT'],
    ] as const) {
      const { rehearsed, real } = await both(source, out, {})
      expect(real).toMatchObject({ code, path })
      expect(rehearsed).toEqual(real)
    }
    expect(readFileSync(file, 'utf8')).toBe('theirs')
  })

  test('a folder into which another export puts its files at this moment', async () => {
    using folder = temporaryFolder()
    const owner = newOwner()
    mkdirSync(areaIn(folder.path, owner))
    await using _lock = await lockFolder(folder.path, owner, quiet.signal)
    writeSample(folder.path, 'annotations.xml', 'of the other one, which has not said so yet')
    await using rehearsal = await ExportRehearsal.open(folder.path, 'cvat', () => [])
    writeSample(rehearsal.staging, 'annotations.xml', 'new')
    const controller = new AbortController()
    const published = rehearsal.publish('annotations.xml', [], controller.signal)
    controller.abort()
    await expect(published).rejects.toMatchObject({ code: 'Cancelled' })
    endOwner(owner)
  })

  test('a folder into which another export puts its files while it is looked at', async () => {
    using folder = temporaryFolder()
    const names = ['annotations.xml', 'more.xml']
    const [out, other] = [join(folder.path, 'out'), join(folder.path, 'other')]
    for (const target of [out, other]) {
      await using first = await ExportFolder.open(target, 'cvat', () => [])
      for (const name of names) writeSample(first.staging, name, `of ${target}`)
      await first.publish('annotations.xml', [], quiet.signal)
    }
    const originals = (): string[] => {
      // Asked for in the midst of the look.
      if (existsSync(other))
        for (const name of [...names, '.exemplar-export']) renameSync(join(other, name), join(out, name))
      rmSync(other, { recursive: true, force: true })
      return []
    }
    await using rehearsal = await ExportRehearsal.open(out, 'cvat', originals)
    for (const name of names) writeSample(rehearsal.staging, name, 'new')
    const published = await rehearsal.publish('annotations.xml', [], quiet.signal)
    expect(published).toEqual({ removed: 0, displaced: [], strangers: [] })
  })

  test('folders that may not be written to', async (context) => {
    using folder = temporaryFolder()
    const script = join(import.meta.dirname, '../../../test/scripts/export-as-nobody.ts')
    const original = writeSample(folder.path, 'a.jpg', 'picture')
    const run = (how: string, out: string): unknown => {
      const { stdout, stderr } = spawnSync(process.execPath, [script, how, out, original], { encoding: 'utf8' })
      return stdout === '' ? stderr : JSON.parse(stdout)
    }
    if (process.getuid === undefined) return context.skip('rights are others on this system')
    chmodSync(folder.path, 0o777)
    const out = join(folder.path, 'out')
    expect(run('write', out)).toMatchObject({ images: 1 })
    const labels = join(out, 'labels/train')
    for (const [closed, told] of [
      [labels, labels],
      [out, out],
    ] as const) {
      chmodSync(closed, 0o555)
      const before = stateOf(out)
      const rehearsed = run('rehearse', out)
      expect(stateOf(out)).toEqual(before)
      expect(rehearsed).toEqual({ code: 'EACCES', path: told })
      expect(run('write', out)).toEqual(rehearsed)
      chmodSync(closed, 0o755)
    }
    // Where nothing comes or goes, nothing need be written; who may write need not be able to look.
    for (const [open, mode] of [
      [join(out, 'images/train'), 0o555],
      [out, 0o333],
    ] as const) {
      chmodSync(open, mode)
      const rehearsed = run('rehearse', out)
      expect(rehearsed).toMatchObject({ images: 1 })
      expect(run('write', out)).toEqual(rehearsed)
      chmodSync(open, 0o755)
    }
    const above = join(folder.path, 'closed')
    mkdirSync(above)
    chmodSync(above, 0o555)
    expect(run('rehearse', join(above, 'new/out'))).toEqual({ code: 'EACCES', path: above })
    expect(readdirSync(above)).toEqual([])
    chmodSync(above, 0o755)
  })

  test('it leaves nothing in the folder for temporary files, however it ends', async () => {
    using folder = temporaryFolder()
    const temporary = join(folder.path, 'temporary')
    mkdirSync(temporary)
    for (const name of ['TMPDIR', 'TEMP', 'TMP']) vi.stubEnv(name, temporary)
    const out = join(folder.path, 'out')
    await rehearse(sourceOf(folder.path, ['a.jpg']), out, {})
    writeSample(out, 'annotations/instances_default.json', 'theirs')
    await expect(rehearse(sourceOf(folder.path, ['a.jpg']), out, {})).rejects.toMatchObject({ key: 'exportOccupied' })
    vi.unstubAllEnvs()
    expect(readdirSync(temporary)).toEqual([])
  })
})

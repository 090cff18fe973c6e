import fs, {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exportSource, quiet, temporaryFolder, writeSample } from '../../../test/python/export-samples.ts'
import { importContext } from '../../../test/python/format-round-trips.ts'
import { indexPngCodec } from '../../../test/python/index-png-codec.ts'
import { cocoSpec } from '../../../test/support/export-spec.ts'
import { byImage, classes, filesIn, masks, otherDisk, sourceOf } from '../../../test/support/export-sources.ts'
import { formatNames } from '../../shared/contract/contract.ts'
import type { ExportReport, ExportSpec } from '../../shared/contract/contract.ts'
import { ExportFolder } from './export-folder.ts'
import { hiddenPrefix } from './export-owners.ts'
import type { ExportContext, ExportSource } from './format-types.ts'
import { formats, readDataSet, writeDataSet } from './registry.ts'

function write(
  source: ExportSource,
  folder: string,
  spec: Partial<ExportSpec>,
  context: ExportContext = quiet,
): Promise<ExportReport> {
  return writeDataSet(source, folder, { ...cocoSpec, include: 'all', ...spec }, indexPngCodec, context)
}

/** Until it is disposed, nothing can be given a name like that in this process. */
function renamesFail(to: RegExp): Disposable {
  const { rename } = fs.promises
  fs.promises.rename = (from, target) =>
    to.test(String(target))
      ? Promise.reject(Object.assign(new Error('EIO: injected'), { code: 'EIO' }))
      : rename(from, target)
  syncBuiltinESMExports()
  return {
    [Symbol.dispose]: () => {
      fs.promises.rename = rename
      syncBuiltinESMExports()
    },
  }
}

describe('an export into the folder of an earlier one', () => {
  test.each(formatNames)('%s: is as one into an empty folder', async (format) => {
    using folder = temporaryFolder()
    const [again, fresh] = [join(folder.path, 'again'), join(folder.path, 'fresh')]
    const first = await write(sourceOf(folder.path, ['a.jpg', 'sub/b.jpg']), again, { format, images: 'copy' })
    expect(first).toMatchObject({ location: again })
    const less = sourceOf(folder.path, ['a.jpg', 'new.jpg'])
    const second = await write(less, again, { format, images: 'copy' })
    await write(less, fresh, { format, images: 'copy' })
    expect(filesIn(again)).toEqual(filesIn(fresh))
    expect(second.removed).toBeGreaterThan(0)
    expect(second.problems).toEqual(
      first.problems.map((problem) => expect.objectContaining({ reason: problem.reason })),
    )
    for (const name of filesIn(fresh))
      expect(readFileSync(join(again, name)).equals(readFileSync(join(fresh, name)))).toBe(true)
    // Empty folders are gone too.
    const inside = (path: string): string[] => readdirSync(path, { recursive: true, encoding: 'utf8' }).toSorted()
    expect(inside(again)).toEqual(inside(fresh))
    // The pictures are none that could be opened: their sizes are known to the project.
    rmSync(join(again, 'images'), { recursive: true, force: true })
    const { imports } = formats[format]
    const path = imports === 'folder' ? again : join(again, second.files[0] ?? '')
    const known = ['a.jpg', 'sub/b.jpg', 'new.jpg'].map((fileName) => ({ fileName, width: 3, height: 2 }))
    const read = await readDataSet(format, path, importContext(known))
    expect(read.images.map(({ fileName }) => fileName).toSorted()).toEqual(['a.jpg', 'new.jpg'])
  })

  test('other shares leave no picture in two subsets and no instances file of the last split', async () => {
    using folder = temporaryFolder()
    const names = Array.from({ length: 12 }, (_, number) => `${number}.jpg`)
    const source = sourceOf(folder.path, names)
    const out = join(folder.path, 'out')
    await write(source, out, { images: 'link' })
    await write(source, out, { images: 'link', split: byImage('train', 'val') })
    await write(source, out, { images: 'copy', split: byImage('train', 'test') })
    const files = filesIn(out)
    expect(files.filter((name) => name.startsWith('annotations/'))).toEqual([
      'annotations/instances_test.json',
      'annotations/instances_train.json',
    ])
    const pictures = files.filter((name) => name.startsWith('images/')).map((name) => name.replace(/.*\//, ''))
    expect(pictures.toSorted()).toEqual(names.toSorted())
    for (const name of names) expect(readFileSync(join(folder.path, 'originals', name), 'utf8')).toBe(`picture ${name}`)
  })

  test('annotations alone with other shares name the pictures that went, since their images changed the subset', async () => {
    using folder = temporaryFolder()
    const names = ['a.jpg', 'b.jpg', 'sub/c.jpg', 'sub/d.jpg']
    for (const format of ['coco', 'yolo'] as const) {
      const out = join(folder.path, format)
      await write(sourceOf(folder.path, [...names, 'gone.jpg']), out, {
        format,
        images: 'copy',
        split: byImage('train'),
      })
      const same = await write(sourceOf(folder.path, names), out, { format, split: byImage('train') })
      expect(same.problems.filter(({ reason }) => reason.includes('in another subset now'))).toEqual([])
      const { problems } = await write(sourceOf(folder.path, names), out, { format, split: byImage('val') })
      expect(problems.filter(({ reason }) => reason.includes('in another subset now'))).toEqual([
        {
          name: 'images/train/a.jpg',
          reason:
            'Its image is in another subset now, and this export brings no picture, so the one of the last export does not stay, and 3 more such files (images/train/b.jpg, images/train/sub/c.jpg, images/train/sub/d.jpg). Export with pictures to have it there.',
        },
      ])
    }
  })

  test('annotations alone leave the pictures that were copied before, but for those of images that went', async () => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    await write(sourceOf(folder.path, ['a.jpg', 'b.jpg']), out, { format: 'yolo', images: 'copy' })
    for (let time = 0; time < 2; time++) await write(sourceOf(folder.path, ['a.jpg']), out, { format: 'yolo' })
    expect(filesIn(out)).toEqual(['data.yaml', 'images/train/a.jpg', 'labels/train/a.txt', 'train.txt'])
    rmSync(join(folder.path, 'originals/a.jpg'))
    const gone = exportSource([{ name: 'a.jpg', width: 3, height: 2, masks, path: join(folder.path, 'gone') }], classes)
    const report = await write(gone, out, { format: 'yolo', images: 'copy' })
    expect(report.problems.map(({ reason }) => reason).join()).toContain('The one of the last export stays.')
    expect(existsSync(join(out, 'images/train/a.jpg'))).toBe(true)
  })

  test('exports of other layouts stay, with the pictures that they share', async () => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    const both = sourceOf(folder.path, ['a.jpg', 'b.jpg'])
    await write(both, out, { format: 'cvat', images: 'copy' })
    await write(both, out, { format: 'masks', images: 'copy' })
    const report = await write(sourceOf(folder.path, ['a.jpg']), out, { format: 'masks', images: 'copy' })
    expect(report.removed).toBe(1)
    expect(filesIn(out)).toEqual(['annotations.xml', 'images/a.jpg', 'images/b.jpg', 'manifest.json', 'masks/a.png'])
    await write(sourceOf(folder.path, ['a.jpg']), out, { format: 'cvat', images: 'copy' })
    expect(filesIn(out)).toEqual(['annotations.xml', 'images/a.jpg', 'manifest.json', 'masks/a.png'])
  })
})

describe('what is not ours', () => {
  test.each(formatNames)('%s: stays, and is named where readers would take it', async (format) => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    const theirs = ['notes.txt', ...formats[format].found.map((at) => join(at.folder, `theirs${at.ending}`))]
    for (const name of theirs) writeSample(out, name, 'theirs')
    for (let time = 0; time < 2; time++) {
      const { problems } = await write(sourceOf(folder.path, [time === 0 ? 'a.jpg' : 'b.jpg']), out, { format })
      for (const name of theirs) expect(readFileSync(join(out, name), 'utf8')).toBe('theirs')
      const said = problems.filter(({ reason }) => reason.includes('will read it with it'))
      expect(said).toHaveLength(theirs.length > 1 ? 1 : 0)
      for (const name of theirs.slice(1)) expect(`${said[0]?.name} ${said[0]?.reason}`).toContain(name)
    }
  })

  test('a file of theirs where ours must go stops the export before anything changes', async () => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    const source = sourceOf(folder.path, ['a.jpg', 'b.jpg'])
    await write(source, out, { format: 'labelme' })
    const before = filesIn(out)
    writeSample(out, 'c.json', 'theirs')
    writeFileSync(join(out, 'a.json'), 'changed by hand')
    const third = sourceOf(folder.path, ['a.jpg', 'c.jpg'])
    await expect(write(third, out, { format: 'labelme' })).rejects.toMatchObject({
      code: 'Conflict',
      message: expect.stringContaining('is not what an earlier export in this format wrote (2 such files)') as unknown,
    })
    expect(filesIn(out)).toEqual([...before, 'c.json'])
    expect(readFileSync(join(out, 'a.json'), 'utf8')).toBe('changed by hand')
    // A file where a folder has to be is one too.
    writeSample(folder.path, 'other/annotations', 'a file')
    await expect(write(source, join(folder.path, 'other'), {})).rejects.toMatchObject({ key: 'exportOccupied' })
  })

  test('what was changed since is no longer ours: it is not removed', async () => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    await write(sourceOf(folder.path, ['a.jpg', 'b.jpg']), out, { format: 'yolo' })
    writeFileSync(join(out, 'labels/train/b.txt'), '0 0.1 0.1 0.2 0.2\n')
    const { problems, removed } = await write(sourceOf(folder.path, ['a.jpg']), out, { format: 'yolo' })
    expect(removed).toBeUndefined()
    expect(problems.map(({ name }) => name)).toContain('labels/train/b.txt')
    expect(readFileSync(join(out, 'labels/train/b.txt'), 'utf8')).toBe('0 0.1 0.1 0.2 0.2\n')
  })

  test('pictures: originals in the folder, the last link of one, and one that became the original stay', async () => {
    using folder = temporaryFolder()
    // labelme wants the JSON beside the pictures: the export goes to where the originals lie.
    const originals = join(folder.path, 'originals')
    await write(sourceOf(folder.path, ['a.jpg', 'b.jpg']), originals, { format: 'labelme', images: 'copy' })
    await write(sourceOf(folder.path, ['a.jpg']), originals, { format: 'labelme', images: 'copy' })
    expect(filesIn(originals)).toEqual(['a.jpg', 'a.json', 'b.jpg'])

    const linked = join(folder.path, 'linked')
    await write(sourceOf(folder.path, ['a.jpg', 'b.jpg', 'c.jpg']), linked, { format: 'cvat', images: 'link' })
    unlinkSync(join(originals, 'b.jpg'))
    await write(sourceOf(folder.path, ['a.jpg']), linked, { format: 'cvat', images: 'link' })
    expect(filesIn(linked)).toEqual(['annotations.xml', 'images/a.jpg', 'images/b.jpg'])

    const copied = join(folder.path, 'copied')
    await write(sourceOf(folder.path, ['a.jpg', 'c.jpg']), copied, { format: 'cvat', images: 'copy' })
    const moved = { ...sourceOf(folder.path, ['a.jpg']), originals: () => [join(copied, 'images/c.jpg')] }
    await write(moved, copied, { format: 'cvat', images: 'copy' })
    expect(filesIn(copied)).toEqual(['annotations.xml', 'images/a.jpg', 'images/c.jpg'])
  })

  test('a manifest of anybody else deletes nothing outside of the folder', async () => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    const victim = writeSample(folder.path, 'elsewhere/victim.txt', 'precious')
    await write(sourceOf(folder.path, ['a.jpg']), out, { format: 'yolo' })
    symlinkSync(join(folder.path, 'elsewhere'), join(out, 'link'))
    const { size, mtimeMs } = statSync(victim)
    const manifest = join(out, '.exemplar-export')
    const entry = { layout: 'yolo', size, modified: Math.round(mtimeMs), linked: false }
    const inside = `${readFileSync(manifest, 'utf8')}${JSON.stringify({ ...entry, name: 'link/victim.txt' })}\n`
    for (const text of [inside, `${inside}${JSON.stringify({ ...entry, name: '../elsewhere/victim.txt' })}\n`]) {
      writeFileSync(manifest, text)
      // The second one is damaged, so that nothing counts as ours.
      await write(sourceOf(folder.path, ['b.jpg']), out, { format: 'yolo' }).catch(() => undefined)
      expect(readFileSync(victim, 'utf8')).toBe('precious')
    }
  })
})

describe('hazards of a folder', () => {
  test('originals that the project knows through a link stay', async () => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    await write(sourceOf(folder.path, ['a.jpg', 'b.jpg']), out, { format: 'labelme', images: 'copy' })
    symlinkSync(out, join(folder.path, 'link'))
    // A project of the exported pictures, which were added by another path.
    const next = { ...sourceOf(folder.path, ['a.jpg']), originals: () => [join(folder.path, 'link/b.jpg')] }
    await write(next, out, { format: 'labelme' })
    expect(filesIn(out)).toContain('b.jpg')
  })

  test('files of the last export that cannot be removed are named', async () => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    mkdirSync(out)
    mkdirSync(join(folder.path, 'disk'))
    symlinkSync(join(folder.path, 'disk'), join(out, 'labels'))
    await write(sourceOf(folder.path, ['a.jpg', 'b.jpg']), out, { format: 'yolo' })
    const { problems, removed } = await write(sourceOf(folder.path, ['a.jpg']), out, { format: 'yolo' })
    expect(removed).toBeUndefined()
    expect(existsSync(join(folder.path, 'disk/train/b.txt'))).toBe(true)
    expect(problems.map(({ name }) => name)).toContain('labels/train/b.txt')
  })

  test('files of another layout are not overwritten', async () => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    await write(sourceOf(folder.path, ['manifest.jpg']), out, { format: 'labelme' })
    const before = readFileSync(join(out, 'manifest.json'), 'utf8')
    await expect(write(sourceOf(folder.path, ['a.jpg']), out, { format: 'masks' })).rejects.toMatchObject({
      key: 'exportOccupied',
    })
    expect(readFileSync(join(out, 'manifest.json'), 'utf8')).toBe(before)
    const other = join(folder.path, 'other')
    await write(sourceOf(folder.path, ['a.jpg']), other, { format: 'masks', images: 'copy' })
    writeFileSync(join(folder.path, 'originals/a.jpg'), 'a picture of another project')
    const { problems } = await write(sourceOf(folder.path, ['a.jpg']), other, { format: 'cvat', images: 'copy' })
    expect(readFileSync(join(other, 'images/a.jpg'), 'utf8')).toBe('picture a.jpg')
    expect(problems.map(({ reason }) => reason).join()).toContain('with other content')
  })

  test.each(['link that leads nowhere', 'socket'])('a %s where a folder or file has to be is refused', async (kind) => {
    using folder = temporaryFolder()
    for (const name of ['labels', 'data.yaml', 'images/train/a.jpg']) {
      const out = join(folder.path, name.replaceAll('/', '-'))
      const source = sourceOf(folder.path, ['a.jpg'])
      await write(source, out, { format: 'yolo' })
      rmSync(join(out, name), { recursive: true, force: true })
      mkdirSync(dirname(join(out, name)), { recursive: true })
      const server = createServer()
      if (kind === 'socket') await once(server.listen(join(out, name)), 'listening')
      else symlinkSync(join(folder.path, 'nowhere'), join(out, name))
      const before = filesIn(out)
      const facts = lstatSync(join(out, name))
      const result = await write(sourceOf(folder.path, ['b.jpg', 'a.jpg']), out, {
        format: 'yolo',
        images: 'copy',
      }).catch((error: unknown) => error)
      expect(lstatSync(join(out, name)).ino).toBe(facts.ino)
      if (name.endsWith('.jpg')) expect(JSON.stringify(result)).toContain('with other content')
      else {
        expect(result).toMatchObject({ key: 'exportOccupied' })
        expect(filesIn(out)).toEqual(before)
      }
      server.close()
    }
  })

  test('a name with a line separator is no end of a line', async () => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    const source = sourceOf(folder.path, ['a\u2028b.jpg', 'c.jpg'])
    for (const format of formatNames)
      for (let time = 0; time < 2; time++) await write(source, join(out, format), { format, images: 'copy' })
    // Python's `splitlines`, with which its lists are read, ends one there.
    expect(readFileSync(join(out, 'yolo/train.txt'), 'utf8')).toBe('./images/train/c.jpg\n')
  })

  test('a copy that the project has made its original is not overwritten', async () => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    await write(sourceOf(folder.path, ['a.jpg']), out, { images: 'copy' })
    writeFileSync(join(folder.path, 'originals/a.jpg'), 'another picture of that name')
    const next = { ...sourceOf(folder.path, ['a.jpg']), originals: () => [join(out, 'images/default/a.jpg')] }
    const { problems } = await write(next, out, { images: 'copy' })
    expect(readFileSync(join(out, 'images/default/a.jpg'), 'utf8')).toBe('picture a.jpg')
    expect(problems.map(({ reason }) => reason).join()).toContain('with other content')
  })

  test('two exports at once know the files of each other afterwards', async () => {
    using folder = temporaryFolder()
    const publish = async (layout: string, name: string, meanwhile: () => Promise<void>): Promise<void> => {
      await using out = await ExportFolder.open(folder.path, layout, () => [])
      writeSample(out.staging, name, layout)
      await meanwhile()
      await out.publish(name, [], quiet.signal)
    }
    const nothing = (): Promise<void> => Promise.resolve()
    await publish('cvat', 'annotations.xml', () => publish('yolo', 'data.yaml', nothing))
    await publish('yolo', 'data.yaml', nothing)
    await publish('cvat', 'annotations.xml', nothing)
    expect(filesIn(folder.path)).toEqual(['annotations.xml', 'data.yaml'])
  })

  test('what an export of another layout wrote meanwhile is shared if it is the same, else not overwritten', async () => {
    for (const content of ['the same', 'another']) {
      using folder = temporaryFolder()
      await using out = await ExportFolder.open(folder.path, 'cvat', () => [])
      writeSample(out.staging, 'annotations.xml', 'cvat')
      writeSample(out.staging, 'images/a.jpg', 'the same')
      {
        await using other = await ExportFolder.open(folder.path, 'manifest', () => [])
        writeSample(other.staging, 'images/a.jpg', content)
        await other.publish(undefined, [], quiet.signal)
      }
      const published = out.publish('annotations.xml', [], quiet.signal)
      if (content === 'another') await expect(published).rejects.toMatchObject({ key: 'exportOccupied' })
      else await published
      expect(readFileSync(join(folder.path, 'images/a.jpg'), 'utf8')).toBe(content)
      expect(existsSync(join(folder.path, 'annotations.xml'))).toBe(content === 'the same')
    }
  })

  test('a picture that another export brought meanwhile is known as one of an export, and is not passed off as ours', async () => {
    using folder = temporaryFolder()
    const publish = async (
      picture: string | null,
      meanwhile = (): Promise<void> => Promise.resolve(),
    ): Promise<void> => {
      await using out = await ExportFolder.open(folder.path, 'cvat', () => [])
      writeSample(out.staging, 'annotations.xml', `with ${picture ?? 'nothing'}`)
      await meanwhile()
      const staged = join(out.staging, 'images/a.jpg')
      const isSame = (path: string): Promise<boolean> => Promise.resolve(readFileSync(path, 'utf8') === picture)
      if (picture !== null && (await out.pictureAt(staged, isSame)) === 'none')
        writeSample(out.staging, 'images/a.jpg', picture)
      await out.publish('annotations.xml', [], quiet.signal)
    }
    await publish('a picture', () => publish('a picture'))
    await publish(null)
    expect(filesIn(folder.path)).toEqual(['annotations.xml'])
    await expect(publish('a picture', () => publish('another'))).rejects.toMatchObject({ key: 'exportDisturbed' })
    expect(readFileSync(join(folder.path, 'annotations.xml'), 'utf8')).toBe('with another')
    expect(readFileSync(join(folder.path, 'images/a.jpg'), 'utf8')).toBe('another')
  })

  test('a picture that was to stay and that another export replaced stops the export: no mixture of two projects', async () => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    await write(sourceOf(folder.path, ['a.jpg']), out, { format: 'cvat', images: 'copy' })
    const other = exportSource(
      [{ name: 'a.jpg', width: 3, height: 2, masks: [], path: writeSample(folder.path, 'other/a.jpg', 'another one') }],
      classes,
    )
    await using first = await ExportFolder.open(out, 'cvat', () => [])
    writeSample(first.staging, 'annotations.xml', 'of the first project')
    expect(await first.pictureAt(join(first.staging, 'images/a.jpg'), () => Promise.resolve(true))).toBe('same')
    await write(other, out, { format: 'cvat', images: 'copy' })
    const visible = (): string[] => filesIn(out).filter((name) => !name.startsWith('.'))
    const before = visible().map((name) => readFileSync(join(out, name), 'utf8'))
    await expect(first.publish('annotations.xml', [], quiet.signal)).rejects.toMatchObject({
      key: 'exportDisturbed',
      params: { file: join(out, 'images/a.jpg') },
    })
    expect(visible().map((name) => readFileSync(join(out, name), 'utf8'))).toEqual(before)
  })

  test('a picture that was to stay and is gone in the end stops the export before anything changes', async () => {
    using folder = temporaryFolder()
    const picture = writeSample(folder.path, 'images/a.jpg', 'a picture')
    const main = writeSample(folder.path, 'notes.txt', 'theirs')
    await using out = await ExportFolder.open(folder.path, 'cvat', () => [])
    writeSample(out.staging, 'annotations.xml', 'new')
    expect(await out.pictureAt(join(out.staging, 'images/a.jpg'), () => Promise.resolve(true))).toBe('same')
    rmSync(picture)
    await expect(out.publish('annotations.xml', [], quiet.signal)).rejects.toMatchObject({
      key: 'exportDisturbed',
      message: `${picture} was changed or removed while the export was running; nothing was changed by it. Export again.`,
    })
    expect(readFileSync(main, 'utf8')).toBe('theirs')
    expect(existsSync(join(folder.path, 'annotations.xml'))).toBe(false)
  })

  test('the look at what else lies there can be stopped, and nothing has changed then', async () => {
    using folder = temporaryFolder()
    writeSample(folder.path, 'a/theirs.json', 'theirs')
    const before = filesIn(folder.path)
    const controller = new AbortController()
    {
      await using out = await ExportFolder.open(folder.path, 'labelme', () => [])
      writeSample(out.staging, 'b.json', 'new')
      const publishing = out.publish('b.json', [{ folder: '', ending: '.json' }], controller.signal)
      controller.abort()
      await expect(publishing).rejects.toMatchObject({ code: 'Cancelled' })
    }
    expect(filesIn(folder.path)).toEqual(before)
  })

  test('a picture that another export takes away at the moment it is looked at is brought anew', async () => {
    using folder = temporaryFolder()
    const picture = writeSample(folder.path, 'images/a.jpg', 'a picture')
    await using out = await ExportFolder.open(folder.path, 'cvat', () => [])
    const staged = join(out.staging, 'images/a.jpg')
    const isSame = async (path: string): Promise<boolean> => {
      rmSync(picture)
      return (await readFile(path, 'utf8')) === 'a picture'
    }
    expect(await out.pictureAt(staged, isSame)).toBe('none')
    await expect(out.pictureAt(staged, () => Promise.reject(new Error('of the original')))).resolves.toBe('none')
    writeFileSync(picture, 'a picture')
    await expect(out.pictureAt(staged, () => Promise.reject(new Error('of the original')))).rejects.toThrow('original')
  })

  test('a picture that became one of the project while an export was running stays', async () => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    await write(sourceOf(folder.path, ['a.jpg', 'b.jpg']), out, { format: 'cvat', images: 'copy' })
    const originals: string[] = []
    await using next = await ExportFolder.open(out, 'cvat', () => originals)
    writeSample(next.staging, 'annotations.xml', 'new')
    expect(await next.pictureAt(join(next.staging, 'images/a.jpg'), () => Promise.resolve(true))).toBe('same')
    expect(await next.pictureAt(join(next.staging, 'images/b.jpg'), () => Promise.resolve(false))).toBe('none')
    writeSample(next.staging, 'images/b.jpg', 'another')
    originals.push(join(out, 'images/b.jpg'))
    await expect(next.publish('annotations.xml', [], quiet.signal)).rejects.toMatchObject({ key: 'exportOccupied' })
    expect(readFileSync(join(out, 'images/b.jpg'), 'utf8')).toBe('picture b.jpg')
  })

  test('a sub-folder that is a link to another disk', async (context) => {
    using folder = temporaryFolder()
    const other = otherDisk(folder.path)
    if (other === null) return context.skip('there is no other disk here')
    using elsewhere = temporaryFolder(other)
    const out = join(folder.path, 'out')
    mkdirSync(out)
    symlinkSync(elsewhere.path, join(out, 'images'))
    const source = sourceOf(folder.path, ['a.jpg', 'sub/b.jpg'])
    for (const split of [null, byImage('train')]) {
      const { problems } = await write(source, out, { images: 'copy', split })
      expect(problems.filter(({ reason }) => !reason.includes('read it with it'))).toEqual([])
      const pictures = join(elsewhere.path, split === null ? 'default' : 'train')
      expect(filesIn(pictures)).toEqual(['a.jpg', 'sub/b.jpg'])
    }
    expect(readdirSync(out).toSorted()).toEqual(['.exemplar-export', 'annotations', 'images'])
  })

  test('pictures that somebody has put beside the annotations are of the export', async () => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    const source = sourceOf(folder.path, ['a.jpg'])
    await write(source, out, { format: 'yolo' })
    writeSample(out, 'images/train/a.jpg', 'picture a.jpg')
    const { problems } = await write(source, out, { format: 'yolo' })
    expect(problems.map(({ reason }) => reason).filter((reason) => reason.includes('read it with it'))).toEqual([])
  })

  test.skipIf(process.geteuid === undefined)('folders that nobody may look into or write to', async () => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    chmodSync(folder.path, 0o777)
    const user = process.geteuid?.() ?? 0
    // Nothing is forbidden to root.
    if (user === 0) process.seteuid?.(65_534)
    try {
      mkdirSync(join(out, 'lost+found'), { recursive: true })
      chmodSync(join(out, 'lost+found'), 0)
      for (let time = 0; time < 2; time++) await write(sourceOf(folder.path, ['a.jpg']), out, { format: 'labelme' })
      await write(sourceOf(folder.path, ['a.jpg', 'b.jpg']), out, { format: 'yolo' })
      chmodSync(join(out, 'lost+found'), 0o755)
      const before = filesIn(out)
      chmodSync(join(out, 'labels/train'), 0o555)
      const next = write(sourceOf(folder.path, ['a.jpg']), out, { format: 'yolo' })
      await expect(next).rejects.toMatchObject({ code: 'EACCES' })
      expect(filesIn(out)).toEqual(before)
      chmodSync(join(out, 'labels/train'), 0o755)
    } finally {
      if (user === 0) process.seteuid?.(0)
    }
  })

  test('the trial of an export that was killed at it goes with the next one', async () => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    await write(sourceOf(folder.path, ['a.jpg']), out, { format: 'yolo' })
    const { pid } = spawnSync(process.execPath, ['--version'])
    const trial = join(out, `labels/train/${hiddenPrefix}${pid}.0a1b2c3d4e5f`)
    mkdirSync(trial)
    await write(sourceOf(folder.path, ['a.jpg']), out, { format: 'yolo' })
    expect(existsSync(trial)).toBe(false)
  })

  test('only what an export prepared is cleared away', async () => {
    using folder = temporaryFolder()
    const backups = ['2024.bak', '20240101.bad'].map((ending) =>
      writeSample(folder.path, `out/.exemplar-export.${ending}/notes.txt`, 'theirs'),
    )
    await write(sourceOf(folder.path, ['a.jpg']), join(folder.path, 'out'), {})
    expect(backups.map((path) => existsSync(path))).toEqual([true, true])
  })
})

describe('an export that does not end', () => {
  test.each(formatNames)('%s: leaves the earlier one as it was', async (format) => {
    using folder = temporaryFolder()
    const out = join(folder.path, 'out')
    await write(sourceOf(folder.path, ['a.jpg']), out, { format, images: 'copy' })
    const before = filesIn(out).map((name) => [name, readFileSync(join(out, name)).toString('hex')])
    const controller = new AbortController()
    const context = { signal: controller.signal, progress: () => controller.abort() }
    const more = sourceOf(folder.path, ['b.jpg', 'c.jpg'])
    for (const target of [out, join(folder.path, 'new'), join(folder.path, 'new/one/below')])
      await expect(write(more, target, { format, images: 'copy' }, context)).rejects.toThrow('Cancelled.')
    expect(filesIn(out).map((name) => [name, readFileSync(join(out, name)).toString('hex')])).toEqual(before)
    expect(readdirSync(folder.path).toSorted()).toEqual(['originals', 'out'])
  })

  test.each(['coco', 'coco-results', 'yolo', 'voc'] as const)(
    '%s: one that stops in the middle of moving files leaves no subset that a reader would take for whole',
    async (format) => {
      using folder = temporaryFolder()
      const out = join(folder.path, 'out')
      const names = ['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg']
      const spec = { format, images: 'copy', split: byImage('train', 'val') } as const
      await write(sourceOf(folder.path, names), out, spec)
      {
        using _broken = renamesFail(/[/\\]out[/\\](?:images|JPEGImages)[/\\]/)
        const next = write(sourceOf(folder.path, [...names, 'e.jpg', 'f.jpg']), out, spec)
        await expect(next).rejects.toMatchObject({ code: 'EIO' })
      }
      expect(filesIn(out).filter((name) => /^(?:annotations|ImageSets)|data.yaml/.test(name))).toEqual([])
      await write(sourceOf(folder.path, names), out, spec)
      await write(sourceOf(folder.path, names), join(folder.path, 'fresh'), spec)
      expect(filesIn(out)).toEqual(filesIn(join(folder.path, 'fresh')))
    },
  )

  test('after a kill in the middle of moving files, the next export clears up', async () => {
    using folder = temporaryFolder()
    const [out, fresh] = [join(folder.path, 'out'), join(folder.path, 'fresh')]
    await write(sourceOf(folder.path, ['a.jpg', 'b.jpg']), out, { format: 'voc', images: 'copy' })
    // What a killed export leaves: a prepared folder, of which some files have been moved, and a manifest of both states.
    const manifest = readFileSync(join(out, '.exemplar-export'), 'utf8')
    const dead = join(out, '.exemplar-export.999999999.0a1b2c3d4e5f/files')
    mkdirSync(dead, { recursive: true })
    writeFileSync(join(dead, 'rest.xml'), 'not moved')
    const path = writeSample(out, 'Annotations/moved.xml', 'moved')
    const { size, mtimeMs } = statSync(path)
    const entry = { layout: 'voc', name: 'Annotations/moved.xml', size, modified: Math.round(mtimeMs), linked: false }
    writeFileSync(join(out, '.exemplar-export'), `${manifest}${JSON.stringify(entry)}\n`)
    rmSync(join(out, 'ImageSets/Segmentation/default.txt'))
    for (const target of [out, fresh]) {
      const { problems } = await write(sourceOf(folder.path, ['b.jpg']), target, { format: 'voc', images: 'copy' })
      expect(problems.filter(({ reason }) => reason.includes('read it with it'))).toEqual([])
    }
    expect(filesIn(out)).toEqual(filesIn(fresh))
  })

  test('the prepared folder of an export that is at work stays', async () => {
    using folder = temporaryFolder()
    const other = writeSample(folder.path, `out/.exemplar-export.${process.ppid}.0a1b2c3d4e5f/files/a.json`, 'at work')
    await write(sourceOf(folder.path, ['a.jpg']), join(folder.path, 'out'), { format: 'labelme' })
    expect(readFileSync(other, 'utf8')).toBe('at work')
  })
})

describe('names that are no names elsewhere', () => {
  test.each(formatNames)('%s: such an image is left out and said, the others are written', async (format) => {
    using folder = temporaryFolder()
    const names = ['a\\b.jpg', 'C:c.jpg', 'line\nbreak.jpg', '../out.jpg', 'good.jpg']
    const images = names.map((name) => ({ name, width: 3, height: 2, masks }))
    const source = exportSource([...images, { name: 'unlabelled\\.jpg', width: 3, height: 2 }], classes)
    const report = await write(source, join(folder.path, 'out'), { format })
    expect(report.images).toBe(1)
    const said = report.problems.filter(({ reason }) => reason.includes('so it was left out. Rename the picture.'))
    expect(said.map(({ name }) => name)).toEqual(names.slice(0, 4))
    expect(readdirSync(folder.path)).toEqual(['out'])
  })
})

import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../../test/python/export-samples.ts'
import { importContext } from '../../../test/python/format-round-trips.ts'
import { breakDisk } from '../../../test/support/broken-disk.ts'
import type { AnnotationImportSpec } from '../../shared/contract/contract.ts'
import { filesBelow, placePicture } from './files.ts'
import type { Destination } from './format-types.ts'
import { readDataSet } from './registry.ts'
import { asStored } from './turned-tiff.ts'

function put(folder: string, ...names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), '')
  }
}

describe('the files below a folder', () => {
  test('are sorted by their whole path, without hidden ones, whatever the case of their ending', async () => {
    using folder = temporaryFolder()
    put(folder.path, 'b.json', 'a/c.JSON', 'a-b.json', 'a/d/e.json', 'a/x.txt', '.hidden.json', 'a/.git/f.json')
    expect(await filesBelow(folder.path, '.json')).toEqual(['a-b.json', 'a/c.JSON', 'a/d/e.json', 'b.json'])
  })

  test('are found once where links lead round in a circle', async () => {
    using folder = temporaryFolder()
    put(folder.path, 'a/b.json')
    symlinkSync(folder.path, join(folder.path, 'a/loop'))
    symlinkSync(join(folder.path, 'a'), join(folder.path, 'again'))
    symlinkSync(join(folder.path, 'nowhere'), join(folder.path, 'broken.json'))
    expect(await filesBelow(folder.path, '.json')).toEqual(['a/b.json'])
  })

  test('are not half of them: a folder that cannot be read is named', async () => {
    using folder = temporaryFolder()
    put(folder.path, 'a/b/c.json', 'a/.hidden/d.json')
    {
      using _hidden = breakDisk(join(folder.path, 'a/.hidden'), 'EACCES')
      expect(await filesBelow(folder.path, '.json')).toEqual(['a/b/c.json'])
    }
    using _broken = breakDisk(join(folder.path, 'a/b'), 'EACCES')
    await expect(filesBelow(folder.path, '.json')).rejects.toMatchObject({
      key: 'fileUnreadable',
      params: { file: join(folder.path, 'a/b') },
    })
  })

  // Nothing of it is what the format reads, as in a home folder: only the walk itself can say that it was stopped.
  test.each(['labelme', 'masks', 'png-objects', 'voc', 'yolo'] as const satisfies AnnotationImportSpec['format'][])(
    'can be stopped looking for in the midst of it (%s)',
    async (format) => {
      using folder = temporaryFolder()
      put(folder.path, 'Annotations/a/b.md', 'pictures/c.md')
      writeFileSync(join(folder.path, 'data.yaml'), 'names: [bolt]\ntrain: pictures\n')
      const controller = new AbortController()
      const reading = readDataSet(format, folder.path, { ...importContext(), signal: controller.signal })
      controller.abort()
      await expect(reading).rejects.toMatchObject({ code: 'Cancelled' })
    },
  )
})

describe('copies of turned TIFFs', () => {
  /** A TIFF with its directory there, whose one entry says the orientation. */
  const tiff = (directoryAt: number, orientation: number): Buffer => {
    const bytes = Buffer.alloc(40, 0xaa)
    bytes.set([0x49, 0x49, 42, 0, directoryAt, 0, 0, 0])
    bytes.set([1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0], directoryAt)
    return bytes
  }

  test('are changed where they say their own orientation, if somebody replaces the original meanwhile', async () => {
    using folder = temporaryFolder()
    const source = join(folder.path, 'a.tif')
    writeFileSync(source, tiff(8, 6))
    const changeOf: typeof asStored = async (path) => {
      const change = await asStored(path)
      if (path === source) writeFileSync(source, tiff(20, 8))
      return change
    }
    const destination: Destination = {
      rehearsal: null,
      pictureAt: () => Promise.resolve('none'),
      pictureLeft: () => Promise.resolve('none'),
    }
    const target = join(folder.path, 'out/a.tif')
    expect(await placePicture(source, target, 'copy', destination, changeOf)).toBe('changed')
    expect(readFileSync(target).equals(tiff(20, 1))).toBe(true)
    expect(readFileSync(source).equals(tiff(20, 8))).toBe(true)
  })
})

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../../test/python/export-samples.ts'
import { importContext } from '../../../test/python/format-round-trips.ts'
import { breakDisk } from '../../../test/support/broken-disk.ts'
import type { AnnotationImportSpec } from '../../shared/contract/contract.ts'
import { filesBelow } from './files.ts'
import { readDataSet } from './registry.ts'

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

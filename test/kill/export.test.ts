import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { seededRandom } from '../../src/main/evaluate/random.ts'
import { filesBelow } from '../../src/main/formats/files.ts'
import { writeDataSet } from '../../src/main/formats/registry.ts'
import { quiet, temporaryFolder, writeSample } from '../python/export-samples.ts'
import { indexPngCodec } from '../python/index-png-codec.ts'
import { numbered, vocWithPictures } from '../support/numbered-source.ts'

const kills = process.env['EXEMPLAR_FULL'] === '1' ? 100 : 12
const random = seededRandom(Number(process.env['EXEMPLAR_SEED'] ?? 7))

test(
  'kill -9 during exports into one folder: never a mixture that a reader takes for whole, nothing of theirs gone',
  { timeout: 60_000 + kills * 10_000 },
  async () => {
    using folder = temporaryFolder()
    const original = writeSample(folder.path, 'originals/a.jpg', 'x'.repeat(1 << 18))
    const [out, fresh] = [join(folder.path, 'out'), join(folder.path, 'fresh')]
    const theirs = ['notes.txt', 'Annotations/theirs.xml', 'JPEGImages/theirs.jpg']
    for (const name of theirs) writeSample(out, name, 'theirs')
    const list = join(out, 'ImageSets/Segmentation/default.txt')
    for (let kill = 0; kill < kills; kill++) {
      const child = spawn(process.execPath, [
        join(import.meta.dirname, '../scripts/export-until-killed.ts'),
        out,
        original,
      ])
      const ended = once(child, 'exit')
      await Promise.race([once(child.stdout, 'data'), ended])
      await setTimeout(random() * 400)
      child.kill('SIGKILL')
      expect(await ended).toEqual([null, 'SIGKILL'])
      for (const name of theirs) expect(readFileSync(join(out, name), 'utf8')).toBe('theirs')
      if (!existsSync(list)) continue
      const stems = readFileSync(list, 'utf8').trim().split('\n')
      for (const [part, ending] of [
        ['Annotations', 'xml'],
        ['SegmentationClass', 'png'],
        ['SegmentationObject', 'png'],
        ['JPEGImages', 'jpg'],
      ]) {
        // Hidden folders are no part of it: the export may have been trying whether it may write there.
        const there = readdirSync(join(out, part ?? '')).filter((name) => !/^(?:theirs|\.)/.test(name))
        expect(there.toSorted()).toEqual(stems.map((stem) => `${stem}.${ending}`).toSorted())
      }
    }
    for (const target of [out, fresh]) {
      await writeDataSet(numbered(5, 7, original), target, vocWithPictures, indexPngCodec, quiet)
    }
    expect(await filesBelow(out)).toEqual([...(await filesBelow(fresh)), ...theirs].toSorted())
    const hidden = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) =>
      basename(name).startsWith('.'),
    )
    expect(hidden).toEqual(['.exemplar-export'])
    expect(readFileSync(original, 'utf8')).toHaveLength(1 << 18)
  },
)

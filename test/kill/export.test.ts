import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Readable } from 'node:stream'
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

const theirs = ['notes.txt', 'Annotations/theirs.xml', 'JPEGImages/theirs.jpg']

/** A folder to export to with files of somebody else in it, and a picture to export. */
interface Ground extends Disposable {
  readonly out: string
  readonly fresh: string
  readonly original: string
}

function newGround(): Ground {
  const folder = temporaryFolder()
  const out = join(folder.path, 'out')
  for (const name of theirs) writeSample(out, name, 'theirs')
  return {
    out,
    fresh: join(folder.path, 'fresh'),
    original: writeSample(folder.path, 'originals/a.jpg', 'x'.repeat(1 << 18)),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  }
}

function startExport(
  { out, original }: Ground,
  ...rounds: readonly string[]
): ChildProcessByStdio<null, Readable, null> {
  const script = join(import.meta.dirname, '../scripts/export-repeatedly.ts')
  return spawn(process.execPath, [script, out, original, ...rounds], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/**
 * Nothing of theirs has gone, and what a reader would take for an export is a whole one. Returns the names of its pictures
 * without their ending, in order; null where there is none.
 */
function wholeExport({ out }: Ground): string[] | null {
  for (const name of theirs) expect(readFileSync(join(out, name), 'utf8')).toBe('theirs')
  const list = join(out, 'ImageSets/Segmentation/default.txt')
  if (!existsSync(list)) return null
  const stems = readFileSync(list, 'utf8').trim().split('\n').toSorted()
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
  return stems
}

function hiddenIn({ out }: Ground): string[] {
  const names = readdirSync(out, { recursive: true, encoding: 'utf8' })
  return names.filter((name) => basename(name).startsWith('.'))
}

/** Another export makes of the folder what an empty one would be, and leaves nothing of those that were killed. */
async function expectCleanAfterExport(ground: Ground): Promise<void> {
  const { out, fresh, original } = ground
  for (const target of [out, fresh])
    await writeDataSet(numbered(5, 7, original), target, vocWithPictures, indexPngCodec, quiet)
  expect(await filesBelow(out)).toEqual([...(await filesBelow(fresh)), ...theirs].toSorted())
  expect(hiddenIn(ground)).toEqual(['.exemplar-export'])
  expect(readFileSync(original, 'utf8')).toHaveLength(1 << 18)
}

/** The names that the exports of the processes have, in order. */
function stemsFrom(first: number): string[] {
  return Array.from({ length: 30 }, (_, at) => String(first + at)).toSorted()
}

test(
  'kill -9 during exports into one folder: never a mixture that a reader takes for whole, nothing of theirs gone',
  { timeout: 60_000 + kills * 10_000 },
  async () => {
    using ground = newGround()
    for (let kill = 0; kill < kills; kill++) {
      const child = startExport(ground)
      const ended = once(child, 'exit')
      await Promise.race([once(child.stdout, 'data'), ended])
      await setTimeout(random() * 400)
      child.kill('SIGKILL')
      expect(await ended).toEqual([null, 'SIGKILL'])
      wholeExport(ground)
    }
    await expectCleanAfterExport(ground)
  },
)

test(
  'kill -9 of one of two exports into one folder: the other one goes on, and what is there is one of the two',
  { timeout: 60_000 + kills * 20_000 },
  async () => {
    using ground = newGround()
    for (let kill = 0; kill < kills / 2; kill++) {
      const [killed, survivor] = [0, 1].map(() => {
        const child = startExport(ground)
        return { child, ended: once(child, 'exit') }
      })
      if (killed === undefined || survivor === undefined) throw new Error('there are two')
      for (const { child, ended } of [killed, survivor]) await Promise.race([once(child.stdout, 'data'), ended])
      await setTimeout(random() * 400)
      killed.child.kill('SIGKILL')
      await killed.ended
      // The one under way may have been published before; the next one has met what the dead one left.
      for (let exported = 0; exported < 2; exported++)
        await Promise.race([once(survivor.child.stdout, 'data'), survivor.ended])
      await setTimeout(random() * 100)
      survivor.child.kill('SIGKILL')
      expect(await killed.ended).toEqual([null, 'SIGKILL'])
      expect(await survivor.ended).toEqual([null, 'SIGKILL'])
      wholeExport(ground)
    }
    await expectCleanAfterExport(ground)
  },
)

test('several processes export into one folder at once: all of them end well, and what is there is one export', async () => {
  using ground = newGround()
  const rounds = process.env['EXEMPLAR_FULL'] === '1' ? 20 : 4
  const ended = await Promise.all(
    Array.from({ length: 4 }, async () => await once(startExport(ground, String(rounds)), 'exit')),
  )
  expect(ended).toEqual(ended.map(() => [0, null]))
  expect([stemsFrom(0), stemsFrom(15)]).toContainEqual(wholeExport(ground))
  expect(hiddenIn(ground)).toEqual(['.exemplar-export'])
  await expectCleanAfterExport(ground)
})

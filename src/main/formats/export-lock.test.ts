import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { quiet, temporaryFolder, writeSample } from '../../../test/python/export-samples.ts'
import { ExportFolder } from './export-folder.ts'
import { lockFolder, whenUnlocked } from './export-lock.ts'
import { areaIn, endOwner, newOwner } from './export-owners.ts'

const { signal } = quiet

/** An export at work in the folder: what it takes to ask for the lock. */
function owner(folder: string): string {
  const name = newOwner()
  mkdirSync(areaIn(folder, name), { recursive: true })
  return name
}

/** A lock as a process leaves it that is killed while it has it. */
function leaveLock(folder: string, by: string): string {
  const lock = join(folder, '.exemplar-export.lock')
  mkdirSync(lock, { recursive: true })
  writeFileSync(join(lock, by), '')
  return lock
}

function deadProcess(): number {
  return spawnSync(process.execPath, ['--version']).pid
}

test('one at a time, and nothing is left of it', async () => {
  using folder = temporaryFolder()
  let inside = 0
  const most = await Promise.all(
    Array.from({ length: 20 }, async () => {
      await using _lock = await lockFolder(folder.path, owner(folder.path), signal)
      inside++
      await Promise.all(Array.from({ length: 5 }, () => new Promise((done) => setImmediate(done))))
      return inside--
    }),
  )
  expect(most).toEqual(most.map(() => 1))
  expect(existsSync(join(folder.path, '.exemplar-export.lock'))).toBe(false)
})

test('one that waits can be stopped; the other one keeps its lock', async () => {
  using folder = temporaryFolder()
  const first = owner(folder.path)
  await using _lock = await lockFolder(folder.path, first, signal)
  const controller = new AbortController()
  const waiting = lockFolder(folder.path, owner(folder.path), controller.signal)
  controller.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'Cancelled' })
  expect(readdirSync(join(folder.path, '.exemplar-export.lock'))).toEqual([first])
})

test.each(['that is dead', 'that had the id of this one', 'whose name is none'])(
  'what a process left %s is taken over by one at a time',
  async (which) => {
    using folder = temporaryFolder()
    const ended = newOwner()
    endOwner(ended)
    const left = {
      'that is dead': `${deadProcess()}.0a1b2c3d4e5f`,
      'that had the id of this one': ended,
    }
    for (let time = 0; time < 20; time++) {
      leaveLock(folder.path, left[which as keyof typeof left] ?? 'no owner')
      let inside = 0
      const most = await Promise.all(
        Array.from({ length: 5 }, async () => {
          await using _lock = await lockFolder(folder.path, owner(folder.path), signal)
          inside++
          await new Promise((done) => setImmediate(done))
          return inside--
        }),
      )
      expect(most).toEqual([1, 1, 1, 1, 1])
    }
    expect(existsSync(join(folder.path, '.exemplar-export.lock'))).toBe(false)
  },
)

test('an export that has it for too long is named, with what to do', async () => {
  using folder = temporaryFolder()
  const lock = leaveLock(folder.path, `${process.ppid}.0a1b2c3d4e5f`)
  await expect(lockFolder(folder.path, owner(folder.path), signal, 0)).rejects.toMatchObject({
    code: 'Conflict',
    key: 'exportBusy',
    message: `Another export (process ${process.ppid}) has not finished putting its files into ${folder.path}; nothing was changed. Wait until it has ended, or remove ${lock} if that process is no export, then export again.`,
  })
  expect(readdirSync(lock)).toHaveLength(1)
})

test('a rehearsal waits for the one that has it, and leaves what a dead one left', async () => {
  using folder = temporaryFolder()
  await whenUnlocked(folder.path, signal)
  const dead = leaveLock(folder.path, `${deadProcess()}.0a1b2c3d4e5f`)
  await whenUnlocked(folder.path, signal)
  expect(readdirSync(dead)).toHaveLength(1)
  const lock = await lockFolder(folder.path, owner(folder.path), signal)
  await expect(whenUnlocked(folder.path, signal, 0)).rejects.toMatchObject({ key: 'exportBusy' })
  const waiting = whenUnlocked(folder.path, signal)
  await lock[Symbol.asyncDispose]()
  await waiting
  expect(existsSync(dead)).toBe(false)
})

test('a file of that name is not touched', async () => {
  using folder = temporaryFolder()
  const path = writeSample(folder.path, '.exemplar-export.lock', 'theirs')
  await expect(lockFolder(folder.path, owner(folder.path), signal)).rejects.toMatchObject({
    code: 'ENOTDIR',
    dest: path,
  })
  expect(readFileSync(path, 'utf8')).toBe('theirs')
})

test('an export that is refused leaves no lock, and one that waits in vain changes nothing', async () => {
  using folder = temporaryFolder()
  writeSample(folder.path, 'annotations.xml', 'theirs')
  {
    await using out = await ExportFolder.open(folder.path, 'cvat', () => [])
    writeSample(out.staging, 'annotations.xml', 'new')
    await expect(out.publish('annotations.xml', [], signal)).rejects.toMatchObject({ key: 'exportOccupied' })
  }
  expect(readdirSync(folder.path)).toEqual(['annotations.xml'])
  await using out = await ExportFolder.open(folder.path, 'yolo', () => [])
  writeSample(out.staging, 'data.yaml', 'new')
  const other = owner(folder.path)
  await using _lock = await lockFolder(folder.path, other, signal)
  const controller = new AbortController()
  const published = out.publish('data.yaml', [], controller.signal)
  controller.abort()
  await expect(published).rejects.toMatchObject({ code: 'Cancelled' })
  expect(readdirSync(folder.path)).not.toContain('data.yaml')
})

test('what an export with the id of this process left is cleared away', async () => {
  using folder = temporaryFolder()
  const dead = owner(folder.path)
  endOwner(dead)
  const alive = owner(folder.path)
  await using _out = await ExportFolder.open(folder.path, 'cvat', () => [])
  expect(existsSync(areaIn(folder.path, dead))).toBe(false)
  expect(existsSync(areaIn(folder.path, alive))).toBe(true)
})

import { spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cocoSpec } from '../support/export-spec.ts'
import { breakDisk } from '../support/broken-disk.ts'
import { asGoodAsBefore, HardProject } from '../support/hard-project.ts'
import { exemplarScript } from '../support/run-exemplar.ts'

let project: HardProject

beforeEach(() => {
  project = new HardProject()
})

afterEach(() => project.end())

const nobody = 65_534
const isRoot = process.getuid?.() === 0

/** What the command line says; as nobody where this process may read everything. */
function runUnprivileged(args: readonly string[]): Promise<{ readonly code: number | null; readonly stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [exemplarScript, ...args], {
      ...(isRoot ? { uid: nobody, gid: nobody } : {}),
      env: { ...process.env, HOME: project.folder, EXEMPLAR_HOME: join(project.folder, 'home') },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout }))
  })
}

function giveAway(path: string): void {
  chownSync(path, nobody, nobody)
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) giveAway(join(path, entry.name))
    else chownSync(join(path, entry.name), nobody, nobody)
  }
}

const unreadable = 'private cannot be read (EACCES); check that it is still there and readable.'

test('an unreadable folder', async () => {
  await project.putPicture('good.jpg')
  await project.putPicture('private/hidden.jpg')
  const locked = join(project.photos, 'private')
  // Where nobody may not even read this program, the refusal is injected below instead.
  const canRun = !isRoot || (await runUnprivileged(['--help'])).code === 0
  if (canRun) {
    const other = join(project.folder, 'other')
    mkdirSync(other)
    if (isRoot) giveAway(project.folder)
    chmodSync(locked, 0o000)
    if (isRoot) chownSync(locked, 0, 0)
    expect((await runUnprivileged(['new', other, '--json'])).code).toBe(0)
    const added = await runUnprivileged(['add', other, project.photos, '--json'])
    expect(added.code).toBe(3)
    expect(JSON.parse(added.stdout)).toMatchObject({ added: 1, problems: [{ name: 'private', reason: unreadable }] })
    chmodSync(locked, 0o755)
    if (isRoot) giveAway(locked)
    const again = await runUnprivileged(['add', other, project.photos, '--json'])
    expect(JSON.parse(again.stdout)).toMatchObject({ added: 1, duplicates: 1, problems: [] })
    expect(again.code).toBe(0)
  }
  {
    using _locked = breakDisk(locked, 'EACCES')
    const report = await project.addAll()
    expect(report).toMatchObject({ added: 1, problems: [{ name: 'private', reason: unreadable }] })
  }
  expect(await project.addAll()).toMatchObject({ added: 1, duplicates: 1, problems: [] })
  expect(await project.afterwards()).toEqual(asGoodAsBefore)
})

test('an image removed after the import: tile, thumbnail, segment, export; put back or found elsewhere', async () => {
  await project.putPicture('kept.png')
  const path = await project.putPicture('moved.png')
  await project.addAll()
  await project.teach('kept.png')
  const imageId = project.imageId('moved.png')
  const elsewhere = join(project.folder, 'elsewhere.png')
  renameSync(path, elsewhere)
  project.forget('moved.png')
  const gone = `moved.png was moved or deleted: ${path} is not there any more; put it back there, then try again.`

  await expect(project.session.tile(imageId, 0, 0, 0)).rejects.toMatchObject({ code: 'Io', message: gone })
  await expect(project.session.thumbnail(imageId)).rejects.toMatchObject({ code: 'Io', message: gone })
  expect(project.session.store.images.get(imageId).problem).toBe(gone)
  expect(project.session.store.images.status(imageId)).toBe('setAside')
  expect(await project.segmentAll()).toMatchObject({ state: 'done', done: 1, failed: 0 })

  // What is drawn on it is exported all the same; only the picture cannot be copied.
  project.session.store.history.commit(project.outline(imageId).entry)
  const spec = { ...cocoSpec, segmentation: 'rle', images: 'copy' } as const
  const report = await project.session.exportTo(join(project.folder, 'export'), spec)
  expect(report).toMatchObject({ annotations: 2, identical: 2 })
  expect(report.problems.map(({ name }) => name)).toEqual(['moved.png'])

  // Found elsewhere: the same image, with what was drawn on it.
  expect(await project.session.importImages([elsewhere], false)).toMatchObject({ added: 0, restored: 1, problems: [] })
  expect(project.session.store.images.get(imageId).problem).toBeNull()
  expect(project.session.store.annotations.ofImage(imageId)).toHaveLength(1)
  expect(await project.session.tile(imageId, 0, 0, 0)).toMatchObject({ width: 160, height: 128 })
  expect(await project.segmentAll()).toMatchObject({ state: 'done', done: 2, failed: 0 })

  // Gone again, and this time copied into the project from where it turns up.
  const again = join(project.folder, 'again.png')
  renameSync(elsewhere, again)
  await expect(project.session.tile(imageId, 0, 0, 0)).rejects.toMatchObject({ key: 'imageGone' })
  expect(await project.session.importImages([again], true)).toMatchObject({ added: 0, restored: 1 })
  rmSync(again)
  expect(await project.session.tile(imageId, 0, 0, 0)).toMatchObject({ width: 160 })
  expect(existsSync(join(project.path, 'images', 'again.png'))).toBe(true)
  expect(await project.afterwards()).toEqual(asGoodAsBefore)
})

test('an image that is there again is back with the next look', async () => {
  const path = await project.putPicture('a.png')
  await project.addAll()
  const imageId = project.imageId('a.png')
  const bytes = readFileSync(path)
  writeFileSync(path, 'something else')
  await expect(project.session.tile(imageId, 0, 0, 0)).rejects.toMatchObject({ key: 'imageChanged' })
  expect(await project.session.lookAgain()).toEqual({ back: 0, setAside: 1 })
  writeFileSync(path, bytes)
  expect(await project.session.lookAgain()).toEqual({ back: 1, setAside: 0 })
  expect(project.session.store.images.status(imageId)).toBe('unlabelled')
  copyFileSync(path, join(project.folder, 'copy.png'))
  expect(await project.session.importImages([join(project.folder, 'copy.png')], false)).toMatchObject({ duplicates: 1 })
  expect(await project.afterwards()).toEqual(asGoodAsBefore)
})

import { randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HistoryEntry, MaskTile } from '../../src/shared/domain/history.ts'
import type { AnnotationCore } from '../../src/shared/domain/records.ts'
import type { JobRecord } from '../../src/shared/contract/contract.ts'
import { createAnnotation } from '../../src/shared/domain/annotations.ts'
import { isAppError } from '../../src/shared/errors.ts'
import { createBitmap } from '../../src/shared/mask/bitmap.ts'
import { tilesEqual, tilesFromBitmap, xorTiles } from '../../src/shared/mask/tiles.ts'
import { sample, seededRandom } from '../../src/main/evaluate/random.ts'
import { createCodec } from '../../src/main/images/codec-client.ts'
import { openProject } from '../../src/main/store/project-store.ts'
import { HostProcess } from '../support/host-process.ts'
import { exemplarJson } from '../support/run-exemplar.ts'
import { hasData, itemsWith, noDataReason, openData } from '../support/shared-data.ts'
import { because } from '../support/skip-reason.ts'

const isPossible = hasData('ccp') && process.platform === 'linux'

/** The full count is for a release; continuous integration does a few. */
const isFull = process.env['EXEMPLAR_FULL'] === '1'
const kills = isFull ? 20 : 5
/** Enough for the batch to outlast the kills. */
const photographs = isFull ? 160 : 32
const seed = Number(process.env['EXEMPLAR_SEED'] ?? 7)

describe.skipIf(!isPossible)('kill -9 during painting and a batch', because(`${noDataReason} (and Linux)`), () => {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-kill-'))
  const project = join(folder, 'project')
  const env = { EXEMPLAR_HOME: join(folder, 'home') }
  const random = seededRandom(seed)
  const codec = createCodec({ log: () => undefined })
  let host: HostProcess
  let projectId = ''

  beforeAll(async () => {
    const dataSet = openData('ccp')
    const items = itemsWith(dataSet, 19, 0.01).slice(0, photographs)
    mkdirSync(join(folder, 'photos'))
    for (const item of items) symlinkSync(item.imagePath, join(folder, 'photos', item.name))
    await exemplarJson(['new', project])
    await exemplarJson(['add', project, join(folder, 'photos')])
    for (const item of items.slice(0, 2)) {
      const mask = await codec.readIndexPng(item.maskPath)
      const path = join(folder, `${item.name}.png`)
      await codec.writeIndexPng(path, { ...mask, data: mask.data.map((value) => (value === 19 ? 1 : 0)) })
      await exemplarJson(['correct', project, '--image', item.name, '--class', 'hair', '--mask', path])
      await exemplarJson(['support', project, '--class', 'hair', '--image', item.name])
    }
  }, 300_000)

  afterAll(async () => {
    await host.stop()
    await codec.close()
    rmSync(folder, { recursive: true })
  })

  async function startHost(): Promise<void> {
    host = await HostProcess.start([project], env)
    const { recent } = await host.call('app', 'info', {})
    const recentId = recent[0]?.recentId ?? 'none'
    projectId = (await host.call('project', 'open', { recentId })).projectId
  }

  /** A disc somewhere in the image, as a stroke would leave it. */
  function disc(width: number, height: number): MaskTile[] {
    const bitmap = createBitmap(width, height)
    const [centreX, centreY, radius] = [random() * width, random() * height, 3 + random() * 40]
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if ((x + 0.5 - centreX) ** 2 + (y + 0.5 - centreY) ** 2 <= radius ** 2) bitmap.data[y * width + x] = 1
      }
    }
    return tilesFromBitmap(bitmap)
  }

  it('loses no acknowledged stroke and no accepted mask, resumes the batch, and undoes afterwards', async () => {
    await startHost()
    const images = (
      await host.call('images', 'list', { projectId, filter: {}, sort: 'name', offset: 0, limit: photographs })
    ).items
    // Strokes go to a class of their own, so that the batch has proposals to make everywhere.
    const mark = {
      id: randomUUID(),
      name: 'mark',
      colour: '#56b4e9',
      key: null,
      parentId: null,
      split: 'region' as const,
      position: 1,
    }
    await host.call('history', 'commit', {
      projectId,
      entry: {
        id: randomUUID(),
        labelKey: 'addClass',
        labelParams: {},
        imageIds: [],
        operations: [{ kind: 'class', before: null, after: mark }],
      },
    })
    const job = await host.call('jobs', 'start', {
      projectId,
      spec: { kind: 'segment', classIds: 'all', images: 'all', provider: 'auto', detail: 'normal' },
    })

    /** What must be there: pixels by annotation. */
    const expected = new Map<string, MaskTile[]>()
    const acceptedMasks = new Map<string, readonly MaskTile[]>()
    const finishedProposals = new Map<string, string[]>()
    const painted = { id: '', imageId: '' }
    const killed = { host: 0, engine: 0, codec: 0 }
    let duringBatch = 0
    let strokes = 0
    let pending: HistoryEntry | null = null

    const nextStroke = (): HistoryEntry => {
      const image = sample(images, 1, random)[0]
      if (image === undefined) throw new Error('no image')
      const tiles = disc(image.width, image.height)
      if (painted.imageId === image.id) {
        const flips: HistoryEntry['operations'] = [{ kind: 'mask', annotationId: painted.id, tiles }]
        return { id: randomUUID(), labelKey: 'brush', labelParams: {}, imageIds: [image.id], operations: flips }
      }
      const core: AnnotationCore = {
        id: randomUUID(),
        imageId: image.id,
        classId: mark.id,
        kind: 'mask',
        origin: 'drawn',
        state: 'accepted',
        score: null,
        versionId: null,
        polygon: null,
        crowd: false,
        box: null,
        createdAt: new Date().toISOString(),
      }
      Object.assign(painted, { id: core.id, imageId: image.id })
      return {
        id: randomUUID(),
        labelKey: 'brush',
        labelParams: {},
        imageIds: [image.id],
        operations: createAnnotation(core, tiles),
      }
    }

    /** Commits one stroke; on a lost connection the same entry is sent again after the restart. */
    const paint = async (): Promise<void> => {
      pending ??= nextStroke()
      await host.call('history', 'commit', { projectId, entry: pending })
      for (const operation of pending.operations) {
        if (operation.kind !== 'mask') continue
        expected.set(operation.annotationId, xorTiles(expected.get(operation.annotationId) ?? [], operation.tiles))
      }
      strokes++
      pending = null
    }

    /** Accepts one open proposal and remembers its pixels; notes the proposals of an image that is done. */
    const review = async (): Promise<void> => {
      const { items } = await host.call('images', 'list', {
        projectId,
        filter: { statuses: ['proposals'] },
        sort: 'name',
        offset: 0,
        limit: 200,
      })
      for (const item of items) {
        const document = await host.call('images', 'get', { projectId, imageId: item.id })
        const proposals = document.annotations.filter((each) => each.state === 'proposed').map((each) => each.id)
        if (!finishedProposals.has(item.id)) finishedProposals.set(item.id, proposals)
      }
    }

    const jobNow = async (): Promise<JobRecord> => {
      const found = (await host.call('jobs', 'list', { projectId })).jobs.find((each) => each.id === job.id)
      if (found === undefined) throw new Error('the job is gone')
      return found
    }
    /** Images done while the batch runs; a batch that has ended is past everything. */
    const progressOf = ({ state, done }: JobRecord): number => {
      if (state === 'done') return Number.POSITIVE_INFINITY
      return state === 'running' ? done : -1
    }
    let doneBefore = 0
    for (let kill = 0; kill < kills; kill++) {
      const strokesBefore = 1 + Math.floor(random() * 6)
      for (let stroke = 0; stroke < strokesBefore; stroke++) await paint()
      await review()
      const doneAtLeast = doneBefore + Math.floor(random() * 4)
      await expect
        .poll(async () => progressOf(await jobNow()) >= doneAtLeast, { timeout: 60_000, interval: 5 })
        .toBe(true)
      const pids = { host: host.hostPid, ...host.children() }
      const running = (['host', 'engine', 'codec'] as const).filter((name) => pids[name] !== null)
      const target = sample(running, 1, random)[0] ?? 'host'
      const now = await jobNow()
      doneBefore = now.done
      if (now.state === 'running') duringBatch++
      killed[target]++
      const inFlight = paint()
      const pid = pids[target] ?? pids.host
      process.kill(pid, 'SIGKILL')
      try {
        await inFlight
      } catch (error) {
        // The host died before it answered: the stroke is sent again below. An answer with an error is a failure.
        if (isAppError(error)) throw error
      }
      if (pid === pids.host) {
        await host.ended()
        await startHost()
      }
      if (pending !== null) await paint()
      console.log(`kill ${kill + 1} of ${kills}: ${target}, ${strokes} strokes acknowledged`)
    }

    await expect
      .poll(
        async () => (await host.call('jobs', 'list', { projectId })).jobs.find((each) => each.id === job.id)?.state,
        { timeout: 300_000, interval: 200 },
      )
      .toBe('done')
    const finished = (await host.call('jobs', 'list', { projectId })).jobs.find((each) => each.id === job.id)
    expect(finished).toMatchObject({ total: photographs, done: photographs, failed: 0 })
    for (const [imageId, ids] of finishedProposals) {
      const document = await host.call('images', 'get', { projectId, imageId })
      expect(document.annotations.filter((each) => each.origin === 'predicted').map((each) => each.id)).toEqual(ids)
    }

    const beforeAccept = await host.call('images', 'list', {
      projectId,
      filter: { statuses: ['proposals'] },
      sort: 'name',
      offset: 0,
      limit: 200,
    })
    const [toAccept] = beforeAccept.items
    expect(toAccept).toBeDefined()
    if (toAccept !== undefined) {
      for (const mask of await host.masks(projectId, toAccept.id)) acceptedMasks.set(mask.annotationId, mask.tiles)
      const { accepted } = await host.call('review', 'accept', { projectId, imageIds: [toAccept.id] })
      expect(accepted).toBeGreaterThan(0)
      expect(acceptedMasks.size).toBeGreaterThan(0)
    }
    process.kill(host.hostPid, 'SIGKILL')
    await host.ended()

    const store = openProject(project)
    try {
      expect(store.integrityCheck()).toBe('ok')
      for (const [annotationId, tiles] of expected) {
        expect(tilesEqual(store.annotations.tiles(annotationId), tiles), `pixels of ${annotationId}`).toBe(true)
      }
      if (toAccept !== undefined) {
        for (const record of store.annotations.ofImage(toAccept.id)) {
          expect(record.state).toBe('accepted')
          const kept = acceptedMasks.get(record.id)
          if (kept !== undefined) expect(tilesEqual(store.annotations.tiles(record.id), kept)).toBe(true)
        }
      }
    } finally {
      store.close()
    }

    await startHost()
    if (toAccept !== undefined) {
      const undone = await host.call('history', 'undo', { projectId })
      expect(undone.entry?.labelKey).toBe('accept')
    }
    for (let stroke = 0; stroke < strokes; stroke++) {
      const undone = await host.call('history', 'undo', { projectId })
      expect(undone.entry?.labelKey).toBe('brush')
    }
    const after = await Promise.all(images.map((image) => host.call('images', 'get', { projectId, imageId: image.id })))
    const left = new Set(after.flatMap((document) => document.annotations.map((each) => each.id)))
    for (const annotationId of expected.keys()) expect(left.has(annotationId)).toBe(false)
    expect(duringBatch).toBeGreaterThan(kills / 2)
    console.log(`killed ${JSON.stringify(killed)}, ${duringBatch} of them with the batch running`)
    console.log(`${kills} kills, ${strokes} strokes kept and undone, ${photographs} images segmented once`)
  }, 900_000)
})

import { beforeEach, describe, expect, it, vi } from 'vitest'
import { coreOf, createAnnotation } from '../../../shared/domain/annotations.ts'
import type { AnnotationCore } from '../../../shared/domain/records.ts'
import { AppError } from '../../../shared/errors.ts'
import { createBitmap } from '../../../shared/mask/bitmap.ts'
import { tilesArea, tilesFromBitmap } from '../../../shared/mask/tiles.ts'
import { polygonSpans, polygonTiles } from '../../../shared/mask/polygon-spans.ts'
import type { Span } from '../../../shared/mask/polygon-spans.ts'
import { CommitQueue } from './commit-queue.ts'
import { EditorDocument } from './editor-document.ts'
import type { Gesture, PaintTarget } from './editor-document.ts'
import { MemoryProject, testImage } from './memory-project.test-support.ts'

let project: MemoryProject
let queue: CommitQueue<Gesture>
let document: EditorDocument

const proposal: AnnotationCore = {
  id: 'proposal',
  imageId: 'image',
  classId: 'jacket',
  kind: 'mask',
  origin: 'predicted',
  state: 'proposed',
  score: 0.7,
  versionId: 'v1',
  polygon: null,
  crowd: false,
  box: null,
  createdAt: '2026-01-01T00:00:00.000Z',
}

function square(x: number, y: number, side: number) {
  const bitmap = createBitmap(testImage.width, testImage.height)
  for (let row = y; row < y + side; row++) {
    bitmap.data.fill(1, row * testImage.width + x, row * testImage.width + x + side)
  }
  return tilesFromBitmap(bitmap)
}

function spansOf(x: number, y: number, side: number): Span[] {
  return Array.from({ length: side }, (_, row): Span => [y + row, x, x + side])
}

function paint(target: PaintTarget, spans: readonly Span[], value: 0 | 1 = 1): boolean {
  document.begin(target).write(spans, value)
  return document.finish(value === 1 ? 'brush' : 'erase', value)
}

async function open(): Promise<void> {
  document = new EditorDocument(project.bridge, project.projectId, 'image', queue)
  document.refresh()
  await settled()
}

async function settled(): Promise<void> {
  await vi.waitFor(
    () => {
      expect(document.state.getState()).toMatchObject({ phase: 'ready', settled: true })
      expect(queue.state.getState().pending).toBe(0)
    },
    { timeout: 15_000 },
  )
}

const fresh: PaintTarget = { annotationId: 'fresh', classId: 'jacket', isNew: true }
const onProposal: PaintTarget = { annotationId: 'proposal', classId: 'jacket', isNew: false }

beforeEach(async () => {
  project = new MemoryProject()
  queue = new CommitQueue<Gesture>((entry) => project.bridge.history.commit({ projectId: 'project', entry }))
  await open()
})

describe('EditorDocument', () => {
  it('writes a new annotation and its pixels as one entry, annotation first', async () => {
    expect(paint(fresh, spansOf(10, 10, 20))).toBe(true)
    expect(document.annotation('fresh')).toMatchObject({ area: 400, bounds: [10, 10, 20, 20], origin: 'drawn' })
    await settled()
    expect(project.commits.map((entry) => entry.operations.map((operation) => operation.kind))).toEqual([
      ['annotation', 'mask'],
    ])
    expect(project.tilesOf('fresh')).toEqual(square(10, 10, 20))
  })

  it('writes nothing when nothing changed', async () => {
    paint(fresh, spansOf(10, 10, 20))
    await settled()
    expect(paint({ ...fresh, isNew: false }, spansOf(12, 12, 5))).toBe(false)
    expect(paint({ ...fresh, annotationId: 'other' }, spansOf(-50, -50, 20))).toBe(false)
    document.begin({ ...fresh, annotationId: 'third' }).write(spansOf(50, 50, 9), 1)
    document.bail()
    expect(project.commits).toHaveLength(1)
    expect(document.layer?.tilesOf('third')).toEqual([])
    expect(document.layer?.slots).toHaveLength(1)
  })

  it('makes an accepted correction of a proposal that is drawn on', async () => {
    project.change(createAnnotation(proposal, square(0, 0, 30)))
    await settled()
    paint(onProposal, spansOf(0, 0, 10), 0)
    expect(document.annotation('proposal')).toMatchObject({ origin: 'corrected', state: 'accepted', area: 800 })
    await settled()
    expect(project.annotations[0]).toMatchObject({ origin: 'corrected', state: 'accepted', area: 800, versionId: 'v1' })
    expect(project.commits).toHaveLength(1)
  })

  it('keeps a polygon as source until it is painted on', async () => {
    const ring = [10, 10, 20, 10, 20, 20, 10, 20]
    document.begin(fresh).write(spansOf(10, 10, 10), 1)
    document.finish('polygon', 1, ring)
    await settled()
    expect(project.annotations[0]?.polygon).toEqual([ring])
    paint({ ...fresh, isNew: false }, spansOf(20, 20, 3))
    await settled()
    expect(project.annotations[0]?.polygon).toBeNull()
  })

  it('removes the annotation with its last pixel, and its role as an example before that', async () => {
    project.change([
      ...createAnnotation({ ...proposal, origin: 'drawn', state: 'accepted' }, square(5, 5, 4)),
      {
        kind: 'support',
        before: null,
        after: { annotationId: 'proposal', classId: 'jacket', imageId: 'image', role: 'example', addedAt: 'now' },
      },
    ])
    await settled()
    paint(onProposal, spansOf(0, 0, 40), 0)
    await settled()
    expect(project.annotations).toEqual([])
    expect(project.commits[0]?.operations.map((operation) => operation.kind)).toEqual(['support', 'mask', 'annotation'])
    project.undo()
    await settled()
    expect(document.annotation('proposal')).toMatchObject({ area: 16 })
    expect(document.layer?.tilesOf('proposal')).toEqual(square(5, 5, 4))
    expect(document.state.getState().supports).toHaveLength(1)
  })

  it('marks a group and takes the mark back, each as one entry that can be undone', async () => {
    paint(fresh, spansOf(10, 10, 20))
    document.setCrowd('fresh', true)
    document.setCrowd('fresh', true)
    await settled()
    expect(document.annotation('fresh')).toMatchObject({ crowd: true, area: 400 })
    document.setCrowd('fresh', false)
    await settled()
    expect(project.commits.map((entry) => entry.labelKey)).toEqual(['brush', 'markCrowd', 'unmarkCrowd'])
    project.undo()
    await settled()
    expect(document.annotation('fresh')).toMatchObject({ crowd: true, area: 400 })
  })

  it('deletes and reassigns as one entry each', async () => {
    paint(fresh, spansOf(10, 10, 20))
    document.reassign('fresh', 'shoe')
    document.remove('fresh')
    await settled()
    expect(project.commits.map((entry) => entry.labelKey)).toEqual(['brush', 'reassignClass', 'deleteAnnotation'])
    project.undo()
    await settled()
    expect(document.annotation('fresh')).toMatchObject({ classId: 'shoe', area: 400 })
    expect(document.layer?.tilesOf('fresh')).toEqual(square(10, 10, 20))
  })

  it('sends strokes in order, one at a time, and is saved only when all are acknowledged', async () => {
    const release: (() => void)[] = []
    project.beforeCommit = () => new Promise((resolve) => release.push(resolve))
    for (let stroke = 0; stroke < 5; stroke++) paint({ ...fresh, isNew: stroke === 0 }, spansOf(stroke * 30, 5, 20))
    expect(queue.state.getState().pending).toBe(5)
    for (let sent = 1; sent <= 5; sent++) {
      await vi.waitFor(() => expect(release).toHaveLength(sent), { timeout: 15_000 })
      expect(project.commits).toHaveLength(sent - 1)
      release[sent - 1]?.()
    }
    await settled()
    expect(tilesArea(project.tilesOf('fresh'))).toBe(2000)
  })

  it('does not fetch its own pixels again, but everybody else’s', async () => {
    const before = project.maskFetches
    paint(fresh, spansOf(10, 10, 20))
    await settled()
    paint({ ...fresh, isNew: false }, spansOf(40, 10, 20))
    await settled()
    expect(project.maskFetches).toBe(before)
    project.change(createAnnotation(proposal, square(0, 0, 30)))
    await settled()
    expect(project.maskFetches).toBe(before + 1)
    expect(document.layer?.tilesOf('proposal')).toEqual(square(0, 0, 30))
  })

  it('never lays an answer over a gesture in progress', async () => {
    paint(fresh, spansOf(10, 10, 20))
    await settled()
    const edit = document.begin({ ...fresh, isNew: false })
    edit.write(spansOf(100, 10, 20), 1)
    project.change(createAnnotation(proposal, square(0, 0, 30)))
    await new Promise((resolve) => setImmediate(resolve))
    expect(document.layer?.editing).toBe(true)
    expect(document.annotation('proposal')).toBeUndefined()
    edit.write(spansOf(130, 10, 20), 1)
    document.finish('brush', 1)
    await settled()
    expect(tilesArea(project.tilesOf('fresh'))).toBe(1200)
    expect(document.annotation('proposal')).toBeDefined()
  })

  it('keeps a failed write, says so, and writes it on retry', async () => {
    project.beforeCommit = () => Promise.reject(new AppError('Io', 'diskFull', 'The disk is full.'))
    paint(fresh, spansOf(10, 10, 20))
    paint({ ...fresh, isNew: false }, spansOf(40, 10, 20))
    await vi.waitFor(() => expect(queue.state.getState().failure).toMatchObject({ imageId: 'image' }), {
      timeout: 15_000,
    })
    expect(await queue.settled()).toBe(false)
    expect(queue.state.getState().pending).toBe(2)
    expect(tilesArea(document.layer?.tilesOf('fresh') ?? [])).toBe(800)
    project.beforeCommit = () => Promise.resolve()
    queue.retry()
    await settled()
    expect(tilesArea(project.tilesOf('fresh'))).toBe(800)
  })

  it('writes by itself what had failed when the connection is back', async () => {
    project.beforeCommit = () => Promise.reject(new AppError('Io', 'connectionLost', 'No answer.'))
    paint(fresh, spansOf(10, 10, 20))
    await vi.waitFor(() => expect(queue.state.getState().failure).not.toBeNull(), { timeout: 15_000 })
    project.beforeCommit = () => Promise.resolve()
    project.reconnect()
    await settled()
    expect(project.tilesOf('fresh')).toEqual(square(10, 10, 20))
  })

  it('keeps everything when the newer state cannot be had after a conflict', async () => {
    project.change(createAnnotation(proposal, square(0, 0, 30)))
    await settled()
    project.beforeCommit = () => Promise.reject(new AppError('Conflict', 'changedElsewhere', 'Changed.'))
    paint(onProposal, spansOf(20, 20, 20))
    await vi.waitFor(() => expect(queue.state.getState().failure).not.toBeNull(), { timeout: 15_000 })
    const get = vi.spyOn(project.bridge.images, 'get').mockRejectedValueOnce(new AppError('Io', 'gone', 'Gone.'))
    await expect(document.reapply()).rejects.toThrow('Gone.')
    expect(queue.state.getState().pending).toBe(1)
    get.mockRestore()
  })

  it('rolls back what the user discards', async () => {
    project.beforeCommit = () => Promise.reject(new AppError('Io', 'diskFull', 'The disk is full.'))
    paint(fresh, spansOf(10, 10, 20))
    await vi.waitFor(() => expect(queue.state.getState().failure).not.toBeNull(), { timeout: 15_000 })
    document.discard()
    await settled()
    expect(document.state.getState().annotations).toEqual([])
    expect(document.layer?.slots).toEqual([])
  })

  it('draws again on the newer state after a conflict', async () => {
    project.change(createAnnotation(proposal, square(0, 0, 30)))
    await settled()
    let first = true
    project.beforeCommit = () => {
      if (!first) return Promise.resolve()
      first = false
      const record = project.annotations.find((each) => each.id === 'proposal')
      if (record === undefined) throw new Error('no proposal')
      const core = coreOf(record)
      project.change([
        { kind: 'annotation', before: core, after: { ...core, classId: 'shoe' } },
        { kind: 'mask', annotationId: 'proposal', tiles: square(60, 60, 10) },
      ])
      return Promise.resolve()
    }
    paint(onProposal, spansOf(20, 20, 20))
    await vi.waitFor(() => expect(queue.state.getState().failure?.problem).toMatchObject({ code: 'Conflict' }), {
      timeout: 15_000,
    })
    await document.reapply()
    await settled()
    expect(project.annotations[0]).toMatchObject({ classId: 'shoe', state: 'accepted', area: 900 + 300 + 100 })
  })

  const before = [[10, 10, 110, 10, 110, 110, 10, 110]]
  const after = [[10, 10, 160.5, 10, 110, 110, 10, 110]]
  const polygonal: AnnotationCore = { ...proposal, id: 'polygonal', polygon: before }
  const onPolygonal: PaintTarget = { annotationId: 'polygonal', classId: 'jacket', isNew: false }

  function moveCorner(): boolean {
    document.begin(onPolygonal).flip(polygonSpans([...before, ...after], testImage.height))
    return document.finishOutline('outline', after)
  }

  it('changes the corners of a polygon and the pixels that flip with them as one entry', async () => {
    project.change(createAnnotation(polygonal, polygonTiles(before, testImage)))
    await settled()
    expect(moveCorner()).toBe(true)
    await settled()
    expect(project.annotations[0]).toMatchObject({ polygon: after, origin: 'corrected', state: 'accepted' })
    expect(project.tilesOf('polygonal')).toEqual(polygonTiles(after, testImage))
    expect(project.commits.map((entry) => entry.operations.map((operation) => operation.kind))).toEqual([
      ['annotation', 'mask'],
    ])
    // A corner may move without a pixel: it is where it was put.
    const finer = [[10, 10, 160.4, 10, 110, 110, 10, 110]]
    document.begin(onPolygonal)
    expect(document.finishOutline('outline', finer)).toBe(true)
    document.begin(onPolygonal)
    expect(document.finishOutline('outline', finer)).toBe(false)
    await settled()
    expect(project.annotations[0]?.polygon).toEqual(finer)
    expect(project.commits.at(-1)?.operations.map((operation) => operation.kind)).toEqual(['annotation'])
  })

  it.each([
    ['a polygon still', [[10, 10, 110, 10, 110, 160, 10, 110]], after],
    ['painted on', null, null],
  ])('moves the corner again after a conflict only if what it was is %s', async (_what, elsewhere, expected) => {
    project.change(createAnnotation(polygonal, polygonTiles(before, testImage)))
    await settled()
    let first = true
    project.beforeCommit = () => {
      if (!first) return Promise.resolve()
      first = false
      const pixels = elsewhere === null ? square(200, 200, 9) : polygonTiles([...before, ...elsewhere], testImage)
      project.change([
        { kind: 'annotation', before: polygonal, after: { ...polygonal, polygon: elsewhere } },
        { kind: 'mask', annotationId: 'polygonal', tiles: pixels },
      ])
      return Promise.resolve()
    }
    moveCorner()
    await vi.waitFor(() => expect(queue.state.getState().failure?.problem).toMatchObject({ code: 'Conflict' }), {
      timeout: 15_000,
    })
    await document.reapply()
    await settled()
    expect(project.annotations[0]?.polygon).toEqual(expected)
    if (expected !== null) expect(project.tilesOf('polygonal')).toEqual(polygonTiles(expected, testImage))
    expect(project.commits).toHaveLength(expected === null ? 0 : 1)
  })
})

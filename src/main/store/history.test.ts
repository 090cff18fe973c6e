import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import Database from 'better-sqlite3'
import { join } from 'node:path'
import { historySchemaVersion } from '../../shared/domain/history.ts'
import { coreOf } from '../../shared/domain/annotations.ts'
import type { Operation } from '../../shared/domain/history.ts'
import type { AnnotationCore, AnnotationRecord } from '../../shared/domain/records.ts'
import { isAppError } from '../../shared/errors.ts'
import { polygonTiles } from '../../shared/mask/polygon-spans.ts'
import { tilesArea, tilesBounds, tilesEqual, xorTiles } from '../../shared/mask/tiles.ts'
import {
  drawing,
  entryOf,
  fill,
  imageHeight,
  imageWidth,
  newAnnotation,
  newClass,
  newImage,
  newProposal,
  rectangle,
  removeTemporaryFolders,
  temporaryFolder,
} from './fixtures/sample-project.ts'
import { snapshot } from './fixtures/snapshot.ts'
import { createProject, openProject } from './project-store.ts'
import type { ProjectStore } from './store-port.ts'

afterAll(removeTemporaryFolders)

const everything = process.env['EXEMPLAR_FULL'] === '1'

const gestureKinds = [
  'import',
  'hideImport',
  'addClass',
  'renameClass',
  'deleteClass',
  'draw',
  'draw',
  'polygon',
  'outline',
  'mergeProposals',
  'paint',
  'paint',
  'paint',
  'delete',
  'accept',
  'support',
  'notHere',
  'review',
  'adopt',
] as const

interface Gesture {
  readonly kind: (typeof gestureKinds)[number] | 'job' | 'undo' | 'redo' | 'reopen'
  readonly pick: number
  readonly x: number
  readonly y: number
}

const numbers = {
  pick: fc.nat(1000),
  x: fc.integer({ min: 0, max: imageWidth - 1 }),
  y: fc.integer({ min: 0, max: imageHeight - 1 }),
}

function gestures(extra: readonly Gesture['kind'][]) {
  return fc.array(fc.record({ kind: fc.constantFrom(...gestureKinds, ...extra), ...numbers }), {
    minLength: 5,
    maxLength: 45,
  })
}

function choose<T>(list: readonly T[], pick: number): T | undefined {
  return list[pick % list.length]
}

function removal(store: ProjectStore, annotationId: string): Operation[] {
  const record = store.annotations.get(annotationId)
  const support = store.supports.ofImage(record.imageId).find((each) => each.annotationId === annotationId)
  const tiles = [...store.annotations.tiles(annotationId)]
  return [
    ...(support === undefined ? [] : [{ kind: 'support' as const, before: support, after: null }]),
    ...(tiles.length === 0 ? [] : [{ kind: 'mask' as const, annotationId, tiles }]),
    { kind: 'annotation', before: record, after: null },
  ]
}

function triangle(x: number, y: number, pick: number): number[][] {
  return [[x + 0.25, y, x + (pick % 150), y + 20.5 + (pick % 70), x - 30, y + (pick % 100)]]
}

function polygonOperations(core: AnnotationCore, polygon: number[][]): Operation[] {
  const tiles = polygonTiles(polygon, { width: imageWidth, height: imageHeight })
  return tiles.length === 0 ? [] : drawing({ ...core, polygon }, tiles)
}

/** The polygon becomes another one: its source and the pixels that flip with it. */
function outlineOperations(store: ProjectStore, record: AnnotationRecord, polygon: number[][]): Operation[] {
  const before = coreOf(record)
  const size = { width: imageWidth, height: imageHeight }
  const tiles = xorTiles(store.annotations.tiles(record.id), polygonTiles(polygon, size))
  return [
    { kind: 'annotation', before, after: { ...before, polygon } },
    ...(tiles.length === 0 ? [] : [{ kind: 'mask' as const, annotationId: record.id, tiles }]),
  ]
}

function withoutPolygon(record: AnnotationRecord): Operation[] {
  const before = coreOf(record)
  return before.polygon === null ? [] : [{ kind: 'annotation', before, after: { ...before, polygon: null } }]
}

/** Every source there is gives exactly the pixels stored beside it. */
function expectSourcesTrue(store: ProjectStore): void {
  for (const image of store.images.iterate()) {
    for (const record of store.annotations.ofImage(image.id)) {
      if (record.polygon === null) continue
      expect(tilesEqual(store.annotations.tiles(record.id), polygonTiles(record.polygon, image))).toBe(true)
    }
  }
}

let serial = 0

/** The operations of one gesture as the services would make them from the current state; none when impossible. */
function operationsOf(store: ProjectStore, { kind, pick, x, y }: Exclude<Gesture, { kind: 'undo' }>): Operation[] {
  const images = [...store.images.iterate()]
  const classes = store.classes.list()
  const annotations = images.flatMap((image) => store.annotations.ofImage(image.id))
  const image = choose(images, pick)
  const each = choose(classes, pick >> 1)
  const annotation = choose(annotations, pick)
  const id = `n${++serial}`
  switch (kind) {
    case 'import':
      return [{ kind: 'batch', batchId: id, before: false, after: true }]
    case 'hideImport':
      return image === undefined ? [] : [{ kind: 'batch', batchId: image.batchId, before: true, after: false }]
    case 'addClass':
      return [
        { kind: 'class', before: null, after: { ...newClass(id), split: pick % 2 === 0 ? 'region' : 'instances' } },
      ]
    case 'renameClass': {
      if (each === undefined) return []
      return [{ kind: 'class', before: each, after: { ...each, name: `named ${id}`, colour: '#abcdef' } }]
    }
    case 'deleteClass': {
      if (each === undefined) return []
      const accepted = annotations.filter((record) => record.classId === each.id && record.state === 'accepted')
      return [
        ...(each.currentVersionId === null
          ? []
          : [{ kind: 'version' as const, classId: each.id, before: each.currentVersionId, after: null }]),
        ...images
          .flatMap((one) => store.verdicts.ofImage(one.id))
          .filter((verdict) => verdict.classId === each.id)
          .map((verdict) => ({ kind: 'verdict' as const, ...verdict, before: true, after: false })),
        ...accepted.flatMap((record) => removal(store, record.id)),
        { kind: 'class', before: each, after: null },
      ]
    }
    case 'draw':
      if (image === undefined || each === undefined) return []
      return drawing(newAnnotation(id, image.id, each.id), rectangle(x, y, 1 + (pick % 300), 1 + (pick % 90)))
    case 'polygon':
      if (image === undefined || each === undefined) return []
      return polygonOperations(newAnnotation(id, image.id, each.id), triangle(x, y, pick))
    case 'outline':
      if (annotation === undefined || annotation.polygon === null) return []
      return outlineOperations(store, annotation, triangle(x, y, pick))
    case 'mergeProposals': {
      const other = choose(classes, pick)
      if (each === undefined || other === undefined) return []
      const annotationIds = store.annotations.proposedOf({ classId: each.id }).map((record) => record.id)
      return [{ kind: 'proposals', annotationIds, before: each.id, after: other.id }]
    }
    case 'paint':
      if (annotation === undefined) return []
      return [
        ...withoutPolygon(annotation),
        { kind: 'mask', annotationId: annotation.id, tiles: rectangle(x, y, 200, 40) },
      ]
    case 'delete':
      return annotation === undefined ? [] : removal(store, annotation.id)
    case 'accept':
      if (annotation?.state !== 'proposed') return []
      return [{ kind: 'annotation', before: annotation, after: { ...annotation, state: 'accepted' } }]
    case 'support': {
      if (annotation?.state !== 'accepted') return []
      const { imageId, classId } = annotation
      const before = store.supports.ofClass(classId).find((support) => support.annotationId === annotation.id) ?? null
      const after = { annotationId: annotation.id, classId, imageId, role: 'example' as const, addedAt: '2026' }
      return [{ kind: 'support', before, after: before === null ? after : null }]
    }
    case 'notHere': {
      if (image === undefined || each === undefined) return []
      const before = store.verdicts.ofImage(image.id).some((verdict) => verdict.classId === each.id)
      return [{ kind: 'verdict', imageId: image.id, classId: each.id, before, after: !before }]
    }
    case 'review':
      return image === undefined
        ? []
        : [{ kind: 'reviewed', imageId: image.id, before: image.reviewed, after: !image.reviewed }]
    case 'adopt': {
      if (each === undefined) return []
      const record = {
        id,
        classId: each.id,
        parentId: each.currentVersionId,
        createdAt: '2026',
        predictor: 'test',
        modelHash: 'model',
        supports: [],
        threshold: 0.5,
        scores: {},
      }
      store.versions.add({ record, state: Uint8Array.of(pick % 256), supportStates: [] })
      return [{ kind: 'version', classId: each.id, before: each.currentVersionId, after: id }]
    }
    default:
      return []
  }
}

/** What a job does to one image, outside history. */
function runJob(store: ProjectStore, { pick, x, y }: Gesture): void {
  const [image, each] = [choose(store.images.idsForJob('all', []), pick), choose(store.classes.list(), pick >> 1)]
  if (image === undefined || each === undefined) return
  const job = store.jobs.create({ kind: 'segment', classIds: 'all', images: 'all', provider: 'auto', detail: 'fast' }, [
    image,
  ])
  const proposal = newProposal(`p${++serial}`, image, each.id, (pick % 100) / 100, rectangle(x, y, 90, 70))
  store.jobs.finishItem(job.id, image, [each.id], [proposal])
}

function addImages(store: ProjectStore, operations: readonly Operation[]): void {
  for (const operation of operations) {
    if (operation.kind !== 'batch' || !operation.after) continue
    store.images.insert([
      newImage(`${operation.batchId}-x`, operation.batchId),
      newImage(`${operation.batchId}-y`, operation.batchId),
    ])
  }
}

/** Commits a gesture. False when there was nothing to do, or the class to delete is used on hidden images. */
function perform(store: ProjectStore, gesture: Gesture): boolean {
  const operations = operationsOf(store, gesture)
  if (operations.length === 0) return false
  try {
    store.history.commit(entryOf(operations))
  } catch (error) {
    if (gesture.kind === 'deleteClass' && isAppError(error, 'InvalidInput')) return false
    throw error
  }
  addImages(store, operations)
  return true
}

function undoAll(store: ProjectStore): number {
  let steps = 0
  while (store.history.undo().entry !== null) steps++
  return steps
}

function redoAll(store: ProjectStore): number {
  let steps = 0
  while (store.history.redo().entry !== null) steps++
  return steps
}

describe('history laws', () => {
  test('every undo and redo restores the bytes before and after, in any order and across reopening', () => {
    fc.assert(
      fc.property(gestures(['undo', 'undo', 'redo', 'reopen']), (list) => {
        const folder = temporaryFolder()
        let store = createProject(folder, 'laws')
        const states = [snapshot(folder)]
        let cursor = 0
        for (const gesture of list) {
          if (gesture.kind === 'reopen') {
            store.close()
            store = openProject(folder)
          } else if (gesture.kind === 'undo') {
            if (store.history.undo().entry !== null) cursor--
          } else if (gesture.kind === 'redo') {
            if (store.history.redo().entry !== null) cursor++
          } else {
            if (!perform(store, gesture)) continue
            states.length = ++cursor
            states.push(snapshot(folder))
          }
          expect(snapshot(folder)).toBe(states[cursor])
          expectSourcesTrue(store)
        }
        expect(undoAll(store)).toBe(cursor)
        expect(snapshot(folder)).toBe(states[0])
        expect(redoAll(store)).toBe(states.length - 1)
        expect(snapshot(folder)).toBe(states.at(-1))
        expect(store.integrityCheck()).toBe('ok')
        store.close()
      }),
      { numRuns: everything ? 200 : 25 },
    )
  })

  test('what jobs write between gestures never gets in the way of undo, and redo brings all back', () => {
    fc.assert(
      fc.property(gestures(['job', 'job', 'job', 'undo', 'redo']), (list) => {
        const folder = temporaryFolder()
        const store = createProject(folder, 'jobs')
        for (const gesture of list) {
          if (gesture.kind === 'job') runJob(store, gesture)
          else if (gesture.kind === 'undo') store.history.undo()
          else if (gesture.kind === 'redo') store.history.redo()
          else perform(store, gesture)
        }
        redoAll(store)
        const before = snapshot(folder)
        const steps = undoAll(store)
        expect(redoAll(store)).toBe(steps)
        expect(snapshot(folder)).toBe(before)
        expect(store.integrityCheck()).toBe('ok')
        store.close()
      }),
      { numRuns: everything ? 300 : 40 },
    )
  })

  test('area, bounds and tiles after strokes are those of the exclusive-or', () => {
    fc.assert(
      fc.property(fc.array(fc.record(numbers), { minLength: 1, maxLength: 12 }), (strokes) => {
        const store = createProject(temporaryFolder(), 'masks')
        fill(store, 1, ['c'])
        store.history.commit(entryOf([{ kind: 'annotation', before: null, after: newAnnotation('a', 'i0', 'c') }]))
        let expected = rectangle(0, 0, 0, 0)
        for (const { x, y, pick } of strokes) {
          const tiles = rectangle(x, y, 1 + (pick % 300), 1 + (pick % 200))
          const { revision } = store.history.commit(entryOf([{ kind: 'mask', annotationId: 'a', tiles }]))
          expected = xorTiles(expected, tiles)
          const record = store.annotations.get('a')
          expect(tilesEqual(store.annotations.tiles('a'), expected)).toBe(true)
          expect(record).toMatchObject({ area: tilesArea(expected), maskRevision: revision })
          expect(record.bounds).toEqual(tilesBounds(expected) ?? [0, 0, 0, 0])
        }
        store.close()
      }),
      { numRuns: 15 },
    )
  })

  test(`${everything ? '10,000' : '600'} edits, reopen, undo all, redo all`, () => {
    const folder = temporaryFolder()
    const store = createProject(folder, 'long')
    fill(store, 3, ['c'])
    const initial = snapshot(folder)
    const count = everything ? 10_000 : 600
    const startedMs = performance.now()
    for (let step = 0; step < count; step++) {
      const annotationId = `a${step % 30}`
      const tiles = rectangle((step * 37) % 500, (step * 53) % 500, 60, 45)
      const known = step >= 30
      store.history.commit(
        entryOf(
          known
            ? [{ kind: 'mask', annotationId, tiles }]
            : drawing(newAnnotation(annotationId, `i${step % 3}`, 'c'), tiles),
        ),
      )
    }
    console.log(`commit of one stroke: ${((performance.now() - startedMs) / count).toFixed(2)} ms on average`)
    const final = snapshot(folder)
    store.close()

    const reopened = openProject(folder)
    for (let step = 0; step < count; step++) reopened.history.undo()
    expect(snapshot(folder)).toBe(initial)
    expect(redoAll(reopened)).toBe(count)
    expect(snapshot(folder)).toBe(final)
    reopened.close()
  }, 600_000)
})

describe('history rules', () => {
  function project() {
    const folder = temporaryFolder()
    const store = createProject(folder, 'rules')
    fill(store, 2, ['c'])
    return { folder, store }
  }

  test('an entry sent twice is written once', () => {
    const { store } = project()
    const entry = entryOf(drawing(newAnnotation('a', 'i0', 'c'), rectangle(5, 5, 20, 20)))
    const first = store.history.commit(entry)
    const told: number[] = []
    store.onChange((change) => told.push(change.revision))
    expect(store.history.commit(entry)).toEqual(first)
    expect(told).toEqual([])
    expect(store.annotations.get('a').area).toBe(400)
    store.history.undo()
    expect(store.history.state().undo?.id).not.toBe(entry.id)
    store.close()
  })

  test('a stale change is a conflict that changes nothing, the first half of its entry included', () => {
    const { folder, store } = project()
    const stale = store.classes.get('c')
    store.history.commit(entryOf([{ kind: 'class', before: stale, after: { ...stale, name: 'other' } }]))
    const before = snapshot(folder)
    const revision = store.revision()
    const entry = entryOf([
      ...drawing(newAnnotation('a', 'i0', 'c'), rectangle(5, 5, 20, 20)),
      { kind: 'class', before: stale, after: { ...stale, name: 'third' } },
    ])
    expect(() => store.history.commit(entry)).toThrow(
      expect.objectContaining({ code: 'Conflict', message: expect.stringContaining('"c"') }),
    )
    expect(snapshot(folder)).toBe(before)
    expect(store.revision()).toBe(revision)
    store.close()
  })

  test('a new commit drops what was undone; redo then does nothing', () => {
    const { store } = project()
    store.history.commit(entryOf([{ kind: 'class', before: null, after: newClass('d') }]))
    store.history.undo()
    expect(store.history.state().redo).not.toBeNull()
    store.history.commit(entryOf([{ kind: 'class', before: null, after: newClass('e') }]))
    expect(store.history.state().redo).toBeNull()
    expect(store.history.redo().entry).toBeNull()
    expect(store.classes.list().map((each) => each.id)).toEqual(['c', 'e'])
    store.close()
  })

  test('an import undone and forgotten makes room for the same images', () => {
    const { store } = project()
    store.history.commit(entryOf([{ kind: 'batch', batchId: 'more', before: false, after: true }]))
    expect(store.images.insert([newImage('i0', 'more'), newImage('m', 'more')])).toBe(1)
    store.history.undo()
    expect(store.images.byName('m.jpg')).toBeUndefined()
    expect(() => store.images.get('m')).toThrow(expect.objectContaining({ code: 'NotFound' }))
    store.history.commit(entryOf([{ kind: 'batch', batchId: 'again', before: false, after: true }]))
    expect(store.images.insert([newImage('m2', 'again', 'm.jpg')])).toBe(1)
    expect(() => store.images.insert([newImage('late', 'more')])).toThrow(expect.objectContaining({ code: 'NotFound' }))
    store.close()
  })

  test('a class comes and goes with the proposals that jobs made for it', () => {
    const { folder, store } = project()
    runJob(store, { kind: 'job', pick: 0, x: 10, y: 10 })
    const before = snapshot(folder)
    expect(store.images.counts().proposals).toBe(1)
    store.history.undo()
    expect(store.images.counts()).toMatchObject({ proposals: 0, unlabelled: 2 })
    store.history.redo()
    expect(snapshot(folder)).toBe(before)
    store.close()
  })

  test('an entry of an unknown form ends the history and stays whole', () => {
    const { folder, store } = project()
    store.history.commit(entryOf(drawing(newAnnotation('a', 'i0', 'c'), rectangle(5, 5, 20, 20))))
    store.close()
    const database = new Database(join(folder, 'project.db'))
    database.prepare('UPDATE history_entry SET schema_version = ? WHERE seq = 3').run(historySchemaVersion + 1)
    database.close()

    const warnings: string[] = []
    const reopened = openProject(folder, { log: (message) => warnings.push(message) })
    const before = snapshot(folder)
    expect(reopened.history.state().undo).toBeNull()
    expect(reopened.history.undo().entry).toBeNull()
    expect(snapshot(folder)).toBe(before)
    expect(warnings).toEqual([expect.stringContaining('the history ends there')])
    reopened.history.commit(entryOf([{ kind: 'class', before: null, after: newClass('d') }]))
    expect(reopened.history.undo().entry).not.toBeNull()
    expect(reopened.history.undo().entry).toBeNull()
    reopened.close()
  })

  test('an entry of an earlier form is taken back and done again', () => {
    const { folder, store } = project()
    store.history.commit(entryOf(drawing(newAnnotation('a', 'i0', 'c'), rectangle(5, 5, 20, 20))))
    store.close()
    const database = new Database(join(folder, 'project.db'))
    database.prepare('UPDATE history_entry SET schema_version = 1').run()
    database.close()
    const drawn = snapshot(folder)
    const reopened = openProject(folder)
    expect(undoAll(reopened)).toBe(3)
    expect(redoAll(reopened)).toBe(3)
    expect(snapshot(folder)).toBe(drawn)
    reopened.close()
  })

  const tiles = rectangle(5, 5, 20, 20)
  const drawn = newAnnotation('a', 'i0', 'c')
  const support = { annotationId: 'a', classId: 'c', imageId: 'i0', role: 'example' as const, addedAt: '2026' }
  const refusals: readonly [string, string, readonly Operation[]][] = [
    [
      'an annotation that still has pixels',
      'InvalidInput',
      [...drawing(drawn, tiles), { kind: 'annotation', before: drawn, after: null }],
    ],
    [
      'an annotation that is an example',
      'InvalidInput',
      [
        { kind: 'annotation', before: null, after: drawn },
        { kind: 'support', before: null, after: support },
        { kind: 'annotation', before: drawn, after: null },
      ],
    ],
    [
      'a proposal as an example',
      'InvalidInput',
      [
        { kind: 'annotation', before: null, after: { ...drawn, state: 'proposed' } },
        { kind: 'support', before: null, after: support },
      ],
    ],
    [
      'pixels that are not those of the polygon',
      'InvalidInput',
      drawing({ ...drawn, polygon: [[5, 5, 25, 5, 25, 24, 5, 24]] }, tiles),
    ],
    [
      'a polygon that is painted on and kept',
      'InvalidInput',
      [
        ...drawing({ ...drawn, polygon: [[5, 5, 25, 5, 25, 25, 5, 25]] }, tiles),
        { kind: 'mask', annotationId: 'a', tiles: rectangle(40, 40, 3, 3) },
      ],
    ],
    ['a ring of two points', 'InvalidInput', drawing({ ...drawn, polygon: [[5, 5, 25, 25]] }, tiles)],
    [
      'proposals for an unknown class',
      'NotFound',
      [{ kind: 'proposals', annotationIds: ['a'], before: 'c', after: 'none' }],
    ],
    ['pixels outside the image', 'InvalidInput', drawing(drawn, [{ x: 1, y: 0, runs: Uint8Array.of(188, 1, 1) }])],
    ['a tile without pixels', 'InvalidInput', drawing(drawn, [{ x: 0, y: 0, runs: new Uint8Array() }])],
    ['damaged runs', 'InvalidInput', drawing(drawn, [{ x: 0, y: 0, runs: Uint8Array.of(1, 0, 1, 1) }])],
    ['pixels on a box', 'InvalidInput', drawing({ ...drawn, kind: 'box', box: [0, 0, 5, 5] }, tiles)],
    ['a box without its box', 'InvalidInput', [{ kind: 'annotation', before: null, after: { ...drawn, kind: 'box' } }]],
    [
      'a class name that exists in another case',
      'InvalidInput',
      [{ kind: 'class', before: null, after: newClass('d', 'C') }],
    ],
    [
      'a class that is its own parent',
      'InvalidInput',
      [{ kind: 'class', before: newClass('c'), after: { ...newClass('c'), parentId: 'c' } }],
    ],
    [
      'a class in use',
      'InvalidInput',
      [...drawing(drawn, tiles), { kind: 'class', before: newClass('c'), after: null }],
    ],
    [
      'a colour that is none',
      'InvalidInput',
      [{ kind: 'class', before: null, after: { ...newClass('d'), colour: 'red' } }],
    ],
    ['a change of nothing into nothing', 'InvalidInput', [{ kind: 'class', before: null, after: null }]],
    ['an unknown image', 'NotFound', [{ kind: 'annotation', before: null, after: { ...drawn, imageId: 'nowhere' } }]],
    ['an unknown class', 'NotFound', [{ kind: 'annotation', before: null, after: { ...drawn, classId: 'none' } }]],
    ['pixels of an unknown annotation', 'NotFound', [{ kind: 'mask', annotationId: 'none', tiles }]],
    ['an unknown version', 'NotFound', [{ kind: 'version', classId: 'c', before: null, after: 'none' }]],
    ['a review that was not so', 'Conflict', [{ kind: 'reviewed', imageId: 'i0', before: true, after: false }]],
    [
      'a verdict that was not so',
      'Conflict',
      [{ kind: 'verdict', imageId: 'i0', classId: 'c', before: true, after: false }],
    ],
    ['an import that was not so', 'Conflict', [{ kind: 'batch', batchId: 'batch', before: false, after: true }]],
    [
      'an annotation that exists',
      'Conflict',
      [...drawing(drawn, tiles), { kind: 'annotation', before: null, after: drawn }],
    ],
  ]

  test.each(refusals)('refuses %s', (_what, code, operations) => {
    const { folder, store } = project()
    const before = snapshot(folder)
    expect(() => store.history.commit(entryOf(operations))).toThrow(expect.objectContaining({ code }))
    expect(snapshot(folder)).toBe(before)
    store.close()
  })
})

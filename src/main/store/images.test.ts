import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { ImageFilter, ImageSort } from '../../shared/contract/contract.ts'
import { imageStatuses } from '../../shared/domain/records.ts'
import {
  drawing,
  entryOf,
  fill,
  newAnnotation,
  newImage,
  newProposal,
  rectangle,
  removeTemporaryFolders,
  temporaryFolder,
} from './fixtures/sample-project.ts'
import { nameOrder } from './image-repository.ts'
import { createProject } from './project-store.ts'
import type { ProjectStore } from './store-port.ts'

afterAll(removeTemporaryFolders)

function propose(store: ProjectStore, imageId: string, classId: string, score: number): void {
  const job = store.jobs.create(
    { kind: 'segment', classIds: [classId], images: [imageId], provider: 'auto', detail: 'fast' },
    [imageId],
  )
  store.jobs.finishItem(
    job.id,
    imageId,
    [classId],
    [newProposal(`${imageId}-${classId}-${score}`, imageId, classId, score)],
  )
}

function ids(store: ProjectStore, filter: ImageFilter = {}, sort: ImageSort = 'name'): string[] {
  const { total, items } = store.images.list({ filter, sort, offset: 0, limit: 500 })
  expect(items).toHaveLength(total)
  return items.map((item) => item.id)
}

/** Eight images: one of each status, and a second one with a better proposal. */
function gallery(): ProjectStore {
  const store = createProject(temporaryFolder(), 'gallery')
  fill(store, 8, ['c', 'd'])
  const draw = (id: string, imageId: string) =>
    store.history.commit(entryOf(drawing(newAnnotation(id, imageId, 'c'), rectangle(5, 5, 10, 10))))
  const review = (imageId: string) =>
    store.history.commit(entryOf([{ kind: 'reviewed', imageId, before: false, after: true }]))
  propose(store, 'i1', 'c', 0.7)
  propose(store, 'i2', 'c', 0.2)
  propose(store, 'i2', 'd', 0.9)
  draw('a3', 'i3')
  store.history.commit(entryOf([{ kind: 'verdict', imageId: 'i4', classId: 'd', before: false, after: true }]))
  draw('a5', 'i5')
  review('i5')
  review('i6')
  store.images.setProblem('i7', 'The file is gone.')
  return store
}

describe('image lists', () => {
  test('every status, and its count', () => {
    const store = gallery()
    const statuses = Array.from({ length: 8 }, (_, index) => store.images.status(`i${index}`))
    expect(statuses).toEqual([
      'unlabelled',
      'proposals',
      'proposals',
      'labelled',
      'labelled',
      'reviewed',
      'reviewedEmpty',
      'setAside',
    ])
    expect(store.images.counts()).toEqual({
      unlabelled: 1,
      proposals: 2,
      labelled: 2,
      reviewed: 1,
      reviewedEmpty: 1,
      setAside: 1,
    })
    for (const status of imageStatuses) {
      expect(ids(store, { statuses: [status] })).toEqual(
        statuses.flatMap((each, index) => (each === status ? [`i${index}`] : [])),
      )
    }
    store.images.setProblem('i7', null)
    expect(store.images.status('i7')).toBe('unlabelled')
    store.close()
  })

  test('filters and orders', () => {
    const store = gallery()
    expect(ids(store)).toEqual(['i0', 'i1', 'i2', 'i3', 'i4', 'i5', 'i6', 'i7'])
    expect(ids(store, {}, 'worstFirst')).toEqual(['i2', 'i1', 'i0', 'i3', 'i4', 'i5', 'i6', 'i7'])
    expect(ids(store, { classId: 'c' })).toEqual(['i1', 'i2', 'i3', 'i5'])
    expect(ids(store, { proposedClassId: 'd' })).toEqual(['i2'])
    expect(ids(store, { text: 'I5.J' })).toEqual(['i5'])
    expect(ids(store, { text: '%' })).toEqual([])
    expect(ids(store, { statuses: [] })).toEqual([])
    expect(ids(store, { statuses: ['labelled', 'reviewed'], classId: 'c', text: '5' }, 'added')).toEqual(['i5'])
    expect(store.images.list({ filter: {}, sort: 'name', offset: 6, limit: 5 })).toMatchObject({
      total: 8,
      items: [{ id: 'i6' }, { id: 'i7', status: 'setAside', problem: 'The file is gone.' }],
    })
    expect(store.images.list({ filter: {}, sort: 'worstFirst', offset: 0, limit: 1 }).items[0]).toMatchObject({
      annotationCount: 2,
      proposedCount: 2,
      lowestScore: 0.2,
    })
    store.close()
  })

  test('numbers in names count as numbers', () => {
    const names = ['b/1.jpg', 'img100.jpg', 'Img20.jpg', 'img3.jpg', 'img003x.jpg', 'a.jpg']
    expect(names.sort((a, b) => (nameOrder(a) < nameOrder(b) ? -1 : 1))).toEqual([
      'a.jpg',
      'b/1.jpg',
      'img3.jpg',
      'img003x.jpg',
      'Img20.jpg',
      'img100.jpg',
    ])
  })

  test('stepping through neighbours gives the list, both ways', () => {
    const store = gallery()
    const filters: ImageFilter[] = [{}, { classId: 'c' }, { statuses: ['proposals', 'labelled'] }, { text: 'i' }]
    fc.assert(
      fc.property(
        fc.constantFrom(...filters),
        fc.constantFrom<ImageSort>('name', 'worstFirst', 'added'),
        (filter, sort) => {
          const expected = ids(store, filter, sort)
          for (const direction of [1, -1] as const) {
            const order = direction === 1 ? expected : expected.toReversed()
            order.forEach((imageId, index) => {
              expect(store.images.neighbour({ imageId, direction, filter, sort })).toBe(order[index + 1] ?? null)
            })
          }
        },
      ),
      { numRuns: 12 },
    )
    // An image that no longer passes the filter still has a place in the order.
    expect(store.images.neighbour({ imageId: 'i0', direction: 1, filter: { classId: 'c' }, sort: 'name' })).toBe('i1')
    store.close()
  })

  test('images for a job', () => {
    const store = gallery()
    expect(store.images.idsForJob('all', [])).toEqual(['i0', 'i1', 'i2', 'i3', 'i4', 'i5', 'i6'])
    expect(store.images.idsForJob('unreviewed', ['c'])).toEqual(['i0', 'i1', 'i2', 'i3', 'i4'])
    expect(store.images.idsForJob('proposals', ['d'])).toEqual(['i2'])
    expect(store.images.idsForJob('proposals', [])).toEqual([])
    store.close()
  })

  test('the same content or name twice is skipped', () => {
    const store = gallery()
    const [sameName, sameContent] = [newImage('x', 'batch', 'i0.jpg'), newImage('i1', 'batch', 'other.jpg')]
    expect(store.images.insert([sameName, sameContent, newImage('z'), newImage('z')])).toBe(1)
    expect(store.images.byContentHash('content-z')?.id).toBe('z')
    expect(store.images.byName('z.jpg')?.id).toBe('z')
    expect(store.images.path('z')).toBe('/pictures/z.jpg')
    store.images.insert([{ ...newImage('copied'), path: 'images/copied.jpg' }])
    expect(store.images.path('copied')).toBe(`${store.folder}/images/copied.jpg`)
    expect(() => store.images.insert([newImage('y', 'unknown')])).toThrow(expect.objectContaining({ code: 'NotFound' }))
    store.close()
  })

  test('images of a hidden import are nowhere', () => {
    const store = gallery()
    store.history.commit(
      entryOf([
        {
          kind: 'support',
          before: null,
          after: { annotationId: 'a3', classId: 'c', imageId: 'i3', role: 'example', addedAt: '1' },
        },
      ]),
    )
    expect(store.classes.list()[0]).toMatchObject({ id: 'c', examples: 1, proposed: 2, accepted: 2 })
    store.history.commit(entryOf([{ kind: 'batch', batchId: 'batch', before: true, after: false }]))
    expect(ids(store)).toEqual([])
    expect([...store.images.iterate()]).toEqual([])
    expect(store.images.idsForJob('all', [])).toEqual([])
    expect(Object.values(store.images.counts())).toEqual([0, 0, 0, 0, 0, 0])
    expect(store.classes.list()[0]).toMatchObject({ examples: 0, proposed: 0, accepted: 0 })
    expect(store.annotations.ofImage('i3')).toEqual([])
    expect(store.annotations.masksOfImage('i3')).toEqual([])
    expect(store.annotations.proposedOf({})).toEqual([])
    expect(store.supports.ofClass('c')).toEqual([])
    expect(store.verdicts.ofImage('i4')).toEqual([])
    expect(store.images.byName('i0.jpg')).toBeUndefined()
    for (const read of [store.images.get, store.images.path, store.images.status]) {
      expect(() => read('i0')).toThrow(expect.objectContaining({ code: 'NotFound' }))
    }
    expect(() => store.annotations.tiles('a3')).toThrow(expect.objectContaining({ code: 'NotFound' }))
    store.history.undo()
    expect(ids(store)).toHaveLength(8)
    expect(store.supports.ofImage('i3')).toHaveLength(1)
    store.close()
  })

  test('iterating goes in name order, over pages, while the store is written to', () => {
    const store = createProject(temporaryFolder(), 'many')
    fill(store, 1203, [])
    const seen: string[] = []
    for (const image of store.images.iterate()) {
      if (seen.length % 500 === 0) store.images.setProblem(image.id, 'gone')
      seen.push(image.name)
    }
    expect(seen).toEqual(Array.from({ length: 1203 }, (_, index) => `i${index}.jpg`))
    store.close()
  })

  test('what is drawn on a thumbnail has a new overlay revision when it changes', () => {
    const store = gallery()
    const revisionOf = (imageId: string) =>
      store.images.list({ filter: {}, sort: 'name', offset: 0, limit: 50 }).items.find((item) => item.id === imageId)
        ?.overlayRevision
    const [before, other] = [revisionOf('i3'), revisionOf('i0')]
    const record = store.classes.get('c')
    const { revision } = store.history.commit(
      entryOf([{ kind: 'class', before: record, after: { ...record, colour: '#000000' } }]),
    )
    expect(before).toBeLessThan(revision)
    expect(revisionOf('i3')).toBe(revision)
    expect(revisionOf('i0')).toBe(other)
    store.close()
  })
})

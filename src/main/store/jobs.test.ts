import { afterAll, describe, expect, test } from 'vitest'
import type { SegmentSpec } from '../../shared/contract/contract.ts'
import type { Operation } from '../../shared/domain/history.ts'
import type { AnnotationRecord } from '../../shared/domain/records.ts'
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
import { createProject, openProject } from './project-store.ts'
import type { NewProposal, ProjectStore } from './store-port.ts'

afterAll(removeTemporaryFolders)

const spec: SegmentSpec = { kind: 'segment', classIds: 'all', images: 'unreviewed', provider: 'auto', detail: 'fast' }

function project(split: 'region' | 'instances' = 'region'): ProjectStore {
  const store = createProject(temporaryFolder(), 'jobs')
  fill(store, 3, ['c', 'd'])
  const record = store.classes.get('c')
  store.history.commit(entryOf([{ kind: 'class', before: record, after: { ...record, split } }]))
  return store
}

/** What one job writes for image `i0` and class `c`. */
function propose(store: ProjectStore, ...proposals: NewProposal[]): void {
  const job = store.jobs.create(spec, ['i0'])
  expect(store.jobs.finishItem(job.id, 'i0', ['c'], proposals)).toBe(true)
}

function accepting(record: AnnotationRecord): Operation {
  return { kind: 'annotation', before: record, after: { ...record, state: 'accepted' } }
}

function openIds(store: ProjectStore): string[] {
  return store.annotations.proposedOf({ imageIds: ['i0'], classId: 'c' }).map((record) => record.id)
}

describe('jobs', () => {
  test('items are worked off in order, and what is left survives a restart', () => {
    const store = project()
    const { id } = store.jobs.create(spec, ['i2', 'i0', 'i1', 'i0'])
    expect(store.jobs.get(id)).toMatchObject({ state: 'queued', total: 3, done: 0, failed: 0, spec, finishedAt: null })
    expect(store.jobs.pending(id, 2)).toEqual(['i2', 'i0'])
    store.jobs.setState(id, 'running', { device: 'CPU' })
    expect(store.jobs.finishItem(id, 'i2', ['c'], [newProposal('p', 'i2', 'c', 0.5)])).toBe(true)
    store.jobs.failItem(id, 'i0', 'The file is cut short.')
    store.close()

    const reopened = openProject(store.folder)
    expect(reopened.jobs.get(id)).toMatchObject({ state: 'running', device: 'CPU', total: 3, done: 1, failed: 1 })
    expect(reopened.jobs.pending(id, 10)).toEqual(['i1'])
    expect(reopened.jobs.failures(id)).toEqual([{ name: 'i0.jpg', reason: 'The file is cut short.' }])
    const revision = reopened.revision()
    expect(reopened.jobs.finishItem(id, 'i2', ['c'], [newProposal('again', 'i2', 'c', 0.5)])).toBe(false)
    reopened.jobs.failItem(id, 'i2', 'too late')
    expect(reopened.revision()).toBe(revision)
    expect(reopened.jobs.finishItem(id, 'i0', ['c'], [])).toBe(true)
    expect(reopened.jobs.get(id)).toMatchObject({ done: 2, failed: 0 })
    expect(reopened.jobs.setState(id, 'done')).toMatchObject({ state: 'done', device: 'CPU', reason: null })
    expect(reopened.jobs.get(id).finishedAt).not.toBeNull()
    expect(reopened.jobs.setState(id, 'running').finishedAt).toBeNull()
    const second = reopened.jobs.create(spec, [])
    expect(reopened.jobs.list().map((job) => job.id)).toEqual([second.id, id])
    reopened.close()
  })

  test('unknown jobs, items and images are not found; a foreign proposal is refused whole', () => {
    const store = project()
    const { id } = store.jobs.create(spec, ['i0'])
    const notFound = expect.objectContaining({ code: 'NotFound' })
    expect(() => store.jobs.get('none')).toThrow(notFound)
    expect(() => store.jobs.pending('none', 1)).toThrow(notFound)
    expect(() => store.jobs.setState('none', 'done')).toThrow(notFound)
    expect(() => store.jobs.finishItem(id, 'i1', ['c'], [])).toThrow(notFound)
    expect(() => store.jobs.create(spec, ['nowhere'])).toThrow(notFound)
    expect(store.jobs.list()).toHaveLength(1)
    const proposals = [newProposal('p', 'i0', 'c', 0.5), newProposal('q', 'i1', 'c', 0.5)]
    expect(() => store.jobs.finishItem(id, 'i0', ['c'], proposals)).toThrow(
      expect.objectContaining({ code: 'InvalidInput' }),
    )
    expect(openIds(store)).toEqual([])
    expect(store.jobs.pending(id, 1)).toEqual(['i0'])
    store.close()
  })

  test('new proposals replace the open ones of these classes only', () => {
    const store = project()
    const first = store.jobs.create(spec, ['i0'])
    store.jobs.finishItem(
      first.id,
      'i0',
      ['c', 'd'],
      [newProposal('c1', 'i0', 'c', 0.5), newProposal('d1', 'i0', 'd', 0.5)],
    )
    propose(store, newProposal('c2', 'i0', 'c', 0.6))
    expect(store.annotations.ofImage('i0').map((record) => record.id)).toEqual(['c2', 'd1'])
    expect(store.annotations.tiles('c2')).toEqual(rectangle(10, 10, 50, 40))
    expect(store.annotations.get('c2')).toMatchObject({ area: 2000, bounds: [10, 10, 50, 40], state: 'proposed' })
    store.close()
  })

  test('"not here" and accepted regions stand; instances may join accepted ones', () => {
    const store = project()
    store.history.commit(entryOf([{ kind: 'verdict', imageId: 'i0', classId: 'c', before: false, after: true }]))
    propose(store, newProposal('p1', 'i0', 'c', 0.5))
    expect(openIds(store)).toEqual([])
    store.history.undo()

    const accepted = drawing(newAnnotation('a', 'i0', 'c'), rectangle(0, 0, 9, 9))
    store.history.commit(entryOf(accepted))
    propose(store, newProposal('p2', 'i0', 'c', 0.5))
    expect(openIds(store)).toEqual([])
    store.close()

    const instances = project('instances')
    instances.history.commit(entryOf(accepted))
    propose(instances, newProposal('p3', 'i0', 'c', 0.5))
    expect(openIds(instances)).toEqual(['p3'])
    expect(instances.annotations.get('a').area).toBe(81)
    instances.close()
  })

  test('a proposal painted on is a person’s work: a job leaves it, and undo still works', () => {
    const store = project()
    propose(store, newProposal('p1', 'i0', 'c', 0.5))
    store.history.commit(entryOf([{ kind: 'mask', annotationId: 'p1', tiles: rectangle(0, 0, 5, 5) }]))
    propose(store, newProposal('p2', 'i0', 'c', 0.6))
    expect(openIds(store)).toEqual(['p1'])
    store.history.undo()
    expect(store.annotations.get('p1').area).toBe(2000)
    store.close()
  })

  test('an undone acceptance goes with the proposal it spoke of', () => {
    const store = project()
    propose(store, newProposal('p1', 'i0', 'c', 0.5))
    store.history.commit(entryOf([accepting(store.annotations.get('p1'))]))
    store.history.undo()
    expect(store.history.state().redo).not.toBeNull()
    propose(store, newProposal('p2', 'i0', 'c', 0.6))
    expect(openIds(store)).toEqual(['p2'])
    expect(store.history.state().redo).toBeNull()
    store.close()
  })

  test('an undone entry about something else stays', () => {
    const store = project()
    propose(store, newProposal('p1', 'i0', 'c', 0.5))
    store.history.commit(entryOf([{ kind: 'reviewed', imageId: 'i1', before: false, after: true }]))
    store.history.undo()
    propose(store, newProposal('p2', 'i0', 'c', 0.6))
    expect(store.history.redo().entry).not.toBeNull()
    store.close()
  })

  test('a job that ran over an import that is gone for good counts what is left', () => {
    const store = project()
    store.history.commit(entryOf([{ kind: 'batch', batchId: 'more', before: false, after: true }]))
    store.images.insert([newImage('m1', 'more'), newImage('m2', 'more')])
    const { id } = store.jobs.create(spec, ['i0', 'm1', 'm2'])
    store.jobs.finishItem(id, 'm1', ['c'], [newProposal('p', 'm1', 'c', 0.5)])
    store.history.undo()
    expect(() => store.jobs.finishItem(id, 'm2', ['c'], [])).toThrow(expect.objectContaining({ code: 'NotFound' }))
    store.history.commit(entryOf([{ kind: 'reviewed', imageId: 'i1', before: false, after: true }]))
    expect(store.jobs.get(id)).toMatchObject({ total: 1, done: 0, failed: 0 })
    expect(store.jobs.pending(id, 5)).toEqual(['i0'])
    expect(store.integrityCheck()).toBe('ok')
    store.close()
  })
})

import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import type { Operation } from '../../shared/domain/history.ts'
import {
  drawing,
  entryOf,
  fill,
  newAnnotation,
  newClass,
  newProposal,
  rectangle,
  removeTemporaryFolders,
  temporaryFolder,
} from '../store/fixtures/sample-project.ts'
import { snapshot } from '../store/fixtures/snapshot.ts'
import { createProject, openProject } from '../store/project-store.ts'
import type { ProjectStore } from '../store/store-port.ts'
import { mergeClass, removeClasses } from './class-removal.ts'

afterAll(removeTemporaryFolders)

function support(annotationId: string, imageId: string, classId: string): Operation {
  const after = { annotationId, classId, imageId, role: 'example' as const, addedAt: '2026' }
  return { kind: 'support', before: null, after }
}

function propose(store: ProjectStore, imageId: string, classId: string, id: string): void {
  const spec = { kind: 'segment', classIds: 'all', images: 'all', provider: 'auto', detail: 'fast' } as const
  const job = store.jobs.create(spec, [imageId])
  store.jobs.finishItem(job.id, imageId, [classId], [newProposal(id, imageId, classId, 0.4)])
}

function adopt(store: ProjectStore, classId: string): void {
  const record = {
    id: `version-${classId}`,
    classId,
    parentId: null,
    createdAt: '2026',
    predictor: 'test',
    modelHash: 'model',
    supports: [],
    threshold: 0.5,
    scores: {},
  }
  store.versions.add({ record, state: Uint8Array.of(1), supportStates: [] })
  store.history.commit(entryOf([{ kind: 'version', classId, before: null, after: record.id }]))
}

const square = [[20, 20, 60, 20, 60, 60, 20, 60]]

/**
 * Classes `a`, `b`, `below` (under `a`) and four images: `i0` has an example of `a` that is a polygon, `i1` a proposal
 * of `a`, `i2` says "not a", `i3` says "not b" and has something of `a`. `a` has learnt.
 */
function project() {
  const folder = temporaryFolder()
  const store = createProject(folder, 'classes')
  fill(store, 4, ['a', 'b'])
  store.history.commit(
    entryOf([{ kind: 'class', before: null, after: { ...newClass('below'), parentId: 'a', key: '4' } }]),
  )
  store.history.commit(
    entryOf([
      ...drawing(newAnnotation('drawn', 'i0', 'a', { polygon: square }), rectangle(20, 20, 40, 40)),
      support('drawn', 'i0', 'a'),
    ]),
  )
  adopt(store, 'a')
  propose(store, 'i1', 'a', 'proposal')
  store.history.commit(
    entryOf([
      { kind: 'verdict', imageId: 'i2', classId: 'a', before: false, after: true },
      { kind: 'verdict', imageId: 'i3', classId: 'b', before: false, after: true },
      ...drawing(newAnnotation('late', 'i3', 'a'), rectangle(5, 5, 9, 9)),
    ]),
  )
  return { folder, store }
}

describe('mergeClass', () => {
  test('gives annotations, examples, proposals, verdicts and classes below to the other one in one step', () => {
    const { folder, store } = project()
    const before = snapshot(folder)
    const told: string[][] = []
    store.onChange((change) => told.push([...change.imageIds]))
    expect(mergeClass(store, 'a', 'b')).toBe(3)
    expect(store.history.state().undo).toMatchObject({ labelKey: 'mergeClass', labelParams: { class: 'a', into: 'b' } })
    expect(store.classes.list().map((each) => each.id)).toEqual(['b', 'below'])
    expect(store.classes.get('below').parentId).toBe('b')
    expect(store.annotations.ofClass('b').map((record) => record.id)).toEqual(['drawn', 'proposal', 'late'])
    expect(store.annotations.get('drawn').polygon).toEqual(square)
    expect(store.annotations.get('proposal').state).toBe('proposed')
    expect(store.supports.ofClass('b').map((each) => each.annotationId)).toEqual(['drawn'])
    expect(store.verdicts.ofClass('b').map((verdict) => verdict.imageId)).toEqual(['i2'])
    expect(store.versions.ofClass('a')).toHaveLength(1)
    expect(store.classes.usage()[0]).toEqual({
      classId: 'b',
      images: 3,
      accepted: 2,
      proposed: 1,
      examples: 1,
      verdicts: 1,
      versions: 0,
    })
    const merged = snapshot(folder)
    expect(told.flat()).toEqual(expect.arrayContaining(['i0', 'i1', 'i2', 'i3']))
    store.close()

    const reopened = openProject(folder)
    reopened.history.undo()
    expect(snapshot(folder)).toBe(before)
    expect(reopened.versions.current('a')?.id).toBe('version-a')
    reopened.history.redo()
    expect(snapshot(folder)).toBe(merged)
    reopened.close()
  })

  test('a job may replace the proposals that changed class, and undo still works', () => {
    const { store } = project()
    mergeClass(store, 'a', 'b')
    propose(store, 'i1', 'b', 'newer')
    expect(store.annotations.ofImage('i1').map((record) => record.id)).toEqual(['newer'])
    expect(store.history.undo().entry?.labelKey).toBe('mergeClass')
    expect(store.annotations.get('newer').classId).toBe('b')
    expect(store.annotations.ofClass('a').map((record) => record.id)).toEqual(['drawn', 'late'])
    expect(store.history.redo().entry?.labelKey).toBe('mergeClass')
    expect(store.integrityCheck()).toBe('ok')
    store.close()
  })

  test.each(['below', 'deeper'])('into the class %s below it, which takes its place', (intoId) => {
    const { folder, store } = project()
    store.history.commit(
      entryOf([{ kind: 'class', before: null, after: { ...newClass('deeper'), parentId: 'below' } }]),
    )
    const before = snapshot(folder)
    mergeClass(store, 'a', intoId)
    expect(store.classes.get(intoId).parentId).toBeNull()
    expect(store.classes.get(intoId === 'below' ? 'deeper' : 'below').parentId).toBe(intoId)
    store.history.undo()
    expect(snapshot(folder)).toBe(before)
    store.close()
  })

  test('refuses the same class twice and a class that is not there', () => {
    const { store } = project()
    expect(() => mergeClass(store, 'a', 'a')).toThrow(expect.objectContaining({ key: 'classMergeSelf' }))
    expect(() => mergeClass(store, 'a', 'none')).toThrow(expect.objectContaining({ code: 'NotFound' }))
    store.close()
  })
})

describe('removeClasses', () => {
  test('deletes a class with everything it has, and undo brings all of it back after a restart', () => {
    const { folder, store } = project()
    const before = snapshot(folder)
    expect(removeClasses(store, ['a'])).toBe(3)
    expect(store.classes.list().map((each) => each.id)).toEqual(['b', 'below'])
    expect(store.classes.get('below').parentId).toBeNull()
    expect(store.images.counts()).toMatchObject({ labelled: 1, unlabelled: 3, proposals: 0 })
    const removed = snapshot(folder)
    store.close()

    const reopened = openProject(folder)
    expect(reopened.history.undo().entry).toMatchObject({ labelKey: 'deleteClass', labelParams: { class: 'a' } })
    expect(snapshot(folder)).toBe(before)
    reopened.history.redo()
    expect(snapshot(folder)).toBe(removed)
    reopened.close()
  })

  test('deletes several at once, one below the other, in one step', () => {
    const { folder, store } = project()
    const before = snapshot(folder)
    removeClasses(store, ['a', 'below', 'a'])
    expect(store.classes.list().map((each) => each.id)).toEqual(['b'])
    expect(store.history.undo().entry).toMatchObject({ labelKey: 'deleteClasses', labelParams: { count: 2 } })
    expect(snapshot(folder)).toBe(before)
    store.close()
  })
})

type Kind = 'merge' | 'remove' | 'propose' | 'undo' | 'redo' | 'reopen'

function steps(...kinds: readonly Kind[]) {
  const step = fc.record({ kind: fc.constantFrom(...kinds), pick: fc.nat(999) })
  return fc.array(step, { minLength: 2, maxLength: 14 })
}

/** Merges or deletes what there is; false when there is nothing for it. */
function go(store: ProjectStore, kind: 'merge' | 'remove', pick: number): boolean {
  const ids = store.classes.list().map((each) => each.id)
  const [first, second] = [ids[pick % ids.length], ids[(pick >> 3) % ids.length]]
  if (first === undefined || second === undefined || (kind === 'merge' && first === second)) return false
  if (kind === 'merge') mergeClass(store, first, second)
  else removeClasses(store, [first, second])
  return true
}

const numRuns = process.env['EXEMPLAR_FULL'] === '1' ? 200 : 15

test('any classes merged and deleted in any order come back as they were, across reopening', () => {
  fc.assert(
    fc.property(steps('merge', 'merge', 'remove', 'undo', 'redo', 'reopen'), (list) => {
      const made = project()
      const { folder } = made
      let { store } = made
      const states = [snapshot(folder)]
      let cursor = 0
      for (const { kind, pick } of list) {
        if (kind === 'reopen') {
          store.close()
          store = openProject(folder)
        } else if (kind === 'undo' && cursor > 0) {
          store.history.undo()
          cursor--
        } else if (kind === 'redo' && store.history.redo().entry !== null) {
          cursor++
        } else if ((kind === 'merge' || kind === 'remove') && go(store, kind, pick)) {
          states.length = ++cursor
          states.push(snapshot(folder))
        }
        expect(snapshot(folder)).toBe(states[cursor])
      }
      for (; cursor > 0; cursor--) store.history.undo()
      expect(snapshot(folder)).toBe(states[0])
      expect(store.integrityCheck()).toBe('ok')
      store.close()
    }),
    { numRuns },
  )
})

test('what jobs propose in between never gets in the way', () => {
  fc.assert(
    fc.property(steps('merge', 'remove', 'propose', 'propose', 'undo', 'redo'), (list) => {
      const { folder, store } = project()
      let serial = 0
      for (const { kind, pick } of list) {
        const classes = store.classes.list()
        const each = classes[pick % classes.length]
        if (kind === 'propose' && each !== undefined) propose(store, `i${pick % 4}`, each.id, `p${++serial}`)
        else if (kind === 'undo') store.history.undo()
        else if (kind === 'redo') store.history.redo()
        else if (kind === 'merge' || kind === 'remove') go(store, kind, pick)
      }
      const count = (step: 'undo' | 'redo') => {
        let steps = 0
        while (store.history[step]().entry !== null) steps++
        return steps
      }
      count('redo')
      const before = snapshot(folder)
      const undone = count('undo')
      expect(count('redo')).toBe(undone)
      expect(snapshot(folder)).toBe(before)
      expect(store.integrityCheck()).toBe('ok')
      store.close()
    }),
    { numRuns },
  )
})

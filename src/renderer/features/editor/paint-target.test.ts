import { describe, expect, it } from 'vitest'
import type { AnnotationRecord } from '../../../shared/domain/records.ts'
import { testClasses } from './memory-project.test-support.ts'
import { choosePaintTarget } from './paint-target.ts'

const [region, instances] = testClasses

function annotation(id: string, classId: string, more: Partial<AnnotationRecord> = {}): AnnotationRecord {
  return {
    id,
    imageId: 'image',
    classId,
    kind: 'mask',
    origin: 'drawn',
    state: 'accepted',
    score: null,
    versionId: null,
    polygon: null,
    crowd: false,
    box: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    area: 1,
    bounds: [0, 0, 1, 1],
    maskRevision: 1,
    ...more,
  }
}

function choose(more: Partial<Parameters<typeof choosePaintTarget>[0]>) {
  const choice = choosePaintTarget({
    annotations: [],
    selectedId: null,
    activeClass: region,
    value: 1,
    under: null,
    refusalOf: () => null,
    ...more,
  })
  return choice.kind === 'target' ? choice.target : choice.reason
}

describe('choosePaintTarget', () => {
  it('draws on what is selected, whatever class is in hand', () => {
    const annotations = [annotation('a', 'jacket'), annotation('b', 'shoe')]
    expect(choose({ annotations, selectedId: 'b' })).toEqual({ annotationId: 'b', classId: 'shoe', isNew: false })
  })

  it('goes on with the one region of a class, accepted before proposed', () => {
    const annotations = [annotation('p', 'jacket', { state: 'proposed' }), annotation('a', 'jacket')]
    expect(choose({ annotations })).toMatchObject({ annotationId: 'a', isNew: false })
    expect(choose({ annotations: annotations.slice(0, 1) })).toMatchObject({ annotationId: 'p', isNew: false })
  })

  it('makes a new object of a class whose parts are objects', () => {
    const target = choose({ annotations: [annotation('a', 'shoe')], activeClass: instances })
    expect(target).toMatchObject({ classId: 'shoe', isNew: true })
    expect(target).not.toMatchObject({ annotationId: 'a' })
  })

  it('erases what is under the pointer, else the region, else nothing', () => {
    const annotations = [annotation('a', 'jacket'), annotation('b', 'shoe')]
    expect(choose({ annotations, value: 0, under: 'b' })).toMatchObject({ annotationId: 'b' })
    expect(choose({ annotations, value: 0 })).toMatchObject({ annotationId: 'a' })
    expect(choose({ annotations, value: 0, activeClass: instances })).toBe('nothingToErase')
  })

  it('changes nothing that is locked or hidden and draws nothing in its place', () => {
    const annotations = [annotation('a', 'jacket'), annotation('b', 'shoe')]
    expect(choose({ annotations, refusalOf: ({ id }) => (id === 'a' ? 'locked' : null) })).toBe('locked')
    expect(choose({ annotations, value: 0, under: 'b', refusalOf: () => 'hidden' })).toBe('hidden')
    const lockedClass = ({ classId }: { readonly classId: string }) => (classId === 'shoe' ? 'locked' : null)
    expect(choose({ annotations, activeClass: instances, refusalOf: lockedClass })).toBe('locked')
    expect(choose({ annotations, refusalOf: lockedClass })).toMatchObject({ annotationId: 'a' })
  })

  it('never draws on a box and needs a class for anything new', () => {
    const annotations = [annotation('box', 'jacket', { kind: 'box', box: [0, 0, 5, 5] })]
    expect(choose({ annotations, selectedId: 'box' })).toMatchObject({ isNew: true })
    expect(choose({ activeClass: undefined })).toBe('chooseClass')
  })
})

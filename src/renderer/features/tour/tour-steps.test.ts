import { describe, expect, it } from 'vitest'
import { advance, pointAt, tourSteps } from './tour-steps.ts'
import type { TourView } from './tour-steps.ts'

const images = { unlabelled: 24, proposals: 0, labelled: 0, reviewed: 0, reviewedEmpty: 0, setAside: 0 }

function view(
  change: {
    readonly screen?: 'gallery' | 'editor'
    readonly accepted?: number
    readonly examples?: number
    readonly proposed?: number
    readonly reviewed?: number
    readonly jobs?: TourView['jobs']
    readonly hasExported?: boolean
  } = {},
): TourView {
  return {
    session: { screen: change.screen ?? 'gallery', hasExported: change.hasExported ?? false },
    info: {
      images: { ...images, reviewed: change.reviewed ?? 0 },
      classes: [
        {
          id: 'c', name: 'washer', colour: '#e69f00', key: '1', parentId: null, split: 'region', position: 0,
          currentVersionId: null, currentVersionNumber: null, unlearned: 0, learnAgain: false,
          examples: change.examples ?? 0, proposed: change.proposed ?? 0, accepted: change.accepted ?? 0,
        },
      ],
    },
    jobs: change.jobs ?? [],
  } // prettier-ignore
}

const named = (at: number): string => tourSteps[at] ?? 'done'

describe('the guided tour', () => {
  it('follows the main job step by step', () => {
    const seen = [
      view(),
      view({ screen: 'editor' }),
      view({ screen: 'editor', accepted: 1 }),
      view({ screen: 'editor', accepted: 1, examples: 1 }),
      view({ accepted: 1, examples: 1, proposed: 20, jobs: [{ state: 'done', done: 24 }] }),
      view({ accepted: 21, examples: 1, jobs: [{ state: 'done', done: 24 }] }),
      view({ accepted: 21, examples: 1, jobs: [{ state: 'done', done: 24 }], hasExported: true }),
    ]
    let at = 0
    const shown = seen.map((each) => named((at = advance(at, each))))
    expect(shown).toEqual(['open', 'outline', 'use', 'segment', 'review', 'export', 'done'])
  })

  it('waits for the batch, does not go back, and takes a reviewed picture for a review', () => {
    const running = view({ accepted: 1, examples: 1, proposed: 3, jobs: [{ state: 'running', done: 3 }] })
    expect(named(advance(0, running))).toBe('segment')
    // Back in the gallery without having drawn: the picture has been opened once, that is enough.
    expect(named(advance(1, view()))).toBe('outline')
    expect(named(advance(4, view({ accepted: 1, examples: 1, reviewed: 1 })))).toBe('export')
  })

  it('points at something the screen has, and at the way there', () => {
    expect(tourSteps.map((step) => pointAt(step, 'gallery'))).toEqual([
      'gallery.openImage', 'gallery.openImage', 'gallery.openImage', 'batch.segment', 'gallery.acceptAll', 'export.open',
    ]) // prettier-ignore
    expect(tourSteps.slice(1).map((step) => pointAt(step, 'editor'))).toEqual([
      'editor.brush', 'learn.use', 'batch.segment', 'app.gallery', 'export.open',
    ]) // prettier-ignore
  })
})

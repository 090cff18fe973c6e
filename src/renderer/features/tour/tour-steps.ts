import type { JobRecord, ProjectInfo } from '../../../shared/contract/contract.ts'
import type { Session } from '../../app/session.ts'

/** The main job in the order of the tour. */
export const tourSteps = ['open', 'outline', 'use', 'segment', 'review', 'export'] as const
export type TourStep = (typeof tourSteps)[number]

/** What can be seen of how far the person is. */
export interface TourView {
  readonly session: Pick<Session, 'screen' | 'hasExported'>
  readonly info: Pick<ProjectInfo, 'images' | 'classes'>
  readonly jobs: readonly Pick<JobRecord, 'state' | 'done'>[]
}

/** Whether what the step asks for is there, however the person got there. */
function isReached(step: TourStep, { session, info, jobs }: TourView): boolean {
  const sum = (key: 'accepted' | 'proposed' | 'examples'): number =>
    info.classes.reduce((total, each) => total + each[key], 0)
  switch (step) {
    case 'open':
      return session.screen === 'editor' || sum('accepted') > 0
    case 'outline':
      return sum('accepted') > 0
    case 'use':
      return sum('examples') > 0
    case 'segment':
      // Not at the first proposals: the batch may take a while, and there is something to watch.
      return jobs.some((job) => job.state === 'done' && job.done > 0)
    case 'review':
      return sum('accepted') > sum('examples') || info.images.reviewed + info.images.reviewedEmpty > 0
    case 'export':
      return session.hasExported
  }
}

/** The step to show, from the one shown; the number of steps when all are done. A step once passed is not gone back to. */
export function advance(from: number, view: TourView): number {
  let at = from
  for (let step = tourSteps[at]; step !== undefined && isReached(step, view); step = tourSteps[at]) at++
  return at
}

/** The command, tool or list to point at. */
export function pointAt(step: TourStep, screen: Session['screen']): string | null {
  const inEditor = screen === 'editor'
  switch (step) {
    case 'open':
      return 'gallery.openImage'
    case 'outline':
      return inEditor ? 'editor.brush' : 'gallery.openImage'
    case 'use':
      return inEditor ? 'learn.use' : 'gallery.openImage'
    case 'segment':
      return 'batch.segment'
    case 'review':
      return inEditor ? 'app.gallery' : 'gallery.acceptAll'
    case 'export':
      return 'export.open'
  }
}

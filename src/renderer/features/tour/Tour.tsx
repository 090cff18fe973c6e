import { CircleCheck, Compass } from 'lucide-react'
import { useEffect } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { useJobs, useProjectInfo } from '../../app/queries.ts'
import { leaveTour, pointTo, setTourStep, useSession } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { advance, pointAt, tourSteps } from './tour-steps.ts'

const noJobs = [] as const

/**
 * Walks a person through the main job: one sentence at a time, in a strip of its own that covers nothing. It watches
 * what the project holds and goes on by itself.
 */
export function Tour(): ReactElement | null {
  const { t } = useTranslation()
  const at = useSession((state) => state.tourStep)
  const screen = useSession((state) => state.screen)
  const hasExported = useSession((state) => state.hasExported)
  const info = useProjectInfo().data
  const jobs = useJobs().data ?? noJobs
  const activeId = useSession((state) => state.activeClassId)
  const name = info?.classes.find((each) => each.id === activeId)?.name ?? t('tour.noClass')
  const step = at === null ? undefined : tourSteps[at]

  useEffect(() => {
    if (at === null || info === undefined) return
    const next = advance(at, { session: { screen, hasExported }, info, jobs })
    if (next !== at) setTourStep(next)
  }, [at, screen, hasExported, info, jobs])

  const pointed = step === undefined ? null : pointAt(step, screen)
  useEffect(() => {
    pointTo(pointed)
    return () => pointTo(null)
  }, [pointed])

  if (at === null) return null
  const isDone = step === undefined
  const Icon = isDone ? CircleCheck : Compass
  return (
    <aside
      aria-label={t('tour.title')}
      data-testid="tour"
      data-step={step ?? 'done'}
      className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b border-accent/40 bg-accent-soft px-3 py-1.5"
    >
      <Icon aria-hidden size={18} strokeWidth={1.75} className={isDone ? 'text-success' : 'text-accent'} />
      <div role="status" className="min-w-0 flex-1">
        <p className="font-medium">
          {step !== undefined && (
            <span className="mr-2 text-sm font-normal text-muted tabular-nums">
              {t('tour.progress', { at: at + 1, of: tourSteps.length })}
            </span>
          )}
          {t(`tour.steps.${step ?? 'done'}.title`, { name })}
        </p>
        <p className="text-sm text-muted">{t(`tour.steps.${step ?? 'done'}.text`, { name })}</p>
      </div>
      <ol aria-hidden className="flex gap-1">
        {tourSteps.map((name, index) => (
          <li key={name} className={`h-1.5 w-4 rounded-full ${index < at ? 'bg-accent' : 'bg-line'}`} />
        ))}
      </ol>
      {!isDone && (
        <Button variant="quiet" onClick={() => setTourStep(at + 1)}>
          {t('tour.skip')}
        </Button>
      )}
      <Button variant={isDone ? 'primary' : 'quiet'} onClick={leaveTour}>
        {t(isDone ? 'tour.finish' : 'tour.leave')}
      </Button>
    </aside>
  )
}

import { useEffect, useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { Progress as ProgressState } from '../../shared/contract/define.ts'
import { useLocale } from '../i18n/index.ts'
import { Progress } from '../ui/Progress.tsx'
import { formatDuration, secondsLeft } from './time-left.ts'

/** A long call under way: a bar, what is being worked on, how far, and after two seconds how long it will take. */
export function WorkProgress(properties: {
  readonly label: string
  readonly progress: ProgressState
  /** Shown while the call names nothing. */
  readonly note: string
  /** How much is done, in words. */
  readonly counted: string
}): ReactElement {
  const { t } = useTranslation()
  const locale = useLocale()
  const { progress } = properties
  const [startedAt] = useState(() => performance.now())
  const [now, setNow] = useState(startedAt)
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  const left = secondsLeft(progress, now - startedAt)
  return (
    <div className="flex flex-col gap-2 py-4" data-testid="work-progress">
      <Progress label={properties.label} done={progress.done} total={progress.total} />
      <p className="flex justify-between gap-4 text-muted tabular-nums">
        <span className="truncate">{progress.note ?? properties.note}</span>
        <span className="whitespace-nowrap">
          {properties.counted}
          {left !== null && ` · ${t('common.timeLeft', { time: formatDuration(left, locale) })}`}
        </span>
      </p>
    </div>
  )
}

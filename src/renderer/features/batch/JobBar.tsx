import { Cpu, Pause, Play, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { useQuery } from '@tanstack/react-query'
import type { JobRecord } from '../../../shared/contract/contract.ts'
import { assertNever } from '../../../shared/errors.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { runCommand } from '../../app/commands.ts'
import { notifyError } from '../../app/notify-error.ts'
import { ProblemList } from '../../app/ProblemList.tsx'
import { queryKeys, useJobs, useProjectId } from '../../app/queries.ts'
import { announce } from '../../app/session.ts'
import { formatDuration } from '../../app/time-left.ts'
import { useLocale } from '../../i18n/index.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'
import { IconButton } from '../../ui/IconButton.tsx'
import { Progress } from '../../ui/Progress.tsx'
import { Tooltip } from '../../ui/Tooltip.tsx'

function isOpen(job: JobRecord): boolean {
  switch (job.state) {
    case 'queued':
    case 'running':
    case 'paused':
      return true
    case 'done':
    case 'cancelled':
    case 'failed':
      return false
    default:
      return assertNever(job.state)
  }
}

const noJobs: readonly JobRecord[] = []

/** The job in work, or the last one until it is dismissed: how far, how fast, on what, what failed. */
export function JobBar(): ReactElement | null {
  const { t } = useTranslation()
  const jobs = useJobs().data ?? noJobs
  const [dismissed, setDismissed] = useState<ReadonlySet<string>>(new Set())
  const wasOpen = useRef(new Set<string>())

  useEffect(() => {
    for (const job of jobs) {
      if (isOpen(job)) {
        wasOpen.current.add(job.id)
        continue
      }
      if (!wasOpen.current.delete(job.id)) continue
      const { done, total, failed } = job
      if (job.state === 'done' && failed > 0) announce(t('batch.finishedInPart', { done, total, failed }))
      else if (job.state === 'done') announce(t('batch.finished', { done, total }), 'success')
      else if (job.state === 'cancelled') announce(t('batch.cancelled', { done, total }))
      else if (job.reason !== null) announce(job.reason, 'problem')
    }
  }, [jobs, t])

  const shown = jobs.filter((job) => isOpen(job) || (job.failed > 0 && !dismissed.has(job.id))).slice(0, 3)
  if (shown.length === 0) return null
  return (
    <div className="flex flex-col border-t border-line bg-surface" data-testid="jobs">
      {shown.map((job) => (
        <JobRow key={job.id} job={job} onDismiss={() => setDismissed(new Set([...dismissed, job.id]))} />
      ))}
    </div>
  )
}

function JobRow({ job, onDismiss }: { readonly job: JobRecord; readonly onDismiss: () => void }): ReactElement {
  const { t } = useTranslation()
  const locale = useLocale()
  const bridge = useBridge()
  const projectId = useProjectId()
  const [showFailures, setShowFailures] = useState(false)
  const target = { projectId, jobId: job.id }

  const rate = job.imagesPerSecond
  const number = new Intl.NumberFormat(locale, { maximumSignificantDigits: 2 })
  const facts = [
    t('batch.counted', { done: job.done, total: job.total }),
    rate !== null &&
      (rate >= 1
        ? t('batch.rate', { perSecond: number.format(rate) })
        : t('batch.ratePerMinute', { perMinute: number.format(rate * 60) })),
    job.state === 'running' &&
      job.secondsLeft !== null &&
      t('batch.left', { time: formatDuration(job.secondsLeft, locale) }),
  ].filter((fact) => fact !== false)

  return (
    <div data-testid="job" data-job-state={job.state} className="flex h-9 items-center gap-3 px-3">
      <span className="font-medium">{t(`batch.states.${job.state}`)}</span>
      <span className="w-56">
        <Progress label={t('batch.job')} done={job.done + job.failed} total={job.total} />
      </span>
      <span className="text-muted tabular-nums">{facts.join(' · ')}</span>
      {job.device !== null && (
        <Tooltip label={t('devices.openFrom', { device: job.device })} side="top">
          <button
            type="button"
            data-testid="job-device"
            className="flex min-w-0 items-center gap-1 rounded-md text-sm text-muted hover:bg-hover hover:text-text"
            onClick={() => void runCommand('app.devices', { source: 'button' })}
          >
            <Cpu aria-hidden size={13} className="shrink-0" />
            <span className="truncate">{job.device}</span>
          </button>
        </Tooltip>
      )}
      <span className="flex-1" />
      {job.reason !== null && <span className="truncate text-danger">{job.reason}</span>}
      {job.failed > 0 && (
        <Button variant="quiet" className="text-warning" onClick={() => setShowFailures(true)}>
          {t('batch.failed', { count: job.failed })}
        </Button>
      )}
      {job.state === 'paused' && (
        <IconButton
          icon={Play}
          side="top"
          label={t('batch.resume')}
          onClick={() => void bridge.jobs.resume(target).catch(notifyError)}
        />
      )}
      {(job.state === 'running' || job.state === 'queued') && (
        <IconButton
          icon={Pause}
          side="top"
          label={t('batch.pause')}
          onClick={() => void bridge.jobs.pause(target).catch(notifyError)}
        />
      )}
      <IconButton
        icon={X}
        side="top"
        label={isOpen(job) ? t('common.cancel') : t('common.dismiss')}
        onClick={() => (isOpen(job) ? void bridge.jobs.cancel(target).catch(notifyError) : onDismiss())}
      />
      {showFailures && <FailuresDialog jobId={job.id} failed={job.failed} onClose={() => setShowFailures(false)} />}
    </div>
  )
}

function FailuresDialog(properties: {
  readonly jobId: string
  readonly failed: number
  readonly onClose: () => void
}): ReactElement {
  const { jobId, failed } = properties
  const { t } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  const failures = useQuery({
    queryKey: [...queryKeys.jobs(projectId), jobId, 'failures', failed],
    queryFn: ({ signal }) => bridge.jobs.failures({ projectId, jobId }, { signal }),
  })
  return (
    <Dialog title={t('batch.failures')} onClose={properties.onClose}>
      {failures.error !== null && <ErrorNotice error={failures.error} />}
      {failures.isPending && <p className="text-muted">{t('common.loading')}</p>}
      {failures.data !== undefined && <ProblemList problems={failures.data.problems} />}
    </Dialog>
  )
}

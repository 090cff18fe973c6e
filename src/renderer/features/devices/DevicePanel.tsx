import { useQueryClient } from '@tanstack/react-query'
import { RefreshCw } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { DeviceList } from '../../../shared/contract/contract.ts'
import type { Progress as ProgressState } from '../../../shared/contract/define.ts'
import { isAppError } from '../../../shared/errors.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { queryKeys, useDevices } from '../../app/queries.ts'
import { announce } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'
import { Progress } from '../../ui/Progress.tsx'
import { DeviceTable } from './DeviceTable.tsx'

/**
 * What each device of this computer can do, which one *Automatic* uses and why, and the check. Needs no project:
 * it can stand in a dialog of its own or among settings.
 */
export function DevicePanel(): ReactElement {
  const { t, i18n } = useTranslation()
  const answer = useDevices()
  const check = useDeviceCheck()
  const list = answer.data

  if (answer.error !== null) {
    return (
      <ErrorNotice error={answer.error}>
        <Button onClick={() => void answer.refetch()}>{t('common.retry')}</Button>
      </ErrorNotice>
    )
  }
  if (list === undefined) return <p className="text-muted">{t('common.loading')}</p>
  const checkedAt = list.devices
    .map((device) => device.checkedAt)
    .filter((at) => at !== null)
    .toSorted()
    .at(-1)
  const when = new Intl.DateTimeFormat(i18n.language, { dateStyle: 'medium', timeStyle: 'short' })
  const facts = [
    checkedAt === undefined ? t('devices.unchecked') : t('devices.checked', { when: when.format(new Date(checkedAt)) }),
    t('devices.runtime', { version: list.runtimeVersion }),
    list.hardware,
  ].filter((fact) => fact !== null)

  return (
    <section className="flex flex-col gap-3" data-testid="devices" aria-label={t('devices.title')}>
      <p className="text-muted">{t('devices.intro')}</p>
      <p className="font-medium" data-testid="devices-auto">
        <AutoSentence list={list} />
      </p>
      <DeviceTable list={list} />
      <div className="flex items-center gap-3">
        <span className="min-w-0 flex-1 text-sm break-words text-muted">{facts.join(' · ')}</span>
        {check.progress === null ? (
          <Button onClick={() => void check.start()}>
            <RefreshCw aria-hidden size={14} />
            {checkedAt === undefined ? t('devices.checkNow') : t('devices.check')}
          </Button>
        ) : (
          <Button onClick={check.cancel}>{t('common.cancel')}</Button>
        )}
      </div>
      {check.progress !== null && (
        <div className="flex flex-col gap-1" role="status">
          <Progress label={t('devices.title')} done={check.progress.done} total={check.progress.total} />
          <p className="text-sm text-muted">{t('devices.checking', { name: check.progress.note ?? '' })}</p>
        </div>
      )}
      {check.error !== null && <ErrorNotice error={check.error} />}
    </section>
  )
}

function AutoSentence({ list }: { readonly list: DeviceList }): string {
  const { t, i18n } = useTranslation()
  const { provider, why } = list.auto
  const name = t(`devices.names.${provider}`)
  if (why !== 'fastest') return t(`devices.auto.${why}`, { name })
  const { milliseconds, cpuMilliseconds } = list.devices.find((each) => each.provider === provider) ?? {}
  const times = new Intl.NumberFormat(i18n.language, { maximumSignificantDigits: 2 })
  return t('devices.auto.fastest', { name, times: times.format((cpuMilliseconds ?? 1) / (milliseconds ?? 1)) })
}

/** The check under way, if any, and how it ended. Leaving the panel cancels it. */
function useDeviceCheck(): {
  readonly progress: ProgressState | null
  readonly error: unknown
  readonly start: () => Promise<void>
  readonly cancel: () => void
} {
  const { t } = useTranslation()
  const bridge = useBridge()
  const client = useQueryClient()
  const [progress, setProgress] = useState<ProgressState | null>(null)
  const [error, setError] = useState<unknown>(null)
  const stop = useRef<AbortController | null>(null)
  useEffect(() => () => stop.current?.abort(), [])

  async function start(): Promise<void> {
    const controller = new AbortController()
    stop.current = controller
    setError(null)
    setProgress({ done: 0, total: null })
    try {
      const list = await bridge.devices.check({}, { signal: controller.signal, onProgress: setProgress })
      client.setQueryData(queryKeys.devices, list)
      announce(t('devices.checkedNow'), 'success')
    } catch (failure) {
      if (isAppError(failure, 'Cancelled')) announce(t('devices.checkCancelled'))
      else setError(failure)
    } finally {
      setProgress(null)
    }
  }

  return { progress, error, start, cancel: () => stop.current?.abort() }
}

import { Check, X } from 'lucide-react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { DeviceList, DeviceReport } from '../../../shared/contract/contract.ts'

const columns = ['asked', 'loaded', 'ran', 'used', 'time', 'cpuTime', 'speedUp', 'difference', 'left'] as const

/** One device a group: figures in a row, what they mean in a sentence below. */
export function DeviceTable({ list }: { readonly list: DeviceList }): ReactElement {
  const { t } = useTranslation()
  return (
    <table className="w-full border-collapse text-sm tabular-nums">
      <caption className="sr-only">{t('devices.table')}</caption>
      <thead>
        <tr className="border-b border-line text-left text-muted">
          <th scope="col" className="py-1 pr-2 font-medium">
            {t('devices.columns.device')}
          </th>
          {columns.map((column) => (
            <th
              key={column}
              scope="col"
              className="px-1 py-1 text-right font-medium"
              title={t(`devices.hints.${column}`)}
            >
              {t(`devices.columns.${column}`)}
            </th>
          ))}
        </tr>
      </thead>
      {list.devices.map((report) => (
        <DeviceRows key={report.provider} report={report} isUsed={report.provider === list.auto.provider} />
      ))}
    </table>
  )
}

function DeviceRows({ report, isUsed }: { readonly report: DeviceReport; readonly isUsed: boolean }): ReactElement {
  const { t, i18n } = useTranslation()
  const { provider, verdict, milliseconds, cpuMilliseconds, nodeShare } = report
  const isCpu = provider === 'cpu'
  const isTried = verdict !== 'untried'
  const short = new Intl.NumberFormat(i18n.language, { maximumSignificantDigits: 3 })
  const factor = new Intl.NumberFormat(i18n.language, { maximumSignificantDigits: 2 })
  const tiny = new Intl.NumberFormat(i18n.language, { style: 'percent', maximumSignificantDigits: 2 })
  const share = new Intl.NumberFormat(i18n.language, { style: 'percent' })
  const inMilliseconds = (value: number | null): string | null =>
    value === null ? null : t('devices.milliseconds', { value: short.format(value) })
  const speedUp =
    isCpu || milliseconds === null || cpuMilliseconds === null
      ? null
      : t('devices.times', { value: factor.format(cpuMilliseconds / milliseconds) })
  const difference = report.difference === null ? null : tiny.format(report.difference)
  const figures = [
    inMilliseconds(milliseconds),
    inMilliseconds(cpuMilliseconds),
    speedUp,
    isCpu ? null : difference,
    isCpu || nodeShare === null ? null : share.format(1 - nodeShare),
  ]
  const sentence =
    isCpu && verdict === 'passed'
      ? t('devices.reference')
      : t(`devices.verdicts.${verdict}`, {
          detail: report.detail ?? '',
          difference: difference ?? '?',
          tolerance: tiny.format(report.tolerance),
        })
  return (
    <tbody data-testid="device" data-provider={provider} data-verdict={verdict} className="border-b border-line">
      <tr>
        <th scope="row" className="pt-1.5 pr-2 text-left font-medium whitespace-nowrap">
          {t(`devices.names.${provider}`)}
        </th>
        {[isTried, isTried ? report.loaded : null, isTried ? report.ran : null, isUsed].map((value, at) => (
          <td key={columns[at]} className="px-1 pt-1.5 text-right">
            {value === null ? <NotMeasured /> : <YesNo value={value} />}
          </td>
        ))}
        {figures.map((figure, at) => (
          <td key={columns[at + 4]} className="px-1 pt-1.5 text-right whitespace-nowrap">
            {figure ?? <NotMeasured />}
          </td>
        ))}
      </tr>
      <tr>
        <td colSpan={columns.length + 1} className="pb-1.5 break-words text-muted">
          {t(`devices.kinds.${provider}`)}. <span className={report.ran ? '' : 'text-text'}>{sentence}</span>
        </td>
      </tr>
    </tbody>
  )
}

function NotMeasured(): ReactElement {
  const { t } = useTranslation()
  return (
    <>
      <span aria-hidden>–</span>
      <span className="sr-only">{t('devices.none')}</span>
    </>
  )
}

/** Yes or no, by a sign and by a word for those who do not see it. */
function YesNo({ value }: { readonly value: boolean }): ReactElement {
  const { t } = useTranslation()
  const Icon = value ? Check : X
  return (
    <span className={value ? 'text-success' : 'text-muted'}>
      <Icon aria-hidden size={14} className="inline" />
      <span className="sr-only">{value ? t('devices.yes') : t('devices.no')}</span>
    </span>
  )
}

import { useRef, useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { readers } from '../../../shared/contract/contract.ts'
import type { ExportSpec, PreflightReport, Reader } from '../../../shared/contract/contract.ts'
import { isAppError } from '../../../shared/errors.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { notifyError } from '../../app/notify-error.ts'
import { ProblemList } from '../../app/ProblemList.tsx'
import { useProjectId } from '../../app/queries.ts'
import { Button } from '../../ui/Button.tsx'
import { Field, Select } from '../../ui/fields.tsx'

type Change = PreflightReport['fixes'][number]['change']

/** What the chosen reader would drop or change of the COCO file, and what to change so that it does not. */
export function ReaderCheck(properties: {
  readonly spec: ExportSpec
  readonly onChange: (change: Change) => void
}): ReactElement {
  const { spec, onChange } = properties
  const { t } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  const [reader, setReader] = useState<Reader>('pycocotools')
  /** With what it is a report of: another choice makes it out of date. */
  const [found, setFound] = useState<{ readonly spec: ExportSpec; readonly report: PreflightReport } | null>(null)
  const [isRunning, setRunning] = useState(false)
  const stop = useRef<AbortController | null>(null)
  const isOfNow = found !== null && JSON.stringify(found.spec) === JSON.stringify(spec)
  const report = isOfNow && found.report.reader === reader ? found.report : null

  async function check(): Promise<void> {
    const controller = new AbortController()
    stop.current = controller
    setRunning(true)
    try {
      const checked = await bridge.export.preflight({ projectId, spec, reader }, { signal: controller.signal })
      setFound({ spec, report: checked })
    } catch (failure) {
      if (!isAppError(failure, 'Cancelled')) notifyError(failure)
    } finally {
      setRunning(false)
    }
  }

  return (
    <div className="flex flex-col gap-2" data-testid="reader-check">
      <Field label={t('export.reader')} hint={t('export.readerHint')}>
        {(ids) => (
          <div className="flex gap-2">
            <Select
              {...ids}
              className="flex-1"
              value={reader}
              onChange={setReader}
              options={readers.map((value) => ({ value, label: t(`export.readers.${value}`) }))}
            />
            {isRunning ? (
              <Button onClick={() => stop.current?.abort()}>{t('common.cancel')}</Button>
            ) : (
              <Button onClick={() => void check()}>{t('export.checkReader')}</Button>
            )}
          </div>
        )}
      </Field>
      {report !== null && <Findings report={report} onChange={onChange} />}
    </div>
  )
}

function Findings(properties: {
  readonly report: PreflightReport
  readonly onChange: (change: Change) => void
}): ReactElement {
  const { report, onChange } = properties
  const { t, i18n } = useTranslation()
  const intact = report.annotations - report.dropped - report.changed
  const iou = new Intl.NumberFormat(i18n.language, { minimumFractionDigits: 3, maximumFractionDigits: 3 })
  return (
    <div role="status" className="flex flex-col gap-2">
      <p className={intact === report.annotations ? 'text-success' : 'text-warning'}>
        {t('export.intact', { intact, annotations: report.annotations })}
        {intact < report.annotations &&
          ` ${t('export.iou', { worst: iou.format(report.worstIou), mean: iou.format(report.meanIou) })}`}
      </p>
      {report.fixes.map(({ sentence, change, meanIou }) => (
        <div key={sentence} className="flex items-center gap-3">
          <Button className="shrink-0" onClick={() => onChange(change)}>
            {t(`export.fixes.${fixOf(change)}`)}
          </Button>
          {meanIou !== null && (
            <span className="text-sm text-muted tabular-nums">
              {t('export.fixedIou', { mean: iou.format(meanIou) })}
            </span>
          )}
        </div>
      ))}
      {report.findings.length > 0 && (
        <ProblemList
          problems={report.findings.map(({ name, className, reason, iou: value }) => ({
            name: className === null ? name : `${name}, ${className}`,
            reason: value === null ? reason : `${reason} IoU ${iou.format(value)}`,
          }))}
        />
      )}
    </div>
  )
}

function fixOf(change: Change): 'yolo' | 'polygon' | 'rle' {
  if ('format' in change) return 'yolo'
  return change.segmentation === 'polygon' ? 'polygon' : 'rle'
}

import type { ReactElement, ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { AnnotationImportReport } from '../../../shared/contract/contract.ts'
import { problemCount } from '../../../shared/contract/problem-count.ts'
import { ProblemList } from '../../app/ProblemList.tsx'

/** Whether an import with this report changes the project. */
export function doesSomething({
  annotations,
  replaced,
  crowdsChanged,
  reviewed,
  reviewedEmpty,
}: AnnotationImportReport): boolean {
  return annotations + replaced + crowdsChanged + reviewed + reviewedEmpty > 0
}

/** What an import did or would do, what can be done about the rest, and what went wrong. */
export function ImportLabelsReport(shown: {
  readonly report: AnnotationImportReport
  readonly isDone: boolean
  readonly children: ReactNode
}): ReactElement {
  const { report, isDone } = shown
  const { t } = useTranslation()
  const { annotations, unchanged, kept, replaced, crowdsChanged, crowdsKept } = report
  const { added, reviewed, reviewedEmpty, notEmpty, turned } = report
  return (
    <div role="status" className="flex flex-col gap-2" data-testid="import-labels-report">
      {(annotations > 0 || !doesSomething(report)) && (
        <p className="text-lg font-medium tabular-nums">
          {t(isDone ? 'labels.imported' : 'labels.would', { count: annotations })}
          {annotations > 0 && ` ${t('labels.onImages', { count: report.images })}`}
        </p>
      )}
      {added > 0 && <p>{t('labels.added', { count: added })}</p>}
      {report.classes.length > 0 && <p>{t('labels.newClasses', { names: report.classes.join(', ') })}</p>}
      {replaced > 0 && <p>{t('labels.replaced', { count: replaced })}</p>}
      {crowdsChanged > 0 && <p>{t('labels.crowdsChanged', { count: crowdsChanged })}</p>}
      {reviewed > 0 && <p>{t('labels.reviewed', { count: reviewed })}</p>}
      {reviewedEmpty > 0 && <p>{t('labels.reviewedEmpty', { count: reviewedEmpty })}</p>}
      {turned > 0 && <p>{t('labels.turned', { count: turned })}</p>}
      {unchanged > 0 && <p className="text-muted">{t('labels.unchanged', { count: unchanged })}</p>}
      {kept > 0 && <p className="text-muted">{t('labels.kept', { count: kept })}</p>}
      {crowdsKept > 0 && <p className="text-muted">{t('labels.crowdsKept', { count: crowdsKept })}</p>}
      {notEmpty > 0 && <p className="text-muted">{t('labels.notEmpty', { count: notEmpty })}</p>}
      {shown.children}
      {report.problems.length > 0 && (
        <>
          <p className="text-warning">{t('labels.problems', { count: problemCount(report) })}</p>
          <ProblemList problems={report.problems} unlisted={report.unlisted} />
        </>
      )}
    </div>
  )
}

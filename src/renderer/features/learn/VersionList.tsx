import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { VersionRecord } from '../../../shared/domain/records.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { notifyError } from '../../app/notify-error.ts'
import { useProjectId, useVersions } from '../../app/queries.ts'
import { announce } from '../../app/session.ts'
import { translateOr, useLocale } from '../../i18n/index.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'

/** Every version of a class, newest first; an earlier one can be made current again. */
export function VersionList(properties: { readonly classId: string; readonly className: string }): ReactElement | null {
  const { classId, className } = properties
  const { t } = useTranslation()
  const locale = useLocale()
  const bridge = useBridge()
  const projectId = useProjectId()
  const answer = useVersions(classId)
  if (answer.error !== null) return <ErrorNotice error={answer.error} />
  const versions = answer.data?.versions ?? []
  if (answer.data !== undefined && versions.length === 0) {
    return <p className="text-sm text-muted">{t('learn.noVersions')}</p>
  }
  if (versions.length === 0) return null

  async function restore(version: VersionRecord): Promise<void> {
    try {
      await bridge.learn.restore({ projectId, classId, versionId: version.id })
      announce(t('learn.restored', { name: className, version: version.number }), 'success')
    } catch (error) {
      notifyError(error)
    }
  }

  const when = new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeStyle: 'short' })
  const score = new Intl.NumberFormat(locale, { maximumFractionDigits: 3 })
  return (
    <details className="text-sm" data-testid="versions">
      <summary className="rounded-md py-1 text-muted hover:text-text">{t('learn.versions')}</summary>
      <ol className="flex flex-col divide-y divide-line">
        {versions
          .toSorted((a, b) => b.number - a.number)
          .map((version) => {
            const isCurrent = version.id === answer.data?.currentVersionId
            return (
              <li
                key={version.id}
                className="flex items-center gap-2 py-1"
                aria-current={isCurrent}
                data-testid="version"
                data-version={version.number}
              >
                <span className="min-w-0 flex-1">
                  <span className="flex items-center gap-1.5 font-medium">
                    {t('learn.version', { number: version.number })}
                    {isCurrent && <span className="font-normal text-success">{t('learn.current')}</span>}
                  </span>
                  <span className="block text-muted">
                    {[
                      when.format(new Date(version.createdAt)),
                      t('learn.examples', { count: version.supports.length }),
                      ...Object.entries(version.scores).map(([name, value]) =>
                        t('learn.score', {
                          name: translateOr(`learn.scores.${name}`, {}, name),
                          value: score.format(value),
                        }),
                      ),
                    ].join(' · ')}
                  </span>
                </span>
                {!isCurrent && (
                  <Button variant="quiet" onClick={() => void restore(version)}>
                    {t('learn.restore')}
                  </Button>
                )}
              </li>
            )
          })}
      </ol>
    </details>
  )
}

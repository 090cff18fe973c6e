import { TriangleAlert } from 'lucide-react'
import { useEffect } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { useStore } from 'zustand'
import { useBridge } from '../../app/bridge-context.tsx'
import { useProjectId } from '../../app/queries.ts'
import { openImage } from '../../app/session.ts'
import { describeError } from '../../i18n/describe-error.ts'
import { Button } from '../../ui/Button.tsx'
import { commitQueueOf } from './commit-queue.ts'

/** Outside the editor: says that a change made there could not be saved, and leads back to it. */
export function UnsavedBanner(): ReactElement | null {
  const { t } = useTranslation()
  const queue = commitQueueOf(useBridge(), useProjectId())
  const { failure, pending } = useStore(queue.state)

  useEffect(() => {
    if (pending === 0) return
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault()
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [pending])

  if (failure === null) return null
  return (
    <div
      role="alert"
      data-testid="unsaved"
      className="flex flex-wrap items-center gap-2 border-b border-danger/50 bg-danger-soft px-3 py-1.5"
    >
      <TriangleAlert aria-hidden size={16} className="shrink-0 text-danger" />
      <p className="min-w-0 flex-1 break-words">
        {t('editor.notSavedElsewhere')} {describeError(failure.problem)}
      </p>
      <Button onClick={() => openImage(failure.imageId)}>{t('editor.openThatImage')}</Button>
    </div>
  )
}

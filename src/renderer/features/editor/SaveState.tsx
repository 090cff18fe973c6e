import { Check, LoaderCircle, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { useStore } from 'zustand'
import { isAppError } from '../../../shared/errors.ts'
import { openImage } from '../../app/session.ts'
import { describeError } from '../../i18n/describe-error.ts'
import { Button } from '../../ui/Button.tsx'
import type { QueueState } from './commit-queue.ts'
import type { EditorController } from './editor-controller.ts'

/** Whether everything drawn is on disk. "Saved" only after the store has said so. */
export function SaveState({ queue }: { readonly queue: QueueState }): ReactElement {
  const { t } = useTranslation()
  if (queue.failure !== null) {
    return (
      <span className="flex items-center gap-1 text-danger">
        <TriangleAlert aria-hidden size={14} />
        {t('editor.notSaved')}
      </span>
    )
  }
  if (queue.pending > 0) {
    return (
      <span className="flex items-center gap-1 text-muted">
        <LoaderCircle aria-hidden size={14} className="animate-spin" />
        {t('editor.saving')}
      </span>
    )
  }
  return (
    <span className="flex items-center gap-1 text-muted">
      <Check aria-hidden size={14} />
      {t('editor.saved')}
    </span>
  )
}

/** The alarm after a failed write: what was drawn is kept until the user has decided. */
export function SaveAlarm(properties: {
  readonly controller: EditorController
  readonly imageId: string
}): ReactElement | null {
  const { t } = useTranslation()
  const { controller, imageId } = properties
  const failure = useStore(controller.queue.state, (state) => state.failure)
  const [nextProblem, setNextProblem] = useState<unknown>(null)
  if (failure === null) return null
  const here = failure.imageId === imageId
  const conflict = isAppError(failure.problem, 'Conflict')
  const detail = here ? t('editor.notSavedDetail') : t('editor.notSavedElsewhere')
  const conflictText = here ? t('editor.conflict') : t('editor.conflictElsewhere')
  return (
    <div
      role="alert"
      data-testid="save-alarm"
      className="flex flex-wrap items-center gap-2 border-b border-danger/50 bg-danger-soft px-3 py-2"
    >
      <TriangleAlert aria-hidden size={16} className="shrink-0 text-danger" />
      <p className="min-w-0 flex-1 break-words">
        {conflict ? conflictText : `${detail} ${describeError(failure.problem)}`}
        {nextProblem !== null && ` ${describeError(nextProblem)}`}
      </p>
      {!here && (
        <Button variant="secondary" onClick={() => openImage(failure.imageId)}>
          {t('editor.openThatImage')}
        </Button>
      )}
      {!conflict && (
        <Button variant="primary" onClick={() => controller.queue.retry()}>
          {t('editor.tryAgain')}
        </Button>
      )}
      {conflict && here && (
        <Button
          variant="primary"
          onClick={() => {
            setNextProblem(null)
            controller.document.reapply().catch((problem: unknown) => setNextProblem(problem))
          }}
        >
          {t('editor.drawAgain')}
        </Button>
      )}
      {here && (
        <Button variant="danger" onClick={() => controller.document.discard()}>
          {t('editor.discard')}
        </Button>
      )}
    </div>
  )
}

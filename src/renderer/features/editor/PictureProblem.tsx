import { ImageOff } from 'lucide-react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { describeError } from '../../i18n/describe-error.ts'
import { Button } from '../../ui/Button.tsx'

/** In the place of a picture that cannot be shown: why, and what brings it back. What is drawn on it stays. */
export function PictureProblem(properties: { readonly problem: unknown; readonly onRetry: () => void }): ReactElement {
  const { t } = useTranslation()
  return (
    <div className="pointer-events-none absolute inset-0 z-10 flex items-center justify-center p-6">
      <div
        role="alert"
        data-testid="picture-problem"
        className="pointer-events-auto flex max-w-lg flex-col items-center gap-2 rounded-xl border border-line bg-surface px-6 py-5 text-center shadow-raised"
      >
        <ImageOff aria-hidden size={32} strokeWidth={1.25} className="text-warning" />
        <p className="text-lg font-medium">{t('editor.pictureMissing')}</p>
        <p className="break-words">{describeError(properties.problem)}</p>
        <p className="text-sm text-muted">{t('editor.pictureMissingHint')}</p>
        <Button variant="primary" className="mt-1" onClick={properties.onRetry}>
          {t('editor.tryAgain')}
        </Button>
      </div>
    </div>
  )
}

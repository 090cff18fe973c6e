import { TriangleAlert } from 'lucide-react'
import type { ReactElement, ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { describeError } from '../i18n/describe-error.ts'

/** The one way a failure is shown in place: one sentence, with the way out beside it. */
export function ErrorNotice(properties: { readonly error: unknown; readonly children?: ReactNode }): ReactElement {
  // Another language is another sentence.
  useTranslation()
  return (
    <div
      role="alert"
      data-testid="error-notice"
      className="flex items-start gap-2 rounded-md border border-danger/50 bg-danger-soft px-3 py-2"
    >
      <TriangleAlert aria-hidden size={16} className="mt-0.5 shrink-0 text-danger" />
      <p className="min-w-0 flex-1 break-words">{describeError(properties.error)}</p>
      {properties.children}
    </div>
  )
}

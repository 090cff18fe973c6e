import { Check, CheckCheck, CircleDashed, CircleSlash, Sparkles, TriangleAlert } from 'lucide-react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { ImageStatus } from '../../shared/domain/records.ts'

const looks = {
  unlabelled: { icon: CircleDashed, tone: 'text-muted' },
  proposals: { icon: Sparkles, tone: 'text-accent' },
  labelled: { icon: Check, tone: 'text-text' },
  reviewed: { icon: CheckCheck, tone: 'text-success' },
  reviewedEmpty: { icon: CircleSlash, tone: 'text-success' },
  setAside: { icon: TriangleAlert, tone: 'text-warning' },
} as const

/** The state of an image as picture and word, never as colour alone. */
export function StatusBadge({ status }: { readonly status: ImageStatus }): ReactElement {
  const { t } = useTranslation()
  const { icon: Icon, tone } = looks[status]
  return (
    <span data-status={status} className="inline-flex min-w-0 items-center gap-1.5 text-sm whitespace-nowrap">
      <Icon aria-hidden size={14} strokeWidth={2} className={`shrink-0 ${tone}`} />
      <span className="truncate">{t(`common.status.${status}`)}</span>
    </span>
  )
}

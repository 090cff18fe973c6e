import { KeyRound } from 'lucide-react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { EmptyState } from '../ui/EmptyState.tsx'

/** Shown when the page was opened without the token that proves who opened it. */
export function NoToken(): ReactElement {
  const { t } = useTranslation()
  return (
    <main className="h-full">
      <EmptyState icon={KeyRound} title={t('common.noTokenTitle')} hint={t('common.noTokenHint')} />
    </main>
  )
}

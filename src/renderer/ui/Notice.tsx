import { Info } from 'lucide-react'
import type { ReactElement, ReactNode } from 'react'

/** Something worth knowing before going on; nothing has failed. */
export function Notice(properties: { readonly children: ReactNode; readonly testId?: string }): ReactElement {
  return (
    <p
      role="note"
      data-testid={properties.testId}
      className="flex items-start gap-2 rounded-md border border-line bg-accent-soft px-3 py-2"
    >
      <Info aria-hidden size={16} className="mt-0.5 shrink-0 text-accent" />
      <span className="min-w-0 flex-1">{properties.children}</span>
    </p>
  )
}

import type { LucideIcon } from 'lucide-react'
import type { ReactElement, ReactNode } from 'react'

/** Says what is missing and offers the next step. */
export function EmptyState(properties: {
  readonly icon: LucideIcon
  readonly title: string
  readonly hint: string
  readonly children?: ReactNode
}): ReactElement {
  const Icon = properties.icon
  return (
    <div className="flex h-full flex-col items-center justify-center gap-2 p-8 text-center" data-testid="empty-state">
      <Icon aria-hidden size={36} strokeWidth={1.25} className="mb-1 text-edge" />
      <p className="text-lg font-medium">{properties.title}</p>
      <p className="max-w-sm text-muted">{properties.hint}</p>
      {properties.children !== undefined && <div className="mt-3 flex gap-2">{properties.children}</div>}
    </div>
  )
}

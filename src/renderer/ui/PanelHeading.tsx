import type { ReactElement, ReactNode } from 'react'

/** Title of a sidebar part, with its actions on the right. */
export function PanelHeading(properties: { readonly title: string; readonly children?: ReactNode }): ReactElement {
  return (
    <div className="flex h-7 items-center justify-between pl-2">
      <h2 className="text-sm font-semibold text-muted">{properties.title}</h2>
      {properties.children}
    </div>
  )
}

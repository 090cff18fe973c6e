import type { ReactElement } from 'react'

/** A bar; `total: null` means the length of the work is not known yet. */
export function Progress(properties: {
  readonly label: string
  readonly done: number
  readonly total: number | null
}): ReactElement {
  return (
    <progress
      aria-label={properties.label}
      className="h-1.5 w-full appearance-none overflow-hidden rounded-full bg-hover [&::-webkit-progress-bar]:bg-hover [&::-webkit-progress-value]:rounded-full [&::-webkit-progress-value]:bg-accent"
      {...(properties.total === null ? {} : { value: properties.done, max: Math.max(1, properties.total) })}
    />
  )
}

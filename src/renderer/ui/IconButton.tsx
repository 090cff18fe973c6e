import type { LucideIcon } from 'lucide-react'
import type { ComponentProps, ReactElement } from 'react'
import { Tooltip } from './Tooltip.tsx'
import { classes } from './classes.ts'

/** A button shown as a picture; its name and key are in the tooltip and read out. */
export function IconButton({
  icon: Icon,
  label,
  keys,
  side,
  pressed,
  className,
  ...rest
}: Omit<ComponentProps<'button'>, 'children'> & {
  readonly icon: LucideIcon
  readonly label: string
  readonly keys?: string | undefined
  readonly side?: 'top' | 'right' | 'bottom' | 'left'
  readonly pressed?: boolean
}): ReactElement {
  return (
    <Tooltip label={label} keys={keys} {...(side === undefined ? {} : { side })}>
      <button
        type="button"
        aria-label={label}
        aria-pressed={pressed}
        className={classes(
          'inline-flex size-7 shrink-0 items-center justify-center rounded-md transition-colors active:brightness-90 disabled:pointer-events-none disabled:opacity-40',
          pressed === true ? 'bg-accent-soft text-text' : 'text-muted hover:bg-hover hover:text-text',
          className,
        )}
        {...rest}
      >
        <Icon aria-hidden size={16} strokeWidth={1.75} />
      </button>
    </Tooltip>
  )
}

import type { ComponentProps, ReactElement } from 'react'
import { classes } from './classes.ts'

const variants = {
  primary: 'bg-accent text-on-accent font-medium hover:bg-accent-strong',
  /** The main thing of a panel, on a screen whose main thing is elsewhere. */
  tonal: 'bg-accent-soft text-text border border-accent/40 font-medium hover:border-accent',
  secondary: 'bg-raised text-text border border-line hover:bg-hover',
  quiet: 'text-muted hover:bg-hover hover:text-text',
  danger: 'bg-raised text-danger border border-line hover:bg-danger-soft',
} as const

export type ButtonVariant = keyof typeof variants

/** `aria-disabled` is not used: a disabled button leaves the tab order and says why beside it. */
export function Button({
  variant = 'secondary',
  className,
  type = 'button',
  ...rest
}: ComponentProps<'button'> & { readonly variant?: ButtonVariant }): ReactElement {
  return (
    <button
      type={type}
      className={classes(
        'inline-flex h-7 shrink-0 items-center justify-center gap-1.5 rounded-md px-2.5 whitespace-nowrap transition-colors select-none active:brightness-90 disabled:pointer-events-none disabled:opacity-45',
        variants[variant],
        className,
      )}
      {...rest}
    />
  )
}

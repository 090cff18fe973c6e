import { ChevronDown } from 'lucide-react'
import { useId } from 'react'
import type { ComponentProps, ReactElement, ReactNode } from 'react'
import { classes } from './classes.ts'

const control =
  'h-7 w-full rounded-md border border-edge/60 bg-base px-2 text-text placeholder:text-muted disabled:opacity-45'

export function TextInput({ className, ...rest }: ComponentProps<'input'>): ReactElement {
  return <input type="text" autoComplete="off" spellCheck={false} className={classes(control, className)} {...rest} />
}

/** The browser's own list: complete by keyboard and free of injected styles. */
export function Select<Value extends string>({
  options,
  value,
  onChange,
  className,
  ...rest
}: Omit<ComponentProps<'select'>, 'onChange' | 'value'> & {
  readonly options: readonly { readonly value: Value; readonly label: string }[]
  readonly value: Value
  readonly onChange: (value: Value) => void
}): ReactElement {
  return (
    <span className={classes('relative inline-flex', className)}>
      <select
        className={classes(control, 'appearance-none pr-7')}
        value={value}
        onChange={(event) => {
          const chosen = options[event.currentTarget.selectedIndex]
          if (chosen !== undefined) onChange(chosen.value)
        }}
        {...rest}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
      <ChevronDown aria-hidden size={14} className="pointer-events-none absolute top-1.5 right-2 text-muted" />
    </span>
  )
}

/** A control with its name above it and an optional hint below. */
export function Field(properties: {
  readonly label: string
  readonly hint?: string | undefined
  readonly children: (ids: { readonly id: string; readonly 'aria-describedby'?: string }) => ReactNode
}): ReactElement {
  const id = useId()
  const hintId = `${id}-hint`
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="text-sm font-medium text-muted">
        {properties.label}
      </label>
      {properties.children(properties.hint === undefined ? { id } : { id, 'aria-describedby': hintId })}
      {properties.hint !== undefined && (
        <p id={hintId} className="text-sm text-muted">
          {properties.hint}
        </p>
      )}
    </div>
  )
}

/** A few choices of which one holds, shown side by side or below each other with an explanation each. */
export function RadioGroup<Value extends string>(properties: {
  readonly label: string
  readonly value: Value
  readonly onChange: (value: Value) => void
  readonly options: readonly {
    readonly value: Value
    readonly label: string
    readonly hint?: string | undefined
    readonly disabled?: boolean
  }[]
}): ReactElement {
  const name = useId()
  return (
    <fieldset className="flex flex-col gap-1">
      <legend className="mb-1 text-sm font-medium text-muted">{properties.label}</legend>
      {properties.options.map((option) => (
        <label
          key={option.value}
          className={classes(
            'flex items-start gap-2 rounded-md border border-line px-2.5 py-1.5 has-checked:border-accent has-checked:bg-accent-soft/50',
            option.disabled === true ? 'opacity-45' : 'hover:bg-hover',
          )}
        >
          <input
            type="radio"
            className="mt-0.5 accent-accent"
            name={name}
            value={option.value}
            checked={option.value === properties.value}
            disabled={option.disabled}
            onChange={() => properties.onChange(option.value)}
          />
          <span className="flex flex-col">
            <span>{option.label}</span>
            {option.hint !== undefined && <span className="text-sm text-muted">{option.hint}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  )
}

/** A few short choices in one row; arrows move between them. */
export function SegmentedControl<Value extends string>(properties: {
  readonly label: string
  readonly hint?: string
  readonly value: Value
  readonly onChange: (value: Value) => void
  readonly options: readonly { readonly value: Value; readonly label: string }[]
}): ReactElement {
  const name = useId()
  const hintId = `${name}-hint`
  return (
    <fieldset className="flex flex-col" aria-describedby={properties.hint === undefined ? undefined : hintId}>
      <legend className="mb-1 text-sm font-medium text-muted">{properties.label}</legend>
      <div className="flex w-fit max-w-full flex-wrap gap-0.5 rounded-lg border border-line bg-base p-0.5">
        {properties.options.map((option) => (
          <label
            key={option.value}
            className="flex h-6.5 items-center rounded-md border border-transparent px-3 text-muted has-checked:border-line has-checked:bg-raised has-checked:text-text has-focus-visible:outline-2 has-focus-visible:outline-offset-1 has-focus-visible:outline-accent hover:text-text"
          >
            <input
              type="radio"
              className="sr-only"
              name={name}
              value={option.value}
              checked={option.value === properties.value}
              onChange={() => properties.onChange(option.value)}
            />
            {option.label}
          </label>
        ))}
      </div>
      {properties.hint !== undefined && (
        <p id={hintId} className="mt-1 text-sm text-muted">
          {properties.hint}
        </p>
      )}
    </fieldset>
  )
}

export function Checkbox({
  label,
  className,
  ...rest
}: Omit<ComponentProps<'input'>, 'type'> & { readonly label: ReactNode }): ReactElement {
  return (
    <label className={classes('flex items-center gap-2 rounded-md px-1 py-0.5 hover:bg-hover', className)}>
      <input type="checkbox" className="accent-accent" {...rest} />
      {label}
    </label>
  )
}

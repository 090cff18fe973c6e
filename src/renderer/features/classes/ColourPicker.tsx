import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { palettes } from '../../../shared/domain/palette.ts'

/** Swatches of both palettes and any other colour. */
export function ColourPicker(properties: {
  readonly value: string
  readonly onChange: (colour: string) => void
  /** A colour of one's own is chosen in steps; without this every step is a change. */
  readonly onOwn?: (colour: string) => void
}): ReactElement {
  const { t } = useTranslation()
  const { value, onChange, onOwn = onChange } = properties
  return (
    <fieldset className="flex flex-col gap-1.5">
      <legend className="mb-1 text-sm font-medium text-muted">{t('classes.colour')}</legend>
      {(['safe', 'strong'] as const).map((name) => (
        <div key={name} className="flex flex-col gap-0.5">
          <span id={`palette-${name}`} className="text-sm text-muted">
            {t(`classes.palettes.${name}`)}
          </span>
          <div role="group" aria-labelledby={`palette-${name}`} className="flex flex-wrap gap-1.5">
            {palettes[name].map((colour) => (
              <button
                key={colour}
                type="button"
                aria-label={colour}
                aria-pressed={value === colour}
                className="size-6 rounded-md border-2 border-transparent aria-pressed:border-text"
                style={{ backgroundColor: colour }}
                onClick={() => onChange(colour)}
              />
            ))}
          </div>
        </div>
      ))}
      <label className="flex items-center gap-2 text-sm text-muted">
        <input
          type="color"
          className="h-6 w-9 rounded-md border border-line bg-base"
          value={value}
          onChange={(event) => onOwn(event.currentTarget.value)}
          onBlur={(event) => {
            if (onOwn !== onChange && event.currentTarget.value !== value) onChange(event.currentTarget.value)
          }}
        />
        {t('classes.ownColour')}
      </label>
    </fieldset>
  )
}

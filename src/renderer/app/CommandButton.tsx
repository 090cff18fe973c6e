import type { LucideIcon } from 'lucide-react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { translate } from '../i18n/index.ts'
import { Button } from '../ui/Button.tsx'
import type { ButtonVariant } from '../ui/Button.tsx'
import { IconButton } from '../ui/IconButton.tsx'
import { Tooltip } from '../ui/Tooltip.tsx'
import { isCommandEnabled, runCommand, useCommand } from './commands.ts'
import { usePointed } from './session.ts'

/** A button for a registered command: its label, key and enabled state are the command's own. */
export function CommandButton(properties: {
  readonly id: string
  readonly icon?: LucideIcon
  readonly variant?: ButtonVariant
  /** Only the picture; the label moves into the tooltip. */
  readonly iconOnly?: boolean
}): ReactElement | null {
  // Another language is another label.
  useTranslation()
  const command = useCommand(properties.id)
  const pointed = usePointed(properties.id)
  if (command === undefined) return null
  const label = translate(command.labelKey)
  const run = (): void => void runCommand(properties.id, { source: 'button' })
  const disabled = !isCommandEnabled(command)
  const Icon = properties.icon
  if (properties.iconOnly === true && Icon !== undefined) {
    return (
      <IconButton
        icon={Icon}
        label={label}
        keys={command.keys[0]}
        disabled={disabled}
        data-command={properties.id}
        data-pointed={pointed}
        onClick={run}
      />
    )
  }
  return (
    <Tooltip label={label} keys={command.keys[0]}>
      <Button
        variant={properties.variant ?? 'secondary'}
        disabled={disabled}
        data-command={properties.id}
        data-pointed={pointed}
        onClick={run}
      >
        {Icon !== undefined && <Icon aria-hidden size={15} strokeWidth={1.75} />}
        {label}
      </Button>
    </Tooltip>
  )
}

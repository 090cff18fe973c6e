import { useState } from 'react'
import type { ReactElement, ReactNode } from 'react'
import { HelpDialog } from '../features/help/HelpDialog.tsx'
import { SettingsDialog } from '../features/settings/SettingsDialog.tsx'
import { useCommands } from './commands.ts'

/** What works on every screen. */
export function AppCommands({ devicePanel }: { readonly devicePanel?: ReactNode }): ReactElement | null {
  const [open, setOpen] = useState<'help' | 'settings' | null>(null)
  const close = (): void => setOpen(null)
  useCommands([
    { id: 'app.settings', labelKey: 'settings.command.open', keys: ['F2'], run: () => setOpen('settings') },
    { id: 'help.open', labelKey: 'help.command.open', keys: ['F1', '?'], run: () => setOpen('help') },
  ])
  if (open === 'help') return <HelpDialog onClose={close} />
  if (open === 'settings')
    return <SettingsDialog onClose={close} {...(devicePanel === undefined ? {} : { devicePanel })} />
  return null
}

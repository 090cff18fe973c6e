import { useState } from 'react'
import type { ReactElement } from 'react'
import { DeviceCommands } from '../features/devices/DeviceDialog.tsx'
import { DevicePanel } from '../features/devices/DevicePanel.tsx'
import { HelpDialog } from '../features/help/HelpDialog.tsx'
import { ModelPanel } from '../features/models/ModelPanel.tsx'
import { SettingsDialog } from '../features/settings/SettingsDialog.tsx'
import { useCommands } from './commands.ts'

/** What works on every screen. */
export function AppCommands(): ReactElement {
  const [open, setOpen] = useState<'help' | 'settings' | null>(null)
  const close = (): void => setOpen(null)
  useCommands([
    { id: 'app.settings', labelKey: 'settings.command.open', keys: ['F2'], run: () => setOpen('settings') },
    { id: 'help.open', labelKey: 'help.command.open', keys: ['F1', '?'], run: () => setOpen('help') },
  ])
  return (
    <>
      <DeviceCommands />
      {open === 'help' && <HelpDialog onClose={close} />}
      {open === 'settings' && (
        <SettingsDialog onClose={close} devicePanel={<DevicePanel />} modelPanel={<ModelPanel />} />
      )}
    </>
  )
}

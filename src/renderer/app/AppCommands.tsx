import { useState } from 'react'
import type { ReactElement } from 'react'
import { DeviceCommands } from '../features/devices/DeviceDialog.tsx'
import { HelpDialog } from '../features/help/HelpDialog.tsx'
import { useCommands } from './commands.ts'

/** What works on every screen. */
export function AppCommands(): ReactElement {
  const [isHelpOpen, setIsHelpOpen] = useState(false)
  useCommands([{ id: 'help.open', labelKey: 'help.command.open', keys: ['F1', '?'], run: () => setIsHelpOpen(true) }])
  return (
    <>
      <DeviceCommands />
      {isHelpOpen && <HelpDialog onClose={() => setIsHelpOpen(false)} />}
    </>
  )
}

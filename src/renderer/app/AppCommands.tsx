import { useState } from 'react'
import type { ReactElement } from 'react'
import { HelpDialog } from '../features/help/HelpDialog.tsx'
import { useCommands } from './commands.ts'

/** What works on every screen. */
export function AppCommands(): ReactElement | null {
  const [isHelpOpen, setIsHelpOpen] = useState(false)
  useCommands([{ id: 'help.open', labelKey: 'help.command.open', keys: ['F1', '?'], run: () => setIsHelpOpen(true) }])
  return isHelpOpen ? <HelpDialog onClose={() => setIsHelpOpen(false)} /> : null
}

import { Brush, Eraser, MousePointer2, Pentagon } from 'lucide-react'
import type { LucideIcon } from 'lucide-react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { runCommand, useCommand } from '../../app/commands.ts'
import { usePointed } from '../../app/session.ts'
import { IconButton } from '../../ui/IconButton.tsx'
import { tools, useEditorView } from './editor-view.ts'
import type { Tool } from './editor-view.ts'

const icons: Readonly<Record<Tool, LucideIcon>> = {
  select: MousePointer2,
  brush: Brush,
  eraser: Eraser,
  polygon: Pentagon,
}

/** The strip of tools beside the picture. */
export function Toolbar(): ReactElement {
  const { t } = useTranslation()
  const tool = useEditorView((state) => state.tool)
  return (
    <div
      role="toolbar"
      aria-label={t('editor.tools')}
      aria-orientation="vertical"
      className="flex w-11 shrink-0 flex-col items-center gap-1 border-r border-line bg-surface py-2"
    >
      {tools.map((name) => (
        <ToolButton key={name} name={name} isInHand={name === tool} />
      ))}
    </div>
  )
}

function ToolButton(properties: { readonly name: Tool; readonly isInHand: boolean }): ReactElement {
  const { t } = useTranslation()
  const id = `editor.${properties.name}`
  const command = useCommand(id)
  const pointed = usePointed(id)
  return (
    <IconButton
      icon={icons[properties.name]}
      label={t(`editor.command.${properties.name}`)}
      keys={command?.keys[0]}
      side="right"
      pressed={properties.isInHand}
      data-command={id}
      data-pointed={pointed}
      onClick={() => void runCommand(id, { source: 'button' })}
    />
  )
}

import { useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { useCommandList } from '../../app/commands.ts'
import type { Command } from '../../app/commands.ts'
import { translate, translateOr } from '../../i18n/index.ts'
import { Dialog } from '../../ui/Dialog.tsx'
import { TextInput } from '../../ui/fields.tsx'
import { Kbd, readableKeys } from '../../ui/Kbd.tsx'

/** The order of the sheet; groups not named here come last. */
const order = ['app', 'review', 'editor', 'classes', 'learn', 'batch', 'gallery', 'export', 'welcome', 'tour', 'help']

function groupOf(command: Command): string {
  return command.id.split('.')[0] ?? command.id
}

function rank(group: string): number {
  const at = order.indexOf(group)
  return at < 0 ? order.length : at
}

/** Every command of the screen behind, with its keys; searchable by name and by key. */
export function HelpDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation()
  const commands = useCommandList()
  const [text, setText] = useState('')
  const wanted = text.trim().toLowerCase()
  const groups = new Map<string, Command[]>()
  for (const command of commands.toSorted((a, b) => rank(groupOf(a)) - rank(groupOf(b)))) {
    const name = groupOf(command)
    const group = translateOr(`help.groups.${name}`, {}, name)
    const words = [translate(command.labelKey), group, ...command.keys.map(readableKeys)].join(' ').toLowerCase()
    if (!words.includes(wanted)) continue
    groups.set(group, [...(groups.get(group) ?? []), command])
  }
  return (
    <Dialog title={t('help.title')} size="large" testId="help" onClose={onClose}>
      <div className="flex flex-col gap-3">
        <TextInput
          type="search"
          data-initial-focus
          aria-label={t('help.search')}
          placeholder={t('help.search')}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {groups.size === 0 && <p className="py-6 text-center text-muted">{t('help.none', { text })}</p>}
        <div className="gap-6 sm:columns-2">
          {[...groups].map(([group, members]) => (
            <section key={group} className="mb-4 break-inside-avoid">
              <h3 className="mb-1 text-sm font-semibold text-muted">{group}</h3>
              <ul className="divide-y divide-line">
                {members.map((command) => (
                  <li
                    key={command.id}
                    data-testid="help-command"
                    data-command-id={command.id}
                    className="flex min-h-7 items-center justify-between gap-3"
                  >
                    <span>{translate(command.labelKey)}</span>
                    <span className="flex gap-1">
                      {command.keys.map((keys) => (
                        <Kbd key={keys} keys={keys} />
                      ))}
                      {command.keys.length === 0 && <span className="text-sm text-muted">{t('help.noKey')}</span>}
                    </span>
                  </li>
                ))}
              </ul>
            </section>
          ))}
        </div>
        <p className="text-sm text-muted">{t('help.hint')}</p>
      </div>
    </Dialog>
  )
}

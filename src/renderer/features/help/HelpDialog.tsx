import { useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { useCommandList, useGestureList } from '../../app/commands.ts'
import type { Command } from '../../app/commands.ts'
import { translate, translateOr } from '../../i18n/index.ts'
import type { TranslationKey } from '../../i18n/index.ts'
import { Dialog } from '../../ui/Dialog.tsx'
import { TextInput } from '../../ui/fields.tsx'
import { Kbd, readableKeys } from '../../ui/Kbd.tsx'

/** The order of the sheet; groups not named here come last. */
const order = [
  'app',
  'review',
  'editor',
  'canvas',
  'classes',
  'learn',
  'batch',
  'gallery',
  'export',
  'welcome',
  'tour',
  'help',
]

/** A command or a gesture: the sheet shows both alike. */
interface Entry extends Pick<Command, 'isEnabled'> {
  readonly id: string
  readonly labelKey: TranslationKey
  readonly keys: readonly string[]
}

function groupOf(entry: Entry): string {
  return entry.id.split('.')[0] ?? entry.id
}

function rank(group: string): number {
  const at = order.indexOf(group)
  return at < 0 ? order.length : at
}

/** Every command of the screen behind, with its keys; searchable by name and by key. */
export function HelpDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation()
  const entries: readonly Entry[] = [...useCommandList(), ...useGestureList()]
  const [text, setText] = useState('')
  const wanted = text.trim().toLowerCase()
  const groups = new Map<string, Entry[]>()
  for (const entry of entries.toSorted((a, b) => rank(groupOf(a)) - rank(groupOf(b)))) {
    const name = groupOf(entry)
    const group = translateOr(`help.groups.${name}`, {}, name)
    const words = [translate(entry.labelKey), group, ...entry.keys.map(readableKeys)].join(' ').toLowerCase()
    if (!words.includes(wanted)) continue
    groups.set(group, [...(groups.get(group) ?? []), entry])
  }
  return (
    <Dialog title={t('help.title')} size="large" testId="help" onClose={onClose}>
      {/* A block: as a flex item, the columns would keep the height of their first guess and overflow sideways. */}
      <div className="space-y-3">
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
            <section key={group} className="mb-4">
              <h3 className="mb-1 break-after-avoid text-sm font-semibold text-muted">{group}</h3>
              <ul className="divide-y divide-line">
                {members.map((entry) => (
                  <li
                    key={entry.id}
                    data-testid="help-command"
                    data-command-id={entry.id}
                    data-keys={entry.keys.join(' ')}
                    data-enabled={entry.isEnabled?.() ?? true}
                    className="flex min-h-7 break-inside-avoid items-center justify-between gap-3 py-0.5"
                  >
                    <span>{translate(entry.labelKey)}</span>
                    <span className="flex flex-wrap justify-end gap-1">
                      {entry.keys.map((keys) => (
                        <Kbd key={keys} keys={keys} />
                      ))}
                      {entry.keys.length === 0 && <span className="text-sm text-muted">{t('help.noKey')}</span>}
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

import { ListTree, Plus, Settings2 } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { ClassSummary } from '../../../shared/contract/contract.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { CommandButton } from '../../app/CommandButton.tsx'
import { useCommands } from '../../app/commands.ts'
import { useProjectId, useProjectInfo } from '../../app/queries.ts'
import { setActiveClass, useSession } from '../../app/session.ts'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'
import { TextInput } from '../../ui/fields.tsx'
import { IconButton } from '../../ui/IconButton.tsx'
import { Kbd } from '../../ui/Kbd.tsx'
import { classes as classNames } from '../../ui/classes.ts'
import { PanelHeading } from '../../ui/PanelHeading.tsx'
import { addClassEntry, digits, isSameName } from './class-entries.ts'
import { ClassDialog } from './ClassDialog.tsx'
import { ClassManager } from './ClassManager.tsx'
import { ViewButtons } from './ViewButtons.tsx'

/** The project's classes: which one is drawn with, what each has, add and edit. */
export function ClassesPanel(properties: {
  /** Resolves when nothing drawn is on its way any more; false when it was not written. */
  readonly whenSaved: () => Promise<boolean>
}): ReactElement {
  const { t } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  const info = useProjectInfo()
  const activeId = useSession((state) => state.activeClassId)
  const screen = useSession((state) => state.screen)
  const [adding, setAdding] = useState(false)
  const [managing, setManaging] = useState(false)
  const [editing, setEditing] = useState<string | null>(null)
  const existing = info.data?.classes ?? []
  const first = existing[0]?.id ?? null
  const isActiveKnown = existing.some((each) => each.id === activeId)

  // There is always a class to draw with while there is one at all.
  useEffect(() => {
    if (info.data !== undefined && !isActiveKnown) setActiveClass(first)
  }, [info.data, isActiveKnown, first])

  useCommands([
    { id: 'classes.add', labelKey: 'classes.command.add', keys: ['Ctrl+Shift+K'], run: () => setAdding(true) },
    { id: 'classes.manage', labelKey: 'classes.command.manage', keys: ['C'], run: () => setManaging(true) },
    // In the editor the digits also let go of a selected object; it has commands of its own for them.
    ...(screen === 'editor' ? [] : digits).map((digit) => ({
      id: `classes.select${digit}`,
      labelKey: `classes.command.select${digit}` as const,
      keys: [digit],
      isEnabled: () => existing.some((each) => each.key === digit),
      run: () => setActiveClass(existing.find((each) => each.key === digit)?.id ?? activeId),
    })),
  ])

  const edited = existing.find((each) => each.id === editing)
  return (
    <section aria-label={t('classes.title')} data-testid="classes" className="border-t border-line p-2">
      <PanelHeading title={t('classes.title')}>
        <span className="flex">
          <IconButton
            icon={ListTree}
            label={t('classes.manage')}
            keys="C"
            data-command="classes.manage"
            onClick={() => setManaging(true)}
          />
          <IconButton icon={Plus} label={t('classes.add')} keys="Ctrl+Shift+K" onClick={() => setAdding(true)} />
        </span>
      </PanelHeading>
      {existing.length === 0 && !adding && info.data !== undefined && (
        <div className="flex flex-col gap-2 px-2 pb-2">
          <p className="text-sm text-muted">{t('classes.emptyHint')}</p>
          <CommandButton id="classes.add" icon={Plus} />
        </div>
      )}
      <ul className="flex flex-col gap-px">
        {existing.map((each) => (
          <ClassRow
            key={each.id}
            summary={each}
            active={each.id === activeId}
            hasView={screen === 'editor'}
            onEdit={() => setEditing(each.id)}
          />
        ))}
      </ul>
      {adding && (
        <AddClass
          existing={existing}
          onAdd={async (name) => {
            const entry = addClassEntry(existing, name)
            await bridge.history.commit({ projectId, entry })
            const operation = entry.operations[0]
            if (operation?.kind === 'class') setActiveClass(operation.after?.id ?? null)
          }}
          onClose={() => setAdding(false)}
        />
      )}
      {edited !== undefined && (
        <ClassDialog
          existing={existing}
          summary={edited}
          onClose={() => setEditing(null)}
          onManage={() => {
            setEditing(null)
            setManaging(true)
          }}
        />
      )}
      {managing && <ClassManager whenSaved={properties.whenSaved} onClose={() => setManaging(false)} />}
    </section>
  )
}

function ClassRow(properties: {
  readonly summary: ClassSummary
  readonly active: boolean
  /** The editor is shown: classes are hidden and locked there. */
  readonly hasView: boolean
  readonly onEdit: () => void
}): ReactElement {
  const { t } = useTranslation()
  const { summary, active } = properties
  const version = summary.currentVersionNumber
  const isOut = useSession(
    ({ hiddenClassIds, lockedClassIds }) =>
      properties.hasView && (hiddenClassIds.has(summary.id) || lockedClassIds.has(summary.id)),
  )
  return (
    <li
      data-testid="class-row"
      data-class-name={summary.name}
      className={classNames(
        'group relative flex items-center rounded-md',
        active ? 'bg-accent-soft' : 'hover:bg-hover',
      )}
    >
      <button
        type="button"
        aria-pressed={active}
        className="flex min-w-0 flex-1 items-start gap-2 rounded-md px-2 py-1 text-left"
        onClick={() => setActiveClass(summary.id)}
      >
        <span
          aria-hidden
          data-swatch
          className="mt-1 size-3 shrink-0 rounded-sm border border-edge/50"
          style={{ backgroundColor: summary.colour }}
        />
        <span className="min-w-0 flex-1">
          <span className="flex items-center gap-1.5">
            <span className="truncate font-medium">{summary.name}</span>
            {version !== null && (
              <span
                title={t('classes.versionTitle', { number: version })}
                className="rounded bg-hover px-1 text-xs text-muted"
              >
                {t('classes.version', { number: version })}
              </span>
            )}
          </span>
          <span className="block truncate text-sm text-muted tabular-nums">
            {[
              summary.examples === 0 && t('classes.untaught'),
              summary.accepted > 0 && t('classes.accepted', { count: summary.accepted }),
              summary.proposed > 0 && t('classes.proposed', { count: summary.proposed }),
            ]
              .filter((part) => part !== false)
              .join(' · ')}
          </span>
        </span>
        {summary.key !== null && <Kbd keys={summary.key} />}
      </button>
      <span
        className={classNames(
          'absolute right-1 bottom-0.5 flex rounded-md bg-surface',
          !isOut && 'opacity-0 group-hover:opacity-100 focus-within:opacity-100',
        )}
      >
        {properties.hasView && <ViewButtons summary={summary} />}
        <IconButton icon={Settings2} label={t('classes.edit', { name: summary.name })} onClick={properties.onEdit} />
      </span>
    </li>
  )
}

function focusOnMount(element: HTMLInputElement | null): void {
  element?.focus()
}

function AddClass(properties: {
  readonly existing: readonly ClassSummary[]
  readonly onAdd: (name: string) => Promise<void>
  readonly onClose: () => void
}): ReactElement {
  const { t } = useTranslation()
  const [name, setName] = useState('')
  const [error, setError] = useState<unknown>(null)
  const busy = useRef(false)
  const taken = properties.existing.some((each) => isSameName(each.name, name))

  async function add(): Promise<void> {
    if (name.trim() === '' || taken || busy.current) return
    busy.current = true
    try {
      await properties.onAdd(name)
      properties.onClose()
    } catch (failure) {
      setError(failure)
    } finally {
      busy.current = false
    }
  }

  return (
    <form
      className="flex flex-col gap-1 p-1"
      onSubmit={(event) => {
        event.preventDefault()
        void add()
      }}
    >
      <TextInput
        ref={focusOnMount}
        aria-label={t('classes.newName')}
        placeholder={t('classes.newName')}
        maxLength={200}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') properties.onClose()
        }}
        onBlur={() => {
          if (name.trim() === '') properties.onClose()
        }}
      />
      {taken && (
        <p role="alert" className="text-sm text-warning">
          {t('classes.taken', { name: name.trim() })}
        </p>
      )}
      {error !== null && <ErrorNotice error={error} />}
    </form>
  )
}

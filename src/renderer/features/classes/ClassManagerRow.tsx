import { GripVertical, Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { KeyboardEvent, ReactElement, ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { ClassSummary, ClassUsage } from '../../../shared/contract/contract.ts'
import type { ClassRecord } from '../../../shared/domain/records.ts'
import { classes as classNames } from '../../ui/classes.ts'
import { Select, TextInput } from '../../ui/fields.tsx'
import { IconButton } from '../../ui/IconButton.tsx'
import { digits, isSameName, possibleParents } from './class-entries.ts'
import { ColourPicker } from './ColourPicker.tsx'
import { ViewButtons } from './ViewButtons.tsx'
import { usageParts } from './usage-parts.ts'
import type { RowDrag } from './use-row-drag.ts'

export interface RowActions {
  /** Resolves to whether it was written. */
  readonly change: (before: ClassSummary, change: Partial<ClassRecord>) => Promise<boolean>
  readonly move: (summary: ClassSummary, index: number) => void
  readonly pick: (classId: string, isPicked: boolean) => void
  readonly remove: (summary: ClassSummary) => void
}

/** One class in the manager. `children` is shown below it, over the whole width. */
export function ClassManagerRow(properties: {
  readonly summary: ClassSummary
  /** Its place among all classes. */
  readonly index: number
  readonly all: readonly ClassSummary[]
  readonly usage: ClassUsage | undefined
  readonly isEmpty: boolean
  readonly isPicked: boolean
  readonly canMove: boolean
  readonly drag: RowDrag
  readonly actions: RowActions
  readonly children: ReactNode
}): ReactElement {
  const { t } = useTranslation()
  const { summary, index, all, usage, isEmpty, drag, actions } = properties
  const { name } = summary
  const [choosesColour, setChoosesColour] = useState(false)
  const { dragged } = drag
  const isTarget = dragged !== null && dragged.to === index && dragged.from !== index
  const parts = usageParts(t, usage)
  const below = choosesColour || properties.children !== false
  return (
    <>
      <tr
        data-testid="manager-row"
        data-class-name={name}
        data-row-index={index}
        className={classNames(
          'border-t',
          isTarget && dragged.from > index ? 'border-accent' : 'border-line',
          isTarget && dragged.from < index && 'border-b border-b-accent',
          dragged?.id === summary.id && 'opacity-50',
        )}
      >
        <td className="w-0 px-1">
          <span className="flex items-center">
            <MoveHandle {...properties} />
            <input
              type="checkbox"
              className="accent-accent disabled:opacity-30"
              aria-label={t('classes.manager.select', { name })}
              disabled={!isEmpty}
              checked={properties.isPicked && isEmpty}
              onChange={(event) => actions.pick(summary.id, event.currentTarget.checked)}
            />
          </span>
        </td>
        <td className="w-0 px-1">
          <button
            type="button"
            aria-label={t('classes.manager.colourOf', { name })}
            aria-expanded={choosesColour}
            className="block size-6 rounded-md border border-edge/50"
            style={{ backgroundColor: summary.colour }}
            onClick={() => setChoosesColour(!choosesColour)}
          />
        </td>
        <td className="min-w-40 px-1 py-1">
          <NameField summary={summary} all={all} onRename={(next) => actions.change(summary, { name: next })} />
        </td>
        <td className="w-0 px-1">
          <Select
            className="w-18"
            aria-label={t('classes.manager.keyOf', { name })}
            value={summary.key ?? ''}
            options={[
              { value: '', label: t('classes.noKey') },
              ...digits.map((digit) => ({ value: digit, label: digit })),
            ]}
            onChange={(key) => void actions.change(summary, { key: key === '' ? null : key })}
          />
        </td>
        <td className="w-0 px-1">
          <Select
            className="w-40"
            aria-label={t('classes.manager.kindOf', { name })}
            value={summary.split}
            options={[
              { value: 'region', label: t('classes.region') },
              { value: 'instances', label: t('classes.instances') },
            ]}
            onChange={(split) => void actions.change(summary, { split })}
          />
        </td>
        <td className="w-0 px-1">
          <ParentField
            summary={summary}
            all={all}
            onChange={(parentId) => void actions.change(summary, { parentId })}
          />
        </td>
        <td className="px-1 text-sm text-muted tabular-nums">
          {usage !== undefined && (parts.length === 0 ? t('classes.manager.nothing') : parts.join(' · '))}
        </td>
        <td className="w-0 px-1">
          <span className="flex items-center">
            <ViewButtons summary={summary} />
            <IconButton
              icon={Trash2}
              label={isEmpty ? t('classes.manager.removeEmpty', { name }) : t('classes.manager.remove', { name })}
              aria-expanded={isEmpty ? undefined : properties.children !== false}
              onClick={() => actions.remove(summary)}
            />
          </span>
        </td>
      </tr>
      {below && (
        <tr>
          <td colSpan={8} className="px-1 pb-2">
            {choosesColour && (
              <div className="rounded-md border border-line bg-base p-3">
                <OwnColour summary={summary} onChange={(colour) => void actions.change(summary, { colour })} />
              </div>
            )}
            {properties.children}
          </td>
        </tr>
      )}
    </>
  )
}

/** A colour of one's own is tried out before it is written, so that the way there is no history. */
function OwnColour(properties: {
  readonly summary: ClassSummary
  readonly onChange: (colour: string) => void
}): ReactElement {
  const { summary, onChange } = properties
  const [own, setOwn] = useState<string | null>(null)
  return (
    <ColourPicker
      value={own ?? summary.colour}
      onOwn={setOwn}
      onChange={(colour) => {
        setOwn(null)
        if (colour !== summary.colour) onChange(colour)
      }}
    />
  )
}

function MoveHandle(properties: {
  readonly summary: ClassSummary
  readonly index: number
  readonly canMove: boolean
  readonly drag: RowDrag
  readonly actions: RowActions
}): ReactElement {
  const { t } = useTranslation()
  const { summary, index, canMove, drag, actions } = properties

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === 'Escape' && drag.cancel()) {
      event.preventDefault()
      event.stopPropagation()
    }
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    actions.move(summary, index + step)
  }

  return (
    <IconButton
      icon={GripVertical}
      label={canMove ? t('classes.manager.move', { name: summary.name }) : t('classes.manager.moveDisabled')}
      // Below it would cover the handle of the next row.
      side="left"
      className="cursor-grab touch-none"
      disabled={!canMove}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => drag.start(event, summary.id, index)}
      onPointerMove={drag.move}
      onPointerUp={drag.end}
      onPointerCancel={() => void drag.cancel()}
    />
  )
}

/** Renames on Enter and on leaving the field; Esc takes the old name again. */
function NameField(properties: {
  readonly summary: ClassSummary
  readonly all: readonly ClassSummary[]
  readonly onRename: (name: string) => Promise<boolean>
}): ReactElement {
  const { t } = useTranslation()
  const { summary, all, onRename } = properties
  /** What is typed; null while the name stands as it is. */
  const [draft, setDraft] = useState<string | null>(null)
  const name = (draft ?? summary.name).trim()
  const taken = all.some((each) => each.id !== summary.id && isSameName(each.name, name))
  const problem = name === '' ? t('classes.manager.emptyName') : taken ? t('classes.taken', { name }) : null

  async function rename(): Promise<void> {
    if (problem !== null) return
    if (name !== summary.name) await onRename(name)
    setDraft(null)
  }

  return (
    <>
      <TextInput
        aria-label={t('classes.manager.nameOf', { name: summary.name })}
        aria-invalid={problem !== null}
        maxLength={200}
        value={draft ?? summary.name}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onBlur={() => void rename()}
        onKeyDown={(event) => {
          if (event.key === 'Enter') void rename()
          if (event.key !== 'Escape' || draft === null) return
          event.preventDefault()
          event.stopPropagation()
          setDraft(null)
        }}
      />
      {problem !== null && (
        <p role="alert" className="mt-0.5 text-sm text-warning">
          {problem}
        </p>
      )}
    </>
  )
}

/** The list is filled when it is about to be used: a hundred lists of a hundred names would be slow. */
function ParentField(properties: {
  readonly summary: ClassSummary
  readonly all: readonly ClassSummary[]
  readonly onChange: (parentId: string | null) => void
}): ReactElement {
  const { t } = useTranslation()
  const { summary, all, onChange } = properties
  const [isFull, setIsFull] = useState(false)
  const parent = all.find((each) => each.id === summary.parentId)
  const options = isFull ? possibleParents(all, summary.id) : parent === undefined ? [] : [parent]
  return (
    <span onPointerEnter={() => setIsFull(true)} onFocus={() => setIsFull(true)}>
      <Select
        className="w-32"
        aria-label={t('classes.manager.parentOf', { name: summary.name })}
        value={summary.parentId ?? ''}
        options={[
          { value: '', label: t('classes.manager.noParent') },
          ...options.map((each) => ({ value: each.id, label: each.name })),
        ]}
        onChange={(parentId) => onChange(parentId === '' ? null : parentId)}
      />
    </span>
  )
}

import { useQueryClient } from '@tanstack/react-query'
import { Trash2 } from 'lucide-react'
import { useRef, useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { TFunction } from 'i18next'
import type { ClassSummary, ClassUsage } from '../../../shared/contract/contract.ts'
import type { HistoryEntry } from '../../../shared/domain/history.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { queryKeys, useClassUsage, useProjectId, useProjectInfo } from '../../app/queries.ts'
import { announce } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'
import { Checkbox, TextInput } from '../../ui/fields.tsx'
import { changeClassEntry, classRecordOf, moveClassEntry } from './class-entries.ts'
import { ClassManagerRow } from './ClassManagerRow.tsx'
import type { RowActions } from './ClassManagerRow.tsx'
import { ClassRemoval } from './ClassRemoval.tsx'
import { useRowDrag } from './use-row-drag.ts'

const noClasses: readonly ClassSummary[] = []

/** Whether nothing would be lost but the class itself. */
function isEmpty(usage: ClassUsage | undefined): boolean {
  return usage !== undefined && usage.accepted + usage.proposed + usage.examples + usage.verdicts + usage.versions === 0
}

/** All classes: names, colours, keys, order and what they have; deletes and merges them. Every change is one step. */
export function ClassManager(properties: {
  /** Resolves when nothing drawn is on its way any more; false when it was not written. */
  readonly whenSaved: () => Promise<boolean>
  readonly onClose: () => void
}): ReactElement {
  const { whenSaved, onClose } = properties
  const { t } = useTranslation()
  const bridge = useBridge()
  const client = useQueryClient()
  const projectId = useProjectId()
  const all = useProjectInfo().data?.classes ?? noClasses
  const usage = new Map(useClassUsage().data?.map((each) => [each.classId, each]))
  const [text, setText] = useState('')
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set())
  const [removing, setRemoving] = useState<string | null>(null)
  const [error, setError] = useState<unknown>(null)
  const busy = useRef(false)

  const wanted = text.trim().toLowerCase()
  const shown = all.filter((each) => each.name.toLowerCase().includes(wanted))
  const empty = shown.filter((each) => isEmpty(usage.get(each.id)))
  const chosen = empty.filter((each) => picked.has(each.id))

  /** One change at a time: the next is made on what this one left. Returns whether it was written. */
  async function write(change: () => Promise<unknown>): Promise<boolean> {
    if (busy.current) return false
    busy.current = true
    try {
      // A stroke still on its way was drawn in the classes as they are.
      if (!(await whenSaved())) return false
      await change()
      setError(null)
      await client.invalidateQueries({ queryKey: queryKeys.info(projectId) })
      return true
    } catch (failure) {
      setError(failure)
      return false
    } finally {
      busy.current = false
    }
  }

  const commit = (entry: HistoryEntry): Promise<boolean> => write(() => bridge.history.commit({ projectId, entry }))

  async function move(summary: ClassSummary, index: number): Promise<void> {
    const entry = moveClassEntry(all.map(classRecordOf), summary.id, index)
    if (entry === null || !(await commit(entry))) return
    const place = Math.max(0, Math.min(all.length - 1, index)) + 1
    announce(t('classes.manager.moved', { name: summary.name, place, count: all.length }), 'info', 'move-class')
  }

  async function remove(going: readonly ClassSummary[]): Promise<void> {
    const [first] = going
    if (first === undefined) return
    const classIds = going.map((each) => each.id)
    if (!(await write(() => bridge.classes.remove({ projectId, classIds })))) return
    setRemoving(null)
    announce(t('classes.deleted', { count: going.length, name: first.name }), 'success')
  }

  async function merge(summary: ClassSummary, into: ClassSummary): Promise<void> {
    let count = 0
    const written = await write(async () => {
      count = (await bridge.classes.merge({ projectId, classId: summary.id, intoId: into.id })).moved
    })
    if (!written) return
    setRemoving(null)
    announce(t('classes.manager.merged', { count, name: summary.name, into: into.name }), 'success')
  }

  const drag = useRowDrag((classId, index) => {
    const summary = all.find((each) => each.id === classId)
    if (summary !== undefined) void move(summary, index)
  })
  const actions: RowActions = {
    change: (before, change) =>
      commit(changeClassEntry(all.map(classRecordOf), classRecordOf(before), { ...classRecordOf(before), ...change })),
    move: (summary, index) => void move(summary, index),
    pick: (classId, isPicked) => {
      const next = new Set(picked)
      if (isPicked) next.add(classId)
      else next.delete(classId)
      setPicked(next)
    },
    remove: (summary) => {
      if (isEmpty(usage.get(summary.id))) void remove([summary])
      else setRemoving(removing === summary.id ? null : summary.id)
    },
  }
  const headings = ['order', 'colour', 'name', 'key', 'kind', 'parent', 'has', 'view'] as const
  return (
    <Dialog
      title={t('classes.manage')}
      size="wide"
      testId="class-manager"
      onClose={onClose}
      footer={
        <>
          <span className="mr-auto text-sm text-muted tabular-nums">
            {t('classes.manager.count', { count: all.length })}
          </span>
          <Button variant="primary" onClick={onClose}>
            {t('common.close')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <div className="flex flex-wrap items-center gap-3">
          <TextInput
            type="search"
            className="max-w-72"
            data-initial-focus
            aria-label={t('classes.manager.search')}
            placeholder={t('classes.manager.search')}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Checkbox
            label={t('classes.manager.selectEmpty', { count: empty.length })}
            disabled={empty.length === 0}
            checked={empty.length > 0 && chosen.length === empty.length}
            onChange={(event) => setPicked(new Set(event.currentTarget.checked ? empty.map((each) => each.id) : []))}
          />
          <Button variant="danger" disabled={chosen.length === 0} onClick={() => void remove(chosen)}>
            <Trash2 aria-hidden size={14} />
            {t('classes.manager.deleteSelected', { count: chosen.length })}
          </Button>
        </div>
        {error !== null && <ErrorNotice error={error} />}
        {shown.length === 0 && text !== '' && (
          <p className="py-6 text-center text-muted">{t('classes.manager.none', { text })}</p>
        )}
        {shown.length > 0 && (
          <table className="w-full border-collapse text-left">
            <thead className="text-sm text-muted">
              <tr>
                {headings.map((heading) => (
                  <th key={heading} scope="col" className="px-1 pb-1 font-medium">
                    {headingText(t, heading)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map((summary) => (
                <ClassManagerRow
                  key={summary.id}
                  summary={summary}
                  index={all.indexOf(summary)}
                  all={all}
                  usage={usage.get(summary.id)}
                  isEmpty={isEmpty(usage.get(summary.id))}
                  isPicked={picked.has(summary.id)}
                  canMove={wanted === ''}
                  drag={drag}
                  actions={actions}
                >
                  {removing === summary.id && (
                    <ClassRemoval
                      summary={summary}
                      all={all}
                      usage={usage.get(summary.id)}
                      onDelete={() => void remove([summary])}
                      onMerge={(into) => void merge(summary, into)}
                      onCancel={() => setRemoving(null)}
                    />
                  )}
                </ClassManagerRow>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </Dialog>
  )
}

type Heading = 'order' | 'colour' | 'name' | 'key' | 'kind' | 'parent' | 'has' | 'view'

function headingText(t: TFunction, heading: Heading): string {
  switch (heading) {
    case 'order':
    case 'parent':
    case 'kind':
    case 'has':
    case 'view':
      return t(`classes.manager.${heading}`)
    case 'colour':
      return t('classes.colour')
    case 'key':
      return t('classes.shortKey')
    case 'name':
      return t('common.name')
  }
}

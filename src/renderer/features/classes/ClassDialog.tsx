import { Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { ClassSummary } from '../../../shared/contract/contract.ts'
import type { HistoryEntry } from '../../../shared/domain/history.ts'
import { classColour } from '../../../shared/domain/palette.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { useProjectId } from '../../app/queries.ts'
import { announce } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'
import { Field, RadioGroup, Select, TextInput } from '../../ui/fields.tsx'
import { changeClassEntry, classRecordOf, deleteClassEntry, digits } from './class-entries.ts'

const swatches = Array.from({ length: 12 }, (_, position) => classColour(position))

/** Name, colour, key and kind of a class; deletes it when nothing uses it. */
export function ClassDialog(properties: {
  readonly existing: readonly ClassSummary[]
  readonly summary: ClassSummary
  readonly onClose: () => void
}): ReactElement {
  const { existing, summary, onClose } = properties
  const { t } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  const [draft, setDraft] = useState(() => classRecordOf(summary))
  const [error, setError] = useState<unknown>(null)
  const name = draft.name.trim()
  const taken = existing.some((each) => each.id !== summary.id && each.name.toLowerCase() === name.toLowerCase())
  const inUse = summary.accepted + summary.proposed + summary.examples > 0

  async function commit(entry: HistoryEntry): Promise<boolean> {
    try {
      await bridge.history.commit({ projectId, entry })
      onClose()
      return true
    } catch (failure) {
      setError(failure)
      return false
    }
  }

  async function save(): Promise<void> {
    if (name === '' || taken) return
    await commit(changeClassEntry(existing.map(classRecordOf), classRecordOf(summary), { ...draft, name }))
  }

  async function remove(): Promise<void> {
    if (await commit(deleteClassEntry(classRecordOf(summary)))) {
      announce(t('classes.deleted', { name: summary.name }), 'success')
    }
  }

  return (
    <Dialog
      title={t('classes.editTitle')}
      size="small"
      testId="class-dialog"
      onClose={onClose}
      footer={
        <>
          <Button variant="danger" className="mr-auto" disabled={inUse} onClick={() => void remove()}>
            <Trash2 aria-hidden size={14} />
            {t('classes.delete')}
          </Button>
          <Button variant="quiet" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button variant="primary" type="submit" form="class-form" disabled={name === '' || taken}>
            {t('classes.save')}
          </Button>
        </>
      }
    >
      <form
        id="class-form"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <Field label={t('common.name')} hint={taken ? t('classes.taken', { name }) : undefined}>
          {(ids) => (
            <TextInput
              {...ids}
              data-initial-focus
              maxLength={200}
              value={draft.name}
              onChange={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
            />
          )}
        </Field>
        <fieldset>
          <legend className="mb-1 text-sm font-medium text-muted">{t('classes.colour')}</legend>
          <div className="flex flex-wrap items-center gap-1.5">
            {swatches.map((colour) => (
              <button
                key={colour}
                type="button"
                aria-label={colour}
                data-swatch
                aria-pressed={draft.colour === colour}
                className="size-6 rounded-md border-2 border-transparent aria-pressed:border-text"
                style={{ backgroundColor: colour }}
                onClick={() => setDraft({ ...draft, colour })}
              />
            ))}
            <input
              type="color"
              aria-label={t('classes.ownColour')}
              className="h-6 w-9 rounded-md border border-line bg-base"
              value={draft.colour}
              onChange={(event) => setDraft({ ...draft, colour: event.currentTarget.value })}
            />
          </div>
        </fieldset>
        <Field label={t('classes.key')}>
          {(ids) => (
            <Select
              {...ids}
              className="w-28"
              value={draft.key ?? ''}
              options={[
                { value: '', label: t('classes.noKey') },
                ...digits.map((digit) => ({ value: digit, label: digit })),
              ]}
              onChange={(key) => setDraft({ ...draft, key: key === '' ? null : key })}
            />
          )}
        </Field>
        <RadioGroup
          label={t('classes.split')}
          value={draft.split}
          onChange={(split) => setDraft({ ...draft, split })}
          options={[
            { value: 'region', label: t('classes.region'), hint: t('classes.regionHint') },
            { value: 'instances', label: t('classes.instances'), hint: t('classes.instancesHint') },
          ]}
        />
        {inUse && (
          <p className="text-sm text-muted">
            {t('classes.cannotDelete', {
              name: summary.name,
              accepted: summary.accepted,
              proposed: summary.proposed,
              examples: summary.examples,
            })}
          </p>
        )}
        {error !== null && <ErrorNotice error={error} />}
      </form>
    </Dialog>
  )
}

import { Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { ClassSummary } from '../../../shared/contract/contract.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { useProjectId } from '../../app/queries.ts'
import { announce } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'
import { Field, RadioGroup, Select, TextInput } from '../../ui/fields.tsx'
import { changeClassEntry, classRecordOf, digits, isSameName } from './class-entries.ts'
import { ColourPicker } from './ColourPicker.tsx'

/** Name, colour, key and kind of a class; deletes it when nothing uses it. */
export function ClassDialog(properties: {
  readonly existing: readonly ClassSummary[]
  readonly summary: ClassSummary
  readonly onClose: () => void
  /** A class that has something is deleted or merged among all classes. */
  readonly onManage: () => void
}): ReactElement {
  const { existing, summary, onClose } = properties
  const { t } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  const [draft, setDraft] = useState(() => classRecordOf(summary))
  const [error, setError] = useState<unknown>(null)
  const name = draft.name.trim()
  const taken = existing.some((each) => each.id !== summary.id && isSameName(each.name, name))
  const inUse = summary.accepted + summary.proposed + summary.examples > 0

  async function write(change: () => Promise<unknown>): Promise<boolean> {
    try {
      await change()
      onClose()
      return true
    } catch (failure) {
      setError(failure)
      return false
    }
  }

  async function save(): Promise<void> {
    if (name === '' || taken) return
    const entry = changeClassEntry(existing.map(classRecordOf), classRecordOf(summary), { ...draft, name })
    await write(() => bridge.history.commit({ projectId, entry }))
  }

  async function remove(): Promise<void> {
    if (await write(() => bridge.classes.remove({ projectId, classIds: [summary.id] }))) {
      announce(t('classes.deleted', { count: 1, name: summary.name }), 'success')
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
          {inUse ? (
            <Button className="mr-auto" onClick={properties.onManage}>
              {t('classes.deleteOrMerge')}
            </Button>
          ) : (
            <Button variant="danger" className="mr-auto" onClick={() => void remove()}>
              <Trash2 aria-hidden size={14} />
              {t('classes.delete')}
            </Button>
          )}
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
        <ColourPicker value={draft.colour} onChange={(colour) => setDraft({ ...draft, colour })} />
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
        {error !== null && <ErrorNotice error={error} />}
      </form>
    </Dialog>
  )
}

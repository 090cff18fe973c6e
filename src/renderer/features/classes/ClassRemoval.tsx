import { useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { ClassSummary, ClassUsage } from '../../../shared/contract/contract.ts'
import { Button } from '../../ui/Button.tsx'
import { Field, Select } from '../../ui/fields.tsx'
import { usageParts } from './usage-parts.ts'

/** What becomes of a class that has something: deleted with all of it, or given to another class. */
export function ClassRemoval(properties: {
  readonly summary: ClassSummary
  readonly all: readonly ClassSummary[]
  readonly usage: ClassUsage | undefined
  readonly onDelete: () => void
  readonly onMerge: (into: ClassSummary) => void
  readonly onCancel: () => void
}): ReactElement {
  const { t } = useTranslation()
  const { summary, all, usage } = properties
  const { name } = summary
  const [intoId, setIntoId] = useState('')
  const into = all.find((each) => each.id === intoId)
  const others = all.filter((each) => each.id !== summary.id)
  return (
    <div
      role="group"
      aria-label={t('classes.manager.removal', { name })}
      data-testid="class-removal"
      className="flex flex-wrap items-end gap-3 rounded-md border border-line bg-base p-3"
    >
      <div className="flex min-w-64 flex-1 flex-col gap-1">
        <p>{t('classes.manager.removalHas', { name, what: usageParts(t, usage).join(', ') })}</p>
        <p className="text-sm text-muted">{t('classes.manager.removalKept')}</p>
      </div>
      {others.length > 0 && (
        <div className="flex items-end gap-1.5">
          <Field label={t('classes.manager.mergeInto')}>
            {(ids) => (
              <Select
                {...ids}
                className="w-44"
                value={intoId}
                options={[
                  { value: '', label: t('classes.manager.chooseClass') },
                  ...others.map((each) => ({ value: each.id, label: each.name })),
                ]}
                onChange={setIntoId}
              />
            )}
          </Field>
          <Button
            disabled={into === undefined}
            onClick={() => {
              if (into !== undefined) properties.onMerge(into)
            }}
          >
            {t('classes.manager.merge')}
          </Button>
        </div>
      )}
      <Button variant="danger" onClick={properties.onDelete}>
        {t('classes.manager.deleteAll')}
      </Button>
      <Button variant="quiet" onClick={properties.onCancel}>
        {t('common.cancel')}
      </Button>
    </div>
  )
}

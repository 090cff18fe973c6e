import { useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { Place, ProjectInfo } from '../../../shared/contract/contract.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { PlaceBrowser } from '../../app/PlaceBrowser.tsx'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'
import { Field, TextInput } from '../../ui/fields.tsx'

/** Name and place of a new project; its folder is made inside the chosen one. */
export function NewProjectDialog(properties: {
  /** Files were dropped and are imported as soon as the project is there. */
  readonly bringsFiles: boolean
  readonly onClose: () => void
  readonly onCreated: (project: ProjectInfo) => void
}): ReactElement {
  const { t } = useTranslation()
  const bridge = useBridge()
  const [name, setName] = useState('')
  const [place, setPlace] = useState<Place | null>(null)
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)

  async function create(): Promise<void> {
    if (place === null) return
    setBusy(true)
    try {
      properties.onCreated(await bridge.project.create({ placeId: place.placeId, name }))
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }

  const ready = place !== null && name.trim() !== ''
  return (
    <Dialog
      title={t('welcome.newProject')}
      testId="new-project"
      onClose={properties.onClose}
      footer={
        <>
          <p className="mr-auto text-sm text-muted">
            {place === null
              ? t('welcome.chooseFolder')
              : t('welcome.willCreate', { name: name.trim() || '…', place: place.name })}
          </p>
          <Button variant="quiet" onClick={properties.onClose}>
            {t('common.cancel')}
          </Button>
          <Button variant="primary" type="submit" form="new-project-form" disabled={!ready || busy}>
            {t('welcome.createHere')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        {properties.bringsFiles && <p>{t('welcome.bringsFiles')}</p>}
        <form
          id="new-project-form"
          onSubmit={(event) => {
            event.preventDefault()
            if (ready) void create()
          }}
        >
          <Field label={t('welcome.projectName')} hint={t('welcome.newProjectHint')}>
            {(ids) => (
              <TextInput
                {...ids}
                data-initial-focus
                maxLength={120}
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
              />
            )}
          </Field>
        </form>
        <p className="text-sm font-medium text-muted">{t('welcome.where')}</p>
        <PlaceBrowser current={place} onEnter={setPlace} files="none" canCreateFolder purposes={['folder']} />
        {error !== null && <ErrorNotice error={error} />}
      </div>
    </Dialog>
  )
}

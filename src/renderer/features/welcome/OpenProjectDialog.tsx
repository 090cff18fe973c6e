import { useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { Place, ProjectInfo } from '../../../shared/contract/contract.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { PlaceBrowser } from '../../app/PlaceBrowser.tsx'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'

/** Opens the project in a folder that is browsed to. */
export function OpenProjectDialog(properties: {
  readonly onClose: () => void
  readonly onOpened: (project: ProjectInfo) => void
}): ReactElement {
  const { t } = useTranslation()
  const bridge = useBridge()
  const [place, setPlace] = useState<Place | null>(null)
  const [error, setError] = useState<unknown>(null)

  async function open(chosen: Place): Promise<void> {
    try {
      properties.onOpened(await bridge.project.open({ placeId: chosen.placeId }))
    } catch (failure) {
      setError(failure)
    }
  }

  const isProject = place?.isProject === true
  return (
    <Dialog
      title={t('welcome.openTitle')}
      testId="open-project"
      onClose={properties.onClose}
      footer={
        <>
          <p className="mr-auto text-sm text-muted">
            {place === null || isProject ? t('welcome.openHint') : t('welcome.notAProject')}
          </p>
          <Button variant="quiet" onClick={properties.onClose}>
            {t('common.cancel')}
          </Button>
          <Button variant="primary" disabled={!isProject} onClick={() => place !== null && void open(place)}>
            {isProject ? t('welcome.openThis', { name: place.name }) : t('welcome.openProject')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <PlaceBrowser current={place} onEnter={setPlace} files="none" canCreateFolder={false} purposes={['project']} />
        {error !== null && <ErrorNotice error={error} />}
      </div>
    </Dialog>
  )
}

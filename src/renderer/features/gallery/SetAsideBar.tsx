import { TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { useBridge } from '../../app/bridge-context.tsx'
import { notifyError } from '../../app/notify-error.ts'
import { useProjectId, useProjectInfo } from '../../app/queries.ts'
import { announce, setGalleryFilter } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'

/** Says that pictures are missing, and looks for them again once the person has put them back. */
export function SetAsideBar(): ReactElement | null {
  const { t } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  const count = useProjectInfo().data?.images.setAside ?? 0
  const [busy, setBusy] = useState(false)

  async function lookAgain(): Promise<void> {
    setBusy(true)
    try {
      const { back, setAside } = await bridge.images.lookAgain({ projectId })
      const sentences = [
        t('gallery.setAside.back', { count: back }),
        ...(setAside > 0 ? [t('gallery.setAside.still', { count: setAside })] : []),
      ]
      announce(sentences.join(' '), back > 0 ? 'success' : 'info', 'set-aside')
    } catch (failure) {
      notifyError(failure)
    } finally {
      setBusy(false)
    }
  }

  if (count === 0) return null
  return (
    <div
      role="status"
      data-testid="set-aside"
      className="flex flex-wrap items-center gap-2 border-b border-line bg-surface px-3 py-1.5"
    >
      <TriangleAlert aria-hidden size={15} className="shrink-0 text-warning" />
      <p className="min-w-0 flex-1">{t('gallery.setAside.text', { count })}</p>
      <Button onClick={() => setGalleryFilter({ statuses: ['setAside'] })}>{t('gallery.setAside.show')}</Button>
      <Button variant="primary" disabled={busy} onClick={() => void lookAgain()}>
        {t('gallery.setAside.lookAgain')}
      </Button>
    </div>
  )
}

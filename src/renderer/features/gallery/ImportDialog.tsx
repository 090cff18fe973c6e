import { useRef, useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { ImportReport, Place } from '../../../shared/contract/contract.ts'
import type { Progress as ProgressState } from '../../../shared/contract/define.ts'
import { isAppError } from '../../../shared/errors.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { PlaceBrowser } from '../../app/PlaceBrowser.tsx'
import { ProblemList } from '../../app/ProblemList.tsx'
import { useProjectId } from '../../app/queries.ts'
import { announce } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'
import { Checkbox } from '../../ui/fields.tsx'
import { Progress } from '../../ui/Progress.tsx'

type Step =
  | { readonly kind: 'choose' }
  | { readonly kind: 'running'; readonly progress: ProgressState }
  | { readonly kind: 'done'; readonly report: ImportReport }

/** Chooses folders and files, shows the import running, then what came in and what did not. */
export function ImportDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { t } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  const [folder, setFolder] = useState<Place | null>(null)
  const [picked, setPicked] = useState<readonly Place[]>([])
  const [copy, setCopy] = useState(false)
  const [step, setStep] = useState<Step>({ kind: 'choose' })
  const [error, setError] = useState<unknown>(null)
  const stop = useRef<AbortController | null>(null)

  const chosen = picked.length > 0 ? picked : folder === null ? [] : [folder]

  async function run(): Promise<void> {
    const controller = new AbortController()
    stop.current = controller
    setError(null)
    setStep({ kind: 'running', progress: { done: 0, total: null } })
    try {
      const report = await bridge.images.import(
        { projectId, placeIds: chosen.map((place) => place.placeId), copy },
        { signal: controller.signal, onProgress: (progress) => setStep({ kind: 'running', progress }) },
      )
      setStep({ kind: 'done', report })
    } catch (failure) {
      setStep({ kind: 'choose' })
      if (isAppError(failure, 'Cancelled')) announce(t('gallery.import.cancelled'))
      else setError(failure)
    }
  }

  function close(): void {
    stop.current?.abort()
    onClose()
  }

  const label =
    picked.length > 0
      ? t('gallery.import.picked', { count: picked.length })
      : folder === null
        ? t('gallery.import.choose')
        : t('gallery.import.here', { name: folder.name })

  const footer =
    step.kind === 'done' ? (
      <Button variant="primary" onClick={onClose}>
        {t('gallery.import.done')}
      </Button>
    ) : step.kind === 'running' ? (
      <Button onClick={() => stop.current?.abort()}>{t('common.cancel')}</Button>
    ) : (
      <>
        <Checkbox
          className="mr-auto"
          label={t('gallery.import.copy')}
          title={t('gallery.import.copyHint')}
          checked={copy}
          onChange={(event) => setCopy(event.currentTarget.checked)}
        />
        <Button variant="quiet" onClick={onClose}>
          {t('common.cancel')}
        </Button>
        <Button variant="primary" disabled={chosen.length === 0} onClick={() => void run()}>
          {label}
        </Button>
      </>
    )

  return (
    <Dialog title={t('gallery.import.title')} testId="import" onClose={close} footer={footer}>
      <div className="flex flex-col gap-3">
        {step.kind === 'choose' && (
          <>
            <p className="text-muted">{t('gallery.import.hint')}</p>
            <PlaceBrowser
              current={folder}
              onEnter={(place) => {
                setFolder(place)
                setPicked([])
              }}
              showFiles
              canCreateFolder={false}
              purposes={['images', 'folder']}
              picked={picked}
              onPick={setPicked}
            />
          </>
        )}
        {step.kind === 'running' && <Running progress={step.progress} />}
        {step.kind === 'done' && <Report report={step.report} />}
        {error !== null && <ErrorNotice error={error} />}
      </div>
    </Dialog>
  )
}

function Running({ progress }: { readonly progress: ProgressState }): ReactElement {
  const { t } = useTranslation()
  const { done, total, note } = progress
  return (
    <div className="flex flex-col gap-2 py-4">
      <Progress label={t('gallery.import.title')} done={done} total={total} />
      <p className="flex justify-between gap-4 text-muted tabular-nums">
        <span className="truncate">{note !== undefined && t('gallery.import.running', { name: note })}</span>
        <span className="whitespace-nowrap">
          {total === null ? t('gallery.import.uncounted', { done }) : t('gallery.import.counted', { done, total })}
        </span>
      </p>
    </div>
  )
}

function Report({ report }: { readonly report: ImportReport }): ReactElement {
  const { t } = useTranslation()
  return (
    <div role="status" className="flex flex-col gap-2" data-testid="import-report">
      <p className="text-lg font-medium">{t('gallery.import.added', { count: report.added })}</p>
      {report.duplicates > 0 && (
        <p className="text-muted">{t('gallery.import.duplicates', { count: report.duplicates })}</p>
      )}
      {report.problems.length > 0 && (
        <>
          <p className="text-warning">{t('gallery.import.problems', { count: report.problems.length })}</p>
          <ProblemList problems={report.problems} />
        </>
      )}
    </div>
  )
}

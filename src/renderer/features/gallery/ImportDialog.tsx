import { useEffect, useEffectEvent, useRef, useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { GivenFiles, ImportReport, Place } from '../../../shared/contract/contract.ts'
import type { Progress as ProgressState } from '../../../shared/contract/define.ts'
import { problemCount } from '../../../shared/contract/problem-count.ts'
import { isAppError } from '../../../shared/errors.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { DropHint, useFileDrop } from '../../app/file-drop.tsx'
import { PlaceBrowser } from '../../app/PlaceBrowser.tsx'
import { ProblemList } from '../../app/ProblemList.tsx'
import { useAppInfo, useProjectId } from '../../app/queries.ts'
import { announce } from '../../app/session.ts'
import { WorkProgress } from '../../app/WorkProgress.tsx'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'
import { Checkbox } from '../../ui/fields.tsx'
import { FileButtons } from './FileButtons.tsx'
import { importGiven } from './import-given.ts'

type Step =
  | { readonly kind: 'choose' }
  | { readonly kind: 'running'; readonly phase: 'receiving' | 'reading'; readonly progress: ProgressState }
  | { readonly kind: 'done'; readonly report: ImportReport }

const notBegun: ProgressState = { done: 0, total: null }

/**
 * Chooses folders and files, shows the import running, then what came in and what did not. With `given`, what was
 * dropped or chosen before is imported at once.
 */
export function ImportDialog(properties: {
  readonly given: GivenFiles | null
  readonly onClose: () => void
}): ReactElement {
  const { given, onClose } = properties
  const { t } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  // The desktop window has the system's dialogs, which know more than a file field of the page does.
  const app = useAppInfo()
  const [folder, setFolder] = useState<Place | null>(null)
  const [picked, setPicked] = useState<readonly Place[]>([])
  const [copy, setCopy] = useState(false)
  const [step, setStep] = useState<Step>(
    given === null ? { kind: 'choose' } : { kind: 'running', phase: 'receiving', progress: notBegun },
  )
  const [error, setError] = useState<unknown>(null)
  const stop = useRef<AbortController | null>(null)

  const chosen = picked.length > 0 ? picked : folder === null ? [] : [folder]

  type Show = (phase: 'receiving' | 'reading', progress: ProgressState) => void

  async function run(
    phase: 'receiving' | 'reading',
    work: (signal: AbortSignal, show: Show) => Promise<ImportReport>,
  ): Promise<void> {
    const controller = new AbortController()
    stop.current = controller
    let reached: 'receiving' | 'reading' = phase
    const show: Show = (next, progress) => {
      reached = next
      if (!controller.signal.aborted) setStep({ kind: 'running', phase: next, progress })
    }
    try {
      const report = await work(controller.signal, show)
      setStep({ kind: 'done', report })
    } catch (failure) {
      setStep({ kind: 'choose' })
      if (!isAppError(failure, 'Cancelled')) setError(failure)
      else announce(t(reached === 'receiving' ? 'gallery.import.uploadCancelled' : 'gallery.import.cancelled'))
    }
  }

  function start(phase: 'receiving' | 'reading'): void {
    setError(null)
    setStep({ kind: 'running', phase, progress: notBegun })
  }

  function importChosen(): Promise<void> {
    start('reading')
    return run('reading', (signal, show) => {
      const placeIds = chosen.map((place) => place.placeId)
      const onProgress = (progress: ProgressState): void => show('reading', progress)
      return bridge.images.import({ projectId, placeIds, copy }, { signal, onProgress })
    })
  }

  function importFiles(files: GivenFiles): Promise<void> {
    return run('receiving', (signal, show) => importGiven(bridge, files, { projectId, copy, signal, onProgress: show }))
  }

  function take(files: GivenFiles): void {
    start('receiving')
    void importFiles(files)
  }

  const begin = useEffectEvent((files: GivenFiles) => void importFiles(files))
  useEffect(() => {
    // After this render: the progress is this component's own state.
    if (given !== null) queueMicrotask(() => begin(given))
  }, [given])
  const isOver = useFileDrop(step.kind === 'choose' ? take : null, true)

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
        <Button variant="primary" disabled={chosen.length === 0} onClick={() => void importChosen()}>
          {label}
        </Button>
      </>
    )

  return (
    <Dialog title={t('gallery.import.title')} testId="import" onClose={close} footer={footer}>
      <div className="flex flex-col gap-3">
        {step.kind === 'choose' && (
          <>
            {app.data?.nativeDialogs === false && <FileButtons onChosen={take} />}
            <p className="text-muted">{t('gallery.import.hint')}</p>
            <PlaceBrowser
              current={folder}
              onEnter={(place) => {
                setFolder(place)
                setPicked([])
              }}
              files="images"
              canCreateFolder={false}
              purposes={['images', 'folder']}
              picked={picked}
              onPick={setPicked}
            />
          </>
        )}
        {step.kind === 'running' && <Running phase={step.phase} progress={step.progress} />}
        {step.kind === 'done' && <Report report={step.report} />}
        {error !== null && <ErrorNotice error={error} />}
        {isOver && <DropHint title={t('gallery.drop.title')} hint={t('gallery.drop.hint')} />}
      </div>
    </Dialog>
  )
}

function Running(properties: {
  readonly phase: 'receiving' | 'reading'
  readonly progress: ProgressState
}): ReactElement {
  const { t } = useTranslation()
  const { done, total, note } = properties.progress
  const words = properties.phase === 'receiving' ? 'gallery.import.receiving' : 'gallery.import.running'
  return (
    <WorkProgress
      label={t('gallery.import.title')}
      progress={note === undefined ? properties.progress : { ...properties.progress, note: t(words, { name: note }) }}
      note={t('common.loading')}
      counted={total === null ? t('gallery.import.uncounted', { done }) : t('gallery.import.counted', { done, total })}
    />
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
      {report.restored > 0 && <p>{t('gallery.import.restored', { count: report.restored })}</p>}
      {report.notices.length > 0 && (
        <>
          <p>{t('gallery.import.notices', { count: report.notices.length })}</p>
          <ProblemList problems={report.notices} />
        </>
      )}
      {report.problems.length > 0 && (
        <>
          <p className="text-warning">{t('gallery.import.problems', { count: problemCount(report) })}</p>
          <ProblemList problems={report.problems} unlisted={report.unlisted} />
        </>
      )}
    </div>
  )
}

import { GraduationCap, Star } from 'lucide-react'
import { useRef, useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { ClassSummary, ImageDocument } from '../../../shared/contract/contract.ts'
import type { Progress as ProgressState } from '../../../shared/contract/define.ts'
import { isAppError } from '../../../shared/errors.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { CommandButton } from '../../app/CommandButton.tsx'
import { useCommands } from '../../app/commands.ts'
import { notifyError } from '../../app/notify-error.ts'
import { useImageDocument, useProjectId, useProjectInfo } from '../../app/queries.ts'
import { announce, useSession } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { PanelHeading } from '../../ui/PanelHeading.tsx'
import { Progress } from '../../ui/Progress.tsx'
import { ExampleList } from './ExampleList.tsx'
import { VersionList } from './VersionList.tsx'

type Running = { readonly title: string; readonly progress: ProgressState } | null

/** What the active class has learnt from, what it would learn next, and its versions. */
export function LearnPanel(properties: {
  /** Resolves when everything drawn is stored; false when that failed and the editor says so. */
  readonly whenSaved: () => Promise<boolean>
}): ReactElement | null {
  const { whenSaved } = properties
  const { t } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  const info = useProjectInfo()
  const activeClassId = useSession((state) => state.activeClassId)
  const screen = useSession((state) => state.screen)
  const imageId = useSession((state) => (state.screen === 'editor' ? state.imageId : null))
  const selectedId = useSession((state) => state.selectedAnnotationId)
  const query = useImageDocument(imageId)
  const image = query.data
  const [running, setRunning] = useState<Running>(null)
  const stop = useRef<AbortController | null>(null)
  const summary = info.data?.classes.find((each) => each.id === activeClassId)

  /** The selected annotation, or all accepted ones of the active class in the image. */
  function candidates(shown: ImageDocument | undefined): readonly string[] {
    if (selectedId !== null) return [selectedId]
    return (shown?.annotations ?? [])
      .filter((each) => each.classId === activeClassId && each.state === 'accepted' && each.kind === 'mask')
      .map((each) => each.id)
  }

  const usable = candidates(image)
  const isExample = usable.length > 0 && usable.every((id) => image?.supports.some((each) => each.annotationId === id))

  /** Runs the task once everything drawn is stored, and says why it failed. Null when it has no result. */
  async function work<Result>(
    title: string,
    task: (options: {
      readonly signal: AbortSignal
      readonly onProgress: (progress: ProgressState) => void
    }) => Promise<Result>,
  ): Promise<Result | null> {
    const controller = new AbortController()
    stop.current = controller
    setRunning({ title, progress: { done: 0, total: null } })
    try {
      if (!(await whenSaved())) return null
      return await task({ signal: controller.signal, onProgress: (progress) => setRunning({ title, progress }) })
    } catch (error) {
      if (isAppError(error, 'Cancelled')) announce(t('learn.cancelled'))
      else notifyError(error)
      return null
    } finally {
      setRunning(null)
    }
  }

  async function setRole(role: 'example' | 'none'): Promise<void> {
    await work(t('learn.running'), async (options) => {
      // What was drawn a moment ago is in the store before the window hears of it.
      const { data: shown } = await query.refetch({ throwOnError: true })
      const annotationIds = [...candidates(shown)]
      if (annotationIds.length === 0) {
        announce(t('learn.nothingToUse'))
        return
      }
      const classId = shown?.annotations.find((each) => each.id === annotationIds[0])?.classId
      const name = info.data?.classes.find((each) => each.id === classId)?.name ?? ''
      const { versions } = await bridge.supports.set({ projectId, annotationIds, role }, options)
      const version = versions.at(-1)
      if (role === 'none' || version === undefined) announce(t('learn.removed', { name }), 'success')
      else announce(t('learn.used', { count: annotationIds.length, name, version: version.number }), 'success')
    })
  }

  async function learnNow(target: ClassSummary): Promise<void> {
    const result = await work(t('learn.running'), (options) =>
      bridge.learn.run({ projectId, classId: target.id }, options),
    )
    if (result === null) return
    if (!result.adopted || result.version === null) {
      const own = result.reasonKey === null ? null : t(`learn.refusals.${result.reasonKey}`)
      announce(t('learn.notAdopted', { name: target.name, reason: own ?? result.reason ?? '' }))
      return
    }
    const sentence = t('learn.adopted', {
      count: result.newExamples,
      name: target.name,
      version: result.version.number,
    })
    announce(result.refreshJobId === null ? sentence : `${sentence} ${t('learn.refreshing')}`, 'success')
  }

  const canLearn = summary !== undefined && (summary.unlearned > 0 || summary.learnAgain) && running === null
  useCommands([
    {
      id: 'learn.use',
      labelKey: 'learn.command.use',
      keys: ['T'],
      // Whether there is anything to use is asked when it is pressed: what was just drawn may not be known yet.
      isEnabled: () => screen === 'editor' && !isExample && running === null,
      run: () => setRole('example'),
    },
    {
      id: 'learn.remove',
      labelKey: 'learn.command.remove',
      keys: ['Shift+T'],
      isEnabled: () => screen === 'editor' && isExample && running === null,
      run: () => setRole('none'),
    },
    {
      id: 'learn.run',
      labelKey: summary?.learnAgain === true ? 'learn.command.again' : 'learn.command.run',
      keys: ['Ctrl+L'],
      isEnabled: () => canLearn,
      run: () => (summary === undefined ? undefined : learnNow(summary)),
    },
  ])

  if (summary === undefined) return null
  return (
    <section aria-label={t('learn.title')} data-testid="learn" className="border-t border-line p-2">
      <PanelHeading title={t('learn.titleOf', { name: summary.name })} />
      <div className="flex flex-col gap-2 px-2 pb-2">
        <ExampleList classId={summary.id} className={summary.name} />
        {screen === 'editor' && <CommandButton id={isExample ? 'learn.remove' : 'learn.use'} icon={Star} />}
        {running === null ? (
          <>
            <CommandButton id="learn.run" icon={GraduationCap} variant={canLearn ? 'tonal' : 'secondary'} />
            <p className="text-sm text-muted" data-testid="learn-costs">
              {summary.learnAgain
                ? t('learn.learnAgain', { name: summary.name, version: summary.currentVersionNumber ?? 0 })
                : summary.examples === 0
                  ? t('learn.needExample')
                  : t('learn.costs', { count: summary.unlearned, proposals: summary.proposed })}
            </p>
          </>
        ) : (
          <div className="flex items-center gap-2" data-testid="learn-running">
            <div className="min-w-0 flex-1">
              <p className="truncate text-sm text-muted">{running.progress.note ?? running.title}</p>
              <Progress label={running.title} done={running.progress.done} total={running.progress.total} />
            </div>
            <Button onClick={() => stop.current?.abort()}>{t('common.cancel')}</Button>
          </div>
        )}
        <VersionList classId={summary.id} className={summary.name} />
      </div>
    </section>
  )
}

import { useQueryClient } from '@tanstack/react-query'
import { Folder, FolderOpen, FolderPlus, FolderX, Keyboard, LoaderCircle, Settings } from 'lucide-react'
import { useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { Bridge, ProjectInfo } from '../../../shared/contract/contract.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { CommandButton } from '../../app/CommandButton.tsx'
import { useCommands } from '../../app/commands.ts'
import { DropHint, useFileDrop } from '../../app/file-drop.tsx'
import type { PickedFiles } from '../../app/given-files.ts'
import { handOver } from '../../app/handed-over.ts'
import { useAppInfo, queryKeys } from '../../app/queries.ts'
import { openProject } from '../../app/session.ts'
import { useLocale } from '../../i18n/index.ts'
import { Button } from '../../ui/Button.tsx'
import { classes } from '../../ui/classes.ts'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'
import { ProductMark } from '../../ui/ProductMark.tsx'
import { NewProjectDialog } from './NewProjectDialog.tsx'
import { OpenProjectDialog } from './OpenProjectDialog.tsx'
import { SampleCard } from './SampleCard.tsx'

type Recent = Awaited<ReturnType<Bridge['app']['info']>>['recent'][number]

const steps = ['outline', 'segment', 'correct', 'export'] as const

/** The first screen: recent projects, a new one, or one from a folder. */
export function WelcomeScreen(properties: {
  /** The sample project has been opened: what else its beginning asks for. */
  readonly onSample: (project: ProjectInfo) => void
}): ReactElement {
  const { t } = useTranslation()
  const bridge = useBridge()
  const client = useQueryClient()
  const [dialog, setDialog] = useState<'new' | 'open' | null>(null)
  const [error, setError] = useState<unknown>(null)
  const [dropped, setDropped] = useState<PickedFiles | null>(null)
  const [droppedProject, setDroppedProject] = useState<string | null>(null)
  /** The recent project that is being opened. */
  const [opening, setOpening] = useState<string | null>(null)
  const info = useAppInfo()

  useCommands([
    { id: 'welcome.new', labelKey: 'welcome.command.newProject', keys: ['Ctrl+Alt+N'], run: () => setDialog('new') },
    { id: 'welcome.open', labelKey: 'welcome.command.openProject', keys: ['Ctrl+O'], run: () => setDialog('open') },
  ])

  function show(project: ProjectInfo): void {
    client.setQueryData(queryKeys.info(project.projectId), project)
    openProject(project.projectId)
  }

  /** Images start a project; a project is not uploaded, since it has a place already. */
  async function take(files: PickedFiles): Promise<void> {
    try {
      const projectName = await files.projectName()
      setError(null)
      setDroppedProject(projectName)
      if (projectName !== null) return
      setDropped(files)
      setDialog('new')
    } catch (failure) {
      setError(failure)
    }
  }

  function created(project: ProjectInfo): void {
    if (dropped !== null) handOver(dropped)
    show(project)
  }

  const isOver = useFileDrop(dialog === null ? (files) => void take(files) : null)

  async function openRecent(recent: Recent): Promise<void> {
    setOpening(recent.recentId)
    setError(null)
    try {
      show(await bridge.project.open({ recentId: recent.recentId }))
    } catch (failure) {
      setError(failure)
      setOpening(null)
    }
  }

  const recent = info.data?.recent ?? []
  return (
    <main className="h-full overflow-y-auto" data-testid="welcome">
      <div className="mx-auto flex min-h-full max-w-4xl flex-col justify-center gap-10 px-8 py-10">
        <header className="flex flex-col gap-3">
          <div className="flex items-center gap-3">
            <ProductMark size={36} />
            <h1 className="text-2xl font-semibold tracking-tight">{t('common.appName')}</h1>
            <span className="flex-1" />
            <CommandButton id="help.open" icon={Keyboard} iconOnly />
            <CommandButton id="app.settings" icon={Settings} iconOnly />
          </div>
          <p className="max-w-2xl text-lg text-muted">{t('welcome.tagline')}</p>
          <div className="mt-2 flex flex-wrap items-center gap-2">
            <CommandButton id="welcome.new" icon={FolderPlus} variant="primary" />
            <CommandButton id="welcome.open" icon={FolderOpen} />
          </div>
        </header>

        {info.data?.hasSample === true && (
          <SampleCard
            onOpened={(project) => {
              show(project)
              properties.onSample(project)
            }}
            onProblem={setError}
          />
        )}
        {error !== null && <ErrorNotice error={error} />}
        {droppedProject !== null && (
          <div
            role="alert"
            data-testid="dropped-project"
            className="flex items-center gap-3 rounded-md border border-line bg-surface px-3 py-2"
          >
            <p className="min-w-0 flex-1">{t('welcome.droppedProject', { name: droppedProject })}</p>
            <CommandButton id="welcome.open" icon={FolderOpen} />
          </div>
        )}
        {info.error !== null && (
          <ErrorNotice error={info.error}>
            <Button onClick={() => void info.refetch()}>{t('common.retry')}</Button>
          </ErrorNotice>
        )}

        <section aria-labelledby="recent-title">
          <h2 id="recent-title" className="mb-2 text-sm font-semibold text-muted">
            {t('welcome.recent')}
          </h2>
          {recent.length === 0 ? (
            <p className="rounded-lg border border-dashed border-line px-4 py-6 text-center text-muted">
              {info.isPending ? t('common.loading') : t('welcome.noRecent')}
            </p>
          ) : (
            <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface">
              {recent.map((project) => (
                <RecentRow
                  key={project.recentId}
                  project={project}
                  isOpening={project.recentId === opening}
                  onOpen={() => void openRecent(project)}
                />
              ))}
            </ul>
          )}
        </section>

        <ol className="grid grid-cols-2 gap-x-6 gap-y-4 border-t border-line pt-5 lg:grid-cols-4">
          {steps.map((step, index) => (
            <li key={step} className="flex flex-col gap-0.5">
              <span
                aria-hidden
                className="mb-1 flex size-6 items-center justify-center rounded-full border border-line bg-surface text-sm font-semibold text-accent tabular-nums"
              >
                {index + 1}
              </span>
              <span className="font-medium">{t(`welcome.steps.${step}`)}</span>
              <span className="text-sm text-muted">{t(`welcome.steps.${step}Hint`)}</span>
            </li>
          ))}
        </ol>
        {info.data !== undefined && (
          <p className="text-sm text-muted">{t('welcome.version', { version: info.data.version })}</p>
        )}
      </div>
      {isOver && <DropHint title={t('welcome.dropTitle')} hint={t('welcome.dropHint')} />}
      {dialog === 'new' && (
        <NewProjectDialog
          bringsFiles={dropped !== null}
          onClose={() => {
            setDialog(null)
            setDropped(null)
          }}
          onCreated={created}
        />
      )}
      {dialog === 'open' && <OpenProjectDialog onClose={() => setDialog(null)} onOpened={show} />}
    </main>
  )
}

function RecentRow(properties: {
  readonly project: Recent
  readonly isOpening: boolean
  readonly onOpen: () => void
}): ReactElement {
  const { project, isOpening } = properties
  const { t } = useTranslation()
  const when = new Intl.DateTimeFormat(useLocale(), { dateStyle: 'medium', timeStyle: 'short' })
  const Icon = isOpening ? LoaderCircle : project.missing ? FolderX : Folder
  return (
    <li>
      <button
        type="button"
        disabled={project.missing}
        className="flex w-full items-center gap-3 px-4 py-2 text-left -outline-offset-2 hover:bg-hover disabled:opacity-60"
        aria-busy={isOpening}
        onClick={properties.onOpen}
      >
        <Icon aria-hidden size={18} strokeWidth={1.5} className={classes('text-muted', isOpening && 'animate-spin')} />
        <span className="sr-only">{t('welcome.openNamed', { name: project.name })}</span>
        <span className="min-w-0 flex-1">
          <span className="block truncate font-medium">{project.name}</span>
          <span className="block truncate text-sm text-muted">{project.location}</span>
        </span>
        <span className="text-sm text-muted">
          {isOpening
            ? t('welcome.opening')
            : project.missing
              ? t('welcome.missing')
              : when.format(new Date(project.openedAt))}
        </span>
      </button>
    </li>
  )
}

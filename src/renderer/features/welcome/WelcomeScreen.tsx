import { useQuery, useQueryClient } from '@tanstack/react-query'
import { FolderOpen, FolderPlus, FolderX, Folder } from 'lucide-react'
import { useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { Bridge, ProjectInfo } from '../../../shared/contract/contract.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { CommandButton } from '../../app/CommandButton.tsx'
import { useCommands } from '../../app/commands.ts'
import { queryKeys } from '../../app/queries.ts'
import { openProject } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'
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
  const info = useQuery({ queryKey: ['app'], queryFn: ({ signal }) => bridge.app.info({}, { signal }), staleTime: 0 })

  useCommands([
    { id: 'welcome.new', labelKey: 'welcome.command.newProject', keys: ['Ctrl+Alt+N'], run: () => setDialog('new') },
    { id: 'welcome.open', labelKey: 'welcome.command.openProject', keys: ['Ctrl+O'], run: () => setDialog('open') },
  ])

  function show(project: ProjectInfo): void {
    client.setQueryData(queryKeys.info(project.projectId), project)
    openProject(project.projectId)
  }

  async function openRecent(recent: Recent): Promise<void> {
    try {
      show(await bridge.project.open({ recentId: recent.recentId }))
    } catch (failure) {
      setError(failure)
    }
  }

  const recent = info.data?.recent ?? []
  return (
    <main className="h-full overflow-y-auto" data-testid="welcome">
      <div className="mx-auto flex min-h-full max-w-4xl flex-col justify-center gap-10 px-8 py-10">
        <header className="flex flex-col gap-3">
          <h1 className="text-2xl font-semibold tracking-tight">{t('common.appName')}</h1>
          <p className="max-w-xl text-lg text-muted">{t('welcome.tagline')}</p>
          <div className="mt-2 flex items-center gap-2">
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
                <RecentRow key={project.recentId} project={project} onOpen={() => void openRecent(project)} />
              ))}
            </ul>
          )}
        </section>

        <ol className="grid grid-cols-2 gap-x-6 gap-y-4 border-t border-line pt-5 lg:grid-cols-4">
          {steps.map((step, index) => (
            <li key={step} className="flex flex-col gap-0.5">
              <span className="text-xs font-semibold text-accent">{index + 1}</span>
              <span className="font-medium">{t(`welcome.steps.${step}`)}</span>
              <span className="text-sm text-muted">{t(`welcome.steps.${step}Hint`)}</span>
            </li>
          ))}
        </ol>
        {info.data !== undefined && (
          <p className="text-sm text-muted">{t('welcome.version', { version: info.data.version })}</p>
        )}
      </div>
      {dialog === 'new' && <NewProjectDialog onClose={() => setDialog(null)} onCreated={show} />}
      {dialog === 'open' && <OpenProjectDialog onClose={() => setDialog(null)} onOpened={show} />}
    </main>
  )
}

function RecentRow({ project, onOpen }: { readonly project: Recent; readonly onOpen: () => void }): ReactElement {
  const { t, i18n } = useTranslation()
  const when = new Intl.DateTimeFormat(i18n.language, { dateStyle: 'medium', timeStyle: 'short' })
  const Icon = project.missing ? FolderX : Folder
  return (
    <li>
      <button
        type="button"
        disabled={project.missing}
        aria-label={t('welcome.openNamed', { name: project.name })}
        className="flex w-full items-center gap-3 px-4 py-2 text-left -outline-offset-2 hover:bg-hover disabled:opacity-60"
        onClick={onOpen}
      >
        <Icon aria-hidden size={18} strokeWidth={1.5} className="text-muted" />
        <span className="min-w-0 flex-1">
          <span className="block truncate font-medium">{project.name}</span>
          <span className="block truncate text-sm text-muted">{project.location}</span>
        </span>
        <span className="text-sm text-muted">
          {project.missing ? t('welcome.missing') : when.format(new Date(project.openedAt))}
        </span>
      </button>
    </li>
  )
}

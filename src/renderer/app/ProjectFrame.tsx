import { useQueryClient } from '@tanstack/react-query'
import {
  ChevronDown,
  Compass,
  Download,
  FileInput,
  Grid2x2,
  Keyboard,
  Redo2,
  Settings,
  Undo2,
  WandSparkles,
  X,
} from 'lucide-react'
import { useEffect, useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { JobBar } from '../features/batch/JobBar.tsx'
import { SegmentDialog } from '../features/batch/SegmentDialog.tsx'
import { ClassesPanel } from '../features/classes/ClassesPanel.tsx'
import { commitQueueOf } from '../features/editor/commit-queue.ts'
import { EditorScreen } from '../features/editor/EditorScreen.tsx'
import { UnsavedBanner } from '../features/editor/UnsavedBanner.tsx'
import { ExportDialog } from '../features/export/ExportDialog.tsx'
import { GalleryScreen } from '../features/gallery/GalleryScreen.tsx'
import { ImportLabelsDialog } from '../features/labels/ImportLabelsDialog.tsx'
import { LearnPanel } from '../features/learn/LearnPanel.tsx'
import { ReviewBar } from '../features/review/ReviewBar.tsx'
import { Tour } from '../features/tour/Tour.tsx'
import { Button } from '../ui/Button.tsx'
import { ErrorNotice } from '../ui/ErrorNotice.tsx'
import { Menu, MenuItem } from '../ui/Menu.tsx'
import { ProductMark } from '../ui/ProductMark.tsx'
import { useBridge } from './bridge-context.tsx'
import { CommandButton } from './CommandButton.tsx'
import { runCommand, useCommands } from './commands.ts'
import { ProjectCommands } from './ProjectCommands.tsx'
import { queryKeys, useProjectInfo } from './queries.ts'
import { closeProject, startTour, useSession } from './session.ts'

/** The window of an open project: title bar, gallery or editor, jobs. Composes the features. */
export function ProjectFrame({ projectId }: { readonly projectId: string }): ReactElement {
  const { t } = useTranslation()
  const bridge = useBridge()
  const client = useQueryClient()
  const info = useProjectInfo()
  const screen = useSession((state) => state.screen)
  const imageId = useSession((state) => state.imageId)
  const [dialog, setDialog] = useState<'segment' | 'export' | 'labels' | null>(null)
  const whenSaved = (): Promise<boolean> => commitQueueOf(bridge, projectId).settled()

  // What was cached of a project that has been closed must not greet the next one.
  useEffect(() => () => client.removeQueries({ queryKey: queryKeys.project(projectId) }), [client, projectId])

  useCommands([
    { id: 'batch.segment', labelKey: 'batch.command.segment', keys: ['Ctrl+B'], run: () => setDialog('segment') },
    { id: 'export.open', labelKey: 'export.command.open', keys: ['Ctrl+E'], run: () => setDialog('export') },
    { id: 'labels.open', labelKey: 'labels.command.open', keys: ['Ctrl+Alt+I'], run: () => setDialog('labels') },
    { id: 'tour.start', labelKey: 'tour.command.start', keys: ['Shift+F1'], run: startTour },
  ])

  const panels = (
    <>
      <ClassesPanel whenSaved={whenSaved} />
      <LearnPanel whenSaved={whenSaved} />
    </>
  )
  return (
    <div className="flex h-full flex-col" data-testid="project">
      <ProjectCommands />
      <header className="flex h-11 shrink-0 items-center gap-1.5 border-b border-line bg-surface px-2">
        <span className="flex shrink-0 pl-1">
          <ProductMark size={20} />
        </span>
        <Menu
          trigger={
            <Button variant="quiet" className="px-1.5 text-text">
              <span className="max-w-56 truncate font-semibold" data-testid="project-name">
                {info.data?.name ?? t('common.loading')}
              </span>
              <span className="sr-only">{t('common.projectMenu')}</span>
              <ChevronDown aria-hidden size={14} className="text-muted" />
            </Button>
          }
        >
          <p className="max-w-72 px-2 py-1 text-sm break-all text-muted">{info.data?.location}</p>
          <MenuItem keys="Ctrl+Alt+I" onSelect={() => void runCommand('labels.open', { source: 'button' })}>
            <FileInput aria-hidden size={14} />
            {t('labels.command.open')}
          </MenuItem>
          <MenuItem keys="Shift+F1" onSelect={() => void runCommand('tour.start', { source: 'button' })}>
            <Compass aria-hidden size={14} />
            {t('tour.command.start')}
          </MenuItem>
          <MenuItem onSelect={() => void runCommand('app.close', { source: 'button' })}>
            <X aria-hidden size={14} />
            {t('common.closeProject')}
          </MenuItem>
        </Menu>
        {screen === 'editor' && <CommandButton id="app.gallery" icon={Grid2x2} variant="quiet" />}
        <span className="flex-1" />
        <CommandButton id="app.undo" icon={Undo2} iconOnly />
        <CommandButton id="app.redo" icon={Redo2} iconOnly />
        <span aria-hidden className="mx-1 h-5 w-px bg-line" />
        <CommandButton id="batch.segment" icon={WandSparkles} variant={screen === 'editor' ? 'secondary' : 'primary'} />
        <CommandButton id="export.open" icon={Download} />
        <span aria-hidden className="mx-1 h-5 w-px bg-line" />
        <CommandButton id="help.open" icon={Keyboard} iconOnly />
        <CommandButton id="app.settings" icon={Settings} iconOnly />
      </header>
      <Tour />
      {info.error !== null && (
        <div className="p-3">
          <ErrorNotice error={info.error}>
            <Button onClick={() => void info.refetch()}>{t('common.retry')}</Button>
            <Button onClick={closeProject}>{t('common.closeProject')}</Button>
          </ErrorNotice>
        </div>
      )}
      {screen !== 'editor' && <UnsavedBanner />}
      <div className="flex min-h-0 flex-1">
        {screen === 'editor' && imageId !== null ? (
          <EditorScreen sidebar={panels} actions={<ReviewBar imageId={imageId} whenSaved={whenSaved} />} />
        ) : (
          <GalleryScreen sidebar={panels} />
        )}
      </div>
      <JobBar />
      {dialog === 'segment' && <SegmentDialog onClose={() => setDialog(null)} />}
      {dialog === 'labels' && <ImportLabelsDialog onClose={() => setDialog(null)} />}
      {dialog === 'export' && <ExportDialog onClose={() => setDialog(null)} />}
    </div>
  )
}

import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { ReactElement, ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useStore } from 'zustand'
import type { ClassRecord } from '../../../shared/domain/records.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { useCommands, useGestures } from '../../app/commands.ts'
import { queryKeys, useProjectId, useProjectInfo } from '../../app/queries.ts'
import { StatusBadge } from '../../app/StatusBadge.tsx'
import { announce, useSession } from '../../app/session.ts'
import { translate } from '../../i18n/index.ts'
import { Button } from '../../ui/Button.tsx'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'
import { EditorController } from './editor-controller.ts'
import { editorCommands } from './editor-commands.ts'
import { editorGestures } from './editor-gestures.ts'
import { useEditorView } from './editor-view.ts'
import { EditorFooter } from './EditorFooter.tsx'
import { ObjectList } from './ObjectList.tsx'
import { refusalOf } from './guards.ts'
import { mirrorState } from './root-attributes.ts'
import { PictureProblem } from './PictureProblem.tsx'
import { SaveAlarm, SaveState } from './SaveState.tsx'
import { Toolbar } from './Toolbar.tsx'

const noClasses: readonly ClassRecord[] = []

interface Slots {
  /** Classes and examples, above the list of objects. */
  readonly sidebar?: ReactNode
  /** Review, beside the image's name. */
  readonly actions?: ReactNode
}

/** The editor of the image that the session names. The app fills in what belongs to other features. */
export function EditorScreen(properties: Slots): ReactElement | null {
  const imageId = useSession((state) => state.imageId)
  if (imageId === null) return null
  return <ImageEditor key={imageId} imageId={imageId} {...properties} />
}

function ImageEditor(properties: Slots & { readonly imageId: string }): ReactElement {
  const { imageId } = properties
  const bridge = useBridge()
  const client = useQueryClient()
  const projectId = useProjectId()
  const classes = useProjectInfo().data?.classes ?? noClasses
  const root = useRef<HTMLDivElement>(null)
  const host = useRef<HTMLDivElement>(null)
  const [controller, setController] = useState<EditorController | null>(null)
  const [problem, setProblem] = useState<unknown>(null)

  useLayoutEffect(() => {
    if (host.current === null || root.current === null) return
    const opened = new EditorController({
      bridge,
      projectId,
      imageId,
      host: host.current,
      onHint: (hint) => announce(translate(`editor.hint.${hint}`)),
      onProblem: setProblem,
    })
    const stop = mirrorState(root.current, opened, imageId)
    setController(opened)
    return () => {
      stop()
      setController(null)
      opened[Symbol.dispose]()
    }
  }, [bridge, projectId, imageId])

  useEffect(() => controller?.setClasses(classes), [controller, classes])
  useEffect(
    () =>
      controller?.queue.listen({
        // What can be undone is known at once, not when the event has made its way.
        onCommitted: (_commit, state) => client.setQueryData(queryKeys.history(projectId), state),
      }),
    [controller, client, projectId],
  )
  useCommands(editorCommands(controller, classes))
  useGestures(editorGestures)

  return (
    <div ref={root} data-testid="editor" className="flex h-full min-h-0 min-w-0 flex-1">
      <Toolbar />
      <div className="flex min-w-0 flex-1 flex-col">
        {/* Always there: what `actions` registers must come before the editor's own commands, which go first. */}
        <header className="flex min-h-11 shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-surface px-3 py-1">
          {controller !== null && <ImageHeading controller={controller} />}
          <div className="ml-auto flex min-w-0 flex-wrap items-center justify-end gap-2">{properties.actions}</div>
        </header>
        {controller !== null && <Alarms controller={controller} imageId={imageId} />}
        <div className="relative flex min-h-0 flex-1">
          <div ref={host} data-testid="canvas-host" className="relative min-h-0 flex-1 overflow-hidden bg-canvas" />
          {problem !== null && (
            <PictureProblem
              problem={problem}
              onRetry={() => {
                setProblem(null)
                controller?.view?.retryTiles()
              }}
            />
          )}
        </div>
        {controller !== null && <Footer controller={controller} />}
      </div>
      <aside className="flex w-72 shrink-0 flex-col border-l border-line bg-surface">
        {properties.sidebar !== undefined && (
          <div className="max-h-[62%] shrink-0 overflow-y-auto">{properties.sidebar}</div>
        )}
        {controller !== null && <Objects controller={controller} classes={classes} />}
      </aside>
    </div>
  )
}

function ImageHeading({ controller }: { readonly controller: EditorController }): ReactElement {
  const { t } = useTranslation()
  const image = useStore(controller.document.state, (state) => state.image)
  const status = useStore(controller.document.state, (state) => state.status)
  const queue = useStore(controller.queue.state)
  const canvas = controller.view?.canvas

  useEffect(() => {
    if (image !== null) canvas?.setAttribute('aria-label', t('editor.canvas', { image: image.name }))
  }, [canvas, image, t])

  return (
    <>
      <h1 className="min-w-0 truncate font-medium" title={image?.name}>
        {image?.name ?? t('common.loading')}
      </h1>
      {image !== null && (
        <span className="shrink-0 text-xs text-muted tabular-nums">
          {image.width} × {image.height}
        </span>
      )}
      {status !== null && <StatusBadge status={status} />}
      <span role="status" className="shrink-0 text-xs">
        <SaveState queue={queue} />
      </span>
    </>
  )
}

function Alarms(properties: { readonly controller: EditorController; readonly imageId: string }): ReactElement {
  const { t } = useTranslation()
  const { controller } = properties
  const problem = useStore(controller.document.state, (state) => state.problem)
  const unsaved = useStore(controller.queue.state, (state) => state.pending > 0)

  useEffect(() => {
    if (!unsaved) return
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault()
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [unsaved])

  return (
    <>
      <SaveAlarm controller={controller} imageId={properties.imageId} />
      {problem !== null && (
        <div className="p-2">
          <ErrorNotice error={problem}>
            <Button onClick={() => controller.document.refresh()}>{t('editor.tryAgain')}</Button>
          </ErrorNotice>
        </div>
      )}
    </>
  )
}

function Footer({ controller }: { readonly controller: EditorController }): ReactElement {
  const selectedId = useSession((state) => state.selectedAnnotationId)
  const selected = useStore(controller.document.state, ({ annotations }) =>
    annotations.find((record) => record.id === selectedId && record.polygon !== null),
  )
  // What is locked or hidden shows no corners.
  const canChange = useSession(() => selected !== undefined && refusalOf(selected) === null)
  const isOut = useEditorView(
    ({ lockedIds, hiddenIds }) => lockedIds.has(selectedId ?? '') || hiddenIds.has(selectedId ?? ''),
  )
  return <EditorFooter hasOutline={canChange && !isOut} />
}

function Objects(properties: {
  readonly controller: EditorController
  readonly classes: readonly ClassRecord[]
}): ReactElement {
  const annotations = useStore(properties.controller.document.state, (state) => state.annotations)
  const supports = useStore(properties.controller.document.state, (state) => state.supports)
  return <ObjectList annotations={annotations} supports={supports} classes={properties.classes} />
}

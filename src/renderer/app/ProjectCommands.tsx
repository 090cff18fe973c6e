import { useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { HistoryHeader, HistoryState } from '../../shared/domain/history.ts'
import { useBridge } from './bridge-context.tsx'
import { useCommands } from './commands.ts'
import { historyLabel } from './history-label.ts'
import { queryKeys, useHistoryState, useProjectId } from './queries.ts'
import { announce, closeProject, openImage, session, showGallery, useSession } from './session.ts'

type Step = 'undo' | 'redo'
/** Going back step by step leaves one sentence, not a pile. */
const topic = 'history'

/** Undo, redo and leaving: what works wherever a project is open. Shows nothing. */
export function ProjectCommands(): null {
  const { t } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  const client = useQueryClient()
  const historyKey = queryKeys.history(projectId)
  /** Steps asked for and not answered yet: they run one after the other, in the order of the keys. */
  const steps = useRef<{ waiting: number; last: Promise<void> }>({ waiting: 0, last: Promise.resolve() })
  // Subscribes, so that buttons follow; the commands read the newest answer themselves.
  useHistoryState()
  const screen = useSession((state) => state.screen)

  async function nameOf(imageId: string): Promise<string> {
    return (await bridge.images.get({ projectId, imageId })).image.name
  }

  /** In the editor the view goes to the image that has just changed; the sentence names it. */
  async function report(step: Step, entry: HistoryHeader): Promise<void> {
    const what = historyLabel(entry)
    const current = session.getState()
    const target = entry.imageIds[0]
    const isElsewhere = current.screen !== 'editor' || !entry.imageIds.includes(current.imageId ?? '')
    if (target === undefined || !isElsewhere) {
      announce(t(step === 'undo' ? 'common.undone' : 'common.redone', { what }), 'info', topic)
      return
    }
    const image = await nameOf(target)
    if (current.screen === 'editor') openImage(target)
    announce(t(step === 'undo' ? 'common.undoneIn' : 'common.redoneIn', { what, image }), 'info', topic)
  }

  function take(step: Step): Promise<void> {
    steps.current.waiting++
    const turn = steps.current.last.then(() => takeNow(step)).finally(() => steps.current.waiting--)
    // A step that failed has said so to whoever asked for it; the next one goes ahead all the same.
    steps.current.last = turn.catch(() => undefined)
    return turn
  }

  async function takeNow(step: Step): Promise<void> {
    const { entry, state } = await bridge.history[step]({ projectId })
    client.setQueryData(historyKey, state)
    if (entry === null) announce(t(step === 'undo' ? 'common.nothingToUndo' : 'common.nothingToRedo'), 'info', topic)
    else await report(step, entry)
  }

  /** Unknown is not "nothing": right after a change, or while a step is under way, the answer may be on its way. */
  function mayTake(step: Step): boolean {
    return steps.current.waiting > 0 || client.getQueryData<HistoryState>(historyKey)?.[step] !== null
  }

  useCommands([
    {
      id: 'app.undo',
      labelKey: 'common.undo',
      keys: ['Ctrl+Z'],
      isEnabled: () => mayTake('undo'),
      run: () => take('undo'),
    },
    {
      id: 'app.redo',
      labelKey: 'common.redo',
      keys: ['Ctrl+Shift+Z', 'Ctrl+Y'],
      isEnabled: () => mayTake('redo'),
      run: () => take('redo'),
    },
    { id: 'app.save', labelKey: 'common.saveCommand', keys: ['Ctrl+S'], run: () => announce(t('common.saved')) },
    {
      id: 'app.gallery',
      labelKey: 'common.showGallery',
      keys: ['G', 'Escape'],
      isEnabled: () => screen === 'editor',
      run: showGallery,
    },
    {
      id: 'app.close',
      labelKey: 'common.closeProject',
      keys: [],
      run: async () => {
        await bridge.project.close({ projectId })
        closeProject()
      },
    },
  ])
  return null
}

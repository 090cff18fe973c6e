import { useTranslation } from 'react-i18next'
import type { Bridge } from '../../shared/contract/contract.ts'
import type { HistoryHeader } from '../../shared/domain/history.ts'
import { useBridge } from './bridge-context.tsx'
import { useCommands } from './commands.ts'
import { historyLabel } from './history-label.ts'
import { useHistoryState, useProjectId } from './queries.ts'
import { announce, closeProject, openImage, session, showGallery, useSession } from './session.ts'

type Step = 'undo' | 'redo'

/** Undo, redo and leaving: what works wherever a project is open. Shows nothing. */
export function ProjectCommands(): null {
  const { t } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  const history = useHistoryState().data
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
      announce(t(step === 'undo' ? 'common.undone' : 'common.redone', { what }))
      return
    }
    const image = await nameOf(target)
    if (current.screen === 'editor') openImage(target)
    announce(t(step === 'undo' ? 'common.undoneIn' : 'common.redoneIn', { what, image }))
  }

  async function take(step: Step): Promise<void> {
    const { entry }: Awaited<ReturnType<Bridge['history']['undo']>> = await bridge.history[step]({ projectId })
    if (entry === null) announce(t(step === 'undo' ? 'common.nothingToUndo' : 'common.nothingToRedo'))
    else await report(step, entry)
  }

  useCommands([
    {
      id: 'app.undo',
      labelKey: 'common.undo',
      keys: ['Ctrl+Z'],
      // Unknown is not "nothing": right after a change the answer may still be on its way.
      isEnabled: () => history?.undo !== null,
      run: () => take('undo'),
    },
    {
      id: 'app.redo',
      labelKey: 'common.redo',
      keys: ['Ctrl+Shift+Z', 'Ctrl+Y'],
      isEnabled: () => history?.redo !== null,
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

import type { Bridge } from '../../shared/contract/contract.ts'
import { z } from '../../shared/zod.ts'
import { openImage, openProject, session, setActiveClass, setTourStep } from './session.ts'

/** Where the window was, for a reload of the page. Ids only, in the tab's own storage. */
const viewSchema = z.object({
  projectId: z.string().nullable(),
  screen: z.enum(['welcome', 'gallery', 'editor']),
  imageId: z.string().nullable(),
  activeClassId: z.string().nullable(),
  tourStep: z.int().nullable(),
})

const storageKey = 'exemplar.view'

/** Keeps the storage up to date with the session. Returns the function that stops it. */
export function rememberView(storage: Storage): () => void {
  return session.subscribe(({ projectId, screen, imageId, activeClassId, tourStep }) => {
    const view: z.infer<typeof viewSchema> = { projectId, screen, imageId, activeClassId, tourStep }
    storage.setItem(storageKey, JSON.stringify(view))
  })
}

/**
 * Goes back to where the window was before a reload, as long as that project is still open; a new window goes to
 * the project the program was started with.
 */
export async function restoreView(bridge: Bridge, storage: Storage): Promise<void> {
  const { open } = await bridge.app.info({})
  const view = remembered(storage)
  if (view === null) {
    const [only, ...others] = open
    if (only !== undefined && others.length === 0) openProject(only)
    return
  }
  if (view.projectId === null || !open.includes(view.projectId)) return
  openProject(view.projectId)
  setActiveClass(view.activeClassId)
  if (view.tourStep !== null) setTourStep(view.tourStep)
  if (view.screen === 'editor' && view.imageId !== null) openImage(view.imageId)
}

function remembered(storage: Storage): z.infer<typeof viewSchema> | null {
  const text = storage.getItem(storageKey)
  if (text === null) return null
  // Written by this page alone; another version of it may have used another shape.
  return viewSchema.safeParse(JSON.parse(text)).data ?? null
}

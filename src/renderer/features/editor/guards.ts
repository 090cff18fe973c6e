import { session } from '../../app/session.ts'
import { editorView } from './editor-view.ts'

/** An annotation, or with `id: null` one that would be new, and its class. */
export interface Guarded {
  readonly id: string | null
  readonly classId: string
}

/** Not shown, by itself or with its class. */
export function isHidden({ id, classId }: Guarded): boolean {
  return session.getState().hiddenClassIds.has(classId) || (id !== null && editorView.getState().hiddenIds.has(id))
}

/** Not to be changed, by itself or with its class. */
export function isLocked({ id, classId }: Guarded): boolean {
  return session.getState().lockedClassIds.has(classId) || (id !== null && editorView.getState().lockedIds.has(id))
}

/** Why nothing may be drawn on it: a key below `editor.hint`; null when it may. */
export function refusalOf(guarded: Guarded): 'locked' | 'hidden' | null {
  if (isLocked(guarded)) return 'locked'
  return isHidden(guarded) ? 'hidden' : null
}

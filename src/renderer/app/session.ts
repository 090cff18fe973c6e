import { useStore } from 'zustand'
import { createStore } from 'zustand/vanilla'
import type { ImageFilter, ImageSort } from '../../shared/contract/contract.ts'
import { changePreferences } from './preferences.ts'

/**
 * The app composes the screens. For `editor` it mounts `EditorScreen` of `features/editor/EditorScreen.tsx`
 * with `sidebar` (class list, examples) and `actions` (review buttons), since features do not import each other.
 */
export type Screen = 'welcome' | 'gallery' | 'editor'
export type Tone = 'info' | 'success' | 'problem'

/** A short message shown in a corner and read out by screen readers. */
export interface Announcement {
  readonly id: number
  readonly text: string
  readonly tone: Tone
  /** Of several about one topic only the last is shown. */
  readonly topic: string
}

/** What the window shows now. Nothing of it is project data and nothing of it is undone. */
export interface Session {
  readonly screen: Screen
  readonly projectId: string | null
  readonly imageId: string | null
  /** The class that drawing tools use. */
  readonly activeClassId: string | null
  /** Classes whose annotations are not shown in the editor, and those that cannot be changed there. */
  readonly hiddenClassIds: ReadonlySet<string>
  readonly lockedClassIds: ReadonlySet<string>
  /** Annotation selected in the editor. */
  readonly selectedAnnotationId: string | null
  /** Images picked in the gallery; what *these images* means in dialogs. */
  readonly selectedImageIds: ReadonlySet<string>
  readonly galleryFilter: ImageFilter
  readonly gallerySort: ImageSort
  readonly announcements: readonly Announcement[]
  /** Place in the guided tour; null when it is not on. */
  readonly tourStep: number | null
  /** Command, tool or list that the tour points at. */
  readonly pointed: string | null
  /** Something has been exported since the project was opened here. */
  readonly hasExported: boolean
}

const initial: Session = {
  screen: 'welcome',
  projectId: null,
  imageId: null,
  activeClassId: null,
  hiddenClassIds: new Set(),
  lockedClassIds: new Set(),
  selectedAnnotationId: null,
  selectedImageIds: new Set(),
  galleryFilter: {},
  gallerySort: 'name',
  announcements: [],
  tourStep: null,
  pointed: null,
  hasExported: false,
}

export const session = createStore<Session>(() => initial)

/** Re-renders when the selected part changes. */
export function useSession<Part>(select: (state: Session) => Part): Part {
  return useStore(session, select)
}

export function resetSession(): void {
  session.setState(initial, true)
}

/** What stays when another project is shown, or none. */
function lasting(): Pick<Session, 'announcements'> {
  const { announcements } = session.getState()
  return { announcements }
}

export function openProject(projectId: string): void {
  session.setState({ ...initial, ...lasting(), projectId, screen: 'gallery' })
}

export function closeProject(): void {
  session.setState({ ...initial, ...lasting() })
}

/** Shows the editor with this image. */
export function openImage(imageId: string): void {
  const same = session.getState().imageId === imageId
  session.setState({ screen: 'editor', imageId, ...(same ? {} : { selectedAnnotationId: null }) })
}

/** Back to the gallery; the image stays current, so that the gallery can return to it. */
export function showGallery(): void {
  session.setState({ screen: 'gallery', selectedAnnotationId: null })
}

export function setActiveClass(classId: string | null): void {
  session.setState({ activeClassId: classId })
}

export function setClassHidden(classId: string, hidden: boolean): void {
  session.setState(({ hiddenClassIds }) => ({ hiddenClassIds: toggled(hiddenClassIds, classId, hidden) }))
}

export function setClassLocked(classId: string, locked: boolean): void {
  session.setState(({ lockedClassIds }) => ({ lockedClassIds: toggled(lockedClassIds, classId, locked) }))
}

function toggled(ids: ReadonlySet<string>, id: string, isIn: boolean): ReadonlySet<string> {
  const next = new Set(ids)
  if (isIn) next.add(id)
  else next.delete(id)
  return next
}

export function selectAnnotation(annotationId: string | null): void {
  session.setState({ selectedAnnotationId: annotationId })
}

export function selectImages(imageIds: Iterable<string>): void {
  session.setState({ selectedImageIds: new Set(imageIds) })
}

/** Shows other images; what was picked among the earlier ones is let go. */
export function setGalleryFilter(filter: ImageFilter): void {
  session.setState({ galleryFilter: filter, selectedImageIds: new Set() })
}

export function setGallerySort(sort: ImageSort): void {
  session.setState({ gallerySort: sort })
}

export function startTour(): void {
  session.setState({ tourStep: 0, hasExported: false })
}

export function setTourStep(step: number): void {
  session.setState({ tourStep: step })
}

/** Left or finished; that it does not come by itself again is a preference. */
export function leaveTour(): void {
  session.setState({ tourStep: null })
  changePreferences({ tourSeen: true })
}

export function pointTo(id: string | null): void {
  session.setState({ pointed: id })
}

/** For `data-pointed` of what the command, tool or list is operated by: the ring around it is in the style sheet. */
export function usePointed(id: string): true | undefined {
  return useSession((state) => state.pointed === id) || undefined
}

export function noteExport(): void {
  session.setState({ hasExported: true })
}

let nextAnnouncement = 1
const announcementsKept = 3

/**
 * Says something to the user: a toast, also read out. A repeated sentence replaces itself, and one with a `topic`
 * the one before about the same. Problems are the last to give way to newer ones.
 */
export function announce(text: string, tone: Tone = 'info', topic = text): void {
  const announcement = { id: nextAnnouncement++, text, tone, topic }
  session.setState(({ announcements }) => {
    const kept = [...announcements.filter((other) => other.topic !== topic), announcement]
    if (kept.length > announcementsKept) {
      const first = kept.findIndex((other) => other.tone !== 'problem' && other !== announcement)
      kept.splice(Math.max(0, first), 1)
    }
    return { announcements: kept }
  })
}

export function dismissAnnouncement(id: number): void {
  session.setState((state) => ({ announcements: state.announcements.filter((other) => other.id !== id) }))
}

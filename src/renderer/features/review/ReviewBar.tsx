import {
  Ban,
  Check,
  CheckCheck,
  ChevronLeft,
  ChevronRight,
  ChevronsLeft,
  ChevronsRight,
  CircleDashed,
} from 'lucide-react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { ImageFilter } from '../../../shared/contract/contract.ts'
import type { ImageStatus } from '../../../shared/domain/records.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { CommandButton } from '../../app/CommandButton.tsx'
import { useCommands } from '../../app/commands.ts'
import { useImageDocument, useProjectId, useProjectInfo } from '../../app/queries.ts'
import { announce, openImage, session, useSession } from '../../app/session.ts'

/** Walking through a queue leaves one sentence, not a pile. */
const topic = 'review'

const openStatuses: ImageStatus[] = ['unlabelled', 'proposals', 'labelled']

/** The gallery's filter, but for images that still want a look. */
function openOnly(filter: ImageFilter): ImageFilter {
  return { ...filter, statuses: openStatuses }
}

/** Walks through the images and says what is right, wrong or finished about the one in view. */
export function ReviewBar(properties: {
  readonly imageId: string
  /** Resolves when everything drawn is stored; false when that failed and the editor says so. */
  readonly whenSaved: () => Promise<boolean>
}): ReactElement {
  const { imageId, whenSaved } = properties
  const { t } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  const info = useProjectInfo()
  const image = useImageDocument(imageId).data
  const sort = useSession((state) => state.gallerySort)
  const filter = useSession((state) => state.galleryFilter)
  const activeClassId = useSession((state) => state.activeClassId)
  const selectedId = useSession((state) => state.selectedAnnotationId)

  const counts = info.data?.images
  const left = openStatuses.reduce((sum, status) => sum + (counts?.[status] ?? 0), 0)
  const withProposals = counts?.proposals ?? 0
  const selectedClassId = image?.annotations.find((each) => each.id === selectedId)?.classId
  const wantedClass = info.data?.classes.find((each) => each.id === (selectedClassId ?? activeClassId))
  const isReviewed = image?.image.reviewed === true
  const hasProposals = image?.annotations.some((each) => each.state === 'proposed') === true

  async function neighbour(direction: 1 | -1, among: ImageFilter): Promise<string | null> {
    const answer = await bridge.images.neighbour({ projectId, imageId, direction, filter: among, sort })
    return answer.imageId
  }

  async function go(direction: 1 | -1): Promise<void> {
    const next = await neighbour(direction, filter)
    if (next === null) announce(t(direction === 1 ? 'review.noNext' : 'review.noPrevious'))
    else openImage(next)
  }

  /** The next image to review; from the end of the order it begins again, since earlier ones may be open. */
  async function nextOpen(direction: 1 | -1): Promise<string | null> {
    const among = openOnly(filter)
    const next = await neighbour(direction, among)
    if (next !== null || direction === -1) return next
    const start = await bridge.images.list({ projectId, filter: among, sort, offset: 0, limit: 2 })
    return start.items.find((item) => item.id !== imageId)?.id ?? null
  }

  async function goOpen(direction: 1 | -1): Promise<void> {
    const next = await nextOpen(direction)
    if (next === null) announce(t(direction === 1 ? 'review.allReviewed' : 'review.noPrevious'))
    else openImage(next)
  }

  async function acceptAndNext(): Promise<void> {
    if (!(await whenSaved())) return
    // Asked before: accepting moves the image within the worst-first order.
    const next = await nextOpen(1)
    const { accepted } = await bridge.review.accept({ projectId, imageIds: [imageId], reviewed: true })
    if (next === null) announce(t('review.allReviewed'), 'success', topic)
    else {
      announce(t('review.accepted', { count: accepted }), 'success', topic)
      openImage(next)
    }
  }

  useCommands([
    { id: 'review.next', labelKey: 'review.command.next', keys: ['D', 'ArrowRight'], run: () => go(1) },
    { id: 'review.previous', labelKey: 'review.command.previous', keys: ['A', 'ArrowLeft'], run: () => go(-1) },
    { id: 'review.nextOpen', labelKey: 'review.command.nextOpen', keys: ['Ctrl+Shift+D'], run: () => goOpen(1) },
    {
      id: 'review.previousOpen',
      labelKey: 'review.command.previousOpen',
      keys: ['Ctrl+Shift+A'],
      run: () => goOpen(-1),
    },
    { id: 'review.acceptNext', labelKey: 'review.command.acceptNext', keys: ['Ctrl+Enter'], run: acceptAndNext },
    {
      id: 'review.acceptNextEnter',
      labelKey: 'review.command.acceptNextEnter',
      keys: ['Enter'],
      isEnabled: () => session.getState().selectedAnnotationId === null,
      run: acceptAndNext,
    },
    {
      id: 'review.accept',
      labelKey: 'review.command.accept',
      keys: ['Shift+Enter'],
      isEnabled: () => hasProposals,
      run: async () => {
        if (!(await whenSaved())) return
        const { accepted } = await bridge.review.accept({ projectId, imageIds: [imageId] })
        announce(t('review.accepted', { count: accepted }), 'success', topic)
      },
    },
    {
      id: 'review.notHere',
      labelKey: 'review.command.notHere',
      keys: ['Shift+Delete'],
      isEnabled: () => wantedClass !== undefined,
      run: async () => {
        if (wantedClass === undefined || !(await whenSaved())) return
        const { removed } = await bridge.review.notHere({ projectId, imageId, classId: wantedClass.id })
        announce(t('review.notHere', { count: removed, name: wantedClass.name }), 'success', topic)
      },
    },
    {
      id: 'review.toggleReviewed',
      labelKey: 'review.command.toggleReviewed',
      keys: ['K'],
      isEnabled: () => image !== undefined,
      run: async () => {
        if (!(await whenSaved())) return
        await bridge.review.setReviewed({ projectId, imageIds: [imageId], reviewed: !isReviewed })
        announce(t(isReviewed ? 'review.reopened' : 'review.markedReviewed'), 'success', topic)
      },
    },
  ])

  return (
    <div
      role="toolbar"
      aria-label={t('review.toolbar')}
      data-testid="review-bar"
      className="flex flex-wrap items-center justify-end gap-2"
    >
      <span className="flex items-center">
        <CommandButton id="review.previousOpen" icon={ChevronsLeft} iconOnly />
        <CommandButton id="review.previous" icon={ChevronLeft} iconOnly />
        <CommandButton id="review.next" icon={ChevronRight} iconOnly />
        <CommandButton id="review.nextOpen" icon={ChevronsRight} iconOnly />
      </span>
      <span className="text-sm text-muted tabular-nums" data-testid="queue">
        {t('review.queueLeft', { count: left })}
        {withProposals > 0 && ` · ${t('review.withProposals', { count: withProposals })}`}
      </span>
      <CommandButton id="review.notHere" icon={Ban} />
      <CommandButton id="review.toggleReviewed" icon={isReviewed ? CircleDashed : Check} iconOnly />
      <CommandButton id="review.acceptNext" icon={CheckCheck} variant="primary" />
    </div>
  )
}

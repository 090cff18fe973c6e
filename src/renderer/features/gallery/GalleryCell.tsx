/* oxlint-disable jsx-a11y/prefer-tag-over-role -- an <option> cannot hold a picture */
import { Check, Layers } from 'lucide-react'
import { memo } from 'react'
import type { MouseEvent, ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { ImageSummary } from '../../../shared/contract/contract.ts'
import { StatusBadge } from '../../app/StatusBadge.tsx'
import { Thumbnail } from '../../app/Thumbnail.tsx'
import { classes } from '../../ui/classes.ts'

function percentOf(score: number | null): number | null {
  return score === null ? null : Math.round(score * 100)
}

/** One image of the grid; a grey place while its page is on the way. */
export const GalleryCell = memo(function GalleryCell(properties: {
  readonly id: string
  readonly index: number
  readonly total: number
  readonly image: ImageSummary | undefined
  readonly selected: boolean
  readonly active: boolean
  readonly onPress: (index: number, event: MouseEvent) => void
  readonly onOpen: (index: number) => void
}): ReactElement {
  const { t } = useTranslation()
  const { image, index, selected, active } = properties
  const name = image?.name.split('/').at(-1) ?? ''
  const percent = percentOf(image?.lowestScore ?? null)
  return (
    <div
      id={properties.id}
      role="option"
      tabIndex={-1}
      aria-selected={selected}
      aria-setsize={properties.total}
      aria-posinset={index + 1}
      data-testid="gallery-cell"
      data-image-id={image?.id}
      data-image-name={image?.name}
      className={classes(
        'flex min-w-0 flex-1 flex-col overflow-hidden rounded-lg border',
        selected ? 'border-accent bg-accent-soft ring-1 ring-accent' : 'border-line bg-surface hover:border-edge',
        active && 'group-focus-visible:ring-2 group-focus-visible:ring-accent',
      )}
      onMouseDown={(event) => properties.onPress(index, event)}
      onDoubleClick={() => properties.onOpen(index)}
    >
      <div className="relative min-h-0 flex-1 bg-canvas">
        {image !== undefined && (
          <Thumbnail
            imageId={image.id}
            name={image.name}
            overlayRevision={image.overlayRevision}
            hasOverlay={image.annotationCount > 0}
            problem={image.problem}
          />
        )}
        {selected && (
          <span aria-hidden className="absolute top-1.5 left-1.5 rounded-full bg-accent p-0.5 text-on-accent">
            <Check size={12} strokeWidth={3} />
          </span>
        )}
        {percent !== null && (
          <span
            title={t('gallery.certaintyTitle', { percent })}
            className="absolute top-1.5 right-1.5 rounded bg-base/90 px-1 text-xs leading-4 text-text tabular-nums"
          >
            {t('gallery.certainty', { percent })}
          </span>
        )}
      </div>
      <div className="flex flex-col gap-0.5 border-t border-line px-2 pt-1 pb-1.5">
        <span className="truncate" title={image?.name}>
          {name}
        </span>
        <span className="flex h-4 items-center justify-between gap-2 overflow-hidden text-sm text-muted">
          {image !== undefined && <StatusBadge status={image.status} />}
          {image !== undefined && image.annotationCount > 0 && <Count image={image} />}
        </span>
      </div>
    </div>
  )
})

/** How many proposals are open, else how many annotations there are: a number beside a picture, in words on hover. */
function Count({ image }: { readonly image: ImageSummary }): ReactElement {
  const { t } = useTranslation()
  const hasProposals = image.proposedCount > 0
  const count = hasProposals ? image.proposedCount : image.annotationCount
  const words = t(hasProposals ? 'gallery.proposals' : 'gallery.annotations', { count })
  return (
    <span title={words} className="flex shrink-0 items-center gap-1 tabular-nums">
      <Layers aria-hidden size={12} />
      <span aria-hidden>{count}</span>
      <span className="sr-only">{words}</span>
    </span>
  )
}

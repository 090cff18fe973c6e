import { Images } from 'lucide-react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { imageStatuses } from '../../../shared/domain/records.ts'
import type { ImageStatus } from '../../../shared/domain/records.ts'
import { useProjectInfo } from '../../app/queries.ts'
import { setGalleryFilter, useSession } from '../../app/session.ts'
import { StatusBadge } from '../../app/StatusBadge.tsx'
import { useLocale } from '../../i18n/index.ts'
import { classes } from '../../ui/classes.ts'

/** How many images are in which state; a click shows only those. */
export function GalleryFilters(): ReactElement {
  const { t } = useTranslation()
  const info = useProjectInfo()
  const filter = useSession((state) => state.galleryFilter)
  const number = new Intl.NumberFormat(useLocale())
  const chosen = filter.statuses?.[0] ?? null

  function choose(status: ImageStatus | null): void {
    const { statuses: _statuses, ...others } = filter
    setGalleryFilter(status === null ? others : { ...others, statuses: [status] })
  }

  const rows = [
    { status: null, count: info.data?.imageCount ?? 0 },
    ...imageStatuses.map((status) => ({ status, count: info.data?.images[status] ?? 0 })),
  ]
  return (
    <nav aria-label={t('gallery.status')} className="flex flex-col gap-px p-2">
      {rows.map(({ status, count }) => (
        <button
          key={status ?? 'all'}
          type="button"
          aria-pressed={chosen === status}
          data-testid={`filter-${status ?? 'all'}`}
          className={classes(
            'flex h-7 items-center justify-between gap-2 rounded-md px-2',
            chosen === status ? 'bg-accent-soft' : 'hover:bg-hover',
          )}
          onClick={() => choose(status)}
        >
          {status === null ? (
            <span className="flex min-w-0 items-center gap-1.5 text-sm">
              <Images aria-hidden size={14} className="shrink-0 text-muted" />
              <span className="truncate">{t('gallery.all')}</span>
            </span>
          ) : (
            <StatusBadge status={status} />
          )}
          <span className="text-sm text-muted tabular-nums">{number.format(count)}</span>
        </button>
      ))}
    </nav>
  )
}

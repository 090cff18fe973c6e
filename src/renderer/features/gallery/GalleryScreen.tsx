import { useQueryClient } from '@tanstack/react-query'
import { CheckCheck, CircleDashed, FileInput, FolderInput, Images, ListChecks, Search, SearchX, X } from 'lucide-react'
import { useCallback, useRef, useState } from 'react'
import type { ReactElement, ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { imageSorts } from '../../../shared/contract/contract.ts'
import type { GivenFiles } from '../../../shared/contract/contract.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { CommandButton } from '../../app/CommandButton.tsx'
import { useCommands } from '../../app/commands.ts'
import { DropHint, useFileDrop } from '../../app/file-drop.tsx'
import { takeHandedOver } from '../../app/handed-over.ts'
import { useProjectId, useProjectInfo } from '../../app/queries.ts'
import { announce, selectImages, session, setGalleryFilter, setGallerySort, useSession } from '../../app/session.ts'
import { Button } from '../../ui/Button.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'
import { Select, TextInput } from '../../ui/fields.tsx'
import { GalleryFilters } from './GalleryFilters.tsx'
import { GalleryGrid } from './GalleryGrid.tsx'
import { ImportDialog } from './ImportDialog.tsx'
import { SetAsideBar } from './SetAsideBar.tsx'
import { fetchIds, useGalleryPages } from './gallery-pages.ts'

/** All images of the project with what is known about them. `sidebar` goes below the status filter. */
export function GalleryScreen({ sidebar }: { readonly sidebar: ReactNode }): ReactElement {
  const { t } = useTranslation()
  const bridge = useBridge()
  const client = useQueryClient()
  const projectId = useProjectId()
  const info = useProjectInfo()
  const filter = useSession((state) => state.galleryFilter)
  const sort = useSession((state) => state.gallerySort)
  const selected = useSession((state) => state.selectedImageIds)
  const [range, setRange] = useState({ first: 0, last: 0 })
  const [importing, setImporting] = useState<{ readonly given: GivenFiles | null } | null>(() => takeHandedOver())
  const search = useRef<HTMLInputElement>(null)
  const pages = useGalleryPages(filter, sort, range.first, range.last)

  const onRange = useCallback((first: number, last: number): void => {
    setRange((old) => (old.first === first && old.last === last ? old : { first, last }))
  }, [])

  const isOver = useFileDrop(importing === null ? (given) => setImporting({ given }) : null)

  const hasSelection = (): boolean => session.getState().selectedImageIds.size > 0
  const selection = (): string[] => [...session.getState().selectedImageIds]

  async function setReviewed(reviewed: boolean): Promise<void> {
    const { changed } = await bridge.review.setReviewed({ projectId, imageIds: selection(), reviewed })
    announce(t('gallery.markedReviewed', { count: changed }), 'success')
  }

  const proposed = (info.data?.classes ?? []).reduce((sum, each) => sum + each.proposed, 0)
  const isFiltered = Object.keys(filter).length > 0

  /** Everything, or what the filter lets through. */
  async function acceptAll(): Promise<void> {
    const shown = isFiltered
      ? { imageIds: await fetchIds(bridge, { projectId, filter, sort }, 0, (pages.total ?? 0) - 1) }
      : {}
    const { accepted } = await bridge.review.accept({ projectId, ...shown })
    announce(t('gallery.accepted', { count: accepted }), 'success')
  }

  useCommands([
    {
      id: 'gallery.import',
      labelKey: 'gallery.command.import',
      keys: ['Ctrl+I'],
      run: () => setImporting({ given: null }),
    },
    {
      id: 'gallery.search',
      labelKey: 'gallery.command.search',
      keys: ['/'],
      run: () => search.current?.focus(),
    },
    {
      id: 'gallery.accept',
      labelKey: 'gallery.command.accept',
      keys: ['Ctrl+Enter'],
      isEnabled: hasSelection,
      run: async () => {
        const { accepted } = await bridge.review.accept({ projectId, imageIds: selection() })
        announce(t('gallery.accepted', { count: accepted }), 'success')
      },
    },
    {
      id: 'gallery.acceptAll',
      labelKey: 'gallery.command.acceptAll',
      keys: ['Ctrl+Shift+Enter'],
      isEnabled: () => proposed > 0,
      run: acceptAll,
    },
    {
      id: 'gallery.reviewed',
      labelKey: 'gallery.command.reviewed',
      keys: ['K'],
      isEnabled: hasSelection,
      run: () => setReviewed(true),
    },
    {
      id: 'gallery.reopen',
      labelKey: 'gallery.command.reopen',
      keys: ['Shift+K'],
      isEnabled: hasSelection,
      run: () => setReviewed(false),
    },
    {
      id: 'gallery.clear',
      labelKey: 'gallery.command.clear',
      keys: ['Escape'],
      isEnabled: hasSelection,
      run: () => selectImages([]),
    },
  ])

  const classOptions = [
    { value: '', label: t('gallery.anyClass') },
    ...(info.data?.classes ?? []).map((each) => ({ value: each.id, label: each.name })),
  ]

  function setClass(classId: string): void {
    const { classId: _classId, ...others } = filter
    setGalleryFilter(classId === '' ? others : { ...others, classId })
  }

  function setText(text: string): void {
    const { text: _text, ...others } = filter
    setGalleryFilter(text === '' ? others : { ...others, text })
  }

  /** A status alone says more precisely what is missing than "no match". */
  function nothingFound(): { readonly title: string; readonly hint: string } {
    const status = Object.keys(filter).length === 1 ? filter.statuses?.[0] : undefined
    if (status === undefined) return { title: t('gallery.noMatchTitle'), hint: t('gallery.noMatchHint') }
    if (status === 'proposals') return { title: t('gallery.noProposalsTitle'), hint: t('gallery.noProposalsHint') }
    return {
      title: t('gallery.noStatusTitle', { status: t(`common.status.${status}`) }),
      hint: t('gallery.noStatusHint'),
    }
  }

  return (
    <div className="flex min-h-0 flex-1" data-testid="gallery">
      <aside className="flex w-64 shrink-0 flex-col overflow-y-auto border-r border-line bg-surface">
        <GalleryFilters />
        {sidebar}
      </aside>
      <main className="flex min-w-0 flex-1 flex-col">
        <div className="flex flex-wrap items-center gap-2 border-b border-line bg-surface px-3 py-1.5">
          <span className="relative w-52">
            <Search aria-hidden size={14} className="absolute top-1.5 left-2 text-muted" />
            <TextInput
              ref={search}
              type="search"
              aria-label={t('gallery.search')}
              placeholder={t('gallery.search')}
              className="pl-7"
              maxLength={200}
              value={filter.text ?? ''}
              onChange={(event) => setText(event.currentTarget.value)}
            />
          </span>
          <Select
            aria-label={t('gallery.ofClass')}
            className="w-36"
            options={classOptions}
            value={filter.classId ?? ''}
            onChange={setClass}
          />
          <Select
            aria-label={t('gallery.sort')}
            className="w-36"
            options={imageSorts.map((value) => ({ value, label: t(`gallery.sorts.${value}`) }))}
            value={sort}
            onChange={setGallerySort}
          />
          <span className="text-muted tabular-nums" data-testid="gallery-count">
            {pages.total !== null && t('gallery.count', { count: pages.total })}
          </span>
          <span className="flex-1" />
          {proposed > 0 && <CommandButton id="gallery.acceptAll" icon={ListChecks} />}
          {pages.total !== null && pages.total > 0 && (
            <CommandButton id="labels.open" icon={FileInput} variant="quiet" />
          )}
          <CommandButton id="gallery.import" icon={FolderInput} />
        </div>
        <SetAsideBar />
        {pages.error !== null && (
          <div className="p-3">
            <ErrorNotice error={pages.error}>
              <Button onClick={() => void client.invalidateQueries()}>{t('common.retry')}</Button>
            </ErrorNotice>
          </div>
        )}
        {pages.total === 0 && !isFiltered && (
          <EmptyState icon={Images} title={t('gallery.emptyTitle')} hint={t('gallery.emptyHint')}>
            <CommandButton id="gallery.import" icon={FolderInput} variant="primary" />
          </EmptyState>
        )}
        {pages.total === 0 && isFiltered && (
          <EmptyState icon={SearchX} {...nothingFound()}>
            <Button onClick={() => setGalleryFilter({})}>{t('gallery.clearFilter')}</Button>
          </EmptyState>
        )}
        {pages.total !== null && pages.total > 0 && <GalleryGrid total={pages.total} at={pages.at} onRange={onRange} />}
        {/* Below the grid: above it, the first click of a double click would move the picture away from the second. */}
        {selected.size > 0 && (
          <div
            role="toolbar"
            aria-label={t('gallery.selected', { count: selected.size })}
            className="flex flex-wrap items-center gap-2 border-t border-line bg-accent-soft/60 px-3 py-1"
          >
            <span className="mr-1 font-medium tabular-nums">{t('gallery.selected', { count: selected.size })}</span>
            <CommandButton id="gallery.accept" icon={ListChecks} />
            <CommandButton id="gallery.reviewed" icon={CheckCheck} />
            <CommandButton id="gallery.reopen" icon={CircleDashed} variant="quiet" />
            <span className="flex-1" />
            <CommandButton id="gallery.clear" icon={X} iconOnly />
          </div>
        )}
      </main>
      {isOver && <DropHint title={t('gallery.drop.title')} hint={t('gallery.drop.hint')} />}
      {importing !== null && <ImportDialog given={importing.given} onClose={() => setImporting(null)} />}
    </div>
  )
}

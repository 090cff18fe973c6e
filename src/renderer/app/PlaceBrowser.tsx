import { useQuery, useQueryClient } from '@tanstack/react-query'
import {
  AppWindow,
  ChevronRight,
  FileText,
  Folder,
  FolderCheck,
  FolderPlus,
  HardDrive,
  Image as ImageIcon,
} from 'lucide-react'
import { useEffect, useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { Place, PlaceFiles, PlacePurpose } from '../../shared/contract/contract.ts'
import { Button } from '../ui/Button.tsx'
import { TextInput } from '../ui/fields.tsx'
import { ErrorNotice } from '../ui/ErrorNotice.tsx'
import { classes } from '../ui/classes.ts'
import { useBridge } from './bridge-context.tsx'
import { useAppInfo } from './queries.ts'

function placeKey(placeId: string | null): readonly ['places', string | null] {
  return ['places', placeId]
}

const fileIcons = { images: ImageIcon, data: FileText, none: FileText } as const

function focusOnMount(element: HTMLElement | null): void {
  element?.focus()
}

/**
 * Folders and files of the machine the program runs on, by opaque id. `current` is the folder shown
 * (null: the roots). With `picked` and `onPick`, entries can be ticked.
 */
export function PlaceBrowser(properties: {
  readonly current: Place | null
  readonly onEnter: (place: Place | null) => void
  /** Files that are shown beside the folders. */
  readonly files: PlaceFiles
  readonly canCreateFolder: boolean
  /** What a person may choose in the system's own dialog instead, where there is one. */
  readonly purposes: readonly PlacePurpose[]
  readonly picked?: readonly Place[]
  readonly onPick?: (picked: readonly Place[]) => void
}): ReactElement {
  const { current, onEnter, files, picked = [], onPick } = properties
  const { t } = useTranslation()
  const bridge = useBridge()
  const client = useQueryClient()
  const placeId = current?.placeId ?? null
  const listing = useQuery({
    queryKey: [...placeKey(placeId), files],
    queryFn: ({ signal }) => bridge.places.list({ placeId, files }, { signal }),
    staleTime: 0,
  })
  const app = useAppInfo()
  const [newFolder, setNewFolder] = useState<string | null>(null)
  const [error, setError] = useState<unknown>(null)
  const entries = listing.data?.entries ?? []

  // With a single root there is nothing to choose: begin inside it.
  const [first, ...others] = listing.data?.entries ?? []
  const onlyRoot = current === null && others.length === 0 && first?.kind === 'folder' ? first : undefined
  useEffect(() => {
    if (onlyRoot !== undefined) onEnter(onlyRoot)
  }, [onlyRoot, onEnter])

  function toggle(place: Place): void {
    const remaining = picked.filter((other) => other.placeId !== place.placeId)
    onPick?.(remaining.length === picked.length ? [...picked, place] : remaining)
  }

  async function create(): Promise<void> {
    if (placeId === null || newFolder === null || newFolder.trim() === '') return
    try {
      const place = await bridge.places.createFolder({ placeId, name: newFolder.trim() })
      setNewFolder(null)
      setError(null)
      await client.invalidateQueries({ queryKey: placeKey(placeId) })
      onEnter(place)
    } catch (failure) {
      setError(failure)
    }
  }

  async function choose(purpose: PlacePurpose): Promise<void> {
    try {
      const { places } = await bridge.places.choose({ purpose })
      setError(null)
      const isNew = (place: Place): boolean => !picked.some((other) => other.placeId === place.placeId)
      const chosen = places.filter((place) => place.kind === 'file' && isNew(place))
      const folder = places.find((place) => place.kind === 'folder')
      if (folder !== undefined) onEnter(folder)
      if (chosen.length > 0) onPick?.([...picked, ...chosen])
    } catch (failure) {
      setError(failure)
    }
  }

  return (
    <div className="flex flex-col gap-2" data-testid="place-browser">
      {app.data?.nativeDialogs === true && (
        <div className="flex flex-wrap gap-2">
          {properties.purposes.map((purpose) => (
            <Button key={purpose} onClick={() => void choose(purpose)}>
              <AppWindow aria-hidden size={14} />
              {t(`common.places.choose.${purpose}`)}
            </Button>
          ))}
        </div>
      )}
      <div className="flex items-center gap-2">
        <nav aria-label={t('common.places.trail')} className="flex min-w-0 flex-1 items-center overflow-hidden p-0.5">
          <Button variant="quiet" className="px-1.5" title={t('common.places.start')} onClick={() => onEnter(null)}>
            <HardDrive aria-hidden size={14} />
            <span className={placeId === null ? undefined : 'sr-only'}>{t('common.places.start')}</span>
          </Button>
          {(listing.data?.trail ?? []).map((place) => (
            <span key={place.placeId} className="flex min-w-0 items-center last:shrink-0 last:max-w-[80%]">
              <ChevronRight aria-hidden size={12} className="shrink-0 text-muted" />
              <Button
                variant="quiet"
                className="min-w-0 shrink px-1.5"
                title={place.name}
                onClick={() => onEnter(place)}
              >
                <span className="truncate">{place.name}</span>
              </Button>
            </span>
          ))}
        </nav>
        {properties.canCreateFolder && placeId !== null && newFolder === null && (
          <Button variant="quiet" onClick={() => setNewFolder('')}>
            <FolderPlus aria-hidden size={14} />
            {t('common.places.newFolder')}
          </Button>
        )}
      </div>
      {newFolder !== null && (
        <form
          className="flex gap-2"
          onSubmit={(event) => {
            event.preventDefault()
            void create()
          }}
        >
          <TextInput
            ref={focusOnMount}
            aria-label={t('common.places.folderName')}
            placeholder={t('common.places.folderName')}
            value={newFolder}
            onChange={(event) => setNewFolder(event.currentTarget.value)}
          />
          <Button type="submit" disabled={newFolder.trim() === ''}>
            {t('common.create')}
          </Button>
          <Button variant="quiet" onClick={() => setNewFolder(null)}>
            {t('common.cancel')}
          </Button>
        </form>
      )}
      {error !== null && <ErrorNotice error={error} />}
      {listing.error !== null && (
        <ErrorNotice error={listing.error}>
          <Button onClick={() => void listing.refetch()}>{t('common.retry')}</Button>
        </ErrorNotice>
      )}
      <ul className="h-64 overflow-y-auto rounded-md border border-line bg-base p-1">
        {entries.map((place) => {
          const isPicked = picked.some((other) => other.placeId === place.placeId)
          const Icon = place.kind === 'file' ? fileIcons[files] : place.isProject ? FolderCheck : Folder
          return (
            <li
              key={place.placeId}
              className={classes(
                'flex items-center gap-2 rounded-md px-1.5 hover:bg-hover',
                isPicked && 'bg-accent-soft',
              )}
            >
              {onPick !== undefined && (
                <input
                  type="checkbox"
                  className="accent-accent"
                  aria-label={t('common.places.pick', { name: place.name })}
                  checked={isPicked}
                  onChange={() => toggle(place)}
                />
              )}
              <button
                type="button"
                className="flex h-7 min-w-0 flex-1 items-center gap-2 text-left"
                onClick={() => (place.kind === 'folder' ? onEnter(place) : toggle(place))}
              >
                <Icon aria-hidden size={15} className={place.isProject ? 'text-accent' : 'text-muted'} />
                <span className="truncate">{place.name}</span>
                {place.isProject && <span className="text-sm text-accent">{t('common.places.project')}</span>}
              </button>
            </li>
          )
        })}
        {entries.length === 0 && (
          <li className="p-3 text-center text-muted">
            {listing.isPending
              ? t('common.loading')
              : t(files === 'none' ? 'common.places.noSubfolders' : 'common.places.noFolders')}
          </li>
        )}
      </ul>
      {files === 'images' && listing.data !== undefined && placeId !== null && (
        <p className="text-sm text-muted">{t('common.places.imagesHere', { count: listing.data.imageCount })}</p>
      )}
    </div>
  )
}

/* oxlint-disable jsx-a11y/prefer-tag-over-role -- a <select> cannot hold pictures */
import { useVirtualizer } from '@tanstack/react-virtual'
import { useCallback, useEffect, useId, useLayoutEffect, useRef, useState } from 'react'
import type { KeyboardEvent, MouseEvent, ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { useBridge } from '../../app/bridge-context.tsx'
import { useCommands, useGestures } from '../../app/commands.ts'
import { notifyError } from '../../app/notify-error.ts'
import { useProjectId } from '../../app/queries.ts'
import { announce, openImage, selectImages, session, usePointed, useSession } from '../../app/session.ts'
import { galleryGestures } from './gallery-gestures.ts'
import { fetchIds, pageSize } from './gallery-pages.ts'
import type { GalleryPages } from './gallery-pages.ts'
import { GalleryCell } from './GalleryCell.tsx'

const cellWidth = 188
const cellHeight = 222
const gap = 8
/** A call with more ids than this would exceed the contract's request size. */
const longestSelection = 20_000

/** Back from the editor: the place of the image one came from, if it is among the first. */
function placeOfCurrent(at: GalleryPages['at'], total: number): number {
  const current = session.getState().imageId
  for (let index = 0; current !== null && index < Math.min(total, pageSize); index++) {
    if (at(index)?.id === current) return index
  }
  return 0
}

/**
 * All images of the list as a grid of which only the rows in view exist. One tab stop: arrows move,
 * Shift extends, Space toggles, Enter opens.
 */
export function GalleryGrid(properties: {
  readonly total: number
  readonly onRange: (first: number, last: number) => void
  readonly at: GalleryPages['at']
}): ReactElement {
  const { total, at, onRange } = properties
  const { t } = useTranslation()
  const bridge = useBridge()
  const projectId = useProjectId()
  const filter = useSession((state) => state.galleryFilter)
  const sort = useSession((state) => state.gallerySort)
  const selected = useSession((state) => state.selectedImageIds)
  const scroller = useRef<HTMLDivElement>(null)
  /** Columns that fit; null until the width is known. */
  const [measured, setMeasured] = useState<number | null>(null)
  const columns = measured ?? 1
  const [active, setActive] = useState(() => placeOfCurrent(at, total))
  const anchor = useRef(active)
  const gridId = useId()
  const pointed = usePointed('gallery.openImage')

  useLayoutEffect(() => {
    const element = scroller.current
    if (element === null) return undefined
    const measure = (): void => {
      setMeasured(Math.max(1, Math.floor((element.clientWidth - gap) / (cellWidth + gap))))
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  const rows = measured === null ? 0 : Math.ceil(total / measured)
  // oxlint-disable-next-line react/incompatible-library -- concerns the React Compiler, which does not run here
  const virtualizer = useVirtualizer({
    count: rows,
    getScrollElement: () => scroller.current,
    estimateSize: () => cellHeight + gap,
    paddingStart: gap,
    overscan: 2,
  })
  const items = virtualizer.getVirtualItems()
  const firstIndex = (items[0]?.index ?? 0) * columns
  const lastIndex = Math.min(total, ((items.at(-1)?.index ?? 0) + 1) * columns) - 1
  useEffect(() => onRange(firstIndex, lastIndex), [onRange, firstIndex, lastIndex])

  const place = Math.min(active, Math.max(0, total - 1))
  const restored = useRef(false)
  useEffect(() => {
    if (restored.current || measured === null) return
    restored.current = true
    virtualizer.scrollToIndex(Math.floor(place / measured))
  }, [virtualizer, measured, place])

  const selectRange = useCallback(
    async (from: number, to: number): Promise<void> => {
      const first = Math.min(from, to)
      const last = Math.min(Math.max(from, to), first + longestSelection - 1)
      try {
        selectImages(await fetchIds(bridge, { projectId, filter, sort }, first, last))
        if (last < Math.max(from, to)) announce(t('gallery.selectionLimit', { count: longestSelection }))
      } catch (error) {
        notifyError(error)
      }
    },
    [bridge, projectId, filter, sort, t],
  )

  const toggle = useCallback(
    (index: number): void => {
      const id = at(index)?.id
      if (id === undefined) return
      const next = new Set(session.getState().selectedImageIds)
      if (!next.delete(id)) next.add(id)
      selectImages(next)
    },
    [at],
  )

  const open = useCallback(
    (index: number): void => {
      const id = at(index)?.id
      if (id !== undefined) openImage(id)
    },
    [at],
  )

  const press = useCallback(
    (index: number, event: MouseEvent): void => {
      if (event.button !== 0) return
      setActive(index)
      if (event.shiftKey) {
        void selectRange(anchor.current, index)
        return
      }
      anchor.current = index
      if (event.ctrlKey || event.metaKey) {
        toggle(index)
        return
      }
      const id = at(index)?.id
      if (id !== undefined) selectImages([id])
    },
    [at, selectRange, toggle],
  )

  useCommands([
    {
      id: 'gallery.selectAll',
      labelKey: 'gallery.command.selectAll',
      keys: ['Ctrl+A'],
      isEnabled: () => total > 0,
      run: () => selectRange(0, total - 1),
    },
    {
      id: 'gallery.openImage',
      labelKey: 'gallery.command.openImage',
      keys: ['Enter'],
      isEnabled: () => total > 0,
      run: () => open(place),
    },
  ])

  useGestures(galleryGestures)

  function move(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / (cellHeight + gap))) * columns
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: columns,
      ArrowUp: -columns,
      PageDown: page,
      PageUp: -page,
      Home: -total,
      End: total,
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === ' ') {
      event.preventDefault()
      toggle(place)
      return
    }
    const step = steps[event.key]
    if (step === undefined) return
    event.preventDefault()
    const next = Math.min(total - 1, Math.max(0, place + step))
    setActive(next)
    virtualizer.scrollToIndex(Math.floor(next / columns))
    if (event.shiftKey) {
      void selectRange(anchor.current, next)
      return
    }
    anchor.current = next
    const id = at(next)?.id
    if (id !== undefined) selectImages([id])
  }

  return (
    <div
      ref={scroller}
      role="listbox"
      tabIndex={0}
      aria-multiselectable
      aria-label={t('gallery.images')}
      aria-activedescendant={`${gridId}-${place}`}
      data-testid="gallery-grid"
      data-pointed={pointed}
      className="group min-h-0 flex-1 overflow-y-auto px-2 -outline-offset-2"
      onKeyDown={move}
    >
      <div role="presentation" className="relative w-full" style={{ height: virtualizer.getTotalSize() }}>
        {items.map((row) => (
          <div
            key={row.key}
            role="presentation"
            className="absolute inset-x-0 top-0 grid gap-2"
            style={{
              height: cellHeight,
              gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
              transform: `translateY(${row.start}px)`,
            }}
          >
            {Array.from({ length: Math.min(columns, total - row.index * columns) }, (_, column) => {
              const index = row.index * columns + column
              const image = at(index)
              return (
                <GalleryCell
                  key={image?.id ?? index}
                  id={`${gridId}-${index}`}
                  index={index}
                  total={total}
                  image={image}
                  selected={image !== undefined && selected.has(image.id)}
                  active={index === place}
                  onPress={press}
                  onOpen={open}
                />
              )
            })}
          </div>
        ))}
      </div>
    </div>
  )
}

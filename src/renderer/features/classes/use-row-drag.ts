import { useState } from 'react'
import type { PointerEvent as ReactPointerEvent } from 'react'

export interface RowDrag {
  /** The row that is dragged, and the place where it would go. */
  readonly dragged: { readonly id: string; readonly from: number; readonly to: number } | null
  readonly start: (event: ReactPointerEvent<HTMLElement>, id: string, index: number) => void
  readonly move: (event: ReactPointerEvent<HTMLElement>) => void
  readonly end: () => void
  /** Ends without a move; true when a row was being dragged. */
  readonly cancel: () => boolean
}

/**
 * Reordering the rows of a table by a handle in each: the handle captures the pointer, the row with `data-row-index` at
 * its height is the target.
 */
export function useRowDrag(onDrop: (id: string, index: number) => void): RowDrag {
  const [dragged, setDragged] = useState<RowDrag['dragged']>(null)

  return {
    dragged,
    start: (event, id, index) => {
      if (event.button !== 0) return
      event.currentTarget.setPointerCapture(event.pointerId)
      setDragged({ id, from: index, to: index })
    },
    move: (event) => {
      if (dragged === null) return
      const to = indexAt(event.currentTarget.closest('tbody'), event.clientY)
      if (to !== null && to !== dragged.to) setDragged({ ...dragged, to })
    },
    end: () => {
      if (dragged === null) return
      setDragged(null)
      if (dragged.from !== dragged.to) onDrop(dragged.id, dragged.to)
    },
    cancel: () => {
      setDragged(null)
      return dragged !== null
    },
  }
}

function indexAt(rows: HTMLElement | null, y: number): number | null {
  for (const row of rows?.querySelectorAll<HTMLElement>('[data-row-index]') ?? []) {
    const box = row.getBoundingClientRect()
    if (y >= box.top && y < box.bottom) return Number(row.dataset['rowIndex'])
  }
  return null
}

import { useStore } from 'zustand'
import { createStore } from 'zustand/vanilla'
import type { Corner } from '../../canvas/outline.ts'
import { idlePolygon } from '../../canvas/polygon-tool.ts'
import type { PolygonState } from '../../canvas/polygon-tool.ts'

export const tools = ['select', 'brush', 'eraser', 'polygon'] as const
export type Tool = (typeof tools)[number]

/** How the editor looks and which tool is in hand. Nothing of it is project data and nothing of it is undone. */
export interface EditorView {
  readonly tool: Tool
  /** The one in hand before. */
  readonly lastTool: Tool
  /** Diameter in image pixels. */
  readonly brushDiameter: number
  /** The bare image: no masks. */
  readonly bare: boolean
  readonly hiddenIds: ReadonlySet<string>
  readonly lockedIds: ReadonlySet<string>
  /** The corner in hand of the selected polygon; while there is one, Tab and arrows belong to it. */
  readonly corner: Corner | null
  /** Device pixels per image pixel. */
  readonly zoom: number
  /** The last frame has every tile and mask of the view. */
  readonly drawn: boolean
  readonly polygon: PolygonState
  /** A stroke is being drawn. */
  readonly drawing: boolean
}

/** Takes a tool in hand; a polygon in progress is given up and a corner let go. */
export function setTool(tool: Tool): void {
  editorView.setState((state) => ({
    tool,
    lastTool: tool === state.tool ? state.lastTool : state.tool,
    polygon: idlePolygon,
    corner: null,
  }))
}

const smallestBrush = 1
const largestBrush = 600

export const editorView = createStore<EditorView>(() => ({
  tool: 'brush',
  lastTool: 'select',
  brushDiameter: 24,
  bare: false,
  hiddenIds: new Set(),
  lockedIds: new Set(),
  corner: null,
  zoom: 1,
  drawn: false,
  polygon: idlePolygon,
  drawing: false,
}))

export function useEditorView<Part>(select: (state: EditorView) => Part): Part {
  return useStore(editorView, select)
}

/** @param diameter image pixels; kept within 1 and 600, whole */
export function setBrushDiameter(diameter: number): void {
  editorView.setState({ brushDiameter: Math.round(Math.min(largestBrush, Math.max(smallestBrush, diameter))) })
}

/** One step larger (1) or smaller (-1): about a sixth, at least one pixel. */
export function stepBrush(direction: 1 | -1): void {
  const { brushDiameter } = editorView.getState()
  const step = Math.max(1, Math.round(brushDiameter / 6))
  setBrushDiameter(brushDiameter + direction * step)
}

/** What belongs to one image only, forgotten with it. */
export function resetForImage(): void {
  editorView.setState({
    hiddenIds: new Set(),
    corner: null,
    bare: false,
    drawn: false,
    polygon: idlePolygon,
    drawing: false,
  })
}

export function setLocked(id: string, locked: boolean): void {
  editorView.setState(({ lockedIds }) => {
    const next = new Set(lockedIds)
    if (locked) next.add(id)
    else next.delete(id)
    return { lockedIds: next }
  })
}

export function setHidden(ids: readonly string[], hidden: boolean): void {
  editorView.setState(({ hiddenIds }) => {
    const next = new Set(hiddenIds)
    for (const id of ids) {
      if (hidden) next.add(id)
      else next.delete(id)
    }
    return { hiddenIds: next }
  })
}

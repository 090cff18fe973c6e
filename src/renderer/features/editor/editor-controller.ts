import type { Bridge } from '../../../shared/contract/contract.ts'
import { tilePath } from '../../../shared/contract/media.ts'
import type { ClassRecord } from '../../../shared/domain/records.ts'
import { assertNever } from '../../../shared/errors.ts'
import { CanvasView } from '../../canvas/canvas-view.ts'
import type { MaskStyle } from '../../canvas/canvas-view.ts'
import type { ImagePx } from '../../canvas/coordinates.ts'
import { handleRadius } from '../../canvas/overlay.ts'
import { idlePolygon, polygonReducer } from '../../canvas/polygon-tool.ts'
import type { PolygonEvent } from '../../canvas/polygon-tool.ts'
import { polygonSpans } from '../../canvas/spans.ts'
import { Stroke } from '../../canvas/stroke.ts'
import { preferences } from '../../app/preferences.ts'
import { selectAnnotation, session } from '../../app/session.ts'
import { commitQueueOf } from './commit-queue.ts'
import type { CommitQueue } from './commit-queue.ts'
import { EditorDocument } from './editor-document.ts'
import type { Gesture, PaintTarget } from './editor-document.ts'
import { editorView, resetForImage, setHidden, stepBrush } from './editor-view.ts'
import { choosePaintTarget } from './paint-target.ts'

export interface ControllerOptions {
  readonly bridge: Bridge
  readonly projectId: string
  readonly imageId: string
  /** Where the canvases go. */
  readonly host: HTMLElement
  /** Says why nothing was drawn, or what could not be had. */
  readonly onHint: (hint: 'chooseClass' | 'nothingToErase' | 'polygonTooSmall') => void
  readonly onProblem: (problem: unknown) => void
}

type Drag =
  | { readonly kind: 'none' }
  | { readonly kind: 'pan'; readonly pointerId: number; x: number; y: number }
  | { readonly kind: 'stroke'; readonly pointerId: number; readonly stroke: Stroke; readonly value: 0 | 1 }

const wheelZoom = 1.0015
const unknownColour = '#ffffff'

/** One image in the editor: takes the pointer and the tools to the document, and the document to the canvas. */
export class EditorController implements Disposable {
  readonly document: EditorDocument
  readonly queue: CommitQueue<Gesture>
  readonly #options: ControllerOptions
  readonly #listeners = new AbortController()
  readonly #unsubscribe: (() => void)[] = []
  #view: CanvasView | null = null
  #classes: readonly ClassRecord[] = []
  #drag: Drag = { kind: 'none' }
  #pointer: ImagePx | null = null
  #spaceHeld = false
  #ctrlHeld = false
  /** The polygon in progress takes away (Alt or Ctrl with its last click). */
  #subtracts = false
  /** Where the last stroke ended, for a straight line with Shift. */
  #lastStroke: ImagePx | null = null

  constructor(options: ControllerOptions) {
    this.#options = options
    const { bridge, projectId, imageId } = options
    resetForImage()
    this.queue = commitQueueOf<Gesture>(bridge, projectId)
    this.document = new EditorDocument(bridge, projectId, imageId, this.queue)
    this.document.onPixels = () => this.#onPixels()
    this.#unsubscribe.push(
      this.document.state.subscribe(() => this.#onDocument()),
      editorView.subscribe(() => this.#onView()),
      preferences.subscribe(() => this.#onView()),
      session.subscribe((now, before) => {
        if (now.selectedAnnotationId !== before.selectedAnnotationId) this.#onSelection()
      }),
    )
    const { signal } = this.#listeners
    window.addEventListener('keydown', (event) => this.#onKey(event, true), { signal })
    window.addEventListener('keyup', (event) => this.#onKey(event, false), { signal })
    window.addEventListener('blur', () => this.#releaseKeys(), { signal })
    this.document.refresh()
  }

  get view(): CanvasView | null {
    return this.#view
  }

  setClasses(classes: readonly ClassRecord[]): void {
    this.#classes = classes
    this.#restyle()
  }

  /** Esc: the gesture, the polygon, then the selection. */
  escape(): void {
    if (this.#drag.kind === 'stroke') this.#bailStroke()
    else if (editorView.getState().polygon.kind === 'drawing') this.polygon({ kind: 'bail' })
    else selectAnnotation(null)
  }

  polygon(event: PolygonEvent): void {
    const next = polygonReducer(editorView.getState().polygon, event)
    if (next.kind !== 'closed') {
      editorView.setState({ polygon: next })
      return
    }
    editorView.setState({ polygon: idlePolygon })
    this.#paintPolygon(next.ring)
  }

  /** Selects the next (1) or previous (-1) annotation that is shown; none after the last. */
  cycleSelection(direction: 1 | -1): void {
    const next = this.neighbour(direction)
    if (next !== null) selectAnnotation(next)
  }

  /** The id that `cycleSelection` would select, or null at the end. */
  neighbour(direction: 1 | -1): string | null {
    const { hiddenIds } = editorView.getState()
    const ids = this.document.state
      .getState()
      .annotations.map((record) => record.id)
      .filter((id) => !hiddenIds.has(id))
    const at = ids.indexOf(session.getState().selectedAnnotationId ?? '')
    const next = at < 0 ? (direction === 1 ? 0 : ids.length - 1) : at + direction
    return ids[next] ?? null
  }

  [Symbol.dispose](): void {
    this.#bailStroke()
    this.document.bail()
    this.#listeners.abort()
    for (const stop of this.#unsubscribe) stop()
    this.document[Symbol.dispose]()
    this.#view?.[Symbol.dispose]()
    this.#view = null
  }

  #open(): void {
    const { image } = this.document.state.getState()
    const layer = this.document.layer
    if (this.#view !== null || image === null || layer === null) return
    const { bridge, projectId, imageId, host } = this.#options
    let view: CanvasView
    try {
      view = new CanvasView(host, {
        layer,
        load: async (level, x, y, signal) =>
          (await bridge.media(tilePath(projectId, imageId, level, x, y), { signal })).bytes,
        onViewport: (_viewport, zoom) => editorView.setState({ zoom, drawn: false }),
        onFrame: (complete) => {
          if (editorView.getState().drawn !== complete) editorView.setState({ drawn: complete })
        },
        onProblem: this.#options.onProblem,
      })
    } catch (problem) {
      this.#options.onProblem(problem)
      return
    }
    this.#view = view
    const { signal } = this.#listeners
    const { canvas } = view
    canvas.addEventListener('pointerdown', (event) => this.#onDown(event), { signal })
    canvas.addEventListener('pointermove', (event) => this.#onMove(event), { signal })
    canvas.addEventListener('pointerup', (event) => this.#onUp(event), { signal })
    canvas.addEventListener('pointercancel', () => this.#onCancel(), { signal })
    canvas.addEventListener('pointerleave', () => this.#onLeave(), { signal })
    canvas.addEventListener('dblclick', () => this.#onDoubleClick(), { signal })
    canvas.addEventListener('wheel', (event) => this.#onWheel(event), { signal, passive: false })
    canvas.addEventListener('contextmenu', (event) => event.preventDefault(), { signal })
    this.#onView()
    this.#restyle()
  }

  #onDocument(): void {
    const { annotations, phase, draft } = this.document.state.getState()
    const selected = session.getState().selectedAnnotationId
    const known = annotations.some((record) => record.id === selected) || draft?.annotationId === selected
    if (phase === 'ready' && selected !== null && !known) selectAnnotation(null)
    this.#open()
    this.#restyle()
  }

  #onPixels(): void {
    editorView.setState({ drawn: false })
    this.#view?.invalidate()
  }

  #onSelection(): void {
    // During a gesture the annotation it changes stays on top.
    if (this.document.gesture === null) {
      this.document.layer?.setActive(session.getState().selectedAnnotationId)
    }
    this.#restyle()
  }

  #onView(): void {
    const view = this.#view
    if (view === null) return
    const { bare, tool } = editorView.getState()
    view.setAppearance(preferences.getState().maskOpacity, !bare)
    const cursors = { select: 'default', brush: 'none', eraser: 'none', polygon: 'crosshair' } as const
    view.canvas.style.cursor = this.#drag.kind === 'pan' ? 'grabbing' : this.#spaceHeld ? 'grab' : cursors[tool]
    this.#restyle()
  }

  /** Colours and marks of the masks. */
  #restyle(): void {
    const view = this.#view
    if (view === null) return
    const { annotations, draft } = this.document.state.getState()
    const { hiddenIds } = editorView.getState()
    const selectedId = session.getState().selectedAnnotationId
    const colours = new Map(this.#classes.map((each) => [each.id, each.colour]))
    const styles = new Map<string, MaskStyle>()
    const gesture = this.document.gesture
    for (const record of annotations) {
      styles.set(record.id, {
        colour: colours.get(record.classId) ?? unknownColour,
        hidden: hiddenIds.has(record.id),
        // Drawing on a proposal accepts it: shown as soon as it happens.
        proposed: record.state === 'proposed' && gesture?.annotationId !== record.id,
        selected: record.id === selectedId,
      })
    }
    if (draft !== null) {
      const colour = colours.get(draft.classId) ?? unknownColour
      styles.set(draft.annotationId, { colour, hidden: false, proposed: false, selected: false })
    }
    view.setStyles(styles)
    this.#rescene()
  }

  /** Boxes, cursor and polygon: what lies above the picture. */
  #rescene(): void {
    const view = this.#view
    if (view === null) return
    const { annotations } = this.document.state.getState()
    const { hiddenIds, polygon, tool, brushDiameter, bare } = editorView.getState()
    const selectedId = session.getState().selectedAnnotationId
    const colours = new Map(this.#classes.map((each) => [each.id, each.colour]))
    const at = this.#pointer
    const boxes = annotations.flatMap((record) =>
      record.box === null || hiddenIds.has(record.id) || bare
        ? []
        : [
            {
              box: record.box,
              colour: colours.get(record.classId) ?? unknownColour,
              selected: record.id === selectedId,
            },
          ],
    )
    const paints = tool === 'brush' || tool === 'eraser'
    const shown = paints && !this.#spaceHeld && this.#drag.kind !== 'pan'
    const erases = this.#paintValue(this.#ctrlHeld) === 0
    view.setScene({
      cursor: shown && at !== null ? { at, diameter: brushDiameter, erases } : null,
      polygon,
      boxes,
    })
  }

  #paintValue(opposite: boolean): 0 | 1 {
    return (editorView.getState().tool === 'eraser') === opposite ? 1 : 0
  }

  #chooseTarget(value: 0 | 1, at: ImagePx): PaintTarget | null {
    const { selectedAnnotationId, activeClassId } = session.getState()
    const choice = choosePaintTarget({
      annotations: this.document.state.getState().annotations,
      selectedId: selectedAnnotationId,
      activeClass: this.#classes.find((each) => each.id === activeClassId),
      value,
      under: this.document.layer?.hitTest(at) ?? null,
    })
    if (choice.kind === 'target') {
      setHidden([choice.target.annotationId], false)
      return choice.target
    }
    this.#options.onHint(choice.reason)
    return null
  }

  #onDown(event: PointerEvent): void {
    const view = this.#view
    if (view === null || this.#drag.kind !== 'none') return
    view.canvas.focus({ preventScroll: true })
    this.#setPointer(view.imagePoint(event))
    if (event.button === 1 || (event.button === 0 && this.#spaceHeld)) {
      event.preventDefault()
      view.canvas.setPointerCapture(event.pointerId)
      this.#drag = { kind: 'pan', pointerId: event.pointerId, x: event.clientX, y: event.clientY }
      this.#onView()
      return
    }
    if (event.button !== 0) return
    const at = view.imagePoint(event)
    const { tool } = editorView.getState()
    switch (tool) {
      case 'select':
        selectAnnotation(this.#hit(at))
        return
      case 'polygon':
        this.#subtracts = event.altKey || event.ctrlKey || event.metaKey
        this.polygon({ kind: 'press', at, closeWithin: (handleRadius + 3) / view.viewport.scale })
        return
      case 'brush':
      case 'eraser':
        this.#beginStroke(event, at)
        return
      default:
        assertNever(tool)
    }
  }

  /** The topmost annotation at a point; a box counts by its area. */
  #hit(at: ImagePx): string | null {
    const mask = this.document.layer?.hitTest(at)
    if (mask !== null && mask !== undefined) return mask
    const { hiddenIds } = editorView.getState()
    const box = this.document.state.getState().annotations.findLast((record) => {
      if (record.box === null || hiddenIds.has(record.id)) return false
      const [x, y, width, height] = record.box
      return at.x >= x && at.y >= y && at.x < x + width && at.y < y + height
    })
    return box?.id ?? null
  }

  #beginStroke(event: PointerEvent, at: ImagePx): void {
    const view = this.#view
    const value = this.#paintValue(event.ctrlKey || event.metaKey)
    const target = this.#chooseTarget(value, at)
    if (view === null || target === null) return
    view.canvas.setPointerCapture(event.pointerId)
    const { brushDiameter } = editorView.getState()
    const from = event.shiftKey ? this.#lastStroke : null
    const stroke = new Stroke(this.document.begin(target), { diameter: brushDiameter, value }, at, from)
    this.#drag = { kind: 'stroke', pointerId: event.pointerId, stroke, value }
    editorView.setState({ drawing: true, bare: false })
    view.invalidate()
  }

  #onMove(event: PointerEvent): void {
    const view = this.#view
    if (view === null) return
    if (this.#drag.kind === 'pan' && event.pointerId === this.#drag.pointerId) {
      view.panBy(event.clientX - this.#drag.x, event.clientY - this.#drag.y)
      this.#drag.x = event.clientX
      this.#drag.y = event.clientY
    } else if (this.#drag.kind === 'stroke' && event.pointerId === this.#drag.pointerId) {
      const events = event.getCoalescedEvents()
      const points = (events.length === 0 ? [event] : events).map((each) => view.imagePoint(each))
      this.#drag.stroke.lineTo(points)
      view.invalidate()
    }
    this.#ctrlHeld = event.ctrlKey || event.metaKey
    this.#setPointer(view.imagePoint(event))
    if (editorView.getState().polygon.kind === 'drawing') this.polygon({ kind: 'move', at: view.imagePoint(event) })
  }

  #onUp(event: PointerEvent): void {
    const drag = this.#drag
    if (drag.kind === 'none' || event.pointerId !== drag.pointerId) return
    this.#drag = { kind: 'none' }
    if (drag.kind === 'stroke') {
      // The last point may differ from that of the last move.
      const view = this.#view
      if (view !== null) drag.stroke.lineTo([view.imagePoint(event)])
      this.#lastStroke = drag.stroke.last
      const target = this.document.gesture
      const changed = this.document.finish(drag.value === 1 ? 'brush' : 'erase', drag.value)
      editorView.setState({ drawing: false })
      if (changed && target !== null) this.#selectPainted(target)
      this.#onSelection()
    }
    this.#onView()
  }

  #onCancel(): void {
    this.#bailStroke()
    this.#drag = { kind: 'none' }
    this.#onView()
  }

  #onLeave(): void {
    if (this.#drag.kind === 'none') this.#setPointer(null)
  }

  #onDoubleClick(): void {
    if (editorView.getState().polygon.kind === 'drawing') this.polygon({ kind: 'finish' })
  }

  #onWheel(event: WheelEvent): void {
    event.preventDefault()
    const view = this.#view
    if (view === null) return
    const delta = event.deltaY === 0 ? event.deltaX : event.deltaY
    if (event.shiftKey) {
      if (delta !== 0) stepBrush(delta < 0 ? 1 : -1)
      return
    }
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? delta * 32 : delta
    view.zoomBy(wheelZoom ** -pixels, view.screenPoint(event))
    this.#setPointer(view.imagePoint(event))
  }

  #onKey(event: KeyboardEvent, down: boolean): void {
    const ctrl = event.ctrlKey || event.metaKey
    if (ctrl !== this.#ctrlHeld) {
      this.#ctrlHeld = ctrl
      this.#rescene()
    }
    if (event.code === 'KeyX' && !down) editorView.setState({ bare: false })
    if (event.code !== 'Space') return
    const onPage = event.target === document.body || event.target === this.#view?.canvas
    if (down && !onPage) return
    if (down) event.preventDefault()
    if (this.#spaceHeld === down) return
    this.#spaceHeld = down
    this.#onView()
  }

  #releaseKeys(): void {
    this.#spaceHeld = false
    this.#ctrlHeld = false
    this.#onView()
  }

  #bailStroke(): void {
    if (this.#drag.kind !== 'stroke') return
    this.#drag = { kind: 'none' }
    this.document.bail()
    editorView.setState({ drawing: false })
    this.#onSelection()
  }

  #setPointer(point: ImagePx | null): void {
    this.#pointer = point
    this.#rescene()
  }

  #paintPolygon(ring: readonly number[]): void {
    const { image } = this.document.state.getState()
    const first = this.#pointer
    if (image === null || first === null) return
    const value = this.#subtracts ? 0 : 1
    const target = this.#chooseTarget(value, first)
    if (target === null) return
    this.document.begin(target).write(polygonSpans([ring], image.height), value)
    const changed = this.document.finish(value === 1 ? 'polygon' : 'polygonSubtract', value, value === 1 ? ring : null)
    if (changed) this.#selectPainted(target)
    this.#onSelection()
    if (!changed) this.#options.onHint('polygonTooSmall')
  }

  /** The next stroke goes on with the same object. */
  #selectPainted(target: PaintTarget): void {
    if (this.document.annotation(target.annotationId) !== undefined) selectAnnotation(target.annotationId)
  }
}

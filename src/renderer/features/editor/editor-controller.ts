import type { Bridge } from '../../../shared/contract/contract.ts'
import { tilePath } from '../../../shared/contract/media.ts'
import type { ClassRecord } from '../../../shared/domain/records.ts'
import { assertNever } from '../../../shared/errors.ts'
import { polygonSpans } from '../../../shared/mask/polygon-spans.ts'
import { CanvasView } from '../../canvas/canvas-view.ts'
import type { MaskStyle } from '../../canvas/canvas-view.ts'
import { imagePx } from '../../canvas/coordinates.ts'
import type { ImagePx, ScreenPx } from '../../canvas/coordinates.ts'
import { cornerAt, cornerPoint, edgeAt } from '../../canvas/outline.ts'
import type { Corner } from '../../canvas/outline.ts'
import { edgeReach, handleReach } from '../../canvas/overlay.ts'
import { closesPolygon, constrained, idlePolygon, polygonReducer } from '../../canvas/polygon-tool.ts'
import type { PolygonEvent } from '../../canvas/polygon-tool.ts'
import { Stroke } from '../../canvas/stroke.ts'
import { preferences } from '../../app/preferences.ts'
import { selectAnnotation, session } from '../../app/session.ts'
import { commitQueueOf } from './commit-queue.ts'
import type { CommitQueue } from './commit-queue.ts'
import { EditorDocument } from './editor-document.ts'
import type { Gesture, PaintTarget } from './editor-document.ts'
import { editorView, resetForImage, stepBrush } from './editor-view.ts'
import { isHidden, isLocked, refusalOf } from './guards.ts'
import { nearImage, OutlineEditing } from './outline-editing.ts'
import type { OutlineHint } from './outline-editing.ts'
import { choosePaintTarget } from './paint-target.ts'
import { tracePolygon } from './traced-polygon.ts'
import type { TracedPolygon } from './traced-polygon.ts'

export type Hint = 'chooseClass' | 'nothingToErase' | 'polygonTooSmall' | 'locked' | 'hidden' | OutlineHint

export interface ControllerOptions {
  readonly bridge: Bridge
  readonly projectId: string
  readonly imageId: string
  /** Where the canvases go. */
  readonly host: HTMLElement
  /** Says why nothing was drawn, or what could not be had. */
  readonly onHint: (hint: Hint) => void
  readonly onProblem: (problem: unknown) => void
}

type Drag =
  | { readonly kind: 'none' }
  | { readonly kind: 'pan'; readonly pointerId: number; x: number; y: number }
  | { readonly kind: 'stroke'; readonly pointerId: number; readonly stroke: Stroke; readonly value: 0 | 1 }
  /** A polygon's point was placed; freehand once the pointer has left it. */
  | { readonly kind: 'trace'; readonly pointerId: number; readonly from: ScreenPx; traces: boolean }
  /** A corner or an edge of an outline is held; nothing changes before the pointer has moved. */
  | {
      readonly kind: 'corner'
      readonly pointerId: number
      readonly from: ScreenPx
      /** From the pointer to what it grasped, so that nothing jumps. */
      readonly offset: { readonly x: number; readonly y: number }
      readonly edge: { readonly edge: Corner; readonly at: ImagePx } | null
      moves: boolean
    }

/** CSS pixels that a pressed pointer may tremble. */
const dragFrom = 3
/** CSS pixels after which a pressed pointer draws freehand, and between the points it leaves. */
const traceFrom = 6
const traceSpacing = 4

const wheelZoom = 1.0015
const unknownColour = '#ffffff'

/** One image in the editor: takes the pointer and the tools to the document, and the document to the canvas. */
export class EditorController implements Disposable {
  readonly document: EditorDocument
  readonly queue: CommitQueue<Gesture>
  readonly outline: OutlineEditing
  readonly #options: ControllerOptions
  readonly #listeners = new AbortController()
  readonly #unsubscribe: (() => void)[] = []
  #view: CanvasView | null = null
  #classes: readonly ClassRecord[] = []
  #drag: Drag = { kind: 'none' }
  #pointer: ImagePx | null = null
  #spaceHeld = false
  #ctrlHeld = false
  /**
   * What the polygon in progress does: Shift with its first click adds to the selected object, Alt or Ctrl with its
   * first or last takes away.
   */
  #polygonMode: 'draw' | 'add' | 'subtract' = 'draw'
  /** What of an outline lies under the pointer. */
  #hover: { readonly corner: boolean; readonly grip: ImagePx | null } | null = null
  /** Where the last stroke ended, for a straight line with Shift. */
  #lastStroke: ImagePx | null = null

  constructor(options: ControllerOptions) {
    this.#options = options
    const { bridge, projectId, imageId } = options
    resetForImage()
    this.queue = commitQueueOf<Gesture>(bridge, projectId)
    this.document = new EditorDocument(bridge, projectId, imageId, this.queue)
    this.document.onPixels = () => this.#onPixels()
    this.outline = new OutlineEditing(this.document, options.onHint, () => this.#onPixels())
    this.#unsubscribe.push(
      this.document.state.subscribe(() => this.#onDocument()),
      editorView.subscribe(() => this.#onView()),
      preferences.subscribe(() => this.#onView()),
      session.subscribe((now, before) => {
        if (now.selectedAnnotationId !== before.selectedAnnotationId) {
          this.outline.endNudges()
          this.outline.take(null)
          this.#onSelection()
        } else if (now.hiddenClassIds !== before.hiddenClassIds || now.lockedClassIds !== before.lockedClassIds) {
          this.#restyle()
        }
      }),
    )
    const { signal } = this.#listeners
    window.addEventListener('keydown', (event) => this.#onKey(event, true), { signal })
    window.addEventListener('keyup', (event) => this.#onKey(event, false), { signal })
    window.addEventListener('blur', () => this.#releaseKeys(), { signal })
    // Whatever is done next finds what was nudged written: undo takes it back, another image leaves it behind.
    window.addEventListener('keydown', (event) => this.#endNudges(event), { signal, capture: true })
    window.addEventListener('pointerdown', () => this.outline.endNudges(), { signal, capture: true })
    this.document.refresh()
  }

  get view(): CanvasView | null {
    return this.#view
  }

  setClasses(classes: readonly ClassRecord[]): void {
    this.#classes = classes
    this.#restyle()
  }

  /** Esc: the gesture, the polygon, the corner in hand, then the selection. */
  escape(): void {
    if (this.#drag.kind === 'stroke') this.#bailStroke()
    else if (this.outline.isOpen || this.#drag.kind === 'corner') this.#bailCorner()
    else if (editorView.getState().polygon.kind === 'drawing') this.polygon({ kind: 'bail' })
    else if (this.outline.corner !== null) this.outline.take(null)
    else selectAnnotation(null)
  }

  /** Says why an annotation is not changed; true when it may be. */
  permits(annotationId: string): boolean {
    const record = this.document.annotation(annotationId)
    if (record === undefined || !isLocked(record)) return true
    this.#options.onHint('locked')
    return false
  }

  /** Gives the selected mask corners; null when there is none to be converted. */
  toPolygon(): TracedPolygon | null {
    const id = session.getState().selectedAnnotationId
    const record = id === null ? undefined : this.document.annotation(id)
    const { layer } = this.document
    if (record === undefined || layer === null || record.kind === 'box' || !this.permits(record.id)) return null
    const traced = tracePolygon(layer.tilesOf(record.id), layer.size)
    if (traced !== null) this.document.toPolygon(record.id, traced.polygon)
    return traced
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
    const ids = this.document.state
      .getState()
      .annotations.filter((record) => !isHidden(record))
      .map((record) => record.id)
    const at = ids.indexOf(session.getState().selectedAnnotationId ?? '')
    const next = at < 0 ? (direction === 1 ? 0 : ids.length - 1) : at + direction
    return ids[next] ?? null
  }

  [Symbol.dispose](): void {
    this.#bailStroke()
    this.outline[Symbol.dispose]()
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
    // After an undo the corner in hand may be none of the outline's.
    if (this.outline.corner === null && editorView.getState().corner !== null) this.outline.take(null)
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
    if (tool !== 'select') this.outline.endNudges()
    view.setAppearance(preferences.getState().maskOpacity, !bare)
    this.#showCursor(view)
    this.#restyle()
  }

  #showCursor({ canvas }: CanvasView): void {
    const { tool } = editorView.getState()
    const hover = this.#hover
    const select = hover === null ? 'default' : hover.corner ? 'move' : 'copy'
    const cursors = { select, brush: 'none', eraser: 'none', polygon: 'crosshair' } as const
    canvas.style.cursor = this.#drag.kind === 'pan' ? 'grabbing' : this.#spaceHeld ? 'grab' : cursors[tool]
  }

  /** Colours and marks of the masks. */
  #restyle(): void {
    const view = this.#view
    if (view === null) return
    const { annotations, draft } = this.document.state.getState()
    const selectedId = session.getState().selectedAnnotationId
    const colours = new Map(this.#classes.map((each) => [each.id, each.colour]))
    const styles = new Map<string, MaskStyle>()
    const gesture = this.document.gesture
    for (const record of annotations) {
      styles.set(record.id, {
        colour: colours.get(record.classId) ?? unknownColour,
        hidden: isHidden(record),
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
    const { polygon, tool, brushDiameter, bare } = editorView.getState()
    const selectedId = session.getState().selectedAnnotationId
    const colours = new Map(this.#classes.map((each) => [each.id, each.colour]))
    const at = this.#pointer
    const boxes = annotations.flatMap((record) =>
      record.box === null || isHidden(record) || bare
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
      outline:
        this.outline.rings === null
          ? null
          : { rings: this.outline.rings, corner: this.outline.corner, grip: this.#hover?.grip ?? null },
      boxes,
    })
  }

  #paintValue(opposite: boolean): 0 | 1 {
    return (editorView.getState().tool === 'eraser') === opposite ? 1 : 0
  }

  /** @param anew draws an object of its own, whatever is selected, when the class in hand has objects */
  #chooseTarget(value: 0 | 1, at: ImagePx, anew = false): PaintTarget | null {
    const { selectedAnnotationId, activeClassId } = session.getState()
    const activeClass = this.#classes.find((each) => each.id === activeClassId)
    const choice = choosePaintTarget({
      annotations: this.document.state.getState().annotations,
      selectedId: anew && activeClass?.split === 'instances' ? null : selectedAnnotationId,
      activeClass,
      value,
      under: this.document.layer?.hitTest(at) ?? null,
      refusalOf,
    })
    if (choice.kind === 'target') return choice.target
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
        if (!this.#graspOutline(event, view)) selectAnnotation(this.#hit(at))
        return
      case 'polygon':
        this.#placePoint(event, view)
        return
      case 'brush':
      case 'eraser':
        this.#beginStroke(event, at)
        return
      default:
        assertNever(tool)
    }
  }

  #placePoint(event: PointerEvent, view: CanvasView): void {
    const { polygon } = editorView.getState()
    const takesAway = event.altKey || event.ctrlKey || event.metaKey
    const isFirst = polygon.kind !== 'drawing'
    if (takesAway) this.#polygonMode = 'subtract'
    else if (isFirst) this.#polygonMode = event.shiftKey ? 'add' : 'draw'
    const at = this.#polygonPoint(event, view)
    this.polygon({ kind: 'press', at, closeWithin: handleReach / view.viewport.scale })
    if (editorView.getState().polygon.kind !== 'drawing') return
    view.canvas.setPointerCapture(event.pointerId)
    this.#drag = { kind: 'trace', pointerId: event.pointerId, from: view.screenPoint(event), traces: false }
  }

  /** Where a point would be placed: with Shift on one of eight directions, unless it closes the polygon. */
  #polygonPoint(event: PointerEvent, view: CanvasView): ImagePx {
    const { polygon } = editorView.getState()
    const at = nearImage(view.imagePoint(event), view.image)
    const isFree = !event.shiftKey || closesPolygon(polygon, at, handleReach / view.viewport.scale)
    return isFree ? at : constrained(polygon, at)
  }

  /** Takes hold of a corner or an edge under the pointer; Alt takes a corner away. Returns whether there was one. */
  #graspOutline(event: PointerEvent, view: CanvasView): boolean {
    const { rings } = this.outline
    if (rings === null) return false
    const at = view.imagePoint(event)
    const { scale } = view.viewport
    const corner = cornerAt(rings, at, handleReach / scale)
    if (corner !== null && event.altKey) {
      this.outline.remove(corner)
      return true
    }
    const edge = corner === null ? edgeAt(rings, at, edgeReach / scale) : null
    if (corner !== null) this.outline.take(corner)
    else if (edge === null) {
      this.outline.take(null)
      return false
    }
    const grasped = corner === null ? edge?.at : cornerPoint(rings, corner)
    view.canvas.setPointerCapture(event.pointerId)
    this.#drag = {
      kind: 'corner',
      pointerId: event.pointerId,
      from: view.screenPoint(event),
      offset: { x: (grasped?.x ?? at.x) - at.x, y: (grasped?.y ?? at.y) - at.y },
      edge,
      moves: false,
    }
    return true
  }

  #dragCorner(drag: Extract<Drag, { kind: 'corner' }>, event: PointerEvent, view: CanvasView): void {
    if (!drag.moves) {
      if (distance(view.screenPoint(event), drag.from) < dragFrom) return
      if (!this.outline.begin()) return
      drag.moves = true
      if (drag.edge !== null) this.outline.insert(drag.edge.edge, drag.edge.at)
      this.#hover = { corner: true, grip: null }
    }
    const at = view.imagePoint(event)
    this.outline.moveTo(imagePx(at.x + drag.offset.x, at.y + drag.offset.y))
  }

  #trace(drag: Extract<Drag, { kind: 'trace' }>, event: PointerEvent, view: CanvasView): void {
    drag.traces ||= distance(view.screenPoint(event), drag.from) >= traceFrom
    if (!drag.traces) return
    const events = event.getCoalescedEvents()
    for (const each of events.length === 0 ? [event] : events) {
      const at = nearImage(view.imagePoint(each), view.image)
      this.polygon({ kind: 'trace', at, spacing: traceSpacing / view.viewport.scale })
    }
  }

  #hoverOutline(view: CanvasView, at: ImagePx): void {
    const { rings } = this.outline
    const { scale } = view.viewport
    const corner = rings !== null && cornerAt(rings, at, handleReach / scale) !== null
    const grip = rings === null || corner ? null : (edgeAt(rings, at, edgeReach / scale)?.at ?? null)
    this.#hover = corner || grip !== null ? { corner, grip } : null
    this.#showCursor(view)
  }

  /** The topmost annotation at a point; a box counts by its area. */
  #hit(at: ImagePx): string | null {
    const mask = this.document.layer?.hitTest(at)
    if (mask !== null && mask !== undefined) return mask
    const box = this.document.state.getState().annotations.findLast((record) => {
      if (record.box === null || isHidden(record)) return false
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
    } else if (this.#drag.kind === 'corner' && event.pointerId === this.#drag.pointerId) {
      this.#dragCorner(this.#drag, event, view)
    } else if (this.#drag.kind === 'trace' && event.pointerId === this.#drag.pointerId) {
      this.#trace(this.#drag, event, view)
    }
    if (this.#drag.kind === 'none') this.#hoverOutline(view, view.imagePoint(event))
    this.#ctrlHeld = event.ctrlKey || event.metaKey
    this.#setPointer(view.imagePoint(event))
    if (editorView.getState().polygon.kind === 'drawing') {
      this.polygon({ kind: 'move', at: this.#polygonPoint(event, view) })
    }
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
    } else if (drag.kind === 'corner') {
      if (drag.moves) this.outline.finish()
      // An edge that was only clicked is a click on what lies there.
      else if (drag.edge !== null && this.#view !== null) selectAnnotation(this.#hit(this.#view.imagePoint(event)))
      if (this.#view !== null) this.#hoverOutline(this.#view, this.#view.imagePoint(event))
    } else if (drag.kind === 'trace' && drag.traces && this.#view !== null) {
      const at = nearImage(this.#view.imagePoint(event), this.#view.image)
      this.polygon({ kind: 'lift', at, closeWithin: handleReach / this.#view.viewport.scale })
    }
    this.#onView()
  }

  #onCancel(): void {
    this.#bailStroke()
    this.#bailCorner()
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
    this.outline.endNudges()
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

  #bailCorner(): void {
    this.outline.bail()
    if (this.#drag.kind === 'corner') this.#drag = { kind: 'none' }
  }

  #endNudges(event: KeyboardEvent): void {
    const goesOn = event.key.startsWith('Arrow') || event.key === 'Shift'
    if (!goesOn) this.outline.endNudges()
  }

  #setPointer(point: ImagePx | null): void {
    this.#pointer = point
    this.#rescene()
  }

  #paintPolygon(ring: readonly number[]): void {
    const { image } = this.document.state.getState()
    const first = this.#pointer
    if (image === null || first === null) return
    const value = this.#polygonMode === 'subtract' ? 0 : 1
    const target = this.#chooseTarget(value, first, this.#polygonMode === 'draw')
    if (target === null) return
    this.document.begin(target).write(polygonSpans([ring], image.height), value)
    const changed = this.document.finish(value === 1 ? 'polygon' : 'polygonSubtract', value, ring)
    if (changed) this.#selectPainted(target)
    this.#onSelection()
    if (!changed) this.#options.onHint('polygonTooSmall')
  }

  /** The next stroke goes on with the same object. */
  #selectPainted(target: PaintTarget): void {
    if (this.document.annotation(target.annotationId) !== undefined) selectAnnotation(target.annotationId)
  }
}

function distance(a: ScreenPx, b: ScreenPx): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}

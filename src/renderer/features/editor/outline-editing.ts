import { polygonSpans } from '../../../shared/mask/polygon-spans.ts'
import type { Rings } from '../../../shared/mask/polygon-spans.ts'
import { imagePx } from '../../canvas/coordinates.ts'
import type { ImagePx, Size } from '../../canvas/coordinates.ts'
import type { EditedMask } from '../../canvas/edited-mask.ts'
import {
  cornerPoint,
  edgeMiddle,
  hasCorner,
  insertCorner,
  moveCorner,
  neighbourCorner,
  removeCorner,
} from '../../canvas/outline.ts'
import type { Corner, OutlineChange } from '../../canvas/outline.ts'
import { session } from '../../app/session.ts'
import type { EditorDocument } from './editor-document.ts'
import { editorView } from './editor-view.ts'
import { refusalOf } from './guards.ts'

export type OutlineHint = 'outlineEmpty' | 'fewestCorners'

/** Nudges closer together than this are one step. */
const nudgePauseMs = 500

/**
 * The corners of the selected polygon: what a gesture does to them, its mask following at once. A gesture that has begun
 * ends in one history entry or leaves no trace.
 */
export class OutlineEditing implements Disposable {
  readonly #document: EditorDocument
  readonly #onHint: (hint: OutlineHint) => void
  readonly #onChange: () => void
  /** The gesture that has begun: the outline as it is now and the mask that follows it. */
  #open: { readonly mask: EditedMask; readonly corner: Corner | null; rings: Rings } | null = null
  #nudges: ReturnType<typeof setTimeout> | null = null

  constructor(document: EditorDocument, onHint: (hint: OutlineHint) => void, onChange: () => void) {
    this.#document = document
    this.#onHint = onHint
    this.#onChange = onChange
  }

  /** The outline that may be changed: that of the selected annotation with the select tool in hand. */
  get rings(): Rings | null {
    if (this.#open !== null) return this.#open.rings
    const record = this.#record
    const { tool, bare } = editorView.getState()
    return record === null || tool !== 'select' || bare || refusalOf(record) !== null ? null : record.polygon
  }

  /** The corner in hand, as far as the outline has it. */
  get corner(): Corner | null {
    const { corner } = editorView.getState()
    const rings = this.rings
    return corner !== null && rings !== null && hasCorner(rings, corner) ? corner : null
  }

  /** A gesture has begun. */
  get isOpen(): boolean {
    return this.#open !== null
  }

  take(corner: Corner | null): void {
    editorView.setState({ corner })
  }

  /** Takes the next (1) or previous (-1) corner in hand. */
  step(direction: 1 | -1): void {
    const { rings, corner } = this
    if (rings !== null && corner !== null) this.take(neighbourCorner(rings, corner, direction))
  }

  /** Begins a gesture; true when there is an outline for it. */
  begin(): boolean {
    this.endNudges()
    const record = this.#record
    const { rings } = this
    if (record === null || rings === null) return false
    const mask = this.#document.begin({ annotationId: record.id, classId: record.classId, isNew: false })
    this.#open = { mask, corner: this.corner, rings }
    editorView.setState({ drawing: true })
    return true
  }

  /** Moves the corner in hand during a gesture. */
  moveTo(point: ImagePx): void {
    const corner = this.corner
    if (this.#open !== null && corner !== null) this.#apply(moveCorner(this.#open.rings, corner, this.#near(point)))
  }

  /** Makes a corner on an edge during a gesture and takes it in hand. */
  insert(edge: Corner, at: ImagePx): void {
    if (this.#open === null) return
    this.#apply(insertCorner(this.#open.rings, edge, at))
    this.take({ ring: edge.ring, index: edge.index + 1 })
  }

  /** Ends the gesture: one history entry. An outline that holds no pixel is as it was before. */
  finish(): void {
    const open = this.#open
    if (open === null) return
    this.#clearNudges()
    this.#open = null
    if (open.mask.isEmpty()) {
      this.#document.bail()
      this.#onHint('outlineEmpty')
    } else {
      this.#document.finishOutline('outline', open.rings)
    }
    editorView.setState({ drawing: false })
    this.#onChange()
  }

  /** Ends the gesture without a trace. */
  bail(): void {
    const open = this.#open
    if (open === null) return
    this.#clearNudges()
    this.#open = null
    this.#document.bail()
    this.take(open.corner)
    editorView.setState({ drawing: false })
    this.#onChange()
  }

  /** Moves the corner in hand by whole image pixels. Nudges without a pause in between are one step. */
  nudge(dx: number, dy: number): void {
    const { corner } = this
    if (corner === null || (this.#nudges === null && !this.begin())) return
    this.#clearNudges()
    this.#nudges = setTimeout(() => this.finish(), nudgePauseMs)
    const at = this.rings === null ? null : cornerPoint(this.rings, corner)
    if (at !== null) this.moveTo(imagePx(at.x + dx, at.y + dy))
  }

  /** What was nudged is written now and not after the pause. */
  endNudges(): void {
    if (this.#nudges !== null) this.finish()
  }

  /** Takes a corner out in one step; a ring keeps three. */
  remove(corner: Corner): void {
    if (!this.begin() || this.#open === null) return
    const { rings } = this.#open
    const change = removeCorner(rings, corner)
    if (change === null) {
      this.bail()
      this.#onHint('fewestCorners')
      return
    }
    this.#apply(change)
    const count = (change.rings[corner.ring]?.length ?? 0) / 2
    this.take({ ring: corner.ring, index: Math.min(corner.index, count - 1) })
    this.finish()
  }

  /** A corner in the middle of the edge after the one in hand, in one step. */
  insertAfter(): void {
    const { rings, corner } = this
    const at = rings === null || corner === null ? null : edgeMiddle(rings, corner)
    if (corner === null || at === null || !this.begin()) return
    this.insert(corner, at)
    this.finish()
  }

  /** Nudges are written, any other gesture is given up. */
  [Symbol.dispose](): void {
    this.endNudges()
    this.bail()
  }

  get #record() {
    const id = session.getState().selectedAnnotationId
    return id === null ? null : (this.#document.annotation(id) ?? null)
  }

  #apply({ rings, swept }: OutlineChange): void {
    const open = this.#open
    const size = this.#size
    if (open === null || size === null) return
    open.mask.flip(polygonSpans([swept], size.height))
    open.rings = rings
    this.#onChange()
  }

  /** Corners may lie outside the image, within its size around it. */
  #near(point: ImagePx): ImagePx {
    return this.#size === null ? point : nearImage(point, this.#size)
  }

  get #size(): Size | null {
    return this.#document.state.getState().image
  }

  #clearNudges(): void {
    if (this.#nudges !== null) clearTimeout(this.#nudges)
    this.#nudges = null
  }
}

/** The nearest point that is not further outside the image than the image is large. */
export function nearImage(point: ImagePx, { width, height }: Size): ImagePx {
  return imagePx(Math.min(2 * width, Math.max(-width, point.x)), Math.min(2 * height, Math.max(-height, point.y)))
}

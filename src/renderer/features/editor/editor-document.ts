import { createStore } from 'zustand/vanilla'
import type { StoreApi } from 'zustand/vanilla'
import type { Bridge, ImageDocument } from '../../../shared/contract/contract.ts'
import { masksPath } from '../../../shared/contract/media.ts'
import { unpackMasks } from '../../../shared/contract/mask-pack.ts'
import type { PackedMask } from '../../../shared/contract/mask-pack.ts'
import type { HistoryEntry, HistoryState, MaskTile } from '../../../shared/domain/history.ts'
import type { AnnotationRecord, ImageRecord, ImageStatus, SupportRecord } from '../../../shared/domain/records.ts'
import { assertNever, isAppError } from '../../../shared/errors.ts'
import { polygonSpans, polygonTiles } from '../../../shared/mask/polygon-spans.ts'
import type { Rings, Span } from '../../../shared/mask/polygon-spans.ts'
import { forEachRun, tilesArea, tilesBounds, tilesEqual, xorTiles } from '../../../shared/mask/tiles.ts'
import type { EditedMask } from '../../canvas/edited-mask.ts'
import { MaskLayer } from '../../canvas/mask-layer.ts'
import { keepsClear } from '../../canvas/outline.ts'
import type { Commit, CommitQueue } from './commit-queue.ts'
import { applyToRecords, crowdEntry, deleteEntry, outlineEntry, paintEntry, reassignEntry } from './entries.ts'
import type { GestureLabel } from './entries.ts'

/** What a drawing gesture is about to change. */
export interface PaintTarget {
  readonly annotationId: string
  readonly classId: string
  /** The annotation does not exist yet. */
  readonly isNew: boolean
}

/** A gesture as it was meant, so that it can be done again on a newer state of the image. */
export type Gesture =
  | {
      readonly kind: 'paint'
      readonly label: GestureLabel
      readonly target: PaintTarget
      readonly value: 0 | 1
      readonly pixels: readonly MaskTile[]
      readonly ring: readonly number[] | null
    }
  | { readonly kind: 'outline'; readonly annotationId: string; readonly polygon: Rings }
  | { readonly kind: 'delete'; readonly annotationId: string }
  | { readonly kind: 'crowd'; readonly annotationId: string; readonly crowd: boolean }
  | { readonly kind: 'reassign'; readonly annotationId: string; readonly classId: string }

export interface DocumentState {
  readonly phase: 'loading' | 'ready' | 'failed'
  /** Why the image or its newer state cannot be had. */
  readonly problem: unknown
  readonly image: ImageRecord | null
  readonly status: ImageStatus | null
  /** Bottom first. */
  readonly annotations: readonly AnnotationRecord[]
  readonly supports: readonly SupportRecord[]
  /** What is shown is what the store last told of. */
  readonly settled: boolean
  /** A gesture on an annotation that is not among `annotations` yet. */
  readonly draft: PaintTarget | null
}

const initial: DocumentState = {
  phase: 'loading',
  problem: null,
  image: null,
  status: null,
  annotations: [],
  supports: [],
  settled: false,
  draft: null,
}

/**
 * One image's records and masks as this page knows them: what the store has, plus the page's own gestures
 * that are still on their way. Knows neither React nor the canvas.
 */
export class EditorDocument implements Disposable {
  readonly state: StoreApi<DocumentState> = createStore<DocumentState>(() => initial)
  readonly imageId: string
  readonly #bridge: Bridge
  readonly #projectId: string
  readonly #queue: CommitQueue<Gesture>
  readonly #unsubscribe: (() => void)[] = []
  readonly #abort = new AbortController()
  #layer: MaskLayer | null = null
  #onPixels: () => void = () => {}
  #gesture: PaintTarget | null = null
  /** Rises with everything this page does to the image: an answer asked for before is out of date. */
  #epoch = 0
  #stale = true
  #refreshing = false

  constructor(bridge: Bridge, projectId: string, imageId: string, queue: CommitQueue<Gesture>) {
    this.#bridge = bridge
    this.#projectId = projectId
    this.imageId = imageId
    this.#queue = queue
    this.#unsubscribe.push(
      bridge.project.changed((event) => {
        if (event.projectId === projectId && (event.all || event.imageIds.includes(imageId))) this.refresh()
      }),
      bridge.connection((connection) => {
        if (connection !== 'connected') return
        // A write that failed for want of a connection only waited for this one.
        if (isAppError(queue.state.getState().failure?.problem, 'Io')) queue.retry()
        this.refresh()
      }),
      queue.listen({
        onCommitted: (commit, state) => this.#onCommitted(commit, state),
        onIdle: () => this.#refreshIfNeeded(),
      }),
    )
  }

  /** The masks; null before the image is known. */
  get layer(): MaskLayer | null {
    return this.#layer
  }

  get gesture(): PaintTarget | null {
    return this.#gesture
  }

  /** Called whenever masks have changed and must be drawn. */
  set onPixels(listener: () => void) {
    this.#onPixels = listener
  }

  annotation(id: string): AnnotationRecord | undefined {
    return this.state.getState().annotations.find((record) => record.id === id)
  }

  /** Fetches the newer state as soon as nothing of this page's own is under way. */
  refresh(): void {
    this.#stale = true
    this.state.setState({ settled: false })
    this.#refreshIfNeeded()
  }

  /** Begins a drawing gesture. */
  begin(target: PaintTarget): EditedMask {
    if (this.#layer === null) throw new Error('The image is not there yet')
    this.#epoch++
    this.#gesture = target
    if (target.isNew) this.state.setState({ draft: target })
    return this.#layer.beginEdit(target.annotationId)
  }

  /**
   * Ends the gesture: one history entry, sent at once.
   *
   * @param ring what was drawn, for a polygon
   * @returns whether anything changed; if not, nothing is written
   */
  finish(label: GestureLabel, value: 0 | 1, ring: readonly number[] | null = null): boolean {
    const target = this.#gesture
    const layer = this.#layer
    if (target === null || layer === null) return false
    this.#gesture = null
    const memo = layer.endEdit()
    if (memo.length === 0) {
      if (target.isNew) layer.drop(target.annotationId)
      this.#endGesture()
      return false
    }
    const { supports } = this.state.getState()
    const before = this.annotation(target.annotationId) ?? null
    const entry = paintEntry({
      label,
      imageId: this.imageId,
      before,
      created: { id: target.annotationId, classId: target.classId, at: new Date().toISOString() },
      support: supports.find((support) => support.annotationId === target.annotationId),
      memo,
      after: layer.tilesOf(target.annotationId),
      polygon: ring === null ? null : polygonWith(before, ring, memo, layer.size),
    })
    this.#commit(entry, { kind: 'paint', label, target, value, pixels: memo, ring })
    this.#endGesture()
    return true
  }

  /**
   * Ends a gesture that made an annotation's pixels those of a polygon: one history entry, sent at once.
   *
   * @returns whether anything changed; if not, nothing is written
   */
  finishOutline(label: 'outline' | 'toPolygon', polygon: Rings): boolean {
    const target = this.#gesture
    const record = target === null ? undefined : this.annotation(target.annotationId)
    if (this.#layer === null || record === undefined) {
      this.bail()
      return false
    }
    this.#gesture = null
    const memo = this.#layer.endEdit()
    const changed = memo.length > 0 || JSON.stringify(record.polygon) !== JSON.stringify(polygon)
    if (changed) {
      const entry = outlineEntry(label, record, polygon, memo)
      this.#commit(entry, { kind: 'outline', annotationId: record.id, polygon })
    }
    this.#endGesture()
    return changed
  }

  /** Makes a mask the pixels of a polygon, which is its source from now on. */
  toPolygon(annotationId: string, polygon: Rings): void {
    const record = this.annotation(annotationId)
    if (record === undefined || this.#layer === null) return
    const flipped = xorTiles(this.#layer.tilesOf(annotationId), polygonTiles(polygon, this.#layer.size))
    this.begin({ annotationId, classId: record.classId, isNew: false }).flip(spansOf(flipped))
    this.finishOutline('toPolygon', polygon)
  }

  /** Ends the gesture without a trace. */
  bail(): void {
    if (this.#gesture === null) return
    this.#gesture = null
    this.#layer?.bailEdit()
    this.#endGesture()
  }

  remove(annotationId: string): void {
    const record = this.annotation(annotationId)
    if (record === undefined || this.#layer === null) return
    const tiles = this.#layer.tilesOf(annotationId)
    this.#layer.drop(annotationId)
    this.#commit(deleteEntry(record, tiles, this.#supportOf(annotationId)), { kind: 'delete', annotationId })
    this.#onPixels()
  }

  /** Says that an annotation stands for a group of objects, or for one. */
  setCrowd(annotationId: string, crowd: boolean): void {
    const record = this.annotation(annotationId)
    if (record === undefined || record.crowd === crowd) return
    this.#commit(crowdEntry(record, crowd), { kind: 'crowd', annotationId, crowd })
  }

  reassign(annotationId: string, classId: string): void {
    const record = this.annotation(annotationId)
    if (record === undefined || record.classId === classId) return
    const entry = reassignEntry(record, classId, this.#supportOf(annotationId))
    this.#commit(entry, { kind: 'reassign', annotationId, classId })
    this.#onPixels()
  }

  /**
   * After a conflict: takes the newer state and does the kept gestures again on it. Rejects, and keeps
   * everything, when the newer state cannot be had.
   */
  async reapply(): Promise<void> {
    // Fetched before anything is taken out of the queue: when this fails, everything is still kept.
    const document = await this.#fetchDocument()
    const masks = await this.#fetchMasks(document.revision)
    if (this.#abort.signal.aborted) return
    const kept = this.#queue.takeBack(this.imageId)
    this.#epoch++
    this.#apply(document, masks)
    for (const { gesture } of kept) this.#redo(gesture)
  }

  /** Gives up what could not be written: the image is as the store has it. */
  discard(): void {
    this.#queue.takeBack(this.imageId)
    this.#epoch++
    this.refresh()
  }

  [Symbol.dispose](): void {
    this.#abort.abort()
    for (const stop of this.#unsubscribe) stop()
    this.#onPixels = () => {}
  }

  #supportOf(annotationId: string): SupportRecord | undefined {
    return this.state.getState().supports.find((support) => support.annotationId === annotationId)
  }

  #endGesture(): void {
    this.state.setState({ draft: null })
    this.#onPixels()
    this.#refreshIfNeeded()
  }

  #commit(entry: HistoryEntry, gesture: Gesture): void {
    this.#epoch++
    const state = this.state.getState()
    const next = applyToRecords(state.annotations, state.supports, entry.operations)
    const touched = new Set(entry.operations.flatMap((each) => (each.kind === 'mask' ? [each.annotationId] : [])))
    const annotations = next.annotations.map((record) => (touched.has(record.id) ? this.#measured(record) : record))
    this.state.setState({ annotations, supports: next.supports })
    this.#queue.push({ imageId: this.imageId, entry, gesture })
  }

  #measured(record: AnnotationRecord): AnnotationRecord {
    const tiles = this.#layer?.tilesOf(record.id) ?? []
    return { ...record, area: tilesArea(tiles), bounds: tilesBounds(tiles) ?? [0, 0, 0, 0] }
  }

  #onCommitted(commit: Commit<Gesture>, { revision }: HistoryState): void {
    if (commit.imageId !== this.imageId) return
    const touched = new Set(
      commit.entry.operations.flatMap((each) => (each.kind === 'mask' ? [each.annotationId] : [])),
    )
    // These pixels are the page's own: no need to fetch them.
    this.state.setState(({ annotations }) => ({
      annotations: annotations.map((record) =>
        touched.has(record.id) ? { ...record, maskRevision: revision } : record,
      ),
    }))
  }

  /** Whether something of this page's own is under way, over which an answer must not be laid. */
  #busy(): boolean {
    return this.#gesture !== null || this.#queue.holds(this.imageId)
  }

  #refreshIfNeeded(): void {
    const loaded = this.#layer !== null
    if (!this.#stale || this.#refreshing || this.#abort.signal.aborted || (loaded && this.#busy())) return
    void this.#refresh()
  }

  async #refresh(): Promise<void> {
    this.#refreshing = true
    try {
      while (this.#stale && !(this.#layer !== null && this.#busy())) {
        this.#stale = false
        const epoch = this.#epoch
        const document = await this.#fetchDocument()
        const masks = this.#hasPixelsOf(document) ? null : await this.#fetchMasks(document.revision)
        if (this.#abort.signal.aborted) return
        if (epoch !== this.#epoch) this.#stale = true
        else this.#apply(document, masks)
      }
    } catch (problem) {
      if (this.#abort.signal.aborted) return
      this.state.setState(({ phase }) => ({ problem, phase: phase === 'ready' ? 'ready' : 'failed' }))
    } finally {
      this.#refreshing = false
    }
  }

  #fetchDocument(): Promise<ImageDocument> {
    const query = { projectId: this.#projectId, imageId: this.imageId }
    return this.#bridge.images.get(query, { signal: this.#abort.signal })
  }

  async #fetchMasks(revision: number): Promise<PackedMask[]> {
    const path = masksPath(this.#projectId, this.imageId, revision)
    const { bytes } = await this.#bridge.media(path, { signal: this.#abort.signal })
    return unpackMasks(bytes)
  }

  #hasPixelsOf(document: ImageDocument): boolean {
    if (this.#layer === null) return false
    const known = new Map(this.state.getState().annotations.map((record) => [record.id, record.maskRevision]))
    return document.annotations.every((record) => known.get(record.id) === record.maskRevision)
  }

  #apply(document: ImageDocument, masks: readonly PackedMask[] | null): void {
    const layer = (this.#layer ??= new MaskLayer(document.image))
    const packed = masks === null ? null : new Map(masks.map((mask) => [mask.annotationId, mask.tiles]))
    layer.replace(
      document.annotations.map(({ id }) => ({
        id,
        tiles: packed === null ? layer.tilesOf(id) : (packed.get(id) ?? []),
      })),
    )
    this.state.setState({
      phase: 'ready',
      problem: null,
      image: document.image,
      status: document.status,
      annotations: document.annotations,
      supports: document.supports,
      settled: !this.#stale,
    })
    this.#onPixels()
  }

  #redo(gesture: Gesture): void {
    switch (gesture.kind) {
      case 'delete':
        this.remove(gesture.annotationId)
        return
      case 'crowd':
        this.setCrowd(gesture.annotationId, gesture.crowd)
        return
      case 'reassign':
        this.reassign(gesture.annotationId, gesture.classId)
        return
      case 'paint': {
        const isNew = this.annotation(gesture.target.annotationId) === undefined
        if (isNew && gesture.value === 0) return
        this.begin({ ...gesture.target, isNew }).write(spansOf(gesture.pixels), gesture.value)
        this.finish(gesture.label, gesture.value, gesture.ring)
        return
      }
      case 'outline': {
        const record = this.annotation(gesture.annotationId)
        // What is no polygon any more was painted on elsewhere: its pixels are not this page's to overwrite.
        if (record === undefined || record.polygon === null || this.#layer === null) return
        const flipped = polygonSpans([...record.polygon, ...gesture.polygon], this.#layer.size.height)
        this.begin({ annotationId: record.id, classId: record.classId, isNew: false }).flip(flipped)
        this.finishOutline('outline', gesture.polygon)
        return
      }
      default:
        assertNever(gesture)
    }
  }
}

function spansOf(tiles: readonly MaskTile[]): Span[] {
  const spans: Span[] = []
  forEachRun(tiles, (y, left, right) => spans.push([y, left, right]))
  return spans
}

/**
 * The polygon of an annotation to which a ring was added or from which it was taken; null when the result is no polygon.
 * Rings count odd and even, so it is one when exactly the ring's pixels flipped: a part apart, or a hole inside.
 */
function polygonWith(
  before: AnnotationRecord | null,
  ring: readonly number[],
  memo: readonly MaskTile[],
  size: { readonly width: number; readonly height: number },
): Rings | null {
  const rings = before === null ? [] : before.polygon
  if (rings === null || !keepsClear(rings, ring)) return null
  return tilesEqual(memo, polygonTiles([ring], size)) ? [...rings, ring] : null
}

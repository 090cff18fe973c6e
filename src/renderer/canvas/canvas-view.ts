import { tileSize } from '../../shared/contract/media.ts'
import type { ImagePx, ScreenPx, Size } from './coordinates.ts'
import { screenPx } from './coordinates.ts'
import { GlRenderer, paletteFlags, paletteWidth } from './gl-renderer.ts'
import { ImageTiles } from './image-tiles.ts'
import type { TileLoader } from './image-tiles.ts'
import type { MaskLayer } from './mask-layer.ts'
import { drawOverlay } from './overlay.ts'
import type { OverlayScene } from './overlay.ts'
import { idlePolygon } from './polygon-tool.ts'
import {
  actualSizeViewport,
  clampViewport,
  fitViewport,
  panBy,
  toImage,
  visibleRect,
  zoomAbout,
  zoomOf,
} from './viewport.ts'
import type { Surface, Viewport } from './viewport.ts'

/** How the masks of one annotation are drawn. */
export interface MaskStyle {
  /** `#rrggbb` */
  readonly colour: string
  readonly hidden: boolean
  readonly proposed: boolean
  readonly selected: boolean
}

export interface CanvasViewOptions {
  /** The masks, and the size of the image. */
  readonly layer: MaskLayer
  readonly load: TileLoader
  /** The view has moved. `zoom` is device pixels per image pixel. */
  readonly onViewport: (viewport: Viewport, zoom: number) => void
  /** A frame is on the screen. `complete`: with every tile that is in view. */
  readonly onFrame: (complete: boolean) => void
  /** A tile could not be had, or the graphics context is gone and does not come back. */
  readonly onProblem: (problem: unknown) => void
}

/** Bytes of image tiles kept, about 330 tiles. */
const imageCacheBytes = 256 << 20

const emptyScene: OverlayScene = { cursor: null, polygon: idlePolygon, outline: null, boxes: [] }

/**
 * One image on the screen: two stacked canvases (picture with masks, overlay) in `host`, drawn once per
 * animation frame and only when something changed. Owns everything it makes, the WebGL context included.
 */
export class CanvasView implements Disposable {
  readonly image: Size
  readonly layer: MaskLayer
  /** The element that takes the pointer. */
  readonly canvas: HTMLCanvasElement
  readonly #host: HTMLElement
  readonly #overlayCanvas: HTMLCanvasElement
  readonly #options: CanvasViewOptions
  readonly #gl: WebGL2RenderingContext
  readonly #renderer: GlRenderer
  readonly #tiles: ImageTiles
  readonly #resize: ResizeObserver
  readonly #listeners = new AbortController()
  #surface: Surface
  #viewport: Viewport
  #fitted = true
  #styles: ReadonlyMap<string, MaskStyle> = new Map()
  #opacity = 0.45
  #masksShown = true
  #scene = emptyScene
  #frame = 0
  #lost = false
  /** What the masks in the texture were laid out for. */
  #layout: 'none' | 'narrow' | 'wide' = 'none'

  /** @throws Error when the browser has no WebGL2 */
  constructor(host: HTMLElement, options: CanvasViewOptions) {
    this.#host = host
    this.#options = options
    this.layer = options.layer
    this.image = options.layer.size
    this.canvas = document.createElement('canvas')
    this.#overlayCanvas = document.createElement('canvas')
    const gl = this.canvas.getContext('webgl2', { alpha: true, antialias: false, depth: false, stencil: false })
    if (gl === null) throw new Error('This browser has no WebGL2, which drawing needs')
    this.#gl = gl
    for (const canvas of [this.canvas, this.#overlayCanvas]) {
      Object.assign(canvas.style, { position: 'absolute', inset: '0', width: '100%', height: '100%' })
      host.append(canvas)
    }
    this.canvas.style.touchAction = 'none'
    this.#overlayCanvas.style.pointerEvents = 'none'
    this.#overlayCanvas.setAttribute('aria-hidden', 'true')
    this.canvas.tabIndex = 0
    this.canvas.setAttribute('role', 'img')
    this.#renderer = new GlRenderer(gl)
    this.#tiles = new ImageTiles({
      image: this.image,
      load: options.load,
      maxBytes: imageCacheBytes,
      onChange: () => this.invalidate(),
      onProblem: options.onProblem,
    })
    this.#surface = this.#measure()
    this.#viewport = fitViewport(this.image, this.#surface)
    const { signal } = this.#listeners
    this.canvas.addEventListener('webglcontextlost', (event) => this.#onLost(event), { signal })
    this.canvas.addEventListener('webglcontextrestored', () => this.#onRestored(), { signal })
    this.#resize = new ResizeObserver(() => this.#onResize())
    this.#resize.observe(host)
    this.#moved()
  }

  get viewport(): Viewport {
    return this.#viewport
  }

  /** Device pixels per image pixel: 1 is "100 %". */
  get zoom(): number {
    return zoomOf(this.#viewport, this.#surface)
  }

  fit(): void {
    this.#fitted = true
    this.#viewport = fitViewport(this.image, this.#surface)
    this.#moved()
  }

  actualSize(): void {
    this.#fitted = false
    this.#viewport = actualSizeViewport(this.#viewport, this.image, this.#surface)
    this.#moved()
  }

  /** Zooms by `factor` about a point, or about the middle of the view. */
  zoomBy(factor: number, about?: ScreenPx): void {
    this.#fitted = false
    const pointer = about ?? screenPx(this.#surface.width / 2, this.#surface.height / 2)
    this.#viewport = zoomAbout(this.#viewport, pointer, factor, this.image, this.#surface)
    this.#moved()
  }

  panBy(dx: number, dy: number): void {
    this.#fitted = false
    this.#viewport = panBy(this.#viewport, dx, dy, this.image, this.#surface)
    this.#moved()
  }

  /** Where a pointer event is, in CSS pixels of the canvas. */
  screenPoint(event: { readonly clientX: number; readonly clientY: number }): ScreenPx {
    const box = this.canvas.getBoundingClientRect()
    return screenPx(event.clientX - box.left, event.clientY - box.top)
  }

  imagePoint(event: { readonly clientX: number; readonly clientY: number }): ImagePx {
    return toImage(this.#viewport, this.screenPoint(event))
  }

  setStyles(styles: ReadonlyMap<string, MaskStyle>): void {
    this.#styles = styles
    this.layer.setHidden(new Set([...styles].filter(([, style]) => style.hidden).map(([id]) => id)))
    this.#uploadPalette()
    this.invalidate()
  }

  /** @param opacity of the fill, 0 to 1 */
  setAppearance(opacity: number, masksShown: boolean): void {
    this.#opacity = opacity
    this.#masksShown = masksShown
    this.invalidate()
  }

  setScene(scene: OverlayScene): void {
    this.#scene = scene
    this.invalidate()
  }

  /** Asks again for tiles that could not be had. */
  retryTiles(): void {
    this.#tiles.retry()
  }

  /** Something to be seen has changed: draws with the next animation frame. */
  invalidate(): void {
    if (this.#frame !== 0 || this.#listeners.signal.aborted) return
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0
      this.render()
    })
  }

  /** Draws now. */
  render(): void {
    if (this.#lost) return
    this.#resizeCanvases()
    const ratio = this.#surface.devicePixelRatio
    const rect = visibleRect(this.#viewport, this.image, this.#surface)
    this.#tiles.view(rect, this.zoom)
    this.#renderer.pruneImageTiles((key) => this.#tiles.has(key))
    this.#uploadMasks(rect)
    this.#renderer.draw({
      width: this.canvas.width,
      height: this.canvas.height,
      scale: this.zoom,
      offsetX: this.#viewport.offsetX * ratio,
      offsetY: this.#viewport.offsetY * ratio,
      devicePixelRatio: ratio,
      image: this.image,
      tiles: this.#tiles.visible(rect),
      masks: this.#masksShown,
      opacity: this.#opacity,
    })
    const context = this.#overlayCanvas.getContext('2d')
    if (context !== null) {
      const { cursor, polygon, outline, boxes } = this.#scene
      const empty = cursor === null && polygon.kind !== 'drawing' && outline === null && boxes.length === 0
      // Hidden, not only cleared: Chromium may go on showing the last frame of a canvas that is only cleared.
      this.#overlayCanvas.style.visibility = empty ? 'hidden' : 'visible'
      context.setTransform(ratio, 0, 0, ratio, 0, 0)
      drawOverlay(context, this.#surface.width, this.#surface.height, this.#viewport, this.#scene)
    }
    this.#options.onFrame(this.#tiles.complete)
  }

  [Symbol.dispose](): void {
    if (this.#listeners.signal.aborted) return
    this.#listeners.abort()
    this.#resize.disconnect()
    cancelAnimationFrame(this.#frame)
    this.#tiles[Symbol.dispose]()
    this.#renderer[Symbol.dispose]()
    this.canvas.remove()
    this.#overlayCanvas.remove()
    // A page may hold only a few contexts; collection alone gives them back too late.
    this.#gl.getExtension('WEBGL_lose_context')?.loseContext()
  }

  #uploadMasks(rect: ReturnType<typeof visibleRect>): void {
    const layer = this.layer
    const layout = layer.wide ? 'wide' : 'narrow'
    if (layout !== this.#layout) {
      this.#renderer.layOutMasks(layer.columns, layer.rows, layer.wide)
      this.#layout = layout
      layer.invalidateUploads()
      this.#uploadPalette()
    }
    layer.refreshEdit()
    if (rect === null) return
    const inView = new Set<number>()
    const places: { readonly x: number; readonly y: number }[] = []
    for (let y = Math.floor(rect.top / tileSize); y * tileSize < rect.bottom; y++) {
      for (let x = Math.floor(rect.left / tileSize); x * tileSize < rect.right; x++) {
        inView.add(y * layer.columns + x)
        if (layer.tileAt(x, y) !== null) places.push({ x, y })
        else this.#renderer.removeMaskTile(x, y)
      }
    }
    for (const { x, y } of layer.trim(inView)) this.#renderer.removeMaskTile(x, y)
    const missing = places.filter(({ x, y }) => !this.#renderer.hasMaskTile(x, y)).length
    if (!this.#renderer.reserve(missing)) layer.invalidateUploads()
    for (const { x, y } of places) {
      const tile = layer.tileAt(x, y)
      if (tile === null) continue
      const isNew = !this.#renderer.hasMaskTile(x, y)
      if (tile.dirty === null && !isNew) continue
      this.#renderer.uploadMaskTile(
        x,
        y,
        tile.slots,
        tile.dirty ?? { left: 0, top: 0, right: tileSize, bottom: tileSize },
      )
      layer.uploaded(x, y)
    }
  }

  #uploadPalette(): void {
    if (this.#lost) return
    const rows = Math.floor(this.layer.largestSlot / paletteWidth) + 1
    const entries = new Uint8Array(rows * paletteWidth * 4)
    for (const { id, slot } of this.layer.slots) {
      const style = this.#styles.get(id)
      if (style === undefined) continue
      const colour = Number.parseInt(style.colour.slice(1), 16)
      const flags =
        (style.hidden ? paletteFlags.hidden : 0) |
        (style.proposed ? paletteFlags.proposed : 0) |
        (style.selected ? paletteFlags.selected : 0)
      entries.set([(colour >> 16) & 255, (colour >> 8) & 255, colour & 255, flags], slot * 4)
    }
    this.#renderer.setPalette(entries)
  }

  #onLost(event: Event): void {
    // Without this the context never comes back.
    event.preventDefault()
    this.#lost = true
  }

  #onRestored(): void {
    this.#lost = false
    this.#layout = 'none'
    try {
      this.#renderer.rebuild()
      this.#uploadPalette()
    } catch (problem) {
      this.#options.onProblem(problem)
      return
    }
    this.invalidate()
  }

  #onResize(): void {
    const before = this.#surface
    this.#surface = this.#measure()
    if (this.#fitted) {
      this.#viewport = fitViewport(this.image, this.#surface)
    } else {
      const shifted = {
        scale: this.#viewport.scale,
        offsetX: this.#viewport.offsetX + (this.#surface.width - before.width) / 2,
        offsetY: this.#viewport.offsetY + (this.#surface.height - before.height) / 2,
      }
      this.#viewport = clampViewport(shifted, this.image, this.#surface)
    }
    this.#moved()
    // Setting a canvas's size clears it: draw before the browser paints.
    this.render()
  }

  #measure(): Surface {
    return {
      width: Math.max(1, this.#host.clientWidth),
      height: Math.max(1, this.#host.clientHeight),
      devicePixelRatio: window.devicePixelRatio,
    }
  }

  #resizeCanvases(): void {
    const width = Math.max(1, Math.round(this.#surface.width * this.#surface.devicePixelRatio))
    const height = Math.max(1, Math.round(this.#surface.height * this.#surface.devicePixelRatio))
    for (const canvas of [this.canvas, this.#overlayCanvas]) {
      if (canvas.width !== width) canvas.width = width
      if (canvas.height !== height) canvas.height = height
    }
  }

  #moved(): void {
    const { scale, offsetX, offsetY } = this.#viewport
    this.canvas.dataset['viewport'] = `${scale},${offsetX},${offsetY}`
    this.#options.onViewport(this.#viewport, this.zoom)
    this.invalidate()
  }
}

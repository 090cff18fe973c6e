import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { MaskTile } from '../../shared/domain/history.ts'
import { createBitmap } from '../../shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../shared/mask/tiles.ts'
import { CanvasView } from './canvas-view.ts'
import type { CanvasViewOptions, MaskStyle } from './canvas-view.ts'
import { imagePx } from './coordinates.ts'
import { MaskLayer } from './mask-layer.ts'
import { Stroke } from './stroke.ts'

const size = { width: 700, height: 600 }
const accepted: MaskStyle = { colour: '#ff0000', hidden: false, proposed: false, selected: false }

let host: HTMLDivElement

beforeEach(() => {
  host = document.createElement('div')
  Object.assign(host.style, { position: 'fixed', left: '0', top: '0', width: '400px', height: '300px' })
  document.body.append(host)
})

afterEach(() => host.remove())

/** Level 0: red says the tile, 40 per tile to the right, 100 per tile down. Coarser levels: red is 200. */
function greyTile(level: number, x: number, y: number): Promise<Uint8Array> {
  const step = 2 ** level
  const width = Math.min(512, Math.ceil(size.width / step) - x * 512)
  const height = Math.min(512, Math.ceil(size.height / step) - y * 512)
  const bytes = new Uint8Array(width * height * 3).fill(50)
  for (let at = 0; at < bytes.length; at += 3) bytes[at] = level === 0 ? 50 + 40 * x + 100 * y : 200
  return Promise.resolve(bytes)
}

function square(x: number, y: number, side: number): MaskTile[] {
  const bitmap = createBitmap(size.width, size.height)
  for (let row = y; row < y + side; row++) bitmap.data.fill(1, row * size.width + x, row * size.width + x + side)
  return tilesFromBitmap(bitmap)
}

interface Opened extends Disposable {
  readonly view: CanvasView
  readonly layer: MaskLayer
  readonly gl: WebGL2RenderingContext
  readonly drawn: () => Promise<void>
  /** Colour at an image point, read back from the frame. */
  readonly at: (x: number, y: number) => number[]
}

function open(options: Partial<CanvasViewOptions> = {}): Opened {
  const layer = new MaskLayer(size)
  let complete = false
  const view = new CanvasView(host, {
    layer,
    load: greyTile,
    onViewport: () => {},
    onFrame: (isComplete) => {
      complete = isComplete
    },
    onProblem: (problem) => {
      throw problem
    },
    ...options,
  })
  const gl = view.canvas.getContext('webgl2')
  if (gl === null) throw new Error('no WebGL2')
  return {
    view,
    layer,
    gl,
    drawn: () =>
      vi.waitFor(
        () => {
          view.render()
          expect(complete).toBe(true)
        },
        { timeout: 15_000 },
      ),
    at: (x, y) => {
      view.render()
      const { scale, offsetX, offsetY } = view.viewport
      const pixel = new Uint8Array(4)
      const ratio = window.devicePixelRatio
      const column = Math.floor((x * scale + offsetX) * ratio)
      const row = view.canvas.height - 1 - Math.floor((y * scale + offsetY) * ratio)
      gl.readPixels(column, row, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel)
      return pixel[3] === 255 ? [...pixel.subarray(0, 3)] : [...pixel]
    },
    [Symbol.dispose]: () => {
      const error = gl.getError()
      view[Symbol.dispose]()
      expect(error).toBe(0)
    },
  }
}

describe('CanvasView', () => {
  it('draws every tile where it belongs and nothing around the image', async () => {
    using it = open()
    it.view.actualSize()
    await it.drawn()
    for (const [x, y] of [
      [511, 300],
      [513, 300],
      [511, 520],
      [513, 520],
    ] as const) {
      it.view.fit()
      it.view.actualSize()
      it.view.panBy(200 - 512 + 150, 150 - 512 + 212)
      await it.drawn()
      const expected = 50 + (x > 511 ? 40 : 0) + (y > 511 ? 100 : 0)
      expect(it.at(x + 0.5, y + 0.5)).toEqual([expected, 50, 50])
    }
    it.view.fit()
    await it.drawn()
    expect(it.at(-4, 300)).toEqual([0, 0, 0, 0])
  })

  it('shows masks in the colour of their class, mixed by opacity, and hides them', async () => {
    using it = open()
    it.layer.replace([
      { id: 'a', tiles: square(500, 500, 40) },
      { id: 'b', tiles: square(100, 100, 50) },
    ])
    it.view.setStyles(
      new Map([
        ['a', accepted],
        ['b', { ...accepted, colour: '#00ff00' }],
      ]),
    )
    it.view.setAppearance(0.5, true)
    await it.drawn()
    expect(it.at(520.5, 520.5)).toEqual([Math.round(100 + 255 / 2), 25, 25])
    expect(it.at(125.5, 125.5)).toEqual([100, 152, 25])
    it.view.setStyles(
      new Map([
        ['a', accepted],
        ['b', { ...accepted, hidden: true }],
      ]),
    )
    expect(it.at(125.5, 125.5)).toEqual([200, 50, 50])
    it.view.setAppearance(0.5, false)
    expect(it.at(520.5, 520.5)).toEqual([200, 50, 50])
  })

  it('draws an outline that does not stop at a tile border, and none at the border itself', async () => {
    using it = open()
    it.layer.replace([{ id: 'a', tiles: square(480, 480, 64) }])
    it.view.setStyles(new Map([['a', { ...accepted, selected: true }]]))
    it.view.setAppearance(0, true)
    await it.drawn()
    it.view.actualSize()
    it.view.panBy(-200, -200)
    await it.drawn()
    expect(it.at(480.5, 512.5)).toEqual([255, 255, 255])
    expect(it.at(500.5, 480.5)).toEqual([255, 255, 255])
    expect(it.at(511.5, 500.5)).toEqual([50, 50, 50])
    expect(it.at(512.5, 500.5)).toEqual([90, 50, 50])
  })

  it('tells a proposal from an accepted mask by pattern, not by colour alone', async () => {
    using it = open()
    it.layer.replace([{ id: 'a', tiles: square(100, 100, 200) }])
    it.view.setAppearance(0.6, true)
    await it.drawn()
    const row = (): Set<string> => new Set(Array.from({ length: 60 }, (_, at) => it.at(150 + at, 200.5).join()))
    it.view.setStyles(new Map([['a', accepted]]))
    expect(row().size).toBe(1)
    it.view.setStyles(new Map([['a', { ...accepted, proposed: true }]]))
    expect(row().size).toBe(2)
  })

  it('shows a stroke while it is drawn and takes it back on bail', async () => {
    using it = open()
    it.view.setStyles(new Map([['new', accepted]]))
    it.view.setAppearance(1, true)
    await it.drawn()
    const stroke = new Stroke(it.layer.beginEdit('new'), { diameter: 30, value: 1 }, imagePx(505, 300))
    it.view.setStyles(new Map([['new', accepted]]))
    it.view.render()
    stroke.lineTo([imagePx(560, 300)])
    expect(it.at(512.5, 300.5)).toEqual([255, 0, 0])
    expect(it.at(550.5, 300.5)).toEqual([255, 0, 0])
    expect(it.at(600.5, 300.5)).toEqual([200, 50, 50])
    stroke.lineTo([imagePx(640, 320)])
    expect(it.at(600.5, 310.5)).toEqual([255, 0, 0])
    expect(it.at(512.5, 300.5)).toEqual([255, 0, 0])
    it.layer.bailEdit()
    expect(it.at(512.5, 300.5)).toEqual([200, 50, 50])
  })

  it('tells more than 255 annotations apart', async () => {
    using it = open()
    const many = Array.from({ length: 300 }, (_, at) => ({
      id: `m${at}`,
      tiles: square((at % 20) * 30, Math.floor(at / 20) * 30, 24),
    }))
    it.layer.replace(many)
    it.view.setStyles(
      new Map(
        many.map(({ id }, at) => [
          id,
          { ...accepted, colour: `#${(at * 7919).toString(16).padStart(6, '0').slice(-6)}` },
        ]),
      ),
    )
    it.view.setAppearance(1, true)
    await it.drawn()
    for (const at of [0, 1, 254, 255, 256, 299]) {
      const colour = Number.parseInt((at * 7919).toString(16).padStart(6, '0').slice(-6), 16)
      expect(it.at((at % 20) * 30 + 12, Math.floor(at / 20) * 30 + 12)).toEqual([
        (colour >> 16) & 255,
        (colour >> 8) & 255,
        colour & 255,
      ])
    }
  })

  it('comes back after a lost context with image and masks', async () => {
    using it = open()
    it.layer.replace([{ id: 'a', tiles: square(100, 100, 50) }])
    it.view.setStyles(new Map([['a', accepted]]))
    it.view.setAppearance(0.5, true)
    await it.drawn()
    const before = it.at(125.5, 125.5)
    const extension = it.gl.getExtension('WEBGL_lose_context')
    const lost = new Promise((resolve) => it.view.canvas.addEventListener('webglcontextlost', resolve))
    extension?.loseContext()
    await lost
    it.view.render()
    const restored = new Promise((resolve) => it.view.canvas.addEventListener('webglcontextrestored', resolve))
    // The browser refuses to restore before the event that told of the loss has been handled.
    await new Promise((resolve) => setTimeout(resolve))
    extension?.restoreContext()
    await restored
    expect(it.gl.isContextLost()).toBe(false)
    expect(it.at(125.5, 125.5)).toEqual(before)
    expect(it.gl.getError()).toBe(0)
  })

  it('leaves no texture, program, sampler, listener or observer behind', async () => {
    const alive = new Map<string, number>()
    const prototype = WebGL2RenderingContext.prototype
    const kinds = ['Texture', 'Program', 'Sampler', 'Shader'] as const
    const restore: (() => void)[] = []
    for (const kind of kinds) {
      const make = vi.spyOn(prototype, `create${kind}` as 'createTexture')
      const remove = vi.spyOn(prototype, `delete${kind}` as 'deleteTexture')
      restore.push(() => {
        const deleted = new Set(remove.mock.calls.map(([thing]) => thing))
        alive.set(kind, make.mock.results.filter(({ value }) => !deleted.has(value)).length)
        expect(make.mock.calls.length, kind).toBeGreaterThan(0)
        make.mockRestore()
        remove.mockRestore()
      })
    }
    const observe = vi.spyOn(ResizeObserver.prototype, 'observe')
    const disconnect = vi.spyOn(ResizeObserver.prototype, 'disconnect')
    for (let time = 0; time < 10; time++) {
      using it = open()
      it.layer.replace([{ id: 'a', tiles: square(100, 100, 50) }])
      it.view.setStyles(new Map([['a', accepted]]))
      await it.drawn()
    }
    for (const each of restore) each()
    expect([...alive.values()]).toEqual([0, 0, 0, 0])
    expect(disconnect.mock.calls.length).toBe(observe.mock.calls.length)
    expect(host.children).toHaveLength(0)
    observe.mockRestore()
    disconnect.mockRestore()
  })
})

import { QueryClientProvider } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { render } from 'vitest-browser-react'
import { cdp, page } from 'vitest/browser'
import { createAnnotation } from '../../../shared/domain/annotations.ts'
import type { MaskTile } from '../../../shared/domain/history.ts'
import { AppError } from '../../../shared/errors.ts'
import { createBitmap } from '../../../shared/mask/bitmap.ts'
import { tilesArea, tilesFromBitmap } from '../../../shared/mask/tiles.ts'
import { BridgeProvider } from '../../app/bridge-context.tsx'
import { useCommands } from '../../app/commands.ts'
import { startKeyboard } from '../../app/keyboard.ts'
import { preferences } from '../../app/preferences.ts'
import { createQueryClient } from '../../app/queries.ts'
import { resetSession, session } from '../../app/session.ts'
import { EditedMask } from '../../canvas/edited-mask.ts'
import { imagePx, screenPx } from '../../canvas/coordinates.ts'
import type { ImagePx } from '../../canvas/coordinates.ts'
import { polygonSpans } from '../../canvas/spans.ts'
import { Stroke } from '../../canvas/stroke.ts'
import { toImage, toScreen } from '../../canvas/viewport.ts'
import type { Viewport } from '../../canvas/viewport.ts'
import { startTranslation } from '../../i18n/index.ts'
import { TooltipProvider } from '../../ui/Tooltip.tsx'
import { EditorScreen } from './EditorScreen.tsx'
import { editorView } from './editor-view.ts'
import { MemoryProject, testImage, testPixel } from './memory-project.test-support.ts'
import '../../ui/styles.css'

startTranslation()

let project: MemoryProject
let stopKeyboard: () => void

const modifiers = { none: 0, alt: 1, ctrl: 2, shift: 8 } as const

interface CdpSession {
  readonly send: (method: string, params: Readonly<Record<string, unknown>>) => Promise<unknown>
}

/** Input as the browser makes it: through the whole event path, not as made-up events. */
function send(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
  return (cdp() as unknown as CdpSession).send(method, params)
}

async function mouse(
  type: 'mousePressed' | 'mouseMoved' | 'mouseReleased' | 'mouseWheel',
  x: number,
  y: number,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  // The test page is a frame of the browser's page, possibly moved and scaled.
  const frame = window.frameElement?.getBoundingClientRect()
  const scale = (frame?.width ?? window.innerWidth) / window.innerWidth
  await send('Input.dispatchMouseEvent', {
    type,
    x: (frame?.left ?? 0) + x * scale,
    y: (frame?.top ?? 0) + y * scale,
    button: type === 'mouseMoved' || type === 'mouseWheel' ? 'none' : 'left',
    clickCount: 1,
    ...more,
  })
}

const keyCodes: Readonly<Record<string, string>> = { '[': 'BracketLeft', ']': 'BracketRight' }

async function press(key: string, held: number = modifiers.none): Promise<void> {
  const code = keyCodes[key] ?? (key.length > 1 ? key : /\d/.test(key) ? `Digit${key}` : `Key${key.toUpperCase()}`)
  const virtual = { Enter: 13, Escape: 27, Delete: 46, Backspace: 8, Tab: 9 }[key]
  const params = { key, code, modifiers: held, windowsVirtualKeyCode: virtual ?? key.toUpperCase().charCodeAt(0) }
  await send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...params })
  await send('Input.dispatchKeyEvent', { type: 'keyUp', ...params })
}

function root(): HTMLElement {
  const element = document.querySelector<HTMLElement>('[data-testid=editor]')
  if (element === null) throw new Error('no editor')
  return element
}

function canvas(): HTMLCanvasElement {
  const element = root().querySelector<HTMLCanvasElement>('canvas[data-viewport]')
  if (element === null) throw new Error('no canvas')
  return element
}

function viewport(): Viewport {
  const [scale = 1, offsetX = 0, offsetY = 0] = (canvas().dataset['viewport'] ?? '').split(',').map(Number)
  return { scale, offsetX, offsetY }
}

/** Window coordinates of an image point, by what the page says of itself. */
function onScreen(x: number, y: number): readonly [number, number] {
  const box = canvas().getBoundingClientRect()
  const point = toScreen(viewport(), imagePx(x, y))
  return [Math.round(box.left + point.x), Math.round(box.top + point.y)]
}

/** Where the pointer really was, in image pixels, after rounding to whole window pixels. */
function reached(x: number, y: number): ImagePx {
  const box = canvas().getBoundingClientRect()
  const [left, top] = onScreen(x, y)
  return toImage(viewport(), screenPx(left - box.left, top - box.top))
}

async function drag(points: readonly (readonly [number, number])[], held: number = modifiers.none): Promise<void> {
  const [first, ...rest] = points.map(([x, y]) => onScreen(x, y))
  const last = rest.at(-1) ?? first
  if (first === undefined || last === undefined) return
  await mouse('mouseMoved', ...first)
  await mouse('mousePressed', ...first, { modifiers: held, buttons: 1 })
  for (const point of rest) await mouse('mouseMoved', ...point, { modifiers: held, buttons: 1, button: 'left' })
  await mouse('mouseReleased', ...last, { modifiers: held })
}

async function click(x: number, y: number, held: number = modifiers.none): Promise<void> {
  await drag([[x, y]], held)
}

async function ready(): Promise<void> {
  await vi.waitFor(() => expect(root().dataset).toMatchObject({ ready: 'true', saved: 'true' }), { timeout: 10_000 })
}

/** What a stroke through these points must give, computed apart from the page. */
function referenceStroke(points: readonly (readonly [number, number])[], diameter: number): MaskTile[] {
  const mask = new EditedMask(testImage, () => undefined)
  const [first, ...rest] = points.map(([x, y]) => reached(x, y))
  if (first === undefined) return []
  const stroke = new Stroke(mask, { diameter, value: 1 }, first)
  stroke.lineTo(rest)
  return stroke.memo()
}

/** Colours of the frame at image points. */
function colourAt(x: number, y: number): number[] {
  const gl = canvas().getContext('webgl2')
  if (gl === null) throw new Error('no WebGL2')
  const pixel = new Uint8Array(4)
  const point = toScreen(viewport(), imagePx(x, y))
  const ratio = window.devicePixelRatio
  gl.readPixels(
    Math.floor(point.x * ratio),
    canvas().height - 1 - Math.floor(point.y * ratio),
    1,
    1,
    gl.RGBA,
    gl.UNSIGNED_BYTE,
    pixel,
  )
  return [...pixel.subarray(0, 3)]
}

/** The buffer is only readable in the frame that drew it. */
async function inFrame<T>(read: () => T): Promise<T> {
  editorView.setState({ bare: editorView.getState().bare })
  return new Promise((resolve) => requestAnimationFrame(() => resolve(read())))
}

function square(x: number, y: number, side: number): MaskTile[] {
  const bitmap = createBitmap(testImage.width, testImage.height)
  for (let row = y; row < y + side; row++) {
    bitmap.data.fill(1, row * testImage.width + x, row * testImage.width + x + side)
  }
  return tilesFromBitmap(bitmap)
}

async function mount(actions?: ReactNode): Promise<() => Promise<void>> {
  const screen = await render(
    <QueryClientProvider client={createQueryClient()}>
      <BridgeProvider bridge={project.bridge}>
        <TooltipProvider>
          <div style={{ position: 'fixed', inset: 0, display: 'flex' }}>
            <EditorScreen actions={actions} />
          </div>
        </TooltipProvider>
      </BridgeProvider>
    </QueryClientProvider>,
  )
  return () => screen.unmount()
}

beforeEach(async () => {
  await page.viewport(1200, 760)
  project = new MemoryProject()
  resetSession()
  session.setState({ screen: 'editor', projectId: project.projectId, imageId: 'image', activeClassId: 'jacket' })
  editorView.setState({ tool: 'brush', brushDiameter: 24 })
  preferences.setState({ maskOpacity: 0.5 })
  stopKeyboard = startKeyboard(window)
})

afterEach(() => stopKeyboard())

describe('EditorScreen', () => {
  it('paints exactly what the reference says, and shows it', async () => {
    await mount()
    await ready()
    const path = [
      [100, 100],
      [180, 140],
      [540, 300],
    ] as const
    await drag(path)
    await ready()
    const [annotation] = project.annotations
    expect(annotation).toMatchObject({ classId: 'jacket', origin: 'drawn', state: 'accepted' })
    expect(project.commits).toHaveLength(1)
    expect(project.tilesOf(annotation?.id ?? '')).toEqual(referenceStroke(path, 24))
    expect(root().dataset['annotationCount']).toBe('1')
    expect(root().dataset['selectedId']).toBe(annotation?.id)
    const [red, green, blue] = await inFrame(() => colourAt(180, 140))
    const picture = testPixel(180, 140)
    expect(Math.abs((red ?? 0) - (picture[0] + 255) / 2)).toBeLessThan(3)
    expect(Math.abs((green ?? 0) - picture[1] / 2)).toBeLessThan(3)
    expect(Math.abs((blue ?? 0) - picture[2] / 2)).toBeLessThan(3)
  })

  it('gives the same mask at any zoom and after panning', async () => {
    await mount()
    await ready()
    await mouse('mouseWheel', ...onScreen(300, 200), { deltaX: 0, deltaY: -700 })
    await ready()
    expect(Number(root().dataset['zoom'])).toBeGreaterThan(1)
    const path = [
      [280, 180],
      [330, 215],
    ] as const
    await drag(path)
    await ready()
    expect(project.tilesOf(project.annotations[0]?.id ?? '')).toEqual(referenceStroke(path, 24))
    await press('f', modifiers.ctrl)
    await ready()
    const box = canvas().getBoundingClientRect()
    expect(viewport().scale * testImage.width).toBeLessThanOrEqual(box.width)
  })

  it('erases, holds Ctrl for the opposite, and removes the object with its last pixel', async () => {
    project.change(
      createAnnotation(
        {
          id: 'proposal',
          imageId: 'image',
          classId: 'jacket',
          kind: 'mask',
          origin: 'predicted',
          state: 'proposed',
          score: 0.6,
          versionId: 'v1',
          polygon: null,
          box: null,
          createdAt: '2026-01-01T00:00:00.000Z',
        },
        square(300, 200, 40),
      ),
    )
    await mount()
    await ready()
    await drag([[320, 220]], modifiers.ctrl)
    await ready()
    expect(project.annotations[0]).toMatchObject({ origin: 'corrected', state: 'accepted' })
    const area = project.annotations[0]?.area ?? 0
    expect(area).toBeLessThan(1600)
    expect(area).toBeGreaterThan(1600 - 700)
    await press('e')
    editorView.setState({ brushDiameter: 200 })
    await drag([[320, 220]])
    await ready()
    expect(project.annotations).toEqual([])
    expect(root().dataset['annotationCount']).toBe('0')
    project.undo()
    await ready()
    expect(root().dataset['annotationCount']).toBe('1')
  })

  it('leaves no trace of a stroke that Esc ends', async () => {
    await mount()
    await ready()
    await mouse('mouseMoved', ...onScreen(100, 100))
    await mouse('mousePressed', ...onScreen(100, 100), { buttons: 1 })
    await mouse('mouseMoved', ...onScreen(200, 200), { buttons: 1, button: 'left' })
    expect(root().dataset['saved']).toBe('false')
    await press('Escape')
    await mouse('mouseReleased', ...onScreen(200, 200))
    await ready()
    expect(project.commits).toEqual([])
    expect(root().dataset['annotationCount']).toBe('0')
  })

  it('draws a polygon by clicks and keys and keeps it as the source', async () => {
    await mount()
    await ready()
    await press('p')
    await click(100, 100)
    await click(300, 100)
    await click(500, 350)
    await click(90, 300)
    await press('Backspace')
    await click(100, 300)
    const corners = [reached(100, 100), reached(300, 100), reached(500, 350), reached(100, 300)]
    await press('Enter')
    await ready()
    const [annotation] = project.annotations
    const ring = corners.flatMap((point) => [point.x, point.y])
    expect(annotation?.polygon).toEqual([ring])
    const reference = new EditedMask(testImage, () => undefined)
    reference.write(polygonSpans([ring], testImage.height), 1)
    expect(project.tilesOf(annotation?.id ?? '')).toEqual(reference.memo())
    // Alt takes away, and the polygon is no longer the source.
    await click(100, 100, modifiers.alt)
    await click(200, 100, modifiers.alt)
    await click(100, 200, modifiers.alt)
    await click(100, 100, modifiers.alt)
    await ready()
    expect(project.annotations[0]?.area).toBeLessThan(annotation?.area ?? 0)
    expect(project.annotations[0]?.polygon).toBeNull()
    expect(project.commits.map((entry) => entry.labelKey)).toEqual(['polygon', 'polygonSubtract'])
  })

  it('gives Enter to the polygon before the actions beside it', async () => {
    const taken = vi.fn<() => void>()
    function Actions(): null {
      useCommands([{ id: 'test.enter', labelKey: 'common.close', keys: ['Enter'], run: taken }])
      return null
    }
    await mount(<Actions />)
    await ready()
    await press('p')
    await click(100, 100)
    await click(300, 100)
    await click(300, 300)
    await press('Enter')
    await ready()
    expect(project.commits).toHaveLength(1)
    expect(taken).not.toHaveBeenCalled()
    await press('Enter')
    expect(taken).toHaveBeenCalledTimes(1)
  })

  it('selects by click, reassigns, hides and deletes by key', async () => {
    await mount()
    await ready()
    await press('2')
    expect(session.getState().activeClassId).toBe('shoe')
    await drag([[150, 150]])
    await press('Escape')
    await drag([[400, 250]])
    await ready()
    expect(project.annotations.map((record) => record.classId)).toEqual(['shoe', 'shoe'])
    await press('v')
    await click(150, 150)
    const first = project.annotations[0]?.id ?? ''
    expect(root().dataset['selectedId']).toBe(first)
    await press('Tab')
    expect(root().dataset['selectedId']).toBe(project.annotations[1]?.id)
    await press('Tab', modifiers.shift)
    expect(root().dataset['selectedId']).toBe(first)
    await press('1', modifiers.ctrl)
    await ready()
    expect(project.annotations[0]?.classId).toBe('jacket')
    await press('h')
    expect(editorView.getState().hiddenIds.has(first)).toBe(true)
    await press('Delete')
    await ready()
    expect(project.annotations).toHaveLength(1)
    expect(root().dataset['selectedId']).toBe('')
  })

  it('changes the brush by bracket keys and draws a straight line with Shift', async () => {
    await mount()
    await ready()
    await press(']')
    expect(editorView.getState().brushDiameter).toBe(28)
    await press('[')
    await press('[')
    expect(editorView.getState().brushDiameter).toBe(19)
    await click(100, 200)
    await click(500, 200, modifiers.shift)
    await ready()
    const [annotation] = project.annotations
    expect(tilesArea(project.tilesOf(annotation?.id ?? ''))).toBeGreaterThan(400 * 18)
  })

  it('raises an alarm when a stroke is not written, and writes it on retry', async () => {
    await mount()
    await ready()
    project.beforeCommit = () => Promise.reject(new AppError('Io', 'databaseUnwritable', 'The disk is full.'))
    await drag([
      [100, 100],
      [150, 100],
    ])
    await vi.waitFor(() => expect(document.querySelector('[data-testid=save-alarm]')).not.toBeNull(), {
      timeout: 15_000,
    })
    expect(root().dataset['saved']).toBe('false')
    expect(document.querySelector('[data-testid=save-alarm]')?.textContent).toContain('The disk is full.')
    project.beforeCommit = () => Promise.resolve()
    const retry = [...document.querySelectorAll('button')].find((button) => button.textContent === 'Try again')
    retry?.click()
    await ready()
    expect(project.commits).toHaveLength(1)
    expect(document.querySelector('[data-testid=save-alarm]')).toBeNull()
  })

  it('opens and closes ten times without leaving listeners, subscriptions or canvases', async () => {
    const added = vi.spyOn(window, 'addEventListener')
    const signals: AbortSignal[] = []
    for (let time = 0; time < 10; time++) {
      const unmount = await mount()
      await ready()
      await unmount()
    }
    for (const [type, , options] of added.mock.calls) {
      if (!['keydown', 'keyup', 'blur'].includes(type)) continue
      if (typeof options === 'object' && options.signal !== undefined) signals.push(options.signal)
    }
    added.mockRestore()
    expect(signals.length).toBeGreaterThanOrEqual(30)
    expect(signals.every((signal) => signal.aborted)).toBe(true)
    expect(project.listenerCount).toBe(0)
    expect(document.querySelectorAll('canvas')).toHaveLength(0)
  })
})

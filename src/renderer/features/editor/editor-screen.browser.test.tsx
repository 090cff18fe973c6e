import { QueryClientProvider } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { render } from 'vitest-browser-react'
import { cdp, page } from 'vitest/browser'
import { createAnnotation } from '../../../shared/domain/annotations.ts'
import type { MaskTile } from '../../../shared/domain/history.ts'
import { AppError } from '../../../shared/errors.ts'
import { createBitmap } from '../../../shared/mask/bitmap.ts'
import { polygonSpans, polygonTiles } from '../../../shared/mask/polygon-spans.ts'
import type { Rings } from '../../../shared/mask/polygon-spans.ts'
import { tilesArea, tilesFromBitmap } from '../../../shared/mask/tiles.ts'
import { BridgeProvider } from '../../app/bridge-context.tsx'
import { useCommands } from '../../app/commands.ts'
import { startKeyboard } from '../../app/keyboard.ts'
import { preferences } from '../../app/preferences.ts'
import { createQueryClient } from '../../app/queries.ts'
import { resetSession, session, setClassHidden, setClassLocked } from '../../app/session.ts'
import { EditedMask } from '../../canvas/edited-mask.ts'
import { imagePx, screenPx } from '../../canvas/coordinates.ts'
import type { ImagePx } from '../../canvas/coordinates.ts'
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
  const virtual = { Enter: 13, Escape: 27, Delete: 46, Backspace: 8, Tab: 9, ArrowLeft: 37, ArrowUp: 38 }[key]
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
  // The middle of the pixel: its corner may belong to its neighbour, as the window is laid out.
  const point = toScreen(viewport(), imagePx(x + 0.5, y + 0.5))
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
  editorView.setState({ tool: 'brush', brushDiameter: 24, lockedIds: new Set() })
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
          crowd: false,
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

/** An object with a polygon as its source, as if drawn earlier. */
function drawn(polygon: readonly (readonly number[])[], classId = 'shoe', id = 'drawn'): void {
  project.change(
    createAnnotation(
      {
        id,
        imageId: 'image',
        classId,
        kind: 'mask',
        origin: 'drawn',
        state: 'accepted',
        score: null,
        versionId: null,
        polygon: polygon.map((ring) => [...ring]),
        box: null,
        crowd: false,
        createdAt: '2026-01-01T00:00:00.000Z',
      },
      polygonTiles(polygon, testImage),
    ),
  )
}

const drawnSquare: Rings = [[100, 100, 300, 100, 300, 300, 100, 300]]

function sourceOf(id = 'drawn'): Rings | null | undefined {
  return project.annotations.find((record) => record.id === id)?.polygon
}

/** The law of every source: it gives exactly the stored pixels. */
function expectTrueSource(id = 'drawn'): void {
  const polygon = sourceOf(id)
  if (polygon === null || polygon === undefined) throw new Error('no source')
  expect(project.tilesOf(id)).toEqual(polygonTiles(polygon, testImage))
}

async function selectDrawn(): Promise<void> {
  await mount()
  await ready()
  await press('v')
  await click(200, 200)
  expect(root().dataset['selectedId']).toBe('drawn')
}

describe('corners of a polygon', () => {
  it('drags a corner with the mask following, as one step that undo takes back', async () => {
    drawn(drawnSquare)
    await selectDrawn()
    const [from, to] = [onScreen(300, 300), onScreen(400, 350)]
    await mouse('mouseMoved', ...from)
    expect(canvas().style.cursor).toBe('move')
    await mouse('mousePressed', ...from, { buttons: 1 })
    await mouse('mouseMoved', ...onScreen(350, 320), { buttons: 1, button: 'left' })
    await mouse('mouseMoved', ...to, { buttons: 1, button: 'left' })
    expect(root().dataset['saved']).toBe('false')
    expect(project.commits).toEqual([])
    const [, , blue] = await inFrame(() => colourAt(370, 330))
    expect(Math.abs((blue ?? 0) - (testPixel(370, 330)[2] + 255) / 2)).toBeLessThan(3)
    await mouse('mouseReleased', ...to)
    await ready()
    const [x, y] = sourceOf()?.[0]?.slice(4, 6) ?? []
    // Grasped where the pointer was, not at the corner's very middle.
    expect(Math.abs((x ?? 0) - 400)).toBeLessThan(2)
    expect(Math.abs((y ?? 0) - 350)).toBeLessThan(2)
    expectTrueSource()
    expect(project.commits.map((entry) => entry.labelKey)).toEqual(['outline'])
    expect(root().dataset['corner']).toBe('0,2')
    expect(canvas().style.cursor).toBe('move')
    project.undo()
    await ready()
    expect(sourceOf()).toEqual(drawnSquare)
    expectTrueSource()
  })

  it('leaves no trace of a drag that Esc ends, and none of a click', async () => {
    drawn(drawnSquare)
    await selectDrawn()
    await click(300, 100)
    expect(root().dataset['corner']).toBe('0,1')
    await mouse('mousePressed', ...onScreen(300, 300), { buttons: 1 })
    await mouse('mouseMoved', ...onScreen(400, 350), { buttons: 1, button: 'left' })
    await press('Escape')
    await mouse('mouseMoved', ...onScreen(450, 350), { buttons: 1, button: 'left' })
    await mouse('mouseReleased', ...onScreen(450, 350))
    await click(200, 100)
    await ready()
    expect(project.commits).toEqual([])
    expect(sourceOf()).toEqual(drawnSquare)
    const [red] = await inFrame(() => colourAt(370, 330))
    expect(Math.abs((red ?? 0) - testPixel(370, 330)[0])).toBeLessThan(3)
  })

  it('makes a corner of a dragged edge, takes corners away by Alt+click and Backspace, and keeps three', async () => {
    drawn(drawnSquare)
    await selectDrawn()
    await drag([
      [200, 100],
      [200, 50],
    ])
    await ready()
    expect(sourceOf()?.[0]).toHaveLength(10)
    expect(root().dataset['corner']).toBe('0,1')
    expectTrueSource()
    await click(100, 300, modifiers.alt)
    await ready()
    expect(sourceOf()?.[0]).toHaveLength(8)
    expectTrueSource()
    await click(300, 300)
    await press('Backspace')
    await ready()
    expect(sourceOf()?.[0]).toHaveLength(6)
    expectTrueSource()
    await press('Backspace')
    expect(session.getState().announcements.at(-1)?.text).toContain('three corners')
    await ready()
    expect(project.commits.map((entry) => entry.labelKey)).toEqual(['outline', 'outline', 'outline'])
  })

  it('goes from corner to corner and moves them by keyboard; nudges in a row are one step', async () => {
    drawn(drawnSquare)
    await selectDrawn()
    await press('Enter')
    expect(root().dataset['corner']).toBe('0,0')
    await press('Tab')
    await press('Tab')
    expect(root().dataset['corner']).toBe('0,2')
    await press('Tab', modifiers.shift)
    expect(root().dataset['corner']).toBe('0,1')
    await press('ArrowLeft')
    await press('ArrowLeft')
    await press('ArrowUp', modifiers.shift)
    expect(root().dataset['saved']).toBe('false')
    await ready()
    expect(sourceOf()?.[0]?.slice(2, 4)).toEqual([298, 90])
    expectTrueSource()
    expect(project.commits).toHaveLength(1)
    await press('i')
    await ready()
    expect(sourceOf()?.[0]?.slice(4, 6)).toEqual([299, 195])
    expect(root().dataset['corner']).toBe('0,2')
    // What is done next finds the nudge written.
    await press('ArrowUp')
    await press('Enter')
    expect(root().dataset['corner']).toBe('')
    expect(root().dataset['selectedId']).toBe('drawn')
    await ready()
    expect(project.commits).toHaveLength(3)
    await press('Tab')
    expect(root().dataset['selectedId']).toBe('drawn')
  })

  it('gives the same outline at any zoom, and finds corners at any', async () => {
    drawn(drawnSquare)
    await selectDrawn()
    await mouse('mouseWheel', ...onScreen(300, 300), { deltaX: 0, deltaY: -1400 })
    await ready()
    expect(viewport().scale).toBeGreaterThan(4)
    const [x, y] = onScreen(300, 300)
    await mouse('mouseMoved', x + 7, y)
    expect(canvas().style.cursor).toBe('move')
    await mouse('mouseMoved', x + 12, y + 12)
    expect(canvas().style.cursor).toBe('default')
    await drag([
      [300, 300],
      [312, 309],
    ])
    await ready()
    const [atX, atY] = sourceOf()?.[0]?.slice(4, 6) ?? []
    expect(Math.abs((atX ?? 0) - 312)).toBeLessThan(0.5)
    expect(Math.abs((atY ?? 0) - 309)).toBeLessThan(0.5)
    expectTrueSource()
  })

  it('drops the polygon with the stroke that paints on it, and undo brings back both', async () => {
    drawn(drawnSquare)
    await selectDrawn()
    await press('b')
    await drag([[320, 200]])
    await ready()
    expect(sourceOf()).toBeNull()
    expect(project.commits).toHaveLength(1)
    project.undo()
    await ready()
    expect(sourceOf()).toEqual(drawnSquare)
    expectTrueSource()
    await press('v')
    await drag([
      [100, 100],
      [80, 70],
    ])
    await ready()
    expectTrueSource()
  })

  it('stays as it was when no pixel would be left', async () => {
    drawn([[100, 100, 300, 100, 300, 140]])
    await mount()
    await ready()
    await press('v')
    await click(290, 120)
    await drag([
      [300, 140],
      [300, 100],
    ])
    await ready()
    expect(session.getState().announcements.at(-1)?.text).toContain('No pixel would be left')
    expect(project.commits).toEqual([])
    expectTrueSource()
  })

  it('changes nothing that is locked or hidden, by itself or with its class', async () => {
    drawn(drawnSquare)
    await selectDrawn()
    await press('l')
    await drag([
      [300, 300],
      [400, 350],
    ])
    session.setState({ selectedAnnotationId: 'drawn' })
    await press('Delete')
    await press('1', modifiers.ctrl)
    await press('b')
    await drag([[200, 200]])
    expect(session.getState().announcements.at(-1)?.text).toContain('locked')
    editorView.setState({ lockedIds: new Set() })
    setClassLocked('shoe', true)
    await drag([[200, 200]])
    setClassLocked('shoe', false)
    setClassHidden('shoe', true)
    await drag([[200, 200]])
    expect(session.getState().announcements.at(-1)?.text).toContain('hidden')
    expect(await inFrame(() => colourAt(200, 200))).toEqual([...testPixel(200, 200)])
    await ready()
    expect(project.commits).toEqual([])
    setClassHidden('shoe', false)
    await drag([[200, 310]])
    await ready()
    expect(project.commits).toHaveLength(1)
  })
})

describe('polygons beside a selected object', () => {
  async function triangle(x: number, y: number, side: number, held: number = modifiers.none): Promise<void> {
    await click(x, y, held)
    await click(x + side, y)
    await click(x + side, y + side)
    await press('Enter')
    await ready()
  }

  it('draws anew, adds with Shift, takes away with Alt, and keeps the source where the result is a polygon', async () => {
    await mount()
    await ready()
    await press('2')
    await press('p')
    await triangle(100, 100, 150)
    await triangle(300, 100, 100)
    expect(project.annotations).toHaveLength(2)
    const [first, second] = project.annotations.map((record) => record.id)
    expect(root().dataset['selectedId']).toBe(second)
    // A part apart.
    await triangle(450, 100, 60, modifiers.shift)
    expect(project.annotations).toHaveLength(2)
    expect(sourceOf(second)).toHaveLength(2)
    expectTrueSource(second)
    // A hole inside.
    session.setState({ selectedAnnotationId: first ?? null })
    await triangle(200, 130, 25, modifiers.alt)
    expect(sourceOf(first)).toHaveLength(2)
    expectTrueSource(first)
    // Over the border the result is no polygon that was drawn.
    await triangle(80, 90, 60, modifiers.shift)
    expect(sourceOf(first)).toBeNull()
    expect(project.commits.map((entry) => entry.labelKey)).toEqual([
      'polygon',
      'polygon',
      'polygon',
      'polygonSubtract',
      'polygon',
    ])
  })

  it('draws freehand while dragged and closes on the first point; Shift keeps to 45°', async () => {
    await mount()
    await ready()
    await press('p')
    const loop = [
      [100, 100],
      [200, 100],
      [250, 180],
      [200, 250],
      [100, 200],
      [101, 102],
    ] as const
    await drag(loop)
    await ready()
    const [annotation] = project.annotations
    expect(annotation?.polygon?.[0]?.length).toBeGreaterThanOrEqual(10)
    expectTrueSource(annotation?.id)
    await press('Escape')
    await press('2')
    await click(400, 100)
    await click(500, 108, modifiers.shift)
    await click(496, 200, modifiers.shift)
    await press('Enter')
    await ready()
    const [x0, y0, x1, y1, x2] = project.annotations[1]?.polygon?.[0] ?? []
    expect(y1).toBe(y0)
    expect(x2).toBe(x1)
    expect(x1).toBeGreaterThan(x0 ?? 0)
  })

  it('converts a mask to a polygon and says what that costs', async () => {
    await mount()
    await ready()
    editorView.setState({ brushDiameter: 120 })
    await drag([
      [200, 200],
      [350, 220],
    ])
    await ready()
    const [annotation] = project.annotations
    expect(annotation?.polygon).toBeNull()
    await press('P', modifiers.shift)
    await ready()
    const said = session.getState().announcements.at(-1)?.text ?? ''
    expect(said).toMatch(/^Now a polygon with \d+ corners, at most 1 px off: IoU 9\d(\.\d)? %/)
    expectTrueSource(annotation?.id)
    expect(project.commits.map((entry) => entry.labelKey)).toEqual(['brush', 'toPolygon'])
    project.undo()
    await ready()
    expect(sourceOf(annotation?.id)).toBeNull()
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { imagePx, screenPx } from './coordinates.ts'
import {
  actualSizeViewport,
  fitViewport,
  panBy,
  toImage,
  toScreen,
  visibleRect,
  zoomAbout,
  zoomOf,
} from './viewport.ts'
import type { Surface, Viewport } from './viewport.ts'

const size = fc.record({ width: fc.integer({ min: 1, max: 12_000 }), height: fc.integer({ min: 1, max: 12_000 }) })
const surface: fc.Arbitrary<Surface> = fc.record({
  width: fc.integer({ min: 1, max: 4000 }),
  height: fc.integer({ min: 1, max: 3000 }),
  devicePixelRatio: fc.constantFrom(1, 1.25, 1.5, 2, 3),
})
const coordinate = fc.double({ min: -20_000, max: 20_000, noNaN: true })
const viewport: fc.Arbitrary<Viewport> = fc.record({
  scale: fc.double({ min: 0.001, max: 64, noNaN: true }),
  offsetX: coordinate,
  offsetY: coordinate,
})

describe('viewport', () => {
  it('maps to the screen and back', () => {
    fc.assert(
      fc.property(viewport, coordinate, coordinate, (view, x, y) => {
        const back = toImage(view, toScreen(view, imagePx(x, y)))
        expect(Math.abs(back.x - x)).toBeLessThan(1e-4)
        expect(Math.abs(back.y - y)).toBeLessThan(1e-4)
      }),
    )
  })

  it('shows the whole image when fitted, as large as it goes', () => {
    fc.assert(
      fc.property(size, surface, (image, canvas) => {
        const view = fitViewport(image, canvas)
        expect(visibleRect(view, image, canvas)).toEqual({ left: 0, top: 0, right: image.width, bottom: image.height })
        expect(zoomOf(view, canvas)).toBeLessThanOrEqual(64 + 1e-9)
      }),
    )
    const view = fitViewport({ width: 1000, height: 500 }, { width: 532, height: 532, devicePixelRatio: 1 })
    expect(view).toEqual({ scale: 0.5, offsetX: 16, offsetY: 141 })
  })

  it('keeps the image point under the pointer when it zooms in and out again', () => {
    const image = { width: 1000, height: 800 }
    const canvas = { width: 600, height: 500, devicePixelRatio: 1 }
    fc.assert(
      fc.property(
        fc.integer({ min: 50, max: 550 }),
        fc.integer({ min: 50, max: 450 }),
        fc.double({ min: 1, max: 30, noNaN: true }),
        (x, y, factor) => {
          const before = fitViewport(image, canvas)
          const pointer = screenPx(x, y)
          const after = zoomAbout(before, pointer, factor, image, canvas)
          expect(toImage(after, pointer).x).toBeCloseTo(toImage(before, pointer).x, 6)
          expect(toImage(after, pointer).y).toBeCloseTo(toImage(before, pointer).y, 6)
          const back = zoomAbout(after, pointer, 1 / factor, image, canvas)
          expect(back.scale).toBeCloseTo(before.scale, 9)
        },
      ),
    )
  })

  it('never loses the image, however it is moved and zoomed', () => {
    fc.assert(
      fc.property(
        size,
        surface,
        fc.array(fc.tuple(coordinate, coordinate, fc.double({ min: 0.01, max: 100, noNaN: true })), { maxLength: 6 }),
        (image, canvas, moves) => {
          let view = fitViewport(image, canvas)
          for (const [x, y, factor] of moves) {
            view = panBy(view, x, y, image, canvas)
            view = zoomAbout(view, screenPx(x, y), factor, image, canvas)
          }
          expect(visibleRect(view, image, canvas)).not.toBeNull()
          expect(zoomOf(view, canvas)).toBeLessThanOrEqual(64 + 1e-9)
        },
      ),
    )
  })

  it('is one image pixel per device pixel at 100 %', () => {
    const canvas = { width: 601, height: 500, devicePixelRatio: 1.5 }
    const image = { width: 4000, height: 3001 }
    const view = actualSizeViewport(fitViewport(image, canvas), image, canvas)
    expect(zoomOf(view, canvas)).toBeCloseTo(1, 12)
    expect((view.offsetX * 1.5) % 1).toBeCloseTo(0, 9)
  })
})

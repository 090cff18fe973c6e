import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBitmap } from '../../shared/mask/bitmap.ts'
import type { Bitmap } from '../../shared/mask/bitmap.ts'
import { polygonSpans } from '../../shared/mask/polygon-spans.ts'
import { bitmapFromTiles, tilesFromBitmap, xorTiles } from '../../shared/mask/tiles.ts'
import type { MaskTile } from '../../shared/domain/history.ts'
import { imagePx, screenPx } from './coordinates.ts'
import type { ImagePx, Size } from './coordinates.ts'
import { EditedMask } from './edited-mask.ts'
import { circleSpans } from './spans.ts'
import { Stroke } from './stroke.ts'
import { toImage, toScreen } from './viewport.ts'

const image: Size = { width: 700, height: 530 }

function editing(tiles: readonly MaskTile[], size = image): EditedMask {
  return new EditedMask(size, (x, y) => tiles.find((tile) => tile.x === x && tile.y === y)?.runs)
}

function draw(tiles: readonly MaskTile[], points: readonly ImagePx[], diameter: number, value: 0 | 1): MaskTile[] {
  const [first, ...rest] = points
  if (first === undefined) return []
  const stroke = new Stroke(editing(tiles), { diameter, value }, first)
  stroke.lineTo(rest)
  return stroke.memo()
}

/** The rule of a round brush written down the slow way. */
function distanceToPath(points: readonly ImagePx[], x: number, y: number): number {
  let nearest = Infinity
  points.forEach((to, index) => {
    const from = points[Math.max(0, index - 1)] ?? to
    const dx = to.x - from.x
    const dy = to.y - from.y
    const length = dx * dx + dy * dy
    const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - from.x) * dx + (y - from.y) * dy) / length))
    nearest = Math.min(nearest, Math.hypot(x - from.x - along * dx, y - from.y - along * dy))
  })
  return nearest
}

const point = fc
  .tuple(fc.double({ min: -40, max: 740, noNaN: true }), fc.double({ min: -40, max: 570, noNaN: true }))
  .map(([x, y]) => imagePx(x, y))
const path = fc.array(point, { minLength: 1, maxLength: 4 })
const diameter = fc.oneof(fc.integer({ min: 1, max: 6 }), fc.double({ min: 1, max: 90, noNaN: true }))
const rectangles = fc
  .array(fc.tuple(fc.nat(699), fc.nat(529), fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 300 })), {
    maxLength: 3,
  })
  .map((list) => {
    const bitmap = createBitmap(image.width, image.height)
    for (const [x, y, w, h] of list) {
      for (let row = y; row < Math.min(y + h, image.height); row++) {
        bitmap.data.fill(1, row * image.width + x, row * image.width + Math.min(x + w, image.width))
      }
    }
    return tilesFromBitmap(bitmap)
  })

function parts(bitmap: Bitmap): number {
  const { width, height, data } = bitmap
  const seen = new Uint8Array(data.length)
  let count = 0
  for (let start = 0; start < data.length; start++) {
    if (data[start] === 0 || seen[start] === 1) continue
    count++
    const todo = [start]
    seen[start] = 1
    for (let at: number | undefined = todo.pop(); at !== undefined; at = todo.pop()) {
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          const x: number = (at % width) + dx
          const y: number = Math.floor(at / width) + dy
          const next: number = y * width + x
          if (x < 0 || y < 0 || x >= width || y >= height || data[next] === 0 || seen[next] === 1) continue
          seen[next] = 1
          todo.push(next)
        }
      }
    }
  }
  return count
}

describe('circleSpans', () => {
  it('is exactly the pixel under the pointer at a diameter of 1', () => {
    fc.assert(
      fc.property(point, (at) => {
        // `+ 0`: no negative zero.
        const [x, y] = [Math.floor(at.x) + 0, Math.floor(at.y) + 0]
        expect(circleSpans(at, 1)).toEqual([[y, x, x + 1]])
      }),
    )
  })

  it('holds the pixels whose centre is closer than the radius', () => {
    fc.assert(
      fc.property(point, diameter, (at, size) => {
        const inside = new Set<string>()
        for (const [y, left, right] of circleSpans(at, size)) for (let x = left; x < right; x++) inside.add(`${x},${y}`)
        for (let y = Math.floor(at.y - size); y <= at.y + size; y++) {
          for (let x = Math.floor(at.x - size); x <= at.x + size; x++) {
            const far = Math.hypot(x + 0.5 - at.x, y + 0.5 - at.y)
            if (Math.abs(far - size / 2) < 1e-9) continue
            const under = x === Math.floor(at.x) && y === Math.floor(at.y)
            expect(inside.has(`${x},${y}`)).toBe(under || far < size / 2)
          }
        }
      }),
      { numRuns: 40 },
    )
  })
})

describe('Stroke', () => {
  it('leaves no gap and stays within its radius', () => {
    fc.assert(
      fc.property(path, diameter, (points, size) => {
        const painted = bitmapFromTiles(draw([], points, size, 1), image.width, image.height)
        for (let y = 0; y < image.height; y++) {
          for (let x = 0; x < image.width; x++) {
            const far = distanceToPath(points, x + 0.5, y + 0.5)
            const set = painted.data[y * image.width + x] === 1
            if (far < 0.99 * (size / 2) && !set) throw new Error(`gap at ${x}, ${y}`)
            if (far > Math.max(size / 2, Math.SQRT1_2) + 1e-9 && set) throw new Error(`outside at ${x}, ${y}`)
          }
        }
      }),
      { numRuns: 25 },
    )
  })

  it('is connected even with the smallest brush', () => {
    const inside = fc
      .tuple(fc.double({ min: 1, max: 698, noNaN: true }), fc.double({ min: 1, max: 528, noNaN: true }))
      .map(([x, y]) => imagePx(x, y))
    fc.assert(
      fc.property(fc.array(inside, { minLength: 1, maxLength: 3 }), (points) => {
        expect(parts(bitmapFromTiles(draw([], points, 1, 1), image.width, image.height))).toBe(1)
      }),
      { numRuns: 25 },
    )
  })

  it('has a memo that is its own inverse and that only holds real changes', () => {
    fc.assert(
      fc.property(rectangles, path, diameter, fc.constantFrom<0 | 1>(0, 1), (before, points, size, value) => {
        const memo = draw(before, points, size, value)
        const after = xorTiles(before, memo)
        expect(xorTiles(after, memo)).toEqual(before)
        const old = bitmapFromTiles(before, image.width, image.height)
        const flipped = bitmapFromTiles(memo, image.width, image.height)
        const stamped = bitmapFromTiles(draw([], points, size, 1), image.width, image.height)
        for (let at = 0; at < old.data.length; at++) {
          const expected = stamped.data[at] === 1 && old.data[at] !== value ? 1 : 0
          if (flipped.data[at] !== expected) throw new Error(`pixel ${at}`)
        }
        expect(draw(after, points, size, value)).toEqual([])
      }),
      { numRuns: 25 },
    )
  })

  it('takes everything back on bail', () => {
    fc.assert(
      fc.property(rectangles, path, diameter, fc.constantFrom<0 | 1>(0, 1), (before, points, size, value) => {
        const mask = editing(before)
        const stroke = new Stroke(mask, { diameter: size, value }, points[0] ?? imagePx(0, 0))
        stroke.lineTo(points.slice(1))
        stroke.bail()
        expect(mask.memo()).toEqual([])
        for (const tile of before) {
          const pixels = mask.pixelsAt(tile.x, tile.y)
          if (pixels === undefined) continue
          const restored = bitmapFromTiles([tile], 1024, 1024)
          for (let y = 0; y < 512; y++) {
            const row = restored.data.subarray((tile.y * 512 + y) * 1024 + tile.x * 512).subarray(0, 512)
            expect(pixels.subarray(y * 512, y * 512 + 512)).toEqual(row)
          }
        }
      }),
      { numRuns: 20 },
    )
  })

  it('clips to the image: a stroke outside changes nothing', () => {
    expect(draw([], [imagePx(-50, -50), imagePx(-50, 600), imagePx(900, 600)], 30, 1)).toEqual([])
    const memo = draw([], [imagePx(700, 530)], 2000, 1)
    expect(bitmapFromTiles(memo, image.width, image.height).data.every((value) => value === 1)).toBe(true)
  })

  it('does not depend on zoom', () => {
    const points = [imagePx(100.25, 100.75), imagePx(300.5, 220.125), imagePx(310, 90)]
    const at = (scale: number) =>
      points.map((each) => {
        const view = { scale, offsetX: 64, offsetY: -32 }
        const screen = toScreen(view, each)
        return toImage(view, screenPx(screen.x, screen.y))
      })
    expect(draw([], at(0.25), 17, 1)).toEqual(draw([], at(16), 17, 1))
  })

  it('draws a straight line from where the last stroke ended', () => {
    const mask = editing([])
    const line = new Stroke(mask, { diameter: 1, value: 1 }, imagePx(20.5, 3.5), imagePx(10.5, 3.5))
    expect(line.last).toEqual(imagePx(20.5, 3.5))
    const pixels = bitmapFromTiles(line.memo(), image.width, image.height)
    const row = [...pixels.data.subarray(3 * image.width, 4 * image.width)].flatMap((value, x) => (value ? [x] : []))
    expect(row).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
  })
})

describe('polygonSpans', () => {
  it('fills a polygon along pixel edges exactly', () => {
    expect(polygonSpans([[1, 2, 4, 2, 4, 4, 1, 4]], 10)).toEqual([
      [2, 1, 4],
      [3, 1, 4],
    ])
  })

  it('makes a hole by the odd-even rule', () => {
    const spans = polygonSpans(
      [
        [0, 0, 5, 0, 5, 3, 0, 3],
        [1, 1, 2, 1, 2, 2, 1, 2],
      ],
      10,
    )
    expect(spans).toEqual([
      [0, 0, 5],
      [1, 0, 1],
      [1, 2, 5],
      [2, 0, 5],
    ])
  })

  it('splits the plane without overlap or gap along a shared edge', () => {
    const corner = fc.double({ min: -10, max: 60, noNaN: true })
    fc.assert(
      fc.property(corner, corner, (top, bottom) => {
        const left = [-100, 0, top, 0, bottom, 50, -100, 50]
        const right = [top, 0, 200, 0, 200, 50, bottom, 50]
        const owners = new Map<string, number>()
        for (const ring of [left, right]) {
          for (const [y, from, to] of polygonSpans([ring], 50)) {
            for (let x = Math.max(0, from); x < Math.min(100, to); x++) {
              owners.set(`${x},${y}`, (owners.get(`${x},${y}`) ?? 0) + 1)
            }
          }
        }
        expect(owners.size).toBe(5000)
        expect([...owners.values()].every((count) => count === 1)).toBe(true)
      }),
      { numRuns: 30 },
    )
  })
})

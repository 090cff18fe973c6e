import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { polygonSpans, polygonTiles } from '../../shared/mask/polygon-spans.ts'
import type { Rings } from '../../shared/mask/polygon-spans.ts'
import { imagePx } from './coordinates.ts'
import { EditedMask } from './edited-mask.ts'
import {
  cornerAt,
  edgeAt,
  edgeMiddle,
  hasCorner,
  insertCorner,
  keepsClear,
  moveCorner,
  neighbourCorner,
  removeCorner,
} from './outline.ts'

const size = { width: 700, height: 530 }
const square: Rings = [[10, 10, 50, 10, 50, 50, 10, 50]]
const withHole: Rings = [...square, [20, 20, 30, 20, 30, 30]]

const point = fc
  .tuple(fc.double({ min: -90, max: 790, noNaN: true }), fc.double({ min: -90, max: 620, noNaN: true }))
  .map(([x, y]) => imagePx(x, y))
const ring = fc.array(point, { minLength: 3, maxLength: 7 }).map((points) => points.flatMap(({ x, y }) => [x, y]))
const step = fc.record({ kind: fc.constantFrom('move', 'insert', 'remove'), pick: fc.nat(1000), to: point })

describe('a change of an outline', () => {
  it('flips exactly the pixels that differ, whatever is changed in whatever order', () => {
    fc.assert(
      fc.property(fc.array(ring, { minLength: 1, maxLength: 3 }), fc.array(step, { maxLength: 12 }), (start, steps) => {
        let rings: Rings = start
        const before = polygonTiles(start, size)
        const mask = new EditedMask(size, (x, y) => before.find((tile) => tile.x === x && tile.y === y)?.runs)
        for (const { kind, pick, to } of steps) {
          const at = pick % rings.length
          const corner = { ring: at, index: pick % ((rings[at]?.length ?? 2) / 2) }
          const change =
            kind === 'move'
              ? moveCorner(rings, corner, to)
              : kind === 'insert'
                ? insertCorner(rings, corner, to)
                : removeCorner(rings, corner)
          if (change === null) continue
          mask.flip(polygonSpans([change.swept], size.height))
          rings = change.rings
        }
        const pixels = new EditedMask(size, () => undefined)
        pixels.write(polygonSpans(rings, size.height), 1)
        const flipped = new EditedMask(size, (x, y) => before.find((tile) => tile.x === x && tile.y === y)?.runs)
        flipped.flip(polygonSpans([...start, ...rings], size.height))
        expect(mask.memo()).toEqual(flipped.memo())
        expect(pixels.memo()).toEqual(polygonTiles(rings, size))
        expect(mask.isEmpty()).toBe(polygonTiles(rings, size).length === 0)
      }),
      { numRuns: 60 },
    )
  })

  it('leaves a ring at least three corners', () => {
    expect(removeCorner(withHole, { ring: 1, index: 0 })).toBeNull()
    expect(removeCorner(square, { ring: 0, index: 1 })?.rings).toEqual([[10, 10, 50, 50, 10, 50]])
  })

  it('touches no other ring', () => {
    const { rings } = insertCorner(withHole, { ring: 0, index: 3 }, imagePx(5, 30))
    expect(rings).toEqual([[10, 10, 50, 10, 50, 50, 10, 50, 5, 30], withHole[1]])
    expect(moveCorner(withHole, { ring: 1, index: 2 }, imagePx(31, 32)).rings[0]).toBe(withHole[0])
  })
})

describe('where a pointer is', () => {
  it('finds the nearest corner and edge within reach', () => {
    expect(cornerAt(withHole, imagePx(21, 20), 12)).toEqual({ ring: 1, index: 0 })
    expect(cornerAt(withHole, imagePx(40, 25), 5)).toBeNull()
    expect(edgeAt(square, imagePx(30, 12), 3)).toEqual({ edge: { ring: 0, index: 0 }, at: imagePx(30, 10) })
    expect(edgeAt(square, imagePx(8, 30), 3)?.edge).toEqual({ ring: 0, index: 3 })
    expect(edgeAt(square, imagePx(30, 30), 3)).toBeNull()
    expect(edgeMiddle(square, { ring: 0, index: 3 })).toEqual(imagePx(10, 30))
  })

  it('goes from corner to corner through all rings and round again', () => {
    expect(neighbourCorner(withHole, { ring: 0, index: 3 }, 1)).toEqual({ ring: 1, index: 0 })
    expect(neighbourCorner(withHole, { ring: 1, index: 2 }, 1)).toEqual({ ring: 0, index: 0 })
    expect(neighbourCorner(withHole, { ring: 0, index: 0 }, -1)).toEqual({ ring: 1, index: 2 })
    expect(hasCorner(withHole, { ring: 1, index: 2 })).toBe(true)
    expect(hasCorner(withHole, { ring: 1, index: 3 })).toBe(false)
    expect(hasCorner(withHole, { ring: 2, index: 0 })).toBe(false)
  })
})

describe('keepsClear', () => {
  it('is true of holes and parts apart, false of what crosses or touches', () => {
    expect(keepsClear([], [0, 0, 1, 0, 1, 1])).toBe(true)
    expect(keepsClear(square, [20, 20, 30, 20, 30, 30])).toBe(true)
    expect(keepsClear(square, [60, 60, 70, 60, 70, 70])).toBe(true)
    expect(keepsClear(square, [40, 40, 70, 40, 70, 70])).toBe(false)
    expect(keepsClear(square, [10, 10, 30, 20, 20, 30])).toBe(false)
    expect(keepsClear(square, [50, 20, 60, 20, 60, 30])).toBe(false)
  })
})

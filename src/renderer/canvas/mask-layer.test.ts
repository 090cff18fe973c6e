import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MaskTile } from '../../shared/domain/history.ts'
import { createBitmap } from '../../shared/mask/bitmap.ts'
import { bitmapFromTiles, tilesFromBitmap, xorTiles } from '../../shared/mask/tiles.ts'
import { imagePx } from './coordinates.ts'
import { MaskLayer } from './mask-layer.ts'
import type { LayerMask } from './mask-layer.ts'

const size = { width: 600, height: 520 }

function rectangle(x: number, y: number, width: number, height: number): MaskTile[] {
  const bitmap = createBitmap(size.width, size.height)
  for (let row = y; row < Math.min(size.height, y + height); row++) {
    bitmap.data.fill(1, row * size.width + x, row * size.width + Math.min(size.width, x + width))
  }
  return tilesFromBitmap(bitmap)
}

/** Ids on top, pixel by pixel, as the layer composes them. */
function composed(layer: MaskLayer): (string | null)[] {
  const ids = new Map(layer.slots.map(({ id, slot }) => [slot, id]))
  const result: (string | null)[] = []
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const tile = layer.tileAt(x >> 9, y >> 9)
      result.push(ids.get(tile?.slots[(y & 511) * 512 + (x & 511)] ?? 0) ?? null)
    }
  }
  return result
}

/** The same the slow way. */
function expected(masks: readonly LayerMask[]): (string | null)[] {
  const result: (string | null)[] = Array.from({ length: size.width * size.height }, () => null)
  for (const mask of masks) {
    bitmapFromTiles(mask.tiles, size.width, size.height).data.forEach((value, at) => {
      if (value === 1) result[at] = mask.id
    })
  }
  return result
}

/** Position of the first pixel that differs, -1 when none does. */
function firstDifference(a: readonly (string | null)[], b: readonly (string | null)[]): number {
  return a.length === b.length ? a.findIndex((id, at) => id !== b[at]) : 0
}

const mask = fc
  .tuple(
    fc.constantFrom('a', 'b', 'c', 'd'),
    fc.nat(599),
    fc.nat(519),
    fc.integer({ min: 1, max: 400 }),
    fc.integer({ min: 1, max: 400 }),
  )
  .map(([id, x, y, w, h]): LayerMask => ({ id, tiles: rectangle(x, y, w, h) }))
const masks = fc.uniqueArray(mask, { selector: (each) => each.id, maxLength: 4 })

describe('MaskLayer', () => {
  it('shows the topmost, after any sequence of replacements', () => {
    fc.assert(
      fc.property(fc.array(masks, { minLength: 1, maxLength: 3 }), (states) => {
        const layer = new MaskLayer(size)
        for (const state of states) {
          layer.replace(state)
          expect(firstDifference(composed(layer), expected(state))).toBe(-1)
          for (const each of state) expect(layer.tilesOf(each.id)).toEqual(each.tiles)
        }
      }),
      { numRuns: 12 },
    )
  })

  it('composes an edit as if it had been there from the start, and bails to what was before', () => {
    fc.assert(
      fc.property(masks, mask, fc.constantFrom<0 | 1>(0, 1), (state, change, value) => {
        const layer = new MaskLayer(size)
        layer.replace(state)
        composed(layer)
        const spans = Array.from({ length: 100 }, (_, row): [number, number, number] => [460 + row, 400, 900])
        const before = layer.tilesOf(change.id)
        layer.beginEdit(change.id).write(spans, value)
        layer.refreshEdit()
        const others = state.filter((each) => each.id !== change.id)
        const stroke = rectangle(400, 460, 200, 60)
        const after = value === 1 ? union(before, stroke) : minus(before, stroke)
        expect(firstDifference(composed(layer), expected([...others, { id: change.id, tiles: after }]))).toBe(-1)
        layer.bailEdit()
        expect(layer.tilesOf(change.id)).toEqual(before)
        expect(firstDifference(composed(layer), expected([...others, { id: change.id, tiles: before }]))).toBe(-1)
        layer.beginEdit(change.id).write(spans, value)
        expect(xorTiles(before, layer.endEdit())).toEqual(after)
        expect(layer.tilesOf(change.id)).toEqual(after)
        expect(firstDifference(composed(layer), expected([...others, { id: change.id, tiles: after }]))).toBe(-1)
      }),
      { numRuns: 15 },
    )
  })

  it('uploads only the rectangle that changed', () => {
    const layer = new MaskLayer(size)
    layer.replace([{ id: 'a', tiles: rectangle(0, 0, 100, 100) }])
    layer.tileAt(0, 0)
    layer.uploaded(0, 0)
    const edit = layer.beginEdit('a')
    edit.write([[50, 90, 120]], 1)
    edit.write([[52, 300, 310]], 1)
    layer.refreshEdit()
    expect(layer.tileAt(0, 0)?.dirty).toEqual({ left: 100, top: 50, right: 310, bottom: 53 })
    layer.uploaded(0, 0)
    layer.endEdit()
    expect(layer.tileAt(0, 0)?.dirty).toBeNull()
    layer.replace([{ id: 'a', tiles: layer.tilesOf('a') }])
    expect(layer.tileAt(0, 0)?.dirty).toBeNull()
  })

  it('finds the topmost that is not hidden, and lets hidden ones give way', () => {
    const layer = new MaskLayer(size)
    layer.replace([
      { id: 'below', tiles: rectangle(0, 0, 100, 100) },
      { id: 'above', tiles: rectangle(50, 50, 100, 100) },
    ])
    expect(layer.hitTest(imagePx(60, 60))).toBe('above')
    expect(layer.hitTest(imagePx(20.9, 99.9))).toBe('below')
    expect(layer.hitTest(imagePx(20, 100))).toBeNull()
    expect(layer.hitTest(imagePx(-1, 5))).toBeNull()
    layer.setActive('below')
    expect(layer.hitTest(imagePx(60, 60))).toBe('below')
    layer.setActive(null)
    layer.setHidden(new Set(['above']))
    expect(layer.hitTest(imagePx(60, 60))).toBe('below')
    expect(composed(layer)[60 * size.width + 60]).toBe('below')
  })

  it('takes two bytes a slot beyond 255 annotations', () => {
    const layer = new MaskLayer(size)
    const many = Array.from({ length: 300 }, (_, at) => ({ id: `m${at}`, tiles: rectangle(at * 2, 5, 1, 1) }))
    layer.replace(many.slice(0, 255))
    expect(layer.wide).toBe(false)
    layer.replace(many)
    expect(layer.wide).toBe(true)
    expect(firstDifference(composed(layer), expected(many))).toBe(-1)
  })
})

function union(a: readonly MaskTile[], b: readonly MaskTile[]): MaskTile[] {
  return combine(a, b, (x, y) => x | y)
}

function minus(a: readonly MaskTile[], b: readonly MaskTile[]): MaskTile[] {
  return combine(a, b, (x, y) => x & (1 - y))
}

function combine(a: readonly MaskTile[], b: readonly MaskTile[], by: (x: number, y: number) => number): MaskTile[] {
  const left = bitmapFromTiles(a, size.width, size.height)
  const right = bitmapFromTiles(b, size.width, size.height)
  return tilesFromBitmap({ ...left, data: left.data.map((value, at) => by(value, right.data[at] ?? 0)) })
}

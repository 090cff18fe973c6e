import { describe, expect, it } from 'vitest'
import { paintOverlay } from './overlay-pixels.ts'

/** 8 x 1: empty, slot 1 (accepted) twice, slot 2 (proposed) four times, an unknown slot. */
const labels = [0, 1, 1, 2, 2, 2, 2, 3]
const map = new Uint8Array([8, 0, 1, 0, 2, 0, 255, 0, 0, 0, 0, 0, 255, 1, ...labels])

describe('paintOverlay', () => {
  const { width, height, rgba } = paintOverlay(map)
  const alpha = (x: number): number => rgba[x * 4 + 3] ?? -1

  it('keeps size and colours', () => {
    expect([width, height]).toEqual([8, 1])
    expect([...rgba.slice(4, 7)]).toEqual([255, 0, 0])
    expect([...rgba.slice(12, 15)]).toEqual([0, 0, 255])
  })

  it('leaves empty and unknown slots clear', () => {
    expect([alpha(0), alpha(7)]).toEqual([0, 0])
  })

  it('paints accepted evenly and proposed in stripes', () => {
    expect(alpha(1)).toBe(alpha(2))
    expect(new Set([3, 4, 5, 6].map(alpha)).size).toBe(2)
  })

  it('refuses a truncated map', () => {
    expect(() => paintOverlay(map.slice(0, -1))).toThrow(RangeError)
  })
})

/**
 * Two spaces that must never be mixed. `ImagePx`: displayed image pixels, (0, 0) is the outer corner of
 * the first pixel, y down. `ScreenPx`: CSS pixels from the upper left corner of the canvas, y down.
 */
declare const space: unique symbol

export interface ImagePx {
  readonly x: number
  readonly y: number
  readonly [space]: 'image'
}

export interface ScreenPx {
  readonly x: number
  readonly y: number
  readonly [space]: 'screen'
}

export function imagePx(x: number, y: number): ImagePx {
  // The brand exists for the compiler only.
  return { x, y } as ImagePx
}

export function screenPx(x: number, y: number): ScreenPx {
  return { x, y } as ScreenPx
}

export interface Size {
  readonly width: number
  readonly height: number
}

/** Pixel edges, right and bottom exclusive. The space is that of its owner. */
export interface Rect {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** Smallest rectangle around both. */
export function joinRects(a: Rect | null, b: Rect): Rect {
  if (a === null) return b
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  }
}

/** A mask as plain pixels: row-major, one byte per pixel, 0 or 1, in displayed image space. */
export interface Bitmap {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/** An empty (all zero) bitmap of that size in pixels. */
export function createBitmap(width: number, height: number): Bitmap & { readonly data: Uint8Array<ArrayBuffer> } {
  return { width, height, data: new Uint8Array(width * height) }
}

/** Number of mask pixels. */
export function bitmapArea(bitmap: Bitmap): number {
  let area = 0
  for (const value of bitmap.data) area += value
  return area
}

/** Same size and same pixels. */
export function bitmapsEqual(a: Bitmap, b: Bitmap): boolean {
  if (a.width !== b.width || a.height !== b.height || a.data.length !== b.data.length) return false
  for (let i = 0; i < a.data.length; i++) if (a.data[i] !== b.data[i]) return false
  return true
}

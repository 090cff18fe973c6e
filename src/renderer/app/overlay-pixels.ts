const headerBytes = 6
const slotBytes = 4
const acceptedAlpha = 150
const proposedAlpha = 165
/** Proposals are striped: their state must not hang on colour alone. Stripe period in thumbnail pixels. */
const stripePeriod = 6

/** RGBA pixels of an overlay (see `overlayPath`), row by row. */
export interface OverlayPixels {
  readonly width: number
  readonly height: number
  readonly rgba: Uint8ClampedArray<ArrayBuffer>
}

/**
 * Paints the label map of a thumbnail: accepted classes as even tint, proposed ones as diagonal stripes.
 * Throws `RangeError` on a truncated map.
 */
export function paintOverlay(bytes: Uint8Array): OverlayPixels {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const width = view.getUint16(0, true)
  const height = view.getUint16(2, true)
  const count = view.getUint16(4, true)
  const start = headerBytes + count * slotBytes
  if (bytes.length < start + width * height) throw new RangeError('Truncated overlay')
  const rgba = new Uint8ClampedArray(width * height * 4)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const slot = bytes[start + at] ?? 0
      if (slot === 0 || slot > count) continue
      const colour = headerBytes + (slot - 1) * slotBytes
      const proposed = ((bytes[colour + 3] ?? 0) & 1) === 1
      const clear = proposed && (x + y) % stripePeriod >= stripePeriod / 2
      rgba[at * 4] = bytes[colour] ?? 0
      rgba[at * 4 + 1] = bytes[colour + 1] ?? 0
      rgba[at * 4 + 2] = bytes[colour + 2] ?? 0
      rgba[at * 4 + 3] = clear ? proposedAlpha / 3 : proposed ? proposedAlpha : acceptedAlpha
    }
  }
  return { width, height, rgba }
}

/** Sizes of the parts by thread diameter, in centimetres, close to the usual metric ones. */

/** Width across the flats of a hexagon. */
export function flats(diameter: number): number {
  return diameter * 1.62
}

export function nutHeight(diameter: number): number {
  return diameter * 0.82
}

export function washerSizes(
  diameter: number,
  wide: boolean,
): { readonly inner: number; readonly outer: number; readonly thickness: number } {
  return {
    inner: diameter * 0.54,
    outer: diameter * (wide ? 1.55 : 1.05),
    thickness: diameter * (wide ? 0.15 : 0.18),
  }
}

export interface BoltSizes {
  /** Height of the head. */
  readonly head: number
  /** Half the width of the head across its flats, or its radius. */
  readonly half: number
  /** Length of the shaft without a thread. */
  readonly plain: number
  readonly pitch: number
}

export function boltSizes(diameter: number, length: number, socket: boolean): BoltSizes {
  return {
    head: diameter * (socket ? 1 : 0.66),
    half: socket ? diameter * 0.78 : flats(diameter) / 2,
    plain: length > 4.5 * diameter ? length - 3 * diameter : 0,
    pitch: diameter * 0.17,
  }
}

import type { MaskTile } from '../../shared/domain/history.ts'
import { imagePx } from './coordinates.ts'
import type { ImagePx } from './coordinates.ts'
import type { EditedMask } from './edited-mask.ts'
import { circleSpans, interpolate } from './spans.ts'

export interface StrokeOptions {
  /** Image pixels, at least 1. */
  readonly diameter: number
  /** 1 paints, 0 erases. */
  readonly value: 0 | 1
}

/** Brush and eraser: stamps along the pointer's path, in image pixels, so zoom never changes the result. */
export class Stroke {
  readonly #mask: EditedMask
  readonly #options: StrokeOptions
  #last: ImagePx

  /** @param from where a straight line starts (Shift-click); null: the stroke starts at `at` */
  constructor(mask: EditedMask, options: StrokeOptions, at: ImagePx, from: ImagePx | null = null) {
    this.#mask = mask
    this.#options = options
    this.#last = from ?? at
    this.#stamp(this.#last)
    if (from !== null) this.lineTo([at])
  }

  get last(): ImagePx {
    return this.#last
  }

  /** @param points positions since the last call, oldest first (coalesced events) */
  lineTo(points: readonly ImagePx[]): void {
    for (const point of points) {
      interpolate(this.#last, point, this.#options.diameter, (x, y) => {
        this.#stamp(imagePx(x, y))
      })
      this.#last = point
    }
  }

  /** The pixels that flipped; empty when nothing changed. */
  memo(): MaskTile[] {
    return this.#mask.memo()
  }

  /** Takes the stroke back. */
  bail(): void {
    this.#mask.bail()
  }

  #stamp(centre: ImagePx): void {
    this.#mask.write(circleSpans(centre, this.#options.diameter), this.#options.value)
  }
}

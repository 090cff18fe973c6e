/** How many of the last images the rate looks at. */
const window = 20

/** Speed of a job over its last images. Times are milliseconds of one clock. */
export class Rate {
  readonly #times: number[] = []

  /** `startMs`: when the work on the first image began. */
  constructor(startMs: number) {
    this.#times.push(startMs)
  }

  /** An image is finished. */
  count(timeMs: number): void {
    this.#times.push(timeMs)
    if (this.#times.length > window + 1) this.#times.shift()
  }

  /** Null before the first image. */
  imagesPerSecond(): number | null {
    const first = this.#times[0] ?? 0
    const last = this.#times.at(-1) ?? 0
    return last > first ? ((this.#times.length - 1) * 1000) / (last - first) : null
  }

  /** Null before the first image. */
  secondsLeft(remaining: number): number | null {
    const rate = this.imagesPerSecond()
    return rate === null ? null : remaining / rate
  }
}

/** Keeps the values used last, as many as fit into `maximumBytes`. A single value larger than that is not kept. */
export class Lru<Value> {
  readonly #maximumBytes: number
  readonly #bytesOf: (value: Value) => number
  readonly #entries = new Map<string, Value>()
  #bytes = 0

  constructor(maximumBytes: number, bytesOf: (value: Value) => number) {
    this.#maximumBytes = maximumBytes
    this.#bytesOf = bytesOf
  }

  /** The value, which now counts as used last; undefined when it is not (or no longer) here. */
  get(key: string): Value | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  set(key: string, value: Value): void {
    this.delete(key)
    this.#entries.set(key, value)
    this.#bytes += this.#bytesOf(value)
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maximumBytes) return
      this.delete(oldest)
    }
  }

  delete(key: string): void {
    const value = this.#entries.get(key)
    if (value === undefined) return
    this.#entries.delete(key)
    this.#bytes -= this.#bytesOf(value)
  }
}

/** Names that a report lists: an export may have millions of files. All of them are in the manifest of its folder. */
const mostListed = 1_000

/** Keeps the first files of an export for its report. */
export class WrittenFiles {
  readonly #first: string[] = []

  add(...names: readonly string[]): void {
    for (const name of names) if (this.#first.length < mostListed) this.#first.push(name)
  }

  /** Those that make it an export come first, whatever was written before them. */
  list(...main: readonly string[]): string[] {
    return [...main, ...this.#first].slice(0, mostListed)
  }
}

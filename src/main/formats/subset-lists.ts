import { join } from 'node:path'
import { TextFile } from './text-file.ts'

/** Text files that name the images of each subset, one a line. All of them are there after `publish`, none before. */
export class SubsetLists implements AsyncDisposable {
  readonly #files: ReadonlyMap<string, readonly TextFile[]>
  readonly #counts: Map<string, number>
  /** Below the folder, with `/`. */
  readonly names: readonly string[]

  /** `namesOf` says which files, below the folder, list a subset. */
  static async create(
    folder: string,
    subsets: readonly string[],
    namesOf: (subset: string) => readonly string[],
  ): Promise<SubsetLists> {
    const files = new Map<string, TextFile[]>()
    for (const subset of subsets)
      files.set(subset, await Promise.all(namesOf(subset).map((name) => TextFile.create(join(folder, name)))))
    return new SubsetLists(files, subsets.flatMap(namesOf))
  }

  private constructor(files: ReadonlyMap<string, readonly TextFile[]>, names: readonly string[]) {
    this.#files = files
    this.#counts = new Map([...files.keys()].map((subset) => [subset, 0]))
    this.names = names
  }

  /** Images by subset. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts
  }

  async add(subset: string, line: string): Promise<void> {
    this.#counts.set(subset, (this.#counts.get(subset) ?? 0) + 1)
    for (const file of this.#files.get(subset) ?? []) await file.write(`${line}\n`)
  }

  async publish(): Promise<void> {
    const files = [...this.#files.values()].flat()
    for (const file of files) await file.finish()
    for (const file of files) await file.publish()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of [...this.#files.values()].flat()) await file[Symbol.asyncDispose]()
  }
}

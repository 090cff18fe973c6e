import type { Problem } from '../../shared/contract/contract.ts'
import type { FoundProblems } from '../../shared/contract/problem-count.ts'

/** Problems that are listed one by one: what is said of data of any size has to fit into memory. */
const mostProblems = 10_000

/** Names and ids in a sentence come from files, however long they are there. */
const longestReport = 2_000

/** Collects what has to be said of an export or an import; what concerns many things becomes one line. */
export class Problems {
  readonly #list: Problem[]
  #unlisted: number
  readonly #counted = new Map<string, { readonly name: string; count: number }>()
  readonly #lineOf: (count: number, text: string) => string

  /** `lineOf` makes the line for what was counted, `found` is what there is to begin with. */
  constructor(lineOf: (count: number, text: string) => string = countedLine, found: FoundProblems = { problems: [] }) {
    this.#lineOf = lineOf
    this.#list = [...found.problems]
    this.#unlisted = found.unlisted ?? 0
  }

  /** What a reader found, to be added to. */
  static from(found: FoundProblems): Problems {
    return new Problems(countedLine, found)
  }

  push(...problems: readonly Problem[]): void {
    for (const problem of problems) {
      if (this.#list.length < mostProblems) this.#list.push(inShort(problem))
      else this.#unlisted++
    }
  }

  /** Takes over what a reader found. */
  takeOver(found: FoundProblems): void {
    this.push(...found.problems)
    this.#unlisted += found.unlisted ?? 0
  }

  /** Counts under a text that many things may have in common. `name` is that of the first one in the line. */
  count(name: string, text: string): void {
    const entry = this.#counted.get(text)
    if (entry === undefined) this.#counted.set(text, { name, count: 1 })
    else entry.count++
  }

  /** All of it: the first ten thousand in their order, then a line each for what was counted. */
  found(): FoundProblems & { readonly problems: Problem[] } {
    return found([...this.#list, ...this.#lines()], this.#unlisted)
  }

  #lines(): Problem[] {
    return [...this.#counted].map(([text, { name, count }]) => inShort({ name, reason: this.#lineOf(count, text) }))
  }
}

/** What several have found, one after the other. */
export function joined(...all: readonly FoundProblems[]): FoundProblems & { readonly problems: Problem[] } {
  const unlisted = all.reduce((sum, each) => sum + (each.unlisted ?? 0), 0)
  return found(
    all.flatMap(({ problems }) => problems),
    unlisted,
  )
}

function found(problems: Problem[], unlisted: number): FoundProblems & { readonly problems: Problem[] } {
  return unlisted === 0 ? { problems } : { problems, unlisted }
}

function countedLine(count: number, text: string): string {
  return count === 1 ? `Once: ${text}` : `${count} times, this image first: ${text}`
}

function inShort(problem: Problem): Problem {
  return { ...problem, name: clipped(problem.name), reason: clipped(problem.reason) }
}

/** A copy: a part of a text would keep all of it in memory. */
function clipped(text: string): string {
  return text.length > longestReport ? `${Buffer.from(text.slice(0, longestReport)).toString()}…` : text
}

import type { GivenFiles } from '../../shared/contract/contract.ts'

let waiting: GivenFiles | null = null

/** Keeps files that were given before there was a project for them; the gallery of that project takes them. */
export function handOver(files: GivenFiles): void {
  waiting = files
}

/** What was handed over, once; null when there is nothing. */
export function takeHandedOver(): { readonly given: GivenFiles } | null {
  const given = waiting
  waiting = null
  return given === null ? null : { given }
}

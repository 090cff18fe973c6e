import type { Problem } from '../../shared/contract/contract.ts'
import type { NumberedKind, ProjectStore } from '../store/store-port.ts'

/** Beyond it no integer can be told from its neighbour once readers have counted on from it. */
const largestNumber = 2 ** 52

/** Ids of one kind in an imported file, by the record that each has become. */
export type OriginalIds = ReadonlyMap<string, string | undefined>

/**
 * The numbers that exports shall have for imported ids, by record. Integers from 1 are kept as they are, whatever else is in
 * the file, so that the files of one data set agree. Other ids (words, negative numbers) have no number, nor has 0: COCOeval
 * reads an annotation with id 0 as "no match" and CVAT a category 0 as "no class". An id that two records share goes to the
 * first.
 */
export function numbersOf(ids: OriginalIds): ReadonlyMap<string, number> {
  const read = [...ids].flatMap(([recordId, id]) => {
    const number = id !== undefined && /^\d{1,16}$/.test(id) ? Number(id) : NaN
    return number < largestNumber ? [{ recordId, number }] : []
  })
  const taken = new Set<number>()
  const numbers = new Map<string, number>()
  for (const { recordId, number } of read) {
    if (number === 0 || taken.has(number)) continue
    taken.add(number)
    numbers.set(recordId, number)
  }
  return numbers
}

const nouns = { image: 'image', class: 'category', annotation: 'annotation' } as const

/** Keeps the ids of an imported file for later exports. What the project has other numbers for already is listed. */
export function keepOriginalNumbers(
  store: ProjectStore,
  name: string,
  ids: Readonly<Record<NumberedKind, OriginalIds>>,
): Problem[] {
  return (['image', 'class', 'annotation'] as const).flatMap((kind): Problem[] => {
    const numbers = numbersOf(ids[kind])
    const other = numbers.size - store.numbers.claim(kind, numbers)
    if (other === 0) return []
    const reason = `The project has other numbers for ${other} of ${numbers.size} ${nouns[kind]} ids of this file; exports keep those of the project.`
    return [{ name, reason }]
  })
}

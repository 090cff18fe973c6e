import type { ClassSummary } from '../../../shared/contract/contract.ts'
import type { HistoryEntry } from '../../../shared/domain/history.ts'
import { classColour } from '../../../shared/domain/palette.ts'
import type { ClassRecord } from '../../../shared/domain/records.ts'

export const digits = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'] as const

/** The stored part of a summary. */
export function classRecordOf(summary: ClassSummary): ClassRecord {
  const { id, name, colour, key, parentId, split, position } = summary
  return { id, name, colour, key, parentId, split, position }
}

function entry(
  labelKey: 'addClass' | 'changeClass' | 'deleteClass',
  before: ClassRecord | null,
  after: ClassRecord | null,
): HistoryEntry {
  const name = (after ?? before)?.name ?? ''
  return {
    id: crypto.randomUUID(),
    labelKey,
    labelParams: { class: name },
    imageIds: [],
    operations: [{ kind: 'class', before, after }],
  }
}

/** A new class with the next colour, the next free digit and the last place. */
export function addClassEntry(existing: readonly ClassRecord[], name: string): HistoryEntry {
  const position = existing.reduce((last, each) => Math.max(last, each.position + 1), 0)
  const key = digits.find((digit) => existing.every((each) => each.key !== digit)) ?? null
  return entry('addClass', null, {
    id: crypto.randomUUID(),
    name: name.trim(),
    colour: classColour(position),
    key,
    parentId: null,
    split: 'region',
    position,
  })
}

/** A changed class. A key another class had goes over to this one, in the same step. */
export function changeClassEntry(
  existing: readonly ClassRecord[],
  before: ClassRecord,
  after: ClassRecord,
): HistoryEntry {
  const change = entry('changeClass', before, after)
  const holder = existing.find((each) => each.id !== after.id && after.key !== null && each.key === after.key)
  if (holder === undefined) return change
  return {
    ...change,
    operations: [{ kind: 'class', before: holder, after: { ...holder, key: null } }, ...change.operations],
  }
}

export function deleteClassEntry(record: ClassRecord): HistoryEntry {
  return entry('deleteClass', record, null)
}

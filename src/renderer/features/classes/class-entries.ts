import type { ClassSummary } from '../../../shared/contract/contract.ts'
import { foldedClassName } from '../../../shared/domain/class-names.ts'
import type { HistoryEntry, Operation } from '../../../shared/domain/history.ts'
import { classColour } from '../../../shared/domain/palette.ts'
import type { ClassRecord } from '../../../shared/domain/records.ts'

export const digits = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'] as const

/** The stored part of a summary. */
export function classRecordOf(summary: ClassSummary): ClassRecord {
  const { id, name, colour, key, parentId, split, position } = summary
  return { id, name, colour, key, parentId, split, position }
}

/** Whether two names count as one: without case and Unicode form, as the store compares them. */
export function isSameName(a: string, b: string): boolean {
  return foldedClassName(a) === foldedClassName(b)
}

function entry(labelKey: 'addClass' | 'changeClass', before: ClassRecord | null, after: ClassRecord): HistoryEntry {
  return {
    id: crypto.randomUUID(),
    labelKey,
    labelParams: { class: after.name },
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

/** Moves a class to the place `index` among all, in one step; null when it is there already. */
export function moveClassEntry(existing: readonly ClassRecord[], classId: string, index: number): HistoryEntry | null {
  const from = existing.findIndex((each) => each.id === classId)
  const moving = existing[from]
  const to = Math.max(0, Math.min(existing.length - 1, index))
  if (moving === undefined || from === to) return null
  const ordered = existing.toSpliced(from, 1).toSpliced(to, 0, moving)
  const operations = ordered.flatMap((before, position): Operation[] =>
    before.position === position ? [] : [{ kind: 'class', before, after: { ...before, position } }],
  )
  if (operations.length === 0) return null
  return {
    id: crypto.randomUUID(),
    labelKey: 'moveClass',
    labelParams: { class: moving.name },
    imageIds: [],
    operations,
  }
}

/** The classes that may stand above one: all but itself and what is below it. */
export function possibleParents<T extends ClassRecord>(existing: readonly T[], classId: string): T[] {
  const below = new Set([classId])
  for (let before = 0; before !== below.size;) {
    before = below.size
    for (const each of existing) if (each.parentId !== null && below.has(each.parentId)) below.add(each.id)
  }
  return existing.filter((each) => !below.has(each.id))
}

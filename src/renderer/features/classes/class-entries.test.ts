import { describe, expect, it } from 'vitest'
import { historyEntrySchema } from '../../../shared/domain/history.ts'
import type { HistoryEntry } from '../../../shared/domain/history.ts'
import type { ClassRecord } from '../../../shared/domain/records.ts'
import { addClassEntry, changeClassEntry, isSameName, moveClassEntry, possibleParents } from './class-entries.ts'

function record(id: string, key: string | null, position: number): ClassRecord {
  return { id, name: id, colour: '#e69f00', key, parentId: null, split: 'region', position }
}

function added(existing: readonly ClassRecord[]): ClassRecord | null {
  const operation = addClassEntry(existing, ' Bolt ').operations[0]
  return operation?.kind === 'class' ? operation.after : null
}

describe('class entries', () => {
  it('gives a new class the first free digit, the next colour and the last place', () => {
    expect(added([])).toMatchObject({ name: 'Bolt', key: '1', position: 0 })
    expect(added([record('a', '1', 0), record('b', '3', 4)])).toMatchObject({ key: '2', position: 5 })
    const ten = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'].map((key, at) => record(key, key, at))
    expect(added(ten)?.key).toBeNull()
    expect(added(ten.slice(0, 9))?.key).toBe('0')
  })

  it('takes a digit away from the class that had it, in the same step', () => {
    const first = record('a', '1', 0)
    const second = record('b', '2', 1)
    const entry = changeClassEntry([first, second], second, { ...second, key: '1' })
    expect(entry.operations).toEqual([
      { kind: 'class', before: first, after: { ...first, key: null } },
      { kind: 'class', before: second, after: { ...second, key: '1' } },
    ])
    expect(changeClassEntry([first, second], second, { ...second, key: null }).operations).toHaveLength(1)
  })

  it('makes entries the contract takes', () => {
    const first = record('a', '1', 0)
    for (const entry of [
      addClassEntry([first], 'b'),
      changeClassEntry([first], first, first),
      moveClassEntry([first, record('b', null, 1)], 'a', 1),
    ]) {
      expect(historyEntrySchema.parse(entry)).toEqual(entry)
    }
  })

  it('moves a class with the fewest changes that give every class its place', () => {
    const list = ['a', 'b', 'c', 'd'].map((id, at) => record(id, null, at))
    const order = (entry: HistoryEntry | null): string[] => {
      const records = new Map(list.map((each) => [each.id, each]))
      for (const operation of entry?.operations ?? []) {
        if (operation.kind === 'class' && operation.after !== null) records.set(operation.after.id, operation.after)
      }
      return [...records.values()].sort((one, other) => one.position - other.position).map((each) => each.id)
    }
    const down = moveClassEntry(list, 'b', 2)
    expect(order(down)).toEqual(['a', 'c', 'b', 'd'])
    expect(down?.operations).toHaveLength(2)
    expect(order(moveClassEntry(list, 'd', 0))).toEqual(['d', 'a', 'b', 'c'])
    expect(order(moveClassEntry(list, 'a', 99))).toEqual(['b', 'c', 'd', 'a'])
    expect(moveClassEntry(list, 'a', 0)).toBeNull()
    expect(moveClassEntry(list, 'none', 0)).toBeNull()
  })

  it('lets no class stand above itself', () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((id, at) => record(id, null, at))
    if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('no records')
    const list = [{ ...c, parentId: 'b' }, a, { ...b, parentId: 'a' }, d]
    expect(possibleParents(list, 'a').map((each) => each.id)).toEqual(['d'])
    expect(possibleParents(list, 'c').map((each) => each.id)).toEqual(['a', 'b', 'd'])
  })

  it('compares names as the store does', () => {
    expect(isSameName(' Schräube', 'schra\u0308ube')).toBe(true)
    expect(isSameName('bolt', 'bolts')).toBe(false)
  })
})

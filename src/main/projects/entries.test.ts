import { expect, test } from 'vitest'
import { makeEntry } from './entries.ts'

test('an entry names each image once, in order, and at most fifty of them', () => {
  const operations = [{ kind: 'batch' as const, batchId: 'b', before: false, after: true }]
  expect(makeEntry('accept', {}, ['b', 'a', 'b'], operations).imageIds).toEqual(['b', 'a'])
  const many = Array.from({ length: 5000 }, (_, number) => `i${number}`)
  const entry = makeEntry('accept', { count: many.length }, many, operations)
  expect(entry.imageIds).toEqual(many.slice(0, 50))
  expect(entry.operations).toEqual(operations)
})

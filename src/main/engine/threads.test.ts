import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'
import { inferenceThreads } from './threads.ts'

test('one core stays free, except where there are only two', () => {
  expect([1, 2, 3, 4, 16].map((cores) => inferenceThreads(cores))).toEqual([1, 2, 2, 3, 15])
})

test('never more threads than this computer has, never none', () => {
  expect(inferenceThreads()).toBeGreaterThanOrEqual(1)
  expect(inferenceThreads()).toBeLessThanOrEqual(availableParallelism())
})

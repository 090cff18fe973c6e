import { expect, it } from 'vitest'
import { formatDuration } from './time-left.ts'

it.each([
  [0, '0 sec'],
  [41.4, '41 sec'],
  [82, '1 min'],
  [3599, '59 min'],
  [3 * 3600 + 5 * 60, '3 hr 5 min'],
])('%d s reads %s', (seconds, text) => {
  expect(formatDuration(seconds, 'en')).toBe(text)
})

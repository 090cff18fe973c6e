import { expect, it } from 'vitest'
import { formatDuration, secondsLeft } from './time-left.ts'

it.each([
  [0, '0 sec'],
  [41.4, '41 sec'],
  [82, '1 min'],
  [3599, '59 min'],
  [3 * 3600 + 5 * 60, '3 hr 5 min'],
])('%d s reads %s', (seconds, text) => {
  expect(formatDuration(seconds, 'en')).toBe(text)
})

it.each([
  [{ done: 10, total: 40 }, 5_000, 15],
  [{ done: 1, total: 3 }, 2_500, 5],
  [{ done: 10, total: 40 }, 1_900, null],
  [{ done: 0, total: 40 }, 5_000, null],
  [{ done: 40, total: 40 }, 5_000, null],
  [{ done: 10, total: null }, 5_000, null],
])('%o after %d ms leaves %s s', (progress, elapsedMs, left) => {
  expect(secondsLeft(progress, elapsedMs)).toBe(left)
})

it('speaks the language it is asked for', () => {
  expect(formatDuration(41, 'de')).toBe('41 Sek.')
})

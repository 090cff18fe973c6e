import { expect, test } from 'vitest'
import { addTallies, closingLine, namedOutcomes, oneTest, skippedRung, succeeded } from '../../scripts/tally.ts'

const passed = oneTest('types', true)
const failed = oneTest('lint', false)
const skipped = skippedRung('browser', 'no browser')
const allowed = { passed: 0, failed: [], skipped: [{ name: 'window', reason: 'no Electron', allowedInCi: true }] }

test('the closing line counts all rungs and names skips only where there are some', () => {
  expect(closingLine(addTallies([passed, passed, failed]))).toBe('2 passed, 1 failed')
  expect(closingLine(addTallies([passed, skipped, allowed]))).toBe('1 passed, 0 failed, 2 skipped')
})

test('the last lines name what failed and what was skipped', () => {
  expect(namedOutcomes(addTallies([failed, passed, skipped]))).toEqual([
    'skipped: browser: no browser',
    'failed: lint: its output above says why',
  ])
})

test.each([
  ['all passed', [passed], true, true],
  ['one failed', [passed, failed], false, false],
  ['nothing ran', [], false, false],
  ['something was skipped', [passed, skipped], true, false],
  ['only what may be skipped anywhere', [passed, allowed], true, true],
])('whether the run succeeded: %s', (name, tallies, onMachine, inCi) => {
  const total = addTallies(tallies)
  expect(succeeded(total, false), name).toBe(onMachine)
  expect(succeeded(total, true), name).toBe(inCi)
})

import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule } from 'vitest/node'
import type {} from '../test/support/skip-reason.ts'
import type { Skip, Tally } from './tally.ts'

/** Writes a `Tally` as JSON to the file named by `EXEMPLAR_TALLY` when a vitest run ends. */
export class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const file = process.env['EXEMPLAR_TALLY']
    if (file !== undefined) writeFileSync(file, JSON.stringify(tallyOf(modules, unhandledErrors.length)))
  }
}

function tallyOf(modules: readonly TestModule[], unhandledErrors: number): Tally {
  let passed = 0
  // An error outside any test (a file that cannot be loaded, a failed hook, an unhandled rejection) is a failure too.
  let failed = unhandledErrors
  const skipped: Skip[] = []
  for (const module of modules) {
    failed += module.errors().length
    for (const suite of module.children.allSuites()) failed += suite.errors().length
    for (const test of module.children.allTests()) {
      const result = test.result()
      if (result.state === 'passed') passed++
      else if (result.state === 'failed') failed++
      else {
        skipped.push({
          name: `${module.relativeModuleId} > ${test.fullName}`,
          reason: result.state === 'skipped' ? (result.note ?? skipReasonOf(test)) : 'did not finish',
          // The tests of the real desktop window: its program is no part of what is installed.
          allowedInCi: module.relativeModuleId.startsWith('test/desktop/'),
        })
      }
    }
  }
  return { passed, failed, skipped }
}

/** The reason that the test, or the nearest suite around it, gives by `because`. */
function skipReasonOf(test: TestCase): string {
  if (test.meta().skipReason !== undefined) return test.meta().skipReason ?? ''
  for (let around = test.parent; around.type === 'suite'; around = around.parent) {
    const reason = around.meta().skipReason
    if (reason !== undefined) return reason
  }
  return 'no reason given'
}

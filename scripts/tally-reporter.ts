import { writeFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import type { Reporter, TestCase, TestModule } from 'vitest/node'
import type {} from '../test/support/skip-reason.ts'
import type { Failure, Skip, Tally } from './tally.ts'

/** Writes a `Tally` as JSON to the file named by `EXEMPLAR_TALLY` when a vitest run ends. */
export class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const file = process.env['EXEMPLAR_TALLY']
    if (file !== undefined) writeFileSync(file, JSON.stringify(tallyOf(modules, unhandledErrors)))
  }
}

function tallyOf(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): Tally {
  let passed = 0
  const skipped: Skip[] = []
  // An error outside any test (a file that cannot be loaded, a failed hook, an unhandled rejection) is a failure too.
  const failed: Failure[] = failures('outside any test', unhandledErrors)
  for (const module of modules) {
    const file = module.relativeModuleId
    failed.push(...failures(file, module.errors()))
    for (const suite of module.children.allSuites())
      failed.push(...failures(`${file} > ${suite.fullName}`, suite.errors()))
    for (const test of module.children.allTests()) {
      const result = test.result()
      const name = `${file} > ${test.fullName}`
      if (result.state === 'passed') passed++
      else if (result.state === 'failed') failed.push(...failures(name, result.errors.slice(0, 1)))
      else {
        skipped.push({
          name,
          reason: result.state === 'skipped' ? (result.note ?? skipReasonOf(test)) : 'did not finish',
          // The tests of the real desktop window: its program is no part of what is installed.
          allowedInCi: file.startsWith('test/desktop/'),
        })
      }
    }
  }
  return { passed, failed, skipped }
}

/** One failure an error. The reason is the first lines of its message: more is in the runner's own output. */
function failures(name: string, errors: readonly unknown[]): Failure[] {
  return errors.map((error) => {
    const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error
    return { name, reason: stripVTControlCharacters(String(message)).split('\n').slice(0, 6).join(' | ').slice(0, 600) }
  })
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

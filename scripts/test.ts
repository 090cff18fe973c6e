import { findChromium, noChromiumReason } from '../test/support/chromium.ts'
import { buildMain, buildRenderer } from './builds.ts'
import { runPythonTests } from './python-tests.ts'
import { checkSteps, runCheckStep } from './static-checks.ts'
import { addTallies, closingLine, namedOutcomes, oneTest, skippedRung, succeeded } from './tally.ts'
import type { Tally } from './tally.ts'
import { runVitest } from './vitest-run.ts'
import type { Rung } from './vitest-run.ts'

const titles: Readonly<Record<Rung, string>> = {
  node: 'Tests in Node',
  job: 'Tests of the main job without a browser, from the sources and from a package',
  browser: 'Component tests in Chromium',
  e2e: 'Tests of the whole app in Chromium',
}

/** `npm test`: every rung. The last line counts them all; each static check and build counts as one test. */
function test(): void {
  const tallies: Tally[] = []
  heading('Static checks')
  for (const step of checkSteps) tallies.push(oneTest(step.name, runCheckStep(step)))
  heading('Builds')
  const pageIsThere = buildRenderer()
  tallies.push(oneTest('build of the page', pageIsThere), oneTest('build of the main process', buildMain()))
  const hasChromium = findChromium() !== undefined
  for (const rung of ['node', 'job', 'browser', 'e2e'] as const) {
    heading(titles[rung])
    if (rung === 'node' || rung === 'job' || hasChromium) tallies.push(runVitest(rung))
    else tallies.push(skippedRung(titles[rung], noChromiumReason))
  }
  heading('Python')
  tallies.push(runPythonTests())
  const total = addTallies(tallies)
  for (const line of namedOutcomes(total)) console.log(line)
  console.log(closingLine(total))
  process.exitCode = succeeded(total, (process.env['CI'] ?? '') !== '') ? 0 : 1
}

function heading(text: string): void {
  console.log(`\n== ${text}`)
}

test()

import { checkSteps, runCheckStep } from './static-checks.ts'
import { runVitest } from './vitest-run.ts'

/** `npm run check`: everything that needs no browser. Layers are among the unit tests. */
const failed = checkSteps.filter((step) => !runCheckStep(step)).map((step) => step.name)
const tally = runVitest('node')
if (tally.failed.length > 0) failed.push('unit tests')
console.log(failed.length === 0 ? 'All checks passed.' : `Failed: ${failed.join(', ')}.`)
process.exitCode = failed.length === 0 ? 0 : 1

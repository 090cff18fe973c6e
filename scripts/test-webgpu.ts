import { closingLine, namedOutcomes, succeeded } from './tally.ts'
import { runVitest } from './vitest-run.ts'

/** `npm run test:webgpu`: the tests of WebGPU alone, on a Vulkan driver in software. */
const tally = runVitest('node', ['src/main/engine/webgpu.test.ts'])
for (const line of namedOutcomes(tally)) console.log(line)
console.log(closingLine(tally))
process.exitCode = succeeded(tally, (process.env['CI'] ?? '') !== '') ? 0 : 1

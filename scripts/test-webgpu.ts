import { closingLine, succeeded } from './tally.ts'
import { runVitest } from './vitest-run.ts'

/** `npm run test:webgpu`: the tests of WebGPU alone, on a Vulkan driver in software. */
const tally = runVitest('node', ['src/main/engine/webgpu.test.ts'])
for (const skip of tally.skipped) console.log(`skipped: ${skip.name}: ${skip.reason}`)
console.log(closingLine(tally))
process.exitCode = succeeded(tally, (process.env['CI'] ?? '') !== '') ? 0 : 1

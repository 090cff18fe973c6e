import process from 'node:process'
import { runCli } from './cli.ts'

const interrupted = new AbortController()
const stop = (): void => {
  interrupted.abort()
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)

process.exitCode = await runCli(
  process.argv.slice(2),
  { stdout: process.stdout, stderr: process.stderr },
  interrupted.signal,
)

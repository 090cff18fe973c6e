import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { testHome } from './test-home.ts'

export const exemplarScript = join(import.meta.dirname, '..', '..', 'bin', 'exemplar.mjs')

export interface RunResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the installed command line, or another `script`, as a person would: in a process of its own. */
export function runExemplar(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  script = exemplarScript,
): Promise<RunResult> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [script, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, EXEMPLAR_HOME: testHome(), ...env },
    })
    const output = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
    child.on('error', failed)
    child.on('close', (code) => done({ code, ...output }))
  })
}

/** Runs with `--json` and returns the parsed result. Fails the test unless the exit code is the one expected. */
export async function exemplarJson(
  args: readonly string[],
  expectedCode = 0,
  script = exemplarScript,
): Promise<unknown> {
  const result = await runExemplar([...args, '--json'], {}, script)
  if (result.code !== expectedCode) {
    throw new Error(`exemplar ${args.join(' ')} ended with ${result.code}:\n${result.stdout}\n${result.stderr}`)
  }
  return JSON.parse(result.stdout)
}

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The Python that has the readers of `requirements.txt` and `requirements-nodeps.txt`, if one is named. */
const python = process.env['EXEMPLAR_PYTHON']

/** Whether tests that need it are skipped. In CI they never are: there they fail when it is missing. */
export const isPythonMissing = python === undefined && process.env['CI'] === undefined
export const pythonReason =
  'EXEMPLAR_PYTHON names no Python with the readers of test/python/requirements*.txt installed'

/** Runs a script of this folder with a path as its only argument and returns the JSON that it prints. */
export function runPython(script: string, argument: string): unknown {
  if (python === undefined) throw new Error(`${pythonReason}.`)
  const answer = execFileSync(python, [join(import.meta.dirname, script), argument], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    stdio: 'pipe',
  })
  return JSON.parse(answer)
}

/** The same with its input written as JSON to `folder` first. */
export function checkInPython(script: string, folder: string, cases: unknown): unknown {
  const file = join(folder, 'cases.json')
  writeFileSync(file, JSON.stringify(cases))
  return runPython(script, file)
}

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from './project-root.ts'
import { addTallies, failedRung, oneTest, skippedRung } from './tally.ts'
import type { Tally } from './tally.ts'

const rung = 'Python tests of the models'
const folderOfModels = join(projectRoot, 'models')

/**
 * Runs the tests of `models/` with the Python named by `EXEMPLAR_MODELS_PYTHON`, which must have
 * `models/requirements.txt` installed.
 */
export function runPythonTests(): Tally {
  const python = process.env['EXEMPLAR_MODELS_PYTHON'] ?? ''
  if (python === '')
    return skippedRung(rung, 'EXEMPLAR_MODELS_PYTHON names no Python with models/requirements.txt installed')
  if (!existsSync(python)) return failedRung(rung, `EXEMPLAR_MODELS_PYTHON names ${python}, which is not there`)
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-pytest-'))
  const report = join(folder, 'report.xml')
  try {
    const lint = [
      ['check', '.'],
      ['format', '--check', '.'],
    ].map((rest) => {
      const result = spawnSync(python, ['-m', 'ruff', ...rest, '--no-cache'], { cwd: folderOfModels, stdio: 'inherit' })
      return oneTest(`ruff ${rest.join(' ')}`, result.status === 0)
    })
    const parameters = ['-m', 'pytest', 'tests', '-q', '-rs', '-p', 'no:cacheprovider', `--junitxml=${report}`]
    const environment = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }
    spawnSync(python, parameters, { cwd: folderOfModels, stdio: 'inherit', env: environment })
    const tests = existsSync(report)
      ? tallyOf(readFileSync(report, 'utf8'))
      : failedRung(rung, 'pytest ended before it could report')
    return addTallies([...lint, tests])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param report pytest's own JUnit file. */
function tallyOf(report: string): Tally {
  const suite = /<testsuite [^>]*>/.exec(report)?.[0] ?? ''
  const count = (name: string): number => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0)
  const failed = [
    ...report.matchAll(/ classname="([^"]*)" name="([^"]*)"[^>]*><(?:failure|error) message="([^"]*)"/g),
  ].map(([, file, name, reason]) => ({ name: `${file ?? ''} > ${name ?? ''}`, reason: (reason ?? '').slice(0, 600) }))
  const skips = [...report.matchAll(/<skipped [^>]*message="([^"]*)"/g)].map(([, reason]) => reason ?? '')
  const skipped = skips.map((reason) => ({ name: rung, reason, allowedInCi: false }))
  const unnamed = count('failures') + count('errors') - failed.length
  if (unnamed > 0) failed.push({ name: rung, reason: `${unnamed} more, in the output above` })
  return { passed: count('tests') - count('failures') - count('errors') - count('skipped'), failed, skipped }
}

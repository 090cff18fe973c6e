import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from './project-root.ts'
import { failedRung } from './tally.ts'
import type { Tally } from './tally.ts'

export type Rung = 'node' | 'job' | 'browser' | 'e2e'

/**
 * Runs one vitest project, or only some of its files, with its output shown. A run that dies before it can report
 * counts as one failure.
 */
export function runVitest(rung: Rung, files: readonly string[] = []): Tally {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-tally-'))
  const tallyFile = join(folder, 'tally.json')
  try {
    const vitest = join(projectRoot, 'node_modules', 'vitest', 'vitest.mjs')
    const result = spawnSync(process.execPath, [vitest, 'run', '--project', rung, '--passWithNoTests', ...files], {
      cwd: projectRoot,
      stdio: 'inherit',
      env: { ...process.env, EXEMPLAR_TALLY: tallyFile },
    })
    if (!existsSync(tallyFile)) return failedRung(rung, 'the test runner ended before it could report')
    const tally = JSON.parse(readFileSync(tallyFile, 'utf8')) as Tally
    if (result.status === 0 || tally.failed.length > 0) return tally
    return { ...tally, failed: [{ name: rung, reason: 'the test runner failed, though none of its tests did' }] }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from './project-root.ts'
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
    if (!existsSync(tallyFile)) return { passed: 0, failed: 1, skipped: [] }
    const tally = JSON.parse(readFileSync(tallyFile, 'utf8')) as Tally
    return result.status !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from './project-root.ts'

export type CheckStep = {
  readonly name: string
  /** Path of a script below `node_modules`, run by this Node. */
  readonly script: string
  readonly arguments: readonly string[]
}

const typeScript = 'typescript/bin/tsc'

/** The static checks, in the order in which a person wants to hear about them. Layers and unit tests are vitest's. */
export const checkSteps: readonly CheckStep[] = [
  ...[
    'src/shared',
    'src/main',
    'src/main/electron',
    'src/main/electron/preload',
    'src/renderer',
    'test',
    'scripts',
  ].map((folder) => ({
    name: `types ${folder}`,
    script: typeScript,
    arguments: ['-p', `${folder}/tsconfig.json`],
  })),
  { name: 'lint', script: 'oxlint/bin/oxlint', arguments: ['--type-aware', '--deny-warnings', '.'] },
  { name: 'format', script: 'prettier/bin/prettier.cjs', arguments: ['--check', '--log-level=warn', '.'] },
  { name: 'dead code', script: 'knip/bin/knip.js', arguments: ['--no-progress'] },
]

/** Runs one check with its output shown. @returns whether it passed. */
export function runCheckStep(step: CheckStep): boolean {
  const script = join(projectRoot, 'node_modules', step.script)
  if (!existsSync(script)) throw new Error(`${step.script} is not installed: run npm test, which installs it.`)
  const started = performance.now()
  const result = spawnSync(process.execPath, [script, ...step.arguments], { cwd: projectRoot, stdio: 'inherit' })
  const passed = result.status === 0
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${passed ? 'ok  ' : 'FAIL'} ${step.name} (${seconds} s)`)
  return passed
}

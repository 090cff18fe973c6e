import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from './project-root.ts'
import { flips } from './security-flips.ts'
import type { Flip } from './security-flips.ts'

/**
 * `npm run flip-security [-- WORD]`: turns each security setting the wrong way round, one at a time, and demands that
 * a test fails. It works on a copy of the sources in the temporary folder; the tree itself is never touched.
 * A word picks the flips whose kind or name contains it.
 */

/** Sources and configuration are copied; what is large and only read is linked. */
const copied = [
  'src',
  'test',
  'scripts',
  'bin',
  'docs',
  'package.json',
  'tsconfig.base.json',
  'vite.preload.config.ts',
  'electron-builder.yml',
]
const linked = ['node_modules', 'models']

/** The project `node` of vitest.config.ts, without the plugins of the others: it starts in half the time. */
const vitestConfig = `
import { fileURLToPath } from 'node:url'
export default {
  resolve: { alias: { electron: fileURLToPath(new URL('test/electron/fake-electron.ts', import.meta.url)) } },
  test: { environment: 'node', pool: 'forks', testTimeout: 30_000, expect: { poll: { timeout: 5_000 } } },
}
`

type Outcome = 'killed' | 'survived' | 'broken'

/** Runs test files in the copy. `broken`: they could not even be loaded, which says nothing about the tests. */
function runTests(folder: string, tests: readonly string[]): { readonly outcome: Outcome; readonly output: string } {
  const vitest = join(projectRoot, 'node_modules', 'vitest', 'vitest.mjs')
  const report = join(folder, 'report.json')
  rmSync(report, { force: true })
  const parameters = ['run', '--bail', '1', '--reporter', 'json', '--outputFile', report, ...tests]
  const { status, stderr } = spawnSync(process.execPath, [vitest, ...parameters], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, EXEMPLAR_HOME: join(folder, 'home') },
  })
  if (status === 0) return { outcome: 'survived', output: '' }
  const result = JSON.parse(readFileSync(report, 'utf8')) as {
    readonly numFailedTests: number
    readonly testResults: readonly { readonly message: string }[]
  }
  const output = result.testResults.map(({ message }) => message).join('\n') || stderr
  return { outcome: result.numFailedTests > 0 ? 'killed' : 'broken', output }
}

function tryFlip(folder: string, flip: Flip): { readonly outcome: Outcome; readonly output: string } {
  const path = join(folder, flip.file)
  const original = readFileSync(path, 'utf8')
  if (original.split(flip.from).length !== 2) {
    return { outcome: 'broken', output: `"${flip.from}" is not in ${flip.file} exactly once: the flip is out of date` }
  }
  if (flip.tests.length === 0) return { outcome: 'survived', output: 'no test names it' }
  try {
    writeFileSync(
      path,
      original.replace(flip.from, () => flip.to),
    )
    return runTests(folder, flip.tests)
  } finally {
    writeFileSync(path, original)
  }
}

function main(): void {
  const [word = ''] = process.argv.slice(2)
  const chosen = flips.filter(({ kind, name }) => `${kind}: ${name}`.includes(word))
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-flips-'))
  try {
    for (const name of copied.filter((each) => existsSync(join(projectRoot, each))))
      cpSync(join(projectRoot, name), join(folder, name), { recursive: true })
    for (const name of linked) symlinkSync(join(projectRoot, name), join(folder, name), 'junction')
    writeFileSync(join(folder, 'vitest.config.ts'), vitestConfig)

    const before = runTests(folder, [...new Set(chosen.flatMap(({ tests }) => tests))])
    if (before.outcome !== 'survived') {
      console.error(`The tests fail before anything is flipped:\n${before.output}`)
      process.exitCode = 1
      return
    }
    const left: string[] = []
    for (const flip of chosen) {
      const { outcome, output } = tryFlip(folder, flip)
      console.log(`${outcome.padEnd(8)} ${flip.kind}: ${flip.name}`)
      if (outcome !== 'killed') left.push(`${outcome}: ${flip.kind}: ${flip.name} (${flip.file}) ${output}`)
    }
    console.log(`${chosen.length - left.length} of ${chosen.length} flips killed`)
    for (const line of left) console.log(line)
    process.exitCode = left.length === 0 && chosen.length > 0 ? 0 : 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

main()

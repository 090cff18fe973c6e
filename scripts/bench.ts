import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from './project-root.ts'

const suffix = '.bench.ts'
const folder = join(projectRoot, 'test', 'bench')

/**
 * `npm run bench [-- NAME [arguments]]`: prints what things cost beside a reference measured in the same run. Times
 * are never judged; the exit status is 1 only when a benchmark breaks, and 2 when there is none of that name.
 */
function bench(): void {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(suffix))
    .map((name) => name.slice(0, -suffix.length))
    .sort()
  const [wanted, ...parameters] = process.argv.slice(2)
  if (wanted !== undefined && !names.includes(wanted)) {
    console.error(`There is no benchmark “${wanted}”. Choose one of: ${names.join(', ')}.`)
    process.exitCode = 2
    return
  }
  for (const name of wanted === undefined ? names : [wanted]) {
    console.log(`\n== ${name}`)
    const script = join(folder, `${name}${suffix}`)
    const { status } = spawnSync(process.execPath, [script, ...parameters], { cwd: projectRoot, stdio: 'inherit' })
    if (status !== 0) process.exitCode = 1
  }
}

bench()

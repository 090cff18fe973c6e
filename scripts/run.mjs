// `node scripts/run.mjs TASK [arguments]`: sets up what is missing, then runs scripts/TASK.ts with the project's Node.
// Plain JavaScript for Node 20.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { projectNode, root, setUp } from './setup.mjs'

const [task, ...parameters] = process.argv.slice(2)
setUp()
const child = spawn(projectNode, [join(root, 'scripts', `${task}.ts`), ...parameters], { cwd: root, stdio: 'inherit' })
// In a terminal Ctrl+C reaches the child as well, and a second one would mean "at once".
process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  console.error(`The project's Node could not be started: ${error.message}`)
  process.exit(1)
})
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)))

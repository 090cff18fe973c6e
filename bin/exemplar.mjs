#!/usr/bin/env node
// The command `exemplar`. Plain JavaScript for Node 20: on an older Node than the project's it starts itself again with
// the one that the project brings.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = new URL('..', import.meta.url)
const neededMajor = 24

if (Number(process.versions.node.split('.')[0]) >= neededMajor) {
  const sources = fileURLToPath(new URL('src/main/cli/main.ts', root))
  const built = fileURLToPath(new URL('out/main/cli.js', root))
  await import(pathToFileURL(existsSync(sources) ? sources : built).href)
} else {
  startAgain()
}

function startAgain() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const projectNode = fileURLToPath(new URL(`node_modules/node/bin/${name}`, root))
  if (!existsSync(projectNode)) {
    console.error(
      `Node ${neededMajor} is missing in ${fileURLToPath(root)}: run "npm start" there once, which installs it.`,
    )
    process.exit(1)
  }
  const child = spawn(projectNode, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  // In a terminal Ctrl+C reaches the child as well, and a second one would mean "at once".
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`${projectNode} could not be started: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

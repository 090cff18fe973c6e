#!/usr/bin/env node
// The command `exemplar`. Plain JavaScript for Node 20: on an older Node than the project's it starts itself again with
// the one that the project brings.
import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { endWithParent, handOver } from './hand-over.mjs'

const root = new URL('..', import.meta.url)
const neededMajor = 24

if (Number(process.versions.node.split('.')[0]) >= neededMajor) {
  endWithParent()
  const sources = fileURLToPath(new URL('src/main/cli/main.ts', root))
  const built = fileURLToPath(new URL('out/main/cli.js', root))
  await import(pathToFileURL(existsSync(sources) ? sources : built).href)
} else {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const projectNode = fileURLToPath(new URL(`node_modules/node/bin/${name}`, root))
  if (existsSync(projectNode)) handOver(projectNode, [fileURLToPath(import.meta.url), ...process.argv.slice(2)])
  else {
    console.error(
      `Node ${neededMajor} is missing in ${fileURLToPath(root)}: run "npm start" there once, which installs it.`,
    )
    process.exitCode = 1
  }
}

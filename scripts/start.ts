import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildRenderer } from './builds.ts'
import { projectRoot } from './project-root.ts'

const usage = 'Usage: npm start [-- [--headless] [--port N] [PROJECT]]'

/** `npm start`: builds the page where it is stale, then opens the app. */
function start(): void {
  const options = readOptions()
  if (!buildRenderer()) {
    console.error('The page could not be built: see the message above.')
    process.exit(1)
  }
  if (!options.headless) console.error('Electron is not available here: opening in the browser window mode.')
  const parameters = [
    join(projectRoot, 'bin', 'exemplar.mjs'),
    'serve',
    ...options.projects,
    ...(options.headless ? [] : ['--open']),
    ...(options.port === undefined ? [] : ['--port', options.port]),
  ]
  const child = spawn(process.execPath, parameters, { stdio: 'inherit' })
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`The app could not be started: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code) => process.exit(code ?? 1))
}

function readOptions(): { headless: boolean; port: string | undefined; projects: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      options: { headless: { type: 'boolean', default: false }, port: { type: 'string' } },
      allowPositionals: true,
    })
    return { headless: values.headless, port: values.port, projects: positionals }
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    console.error(usage)
    process.exit(2)
  }
}

start()

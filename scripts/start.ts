import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildDesktop, buildRenderer } from './builds.ts'
import { findElectron } from './electron-program.ts'
import { projectRoot } from './project-root.ts'

const usage = 'Usage: npm start [-- [--browser | --headless] [--port N] [PROJECT]]'

interface Options {
  readonly mode: 'window' | 'browser' | 'headless'
  readonly port: string | undefined
  readonly projects: readonly string[]
}

/** `npm start`: builds what is stale, then opens the desktop window, or serves a browser where there is none. */
async function start(): Promise<void> {
  const options = readOptions()
  if (!buildRenderer()) fail('The page')
  if (options.mode === 'window') {
    const { path, reason } = findElectron()
    if (path !== null) {
      if (!buildDesktop()) fail('The desktop window')
      openWindow(path, options.projects)
      return
    }
    console.error(`Opening in the browser: ${reason}.`)
  }
  const port = options.port === undefined ? [] : ['--port', options.port]
  const open = options.mode === 'headless' ? [] : ['--open']
  const command = new URL('../bin/exemplar.mjs', import.meta.url).href
  process.argv.splice(2, Infinity, 'serve', ...options.projects, ...port, ...open)
  await import(command)
}

/** The window is a process of its own: it ends with this one, and this one with it. */
function openWindow(program: string, projects: readonly string[]): void {
  // Set by a surrounding program, it would make Electron a plain Node.
  const { ELECTRON_RUN_AS_NODE: _asNode, ...environment } = process.env
  const parameters = [projectRoot, ...projects.map((project) => resolve(project))]
  const child = spawn(program, parameters, { stdio: 'inherit', env: environment })
  process.on('disconnect', () => child.kill('SIGTERM'))
  process.channel?.unref()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`${program} could not be started: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code) => process.exit(code ?? 1))
}

function readOptions(): Options {
  try {
    const { values, positionals } = parseArgs({
      options: {
        browser: { type: 'boolean', default: false },
        headless: { type: 'boolean', default: false },
        port: { type: 'string' },
      },
      allowPositionals: true,
    })
    // A port is for a browser.
    const isBrowser = values.browser || values.port !== undefined
    const mode = values.headless ? 'headless' : isBrowser ? 'browser' : 'window'
    return { mode, port: values.port, projects: positionals }
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    console.error(usage)
    process.exit(2)
  }
}

function fail(what: string): never {
  console.error(`${what} could not be built: see the message above.`)
  process.exit(1)
}

await start()

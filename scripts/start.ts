import { parseArgs } from 'node:util'
import { buildRenderer } from './builds.ts'

const usage = 'Usage: npm start [-- [--headless] [--port N] [PROJECT]]'

/** `npm start`: builds the page where it is stale, then serves the app from this process. */
async function start(): Promise<void> {
  const options = readOptions()
  if (!buildRenderer()) {
    console.error('The page could not be built: see the message above.')
    process.exit(1)
  }
  if (!options.headless) console.error('Electron is not available here: opening in the browser window mode.')
  const command = new URL('../bin/exemplar.mjs', import.meta.url).href
  process.argv.splice(2, Infinity, 'serve', ...options.parameters)
  await import(command)
}

function readOptions(): { readonly headless: boolean; readonly parameters: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      options: { headless: { type: 'boolean', default: false }, port: { type: 'string' } },
      allowPositionals: true,
    })
    const port = values.port === undefined ? [] : ['--port', values.port]
    return { headless: values.headless, parameters: [...positionals, ...port, ...(values.headless ? [] : ['--open'])] }
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    console.error(usage)
    process.exit(2)
  }
}

await start()

import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface OpenedBrowser {
  /** False where there is no browser to open: the printed address is the way in. */
  readonly opened: boolean
  /** Deletes the redirect file; also done by itself after a minute. */
  readonly forget: () => Promise<void>
}

export interface OpenBrowserOptions {
  readonly environment?: NodeJS.ProcessEnv
  readonly platform?: NodeJS.Platform
  /** How long the redirect file may wait for the browser. */
  readonly lifetimeMs?: number
}

const defaultLifetimeMs = 60_000

/**
 * Opens the default browser at `url`, which holds the token. Arguments of a process can be read by
 * everyone on the machine, so the browser is given a redirect file that only this person can read, in a
 * folder of its own, deleted after use.
 */
export async function openInBrowser(url: string, options: OpenBrowserOptions = {}): Promise<OpenedBrowser> {
  const environment = options.environment ?? process.env
  const command = browserCommand(options.platform ?? process.platform, environment)
  if (command === null) return { opened: false, forget: () => Promise.resolve() }
  const folder = await mkdtemp(join(tmpdir(), 'exemplar-open-'))
  const forget = (): Promise<void> => rm(folder, { recursive: true, force: true })
  const file = join(folder, 'open.html')
  await writeFile(file, redirectPage(url), { mode: 0o600, flag: 'wx' })
  const opened = await start(command.program, [...command.arguments, pathToFileURL(file).href], environment)
  if (!opened) {
    await forget()
    return { opened, forget }
  }
  const timer = setTimeout(() => {
    forget().catch((error: unknown) => console.error('The redirect file could not be deleted:', error))
  }, options.lifetimeMs ?? defaultLifetimeMs)
  timer.unref()
  return {
    opened,
    forget: () => {
      clearTimeout(timer)
      return forget()
    },
  }
}

function browserCommand(
  platform: NodeJS.Platform,
  environment: NodeJS.ProcessEnv,
): { readonly program: string; readonly arguments: readonly string[] } | null {
  if (platform === 'win32') return { program: 'rundll32', arguments: ['url.dll,FileProtocolHandler'] }
  if (platform === 'darwin') return { program: 'open', arguments: [] }
  const hasDesktop = (environment['DISPLAY'] ?? '') !== '' || (environment['WAYLAND_DISPLAY'] ?? '') !== ''
  return hasDesktop ? { program: 'xdg-open', arguments: [] } : null
}

/** True when the program could be started. */
function start(program: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env: environment, stdio: 'ignore', detached: true })
    child.once('error', () => resolve(false))
    child.once('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
}

function redirectPage(url: string): string {
  const attribute = url.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
  return `<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url=${attribute}">
<title>Exemplar Studio</title>
<p><a href="${attribute}">Exemplar Studio</a></p>
`
}

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Finds the Chromium that the browser tests drive: the file named by `EXEMPLAR_CHROMIUM`, else
 * Debian's `/usr/bin/chromium`, else the first known name on `PATH`.
 *
 * @returns its path, or undefined where there is none.
 */
export function findChromium(): string | undefined {
  const named = process.env['EXEMPLAR_CHROMIUM']
  if (named !== undefined && named !== '') return isExecutable(named) ? named : undefined
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'chrome.exe']
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const candidates = ['/usr/bin/chromium', ...names.flatMap((name) => folders.map((folder) => join(folder, name)))]
  return candidates.find(isExecutable)
}

/** Why `findChromium` found nothing, as a reason for a skip. */
export const noChromiumReason = 'no Chromium found: install Debian\'s "chromium" or set EXEMPLAR_CHROMIUM to its path'

/**
 * Arguments that make Chromium deterministic enough for tests: WebGL2 on the CPU, no sandbox (containers),
 * and no traffic of its own.
 */
export const chromiumArguments: readonly string[] = [
  '--no-sandbox',
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // Not there or not ours to run: both mean "look further".
    return false
  }
}

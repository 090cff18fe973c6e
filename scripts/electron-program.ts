import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from './project-root.ts'

/**
 * Whether the desktop window can be opened here, and by which program; else why not. Never by importing the package
 * `electron`: in Node that starts a download.
 */
export type ElectronProgram =
  { readonly path: string; readonly reason: null } | { readonly path: null; readonly reason: string }

export function findElectron(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  packageFolder = join(projectRoot, 'node_modules', 'electron'),
): ElectronProgram {
  const named = environment['ELECTRON_OVERRIDE_DIST_PATH'] ?? ''
  const path = join(named === '' ? join(packageFolder, 'dist') : named, programName(packageFolder, platform))
  if (!existsSync(path)) {
    return { path: null, reason: 'the Electron program is not here; "npx install-electron" fetches it' }
  }
  if (platform === 'linux' && (environment['DISPLAY'] ?? '') === '' && (environment['WAYLAND_DISPLAY'] ?? '') === '') {
    return { path: null, reason: 'there is no screen: neither DISPLAY nor WAYLAND_DISPLAY is set' }
  }
  return { path, reason: null }
}

/** The install script of the package leaves the name of its program beside it. */
function programName(packageFolder: string, platform: NodeJS.Platform): string {
  const file = join(packageFolder, 'path.txt')
  if (existsSync(file)) return readFileSync(file, 'utf8').trim()
  if (platform === 'darwin') return join('Electron.app', 'Contents', 'MacOS', 'Electron')
  return platform === 'win32' ? 'electron.exe' : 'electron'
}

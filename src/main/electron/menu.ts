import type { MenuItemConstructorOptions } from 'electron'
import { externalUrls } from './external.ts'
import { texts } from './texts.ts'

export interface MenuOptions {
  readonly platform: NodeJS.Platform
  /** Whether the developer tools are among it. */
  readonly devTools: boolean
  readonly openExternal: (url: string) => void
}

/**
 * The menu of the application. Electron's own would take keys that the page uses (Ctrl+0 shows the whole image) or
 * that must not lose work (Ctrl+R, Ctrl+W), so what is not needed is not there. On macOS copy, paste and quit work
 * only by their menu items.
 */
export function menuTemplate(options: MenuOptions): MenuItemConstructorOptions[] {
  const isMac = options.platform === 'darwin'
  const link = (label: string, url: string): MenuItemConstructorOptions => ({
    label,
    click: () => options.openExternal(url),
  })
  const view: MenuItemConstructorOptions[] = [{ role: 'togglefullscreen', label: texts.menu.fullScreen }]
  if (options.devTools) view.push({ role: 'toggleDevTools', label: texts.menu.developerTools })
  return [
    ...(isMac ? [{ role: 'appMenu' as const }] : [{ label: texts.menu.file, submenu: [quitItem] }]),
    ...(isMac ? [{ label: texts.menu.edit, submenu: editRoles.map((role) => ({ role })) }] : []),
    { label: texts.menu.view, submenu: view },
    {
      label: texts.menu.help,
      submenu: [link(texts.menu.method, externalUrls.method), link(texts.menu.licence, externalUrls.licence)],
    },
  ]
}

/** The page hears these keys first and keeps those it handles. */
const editRoles = ['undo', 'redo', 'cut', 'copy', 'paste', 'selectAll'] as const

const quitItem: MenuItemConstructorOptions = { role: 'quit', label: texts.menu.quit }

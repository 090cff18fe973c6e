import { BrowserWindow, dialog, nativeTheme } from 'electron'
import { pageUrl } from './page-url.ts'
import { recoverPage } from './recovery.ts'
import { texts } from './texts.ts'

export interface WindowOptions {
  readonly preload: string
  /** Developer tools belong to a source tree, not to a packed program. */
  readonly devTools: boolean
  readonly log: (line: string) => void
}

/** `--tone-base` of the page's style sheet in either theme, so that the window does not flash before it is drawn. */
const ground = { dark: '#121416', light: '#eceef1' } as const

/**
 * Opens the window on our page, shown once it is drawn. What keeps the page apart from the system is written out,
 * although most of it is Electron's default: a default that changes must not change us.
 */
export function openWindow(options: WindowOptions): BrowserWindow {
  const window = new BrowserWindow({
    title: texts.appName,
    width: 1440,
    height: 900,
    minWidth: 900,
    minHeight: 600,
    show: false,
    backgroundColor: nativeTheme.shouldUseDarkColors ? ground.dark : ground.light,
    webPreferences: {
      preload: options.preload,
      contextIsolation: true,
      sandbox: true,
      webSecurity: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      plugins: false,
      navigateOnDragDrop: false,
      // Chromium fetches dictionaries from a server.
      spellcheck: false,
      devTools: options.devTools,
    },
  })
  window.once('ready-to-show', () => window.show())
  window.webContents.on('will-prevent-unload', (event) => {
    if (mayLeave(window)) event.preventDefault()
  })
  recoverPage(window, options.log)
  window.loadURL(pageUrl).catch((error: unknown) => options.log(`The page could not be loaded: ${String(error)}`))
  return window
}

/** The page holds a change that could not be saved: whether to close it all the same. */
function mayLeave(window: BrowserWindow): boolean {
  const { message, detail, stay, leave } = texts.unsaved
  const buttons = [stay, leave]
  const chosen = dialog.showMessageBoxSync(window, {
    type: 'warning',
    message,
    detail,
    buttons,
    defaultId: 0,
    cancelId: 0,
  })
  return buttons[chosen] === leave
}

/** Brings the window to the front, wherever it is. */
export function showWindow(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore()
  window.show()
  window.focus()
}

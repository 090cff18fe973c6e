import { app, dialog } from 'electron'
import type { BrowserWindow } from 'electron'
import { texts } from './texts.ts'

const recentMs = 60_000
const loadsWithoutAsking = 2

/**
 * Loads the page again when its process has ended. What was saved is on disk, so nothing is lost by that; a page that
 * dies at every start is not loaded for ever but asks first.
 */
export function recoverPage(window: BrowserWindow, log: (line: string) => void): void {
  let times: number[] = []
  window.webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
    if (reason === 'clean-exit') return
    log(`The page ended: ${reason} (${exitCode})`)
    const now = performance.now()
    times = [...times.filter((time) => time > now - recentMs), now]
    if (times.length <= loadsWithoutAsking) {
      window.webContents.reload()
      return
    }
    times = []
    askWhatToDo(window, reason).catch((error: unknown) => log(String(error)))
  })
}

async function askWhatToDo(window: BrowserWindow, reason: string): Promise<void> {
  const { message, detail, again, quit } = texts.gone
  const buttons = [again, quit]
  const { response } = await dialog.showMessageBox(window, {
    type: 'error',
    message,
    detail: detail.replace('{reason}', reason),
    buttons,
    defaultId: 0,
    cancelId: 1,
  })
  if (buttons[response] === again) window.webContents.reload()
  else app.quit()
}

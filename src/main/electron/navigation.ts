import type { WebContents } from 'electron'
import { isPageUrl } from './page-url.ts'

/** Keeps a window on our page: it goes nowhere else, opens nothing and embeds nothing. For every contents there is. */
export function restrictNavigation(contents: WebContents): void {
  contents.on('will-navigate', (details) => {
    if (!isPageUrl(details.url)) details.preventDefault()
  })
  contents.on('will-redirect', (details) => {
    if (!isPageUrl(details.url)) details.preventDefault()
  })
  contents.on('will-frame-navigate', (details) => {
    if (!details.isMainFrame || !isPageUrl(details.url)) details.preventDefault()
  })
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(() => ({ action: 'deny' }))
}

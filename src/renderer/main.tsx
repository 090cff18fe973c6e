import { createRoot } from 'react-dom/client'
import type { Bridge } from '../shared/contract/contract.ts'
import { isAppError } from '../shared/errors.ts'
import { App } from './app/App.tsx'
import { NoToken } from './app/NoToken.tsx'
import { loadPreferences } from './app/preferences.ts'
import { createQueryClient } from './app/queries.ts'
import { rememberView, restoreView } from './app/restore-view.ts'
import { createHttpBridge, takeToken } from './bridge/http-bridge.ts'
import { createIpcBridge, desktopOf } from './bridge/ipc-bridge.ts'
import { languageFor, setLanguage, startTranslation } from './i18n/index.ts'
import './ui/styles.css'

/** The bridge of the window this page is in; null in a browser that came without the token. Only here it is known. */
function bridgeOfThisWindow(): Bridge | null {
  const desktop = desktopOf(window)
  if (desktop !== null) return createIpcBridge(desktop)
  const token = takeToken(window)
  return token === null ? null : createHttpBridge({ origin: window.location.origin, token }).bridge
}

const language = languageFor('system', navigator.languages)
startTranslation(language)
const element = document.getElementById('root')
if (element === null) throw new Error('index.html has no element "root"')
const root = createRoot(element)
const bridge = bridgeOfThisWindow()
if (bridge === null) {
  setLanguage(language)
  root.render(<NoToken />)
} else {
  setLanguage(language)
  try {
    await loadPreferences(bridge)
    await restoreView(bridge, window.sessionStorage)
  } catch (error) {
    // The token of an earlier start, or no program any more: the welcome screen asks again and says so.
    if (!isAppError(error)) throw error
  }
  rememberView(window.sessionStorage)
  root.render(<App bridge={bridge} client={createQueryClient()} />)
}

import { createRoot } from 'react-dom/client'
import { App } from './app/App.tsx'
import { NoToken } from './app/NoToken.tsx'
import { loadPreferences } from './app/preferences.ts'
import { createQueryClient } from './app/queries.ts'
import { rememberView, restoreView } from './app/restore-view.ts'
import { createHttpBridge, takeToken } from './bridge/http-bridge.ts'
import { languageFor, setLanguage, startTranslation } from './i18n/index.ts'
import './ui/styles.css'

const language = languageFor('system', navigator.languages)
startTranslation(language)
const element = document.getElementById('root')
if (element === null) throw new Error('index.html has no element "root"')
const token = takeToken(window)
const root = createRoot(element)
if (token === null) {
  setLanguage(language)
  root.render(<NoToken />)
} else {
  const { bridge } = createHttpBridge({ origin: window.location.origin, token })
  await loadPreferences(bridge)
  await restoreView(bridge, window.sessionStorage)
  rememberView(window.sessionStorage)
  root.render(<App bridge={bridge} client={createQueryClient()} />)
}

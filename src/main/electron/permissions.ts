import type { Session } from 'electron'
import { isOurUrl } from './page-url.ts'

/** What the page may ask of the system: nothing that reaches beyond its own window. */
const allowed: ReadonlySet<string> = new Set(['fullscreen', 'clipboard-sanitized-write'])

/** Addresses that a page of ours never needs. */
const remote = ['http://*/*', 'https://*/*', 'ws://*/*', 'wss://*/*']

/** Electron grants by default; here everything is refused but the two above, to our page only. */
export function restrictSession(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, callback, details) => {
    callback(allowed.has(permission) && isOurUrl(details.requestingUrl))
  })
  session.setPermissionCheckHandler((_contents, permission, requestingOrigin) => {
    return allowed.has(permission) && isOurUrl(requestingOrigin)
  })
  session.setDevicePermissionHandler(() => false)
  // Nothing leaves this machine, whatever might find a way around the content security policy.
  session.webRequest.onBeforeRequest({ urls: remote }, (_details, callback) => callback({ cancel: true }))
  session.on('will-download', (event) => event.preventDefault())
}

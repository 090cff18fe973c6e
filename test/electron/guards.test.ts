import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Session, WebContents } from 'electron'
import { externalUrls, openExternal } from '../../src/main/electron/external.ts'
import { restrictNavigation } from '../../src/main/electron/navigation.ts'
import { isOurUrl, isPageUrl } from '../../src/main/electron/page-url.ts'
import { restrictSession } from '../../src/main/electron/permissions.ts'
import { app, BrowserWindow, calls, makeEvent, session } from './fake-electron.ts'

const ours = ['app://studio/', 'app://studio/index.html', 'app://studio/?a=1', 'app://studio/#b']
const foreign = [
  'https://example.org/',
  'http://studio/',
  'https://studio/',
  'file:///etc/passwd',
  'app://other/',
  'app://studio.example.org/',
  'app://studio:1/',
  'app2://studio/',
  'about:blank',
  'data:text/html,x',
  'javascript:alert(1)',
  'blob:app://studio/1',
  'no url',
  '',
]

afterEach(() => {
  calls.length = 0
})

test('our page is told from every other by scheme and host', () => {
  for (const url of ours) expect([url, isOurUrl(url), isPageUrl(url)]).toEqual([url, true, true])
  for (const url of foreign) expect([url, isOurUrl(url), isPageUrl(url)]).toEqual([url, false, false])
  expect([isOurUrl('app://studio/media/p/thumbnail/i'), isPageUrl('app://studio/media/p/thumbnail/i')]).toEqual([
    true,
    false,
  ])
})

describe('navigation', () => {
  function contents() {
    app.isReady = true
    const { webContents } = new BrowserWindow()
    restrictNavigation(webContents as unknown as WebContents)
    return webContents
  }

  test.each(['will-navigate', 'will-redirect', 'will-frame-navigate'])('%s goes to our page only', (name) => {
    const page = contents()
    const go = (url: string) => {
      const event = makeEvent({ url, isMainFrame: true })
      page.emit(name, event)
      return event.defaultPrevented
    }
    for (const url of ours) expect([url, go(url)]).toEqual([url, false])
    for (const url of [...foreign, 'app://studio/media/p/thumbnail/i', 'app://studio/assets/a.js']) {
      expect([url, go(url)]).toEqual([url, true])
    }
  })

  test('no frame inside the page goes anywhere, not even to the page', () => {
    const event = makeEvent({ url: 'app://studio/', isMainFrame: false })
    contents().emit('will-frame-navigate', event)
    expect(event.defaultPrevented).toBe(true)
  })

  test('no webview is attached, no window opened', () => {
    const page = contents()
    const event = makeEvent()
    page.emit('will-attach-webview', event, {}, {})
    expect(event.defaultPrevented).toBe(true)
    for (const url of [...ours, ...foreign]) expect(page.openWindow(url)).toEqual({ action: 'deny' })
  })
})

describe('permissions', () => {
  const granted = ['fullscreen', 'clipboard-sanitized-write']
  const refused = [
    'media',
    'geolocation',
    'notifications',
    'midi',
    'midiSysex',
    'pointerLock',
    'openExternal',
    'clipboard-read',
    'display-capture',
    'fileSystem',
    'hid',
    'serial',
    'usb',
    'unknown',
  ]
  restrictSession(session.defaultSession as unknown as Session)
  const { handlers } = session.defaultSession

  function asks(permission: string, requestingUrl: string): boolean | undefined {
    const answer = vi.fn<(isGranted: boolean) => void>()
    const details = { isMainFrame: true, requestingUrl }
    handlers.permissionRequest?.(null as never, permission as never, answer, details)
    expect(answer).toHaveBeenCalledTimes(1)
    return answer.mock.lastCall?.[0]
  }

  function checks(permission: string, origin: string): boolean | undefined {
    return handlers.permissionCheck?.(null, permission as never, origin, { isMainFrame: true })
  }

  test('a request: full screen and writing text to the clipboard, for our page; nothing else', () => {
    for (const permission of granted) {
      expect([permission, asks(permission, 'app://studio/')]).toEqual([permission, true])
      for (const url of foreign) expect([permission, url, asks(permission, url)]).toEqual([permission, url, false])
    }
    for (const permission of refused) {
      expect([permission, asks(permission, 'app://studio/')]).toEqual([permission, false])
    }
  })

  test('a check: the same', () => {
    for (const permission of granted) {
      expect([permission, checks(permission, 'app://studio/')]).toEqual([permission, true])
      for (const url of foreign) expect([permission, url, checks(permission, url)]).toEqual([permission, url, false])
    }
    for (const permission of refused) {
      expect([permission, checks(permission, 'app://studio/')]).toEqual([permission, false])
    }
  })

  test('a device: none', () => {
    for (const deviceType of ['hid', 'serial', 'usb'] as const) {
      const details = { deviceType, origin: 'app://studio', device: {} as never }
      expect(handlers.devicePermission?.(details)).toBe(false)
    }
  })

  test('nothing is fetched from the network and nothing is downloaded', () => {
    expect(handlers.beforeRequestUrls).toEqual(['http://*/*', 'https://*/*', 'ws://*/*', 'wss://*/*'])
    const answer = vi.fn<(response: object) => void>()
    handlers.beforeRequest?.({ url: 'https://example.org/' } as never, answer)
    expect(answer.mock.calls).toEqual([[{ cancel: true }]])
    const event = makeEvent()
    session.defaultSession.emit('will-download', event)
    expect(event.defaultPrevented).toBe(true)
  })
})

describe('openExternal', () => {
  test('opens what the program itself offers', async () => {
    for (const url of Object.values(externalUrls)) expect(await openExternal(url)).toBe(true)
    expect(calls.map(({ args }) => args)).toEqual(Object.values(externalUrls).map((url) => [url]))
  })

  test('opens no other scheme, host, port or user', async () => {
    for (const url of [
      ...foreign,
      'http://arxiv.org/abs/2409.11316',
      'https://arxiv.org.example.org/',
      'https://example.org/?arxiv.org',
      'https://arxiv.org:8443/',
      'https://user@arxiv.org/',
      'https://user:secret@arxiv.org/',
      'https://:secret@arxiv.org/',
      'ms-msdt:/id',
      'smb://arxiv.org/share',
      '\\\\arxiv.org\\share',
    ]) {
      expect([url, await openExternal(url)]).toEqual([url, false])
    }
    expect(calls).toEqual([])
  })
})

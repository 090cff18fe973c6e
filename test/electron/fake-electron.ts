import { fork } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import type * as Electron from 'electron'

/**
 * Electron as far as the shell uses it, typed by Electron's own declarations, recording every call. `electron` is
 * aliased to this file in tests. What Electron refuses is refused here too: schemes after `ready`, children before
 * it, clones of functions. Utility processes are real ones, so that engine and codec really run.
 */

export interface RecordedCall {
  /** `app.setPath`, `session.setPermissionCheckHandler`, … */
  readonly name: string
  readonly args: readonly unknown[]
}

/** Every call of the shell, in order; `ready` stands among them. */
export const calls: RecordedCall[] = []

function note(name: string, ...args: readonly unknown[]): void {
  calls.push({ name, args })
}

/** An Electron event as a listener sees it. */
export interface FakeEvent {
  preventDefault: () => void
  defaultPrevented: boolean
}

export function makeEvent<More extends object>(more?: More): FakeEvent & More {
  const event = {
    ...more,
    defaultPrevented: false,
    preventDefault: () => {
      event.defaultPrevented = true
    },
  }
  return event as FakeEvent & More
}

class FakeApp extends EventEmitter {
  isPackaged = false
  isReady = false
  /** Whether this is the first start; a second one is refused the lock. */
  hasLock = true
  /** How the program ended: `quit`, or `exit 1`. */
  readonly ended: Promise<string>
  #end: (how: string) => void = () => undefined
  #makeReady: () => void = () => undefined
  readonly #ready: Promise<void>

  constructor() {
    super()
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
    this.#ready = new Promise((resolve) => {
      this.#makeReady = resolve
    })
  }

  /** What Chromium does once it is up. */
  becomeReady(): void {
    note('ready')
    this.isReady = true
    this.#makeReady()
  }

  readonly whenReady = (): Promise<void> => this.#ready

  readonly setPath = (name: string, path: string): void => note('app.setPath', name, path)

  readonly enableSandbox = (): void => {
    if (this.isReady) throw new Error('app.enableSandbox() can only be called before app is ready')
    note('app.enableSandbox')
  }

  readonly requestSingleInstanceLock = (data?: Record<string, unknown>): boolean => {
    note('app.requestSingleInstanceLock', structuredClone(data))
    return this.hasLock
  }

  /** As Electron does it: asks, closes the windows, asks once more, ends. */
  readonly quit = (): void => {
    note('app.quit')
    setImmediate(() => {
      const before = makeEvent()
      this.emit('before-quit', before)
      if (before.defaultPrevented) return
      isQuitting = true
      for (const window of BrowserWindow.getAllWindows()) window.close()
      if (BrowserWindow.getAllWindows().length > 0) {
        isQuitting = false
        return
      }
      const last = makeEvent()
      this.emit('will-quit', last)
      if (last.defaultPrevented) return
      note('quit')
      this.#end('quit')
    })
  }

  readonly exit = (code?: number): void => {
    note('app.exit', code)
    this.#end(`exit ${code ?? 0}`)
  }
}

let isQuitting = false

export const app = new FakeApp() satisfies Pick<
  Electron.App,
  'isPackaged' | 'whenReady' | 'setPath' | 'enableSandbox' | 'requestSingleInstanceLock' | 'quit' | 'exit'
>

let nextContentsId = 1

export class FakeWebContents extends EventEmitter {
  readonly id = nextContentsId++
  readonly mainFrame: { url: string; parent: null } = { url: '', parent: null }
  /** What a page does that holds an unsaved change. */
  holdsUnload = false
  #windowOpenHandler: ((details: Electron.HandlerDetails) => Electron.WindowOpenHandlerResponse) | null = null
  #destroyed = false

  readonly isDestroyed = (): boolean => this.#destroyed

  readonly reload = (): void => note('webContents.reload', this.id)

  readonly send = (channel: string, ...args: readonly unknown[]): void => {
    if (this.#destroyed) throw new TypeError('Object has been destroyed')
    deliverToPage(channel, structuredClone(args))
  }

  readonly setWindowOpenHandler = (
    handler: (details: Electron.HandlerDetails) => Electron.WindowOpenHandlerResponse,
  ): void => {
    this.#windowOpenHandler = handler
  }

  /** What `window.open` in the page gets. */
  openWindow(url: string): Electron.WindowOpenHandlerResponse {
    const details = { url, frameName: '', features: '', disposition: 'new-window' as const }
    const referrer = { url: '', policy: 'no-referrer' as const }
    return this.#windowOpenHandler?.({ ...details, referrer }) ?? { action: 'allow' }
  }

  destroy(): void {
    this.#destroyed = true
  }
}

null as unknown as FakeWebContents satisfies Pick<
  Electron.WebContents,
  'id' | 'isDestroyed' | 'reload' | 'send' | 'setWindowOpenHandler'
>

const windows = new Set<BrowserWindow>()

export class BrowserWindow extends EventEmitter {
  readonly webContents = new FakeWebContents()
  readonly options: Electron.BrowserWindowConstructorOptions
  isHidden = true
  minimized = false

  static getAllWindows(): BrowserWindow[] {
    return [...windows]
  }

  constructor(options: Electron.BrowserWindowConstructorOptions = {}) {
    super()
    note('new BrowserWindow', options)
    if (!app.isReady) throw new Error('Cannot create BrowserWindow before app is ready')
    this.options = options
    windows.add(this)
    app.emit('web-contents-created', makeEvent(), this.webContents)
  }

  readonly loadURL = (url: string): Promise<void> => {
    note('window.loadURL', url)
    this.webContents.mainFrame.url = url
    setImmediate(() => this.emit('ready-to-show'))
    return Promise.resolve()
  }

  readonly show = (): void => {
    note('window.show')
    this.isHidden = false
  }

  readonly focus = (): void => note('window.focus')
  readonly isMinimized = (): boolean => this.minimized
  readonly restore = (): void => {
    note('window.restore')
    this.minimized = false
  }

  /** As when a person closes it. */
  readonly close = (): void => {
    if (this.webContents.holdsUnload) {
      const event = makeEvent()
      this.webContents.emit('will-prevent-unload', event)
      if (!event.defaultPrevented) return
    }
    windows.delete(this)
    this.webContents.destroy()
    this.emit('closed')
    if (windows.size === 0 && !isQuitting) app.emit('window-all-closed')
  }
}

null as unknown as BrowserWindow satisfies Pick<
  Electron.BrowserWindow,
  'loadURL' | 'show' | 'focus' | 'isMinimized' | 'restore' | 'close'
>

type PageHandler = (request: GlobalRequest) => GlobalResponse | Promise<GlobalResponse>

export const protocolHandlers = new Map<string, PageHandler>()

export const protocol = {
  registerSchemesAsPrivileged: (schemes) => {
    if (app.isReady) throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready')
    note('protocol.registerSchemesAsPrivileged', schemes)
  },
  handle: (scheme, handler) => {
    if (!app.isReady) throw new Error('protocol.handle can only be called after app is ready')
    note('protocol.handle', scheme)
    protocolHandlers.set(scheme, handler)
  },
} satisfies Pick<Electron.Protocol, 'registerSchemesAsPrivileged' | 'handle'>

type Handlers = {
  permissionRequest: Parameters<Electron.Session['setPermissionRequestHandler']>[0]
  permissionCheck: Parameters<Electron.Session['setPermissionCheckHandler']>[0]
  devicePermission: Parameters<Electron.Session['setDevicePermissionHandler']>[0]
  beforeRequest: ((details: Electron.OnBeforeRequestListenerDetails, callback: (r: object) => void) => void) | null
  beforeRequestUrls: readonly string[]
}

class FakeSession extends EventEmitter {
  readonly handlers: Handlers = {
    permissionRequest: null,
    permissionCheck: null,
    devicePermission: null,
    beforeRequest: null,
    beforeRequestUrls: [],
  }

  readonly setPermissionRequestHandler: Electron.Session['setPermissionRequestHandler'] = (handler) => {
    this.handlers.permissionRequest = handler
  }

  readonly setPermissionCheckHandler: Electron.Session['setPermissionCheckHandler'] = (handler) => {
    this.handlers.permissionCheck = handler
  }

  readonly setDevicePermissionHandler: Electron.Session['setDevicePermissionHandler'] = (handler) => {
    this.handlers.devicePermission = handler
  }

  readonly webRequest = {
    onBeforeRequest: (filter: Electron.WebRequestFilter, listener: Handlers['beforeRequest']): void => {
      this.handlers.beforeRequestUrls = filter.urls
      this.handlers.beforeRequest = listener
    },
  }
}

const defaultSession = new FakeSession() satisfies Pick<
  Electron.Session,
  'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler'
>
export const session = { defaultSession }

type InvokeHandler = Parameters<Electron.IpcMain['handle']>[1]
const invokeHandlers = new Map<string, InvokeHandler>()

export const ipcMain = {
  handle: (channel, handler) => {
    if (invokeHandlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`)
    invokeHandlers.set(channel, handler)
  },
} satisfies Pick<Electron.IpcMain, 'handle'>

/** Who sends a message, as the main process sees it. */
export interface FakeSender {
  readonly sender: { readonly id: number }
  readonly senderFrame: { readonly url: string; readonly parent: object | null } | null
}

/** A message from any sender, cloned on the way as between processes. */
export async function invokeFrom(from: FakeSender, channel: string, ...args: readonly unknown[]): Promise<unknown> {
  const handler = invokeHandlers.get(channel)
  if (handler === undefined) throw new Error(`No handler registered for '${channel}'`)
  const event = from as unknown as Electron.IpcMainInvokeEvent
  return structuredClone((await handler(event, ...structuredClone(args))) as unknown)
}

/** The top frame of a window, as its page sends messages. */
export function pageOf(window: BrowserWindow): FakeSender {
  return { sender: window.webContents, senderFrame: window.webContents.mainFrame }
}

type PageListener = Parameters<Electron.IpcRenderer['on']>[1]
const pageListeners = new Map<string, Set<PageListener>>()

function deliverToPage(channel: string, args: readonly unknown[]): void {
  // What must never reach the page: the event object.
  const event = makeEvent({ sender: 'ipcRenderer' }) as unknown as Electron.IpcRendererEvent
  for (const listener of pageListeners.get(channel) ?? []) listener(event, ...args)
}

export const ipcRenderer = {
  invoke: (channel: string, ...args: readonly unknown[]): Promise<unknown> => {
    const [window] = windows
    if (window === undefined) return Promise.reject(new Error('The window is closed'))
    return invokeFrom(pageOf(window), channel, ...args)
  },
  on: (channel: string, listener: PageListener): Electron.IpcRenderer => {
    pageListeners.set(channel, (pageListeners.get(channel) ?? new Set()).add(listener))
    return null as unknown as Electron.IpcRenderer
  },
} satisfies Pick<Electron.IpcRenderer, 'invoke' | 'on'>

/** What preload scripts exposed, by key. */
export const exposed = new Map<string, unknown>()

export const contextBridge = {
  exposeInMainWorld: (key: string, api: unknown) => {
    exposed.set(key, api)
  },
} satisfies Pick<Electron.ContextBridge, 'exposeInMainWorld'>

/** Files that came from the disk, as a drop or a file field gives them. */
export const pathsOfFiles = new WeakMap<File, string>()

export const webUtils = {
  getPathForFile: (file) => {
    if (!(file instanceof File)) throw new TypeError('getPathForFile expected to receive one argument, a File object')
    return pathsOfFiles.get(file) ?? ''
  },
} satisfies Pick<Electron.WebUtils, 'getPathForFile'>

/** What the person answers next, in order: paths of an open dialog, or the number of a button. */
export const answers: { open: string[][]; buttons: number[] } = { open: [], buttons: [] }

export const dialog = {
  showOpenDialog: (...args: readonly unknown[]) => {
    note('dialog.showOpenDialog', ...args)
    const filePaths = answers.open.shift() ?? []
    return Promise.resolve({ canceled: filePaths.length === 0, filePaths })
  },
  showMessageBox: (...args: readonly unknown[]) => {
    note('dialog.showMessageBox', ...args)
    return Promise.resolve({ response: answers.buttons.shift() ?? 0, checkboxChecked: false })
  },
  showMessageBoxSync: (...args: readonly unknown[]) => {
    note('dialog.showMessageBoxSync', ...args)
    return answers.buttons.shift() ?? 0
  },
  showErrorBox: (title, content) => note('dialog.showErrorBox', title, content),
} satisfies Pick<Electron.Dialog, 'showOpenDialog' | 'showMessageBox' | 'showMessageBoxSync' | 'showErrorBox'>

export const shell = {
  openExternal: (url) => {
    note('shell.openExternal', url)
    return Promise.resolve()
  },
} satisfies Pick<Electron.Shell, 'openExternal'>

/** On a system whose own theme is dark. */
export const nativeTheme: Pick<Electron.NativeTheme, 'shouldUseDarkColors' | 'themeSource'> = {
  themeSource: 'system',
  get shouldUseDarkColors() {
    return this.themeSource !== 'light'
  },
}

export const Menu = {
  buildFromTemplate: (template: Electron.MenuItemConstructorOptions[]) => ({ template }),
  setApplicationMenu: (menu: { readonly template: Electron.MenuItemConstructorOptions[] } | null) =>
    note('Menu.setApplicationMenu', menu?.template ?? null),
}

const launcher = fileURLToPath(new URL('./utility-child.ts', import.meta.url))

/** A child of the shell: a Node process behind the interface that Electron gives to utility processes. */
class FakeUtilityProcess extends EventEmitter {
  pid: number | undefined
  readonly #child

  constructor(path: string, options: Electron.ForkOptions) {
    super()
    this.#child = fork(launcher, [path], {
      serialization: 'advanced',
      execArgv: [...(options.execArgv ?? [])],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#child.once('spawn', () => {
      this.pid = this.#child.pid
      this.emit('spawn')
    })
    this.#child.on('message', (message) => this.emit('message', message))
    this.#child.once('exit', (code, signal) => {
      this.pid = undefined
      this.emit('exit', signal === null ? code : constants.signals[signal])
    })
  }

  get stdout(): NodeJS.ReadableStream | null {
    return this.#child.stdout
  }

  get stderr(): NodeJS.ReadableStream | null {
    return this.#child.stderr
  }

  readonly postMessage = (message: unknown): void => {
    if (this.#child.connected) this.#child.send(message as object, () => undefined)
  }

  readonly kill = (): boolean => this.#child.kill()
}

null as unknown as FakeUtilityProcess satisfies Pick<
  Electron.UtilityProcess,
  'pid' | 'stdout' | 'stderr' | 'postMessage' | 'kill'
>

/** Children that run now, by the file they were started with. */
export const children = new Map<FakeUtilityProcess, string>()

export const utilityProcess = {
  fork: (path: string, args: readonly string[] = [], options: Electron.ForkOptions = {}): FakeUtilityProcess => {
    if (!app.isReady) throw new Error('utilityProcess.fork can only be called after app is ready')
    note('utilityProcess.fork', path, args, options)
    const child = new FakeUtilityProcess(path, options)
    children.set(child, path)
    child.once('exit', () => children.delete(child))
    return child
  },
}

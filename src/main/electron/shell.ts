import { app, dialog, Menu, nativeTheme, session } from 'electron'
import type { BrowserWindow } from 'electron'
import { join } from 'node:path'
import process from 'node:process'
import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'
import { configurationFolder } from '../host/recent.ts'
import { describe } from '../host/router.ts'
import { createStudioServices } from '../host/services.ts'
import { preloadFile, rendererFolder } from '../projects/paths.ts'
import { createDialogs } from './dialogs.ts'
import { openExternal } from './external.ts'
import { serveIpc } from './ipc.ts'
import { menuTemplate } from './menu.ts'
import { restrictNavigation } from './navigation.ts'
import { pathFromArguments, projectFolderAt } from './open-request.ts'
import { restrictSession } from './permissions.ts'
import { registerPageScheme, servePage } from './protocol.ts'
import { quitInOrder } from './quit.ts'
import { texts } from './texts.ts'
import { utilitySpawner } from './utility-spawner.ts'
import { openWindow, showWindow } from './window.ts'

/** What a second start hands to the first one; its arguments as Chromium passes them on may be in another order. */
const secondStartSchema = z.object({ path: z.string().nullable() })

const log = (line: string): void => console.error(line)

/**
 * The desktop window: the services of every host, carried by Electron's IPC and protocol. Everything before `ready`
 * happens in this function's first turn; Electron would refuse it later.
 */
export function startShell(): void {
  // Beside our own files, so that each configuration folder has its own window, lock included.
  app.setPath('userData', join(configurationFolder(), 'window'))
  app.enableSandbox()
  registerPageScheme()
  app.on('web-contents-created', (_event, contents) => restrictNavigation(contents))

  const asked = pathFromArguments(process.argv, { isPackaged: app.isPackaged, workingFolder: process.cwd() })
  if (!app.requestSingleInstanceLock({ path: asked })) {
    app.quit()
    return
  }
  const requests = new OpenRequests(asked)
  // macOS sends this before `ready` when a file was opened with the program.
  app.on('open-file', (event, path) => {
    event.preventDefault()
    requests.add(path)
  })
  app.on('second-instance', (_event, _argv, _workingFolder, data) => {
    requests.add(secondStartSchema.safeParse(data).data?.path ?? null)
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => app.quit())

  app
    .whenReady()
    .then(() => run(requests))
    .catch((error: unknown) => {
      log(describe(error))
      dialog.showErrorBox(texts.notStarted, error instanceof Error ? error.message : String(error))
      app.exit(1)
    })
}

/** Keeps what is to be opened until somebody takes it. Null: only show the window. */
class OpenRequests {
  #waiting: (string | null)[]
  #take: ((path: string | null) => void) | null = null

  constructor(first: string | null) {
    this.#waiting = first === null ? [] : [first]
  }

  add(path: string | null): void {
    if (this.#take === null) this.#waiting.push(path)
    else this.#take(path)
  }

  /** What came so far, in order; each later one goes to `take`. */
  drain(take: (path: string | null) => void): readonly (string | null)[] {
    this.#take = take
    return this.#waiting.splice(0)
  }
}

async function run(requests: OpenRequests): Promise<void> {
  const devTools = !app.isPackaged
  let window: BrowserWindow | null = null
  let isQuitting = false

  const services = createStudioServices({
    roots: null,
    dialogs: createDialogs(() => window),
    spawner: utilitySpawner,
    log,
  })
  const ipc = serveIpc({ handlers: services.handlers, places: services.places, log })
  services.announceTo(ipc.emit)
  quitInOrder(async () => {
    isQuitting = true
    await ipc.close()
    await services.close()
  }, log)

  restrictSession(session.defaultSession)
  servePage({ rendererFolder: rendererFolder(), page: services.page, media: services.media, log })
  Menu.setApplicationMenu(
    Menu.buildFromTemplate(
      menuTemplate({ platform: process.platform, devTools, openExternal: (url) => void openExternal(url) }),
    ),
  )

  function show(): void {
    if (isQuitting) return
    if (window !== null) {
      showWindow(window)
      return
    }
    // The system's own parts of the window and the ground below the page are of the person's theme as well.
    nativeTheme.themeSource = services.theme()
    const opened = openWindow({ preload: preloadFile(), devTools, log })
    window = opened
    const dismiss = ipc.admit(opened.webContents)
    opened.once('closed', () => {
      dismiss()
      window = null
    })
  }

  /** Tells the page of the project; what cannot be opened is said by a dialog, since no page asked for it. */
  async function open(path: string | null): Promise<void> {
    const folder = path === null ? null : projectFolderAt(path)
    if (folder === null || isQuitting) return
    try {
      ipc.emit('app', 'projectOpened', { projectId: await services.openProject(folder) })
    } catch (error) {
      if (!(error instanceof AppError)) log(describe(error))
      const detail = error instanceof AppError ? error.message : texts.internal
      dialog
        .showMessageBox({ type: 'error', message: texts.notOpened, detail })
        .catch((failure: unknown) => log(describe(failure)))
    }
  }

  const later = (path: string | null): void => {
    show()
    void open(path)
  }
  // Before the window: its page asks what is open when it starts.
  for (const path of requests.drain(later)) await open(path)
  show()
  app.on('activate', show)
  app.on('window-all-closed', () => {
    // On macOS a program stays without windows until it is quit.
    if (process.platform !== 'darwin') app.quit()
  })
}

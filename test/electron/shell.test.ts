import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MenuItemConstructorOptions } from 'electron'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createProject } from '../../src/main/store/project-store.ts'
import { makeHome, startShell, stopShells } from './driver.ts'
import type { Shell } from './driver.ts'

/** The real shell on a fake Electron: what it asks of Electron, and in which order. */

afterEach(stopShells)

async function makeProject(home: string, name: string): Promise<string> {
  const folder = join(home, name)
  createProject(folder, name).close()
  return folder
}

async function openProjects(shell: Shell): Promise<readonly string[]> {
  const { bridge } = await shell.page()
  const info = await bridge.app.info({})
  return await Promise.all(info.open.map(async (projectId) => (await bridge.project.info({ projectId })).name))
}

/** Every item of the menu, at any depth. */
function itemsOf(template: readonly MenuItemConstructorOptions[]): readonly MenuItemConstructorOptions[] {
  return template.flatMap((item) => [item, ...(Array.isArray(item.submenu) ? itemsOf(item.submenu) : [])])
}

describe('start', () => {
  test('sandbox, scheme and lock come before ready, and the scheme weakens nothing', async () => {
    const home = await makeHome()
    const shell = await startShell({ home })
    await shell.window()
    const names = shell.fake.calls.map(({ name }) => name)
    expect(names.slice(0, names.indexOf('ready'))).toEqual([
      'app.setPath',
      'app.enableSandbox',
      'protocol.registerSchemesAsPrivileged',
      'app.requestSingleInstanceLock',
    ])
    expect(shell.called('protocol.registerSchemesAsPrivileged')).toEqual([
      [[{ scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } }]],
    ])
    expect(shell.called('app.setPath')).toEqual([['userData', join(home, 'window')]])
    expect(shell.called('protocol.handle')).toEqual([['app']])
  })

  test('the window keeps the page apart from the system, each setting written out', async () => {
    const shell = await startShell({ home: await makeHome() })
    const { options } = await shell.window()
    const { preload, ...rest } = options.webPreferences ?? {}
    expect(preload).toMatch(/out.preload.preload\.cjs$/)
    expect(rest).toEqual({
      contextIsolation: true,
      sandbox: true,
      webSecurity: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      plugins: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: true,
    })
    expect(shell.called('window.loadURL')).toEqual([['app://studio/']])
  })

  test('it shows when it is drawn; a packed program has no developer tools', async () => {
    const shell = await startShell({ home: await makeHome(), isPackaged: true })
    const window = await shell.window()
    expect([window.options.show, window.options.webPreferences?.devTools]).toEqual([false, false])
    await vi.waitFor(() => expect(window.isHidden).toBe(false))
    const [[template] = []] = shell.called('Menu.setApplicationMenu')
    expect(itemsOf(template as MenuItemConstructorOptions[]).map(({ role }) => role)).not.toContain('toggleDevTools')
  })

  test.each([
    ['system', 1],
    ['light', 0],
    ['dark', 1],
  ])('before the page is drawn, the window has its ground in the theme %s', async (theme, at) => {
    const home = await makeHome()
    await writeFile(join(home, 'preferences.json'), JSON.stringify({ theme }))
    const shell = await startShell({ home })
    const { options } = await shell.window()
    const styles = await readFile(join(import.meta.dirname, '../../src/renderer/ui/styles.css'), 'utf8')
    const [, ...grounds] = /--tone-base: light-dark\((#\w+), (#\w+)\)/.exec(styles) ?? []
    expect(options.backgroundColor).toBe(grounds[at])
    expect(shell.fake.nativeTheme.themeSource).toBe(theme)
  })

  test('every contents is restricted, the session too', async () => {
    const shell = await startShell({ home: await makeHome() })
    const { webContents } = await shell.window()
    for (const name of ['will-navigate', 'will-redirect', 'will-frame-navigate', 'will-attach-webview']) {
      expect([name, webContents.listenerCount(name)]).toEqual([name, 1])
    }
    expect(webContents.openWindow('https://arxiv.org/')).toEqual({ action: 'deny' })
    const { handlers } = shell.fake.session.defaultSession
    expect(handlers.permissionRequest).not.toBeNull()
    expect(handlers.permissionCheck).not.toBeNull()
    expect(handlers.devicePermission).not.toBeNull()
    expect(handlers.beforeRequest).not.toBeNull()
  })

  test('the page handler is mounted: the same headers as in a browser, no other host', async () => {
    const shell = await startShell({ home: await makeHome() })
    await shell.window()
    const handler = shell.fake.protocolHandlers.get('app')
    const answer = await handler?.(new Request('app://studio/'))
    expect(answer?.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
    expect((await handler?.(new Request('app://other/')))?.status).toBe(403)
  })

  test('what fails before the window is said, and ends the program', async () => {
    const shell = await startShell({
      home: await makeHome(),
      beforeReady: (fake) => {
        fake.protocol.handle = () => {
          throw new Error('The scheme is taken.')
        }
      },
    })
    expect(await shell.fake.app.ended).toBe('exit 1')
    expect(shell.called('dialog.showErrorBox')).toEqual([['Exemplar Studio cannot start', 'The scheme is taken.']])
  })
})

describe('the menu', () => {
  test('takes none of the keys that the page uses or that would drop the page', async () => {
    const shell = await startShell({ home: await makeHome() })
    await shell.window()
    const [[template] = []] = shell.called('Menu.setApplicationMenu')
    const items = itemsOf(template as MenuItemConstructorOptions[])
    const roles = items.map(({ role }) => role).filter((role) => role !== undefined)
    expect(roles).toEqual(['quit', 'togglefullscreen', 'toggleDevTools'])
    expect(items.every(({ accelerator }) => accelerator === undefined)).toBe(true)
  })

  test('on macOS it has what copy, paste and quit need there, and still no reload or close', async () => {
    const shell = await startShell({ home: await makeHome() })
    await shell.window()
    const { menuTemplate } = await import('../../src/main/electron/menu.ts')
    const opened: string[] = []
    const template = menuTemplate({ platform: 'darwin', devTools: false, openExternal: (url) => opened.push(url) })
    const items = itemsOf(template)
    expect(items.map(({ role }) => role).filter((role) => role !== undefined)).toEqual([
      'appMenu',
      'undo',
      'redo',
      'cut',
      'copy',
      'paste',
      'selectAll',
      'togglefullscreen',
    ])
    for (const { click } of items) (click as (() => void) | undefined)?.()
    expect(opened).toEqual(['https://arxiv.org/abs/2409.11316', 'https://www.apache.org/licenses/LICENSE-2.0'])
  })
})

describe('a second start', () => {
  test('hands what it was asked to open to the first one and ends', async () => {
    const home = await makeHome()
    const shell = await startShell({ home, path: 'some/project', hasLock: false })
    await shell.fake.app.ended
    expect(shell.called('app.requestSingleInstanceLock')).toEqual([[{ path: join(process.cwd(), 'some/project') }]])
    expect(shell.called('new BrowserWindow')).toEqual([])
  })

  test('brings the window to the front and opens the project it was given', async () => {
    const home = await makeHome()
    const project = await makeProject(home, 'Bolts')
    const shell = await startShell({ home })
    const window = await shell.window()
    const { bridge } = await shell.page()
    const opened: string[] = []
    bridge.app.projectOpened(({ projectId }) => opened.push(projectId))
    window.minimized = true
    shell.fake.app.emit('second-instance', shell.fake.makeEvent(), [], '/', { path: project })
    await vi.waitFor(() => expect(opened).toHaveLength(1))
    expect([window.minimized, shell.called('window.focus')]).toEqual([false, [[]]])
    expect(await openProjects(shell)).toEqual(['Bolts'])
    expect((await bridge.app.info({})).recent.map(({ name }) => name)).toEqual(['Bolts'])
  })

  test('without anything to open, or with what is no message of ours, it shows the window', async () => {
    const shell = await startShell({ home: await makeHome() })
    await shell.window()
    for (const data of [{ path: null }, { path: 7 }, null, 'x']) {
      shell.fake.app.emit('second-instance', shell.fake.makeEvent(), [], '/', data)
    }
    expect(shell.called('window.focus')).toHaveLength(4)
    expect(await openProjects(shell)).toEqual([])
  })
})

describe('open file', () => {
  test('a project named at the start is open when the page asks', async () => {
    const home = await makeHome()
    await makeProject(home, 'Bolts')
    for (const path of [join(home, 'Bolts'), join(home, 'Bolts', 'project.db')]) {
      const shell = await startShell({ home, path })
      expect(await openProjects(shell)).toEqual(['Bolts'])
      await shell.quit()
    }
    const packed = await startShell({ home, path: join(home, 'Bolts'), isPackaged: true })
    expect(await openProjects(packed)).toEqual(['Bolts'])
  })

  test('macOS: a file opened with the program, before it is ready and later', async () => {
    const home = await makeHome()
    const [first, second] = [await makeProject(home, 'First'), await makeProject(home, 'Second')]
    const early = { prevented: false }
    const shell = await startShell({
      home,
      beforeReady: (fake) => {
        const event = fake.makeEvent()
        fake.app.emit('open-file', event, join(first, 'project.db'))
        early.prevented = event.defaultPrevented
      },
    })
    expect([early.prevented, await openProjects(shell)]).toEqual([true, ['First']])
    shell.fake.app.emit('open-file', shell.fake.makeEvent(), second)
    await vi.waitFor(async () => expect(await openProjects(shell)).toEqual(['First', 'Second']))
  })

  test('a picture opens nothing; what is no project is said in one sentence', async () => {
    const home = await makeHome()
    await mkdir(join(home, 'empty'))
    await writeFile(join(home, 'a.jpg'), '')
    const shell = await startShell({ home, path: join(home, 'a.jpg') })
    await shell.window()
    expect(shell.called('dialog.showMessageBox')).toEqual([])
    shell.fake.app.emit('open-file', shell.fake.makeEvent(), join(home, 'empty'))
    await vi.waitFor(() => expect(shell.called('dialog.showMessageBox')).toHaveLength(1))
    expect(shell.called('dialog.showMessageBox')[0]?.[0]).toMatchObject({
      message: 'The project cannot be opened',
      detail: expect.stringContaining('is not a project folder') as string,
    })
    expect(await openProjects(shell)).toEqual([])
  })
})

describe('the end', () => {
  test('closing the window ends the program, except on macOS, where it opens again', async () => {
    const shell = await startShell({ home: await makeHome() })
    ;(await shell.window()).close()
    expect(await shell.fake.app.ended).toBe('quit')

    const platform = vi.spyOn(process, 'platform', 'get').mockReturnValue('darwin')
    const mac = await startShell({ home: await makeHome() })
    const window = await mac.window()
    window.close()
    expect(mac.called('app.quit')).toEqual([])
    mac.fake.app.emit('activate')
    const again = await mac.window()
    expect(again).not.toBe(window)
    // The new window may call, the closed one may not.
    const call = (from: typeof window) =>
      mac.fake.invokeFrom(mac.fake.pageOf(from), 'exemplar:call', { path: 'app.info', callId: 'a', input: {} })
    expect(await call(again)).toMatchObject({ ok: true })
    expect(await call(window)).toMatchObject({ ok: false, error: { code: 'Forbidden' } })
    platform.mockRestore()
  })

  test('a page that could not save is not left without asking', async () => {
    const shell = await startShell({ home: await makeHome() })
    const window = await shell.window()
    window.webContents.holdsUnload = true
    shell.fake.answers.buttons.push(0)
    window.close()
    expect(shell.fake.BrowserWindow.getAllWindows()).toEqual([window])
    shell.fake.answers.buttons.push(1)
    window.close()
    expect(shell.fake.BrowserWindow.getAllWindows()).toEqual([])
    expect(shell.called('dialog.showMessageBoxSync')).toHaveLength(2)
    expect(shell.called('dialog.showMessageBoxSync')[0]?.[1]).toMatchObject({ buttons: ['Stay', 'Close anyway'] })
  })

  test('SIGTERM and SIGINT quit in the same order', async () => {
    const shell = await startShell({ home: await makeHome() })
    await shell.window()
    process.emit('SIGTERM')
    expect(await shell.fake.app.ended).toBe('quit')
  })

  test('a page whose process ends is loaded again, and asked about when it keeps ending', async () => {
    const shell = await startShell({ home: await makeHome() })
    const { webContents } = await shell.window()
    const die = (reason: string) => webContents.emit('render-process-gone', {}, { reason, exitCode: 9 })
    die('clean-exit')
    expect(shell.called('webContents.reload')).toHaveLength(0)
    die('crashed')
    die('oom')
    expect(shell.called('webContents.reload')).toHaveLength(2)
    shell.fake.answers.buttons.push(0, 1)
    die('crashed')
    await vi.waitFor(() => expect(shell.called('webContents.reload')).toHaveLength(3))
    for (const reason of ['crashed', 'crashed', 'crashed']) die(reason)
    expect(await shell.fake.app.ended).toBe('quit')
    expect(shell.called('dialog.showMessageBox')).toHaveLength(2)
  })
})

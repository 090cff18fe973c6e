import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { contract } from '../../src/shared/contract/contract.ts'
import type { ContractHandlers } from '../../src/shared/contract/contract.ts'
import { contractKinds, desktopChannels } from '../../src/shared/contract/desktop.ts'
import { makeHome, startShell, stopShells } from './driver.ts'
import type { Shell } from './driver.ts'

/** The desktop window's transport, from the page's bridge through the preload to the handlers. */

afterEach(stopShells)

const info = { path: 'app.info', callId: 'a', input: {} }

async function opened(): Promise<Shell & { readonly home: string }> {
  const home = await makeHome()
  const shell = await startShell({ home })
  await shell.window()
  return { ...shell, home }
}

/** The transport alone, with handlers of the test. */
async function serve(given: Readonly<Record<string, (input: never, context: never) => unknown>>) {
  vi.resetModules()
  const fake = await import('./fake-electron.ts')
  const { serveIpc } = await import('../../src/main/electron/ipc.ts')
  const { createPlaces } = await import('../../src/main/host/places.ts')
  const called: string[] = []
  const log: string[] = []
  const handlers = Object.fromEntries(
    Object.entries(contract).map(([group, members]) => [
      group,
      Object.fromEntries(
        Object.keys(members).map((name) => [
          name,
          (input: never, context: never) => {
            called.push(`${group}.${name}`)
            return given[`${group}.${name}`]?.(input, context)
          },
        ]),
      ),
    ]),
  ) as unknown as ContractHandlers
  const home = await makeHome()
  const places = createPlaces({ roots: [home] })
  const ipc = serveIpc({ handlers, places, log: (line) => log.push(line) })
  fake.app.becomeReady()
  const window = new fake.BrowserWindow()
  await window.loadURL('app://studio/')
  const dismiss = ipc.admit(window.webContents as never)
  await import('../../src/main/electron/preload/preload.ts')
  const { createIpcBridge, desktopOf } = await import('../../src/renderer/bridge/ipc-bridge.ts')
  const desktop = desktopOf(Object.fromEntries(fake.exposed))
  if (desktop === null) throw new Error('The preload exposed nothing')
  return { fake, ipc, window, dismiss, called, log, home, places, bridge: createIpcBridge(desktop) }
}

describe('who may call', () => {
  test.each([desktopChannels.call, desktopChannels.cancel, desktopChannels.receive])(
    '%s: only the top frame of our page in our window',
    async (channel) => {
      const shell = await opened()
      const page = shell.fake.pageOf(await shell.window())
      const message = { [desktopChannels.call]: info, [desktopChannels.cancel]: 'a', [desktopChannels.receive]: '/' }
      const send = (from: Parameters<typeof shell.fake.invokeFrom>[0]) =>
        shell.fake.invokeFrom(from, channel, message[channel])
      expect(await send(page)).toMatchObject({ ok: true })
      const frame = page.senderFrame
      for (const [what, from] of [
        ['another window', { ...page, sender: { id: 999 } }],
        ['no frame', { ...page, senderFrame: null }],
        [
          'a frame inside the page',
          { ...page, senderFrame: { url: 'app://studio/', parent: { url: 'app://studio/' } } },
        ],
        ['another site', { ...page, senderFrame: { url: 'https://studio/', parent: null } }],
        ['another host', { ...page, senderFrame: { url: 'app://other/', parent: null } }],
        ['a longer host', { ...page, senderFrame: { url: 'app://studio.example.org/', parent: null } }],
        ['a file', { ...page, senderFrame: { url: 'file:///index.html', parent: null } }],
        ['a page that is not loaded', { ...page, senderFrame: { url: '', parent: null } }],
        ['a blank page', { ...page, senderFrame: { url: 'about:blank', parent: null } }],
      ] as const) {
        expect([what, await send(from)]).toMatchObject([what, { ok: false, error: { code: 'Forbidden' } }])
      }
      expect(frame?.url).toBe('app://studio/')
    },
  )

  test('a refused call reaches no handler', async () => {
    const { fake, called, window } = await serve({ 'app.info': () => ({}) })
    const page = fake.pageOf(window)
    for (const [group, members] of Object.entries(contract)) {
      for (const name of Object.keys(members)) {
        const call = { path: `${group}.${name}`, callId: 'a', input: {} }
        await fake.invokeFrom({ ...page, senderFrame: null }, desktopChannels.call, call)
      }
    }
    expect(called).toEqual([])
  })

  test('a closed window may not call any more and is told nothing', async () => {
    const { fake, ipc, window, dismiss } = await serve({})
    const page = fake.pageOf(window)
    dismiss()
    expect(await fake.invokeFrom(page, desktopChannels.call, info)).toMatchObject({ error: { code: 'Forbidden' } })
    ipc.emit('project', 'changed', { projectId: 'p', revision: 1, imageIds: [], all: true })
  })
})

describe('what may be sent', () => {
  test('a message that is no call is refused before the router', async () => {
    const { fake, called, window } = await serve({})
    const send = (channel: string, message: unknown) => fake.invokeFrom(fake.pageOf(window), channel, message)
    for (const message of [null, 'app.info', {}, { ...info, callId: '' }, { ...info, more: 1 }, { ...info, path: 7 }]) {
      expect(await send(desktopChannels.call, message)).toMatchObject({ error: { code: 'InvalidInput' } })
    }
    for (const message of [null, '', 7, 'x'.repeat(65)]) {
      expect(await send(desktopChannels.cancel, message)).toMatchObject({ error: { code: 'InvalidInput' } })
    }
    for (const message of [null, 7, {}, '/'.repeat(40_000)]) {
      expect(await send(desktopChannels.receive, message)).toMatchObject({ error: { code: 'InvalidInput' } })
    }
    expect(called).toEqual([])
  })

  test('an argument larger than its call may have is refused, one just as large is looked at', async () => {
    const { bridge, called } = await serve({})
    const list = (text: string) =>
      bridge.images.list({ projectId: 'p', filter: { text }, sort: 'name', offset: 0, limit: 1 })
    await expect(list('x'.repeat(1 << 20))).rejects.toMatchObject({
      key: 'requestTooLarge',
      params: { maxBytes: 1 << 20 },
    })
    await expect(list('x'.repeat(1 << 19))).rejects.toMatchObject({ key: 'badRequest' })
    // This one says that it may be larger.
    const commit = bridge.history.commit({ projectId: 'p', entry: { id: 'x'.repeat(2 << 20) } as never })
    await expect(commit).rejects.toMatchObject({ key: 'badRequest' })
    expect(called).toEqual([])
  })

  test('a bug becomes a reference, with its stack in the log', async () => {
    const { bridge, log } = await serve({
      'app.info': () => {
        throw new Error('secret')
      },
    })
    const error = await bridge.app.info({}).catch((thrown: unknown) => thrown as { ref: string; message: string })
    expect(error).toMatchObject({ code: 'Internal' })
    expect(JSON.stringify(error)).not.toContain('secret')
    expect(log.join('\n')).toContain('secret')
  })
})

describe('the bridge over IPC', () => {
  test('has every call and event of the contract, and so has the preload', async () => {
    const { bridge } = await serve({})
    const kinds = Object.fromEntries(
      Object.entries(contract).map(([group, members]) => [
        group,
        Object.fromEntries(Object.entries<{ readonly kind: string }>(members).map(([name, { kind }]) => [name, kind])),
      ]),
    )
    expect(contractKinds).toEqual(kinds)
    for (const [group, members] of Object.entries(kinds)) {
      const functions = Reflect.get(bridge, group) as Record<string, unknown>
      expect(Object.keys(functions)).toEqual(Object.keys(members))
      for (const each of Object.values(functions)) expect(each).toBeTypeOf('function')
    }
  })

  test('progress reaches the call it belongs to; cancelling stops it and still answers', async () => {
    const { bridge } = await serve({
      'learn.run': (_input: never, context: { signal: AbortSignal; progress: (value: object) => void }) => {
        context.progress({ done: 1, total: 2, note: 'a.jpg' })
        return new Promise((_resolve, reject) => {
          context.signal.addEventListener('abort', () => reject(context.signal.reason as Error))
        })
      },
    } as never)
    const abort = new AbortController()
    const progress: unknown[] = []
    const others: unknown[] = []
    const running = bridge.learn.run(
      { projectId: 'p', classId: 'c' },
      { signal: abort.signal, onProgress: (value) => progress.push(value) },
    )
    const other = bridge.learn.run({ projectId: 'p', classId: 'd' }, { onProgress: (value) => others.push(value) })
    void other.catch(() => undefined)
    await vi.waitFor(() => expect([progress, others].map(({ length }) => length)).toEqual([1, 1]))
    expect(progress).toEqual([{ done: 1, total: 2, note: 'a.jpg' }])
    abort.abort()
    await expect(running).rejects.toMatchObject({ code: 'Cancelled' })
    await expect(bridge.app.info({}, { signal: abort.signal })).rejects.toMatchObject({ code: 'Cancelled' })
  })

  test('events keep to the contract, reach every listener and stop with it', async () => {
    const { bridge, ipc, log } = await serve({})
    const [first, second] = [vi.fn<(payload: object) => void>(), vi.fn<(payload: object) => void>()]
    const stop = bridge.project.changed(first)
    bridge.project.changed(second)
    const payload = { projectId: 'p', revision: 3, imageIds: ['i'], all: false }
    ipc.emit('project', 'changed', payload)
    stop()
    ipc.emit('project', 'changed', { ...payload, revision: 0.5 })
    ipc.emit('project', 'changed', payload)
    expect(first.mock.calls).toEqual([[payload]])
    expect(second.mock.calls).toEqual([[payload], [payload]])
    expect(log).toHaveLength(1)
    expect(log[0]).toContain('project.changed breaks the contract')
  })

  test('when the program ends, calls are cancelled, and a window without its program says so', async () => {
    const { bridge, ipc, window } = await serve({
      'learn.run': (_input: never, context: { signal: AbortSignal }) =>
        new Promise((_resolve, reject) => {
          context.signal.addEventListener('abort', () => reject(context.signal.reason as Error))
        }),
    } as never)
    const running = bridge.learn.run({ projectId: 'p', classId: 'c' })
    void running.catch(() => undefined)
    await ipc.close()
    await expect(running).rejects.toMatchObject({ code: 'Cancelled' })
    await expect(bridge.app.info({})).rejects.toMatchObject({ code: 'Cancelled' })
    window.close()
    await expect(bridge.app.info({})).rejects.toMatchObject({ code: 'Io', key: 'connectionLost' })
  })

  test('media are fetched from our own origin', async () => {
    const { bridge } = await serve({})
    const fetched: unknown[] = []
    vi.stubGlobal('fetch', (path: string) => {
      fetched.push(path)
      const known = path.includes('thumbnail')
      const body = known
        ? 'bytes'
        : JSON.stringify({ ok: false, error: { code: 'NotFound', key: 'k', params: {}, message: 'm' } })
      const headers = { 'Content-Type': known ? 'image/jpeg' : 'application/json' }
      return Promise.resolve(new Response(body, { status: known ? 200 : 404, headers }))
    })
    const { bytes, contentType } = await bridge.media('/media/p/thumbnail/i')
    expect([new TextDecoder().decode(bytes), contentType]).toEqual(['bytes', 'image/jpeg'])
    await expect(bridge.media('/media/p/tile/i/0/0/0')).rejects.toMatchObject({ code: 'NotFound' })
    expect(fetched).toEqual(['/media/p/thumbnail/i', '/media/p/tile/i/0/0/0'])
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')))
    await expect(bridge.media('/media/p/thumbnail/i')).rejects.toMatchObject({ code: 'Io' })
    const signal = AbortSignal.abort()
    await expect(bridge.media('/media/p/thumbnail/i', { signal })).rejects.toMatchObject({ code: 'Cancelled' })
  })
})

describe('what a person hands over', () => {
  test('dropped files become places by their paths; what has none, or is gone, is a problem', async () => {
    const { bridge, fake, home, places } = await serve({})
    await mkdir(join(home, 'photos'))
    await writeFile(join(home, 'a.jpg'), '')
    const fromDisk = (path: string) => {
      const file = new File([], path.split('/').at(-1) ?? '')
      fake.pathsOfFiles.set(file, path)
      return file
    }
    const progress: unknown[] = []
    const roots = [
      fromDisk(join(home, 'photos')),
      new File(['x'], 'made.png'),
      fromDisk(join(home, 'gone.jpg')),
      fromDisk(join(home, 'a.jpg')),
    ]
    const walk = () => {
      throw new Error('Nothing is read where paths are known')
    }
    const received = await bridge.receive({ roots, walk }, { onProgress: (value) => progress.push(value) })
    expect(received).toMatchObject({
      temporary: false,
      problems: [
        { name: 'made.png', reason: expect.stringContaining('is no file on this computer') as string },
        { name: 'gone.jpg', reason: expect.stringContaining('gone.jpg') as string },
      ],
    })
    expect(received.placeIds.map((id) => places.resolve(id))).toEqual([join(home, 'photos'), join(home, 'a.jpg')])
    expect(JSON.stringify(received)).not.toContain(home)
    expect(progress).toHaveLength(4)
    const signal = AbortSignal.abort()
    await expect(bridge.receive({ roots, walk }, { signal })).rejects.toMatchObject({ code: 'Cancelled' })
  })

  test('a bug while it is received becomes a reference, with its stack in the log', async () => {
    const { fake, log, places, window } = await serve({})
    Object.assign(places, {
      grant: () => {
        throw new Error('secret')
      },
    })
    const answer = await fake.invokeFrom(fake.pageOf(window), desktopChannels.receive, '/a.jpg')
    expect(answer).toMatchObject({ ok: false, error: { code: 'Internal' } })
    expect([JSON.stringify(answer).includes('secret'), log.join('\n').includes('secret')]).toEqual([false, true])
  })

  test('what is no file cannot pass for one', async () => {
    const { bridge } = await serve({})
    const walk = () => {
      throw new Error('not needed')
    }
    const roots = [{ name: '/etc/passwd', size: 1 }]
    await expect(bridge.receive({ roots, walk })).rejects.toThrow(TypeError)
  })
})

describe('system dialogs', () => {
  test.each([
    ['images', ['openFile', 'multiSelections'], 'Choose images'],
    ['project', ['openDirectory'], 'Choose the folder of a project'],
    ['folder', ['openDirectory', 'createDirectory'], 'Choose a folder'],
  ] as const)('for %s: in front of the window, for what is asked', async (purpose, properties, title) => {
    const shell = await opened()
    const { bridge } = await shell.page()
    expect((await bridge.app.info({})).nativeDialogs).toBe(true)
    expect(await bridge.places.choose({ purpose })).toEqual({ places: [] })
    const [[parent, options] = []] = shell.called('dialog.showOpenDialog')
    expect(parent).toBe(await shell.window())
    expect(options).toMatchObject({ title, properties })
  })

  test('what was chosen is granted, outside the roots too, and nothing beside it', async () => {
    const shell = await opened()
    const { bridge } = await shell.page()
    await mkdir(join(shell.home, 'photos', 'deep'), { recursive: true })
    await writeFile(join(shell.home, 'photos', 'a.jpg'), '')
    await writeFile(join(shell.home, 'b.jpg'), '')
    shell.fake.answers.open.push([join(shell.home, 'photos')], [join(shell.home, 'b.jpg')])
    const [folder] = (await bridge.places.choose({ purpose: 'folder' })).places
    const [file] = (await bridge.places.choose({ purpose: 'images' })).places
    expect([folder, file]).toMatchObject([
      { name: 'photos', kind: 'folder' },
      { name: 'b.jpg', kind: 'file' },
    ])
    const listed = await bridge.places.list({ placeId: folder?.placeId ?? '', files: 'images' })
    expect([listed.trail.length, listed.entries.map(({ name }) => name)]).toEqual([1, ['deep', 'a.jpg']])
    shell.fake.answers.open.push([join(shell.home, 'gone')])
    await expect(bridge.places.choose({ purpose: 'folder' })).rejects.toMatchObject({ code: 'NotFound' })
  })

  test('a file whose format needs its folder says which folder to choose, and that one is recognised', async () => {
    const shell = await opened()
    const { bridge } = await shell.page()
    const folder = join(shell.home, 'masks')
    await mkdir(folder)
    await writeFile(join(folder, 'manifest.json'), '{"classes": {}, "items": []}')
    shell.fake.answers.open.push([join(folder, 'manifest.json')], [folder])
    const [file] = (await bridge.places.choose({ purpose: 'data' })).places
    await expect(bridge.formats.recognise({ placeId: file?.placeId ?? '' })).rejects.toMatchObject({
      code: 'Forbidden',
      key: 'formatFolderNeeded',
      message: `This file is part of a data set in the format masks; choose its folder ${folder} instead.`,
    })
    const [whole] = (await bridge.places.choose({ purpose: 'folder' })).places
    const recognised = await bridge.formats.recognise({ placeId: whole?.placeId ?? '' })
    expect(recognised).toEqual({ format: 'masks', place: whole })
  })
})

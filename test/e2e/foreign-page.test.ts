import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { thumbnailPath } from '../../src/shared/contract/media.ts'
import { chromiumArguments, findChromium, noChromiumReason } from '../support/chromium.ts'
import { drawDiscs } from '../support/discs.ts'
import { HostProcess } from '../support/host-process.ts'
import { because } from '../support/skip-reason.ts'

const executablePath = findChromium()

/** What `attack` tells of each try: what a page of another origin came to know or to do, or why not. */
type Outcome = string

/** The part of `RequestInit` that a page can be handed from here. */
interface Init {
  readonly method?: string
  readonly body?: string
  readonly headers?: Record<string, string>
  readonly mode?: 'no-cors'
  readonly credentials?: 'include'
  readonly keepalive?: boolean
}

/** The studio has read its token and shows itself. */
async function studioIsShown(page: Page): Promise<void> {
  await page.locator('#root > *').first().waitFor()
  await page.waitForFunction(() => location.hash === '')
}

/**
 * Real pages in a real Chromium against a running studio that another tab has open. The foreign page even knows the
 * address, the token and the ids: the browser and the host have to keep it out all the same.
 */
describe.skipIf(executablePath === undefined)('a page of somebody else', because(noChromiumReason), () => {
  const folder = mkdtempSync(join(tmpdir(), 'exemplar-foreign-'))
  const home = join(folder, 'home')
  let host: HostProcess
  let foreign: Server
  let foreignOrigin = ''
  let origin = ''
  let port = 0
  let token = ''
  let projectId = ''
  let imageId = ''
  let rootId = ''
  /** Path of the script that the page runs. */
  let script = ''
  let browser: Browser
  let context: BrowserContext
  let page: Page
  /** What the foreign server was asked for: where stolen things would arrive. */
  let received: string[] = []

  beforeAll(async () => {
    mkdirSync(join(home, 'photos'), { recursive: true })
    const { pixels } = drawDiscs(1, 64, 48)
    await sharp(pixels, { raw: { width: 64, height: 48, channels: 3 } }).toFile(join(home, 'photos', 'a.png'))
    host = await HostProcess.start(['--root', home], { EXEMPLAR_HOME: join(folder, 'configuration') })
    const url = new URL(host.url)
    origin = url.origin
    port = Number(url.port)
    token = new URLSearchParams(url.hash.slice(1)).get('t') ?? ''
    const { entries } = await host.call('places', 'list', { placeId: null, files: 'none' })
    rootId = entries[0]?.placeId ?? ''
    projectId = (await host.call('project', 'create', { placeId: rootId, name: 'Project' })).projectId
    await host.call('images', 'import', { projectId, placeIds: [rootId], copy: false })
    const listed = await host.call('images', 'list', { projectId, filter: {}, sort: 'name', offset: 0, limit: 1 })
    imageId = listed.items[0]?.id ?? ''

    script = /src="(\/assets\/[^"]+\.js)"/.exec(await (await fetch(origin)).text())?.[1] ?? ''
    if (script === '') throw new Error('The page is not built: run npm run build.')

    foreign = createServer((request, response) => {
      received.push(request.url ?? '')
      response.setHeader('Content-Type', 'text/html')
      response.end('<!doctype html><title>foreign</title><body></body>')
    })
    await new Promise<void>((done) => foreign.listen(0, '127.0.0.1', done))
    foreignOrigin = `http://127.0.0.1:${(foreign.address() as AddressInfo).port}`
    browser = await chromium.launch({
      ...(executablePath === undefined ? {} : { executablePath }),
      // A name of somebody else that leads to this machine, as after DNS rebinding.
      args: [...chromiumArguments, '--host-resolver-rules=MAP rebound.example 127.0.0.1'],
    })
    context = await browser.newContext()
    // The victim: the studio is open and works.
    const victim = await context.newPage()
    await victim.goto(host.url)
    await studioIsShown(victim)
  })

  afterAll(async () => {
    await browser.close()
    await new Promise((done) => foreign.close(done))
    await host.stop()
    rmSync(folder, { recursive: true })
  })

  beforeEach(async () => {
    received = []
    await page?.close()
    page = await context.newPage()
    await page.goto(foreignOrigin)
  })

  const media = (): string => `${origin}${thumbnailPath(projectId, imageId)}`

  /** A request by `fetch` from the foreign page. `read: …` is what it must never say. */
  function tryFetch(target: string, init: Init = {}): Promise<Outcome> {
    return page.evaluate(
      async ([url, options]) => {
        try {
          const response = await fetch(url, options)
          const text = await response.text()
          return text === '' ? `${response.type}, nothing to read` : `read: ${text.slice(0, 80)}`
        } catch (error) {
          return `refused: ${error instanceof Error ? error.message : ''}`
        }
      },
      [target, init] as const,
    )
  }

  const body = (): string => JSON.stringify({ callId: 'a', input: { placeId: rootId, name: 'stolen' } })
  const createFolder = (): string => `${origin}/rpc/places.createFolder`

  test.each<[string, () => string, () => Init]>([
    ['the page', () => `${origin}/`, () => ({})],
    ['the page with its cookies', () => `${origin}/`, () => ({ credentials: 'include' })],
    ['a thumbnail', media, () => ({})],
    ['a thumbnail with the token', media, () => ({ headers: { authorization: `Bearer ${token}` } })],
    [
      'a call with the token',
      createFolder,
      () => ({
        method: 'POST',
        body: body(),
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      }),
    ],
    ['a call as a simple request', createFolder, () => ({ method: 'POST', body: body() })],
    ['the same by another name', () => `http://localhost:${port}/`, () => ({})],
  ])('reads nothing by fetch: %s', async (_name, target, init) => {
    expect(await tryFetch(target(), init())).toMatch(/^refused/)
  })

  test('reads nothing by a request that asks for no permission', async () => {
    expect(await tryFetch(`${origin}/`, { mode: 'no-cors' })).toMatch(/^(?:opaque, nothing|refused)/)
    expect(await tryFetch(createFolder(), { mode: 'no-cors', method: 'POST', body: body() })).toMatch(
      /^(?:opaque, nothing|refused)/,
    )
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])(
    'does nothing by a form as %s',
    async (encoding) => {
      const [answer] = await Promise.all([
        page.waitForResponse((response) => response.url() === createFolder()),
        page.waitForURL(createFolder()),
        page.evaluate(
          ([action, enctype, value]) => {
            const form = document.createElement('form')
            Object.assign(form, { action, enctype, method: 'post' })
            const field = document.createElement('input')
            // As text this reads as JSON.
            Object.assign(field, { name: `${value.slice(0, -1)},"x":"`, value: '"}' })
            form.append(field)
            document.body.append(form)
            form.submit()
          },
          [createFolder(), encoding, body()] as const,
        ),
      ])
      expect(answer.status()).toBe(403)
      expect(readdirSync(home).sort()).toEqual(['Project', 'photos'])
    },
  )

  test('does nothing by a beacon or a ping', async () => {
    await page.evaluate(([target, value]) => navigator.sendBeacon(target, new Blob([value], { type: 'text/plain' })), [
      createFolder(),
      body(),
    ] as const)
    expect(await tryFetch(createFolder(), { method: 'POST', body: body(), keepalive: true })).toMatch(/^refused/)
    expect(readdirSync(home).sort()).toEqual(['Project', 'photos'])
  })

  test.each<[string, string, () => string]>([
    ['a picture', 'img', media],
    ['a video', 'video', media],
    ['a script of the page', 'script', () => `${origin}${script}`],
    ['the page as a script', 'script', () => `${origin}/`],
    ['the page as an embedded object', 'embed', () => `${origin}/`],
  ])('shows and runs nothing of it: %s', async (_name, tag, source) => {
    const outcome = await page.evaluate(
      ([name, src]) =>
        new Promise<string>((resolve) => {
          const element = document.createElement(name) as HTMLImageElement
          element.addEventListener('load', () => resolve('loaded'))
          element.addEventListener('loadeddata', () => resolve('loaded'))
          element.addEventListener('error', () => resolve('refused'))
          element.src = src
          document.body.append(element)
          // An embedded object tells of nothing: its frame is looked at below.
          if (name === 'embed') resolve('refused')
        }),
      [tag, source()] as const,
    )
    expect(outcome).toBe('refused')
    expect(await framesOfStudio()).toEqual([])
  })

  /** Frames below the foreign page in which something of the studio is. */
  async function framesOfStudio(): Promise<string[]> {
    const below = page.frames().filter((frame) => frame !== page.mainFrame())
    const texts = await Promise.all(below.map((frame) => frame.content().catch(() => '')))
    return texts.filter((text) => text.includes('id="root"') || text.includes('/assets/index'))
  }

  test('does not get it into a frame, not even to be clicked through', async () => {
    const refused = page.waitForEvent('console', (message) =>
      /frame-ancestors|Refused to (?:display|frame)/i.test(message.text()),
    )
    await page.evaluate((src) => {
      const frame = document.createElement('iframe')
      frame.src = src
      document.body.append(frame)
    }, host.url)
    await refused
    expect(await framesOfStudio()).toEqual([])
  })

  test('learns nothing of a window that it opens', async () => {
    const [opened] = await Promise.all([
      context.waitForEvent('page'),
      page.evaluate((url) => {
        Object.assign(window, { opened: window.open(url) })
      }, host.url),
    ])
    await studioIsShown(opened)
    const seen = await page.evaluate(() => {
      const other = (window as unknown as { opened: Window }).opened
      other.postMessage({ type: 'places.list' }, '*')
      const readable = ((): string => {
        try {
          return other.document.title
        } catch {
          return ''
        }
      })()
      return { closed: other.closed, frames: other.length, readable }
    })
    // Its opener policy has cut the tie: to the foreign page the window looks closed.
    expect(seen).toEqual({ closed: true, frames: 0, readable: '' })
    expect(await opened.evaluate(() => window.opener === null)).toBe(true)
    await opened.close()
  })

  test('hears no events, though it knows the token', async () => {
    const outcome = await page.evaluate(
      ([url, text]) =>
        new Promise<string>((resolve) => {
          const socket = new WebSocket(url)
          socket.addEventListener('open', () => socket.send(text))
          socket.addEventListener('message', (event) => resolve(`heard: ${String(event.data)}`))
          socket.addEventListener('close', (event) => resolve(`closed ${event.code}`))
        }),
      [`ws://127.0.0.1:${port}/events`, JSON.stringify({ token })] as const,
    )
    expect(outcome).toBe('closed 1006')
  })

  test('hears nothing as a stream of events', async () => {
    const outcome = await page.evaluate(
      (url) =>
        new Promise<string>((resolve) => {
          const source = new EventSource(url)
          source.addEventListener('message', () => resolve('heard'))
          source.addEventListener('open', () => resolve('open'))
          source.addEventListener('error', () => resolve('refused'))
        }),
      `${origin}/events`,
    )
    expect(outcome).toBe('refused')
  })

  test('gets nothing under a name of its own that leads here (DNS rebinding)', async () => {
    const answer = await page.goto(`http://rebound.example:${port}/`)
    expect([answer?.status(), (await answer?.text())?.includes('/assets/')]).toEqual([403, false])
    const inside = await page.evaluate(
      async ([path, value]) => {
        const response = await fetch(path, {
          method: 'POST',
          body: value,
          headers: { 'content-type': 'application/json' },
        })
        return response.status
      },
      ['/rpc/places.createFolder', body()] as const,
    )
    expect(inside).toBe(403)
  })

  test('is told nothing by a link from the studio: no address, no token', async () => {
    const victim = await context.newPage()
    await victim.goto(host.url)
    await studioIsShown(victim)
    await victim.evaluate((url) => {
      location.href = url
    }, `${foreignOrigin}/landing`)
    await victim.waitForURL(`${foreignOrigin}/landing`)
    expect(received).toContain('/landing')
    expect(await victim.evaluate(() => document.referrer)).toBe('')
    await victim.close()
  })

  test('another tab of the same browser, without the token, sees a page that cannot do anything', async () => {
    const tab = await context.newPage()
    await tab.goto(origin)
    const outcomes = await tab.evaluate(
      async ([thumbnail, call, value]) => {
        const read = await fetch(thumbnail)
        const done = await fetch(call, { method: 'POST', body: value, headers: { 'content-type': 'application/json' } })
        return {
          read: read.status,
          done: done.status,
          kept: [sessionStorage, localStorage].flatMap((storage) =>
            Array.from({ length: storage.length }, (_, at) => storage.getItem(storage.key(at) ?? '')),
          ),
          cookies: document.cookie,
        }
      },
      [media(), createFolder(), body()] as const,
    )
    expect(outcomes).toMatchObject({ read: 401, done: 401, cookies: '' })
    expect(outcomes.kept.join(' ')).not.toContain(token)
    expect(await tab.content()).not.toContain('photos')
    await tab.close()
  })

  test('the studio itself sends nothing elsewhere and runs nothing that is not its own', async () => {
    const victim = await context.newPage()
    await victim.goto(host.url)
    await studioIsShown(victim)
    const outcomes = await victim.evaluate(async (elsewhere) => {
      const violated: string[] = []
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) =>
        violated.push(effectiveDirective),
      )
      const sent = await fetch(elsewhere).then(
        () => 'sent',
        () => 'refused',
      )
      const picture = new Image()
      const shown = new Promise((resolve) => {
        picture.addEventListener('load', () => resolve('shown'))
        picture.addEventListener('error', () => resolve('refused'))
      })
      picture.src = `${elsewhere}/a.png`
      const script = document.createElement('script')
      script.textContent = 'window.injected = true'
      document.body.append(script)
      return { sent, shown: await shown, ran: 'injected' in window, violated: violated.sort() }
    }, foreignOrigin)
    expect(outcomes).toMatchObject({ sent: 'refused', shown: 'refused', ran: false })
    expect(outcomes.violated).toEqual(expect.arrayContaining(['connect-src', 'img-src', 'script-src-elem']))
    // The picture beside the title of the foreign page itself.
    expect(received.filter((path) => path !== '/favicon.ico')).toEqual(['/'])
    await victim.close()
  })
})

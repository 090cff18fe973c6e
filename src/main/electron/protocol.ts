import { protocol } from 'electron'
import { randomUUID } from 'node:crypto'
import type { MediaHandler } from '../host/media.ts'
import { answerPage } from '../host/page.ts'
import { describe } from '../host/router.ts'
import { securityHeaders } from '../host/security-headers.ts'
import { isOurUrl, pageScheme } from './page-url.ts'

/**
 * Gives the page's scheme what `https` has: an origin, `fetch`, streams. Once, before `ready`. Nothing in it weakens
 * the content security policy or lets another origin in.
 */
export function registerPageScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: pageScheme, privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
  ])
}

export interface PageOptions {
  /** The built page. */
  readonly rendererFolder: string
  /** What becomes of the page itself before it is sent. */
  readonly page: (html: string) => string
  readonly media: MediaHandler
  readonly log: (line: string) => void
}

/** Answers the page's requests, once the app is ready. */
export function servePage(options: PageOptions): void {
  protocol.handle(pageScheme, createPageHandler(options))
}

/** Page and media on one origin, by the same handlers and with the same headers as in the browser host. */
export function createPageHandler(options: PageOptions): (request: Request) => Promise<Response> {
  return async (request) => {
    const response = await answer(request, options).catch((error: unknown) => {
      options.log(`[${randomUUID().slice(0, 8)}] ${request.method} ${request.url}: ${describe(error)}`)
      return refusal(500)
    })
    for (const [name, value] of Object.entries(securityHeaders)) response.headers.set(name, value)
    return response
  }
}

async function answer(request: Request, options: PageOptions): Promise<Response> {
  if (!isOurUrl(request.url) || !comesFromOurPage(request)) return refusal(403)
  if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(405, { Allow: 'GET, HEAD' })
  const { pathname } = new URL(request.url)
  if (pathname.startsWith('/media/')) return await options.media(request)
  return (await answerPage({ ...options, urlPath: pathname, method: request.method })) ?? refusal(404)
}

/** Electron tells which origin a page's request comes from; what the program itself loads has none. */
function comesFromOurPage(request: Request): boolean {
  const origin: unknown = Reflect.get(request, 'initiatorOrigin')
  return origin === undefined || (typeof origin === 'string' && isOurUrl(origin))
}

function refusal(status: number, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status, headers: { 'Cache-Control': 'no-store', ...headers } })
}

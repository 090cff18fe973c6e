import { createHash, randomUUID } from 'node:crypto'
import type { Envelope } from '../../shared/contract/wire.ts'
import { AppError, isAppError } from '../../shared/errors.ts'
import { describe, internalError } from './router.ts'

/** Bytes with their type, ready to be sent. */
export interface MediaContent {
  readonly bytes: Uint8Array
  readonly contentType: string
}

/** Where the bytes of `shared/contract/media.ts` come from. Unknown ids throw `NotFound`. */
export interface MediaSource {
  readonly thumbnail: (projectId: string, imageId: string, signal: AbortSignal) => Promise<MediaContent>
  readonly overlay: (projectId: string, imageId: string, signal: AbortSignal) => Promise<MediaContent>
  readonly tile: (
    projectId: string,
    imageId: string,
    level: number,
    x: number,
    y: number,
    signal: AbortSignal,
  ) => Promise<MediaContent>
  readonly masks: (projectId: string, imageId: string, signal: AbortSignal) => Promise<MediaContent>
}

export type MediaHandler = (request: Request) => Promise<Response>

/** The URL names a revision, so what it answers need never be asked again. */
const immutable = 'private, max-age=31536000, immutable'
/** Kept, but asked about each time: the answer is usually 304. */
const revalidate = 'private, no-cache'
/** Raw tiles are large, and the page keeps the ones it needs on the graphics card. */
const neverStored = 'no-store'

const idPattern = /^[A-Za-z0-9_-]{1,64}$/
const numberPattern = /^(?:0|[1-9][0-9]{0,8})$/

const statusByCode: Partial<Record<AppError['code'], number>> = {
  NotFound: 404,
  InvalidInput: 422,
  Unsupported: 422,
  Forbidden: 403,
  Cancelled: 499,
}

/**
 * The media handler, the same function in every host: `GET` and `HEAD` of the paths in
 * `shared/contract/media.ts`. A path holds ids and numbers only; the host has checked the caller.
 */
export function createMediaHandler(
  source: MediaSource,
  options: { readonly log?: (line: string) => void } = {},
): MediaHandler {
  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return new Response(null, { status: 405, headers: { Allow: 'GET, HEAD' } })
    }
    try {
      const { content, cacheControl } = read(source, new URL(request.url).pathname, request.signal)
      return answer(request, await content, cacheControl)
    } catch (error) {
      return failure(error, options.log ?? console.error)
    }
  }
}

function read(
  source: MediaSource,
  path: string,
  signal: AbortSignal,
): { readonly content: Promise<MediaContent>; readonly cacheControl: string } {
  const [empty, media, projectId = '', kind, imageId = '', ...rest] = path.split('/')
  const numbers = rest.map((text) => (numberPattern.test(text) ? Number(text) : null))
  const [first = null, x = null, y = null] = numbers
  if (empty === '' && media === 'media' && idPattern.test(projectId) && idPattern.test(imageId)) {
    if (kind === 'thumbnail' && rest.length === 0) {
      return { content: source.thumbnail(projectId, imageId, signal), cacheControl: revalidate }
    }
    if (kind === 'overlay' && rest.length === 1 && first !== null) {
      return { content: source.overlay(projectId, imageId, signal), cacheControl: immutable }
    }
    if (kind === 'masks' && rest.length === 1 && first !== null) {
      return { content: source.masks(projectId, imageId, signal), cacheControl: immutable }
    }
    if (kind === 'tile' && rest.length === 3 && first !== null && x !== null && y !== null) {
      return { content: source.tile(projectId, imageId, first, x, y, signal), cacheControl: neverStored }
    }
  }
  throw new AppError('NotFound', 'mediaUnknown', 'There is nothing at this address.')
}

function answer(request: Request, content: MediaContent, cacheControl: string): Response {
  const headers = new Headers({ 'Content-Type': content.contentType, 'Cache-Control': cacheControl })
  if (cacheControl === revalidate) {
    const tag = `"${createHash('sha256').update(content.bytes).digest('base64url')}"`
    headers.set('ETag', tag)
    if (request.headers.get('If-None-Match') === tag) return new Response(null, { status: 304, headers })
  }
  headers.set('Content-Length', String(content.bytes.length))
  const body = request.method === 'HEAD' ? null : (content.bytes as Uint8Array<ArrayBuffer>)
  return new Response(body, { headers })
}

function failure(error: unknown, log: (line: string) => void): Response {
  let known: AppError
  if (isAppError(error)) {
    known = error
  } else {
    const ref = randomUUID().slice(0, 8)
    log(`[${ref}] media: ${describe(error)}`)
    known = internalError(ref)
  }
  const envelope: Envelope = { ok: false, error: known.toRecord() }
  return Response.json(envelope, { status: statusByCode[known.code] ?? 500, headers: { 'Cache-Control': 'no-store' } })
}

import { readStaticFile } from './static-files.ts'

export interface PageRequest {
  /** The built page. */
  readonly rendererFolder: string
  /** Still percent-encoded, without query. */
  readonly urlPath: string
  /** `GET` or `HEAD`: the host has refused other methods. */
  readonly method: string
  /** What becomes of the page itself before it is sent. Default: it is sent as built. */
  readonly page?: ((html: string) => string) | undefined
}

/** The file of the built page at a URL path, the same in every host; null when there is none. */
export async function answerPage({ rendererFolder, urlPath, method, page }: PageRequest): Promise<Response | null> {
  const file = await readStaticFile(rendererFolder, urlPath)
  if (file === null) return null
  const bytes = urlPath === '/' && page !== undefined ? rewritten(file.bytes, page) : file.bytes
  return new Response(method === 'HEAD' ? null : (bytes as Uint8Array<ArrayBuffer>), {
    headers: {
      'Content-Type': file.contentType,
      'Content-Length': String(bytes.length),
      'Cache-Control': file.cacheControl,
    },
  })
}

function rewritten(html: Uint8Array, page: (html: string) => string): Uint8Array {
  return Buffer.from(page(Buffer.from(html).toString('utf8')))
}

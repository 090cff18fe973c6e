import { readStaticFile } from './static-files.ts'

/**
 * The file of the built page at a URL path (still percent-encoded, without query), the same in every host; null when
 * there is none. `GET` and `HEAD` only: the host has refused other methods.
 */
export async function answerPage(rendererFolder: string, urlPath: string, method: string): Promise<Response | null> {
  const file = await readStaticFile(rendererFolder, urlPath)
  if (file === null) return null
  return new Response(method === 'HEAD' ? null : (file.bytes as Uint8Array<ArrayBuffer>), {
    headers: {
      'Content-Type': file.contentType,
      'Content-Length': String(file.bytes.length),
      'Cache-Control': file.cacheControl,
    },
  })
}

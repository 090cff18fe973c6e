import { readFile, realpath, stat } from 'node:fs/promises'
import { extname, isAbsolute, join, relative, sep } from 'node:path'

/** What the built page consists of. A file of any other type is not served. */
const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
}

export interface StaticFile {
  readonly bytes: Uint8Array
  readonly contentType: string
  readonly cacheControl: string
}

/**
 * The file of the page at a URL path (still percent-encoded, without query), or null. The path is decoded
 * once; NUL, backslash, `..` and hidden names are refused, and so is whatever `realpath` finds outside.
 */
export async function readStaticFile(folder: string, urlPath: string): Promise<StaticFile | null> {
  const decoded = decode(urlPath)
  if (decoded === null || !decoded.startsWith('/') || decoded.includes('\0') || decoded.includes('\\')) return null
  const segments = (decoded === '/' ? '/index.html' : decoded).slice(1).split('/')
  // Empty, `.`, `..` and hidden segments; a colon is a drive or a stream on Windows.
  if (segments.some((segment) => segment === '' || segment.startsWith('.') || segment.includes(':'))) return null
  const contentType = contentTypes[extname(segments.at(-1) ?? '').toLowerCase()]
  if (contentType === undefined) return null
  const path = join(folder, ...segments)
  if (!isInside(folder, path)) return null
  try {
    const real = await realpath(path)
    if (!isInside(await realpath(folder), real) || !(await stat(real)).isFile()) return null
    // Built assets carry a hash of their content in their name.
    const cacheControl = segments[0] === 'assets' ? 'private, max-age=31536000, immutable' : 'no-cache'
    return { bytes: await readFile(real), contentType, cacheControl }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'ELOOP') return null
    throw error
  }
}

/** Whether `path` is the folder or lies below it. A bare prefix test would take `images2` for `images`. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

function decode(urlPath: string): string | null {
  try {
    return decodeURIComponent(urlPath)
  } catch (error) {
    if (error instanceof URIError) return null
    throw error
  }
}

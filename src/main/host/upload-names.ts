import { AppError } from '../../shared/errors.ts'

const maxDepth = 32
/** File systems take 255; an ending like ` (2)` must still fit. */
const maxPartBytes = 240

/**
 * Names for the staging folder, made from a path that a page told (`/` between names): what some system cannot have
 * in a name becomes `_`. Throws `InvalidInput` naming the file for a path that leads anywhere else.
 */
export function stagingParts(encoded: string): string[] {
  const told = decode(encoded)
  const parts = told.split('/')
  const isWrong = (part: string): boolean =>
    part === '' || part === '.' || part === '..' || Buffer.byteLength(part) > maxPartBytes
  if (told.includes('\0') || parts.length > maxDepth || parts.some(isWrong)) throw unusable(told)
  return parts.map(harmless)
}

function harmless(part: string): string {
  const plain = [...part].map((character) => (character < ' ' || '\\:*?"<>|'.includes(character) ? '_' : character))
  const text = plain.join('').replace(/^\./, '_').replace(/[. ]$/, '_').replace(/^ /, '_')
  return /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(text) ? `_${text}` : text
}

function decode(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch (error) {
    if (error instanceof URIError) throw unusable(encoded)
    throw error
  }
}

function unusable(name: string): AppError {
  const file = name.length > 200 ? `${name.slice(0, 200)}…` : name
  return new AppError(
    'InvalidInput',
    'uploadNameUnusable',
    `"${file}" cannot be taken under this name; rename the file or its folder, then drop it again.`,
    { params: { file } },
  )
}

import { closeSync, openSync, readSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import { getRawHeader } from '@electron/asar'
import { binaryFormat } from './binary-format.ts'

/** One file of a package. */
export interface PackedFile {
  /** In the archive, beside it because the system must open it, or outside of it. */
  readonly place: 'asar' | 'unpacked' | 'resources'
  /** From the root of its place, with `/`. */
  readonly path: string
  readonly bytes: number
  /** What program or library it is, e.g. `linux-x64`; null when it is none. */
  readonly binary: string | null
}

export const archiveName = 'app.asar'
const headBytes = 1024

/** Every file of a packed `resources` folder, read from what is there. */
export function readPackedFiles(resources: string): PackedFile[] {
  const archive = join(resources, archiveName)
  return [
    ...filesInArchive(archive),
    ...filesBelow(`${archive}.unpacked`, 'unpacked'),
    ...filesBelow(resources, 'resources').filter(({ path }) => !path.startsWith(archiveName)),
  ]
}

function filesBelow(folder: string, place: PackedFile['place']): PackedFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => {
      const file = join(entry.parentPath, entry.name)
      const path = file
        .slice(folder.length + 1)
        .split(sep)
        .join('/')
      return { place, path, bytes: statSync(file).size, binary: binaryFormat(readHead(file)) }
    })
}

/** Those whose bytes are in the archive itself. */
function filesInArchive(archive: string): PackedFile[] {
  const { header, headerSize } = getRawHeader(archive)
  // Two lengths stand before the header.
  const start = 8 + headerSize
  const bytes = readFileSync(archive)
  const found: PackedFile[] = []
  const walk = (folder: typeof header, above: string): void => {
    for (const [name, entry] of Object.entries(folder.files)) {
      const path = above === '' ? name : `${above}/${name}`
      if ('files' in entry) walk(entry, path)
      else if (!entry.unpacked) {
        const from = start + Number(entry.offset)
        const head = bytes.subarray(from, from + Math.min(entry.size, headBytes))
        found.push({ place: 'asar', path, bytes: entry.size, binary: binaryFormat(head) })
      }
    }
  }
  walk(header, '')
  return found
}

function readHead(file: string): Uint8Array {
  const head = new Uint8Array(headBytes)
  const handle = openSync(file, 'r')
  try {
    return head.subarray(0, readSync(handle, head))
  } finally {
    closeSync(handle)
  }
}

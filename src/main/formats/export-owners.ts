import { randomBytes } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { lastingPath } from './text-file.ts'

/** How the names begin of what exports put into folders while they work. */
export const hiddenPrefix = '.exemplar-export.'

/** Those of this process. Another process may have had the same id before: in a container it often has. */
const atWorkHere = new Set<string>()

/** A name for an export at work, with the id of its process, so that what a killed one leaves can be told. */
export function newOwner(): string {
  const owner = `${process.pid}.${randomBytes(6).toString('hex')}`
  atWorkHere.add(owner)
  return owner
}

/** What it left, if anything, is for the next export to clear away. */
export function endOwner(owner: string): void {
  atWorkHere.delete(owner)
}

/** False for the names of others too. */
export function isAtWork(owner: string): boolean {
  const pid = processOf(owner)
  if (pid === null) return false
  if (pid === process.pid) return atWorkHere.has(owner)
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Id of the process that an owner is of; null for a name that is none of an owner. */
export function processOf(owner: string): number | null {
  const [, pid] = /^(\d+)\.[0-9a-f]{12}$/.exec(owner) ?? []
  return pid === undefined ? null : Number(pid)
}

/** The hidden folder in which an export prepares what it does to `folder`. */
export function areaIn(folder: string, owner: string): string {
  return join(folder, `${hiddenPrefix}${owner}`)
}

/** The part of such a folder that holds the files of the export. */
export function stagingIn(area: string): string {
  return join(area, 'files')
}

/** What exports left that were killed. One that is still at work keeps its files. What cannot go now can the next time. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const owner = name.startsWith(hiddenPrefix) ? name.slice(hiddenPrefix.length) : ''
    if (processOf(owner) !== null && !isAtWork(owner))
      await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined)
  }
}

const inArea = /^(?<folder>.*?)[/\\]\.exemplar-export\.\d+\.[0-9a-f]{12}(?:[/\\]files)?(?:[/\\](?<name>.*))?$/s

/** The name that a file in preparation will have in the export; null for any other path. */
export function preparedName(path: string): string | null {
  return inArea.exec(path)?.groups?.['name'] ?? null
}

/** Where a file in preparation will lie; any other path as it is. */
export function finalPath(path: string): string {
  const lasting = lastingPath(path)
  const { folder, name } = inArea.exec(lasting)?.groups ?? {}
  if (folder === undefined) return lasting
  return name === undefined ? folder : join(folder, name)
}

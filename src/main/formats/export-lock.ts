import { mkdir, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { AppError, throwIfAborted } from '../../shared/errors.ts'
import { areaIn, hiddenPrefix, isAtWork, processOf } from './export-owners.ts'
import { isErrno } from './files.ts'

const lockName = `${hiddenPrefix}lock`

/** In milliseconds. */
const retryAfter = 20
/** In milliseconds. Moving the files of the largest export takes a part of it. */
const longestWait = 10 * 60_000

/**
 * Keeps two exports from putting their files into one folder at a time, be they of one process or of several: waits until
 * the other one has ended. The lock is a folder with one file in it, which is named by its owner. It is made aside and
 * renamed to its place, which fails while another one's is there. What a dead owner left is emptied file by file and
 * removed by `rmdir`, which fails once there is a new one: so nobody removes a lock that is held, however many try.
 *
 * The owner's prepared folder in `folder` must exist. Throws `Cancelled`, and `Conflict` when one and the same export has
 * held the lock for longer than `patience` milliseconds.
 */
export async function lockFolder(
  folder: string,
  owner: string,
  signal: AbortSignal,
  patience = longestWait,
): Promise<AsyncDisposable> {
  const lock = join(folder, lockName)
  const prepared = join(areaIn(folder, owner), lockName)
  await mkdir(prepared)
  await writeFile(join(prepared, owner), '')
  await whenFree(folder, signal, patience, async () => {
    await clear(lock)
    return await isTaken(prepared, lock)
  })
  return { [Symbol.asyncDispose]: () => release(lock, owner) }
}

/** Waits until no export puts its files into that folder, and changes nothing there. Throws as `lockFolder`. */
export async function whenUnlocked(folder: string, signal: AbortSignal, patience = longestWait): Promise<void> {
  await whenFree(folder, signal, patience, () => Promise.resolve(true))
}

/** Waits until nobody has the lock and `attempt` succeeds. */
async function whenFree(
  folder: string,
  signal: AbortSignal,
  patience: number,
  attempt: () => Promise<boolean>,
): Promise<void> {
  const lock = join(folder, lockName)
  let holder: string | null = null
  for (let since = performance.now(); ;) {
    throwIfAborted(signal)
    const current = await holderOf(lock)
    if (current === null && (await attempt())) return
    if (current !== holder) [holder, since] = [current, performance.now()]
    else if (current !== null && performance.now() - since > patience) throw heldBy(current, folder, lock)
    await setTimeout(retryAfter, undefined, { signal }).catch(() => undefined)
  }
}

/** The export at work that has the lock. */
async function holderOf(lock: string): Promise<string | null> {
  const owners = await readdir(lock).catch(() => [])
  return owners.find(isAtWork) ?? null
}

/** Removes the lock of a dead export. */
async function clear(lock: string): Promise<void> {
  for (const owner of await readdir(lock).catch(() => []))
    if (!isAtWork(owner)) await rm(join(lock, owner), { recursive: true, force: true })
  await rmdir(lock).catch(() => undefined)
}

async function isTaken(prepared: string, lock: string): Promise<boolean> {
  try {
    await rename(prepared, lock)
    return true
  } catch (error) {
    if (isErrno(error, 'ENOTEMPTY', 'EEXIST')) return false
    // Windows gives one reason for all that is in the way.
    if (process.platform === 'win32' && isErrno(error, 'EPERM', 'EACCES', 'EBUSY')) return false
    throw error
  }
}

async function release(lock: string, owner: string): Promise<void> {
  await rm(join(lock, owner), { force: true })
  await rmdir(lock).catch(() => undefined)
}

function heldBy(owner: string, folder: string, lock: string): AppError {
  const pid = processOf(owner) ?? 0
  return new AppError(
    'Conflict',
    'exportBusy',
    `Another export (process ${pid}) has not finished putting its files into ${folder}; nothing was changed. Wait until it has ended, or remove ${lock} if that process is no export, then export again.`,
    { params: { folder, lock, pid } },
  )
}

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { resolve, sep } from 'node:path'

/**
 * Makes writing below a folder fail in this process, as a full disk or missing rights do, until it is disposed. With
 * `ENOSPC` only what brings bytes to the disk fails; with `EACCES` the folder cannot be listed either.
 */
export function breakDisk(folder: string, code: 'ENOSPC' | 'EACCES' | 'EDQUOT'): Disposable {
  const below = resolve(folder)
  const isBelow = (path: unknown): boolean =>
    typeof path === 'string' && (resolve(path) === below || resolve(path).startsWith(`${below}${sep}`))
  /** The system names no file where one that is open is concerned. */
  const fail = (syscall: string, path?: unknown): NodeJS.ErrnoException =>
    Object.assign(
      new Error(`${code}: injected, ${syscall}`),
      { code, syscall },
      typeof path === 'string' ? { path } : {},
    )
  const isWriting = (flags: unknown): boolean => typeof flags === 'string' && /[wa+]/.test(flags)

  const { promises } = fs
  const original = {
    open: promises.open,
    writeFile: promises.writeFile,
    copyFile: promises.copyFile,
    readdir: promises.readdir,
    writeFileSync: fs.writeFileSync,
  }
  /** Opens, since a full disk still takes a name, and refuses the bytes. */
  promises.open = async (path, flags, mode) => {
    if (code === 'EACCES' && isBelow(path) && isWriting(flags)) throw fail('open', path)
    const file = await original.open(path, flags, mode)
    if (!isBelow(path) || !isWriting(flags)) return file
    const refuse = (): Promise<never> => Promise.reject(fail('write'))
    return Object.assign(file, { write: refuse, writeFile: refuse, writev: refuse, appendFile: refuse })
  }
  promises.writeFile = (path, ...rest) =>
    isBelow(path) ? Promise.reject(fail('write')) : original.writeFile(path, ...rest)
  promises.copyFile = (from, to, mode) =>
    isBelow(to) ? Promise.reject(fail('copyfile', to)) : original.copyFile(from, to, mode)
  const { readdir } = promises
  const guarded = (path: unknown, ...rest: readonly unknown[]): unknown =>
    code === 'EACCES' && isBelow(path)
      ? Promise.reject(fail('scandir', path))
      : Reflect.apply(readdir, promises, [path, ...rest])
  Object.assign(promises, { readdir: guarded })
  fs.writeFileSync = (path, ...rest) => {
    if (isBelow(path)) throw fail('write', path)
    original.writeFileSync(path, ...rest)
  }
  syncBuiltinESMExports()
  return {
    [Symbol.dispose]: () => {
      promises.open = original.open
      promises.writeFile = original.writeFile
      promises.copyFile = original.copyFile
      promises.readdir = original.readdir
      fs.writeFileSync = original.writeFileSync
      syncBuiltinESMExports()
    },
  }
}

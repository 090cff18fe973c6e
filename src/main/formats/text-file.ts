import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

const chunkLength = 1 << 18

/** A name beside `path` that nothing else uses. */
export function temporaryPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
}

/** The path for which `temporaryPath` made this one; any other as it is. */
export function lastingPath(path: string): string {
  return path.replace(/(?<=^|[/\\])\.([^/\\]+)\.[0-9a-f]{12}\.tmp$/, '$1')
}

/** The system does not say which file it could not write once that is open. */
export async function namingFile(path: string, writing: Promise<void>): Promise<void> {
  try {
    await writing
  } catch (error) {
    throw error instanceof Error && !('path' in error) ? Object.assign(error, { path }) : error
  }
}

/**
 * A large text file written in chunks under a temporary name. It appears under its own name only through
 * `publish`; disposing of it before that leaves nothing behind.
 */
export class TextFile implements AsyncDisposable {
  readonly path: string
  readonly temporaryPath: string
  readonly #file: FileHandle
  #pending: string[] = []
  #pendingLength = 0
  #isOpen = true

  static async create(path: string): Promise<TextFile> {
    await mkdir(dirname(path), { recursive: true })
    const temporary = temporaryPath(path)
    return new TextFile(path, temporary, await open(temporary, 'wx'))
  }

  private constructor(path: string, temporary: string, file: FileHandle) {
    this.path = path
    this.temporaryPath = temporary
    this.#file = file
  }

  async write(text: string): Promise<void> {
    this.#pending.push(text)
    this.#pendingLength += text.length
    if (this.#pendingLength >= chunkLength) await this.#flush()
  }

  /** Appends everything that `other` holds. */
  async append(other: TextFile): Promise<void> {
    await this.#flush()
    await other.#flush()
    for await (const chunk of createReadStream(other.temporaryPath, { highWaterMark: chunkLength })) {
      await namingFile(this.path, this.#file.writeFile(chunk as Buffer))
    }
  }

  /** Everything written is on disk, under the temporary name, and can be read back. */
  async finish(): Promise<void> {
    await this.#flush()
    await namingFile(this.path, this.#file.sync())
    await this.#close()
  }

  /** Gives the finished file its own name, in place of an earlier one. */
  async publish(): Promise<void> {
    await this.#close()
    await rename(this.temporaryPath, this.path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
    await rm(this.temporaryPath, { force: true })
  }

  async #flush(): Promise<void> {
    if (this.#pending.length === 0) return
    const text = this.#pending.join('')
    this.#pending = []
    this.#pendingLength = 0
    await namingFile(this.path, this.#file.writeFile(text))
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    await this.#file.close()
  }
}

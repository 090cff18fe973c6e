import { access, constants, mkdir, mkdtemp, opendir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { areaIn, endOwner, newOwner, stagingIn } from './export-owners.ts'
import { ExportTarget } from './export-target.ts'
import type { ExportPlace, FoundByReaders, Published } from './export-target.ts'

/**
 * An export that only says what it would be: the writer works in a temporary folder elsewhere, pictures are not written, and
 * nothing changes in the folder that it is about, which need not be there.
 */
export class ExportRehearsal implements ExportPlace {
  readonly writesPictures = false
  readonly staging: string
  readonly #owner: string
  readonly #temporary: string
  readonly #target: ExportTarget

  /** As `ExportTarget.look`. */
  static async open(path: string, layout: string, originals: () => Iterable<string>): Promise<ExportRehearsal> {
    const temporary = await mkdtemp(join(tmpdir(), 'exemplar-export-'))
    const owner = newOwner()
    const staging = stagingIn(areaIn(temporary, owner))
    await mkdir(staging, { recursive: true })
    return new ExportRehearsal(owner, temporary, staging, await ExportTarget.look(path, staging, layout, originals))
  }

  private constructor(owner: string, temporary: string, staging: string, target: ExportTarget) {
    this.#owner = owner
    this.#temporary = temporary
    this.staging = staging
    this.#target = target
  }

  pictureAt(staged: string, isSame: (path: string) => Promise<boolean>): ReturnType<ExportPlace['pictureAt']> {
    return this.#target.rehearsedPictureAt(staged, isSame)
  }

  pictureLeft(folder: string, name: string): ReturnType<ExportPlace['pictureLeft']> {
    return this.#target.pictureLeft(folder, name)
  }

  /** Says what publishing would do, or throws what it would throw. */
  async publish(_main: string | undefined, found: readonly FoundByReaders[], signal: AbortSignal): Promise<Published> {
    const { stale, displaced, strangers, folders } = await this.#target.consequences(found, signal)
    for (const folder of folders) await requireWritable(await this.#target.nearestFolder(folder))
    return { removed: stale.length, displaced, strangers }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#temporary, { recursive: true, force: true })
    endOwner(this.#owner)
  }
}

/** What the rights say, since a trial would change the folder's time. Throws as an export does, which lists the folder too. */
async function requireWritable(folder: string): Promise<void> {
  await (await opendir(folder)).close()
  await access(folder, constants.W_OK | constants.X_OK)
}

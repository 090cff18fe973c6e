import { access, constants, mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { whenUnlocked } from './export-lock.ts'
import { manifestMark } from './export-manifest.ts'
import { areaIn, endOwner, newOwner, stagingIn } from './export-owners.ts'
import { ExportTarget, nearestFolder, requireFolder } from './export-target.ts'
import type { Consequences, ExportPlace, FoundByReaders, Published } from './export-target.ts'
import type { PictureRehearsal } from './format-types.ts'

/**
 * An export that only says what it would be: the writer works in a temporary folder elsewhere, pictures are not written, and
 * nothing changes in the folder that it is about, which need not be there.
 */
export class ExportRehearsal implements ExportPlace {
  readonly rehearsal: PictureRehearsal = {
    isOnDiskOf: async (source, staged) => {
      const folder = await nearestFolder(dirname(this.#target.placeOf(staged)))
      return (await stat(source)).dev === (await stat(folder)).dev
    },
  }
  readonly staging: string
  readonly #owner: string
  readonly #temporary: string
  readonly #target: ExportTarget

  /** As `ExportTarget.look`. */
  static async open(path: string, layout: string, originals: () => Iterable<string>): Promise<ExportRehearsal> {
    await requireFolder(path)
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

  /** Says what publishing would do, or throws what it would throw. Waits for other exports as that does. */
  async publish(_main: string | undefined, found: readonly FoundByReaders[], signal: AbortSignal): Promise<Published> {
    const { stale, displaced, strangers, folders } = await this.#consequences(found, signal)
    // What the rights say, since a trial would change the folder's time.
    for (const folder of folders)
      await access(await nearestFolder(join(this.#target.path, folder)), constants.W_OK | constants.X_OK)
    return { removed: stale.length, displaced, strangers }
  }

  /** As those of the target, from a look during which no export has put files there: it begins with a new manifest. */
  async #consequences(found: readonly FoundByReaders[], signal: AbortSignal): Promise<Consequences> {
    const { path } = this.#target
    for (;;) {
      const before = await manifestMark(path)
      await whenUnlocked(path, signal)
      const [looked] = await Promise.allSettled([this.#target.consequences(found, signal)])
      if ((await manifestMark(path)) !== before) continue
      if (looked.status === 'rejected') throw looked.reason
      return looked.value
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#temporary, { recursive: true, force: true })
    endOwner(this.#owner)
  }
}

import { realpathSync } from 'node:fs'
import type { Emit } from '../../../shared/contract/contract.ts'
import { AppError } from '../../../shared/errors.ts'
import type { Devices } from '../../engine/devices.ts'
import { createCodec } from '../../images/codec-client.ts'
import type { ImageCodec } from '../../images/codec.ts'
import type { Spawner } from '../../processes/spawner.ts'
import { modelsFolder } from '../../projects/paths.ts'
import { Session } from '../../projects/session.ts'
import type { SessionOptions } from '../../projects/session.ts'
import { createMachineDevices } from '../device-memory.ts'
import { modelHashNamed, modelNamed } from '../models.ts'

/**
 * The projects this host has open, by id, and the codec process and the devices they share. Announces their changes
 * and their jobs through `emit`.
 */
export class Studio {
  readonly #sessions = new Map<string, Session>()
  readonly #byFolder = new Map<string, Session>()
  /** Projects on their way out, by folder. */
  readonly #closing = new Map<string, Promise<void>>()
  readonly devices: Devices
  readonly #codec: ImageCodec
  readonly #log: (line: string) => void
  readonly #emit: Emit
  readonly #spawner: Spawner | undefined
  /** Name of the model that open projects use. */
  #model: string
  /** Its hash, once it could be read. */
  #modelHash: string | null = null

  /** `spawner` starts codec and engines. Default: Node's `fork`. */
  constructor(options: {
    readonly emit: Emit
    /** Name of the model to begin with. */
    readonly model: string
    readonly log: (line: string) => void
    readonly spawner?: Spawner | undefined
  }) {
    this.devices = createMachineDevices({
      modelsFolder: modelsFolder(),
      spawner: options.spawner,
      onFailure: (report) => options.emit('devices', 'failed', report),
    })
    this.#emit = options.emit
    this.#model = options.model
    this.#log = options.log
    this.#spawner = options.spawner
    this.#codec = createCodec({ log: options.log, spawner: options.spawner })
  }

  create(folder: string, name: string): Promise<Session> {
    return this.#register(folder, (options) => Session.create(folder, name, options))
  }

  /** The project in the folder; one that is open already, under whatever path, is returned as it is. Continues jobs a crash left. */
  async open(path: string): Promise<Session> {
    const folder = realFolder(path)
    // One that is being closed still holds its lock.
    await this.#closing.get(folder)
    const open = this.#byFolder.get(folder)
    if (open !== undefined) return open
    const session = await this.#register(folder, (options) => Session.open(folder, options))
    session.jobs.resumeOpen()
    return session
  }

  /** Every open project learns and segments with that model from now on. */
  async useModel(name: string): Promise<void> {
    if (name === this.#model) return
    this.#model = name
    this.#modelHash = null
    await Promise.all([...this.#sessions.values()].map((session) => session.useModel(modelNamed(name))))
    for (const session of this.#sessions.values()) {
      const { projectId, store } = session
      this.#emit('project', 'changed', { projectId, revision: store.revision(), imageIds: [], all: true })
    }
  }

  /** Hash of the model in use; null while it cannot be read. */
  async modelHash(): Promise<string | null> {
    const name = this.#model
    const hash = this.#modelHash ?? (await modelHashNamed(name))
    if (name === this.#model) this.#modelHash = hash
    return hash
  }

  /** Ids of the open projects, oldest first. */
  openProjects(): string[] {
    return [...this.#sessions.keys()]
  }

  /** Throws `NotFound` when the page speaks of a project that is not open here (any more). */
  session(projectId: string): Session {
    const session = this.#sessions.get(projectId)
    if (session !== undefined) return session
    throw new AppError(
      'NotFound',
      'projectNotOpen',
      'This project is not open any more. Open it again from the welcome screen.',
    )
  }

  async closeSession(projectId: string): Promise<void> {
    const session = this.session(projectId)
    this.#sessions.delete(projectId)
    const closed = session.close()
    for (const [folder, each] of this.#byFolder) {
      if (each !== session) continue
      this.#byFolder.delete(folder)
      this.#closing.set(folder, closed)
      void closed.catch(() => undefined).then(() => this.#closing.delete(folder))
    }
    await closed
  }

  async close(): Promise<void> {
    for (const projectId of this.#sessions.keys()) await this.closeSession(projectId)
    await this.devices.close()
    await this.#codec.close()
  }

  async #register(folder: string, make: (options: SessionOptions) => Session): Promise<Session> {
    const session = make({
      codec: this.#codec,
      ...modelNamed(this.#model),
      provider: 'auto',
      devices: this.devices,
      spawner: this.#spawner,
      log: this.#log,
      diagnostics: this.#log,
      onJob: (job) => this.#emit('jobs', 'progress', { projectId: session.projectId, job }),
    })
    const other = this.#sessions.get(session.projectId)
    if (other !== undefined) {
      // A copied folder is the same project by its id, and the page speaks of projects by their ids.
      await session.close()
      throw new AppError(
        'Conflict',
        'projectCopyOpen',
        `${folder} is a copy of the project that is open from ${other.store.folder}. Close that one, then try again.`,
        { params: { folder, other: other.store.folder } },
      )
    }
    session.store.onChange((change) => {
      this.#emit('project', 'changed', {
        projectId: session.projectId,
        revision: change.revision,
        imageIds: [...change.imageIds],
        all: change.all,
      })
    })
    this.#sessions.set(session.projectId, session)
    this.#byFolder.set(folder, session)
    return session
  }
}

/** The system names a folder by the path a person took, places name it by where it really is. */
function realFolder(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    // Gone, or not ours to look at: opening it says so.
    if (error instanceof Error && 'syscall' in error) return path
    throw error
  }
}

import { join } from 'node:path'
import type {
  AnnotationImportReport,
  AnnotationImportSpec,
  ExportContents,
  ExportReport,
  ExportSpec,
  ImportReport,
  JobRecord,
  LearnResult,
  PreflightReport,
  Reader,
  SegmentSpec,
} from '../../shared/contract/contract.ts'
import { packMasks } from '../../shared/contract/mask-pack.ts'
import { defaultPreferences } from '../../shared/domain/preferences.ts'
import type { SupportRecord, VersionRecord } from '../../shared/domain/records.ts'
import { throwIfAborted } from '../../shared/errors.ts'
import { createEngine } from '../engine/client.ts'
import type { Devices } from '../engine/devices.ts'
import type { Engine, EngineImage } from '../engine/engine-port.ts'
import type { ImageCodec, RgbImage } from '../images/codec.ts'
import { createOriginals } from '../images/originals.ts'
import { createThumbnails } from '../images/thumbnails.ts'
import type { Thumbnails } from '../images/thumbnails.ts'
import { createJobRunner } from '../jobs/job-runner.ts'
import type { JobRunner } from '../jobs/job-runner.ts'
import type { Spawner } from '../processes/spawner.ts'
import { createProject, openProject, requireProject } from '../store/project-store.ts'
import { lockProject } from '../store/project-lock.ts'
import type { ProjectStore } from '../store/store-port.ts'
import { EngineSwitch } from './engine-switch.ts'
import { exportContents, exportProject, preflightExport, rehearseExport } from './export-project.ts'
import { importAnnotations } from './import-annotations.ts'
import type { ImportOptions } from './import-annotations.ts'
import { importImages } from './import-images.ts'
import { learn, restoreVersion, setSupports } from './learning.ts'
import type { LearningContext } from './learning.ts'
import { overlayOf } from './overlay.ts'
import type { RunOptions } from './run-options.ts'
import { lookAgain, readingImage } from './set-aside.ts'
import type { ByteIndexPng } from '../../shared/domain/index-png.ts'

export interface SessionOptions {
  readonly codec: ImageCodec
  readonly modelsFolder: string
  /** Default: what a person who has chosen nothing gets. */
  readonly predictor?: string
  readonly provider: SegmentSpec['provider']
  /** What `auto` chooses among; default: it is the CPU. */
  readonly devices?: Devices
  readonly onJob?: (job: JobRecord) => void
  /** What a person should know: a process that died and came back. */
  readonly log: (line: string) => void
  /** What a developer may want to know: slow statements. Default: nobody. */
  readonly diagnostics?: (line: string) => void
  /** How the engine process is started. Default: Node's `fork`. */
  readonly spawner?: Spawner | undefined
}

/** What a project learns and segments with. */
export interface SessionModel {
  readonly modelsFolder: string
  readonly predictor: string
}

/**
 * One open project: its store, its engine and its jobs, and everything a person can do with them. The page
 * (through the contract's handlers) and the command line both work through this and nothing else.
 */
export class Session {
  readonly store: ProjectStore
  readonly engine: Engine
  readonly #engine: EngineSwitch
  readonly #startEngine: (model: SessionModel) => Engine
  readonly jobs: JobRunner
  readonly #lock: Disposable
  readonly #codec: ImageCodec
  readonly #thumbnails: Thumbnails
  readonly #originals = createOriginals()
  /** Aborted by `close`: whatever still runs ends before its store does. */
  readonly #closing = new AbortController()
  readonly #running = new Set<Promise<unknown>>()

  /** Makes a project in the folder and opens it. Throws `Conflict` when the folder holds one already. */
  static create(folder: string, name: string, options: SessionOptions): Session {
    createProject(folder, name).close()
    return Session.open(folder, options)
  }

  /** Opens an existing project. Throws `Conflict` while another process works on it. */
  static open(folder: string, options: SessionOptions): Session {
    requireProject(folder)
    using stack = new DisposableStack()
    const lock = stack.use(lockProject(folder))
    const store = openProject(folder, { log: options.diagnostics ?? ((): void => undefined) })
    const session = new Session(store, lock, options)
    stack.move()
    return session
  }

  private constructor(store: ProjectStore, lock: Disposable, options: SessionOptions) {
    this.store = store
    this.#lock = lock
    this.#codec = options.codec
    this.#thumbnails = createThumbnails({
      codec: options.codec,
      originals: this.#originals,
      folder: join(store.folder, 'cache', 'thumbnails'),
    })
    this.#startEngine = (model) =>
      createEngine({
        ...model,
        cacheFolder: join(store.folder, 'cache', 'features'),
        provider: options.provider,
        ...(options.devices === undefined ? {} : { devices: options.devices }),
        spawner: options.spawner,
        log: options.log,
      })
    const { modelsFolder, predictor = defaultPreferences.predictor } = options
    this.#engine = new EngineSwitch(this.#startEngine({ modelsFolder, predictor }))
    this.engine = this.#engine
    this.jobs = createJobRunner({
      store,
      engine: this.engine,
      imageFor: (imageId) => this.#imageFor(imageId),
      onProgress: (job) => options.onJob?.(job),
    })
  }

  get projectId(): string {
    return this.store.projectId
  }

  importImages(paths: readonly string[], copy: boolean, options: RunOptions = {}): Promise<ImportReport> {
    return this.#run(options, (own) => importImages({ store: this.store, codec: this.#codec }, paths, copy, own))
  }

  /** Brings annotations of a file or folder to the images; `dryRun` only says what would happen. */
  importAnnotations(
    path: string,
    spec: AnnotationImportSpec,
    options: ImportOptions = {},
  ): Promise<AnnotationImportReport> {
    return this.#run(options, (own) => importAnnotations({ store: this.store, codec: this.#codec }, path, spec, own))
  }

  setSupports(
    annotationIds: readonly string[],
    role: SupportRecord['role'] | 'none',
    options: RunOptions = {},
  ): Promise<VersionRecord[]> {
    return this.#run(options, (own) => setSupports(this.#learning, annotationIds, role, own))
  }

  /** *Learn*: a new version from the corrections, then a job that refreshes the open proposals of the class. */
  learn(classId: string, options: RunOptions = {}): Promise<LearnResult> {
    return this.#run(options, async (own) => {
      const learned = await learn(this.#learning, classId, own)
      return { ...learned, refreshJobId: learned.adopted ? this.#refresh(classId) : null }
    })
  }

  /** Makes an earlier version current again and refreshes the open proposals with it. */
  restoreVersion(
    classId: string,
    versionId: string,
  ): { readonly version: VersionRecord; readonly refreshJobId: string | null } {
    const version = restoreVersion(this.store, classId, versionId)
    return { version, refreshJobId: this.#refresh(classId) }
  }

  /** Takes the last step back, or takes it again. Proposals follow when a class gets another version by it. */
  step(direction: 'undo' | 'redo'): ReturnType<ProjectStore['history']['undo']> {
    const before = new Map(this.store.classes.list().map((each) => [each.id, each.currentVersionId]))
    const result = this.store.history[direction]()
    for (const { id, currentVersionId } of this.store.classes.list()) {
      if (before.has(id) && before.get(id) !== currentVersionId) this.#refresh(id)
    }
    return result
  }

  exportTo(folder: string, spec: ExportSpec, options: RunOptions = {}): Promise<ExportReport> {
    return this.#run(options, (own) => exportProject({ store: this.store, codec: this.#codec }, folder, spec, own))
  }

  /** What `exportTo` would report; nothing is left behind. */
  rehearseExport(folder: string, spec: ExportSpec, options: RunOptions = {}): Promise<ExportReport> {
    return this.#run(options, (own) => rehearseExport({ store: this.store, codec: this.#codec }, folder, spec, own))
  }

  /** What an export would have of things that not every format holds. */
  exportContents(include: ExportSpec['include'], options: RunOptions = {}): Promise<ExportContents> {
    return this.#run(options, (own) => exportContents({ store: this.store, codec: this.#codec }, include, own))
  }

  /** What a reader of the exported COCO file would drop or change. */
  preflight(spec: ExportSpec, reader: Reader, options: RunOptions = {}): Promise<PreflightReport> {
    return this.#run(options, (own) => preflightExport({ store: this.store, codec: this.#codec }, spec, reader, own))
  }

  /**
   * Learns and segments with another model from now on. Jobs begin anew with what is left of them; one whose classes have
   * not learnt with this model yet then says so.
   */
  async useModel(model: SessionModel): Promise<void> {
    this.jobs.pauseAll()
    const before = this.#engine.replace(this.#startEngine(model))
    this.jobs.resumeOpen()
    await Promise.allSettled(this.#running)
    await before.close()
  }

  /** A mask file by path: index bytes, one a pixel. */
  readMask(path: string, signal?: AbortSignal): Promise<ByteIndexPng> {
    return this.#codec.readIndexPng(path, { signal })
  }

  /** Looks at the files of the images that are set aside; those that hold their picture again are back. */
  lookAgain(options: RunOptions = {}): Promise<{ readonly back: number; readonly setAside: number }> {
    return this.#run(options, (own) => lookAgain(this.store, this.#originals, own))
  }

  /** Starts a job, after a look at the images that were set aside. */
  async segment(spec: SegmentSpec, options: RunOptions = {}): Promise<JobRecord> {
    await this.lookAgain(options)
    return this.jobs.start(spec)
  }

  thumbnail(imageId: string, signal?: AbortSignal): Promise<Uint8Array> {
    const { contentHash } = this.store.images.get(imageId)
    const path = this.store.images.path(imageId)
    return this.#reading(imageId, false, () => this.#thumbnails.get(contentHash, path, signal))
  }

  tile(imageId: string, level: number, x: number, y: number, signal?: AbortSignal): Promise<RgbImage> {
    const path = this.store.images.path(imageId)
    const { contentHash } = this.store.images.get(imageId)
    return this.#reading(imageId, true, async () => {
      await this.#originals.verify(path, contentHash, signal)
      return await this.#codec.tile(path, level, x, y, { signal })
    })
  }

  overlay(imageId: string): Uint8Array<ArrayBuffer> {
    return overlayOf(this.store, imageId)
  }

  masks(imageId: string): Uint8Array<ArrayBuffer> {
    const { id } = this.store.images.get(imageId)
    return packMasks(this.store.annotations.masksOfImage(id))
  }

  /**
   * Cancels what runs and stops jobs where they are (they continue on the next opening), ends the engine, closes
   * the store.
   */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.allSettled(this.#running)
    await this.jobs.close()
    await this.engine.close()
    this.store.close()
    this.#lock[Symbol.dispose]()
  }

  /** Work that `close` cancels and waits for. */
  async #run<Options extends RunOptions, Result>(
    options: Options,
    work: (options: Options) => Promise<Result>,
  ): Promise<Result> {
    const closing = this.#closing.signal
    throwIfAborted(closing)
    const signal = options.signal === undefined ? closing : AbortSignal.any([options.signal, closing])
    const running = work({ ...options, signal })
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  /**
   * Starts the job that makes the open proposals of the class anew with its current version, and ends one that
   * still does so with another. Returns its id; null when no proposal is of another version.
   */
  #refresh(classId: string): string | null {
    for (const { id, state, spec } of this.jobs.list()) {
      const isOpen = state === 'running' || state === 'queued' || state === 'paused'
      const isRefresh = spec.images === 'proposals' && spec.classIds.length === 1 && spec.classIds[0] === classId
      if (isOpen && isRefresh) this.jobs.cancel(id)
    }
    const current = this.store.versions.current(classId)
    if (current === null) return null
    const proposals = this.store.annotations.proposedOf({ classId })
    const isStale = proposals.some(({ versionId }) => versionId !== null && versionId !== current.id)
    if (!isStale) return null
    const spec = { kind: 'segment', images: 'proposals', provider: 'auto', detail: 'normal' } as const
    return this.jobs.start({ ...spec, classIds: [classId] }).id
  }

  get #learning(): LearningContext {
    return { store: this.store, engine: this.engine, imageFor: (imageId) => this.#imageFor(imageId) }
  }

  #imageFor(imageId: string): EngineImage {
    const image = this.store.images.get(imageId)
    const path = this.store.images.path(imageId)
    return {
      contentHash: image.contentHash,
      width: image.width,
      height: image.height,
      pixels: (width, height, options = {}) =>
        this.#reading(imageId, true, async () => {
          await this.#originals.verify(path, image.contentHash, options.signal)
          return await this.#codec.pixels(path, width, height, options)
        }),
    }
  }

  #reading<Value>(imageId: string, provesFile: boolean, work: () => Promise<Value>): Promise<Value> {
    const isClosing = (): boolean => this.#closing.signal.aborted
    return readingImage(this.store, imageId, { provesFile, isClosing }, work)
  }
}

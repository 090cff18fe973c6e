import type { JobRecord, SegmentSpec } from '../../shared/contract/contract.ts'
import { AppError, isAppError } from '../../shared/errors.ts'
import { isProviderFault, isRequestLost } from '../engine/client.ts'
import type { Engine, EngineImage, EngineOptions } from '../engine/engine-port.ts'
import { isDecoderCrash } from '../images/image-errors.ts'
import type { NewProposal, ProjectStore, StoredJob } from '../store/store-port.ts'
import { classIdsOf, loadClasses } from './job-classes.ts'
import type { JobClass } from './job-classes.ts'
import { proposalsOf } from './proposals.ts'
import { Rate } from './rate.ts'

export interface JobRunnerOptions {
  readonly store: ProjectStore
  readonly engine: Engine
  /** Throws `NotFound` when the image is gone. */
  readonly imageFor: (imageId: string) => EngineImage
  /** Called on every change of state, and between them at most ten times a second. */
  readonly onProgress: (job: JobRecord) => void
}

/** Works through the jobs of one project, one at a time, in the order in which they were started. */
export interface JobRunner {
  /**
   * Creates a job and begins when its turn comes. Throws `InvalidInput` when a class has no examples,
   * `NotFound` for a class or image that does not exist.
   */
  readonly start: (spec: SegmentSpec) => JobRecord
  /** Stops after nothing more than what is written already. Throws `Conflict` when the job has ended. */
  readonly pause: (jobId: string) => JobRecord
  /** Continues a paused or failed job with the images that are left. Throws `Conflict` when it is done or cancelled. */
  readonly resume: (jobId: string) => JobRecord
  /** Ends the job; proposals made so far stay. Throws `Conflict` when it has ended. */
  readonly cancel: (jobId: string) => JobRecord
  /** Continues what was running or waiting when the program ended, oldest first. Returns those jobs. */
  readonly resumeOpen: () => readonly JobRecord[]
  /** Stops all work as the end of the program would: `resumeOpen` continues it, now or after the next start. */
  readonly pauseAll: () => void
  /** Newest first. */
  readonly list: () => readonly JobRecord[]
  /** Resolves as soon as nobody works on the job any more; `paused` also when work was stopped by `pauseAll`. */
  readonly waitFor: (jobId: string) => Promise<JobRecord>
  /** `pauseAll`, and waits until nothing is touched any more. */
  readonly close: () => Promise<void>
}

/** The engine works on one image while the next one is decoded. */
const imagesAtOnce = 2
/** How many ids are read from the database at a time. */
const chunk = 256
const progressIntervalMs = 100

interface ActiveJob {
  readonly id: string
  /** As it was when its turn came. */
  readonly stored: StoredJob
  readonly controller: AbortController
  readonly rate: Rate
}

/** What became of one image. */
interface Made {
  readonly proposals: readonly NewProposal[]
  readonly usedCache: boolean
  readonly device: string
}

interface JobEnd {
  readonly state: 'done' | 'failed'
  readonly reason: string | null
}

export function createJobRunner(options: JobRunnerOptions): JobRunner {
  return new StoredJobRunner(options)
}

class StoredJobRunner implements JobRunner {
  readonly #store: ProjectStore
  readonly #engine: Engine
  readonly #imageFor: (imageId: string) => EngineImage
  readonly #onProgress: (job: JobRecord) => void
  /** Ids of the jobs that wait for their turn. */
  readonly #waiting: string[] = []
  readonly #waiters = new Map<string, ((job: JobRecord) => void)[]>()
  #active: ActiveJob | null = null
  /** The loop over the waiting jobs; null while there are none. */
  #loop: Promise<void> | null = null
  #closed = false
  #lastProgressMs = -Infinity

  constructor({ store, engine, imageFor, onProgress }: JobRunnerOptions) {
    this.#store = store
    this.#engine = engine
    this.#imageFor = imageFor
    this.#onProgress = onProgress
  }

  readonly start = (spec: SegmentSpec): JobRecord => {
    const classIds = classIdsOf(this.#store, spec.classIds)
    const imageIds = typeof spec.images === 'string' ? this.#store.images.idsForJob(spec.images, classIds) : spec.images
    return this.#enqueue(this.#store.jobs.create(spec, imageIds))
  }

  readonly pause = (jobId: string): JobRecord => {
    this.#requireState(jobId, ['queued', 'running', 'paused'])
    return this.#stop(jobId, 'paused')
  }

  readonly resume = (jobId: string): JobRecord => {
    const job = this.#requireState(jobId, ['queued', 'running', 'paused', 'failed'])
    return this.#isHeld(jobId) ? this.#record(job) : this.#enqueue(this.#store.jobs.setState(jobId, 'queued'))
  }

  readonly cancel = (jobId: string): JobRecord => {
    this.#requireState(jobId, ['queued', 'running', 'paused', 'failed'])
    return this.#stop(jobId, 'cancelled')
  }

  readonly resumeOpen = (): readonly JobRecord[] =>
    this.#store.jobs
      .list()
      .filter(({ state }) => state === 'running' || state === 'queued')
      .toReversed()
      .map((job) => (this.#isHeld(job.id) ? this.#record(job) : this.#enqueue(job)))

  readonly pauseAll = (): void => {
    const held = this.#active === null ? [...this.#waiting] : [this.#active.id, ...this.#waiting]
    this.#waiting.length = 0
    this.#active?.controller.abort()
    this.#active = null
    for (const jobId of held) this.#settle({ ...this.#record(this.#store.jobs.get(jobId)), state: 'paused' })
  }

  readonly list = (): readonly JobRecord[] => this.#store.jobs.list().map((job) => this.#record(job))

  readonly waitFor = (jobId: string): Promise<JobRecord> => {
    const job = this.#record(this.#store.jobs.get(jobId))
    if (!this.#isHeld(jobId)) {
      return Promise.resolve(isOpen(job.state) ? { ...job, state: 'paused' } : job)
    }
    return new Promise((resolve) => {
      this.#waiters.set(jobId, [...(this.#waiters.get(jobId) ?? []), resolve])
    })
  }

  readonly close = async (): Promise<void> => {
    this.#closed = true
    this.pauseAll()
    await this.#loop
  }

  #isHeld(jobId: string): boolean {
    return this.#active?.id === jobId || this.#waiting.includes(jobId)
  }

  #requireState(jobId: string, states: readonly JobRecord['state'][]): StoredJob {
    const job = this.#store.jobs.get(jobId)
    if (states.includes(job.state)) return job
    throw new AppError('Conflict', 'jobEnded', `This job is ${job.state} already; start a new one.`, {
      params: { state: job.state },
    })
  }

  #enqueue(job: StoredJob): JobRecord {
    this.#waiting.push(job.id)
    const record = this.#record(job)
    this.#onProgress(record)
    if (!this.#closed) this.#loop ??= this.#work()
    return record
  }

  #stop(jobId: string, state: 'paused' | 'cancelled'): JobRecord {
    const at = this.#waiting.indexOf(jobId)
    if (at >= 0) this.#waiting.splice(at, 1)
    if (this.#active?.id === jobId) {
      this.#active.controller.abort()
      this.#active = null
    }
    const record = this.#record(this.#store.jobs.setState(jobId, state))
    this.#settle(record)
    return record
  }

  /** Tells everybody that nobody works on the job any more. */
  #settle(record: JobRecord): void {
    this.#onProgress(record)
    const waiters = this.#waiters.get(record.id) ?? []
    this.#waiters.delete(record.id)
    for (const resolve of waiters) resolve(record)
  }

  async #work(): Promise<void> {
    // A turn of the event loop first, so that whoever starts a job has its record before the first event.
    await new Promise<void>((resolve) => setImmediate(resolve))
    for (let jobId = this.#waiting.shift(); jobId !== undefined; jobId = this.#waiting.shift()) {
      const active: ActiveJob = {
        id: jobId,
        stored: this.#store.jobs.get(jobId),
        controller: new AbortController(),
        rate: new Rate(performance.now()),
      }
      this.#active = active
      const end = await this.#run(active)
      // Paused, cancelled or closed meanwhile: whoever did it has written the state.
      if (active.controller.signal.aborted) continue
      const record = this.#writeEnd(active, end)
      this.#active = null
      this.#settle(record)
    }
    this.#loop = null
  }

  #writeEnd(active: ActiveJob, { state, reason }: JobEnd): JobRecord {
    try {
      return this.#record(this.#store.jobs.setState(active.id, state, reason === null ? {} : { reason }), active)
    } catch (error) {
      // The database itself is the problem: say so at least to those who watch and wait.
      return this.#record({ ...active.stored, state: 'failed', reason: sentence(error) }, active)
    }
  }

  /** Works on the job until it ends or is aborted (then the answer means nothing). */
  async #run(active: ActiveJob): Promise<JobEnd> {
    const { jobs } = this.#store
    const { spec } = active.stored
    try {
      const { signal } = active.controller
      const info = await this.#engine.info({ provider: spec.provider, signal })
      if (signal.aborted) return { state: 'done', reason: null }
      const classes = loadClasses(this.#store, classIdsOf(this.#store, spec.classIds), info)
      this.#onProgress(this.#record(jobs.setState(active.id, 'running'), active))
      const problem = await this.#segmentAll(active, classes, spec)
      return problem === null ? { state: 'done', reason: null } : { state: 'failed', reason: problem }
    } catch (error) {
      return { state: 'failed', reason: sentence(error) }
    }
  }

  /** Segments what is left of the job. Stops at the first problem that concerns more than one image and returns it. */
  async #segmentAll(active: ActiveJob, classes: readonly JobClass[], spec: SegmentSpec): Promise<string | null> {
    const begun = new Set<string>()
    let ids: string[] = []
    const next = (): string | undefined => {
      if (active.controller.signal.aborted) return undefined
      if (ids.length === 0) {
        // Images being worked on count as pending too, hence the few more.
        const pending = this.#store.jobs.pending(active.id, chunk + imagesAtOnce)
        ids = pending.filter((imageId) => !begun.has(imageId))
      }
      const imageId = ids.shift()
      if (imageId !== undefined) begun.add(imageId)
      return imageId
    }
    const problems: string[] = []
    const worker = async (): Promise<void> => {
      for (let imageId = next(); imageId !== undefined && problems.length === 0; imageId = next()) {
        try {
          await this.#segmentOne(active, imageId, classes, spec)
        } catch (error) {
          problems.push(sentence(error))
        }
      }
    }
    await Promise.all(Array.from({ length: imagesAtOnce }, worker))
    return problems[0] ?? null
  }

  async #segmentOne(
    active: ActiveJob,
    imageId: string,
    classes: readonly JobClass[],
    spec: SegmentSpec,
  ): Promise<void> {
    const { jobs } = this.#store
    const { signal } = active.controller
    const { detail, provider } = spec
    let proposals: readonly NewProposal[] | null = null
    try {
      const made = await this.#patiently(() =>
        this.#proposalsFor(imageId, classes, { signal, priority: 'batch', detail, provider }),
      )
      if (signal.aborted) return
      proposals = made.proposals
      const classIds = classes.map(({ classId }) => classId)
      jobs.finishItem(active.id, imageId, classIds, proposals)
      this.#noteDevice(active, made)
    } catch (error) {
      if (signal.aborted) return
      // Once there are proposals, only the image's own disappearance is its fault: the rest is the database's.
      const isItsOwn = proposals === null ? concernsOneImage(error) : isAppError(error, 'NotFound')
      if (!isItsOwn) throw error
      jobs.failItem(active.id, imageId, sentence(error))
    }
    const nowMs = performance.now()
    active.rate.count(nowMs)
    if (nowMs - this.#lastProgressMs < progressIntervalMs) return
    this.#lastProgressMs = nowMs
    this.#onProgress(this.#record(jobs.get(active.id), active))
  }

  /**
   * Writes down what really worked. Features from disk say nothing of the device that the other images run on, so they
   * speak only while nothing else has.
   */
  #noteDevice(active: ActiveJob, { device, usedCache }: Pick<Made, 'device' | 'usedCache'>): void {
    const { jobs } = this.#store
    const known = jobs.get(active.id).device
    if (device === known || (usedCache && known !== null)) return
    this.#onProgress(this.#record(jobs.setState(active.id, 'running', { device }), active))
  }

  /**
   * A process that was killed from outside (a person, the system short of memory) looks like one that died of its
   * image: an image is given up only when that happened in two attempts.
   */
  async #patiently<Result>(attempt: () => Promise<Result>): Promise<Result> {
    try {
      return await attempt()
    } catch (error) {
      if (!isRequestLost(error) && !isDecoderCrash(error)) throw error
      return await attempt()
    }
  }

  async #proposalsFor(imageId: string, classes: readonly JobClass[], options: EngineOptions): Promise<Made> {
    const image = this.#imageFor(imageId)
    const { predictions, usedCache, device } = await this.#engine.segment(image, classes, options)
    const createdAt = new Date().toISOString()
    const where = { id: imageId, width: image.width, height: image.height }
    const proposals = predictions.flatMap((prediction) => {
      const owner = classes.find(({ classId }) => classId === prediction.classId)
      return owner === undefined ? [] : proposalsOf(prediction, owner, where, createdAt)
    })
    return { proposals, usedCache, device }
  }

  #record(job: StoredJob, active = this.#active): JobRecord {
    const rate = active?.id === job.id ? active.rate : null
    return {
      ...job,
      imagesPerSecond: rate?.imagesPerSecond() ?? null,
      secondsLeft: rate?.secondsLeft(job.total - job.done - job.failed) ?? null,
    }
  }
}

function isOpen(state: JobRecord['state']): boolean {
  return state === 'queued' || state === 'running'
}

/** Whether the next image may well succeed: a bad picture does not stop a batch, an engine that stays dead does. */
function concernsOneImage(error: unknown): boolean {
  if (!(error instanceof AppError) || isProviderFault(error)) return false
  switch (error.code) {
    case 'NotFound':
    case 'InvalidInput':
    case 'Unsupported':
    case 'OutOfMemory':
    case 'Io':
    case 'Internal':
      return true
    case 'EngineLost':
      return isRequestLost(error)
    case 'ModelMissing':
    case 'ModelMismatch':
    case 'Conflict':
    case 'Forbidden':
    case 'DbFromFuture':
    case 'DbCorrupt':
    case 'Cancelled':
      return false
  }
}

function sentence(error: unknown): string {
  if (isAppError(error)) return error.message
  const text = error instanceof Error ? error.message : String(error)
  return `Something went wrong in the program (${text}); resume the job, or report it.`
}

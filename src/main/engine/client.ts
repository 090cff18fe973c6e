import { existsSync } from 'node:fs'
import type { SegmentSpec } from '../../shared/contract/contract.ts'
import { isAppError } from '../../shared/errors.ts'
import { forkSpawner } from '../processes/spawner.ts'
import type { Spawner } from '../processes/spawner.ts'
import { requestLostKey, superviseProcess } from '../processes/supervised-process.ts'
import type { SupervisedProcess } from '../processes/supervised-process.ts'
import type { EngineKinds, EngineSetup, EngineStatistics, ImageRequest, Missing } from './engine-messages.ts'
import type { Engine, EngineClass, EngineImage, EngineInfo, EngineOptions, RgbPixels } from './engine-port.ts'
import { featurePath } from './feature-path.ts'
import { guideSize, modelInputSize } from './input-size.ts'
import { inferenceThreads } from './threads.ts'

export interface CreateEngineOptions {
  readonly modelsFolder: string
  /** Where features are kept for images that name no cache folder of their own. */
  readonly cacheFolder: string
  /** `auto` is the CPU. Any other must prove that it runs here, else every request rejects with `Unsupported`. */
  readonly provider: SegmentSpec['provider']
  readonly log: (line: string) => void
  /** Default: the training-free one. */
  readonly predictor?: string
  readonly threads?: number
  /** How the process is started; Electron brings its own. */
  readonly spawner?: Spawner | undefined
  /** Entry file of the process. */
  readonly entry?: URL
}

/** The engine with what tests and reports want to know besides. */
export interface EngineClient extends Engine {
  /** Counters of the running process; they start again at 0 after a restart. */
  readonly statistics: () => Promise<EngineStatistics>
}

/** Whether the engine gave up this one piece of work, at which it died twice; the next may well succeed. */
export function isRequestLost(error: unknown): boolean {
  return isAppError(error, 'EngineLost') && error.key === requestLostKey
}

/** An answer takes milliseconds to seconds; after this the process is taken for hung. */
const timeoutMs = 300_000
/** Pixels, then states, then both again after a crash between: more often than that is a bug. */
const maximumRounds = 5

/**
 * Starts nothing yet: the process comes with the first request. Requests of one image are complete in
 * themselves, so a crash costs a repetition and no state. [Note: engine requests]
 */
export function createEngine(options: CreateEngineOptions): EngineClient {
  const setup: EngineSetup = {
    modelsFolder: options.modelsFolder,
    provider: options.provider,
    threads: options.threads ?? inferenceThreads(),
    predictor: options.predictor ?? 'training-free',
  }
  const supervised = superviseProcess<EngineKinds>({
    name: 'engine',
    entry: options.entry ?? new URL('./engine-process.ts', import.meta.url),
    spawner: options.spawner ?? forkSpawner,
    setup,
    timeoutMs,
    log: options.log,
  })
  return new SupervisedEngine(supervised, options.cacheFolder)
}

class SupervisedEngine implements EngineClient {
  readonly #process: SupervisedProcess<EngineKinds>
  readonly #cacheFolder: string
  /** Version hashes whose states the running process has been sent. */
  readonly #sent = new Set<string>()
  #identity: Promise<EngineKinds['info']['result']> | null = null

  constructor(supervised: SupervisedProcess<EngineKinds>, cacheFolder: string) {
    this.#process = supervised
    this.#cacheFolder = cacheFolder
    supervised.onRestart(() => this.#sent.clear())
  }

  readonly info = async (): Promise<EngineInfo> => (await this.#identify()).info

  readonly statistics = (): Promise<EngineStatistics> =>
    this.#process.request('statistics', null, { priority: 'interactive' })

  readonly encodeSupport: Engine['encodeSupport'] = async (image, mask, options = {}) => {
    const requestOptions = { signal: options.signal, priority: options.priority ?? 'interactive' }
    const described = await this.#describe(image, options)
    const answer = await repeatWhileMissing(described.cached, [], async (needed) => {
      const pixels = needed.pixels ? await this.#pixels(image, described.request, options) : null
      return this.#process.request('encodeSupport', { image: { ...described.request, pixels }, mask }, requestOptions)
    })
    return answer.state
  }

  readonly fit: Engine['fit'] = (supports, options = {}) =>
    this.#process.request('fit', supports, { signal: options.signal, priority: options.priority ?? 'interactive' })

  readonly segment: Engine['segment'] = async (image, classes, options = {}) => {
    const requestOptions = { signal: options.signal, priority: options.priority ?? 'interactive' }
    const described = await this.#describe(image, options)
    const guided = guideSize(image.width, image.height)
    const unknown = classes.filter(({ versionHash }) => !this.#sent.has(versionHash))
    let guide: RgbPixels | null = null
    const answer = await repeatWhileMissing(
      described.cached,
      unknown.map(({ versionHash }) => versionHash),
      async (needed) => {
        const [pixels, photograph] = await Promise.all([
          needed.pixels ? this.#pixels(image, described.request, options) : null,
          guide ?? image.pixels(guided.width, guided.height, options.signal),
        ])
        guide = photograph
        const result = await this.#process.request(
          'segment',
          { image: { ...described.request, pixels }, guide: photograph, classes: withStates(classes, needed) },
          requestOptions,
        )
        // The process remembers what it was sent even when it asks for more.
        for (const versionHash of needed.versionHashes) this.#sent.add(versionHash)
        return result
      },
    )
    return { predictions: answer.predictions, usedCache: answer.usedCache }
  }

  readonly onRestart: Engine['onRestart'] = (listener) => this.#process.onRestart(listener)
  readonly pid: Engine['pid'] = () => this.#process.pid()
  readonly close: Engine['close'] = () => this.#process.close()

  #identify(): Promise<EngineKinds['info']['result']> {
    this.#identity ??= this.#process.request('info', null, { priority: 'interactive' }).catch((error: unknown) => {
      this.#identity = null
      throw error
    })
    return this.#identity
  }

  /** What the engine is told of the image, and whether its features seem to be on disk. */
  async #describe(
    image: EngineImage,
    options: EngineOptions,
  ): Promise<{ readonly request: ImageRequest; readonly cached: boolean }> {
    const { featureHash } = await this.#identify()
    const { contentHash } = image
    const request: ImageRequest = {
      contentHash,
      size: { width: image.width, height: image.height },
      input: modelInputSize(image.width, image.height, options.detail ?? 'normal'),
      cacheFolder: image.cacheFolder ?? this.#cacheFolder,
      pixels: null,
    }
    const path = featurePath(request.cacheFolder, { contentHash, featureHash, input: request.input })
    return { request, cached: existsSync(path) }
  }

  #pixels(image: EngineImage, { input }: ImageRequest, options: EngineOptions): Promise<RgbPixels> {
    return image.pixels(input.width, input.height, options.signal)
  }
}

type Needed = Omit<Missing, 'kind'>

function withStates(classes: readonly EngineClass[], needed: Needed): EngineKinds['segment']['payload']['classes'] {
  return classes.map((entry) => ({
    classId: entry.classId,
    versionHash: entry.versionHash,
    state: needed.versionHashes.includes(entry.versionHash) ? entry.state : null,
  }))
}

/**
 * Asks with what seems to be needed and again with what the engine missed: a feature file turned out
 * damaged, or a fresh process knows no states.
 */
async function repeatWhileMissing<Done extends { readonly kind: 'done' }>(
  cached: boolean,
  unknown: readonly string[],
  ask: (needed: Needed) => Promise<Done | Missing>,
): Promise<Done> {
  let needed: Needed = { pixels: !cached, versionHashes: unknown }
  for (let round = 0; round < maximumRounds; round++) {
    const answer = await ask(needed)
    if (answer.kind === 'done') return answer
    needed = answer
  }
  throw new Error('The engine keeps asking for what it was given')
}

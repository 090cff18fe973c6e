import { existsSync } from 'node:fs'
import type { DeviceReport, SegmentSpec } from '../../shared/contract/contract.ts'
import { AppError, isAppError } from '../../shared/errors.ts'
import { tilesBounds } from '../../shared/mask/tiles.ts'
import { forkSpawner } from '../processes/spawner.ts'
import type { Spawner } from '../processes/spawner.ts'
import { requestLostKey, superviseProcess } from '../processes/supervised-process.ts'
import type { SupervisedProcess } from '../processes/supervised-process.ts'
import { deviceText } from './device-words.ts'
import type { DeviceChoice, Devices } from './devices.ts'
import type {
  EngineIdentity,
  EngineKinds,
  EngineSetup,
  EngineStatistics,
  ImageRequest,
  Missing,
  ZoomRequest,
} from './engine-messages.ts'
import type { Engine, EngineClass, EngineImage, EngineOptions, RgbPixels } from './engine-port.ts'
import { featurePath } from './feature-path.ts'
import { guideSize, modelInputSize } from './input-size.ts'
import type { PixelSize } from './input-size.ts'
import { processEnd } from './provider-check.ts'
import { providerFault, providerFaultKey, reportWithoutFigures } from './provider-proof.ts'
import type { TiledMask } from './predictor.ts'
import type { ProviderName } from './runtime.ts'
import { inferenceThreads } from './threads.ts'
import { zoomRegion } from './zoom.ts'

export interface CreateEngineOptions {
  readonly modelsFolder: string
  /** Where features are kept for images that name no cache folder of their own. */
  readonly cacheFolder: string
  /**
   * `auto` is what `devices` chooses, and the CPU from the moment that fails. Any other must prove that it runs here,
   * else every request that needs it rejects with `Unsupported`.
   */
  readonly provider: SegmentSpec['provider']
  /** Default: `auto` is the CPU. */
  readonly devices?: Devices
  readonly log: (line: string) => void
  /** Default: the training-free one. */
  readonly predictor?: string
  readonly threads?: number
  /** How the process is started; Electron brings its own. */
  readonly spawner?: Spawner | undefined
  /** Entry file of the process. */
  readonly entry?: URL
  /** How long a request may take on another device than the CPU. Default two minutes. */
  readonly deviceTimeoutMs?: number
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

/** Whether a device does not run (any more), which concerns every further image as well. */
export function isProviderFault(error: unknown): boolean {
  return isAppError(error) && error.key === providerFaultKey
}

/** An answer takes milliseconds to seconds; after this the process is taken for hung. */
const timeoutMs = 300_000
/** Another device than the CPU is faster, or its driver hangs; making its session and compiling for it count. */
const defaultDeviceTimeoutMs = 120_000
/** Pixels, then states, then both again after a crash between: more often than that is a bug. */
const maximumRounds = 5

/**
 * Starts nothing yet: the process comes with the first request. Requests of one image are complete in
 * themselves, so a crash costs a repetition and no state. [Note: engine requests]
 */
export function createEngine(options: CreateEngineOptions): EngineClient {
  const setup: EngineSetup = {
    modelsFolder: options.modelsFolder,
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
  return new SupervisedEngine(supervised, options, setup.threads)
}

class SupervisedEngine implements EngineClient {
  readonly #process: SupervisedProcess<EngineKinds>
  readonly #options: CreateEngineOptions
  readonly #threads: number
  /** Version hashes whose states the running process has been sent. */
  readonly #sent = new Set<string>()
  #identity: Promise<EngineIdentity> | null = null
  /** Aborted when the device in use fails: what is queued for it need not find that out as well. */
  #trust = new AbortController()
  /** A device that has just failed, until the CPU has shown whose fault it was. */
  #suspect: DeviceReport | null = null

  constructor(supervised: SupervisedProcess<EngineKinds>, options: CreateEngineOptions, threads: number) {
    this.#process = supervised
    this.#options = options
    this.#threads = threads
    supervised.onRestart(() => this.#sent.clear())
  }

  readonly info: Engine['info'] = async (options = {}) => {
    const { predictor, modelHash } = await this.#identify()
    const { value, choice } = await this.#onDevice(options, async ({ provider, signal, ...limit }) => {
      await this.#process.request('open', provider, { priority: 'interactive', signal, ...limit })
      return provider
    })
    return { predictor, modelHash, provider: value, device: await this.#deviceText(value, choice) }
  }

  readonly statistics = (): Promise<EngineStatistics> =>
    this.#process.request('statistics', null, { priority: 'interactive' })

  readonly encodeSupport: Engine['encodeSupport'] = async (image, mask, options = {}) => {
    const { value } = await this.#onDevice(options, async ({ provider, ...limits }) => {
      const requestOptions = { ...limits, priority: options.priority ?? 'interactive' }
      const described = await this.#describe(image, options, provider)
      const zoomed = await this.#zoomed(image, mask, options)
      const answer = await repeatWhileMissing(described.cached, [], async (needed) => {
        const pixels = needed.pixels ? await this.#pixels(image, described.request, options) : null
        const request = { image: { ...described.request, pixels }, mask, negative: options.negative ?? null, zoomed }
        return this.#process.request('encodeSupport', request, requestOptions)
      })
      return answer.state
    })
    return value
  }

  readonly fit: Engine['fit'] = (supports, options = {}) =>
    this.#process.request('fit', supports, { signal: options.signal, priority: options.priority ?? 'interactive' })

  readonly segment: Engine['segment'] = async (image, classes, options = {}) => {
    const { value, choice } = await this.#onDevice(options, async ({ provider, ...limits }) => ({
      provider,
      answer: await this.#segmentOn(provider, image, classes, options, limits),
    }))
    const { predictions, usedCache } = value.answer
    return { predictions, usedCache, device: await this.#deviceText(usedCache ? 'cpu' : value.provider, choice) }
  }

  readonly onRestart: Engine['onRestart'] = (listener) => this.#process.onRestart(listener)
  readonly pid: Engine['pid'] = () => this.#process.pid()
  readonly close: Engine['close'] = () => this.#process.close()

  async #segmentOn(
    provider: ProviderName,
    image: EngineImage,
    classes: readonly EngineClass[],
    options: EngineOptions,
    limits: Limits,
  ): Promise<Extract<EngineKinds['segment']['result'], { readonly kind: 'done' }>> {
    const requestOptions = { ...limits, priority: options.priority ?? 'interactive' }
    const described = await this.#describe(image, options, provider)
    const guided = guideSize(image.width, image.height)
    const unknown = classes.filter(({ versionHash }) => !this.#sent.has(versionHash))
    let guide: RgbPixels | null = null
    return await repeatWhileMissing(
      described.cached,
      unknown.map(({ versionHash }) => versionHash),
      async (needed) => {
        const [pixels, photograph] = await Promise.all([
          needed.pixels ? this.#pixels(image, described.request, options) : null,
          guide ?? image.pixels(guided.width, guided.height, { signal: options.signal }),
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
  }

  /**
   * Works on the device that was asked for or chosen. When a chosen one fails, the same work is done on the CPU, and
   * when that succeeds the device is to blame: it is reported and not used again. One that was asked for by name has
   * no substitute. [Note: device failures]
   */
  async #onDevice<Value>(
    options: Pick<EngineOptions, 'signal' | 'provider'>,
    work: (device: Limits & { readonly provider: ProviderName }) => Promise<Value>,
  ): Promise<{ readonly value: Value; readonly choice: DeviceChoice }> {
    const choice = await this.#choose(options)
    const { provider, forced } = choice
    const { signal } = options
    if (provider === 'cpu') return { value: await work({ provider, signal }), choice }
    const trust = this.#trust
    const both = signal === undefined ? trust.signal : AbortSignal.any([signal, trust.signal])
    const limit = this.#options.deviceTimeoutMs ?? defaultDeviceTimeoutMs
    try {
      return { value: await work({ provider, signal: both, timeoutMs: limit }), choice }
    } catch (error) {
      const isSwept = trust.signal.aborted && signal?.aborted !== true && isAppError(error, 'Cancelled')
      const fault = isSwept ? null : faultOf(provider, error)
      if (fault === null && !isSwept) throw error
      if (forced) throw fault ?? error
      if (fault === null) return { value: await work({ provider: 'cpu', signal }), choice: await this.#choose(options) }
      const detail = String(fault.params['detail'])
      this.#suspect = { ...reportWithoutFigures(provider, 'failedAtWork', detail), checkedAt: null }
      if (this.#trust === trust) {
        this.#trust = new AbortController()
        trust.abort()
      }
      try {
        const value = await work({ provider: 'cpu', signal })
        await this.#options.devices?.reportFailure(provider, detail)
        return { value, choice: await this.#choose(options) }
      } finally {
        this.#suspect = null
      }
    }
  }

  async #choose({ provider = 'auto', signal }: Pick<EngineOptions, 'signal' | 'provider'>): Promise<DeviceChoice> {
    const asked = provider === 'auto' ? this.#options.provider : provider
    if (asked !== 'auto') return { provider: asked, forced: true, instead: null }
    const choice = await this.#options.devices?.choose({ signal })
    if (choice === undefined) return { provider: 'cpu', forced: false, instead: null }
    const isSuspect = choice.provider === this.#suspect?.provider && !choice.forced
    return isSuspect ? { provider: 'cpu', forced: false, instead: this.#suspect } : choice
  }

  async #deviceText(provider: ProviderName, { instead }: DeviceChoice): Promise<string> {
    const { runtimeVersion } = await this.#identify()
    return deviceText(provider, { runtimeVersion, threads: this.#threads }, instead)
  }

  #identify(): Promise<EngineIdentity> {
    this.#identity ??= this.#process.request('identify', null, { priority: 'interactive' }).catch((error: unknown) => {
      this.#identity = null
      throw error
    })
    return this.#identity
  }

  /** What the engine is told of the image, and whether its features seem to be on disk. */
  async #describe(
    image: EngineImage,
    options: EngineOptions,
    provider: ProviderName,
  ): Promise<{ readonly request: ImageRequest; readonly cached: boolean }> {
    const { featureHash } = await this.#identify()
    const { contentHash } = image
    const request: ImageRequest = {
      contentHash,
      size: { width: image.width, height: image.height },
      input: await this.#inputSize(image.width, image.height, options),
      cacheFolder: image.cacheFolder ?? this.#options.cacheFolder,
      provider,
      pixels: null,
    }
    const path = featurePath(request.cacheFolder, { contentHash, featureHash, input: request.input })
    return { request, cached: existsSync(path) }
  }

  #pixels(image: EngineImage, { input }: ImageRequest, options: EngineOptions): Promise<RgbPixels> {
    return image.pixels(input.width, input.height, { signal: options.signal })
  }

  /** At which size what has these pixels enters the backbone: the one that it takes, or what `modelInputSize` says. */
  async #inputSize(width: number, height: number, { detail = 'normal' }: EngineOptions): Promise<PixelSize> {
    return (await this.#identify()).inputSize ?? modelInputSize(width, height, detail)
  }

  /** What surrounds the outline, for a predictor that looks at it enlarged. */
  async #zoomed(image: EngineImage, mask: TiledMask, options: EngineOptions): Promise<ZoomRequest | null> {
    const { zooms } = await this.#identify()
    const outline = zooms ? tilesBounds(mask.tiles) : null
    const region = outline === null ? null : zoomRegion(outline, image)
    if (region === null) return null
    const input = await this.#inputSize(region[2], region[3], options)
    const pixels = await image.pixels(input.width, input.height, { signal: options.signal, region })
    return { region, input, pixels }
  }
}

/** How long a request on a device may take, and who may end it. */
interface Limits {
  readonly signal: AbortSignal | undefined
  readonly timeoutMs?: number
}

/** The error as the provider's own fault; null when it is none. */
function faultOf(provider: ProviderName, error: unknown): AppError | null {
  if (!(error instanceof AppError)) return null
  if (error.key === providerFaultKey) return error
  const end = processEnd(error)
  return end === null ? null : providerFault(reportWithoutFigures(provider, end.verdict, end.detail))
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

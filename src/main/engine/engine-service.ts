import { AppError, throwIfAborted } from '../../shared/errors.ts'
import type { RequestHandlers } from '../processes/child.ts'
import type { Backbone } from './backbone.ts'
import { engineSetupSchema } from './engine-messages.ts'
import type {
  ClassRequest,
  EngineKinds,
  EngineSetup,
  GoldenCheck,
  ImageRequest,
  Missing,
  ZoomRequest,
} from './engine-messages.ts'
import type { RgbPixels } from './engine-port.ts'
import { rounded } from './feature-maps.ts'
import type { FeatureKey } from './feature-path.ts'
import { FeatureStore } from './feature-store.ts'
import { goldenPixels, goldenSide, largestDifference, readGolden } from './golden.ts'
import type { PixelSize } from './input-size.ts'
import { Lru } from './lru.ts'
import { backboneEntrySchema, featureHash, loadVerifiedModel, readModelEntry } from './models.ts'
import type { ClassState, FeatureMaps, Predictor, ZoomedView } from './predictor.ts'
import type { PredictorContext } from './predictors.ts'
import {
  areNumbers,
  openBackbone,
  providerFault,
  proveProvider,
  reportWithoutFigures,
  runFault,
} from './provider-proof.ts'
import type { ProofContext } from './provider-proof.ts'
import { createSession, runtimeVersion } from './runtime.ts'
import type { CreateSession, ProviderName } from './runtime.ts'
import { segmentScores } from './segment.ts'

/** Room for the states of a hundred classes with five examples each. Predictors may keep several times as much for them. */
const stateBytes = 128 << 20

interface LoadedFeatures {
  readonly features: FeatureMaps
  readonly usedCache: boolean
}

/**
 * The request handlers of the engine process. Models are verified before anything else; a session is made
 * when the first image needs one. `createPredictor` and `openSession` are parameters so that tests bring their own.
 */
export async function startEngineService(
  setup: unknown,
  createPredictor: (id: string, context: PredictorContext) => Promise<Predictor>,
  openSession: CreateSession = createSession,
): Promise<RequestHandlers<EngineKinds> & AsyncDisposable> {
  const checked = engineSetupSchema.parse(setup)
  const entry = await readModelEntry(checked.modelsFolder, 'backbone', backboneEntrySchema)
  const model = await loadVerifiedModel(checked.modelsFolder, entry)
  const predictor = await createPredictor(checked.predictor, {
    modelsFolder: checked.modelsFolder,
    threads: checked.threads,
    backbone: entry,
  })
  const context: ProofContext = { model, threads: checked.threads, createSession: openSession }
  const engine = new EngineService(checked, context)
  return {
    identify: () => ({
      predictor: predictor.id,
      modelHash: predictor.modelHash,
      zooms: predictor.zooms,
      featureHash: engine.featureHash,
      inputSize: entry.inputSize === undefined ? null : { width: entry.inputSize[0], height: entry.inputSize[1] },
      runtimeVersion: runtimeVersion(),
    }),
    open: async (provider) => {
      await engine.session(provider)
      return null
    },
    checkGolden: () => engine.checkGolden(),
    proveProvider: (provider) => proveProvider(provider, context),
    statistics: () => ({ encoderRuns: engine.encoderRuns }),
    encodeSupport: async ({ image, mask, negative, zoomed }, { signal }) => {
      const loaded = await engine.load(image, signal)
      if (loaded === null) return { kind: 'missing', pixels: true, versionHashes: [] }
      const view = zoomed === null ? undefined : await engine.zoom(zoomed, image.provider, signal)
      const state = await predictor.encodeSupport(loaded.features, mask, {
        negative: negative ?? undefined,
        zoomed: view,
      })
      return { kind: 'done', state }
    },
    fit: (supports) => predictor.fit(supports),
    segment: async ({ image, guide, classes }, { signal }) => {
      const states = engine.states(classes)
      const loaded = await engine.load(image, signal)
      if (loaded === null || states.kind === 'missing') return missing(loaded, states)
      const maps = await predictor.predict(loaded.features, states.states)
      throwIfAborted(signal)
      const scores = classes.map(({ classId }, index) => {
        const map = maps[index]
        const state = states.states[index]
        if (map === undefined || state === undefined) throw new Error('The predictor returned too few score maps')
        return { classId, map, threshold: state.threshold }
      })
      return { kind: 'done', predictions: segmentScores(image.size, guide, scores), usedCache: loaded.usedCache }
    },
    [Symbol.asyncDispose]: async () => {
      await engine.release()
      await predictor[Symbol.asyncDispose]?.()
    },
  }
}

type KnownStates =
  | { readonly kind: 'known'; readonly states: readonly ClassState[] }
  | { readonly kind: 'missing'; readonly versionHashes: readonly string[] }

function missing(loaded: LoadedFeatures | null, states: KnownStates): Missing {
  return {
    kind: 'missing',
    pixels: loaded === null,
    versionHashes: states.kind === 'missing' ? states.versionHashes : [],
  }
}

class EngineService {
  readonly featureHash: string
  encoderRuns = 0
  readonly #setup: EngineSetup
  readonly #context: ProofContext
  readonly #store = new FeatureStore((sentence) => console.error(sentence))
  readonly #states = new Lru<ClassState>(stateBytes, (state) => state.bytes.byteLength)
  readonly #sessions = new Map<ProviderName, Promise<Backbone>>()

  constructor(setup: EngineSetup, context: ProofContext) {
    this.#setup = setup
    this.#context = context
    this.featureHash = featureHash(context.model.entry)
  }

  /** Features of the image from disk or memory, else from its pixels; null when both are missing. */
  async load(image: ImageRequest, signal: AbortSignal): Promise<LoadedFeatures | null> {
    throwIfAborted(signal)
    const key: FeatureKey = { contentHash: image.contentHash, featureHash: this.featureHash, input: image.input }
    const stored = await this.#store.read(image.cacheFolder, key)
    if (stored !== null) return { features: stored, usedCache: true }
    if (image.pixels === null) return null
    const features = await this.#encode(image.pixels, image.input, image.provider, signal)
    return { features: await this.#store.write(image.cacheFolder, key, features), usedCache: false }
  }

  /** Features of a region. They are used once and not kept. */
  async zoom({ region, input, pixels }: ZoomRequest, provider: ProviderName, signal: AbortSignal): Promise<ZoomedView> {
    return { region, features: rounded(await this.#encode(pixels, input, provider, signal)) }
  }

  async #encode(
    pixels: RgbPixels,
    input: PixelSize,
    provider: ProviderName,
    signal: AbortSignal,
  ): Promise<FeatureMaps> {
    requireSize(pixels, input)
    const backbone = await this.session(provider)
    throwIfAborted(signal)
    this.encoderRuns += 1
    return await encode(backbone, pixels)
  }

  /** States by version hash; remembers those that were sent along. */
  states(classes: readonly ClassRequest[]): KnownStates {
    // Looked up before anything is added: what is added may push out what this very request needs.
    const states = classes.map(({ versionHash, state }) => state ?? this.#states.get(versionHash))
    for (const { versionHash, state } of classes) if (state !== null) this.#states.set(versionHash, state)
    const known = states.filter((state) => state !== undefined)
    if (known.length === classes.length) return { kind: 'known', states: known }
    const versionHashes = classes.filter((_, index) => states[index] === undefined).map((entry) => entry.versionHash)
    return { kind: 'missing', versionHashes }
  }

  async checkGolden(): Promise<GoldenCheck> {
    const backbone = await this.session('cpu')
    const golden = await readGolden(this.#setup.modelsFolder)
    const pixels = goldenPixels(golden?.width ?? goldenSide, golden?.height ?? goldenSide)
    let features = await backbone.run(pixels)
    // The first run also allocates; the second is what every further image takes.
    const start = performance.now()
    features = await backbone.run(pixels)
    const milliseconds = performance.now() - start
    return { difference: golden === null ? null : largestDifference(features, golden), milliseconds }
  }

  session(provider: ProviderName): Promise<Backbone> {
    const known = this.#sessions.get(provider)
    if (known !== undefined) return known
    const opened = openBackbone(provider, this.#context).catch((error: unknown) => {
      // The next request may try again.
      this.#sessions.delete(provider)
      throw error
    })
    this.#sessions.set(provider, opened)
    return opened
  }

  /** Releases every session: some runtimes crash when their process ends with one open. */
  async release(): Promise<void> {
    const opened = await Promise.allSettled(this.#sessions.values())
    this.#sessions.clear()
    for (const each of opened) if (each.status === 'fulfilled') await each.value[Symbol.asyncDispose]()
  }
}

/** Features that may be kept. What another device than the CPU gets wrong in the middle of the work is its fault alone. */
async function encode(backbone: Backbone, pixels: RgbPixels): Promise<FeatureMaps> {
  const { provider } = backbone
  if (provider === 'cpu') return backbone.run(pixels)
  const features = await backbone.run(pixels).catch((cause: unknown) => {
    throw runFault(provider, cause)
  })
  if (!areNumbers(features)) throw providerFault(reportWithoutFigures(provider, 'notNumbers', null))
  return features
}

function requireSize(pixels: RgbPixels, input: PixelSize): void {
  if (pixels.width === input.width && pixels.height === input.height) return
  throw new AppError(
    'InvalidInput',
    'pixelSize',
    `The image was to be read at ${input.width} x ${input.height} pixels and came at ${pixels.width} x ${pixels.height}.`,
    { params: { width: pixels.width, height: pixels.height } },
  )
}

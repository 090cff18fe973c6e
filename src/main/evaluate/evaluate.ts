import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { AppError, throwIfAborted } from '../../shared/errors.ts'
import type { Progress } from '../../shared/contract/define.ts'
import type { Bitmap } from '../../shared/mask/bitmap.ts'
import { bitmapFromTiles, tilesFromBitmap } from '../../shared/mask/tiles.ts'
import type { Engine, EngineImage, EngineOptions } from '../engine/engine-port.ts'
import type { SupportState } from '../engine/predictor.ts'
import type { ImageCodec } from '../images/codec.ts'
import type { DataSet, DataSetItem, Episode, EpisodeList } from './data-set.ts'
import { floorCounts, presenceAuc, scoreTable } from './scores.ts'
import type { EpisodeCounts, ScoreTable } from './scores.ts'
import type { ByteIndexPng } from '../../shared/domain/index-png.ts'

const ignoreValue = 255
/** An answer smaller than this share of the image counts as "not here". */
const emptyShare = 0.005

export interface ShotResult {
  readonly shots: number
  readonly table: ScoreTable
  /** The same episodes with every pixel called foreground, and with none. */
  readonly floors: { readonly allForeground: ScoreTable; readonly allBackground: ScoreTable }
  readonly episodes: number
  /**
   * Area under the ROC curve of what the predictor says of a class's presence (its largest margin where it says nothing),
   * pooled over all queries; null without queries that lack the class.
   */
  readonly presenceAuc: number | null
  /** Share of queries without the class that came out empty, and of queries with it that did not. */
  readonly emptyWhenAbsent: number | null
  readonly nonEmptyWhenPresent: number
  /** Mean wall time of one query whose features were on disk; null when there was none. */
  readonly secondsPerImage: number | null
  /** The same for queries that had to be encoded first. */
  readonly secondsPerNewImage: number | null
}

export interface EvaluationOptions {
  readonly shots: readonly number[]
  readonly seed: number
  readonly detail: EngineOptions['detail']
  readonly signal?: AbortSignal | undefined
  readonly progress?: ((progress: Progress) => void) | undefined
}

/**
 * Measures the engine's predictor exactly as the product uses it (refined masks at the original resolution)
 * on episodes: encode the supports, fit, segment the query, compare. Deterministic.
 */
export async function evaluateEpisodes(
  engine: Engine,
  codec: ImageCodec,
  dataSet: DataSet,
  list: EpisodeList,
  options: EvaluationOptions,
): Promise<ShotResult[]> {
  const reader = new EpisodeReader(engine, codec, dataSet, options)
  const results: ShotResult[] = []
  const total = options.shots.length * (list.present.length + list.absent.length)
  let done = 0
  const tick = (episode: Episode): void => {
    throwIfAborted(options.signal)
    options.progress?.({ done: done++, total, note: episode.query })
  }
  for (const shots of options.shots) {
    const counts: EpisodeCounts[] = []
    const timings = { known: [] as number[], encoded: [] as number[] }
    const presence = { present: [] as number[], absent: [] as number[] }
    let nonEmpty = 0
    let empty = 0
    for (const episode of list.present) {
      tick(episode)
      const answer = await reader.run(episode, shots)
      counts.push(answer.counts)
      presence.present.push(answer.presence)
      timings[answer.usedCache ? 'known' : 'encoded'].push(answer.milliseconds)
      if (answer.area >= emptyShare * answer.pixels) nonEmpty++
    }
    for (const episode of list.absent) {
      tick(episode)
      const answer = await reader.run(episode, shots)
      presence.absent.push(answer.presence)
      if (answer.area < emptyShare * answer.pixels) empty++
    }
    results.push({
      shots,
      table: scoreTable(counts, options.seed),
      floors: {
        allForeground: scoreTable(floorCounts(counts, true), options.seed),
        allBackground: scoreTable(floorCounts(counts, false), options.seed),
      },
      presenceAuc: presenceAuc(presence.present, presence.absent),
      episodes: list.present.length,
      emptyWhenAbsent: list.absent.length === 0 ? null : empty / list.absent.length,
      nonEmptyWhenPresent: nonEmpty / list.present.length,
      secondsPerImage: meanSeconds(timings.known),
      secondsPerNewImage: meanSeconds(timings.encoded),
    })
  }
  return results
}

interface Answer {
  readonly counts: EpisodeCounts
  readonly area: number
  readonly presence: number
  readonly pixels: number
  readonly milliseconds: number
  readonly usedCache: boolean
}

/** Runs episodes; images, masks and encoded supports are read once. */
class EpisodeReader {
  readonly #engine: Engine
  readonly #codec: ImageCodec
  readonly #dataSet: DataSet
  readonly #options: EvaluationOptions
  readonly #images = new Map<string, Promise<EngineImage>>()
  readonly #masks = new Map<string, Promise<ByteIndexPng>>()
  readonly #supports = new Map<string, Promise<SupportState>>()

  constructor(engine: Engine, codec: ImageCodec, dataSet: DataSet, options: EvaluationOptions) {
    this.#engine = engine
    this.#codec = codec
    this.#dataSet = dataSet
    this.#options = options
  }

  async run(episode: Episode, shots: number): Promise<Answer> {
    if (episode.supports.length < shots) {
      throw new AppError(
        'InvalidInput',
        'tooFewSupports',
        `The episode of ${episode.query} has ${episode.supports.length} supports, fewer than the ${shots} shots asked for.`,
      )
    }
    const names = episode.supports.slice(0, shots)
    const states = await Promise.all(names.map((name) => this.#support(name, episode.classId)))
    const state = await this.#engine.fit(states, this.#engineOptions)
    const item = this.#item(episode.query)
    const image = await this.#image(item)
    const classId = String(episode.classId)
    const classes = [{ classId, versionHash: hashOf(state.bytes), state }]
    const started = performance.now()
    const answer = await this.#engine.segment(image, classes, this.#engineOptions)
    const milliseconds = performance.now() - started
    const prediction = answer.predictions.find((each) => each.classId === classId)
    const predicted = bitmapFromTiles(prediction?.tiles ?? [], item.width, item.height)
    const mask = await this.#mask(item)
    return {
      counts: { classId: episode.classId, query: episode.query, ...compare(predicted, mask, episode.classId) },
      area: prediction?.area ?? 0,
      presence: prediction?.presence ?? Number.NEGATIVE_INFINITY,
      pixels: item.width * item.height,
      milliseconds,
      usedCache: answer.usedCache,
    }
  }

  get #engineOptions(): EngineOptions {
    return {
      signal: this.#options.signal,
      priority: 'batch',
      ...(this.#options.detail === undefined ? {} : { detail: this.#options.detail }),
    }
  }

  #support(name: string, classId: number): Promise<SupportState> {
    return once(this.#supports, `${classId}:${name}`, async () => {
      const item = this.#item(name)
      const mask = await this.#mask(item)
      const data = mask.data.map((value) => (value === classId ? 1 : 0))
      const tiles = tilesFromBitmap({ width: mask.width, height: mask.height, data })
      return await this.#engine.encodeSupport(
        await this.#image(item),
        { width: mask.width, height: mask.height, tiles },
        this.#engineOptions,
      )
    })
  }

  #item(name: string): DataSetItem {
    const item = this.#dataSet.items.get(name)
    if (item === undefined)
      throw new AppError('NotFound', 'episodeImageMissing', `The data set ${this.#dataSet.name} has no image ${name}.`)
    return item
  }

  #mask(item: DataSetItem): Promise<ByteIndexPng> {
    return once(this.#masks, item.name, async () => {
      const mask = await this.#codec.readIndexPng(item.maskPath)
      if (mask.width !== item.width || mask.height !== item.height) {
        throw new AppError(
          'InvalidInput',
          'maskSize',
          `${item.maskPath} is ${mask.width} x ${mask.height} pixels, its image is ${item.width} x ${item.height}.`,
        )
      }
      return mask
    })
  }

  #image(item: DataSetItem): Promise<EngineImage> {
    return once(this.#images, item.name, async () => ({
      contentHash: hashOf(await readFile(item.imagePath)),
      width: item.width,
      height: item.height,
      pixels: (width, height, options) => this.#codec.pixels(item.imagePath, width, height, options),
    }))
  }
}

/** Intersection, union, target and compared pixels of one class; pixels marked 255 are left out of all. */
export function compare(
  predicted: Bitmap,
  truth: ByteIndexPng,
  classId: number,
): Omit<EpisodeCounts, 'classId' | 'query'> {
  let intersection = 0
  let union = 0
  let target = 0
  let valid = 0
  for (let at = 0; at < truth.data.length; at++) {
    const label = truth.data[at]
    if (label === ignoreValue) continue
    valid++
    const inTarget = label === classId
    const inPrediction = predicted.data[at] === 1
    if (inTarget) target++
    if (inTarget && inPrediction) intersection++
    if (inTarget || inPrediction) union++
  }
  return { intersection, union, target, valid }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function meanSeconds(milliseconds: readonly number[]): number | null {
  if (milliseconds.length === 0) return null
  return milliseconds.reduce((sum, each) => sum + each, 0) / milliseconds.length / 1000
}

function once<Value>(cache: Map<string, Promise<Value>>, key: string, make: () => Promise<Value>): Promise<Value> {
  const known = cache.get(key)
  if (known !== undefined) return known
  const made = make()
  cache.set(key, made)
  return made
}

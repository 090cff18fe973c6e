import type { SegmentSpec } from '../../shared/contract/contract.ts'
import type { MaskTile } from '../../shared/domain/history.ts'
import type { Box } from '../../shared/domain/records.ts'
import type { ClassState, SupportState, TiledMask } from './predictor.ts'

/** What the rest of the main process may ask of the engine. `client.ts` implements it over the supervised process. */

/** 8-bit RGB, row by row, no padding. */
export interface RgbPixels {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined
  /** The piece that is wanted, in whole displayed pixels inside the image. Default: all of it. */
  readonly region?: Box | undefined
}

/** How the engine gets pixels when (and only when) it has no features of them. */
export interface EngineImage {
  readonly contentHash: string
  /** Displayed size. */
  readonly width: number
  readonly height: number
  /** The picture, or a region of it, resized to exactly `width x height` (8-bit RGB). */
  readonly pixels: (width: number, height: number, options?: ReadOptions) => Promise<RgbPixels>
  /** Where its features are kept, when not in the engine's own cache folder. */
  readonly cacheFolder?: string | undefined
}

export interface EngineClass {
  readonly classId: string
  /** Hash of the state: the engine keeps states it has seen. */
  readonly versionHash: string
  readonly state: ClassState
}

export interface EnginePrediction {
  readonly classId: string
  /** Full-size mask; empty when the class was not found. */
  readonly tiles: readonly MaskTile[]
  readonly area: number
  /**
   * How good, 0 to 1: what the predictor estimates, or the mean margin over the threshold where it estimates nothing,
   * which orders predictions and is no probability.
   */
  readonly score: number
  /**
   * How much speaks for the class being in the image at all: the predictor's probability, or the largest margin of its
   * score map where it gives none. Only good for comparing images under one predictor.
   */
  readonly presence: number
}

export interface EngineInfo {
  readonly predictor: string
  readonly modelHash: string
  /** What the backbone runs on: the session has been made. */
  readonly provider: string
  /** For people: `CPU (onnxruntime 1.30.0, 2 threads)`. Names a device that failed, and why. */
  readonly device: string
}

export type EngineDetail = 'fast' | 'normal' | 'high'

export interface EngineOptions {
  readonly signal?: AbortSignal | undefined
  /** `interactive` requests overtake queued `batch` ones. */
  readonly priority?: 'interactive' | 'batch'
  readonly detail?: EngineDetail
  /** What to run on. `auto` (the default) is what the engine was made with. */
  readonly provider?: SegmentSpec['provider']
}

export interface EncodeOptions extends EngineOptions {
  /** What a person erased in the image: surely not the class. */
  readonly negative?: TiledMask | undefined
}

export interface Engine {
  readonly info: (options?: Pick<EngineOptions, 'signal' | 'provider'>) => Promise<EngineInfo>
  readonly encodeSupport: (image: EngineImage, mask: TiledMask, options?: EncodeOptions) => Promise<SupportState>
  readonly fit: (supports: readonly SupportState[], options?: EngineOptions) => Promise<ClassState>
  /**
   * Segments one image for several classes at once: score maps, guided-filter refinement at up to
   * 2048 px, exact upsampling to full size, threshold, argmax between classes. `usedCache` tells that
   * the features came from disk. `device` is what worked on this image, in words: comparing with the examples
   * always happens on the CPU.
   */
  readonly segment: (
    image: EngineImage,
    classes: readonly EngineClass[],
    options?: EngineOptions,
  ) => Promise<{
    readonly predictions: readonly EnginePrediction[]
    readonly usedCache: boolean
    readonly device: string
  }>
  /** Called with the reason whenever the process died and was restarted. Returns the unsubscribe function. */
  readonly onRestart: (listener: (reason: string) => void) => () => void
  /** Process id of the running engine, null while none runs. */
  readonly pid: () => number | null
  readonly close: () => Promise<void>
}

import type { Box } from '../../shared/domain/records.ts'
import { z } from '../../shared/zod.ts'
import type { EnginePrediction, RgbPixels } from './engine-port.ts'
import type { PixelSize } from './input-size.ts'
import type { ClassState, SupportState, TiledMask } from './predictor.ts'
import type { ProviderProof } from './provider-proof.ts'
import type { ProviderName } from './runtime.ts'

/** What `client.ts` and the engine process say to each other, over `processes/messages.ts`. */

/** The engine's first message. */
export const engineSetupSchema = z.strictObject({
  modelsFolder: z.string(),
  threads: z.int().positive(),
  predictor: z.string(),
})
export type EngineSetup = Readonly<z.infer<typeof engineSetupSchema>>

/** An image as the engine knows it: by its hash, with pixels only when its features are not on disk. */
export interface ImageRequest {
  readonly contentHash: string
  /** Displayed size. */
  readonly size: PixelSize
  readonly input: PixelSize
  readonly cacheFolder: string
  /** What the backbone runs on when its features are not on disk. */
  readonly provider: ProviderName
  /** The picture at exactly the input size. */
  readonly pixels: RgbPixels | null
}

/** A region of an image, whose features are made for this one request. */
export interface ZoomRequest {
  readonly region: Box
  /** The region at exactly the input size. */
  readonly input: PixelSize
  readonly pixels: RgbPixels
}

/** A class whose state is sent only when the engine may not know it. */
export interface ClassRequest {
  readonly classId: string
  readonly versionHash: string
  readonly state: ClassState | null
}

/** What must be sent as well: ask again with it. */
export interface Missing {
  readonly kind: 'missing'
  readonly pixels: boolean
  readonly versionHashes: readonly string[]
}

export interface EngineStatistics {
  /** How often the backbone ran since the process started. */
  readonly encoderRuns: number
}

/** What the process is made of; no session is needed to say so. */
export interface EngineIdentity {
  readonly predictor: string
  readonly modelHash: string
  /** Whether examples are to be sent with their zoomed view. */
  readonly zooms: boolean
  readonly featureHash: string
  /** The one size at which its backbone takes images; null where that follows from their shape and the detail. */
  readonly inputSize: PixelSize | null
  readonly runtimeVersion: string
}

/** The backbone on the CPU against the values it was exported with. */
export interface GoldenCheck {
  /** Largest difference, relative to each map's largest value; null when the golden file is not installed. */
  readonly difference: number | null
  readonly milliseconds: number
}

export type EngineKinds = {
  readonly identify: { readonly payload: null; readonly result: EngineIdentity }
  /** Makes the session, confirmed unless it is the CPU's; a later request needs it no more. */
  readonly open: { readonly payload: ProviderName; readonly result: null }
  readonly checkGolden: { readonly payload: null; readonly result: GoldenCheck }
  /** May take the process down: for `provider-check.ts`, in a process of its own. */
  readonly proveProvider: { readonly payload: ProviderName; readonly result: ProviderProof }
  readonly statistics: { readonly payload: null; readonly result: EngineStatistics }
  readonly encodeSupport: {
    readonly payload: {
      readonly image: ImageRequest
      readonly mask: TiledMask
      /** What a person erased there; null where nothing is known of it. */
      readonly negative: TiledMask | null
      /** Null where the predictor does not zoom, or the outline fills the image. */
      readonly zoomed: ZoomRequest | null
    }
    readonly result: { readonly kind: 'done'; readonly state: SupportState } | Missing
  }
  readonly fit: { readonly payload: readonly SupportState[]; readonly result: ClassState }
  readonly segment: {
    readonly payload: {
      readonly image: ImageRequest
      /** The photograph that edges are refined on, at `guideSize`. */
      readonly guide: RgbPixels
      readonly classes: readonly ClassRequest[]
    }
    readonly result:
      | { readonly kind: 'done'; readonly predictions: readonly EnginePrediction[]; readonly usedCache: boolean }
      | Missing
  }
}

import type { MaskTile } from '../../shared/domain/history.ts'
import type { Box } from '../../shared/domain/records.ts'

/**
 * What a few-shot predictor must do, whether training-free or MSDNet. It lives in the engine process
 * and sees feature maps, never files. Everything a class has learnt is bytes that it made itself
 * (`SupportState`, `ClassState`): storing those is enough to predict, with the support image gone.
 */

/** One backbone output of one image: `channels x height x width`, row-major, float32. */
export interface FeatureMap {
  readonly stride: number
  readonly channels: number
  readonly height: number
  readonly width: number
  readonly data: Float32Array
}

/** All backbone outputs of one image, by name (`s8`, `s16a`, `s16b`, `s32`). */
export interface FeatureMaps {
  /** Model input size in pixels: the displayed image resized, aspect kept up to rounding. */
  readonly inputWidth: number
  readonly inputHeight: number
  readonly maps: Readonly<Record<string, FeatureMap>>
}

/** A full-size mask as tiles, with the displayed size of its image. */
export interface TiledMask {
  readonly width: number
  readonly height: number
  readonly tiles: readonly MaskTile[]
}

/** A region of an example's image, seen enlarged. */
export interface ZoomedView {
  /** Where it lies in the image, in whole displayed pixels. */
  readonly region: Box
  /** Of the region alone, resized to fill the input. */
  readonly features: FeatureMaps
}

export interface SupportOptions {
  /** What a person erased there: surely not the class. A predictor may count it as any other background. */
  readonly negative?: TiledMask | undefined
  /** The surroundings of the outline (`zoomRegion`), for a predictor that zooms. */
  readonly zoomed?: ZoomedView | undefined
}

/** Encoded support: self-describing, portable bytes. */
export type SupportState = Uint8Array

export interface ClassState {
  /** Self-describing, portable bytes: everything `predict` needs about the class. */
  readonly bytes: Uint8Array
  /** Decision threshold on the score map, 0 to 1. */
  readonly threshold: number
  /** Measured while fitting, e.g. `leaveOneOutIoU`. */
  readonly scores: Readonly<Record<string, number>>
}

/** Foreground score of one class on the prediction grid, which covers the image edge to edge. */
export interface ScoreMap {
  readonly width: number
  readonly height: number
  /** 0 to 1; foreground where it exceeds the class's threshold. */
  readonly data: Float32Array
  /** How likely the class is in the image at all, 0 to 1, from a predictor that says so. */
  readonly presence?: number
  /** How good the proposal is, 0 to 1, from a predictor that estimates it; else it follows from the margins. */
  readonly score?: number
}

export interface Predictor extends Partial<AsyncDisposable> {
  readonly id: string
  /** SHA-256 over model files, preprocessing and the recipe's constants. */
  readonly modelHash: string
  /** Whether it learns more from an example of which it is given the zoomed view as well. */
  readonly zooms: boolean
  /** Throws `InvalidInput` (`emptyMask`) when the mask leaves no token on the grid of the whole image. */
  readonly encodeSupport: (features: FeatureMaps, mask: TiledMask, options?: SupportOptions) => Promise<SupportState>
  /** Combines 1 to n supports of one class. Deterministic. */
  readonly fit: (supports: readonly SupportState[]) => Promise<ClassState>
  /** One score map per class, in the order given. */
  readonly predict: (features: FeatureMaps, classes: readonly ClassState[]) => Promise<readonly ScoreMap[]>
}

import type { Box } from '../../shared/domain/records.ts'
import { AppError } from '../../shared/errors.ts'
import { coverage } from '../../shared/mask/resample.ts'
import type { SupportState, TiledMask } from './predictor.ts'

/** A mask that covers less of every cell than this leaves nothing to learn from. */
const smallestCoverage = 0.02

/** Tokens that a class keeps; with more supports each of them gets fewer. Matching time grows with it. */
export const tokensPerClass = 8640

/** Throws `InvalidInput` (`noSupports`) for a class without examples. */
export function requireSupports(supports: readonly SupportState[]): void {
  if (supports.length > 0) return
  throw new AppError('InvalidInput', 'noSupports', 'A class needs at least one example to learn from.')
}

/** How many tokens each of `count` supports may keep. */
export function fairShare(tokensPerSupport: number, count: number): number {
  return Math.min(tokensPerSupport, Math.floor(tokensPerClass / count))
}

/**
 * Share of each cell of a `width` x `height` grid that the mask covers, 0 to 1, row by row. The grid lies over the
 * region, in pixels of the mask's image; without one over all of it.
 */
export function coveredCells(mask: TiledMask, width: number, height: number, region?: Box): Float32Array {
  return coverage(mask.tiles, region ?? [0, 0, mask.width, mask.height], width, height)
}

/** Whether an outline that covers these shares of the cells leaves anything to learn from. */
export function isOutlined(cells: Float32Array): boolean {
  return cells.some((share) => share >= smallestCoverage)
}

/** Throws `InvalidInput` (`emptyMask`) where it leaves nothing. */
export function requireOutlined(cells: Float32Array): void {
  if (isOutlined(cells)) return
  throw new AppError(
    'InvalidInput',
    'emptyMask',
    'The outlined region is empty or too small to learn from; outline a larger example.',
  )
}

import { mapNamed } from './feature-maps.ts'
import type { FeatureMaps, TiledMask } from './predictor.ts'
import { coveredCells, requireOutlined } from './support-mask.ts'
import { buildTokens, mergeTokens } from './tokens.ts'
import type { TokenSet, WeightedTokens } from './tokens.ts'

/** Tokens of every cell of the `s16b` map. */
export function queryTokens(features: FeatureMaps): TokenSet {
  return buildTokens(mapNamed(features, 's16b'), mapNamed(features, 's32'))
}

/**
 * Tokens of an example, at most `cap`. Throws `InvalidInput` (`emptyMask`) when the mask leaves none. The squares favour pure cells over those the outline crosses; taken before merging, so that sums stay
 * exact.
 */
export function supportTokens(features: FeatureMaps, mask: TiledMask, cap: number): WeightedTokens {
  const { width, height } = mapNamed(features, 's16b')
  const cells = coveredCells(mask, width, height)
  requireOutlined(cells)
  const tokens = queryTokens(features)
  const foreground = cells.map((share) => share ** 2)
  const background = cells.map((share) => (1 - share) ** 2)
  return mergeTokens({ ...tokens, foreground, background }, cap)
}

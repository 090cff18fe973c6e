import { AppError } from '../../shared/errors.ts'
import type { FeatureMap, FeatureMaps } from './predictor.ts'

/** The map of that name. Throws `ModelMismatch` where the backbone returns none. */
export function mapNamed(features: FeatureMaps, name: string): FeatureMap {
  const map = features.maps[name]
  if (map !== undefined) return map
  throw new AppError(
    'ModelMismatch',
    'modelOutput',
    `The backbone does not return ${name}, which the predictor needs.`,
    { params: { name } },
  )
}

/** The features as a feature file would give them back: in half precision, whatever made them. */
export function rounded({ maps, ...input }: FeatureMaps): FeatureMaps {
  const halved = Object.entries(maps).map(([name, map]): [string, FeatureMap] => [
    name,
    { ...map, data: new Float32Array(new Float16Array(map.data)) },
  ])
  return { ...input, maps: Object.fromEntries(halved) }
}

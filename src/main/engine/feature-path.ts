import { join } from 'node:path'
import { AppError } from '../../shared/errors.ts'
import type { PixelSize } from './input-size.ts'

/** What the features of one image depend on. */
export interface FeatureKey {
  /** SHA-256 of the image file, hex. */
  readonly contentHash: string
  /** `featureHash` of the backbone, hex. */
  readonly featureHash: string
  readonly input: PixelSize
}

/** Where the features of an image lie in a project's cache folder. Throws `InvalidInput` on a hash that is none. */
export function featurePath(cacheFolder: string, key: FeatureKey): string {
  for (const hash of [key.contentHash, key.featureHash]) {
    // Hashes become file names: anything else could lead out of the cache folder.
    if (!/^[0-9a-f]{16,128}$/.test(hash)) {
      throw new AppError('InvalidInput', 'hashInvalid', `"${hash.slice(0, 80)}" is not a hash.`, {
        params: { hash: hash.slice(0, 80) },
      })
    }
  }
  return join(
    cacheFolder,

    key.featureHash.slice(0, 16),
    key.contentHash.slice(0, 2),
    `${key.contentHash}-${key.input.width}x${key.input.height}.features`,
  )
}

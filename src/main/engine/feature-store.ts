import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { decodeFeatures, encodeFeatures } from './feature-file.ts'
import { featurePath } from './feature-path.ts'
import type { FeatureKey } from './feature-path.ts'
import { Lru } from './lru.ts'
import type { FeatureMaps } from './predictor.ts'

/** Room for the features of about eighty images at 448 px. */
const memoryBytes = 128 << 20

/**
 * Features on disk, in the project's cache folder, and the last ones in memory. The folder may be
 * deleted at any time: a file that is missing, cut off or damaged only means that features are made again.
 */
export class FeatureStore {
  readonly #memory: Lru<FeatureMaps>
  readonly #warn: (sentence: string) => void

  /** `warn` gets a sentence when the cache folder cannot be used; the work goes on without it. */
  constructor(warn: (sentence: string) => void, maximumBytes = memoryBytes) {
    this.#memory = new Lru(maximumBytes, featureBytes)
    this.#warn = warn
  }

  /** Features from memory or disk; null when there are none. Deletes a damaged file. */
  async read(cacheFolder: string, key: FeatureKey): Promise<FeatureMaps | null> {
    const path = featurePath(cacheFolder, key)
    const known = this.#memory.get(path)
    if (known !== undefined) return known
    const bytes = await this.#readFile(path)
    if (bytes === null) return null
    const features = decodeFeatures(key, bytes)
    if (features === null) {
      this.#warn(`The feature file ${path} was damaged; it is made again.`)
      await rm(path, { force: true })
      return null
    }
    this.#memory.set(path, features)
    return features
  }

  /**
   * Stores features and returns them as a later `read` will: rounded to half precision, so that a
   * prediction is the same whether its features came from the network or from disk.
   */
  async write(cacheFolder: string, key: FeatureKey, features: FeatureMaps): Promise<FeatureMaps> {
    const path = featurePath(cacheFolder, key)
    const bytes = encodeFeatures(key, features)
    const rounded = decodeFeatures(key, bytes)
    if (rounded === null) throw new Error('Features did not survive their own encoding')
    this.#memory.set(path, rounded)
    const temporary = `${path}.${randomUUID()}.part`
    try {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(temporary, bytes, { flag: 'wx' })
      await rename(temporary, path)
    } catch (cause) {
      this.#warn(`The feature file ${path} could not be written (${describe(cause)}); the work goes on without it.`)
      await rm(temporary, { force: true }).catch((again: unknown) => {
        this.#warn(`The unfinished file ${temporary} could not be removed (${describe(again)}).`)
      })
    }
    return rounded
  }

  async #readFile(path: string): Promise<Uint8Array | null> {
    try {
      return await readFile(path)
    } catch (cause) {
      if (!isMissing(cause)) this.#warn(`The feature file ${path} could not be read (${describe(cause)}).`)
      return null
    }
  }
}

function featureBytes(features: FeatureMaps): number {
  return Object.values(features.maps).reduce((sum, map) => sum + map.data.byteLength, 0)
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

import { tileSize } from '../../shared/contract/media.ts'
import { AppError } from '../../shared/errors.ts'
import type { RgbImage } from './codec.ts'

interface Picture {
  /** Level 0 first; each further one is made from the one before when first asked for. */
  readonly levels: RgbImage[]
  bytes: number
}

/** How a picture is decoded. `size` reads the header only. */
export interface PictureSource {
  readonly size: () => Promise<{ readonly width: number; readonly height: number }>
  readonly whole: () => Promise<RgbImage>
  /** At exactly this size, averaged. */
  readonly reduced: (width: number, height: number) => Promise<RgbImage>
}

/** Large pictures are seen whole first, at a level from this one on: it is decoded without the full size. */
const reducedLevel = 2

/** How many pictures' sizes are remembered: a few bytes each. */
const maxSizes = 1_000

/**
 * The pictures decoded last with their pyramid levels, so that after the first tile of a picture the
 * others are copies of memory. At most `maxBytes`, except that the picture used last always stays. Of a
 * picture larger than `largeBytes`, levels from 2 on have a decode of their own, which is several times
 * faster and smaller; its pixels are averages over areas that may differ from the 4 x 4 blocks of level 0
 * by less than one pixel of the level.
 */
export class PictureCache {
  readonly #maxBytes: number
  readonly #largeBytes: number
  /** By last use, oldest first. */
  readonly #pictures = new Map<string, Promise<Picture>>()
  /** Bytes of each picture that has been decoded. */
  readonly #held = new Map<string, number>()
  readonly #sizes = new Map<string, Awaited<ReturnType<PictureSource['size']>>>()

  constructor(maxBytes: number, largeBytes = maxBytes / 4) {
    this.#maxBytes = maxBytes
    this.#largeBytes = largeBytes
  }

  /** Bytes of pixels held now. */
  get bytes(): number {
    return [...this.#held.values()].reduce((sum, size) => sum + size, 0)
  }

  /**
   * A tile as `contract/media.ts` defines it. `source` is asked only for what is not held under `key`.
   * Throws `NotFound` for a tile outside the picture.
   */
  async tile(key: string, level: number, x: number, y: number, source: PictureSource): Promise<RgbImage> {
    const { width, height } = await this.#size(key, source)
    const base = width * height * 3 > this.#largeBytes && level >= reducedLevel ? reducedLevel : 0
    const scale = 2 ** base
    const part = `${key}\n${base}`
    const picture = await this.#picture(part, () =>
      base === 0 ? source.whole() : source.reduced(Math.ceil(width / scale), Math.ceil(height / scale)),
    )
    const image = this.#level(picture, level - base)
    if (this.#pictures.has(part)) {
      this.#held.set(part, picture.bytes)
      this.#evict(part)
    }
    return cutTile(image, x, y)
  }

  async #size(key: string, source: PictureSource): ReturnType<PictureSource['size']> {
    const known = this.#sizes.get(key)
    if (known !== undefined) return known
    const { width, height } = await source.size()
    for (const oldest of this.#sizes.keys()) {
      if (this.#sizes.size < maxSizes) break
      this.#sizes.delete(oldest)
    }
    this.#sizes.set(key, { width, height })
    return { width, height }
  }

  async #picture(key: string, decode: () => Promise<RgbImage>): Promise<Picture> {
    const held = this.#pictures.get(key)
    const picture = held ?? decode().then((image) => ({ levels: [image], bytes: image.data.length }))
    this.#pictures.delete(key)
    this.#pictures.set(key, picture)
    try {
      return await picture
    } catch (error) {
      if (this.#pictures.get(key) === picture) this.#pictures.delete(key)
      throw error
    }
  }

  #level(picture: Picture, level: number): RgbImage {
    for (let made = picture.levels.length; made <= level; made++) {
      const above = picture.levels[made - 1]
      if (above === undefined || (above.width === 1 && above.height === 1)) break
      const next = halve(above)
      picture.levels.push(next)
      picture.bytes += next.data.length
    }
    const image = picture.levels[level]
    if (image === undefined) throw tileOutside()
    return image
  }

  #evict(newest: string): void {
    let total = this.bytes
    for (const key of this.#pictures.keys()) {
      if (total <= this.#maxBytes) return
      const size = this.#held.get(key)
      // One without a size is still being decoded.
      if (key === newest || size === undefined) continue
      this.#held.delete(key)
      this.#pictures.delete(key)
      total -= size
    }
  }
}

/** Half the size, rounded up: the mean of each 2 x 2 block, rounded; border blocks repeat the last row or column. */
export function halve(image: RgbImage): RgbImage {
  const width = Math.ceil(image.width / 2)
  const height = Math.ceil(image.height / 2)
  const source = image.data
  const data = new Uint8Array(width * height * 3)
  const stride = image.width * 3
  let to = 0
  for (let y = 0; y < height; y++) {
    const upper = 2 * y * stride
    const lower = Math.min(2 * y + 1, image.height - 1) * stride
    for (let x = 0; x < width; x++) {
      const left = 6 * x
      const right = Math.min(2 * x + 1, image.width - 1) * 3
      for (let channel = 0; channel < 3; channel++) {
        const sum =
          (source[upper + left + channel] ?? 0) +
          (source[upper + right + channel] ?? 0) +
          (source[lower + left + channel] ?? 0) +
          (source[lower + right + channel] ?? 0)
        data[to++] = (sum + 2) >> 2
      }
    }
  }
  return { width, height, data }
}

function cutTile(image: RgbImage, x: number, y: number): RgbImage {
  const left = x * tileSize
  const top = y * tileSize
  const width = Math.min(tileSize, image.width - left)
  const height = Math.min(tileSize, image.height - top)
  if (!(left >= 0 && top >= 0 && width > 0 && height > 0)) throw tileOutside()
  const data = new Uint8Array(width * height * 3)
  for (let row = 0; row < height; row++) {
    const from = ((top + row) * image.width + left) * 3
    data.set(image.data.subarray(from, from + width * 3), row * width * 3)
  }
  return { width, height, data }
}

function tileOutside(): AppError {
  return new AppError('NotFound', 'tileOutside', 'That part lies outside the picture.')
}

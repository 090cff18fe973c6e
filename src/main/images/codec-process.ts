import { writeFileAtomic } from './atomic-file.ts'
import { serveRequests } from '../processes/child.ts'
import type { CodecKinds } from './codec-messages.ts'
import {
  fileKey,
  fullPicture,
  library,
  pixels,
  probe,
  readHeader,
  readIndexPng,
  readLabelPng,
  thumbnail,
} from './decode.ts'
import { upright } from './upright.ts'
import { fileUnwritable } from './image-errors.ts'
import { decodeIndexPng, encodeIndexPng } from './index-png.ts'
import { PictureCache } from './picture-cache.ts'

/** Entry of the image decoder process. */

const cacheBytes = 256 << 20

serveRequests<CodecKinds>(() => {
  const pictures = new PictureCache(cacheBytes)
  return {
    library: () => library(),
    probe: ({ path }) => probe(path),
    header: ({ path }) => readHeader(path),
    thumbnail: ({ path, maxSide }) => thumbnail(path, maxSide),
    pixels: ({ path, width, height, region }) => pixels(path, width, height, region),
    tile: async ({ path, level, x, y }) =>
      pictures.tile(await fileKey(path), level, x, y, {
        size: () => readHeader(path),
        whole: () => fullPicture(path),
        reduced: (width, height) => pixels(path, width, height),
      }),
    upright: ({ path }) => upright(path),
    readIndexPng: ({ path }) => readIndexPng(path),
    readLabelPng: ({ path }) => readLabelPng(path),
    writeIndexPng: async ({ path, image }) => {
      const bytes = await encodeIndexPng(image)
      try {
        await writeFileAtomic(path, bytes)
      } catch (error) {
        throw fileUnwritable(path, error)
      }
      return null
    },
    decodeIndexPng: ({ path, bytes }) => decodeIndexPng(path, bytes),
    encodeIndexPng: ({ image }) => encodeIndexPng(image),
  }
})

import { writeFileAtomic } from './atomic-file.ts'
import { serveRequests } from '../processes/child.ts'
import type { CodecKinds } from './codec-messages.ts'
import { fileKey, fullPicture, library, pixels, probe, readHeader, readIndexPng, thumbnail } from './decode.ts'
import { fileUnwritable } from './image-errors.ts'
import { encodeIndexPng } from './index-png.ts'
import { PictureCache } from './picture-cache.ts'

/** Entry of the image decoder process. */

const cacheBytes = 256 << 20

serveRequests<CodecKinds>(() => {
  const pictures = new PictureCache(cacheBytes)
  return {
    library: () => library(),
    probe: ({ path }) => probe(path),
    thumbnail: ({ path, maxSide }) => thumbnail(path, maxSide),
    pixels: ({ path, width, height, region }) => pixels(path, width, height, region),
    tile: async ({ path, level, x, y }) =>
      pictures.tile(await fileKey(path), level, x, y, {
        size: () => readHeader(path),
        whole: () => fullPicture(path),
        reduced: (width, height) => pixels(path, width, height),
      }),
    readIndexPng: ({ path }) => readIndexPng(path),
    writeIndexPng: async ({ path, image }) => {
      const bytes = await encodeIndexPng(image)
      try {
        await writeFileAtomic(path, bytes)
      } catch (error) {
        throw fileUnwritable(path, error)
      }
      return null
    },
  }
})

import { readFile, writeFile } from 'node:fs/promises'
import type { IndexPngCodec } from '../../src/main/formats/format-types.ts'
import { decodeIndexPng, encodeIndexPng } from '../../src/main/images/index-png.ts'

/** The codec's own PNG code without its process. */
export const indexPngCodec: IndexPngCodec = {
  readIndexPng: async (path) => decodeIndexPng(path, await readFile(path)),
  writeIndexPng: async (path, image) => writeFile(path, await encodeIndexPng(image)),
}

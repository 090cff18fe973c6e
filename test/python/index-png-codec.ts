import { readFile, writeFile } from 'node:fs/promises'
import type { FormatCodec } from '../../src/main/formats/format-types.ts'
import { decodeIndexPng, decodeLabelPng, encodeIndexPng } from '../../src/main/images/index-png.ts'

/** The codec's own PNG code without its process; pictures are index PNGs here. */
export const indexPngCodec: FormatCodec = {
  readLabelPng: async (path) => decodeLabelPng(path, await readFile(path)),
  writeIndexPng: async (path, image) => writeFile(path, await encodeIndexPng(image)),
  decodeIndexPng,
  encodeIndexPng,
  header: async (path) => decodeIndexPng(path, await readFile(path)),
}

import { createHash } from 'node:crypto'
import { z } from '../../shared/zod.ts'
import type { FeatureKey } from './feature-path.ts'
import type { FeatureMap, FeatureMaps } from './predictor.ts'

/**
 * Features of one image as bytes, little-endian:
 * `EXFT`, format version (u32), length of the header (u32), header (JSON, padded with spaces to an even
 * length), all maps as half-precision numbers in the header's order, SHA-256 over everything before it.
 */
const magic = 'EXFT'
const formatVersion = 1
const prefixBytes = 12
const checksumBytes = 32

const side = z.int().positive().max(65_536)
const headerSchema = z.strictObject({
  contentHash: z.string(),
  featureHash: z.string(),
  inputWidth: side,
  inputHeight: side,
  maps: z.array(z.strictObject({ name: z.string(), stride: side, channels: side, height: side, width: side })),
})

/** Writes features as bytes; values become half precision. */
export function encodeFeatures(key: FeatureKey, features: FeatureMaps): Uint8Array {
  const maps = Object.entries(features.maps)
  const header: z.infer<typeof headerSchema> = {
    contentHash: key.contentHash,
    featureHash: key.featureHash,
    inputWidth: features.inputWidth,
    inputHeight: features.inputHeight,
    maps: maps.map(([name, { stride, channels, height, width }]) => ({ name, stride, channels, height, width })),
  }
  const json = JSON.stringify(header)
  const headerText = Buffer.from(json.length % 2 === 0 ? json : `${json} `, 'latin1')
  const values = maps.reduce((sum, [, map]) => sum + map.data.length, 0)
  const bytes = new Uint8Array(prefixBytes + headerText.length + values * 2 + checksumBytes)
  bytes.set(Buffer.from(magic, 'latin1'))
  const view = new DataView(bytes.buffer)
  view.setUint32(4, formatVersion, true)
  view.setUint32(8, headerText.length, true)
  bytes.set(headerText, prefixBytes)
  let at = prefixBytes + headerText.length
  for (const [, map] of maps) {
    new Float16Array(bytes.buffer, at, map.data.length).set(map.data)
    at += map.data.length * 2
  }
  bytes.set(createHash('sha256').update(bytes.subarray(0, at)).digest(), at)
  return bytes
}

/** Reads what `encodeFeatures` wrote; null when the bytes are damaged, cut off, or belong to another key. */
export function decodeFeatures(key: FeatureKey, source: Uint8Array): FeatureMaps | null {
  if (source.length < prefixBytes + checksumBytes) return null
  const end = source.length - checksumBytes
  const checksum = createHash('sha256').update(source.subarray(0, end)).digest()
  if (!checksum.equals(source.subarray(end))) return null
  // A copy of its own: `readFile` may place small files anywhere in a shared pool, unaligned.
  const bytes = source.slice()
  const view = new DataView(bytes.buffer)
  if (Buffer.from(bytes.subarray(0, 4)).toString('latin1') !== magic || view.getUint32(4, true) !== formatVersion) {
    return null
  }
  let at = prefixBytes + view.getUint32(8, true)
  const header = headerSchema.safeParse(JSON.parse(Buffer.from(bytes.subarray(prefixBytes, at)).toString('latin1')))
  if (!header.success) return null
  const { contentHash, featureHash, inputWidth, inputHeight } = header.data
  const same = contentHash === key.contentHash && featureHash === key.featureHash
  if (!same || inputWidth !== key.input.width || inputHeight !== key.input.height) return null
  const maps: Record<string, FeatureMap> = {}
  for (const { name, ...shape } of header.data.maps) {
    const length = shape.channels * shape.height * shape.width
    if (at + length * 2 > end) return null
    maps[name] = { ...shape, data: new Float32Array(new Float16Array(bytes.buffer, at, length)) }
    at += length * 2
  }
  return at === end ? { inputWidth, inputHeight, maps } : null
}

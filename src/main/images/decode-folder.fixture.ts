import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { isAppError } from '../../shared/errors.ts'
import { fullPicture, pixels, probe, thumbnail } from './decode.ts'

/** Child of `formats.test.ts`: decodes every file of a folder in every way and writes what came out as JSON. */

export interface DecodedFile {
  readonly probe: Awaited<ReturnType<typeof probe>>
  /** Base64 of raw RGB. */
  readonly full: string
  readonly half: string
  /** Its middle, enlarged. */
  readonly region: string
  readonly thumbnail: string
}

export interface DecodedFolder {
  readonly isWasm: boolean
  /** The sentence where a file was refused. */
  readonly files: Readonly<Record<string, DecodedFile | { readonly refused: string }>>
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

async function decode(path: string): Promise<DecodedFile | { readonly refused: string }> {
  try {
    const found = await probe(path)
    const { width, height } = found
    const half = await pixels(path, Math.ceil(width / 2), Math.ceil(height / 2))
    const [x, y] = [Math.floor(width / 4), Math.floor(height / 4)]
    const region = await pixels(path, width, height, [x, y, width - 2 * x, height - 2 * y])
    const small = sharp(await thumbnail(path, 32))
    return {
      probe: found,
      full: base64((await fullPicture(path)).data),
      half: base64(half.data),
      region: base64(region.data),
      thumbnail: base64(await small.raw().toBuffer()),
    }
  } catch (error) {
    if (isAppError(error)) return { refused: error.message }
    throw error
  }
}

const [folder = '', target = ''] = process.argv.slice(2)
const files: Record<string, DecodedFile | { readonly refused: string }> = {}
for (const name of readdirSync(folder).sort()) files[name] = await decode(join(folder, name))
const result: DecodedFolder = { isWasm: 'emscripten' in sharp.versions, files }
writeFileSync(target, JSON.stringify(result))

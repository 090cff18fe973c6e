import { isAppError } from '../../shared/errors.ts'
import { forkSpawner } from '../processes/spawner.ts'
import type { Spawner } from '../processes/spawner.ts'
import { requestLostKey, superviseProcess } from '../processes/supervised-process.ts'
import type { RequestPriority } from '../processes/supervised-process.ts'
import type { CodecOptions, ImageCodec, ImageLibrary } from './codec.ts'
import type { CodecKinds } from './codec-messages.ts'
import { pictureCrashesDecoder } from './image-errors.ts'

export interface CodecClientOptions {
  readonly log: (line: string) => void
  /** Default: Node's `fork`. */
  readonly spawner?: Spawner | undefined
}

export interface SupervisedCodec extends ImageCodec {
  /** Process id of the running decoder, null while none runs. */
  readonly pid: () => number | null
  /** What decodes the pictures, as its process says. Rejects with `EngineLost` where it cannot be loaded. */
  readonly library: (options?: Pick<CodecOptions, 'signal'>) => Promise<ImageLibrary>
}

/** Two imports at a time must leave room for the tile somebody is waiting for. */
const maxInFlight = 3

/** Far more than the largest picture takes: a decoder that is still busy then hangs. */
const timeoutMs = 120_000

/**
 * The image codec in a process of its own. A picture during which that process dies twice is refused
 * with `InvalidInput`; the others go on. The process starts with the first request.
 */
export function createCodec(options: CodecClientOptions): SupervisedCodec {
  const decoder = superviseProcess<CodecKinds>({
    name: 'image decoder',
    entry: new URL('./codec-process.ts', import.meta.url),
    spawner: options.spawner ?? forkSpawner,
    maxInFlight,
    timeoutMs,
    log: options.log,
  })

  async function ask<Kind extends Exclude<keyof CodecKinds, 'library'>>(
    kind: Kind,
    payload: CodecKinds[Kind]['payload'],
    priority: RequestPriority,
    { signal, priority: asked }: CodecOptions = {},
  ): Promise<CodecKinds[Kind]['result']> {
    try {
      return await decoder.request(kind, payload, { signal, priority: asked ?? priority })
    } catch (error) {
      if (isAppError(error, 'EngineLost') && error.key === requestLostKey)
        throw pictureCrashesDecoder(payload.path, error)
      throw error
    }
  }

  return {
    probe: (path, opts) => ask('probe', { path }, 'batch', opts),
    header: (path, opts) => ask('header', { path }, 'batch', opts),
    thumbnail: async (path, maxSide, opts) => plain(await ask('thumbnail', { path, maxSide }, 'interactive', opts)),
    pixels: async (path, width, height, opts) =>
      plainImage(await ask('pixels', { path, width, height, region: opts?.region ?? null }, 'batch', opts)),
    tile: async (path, level, x, y, opts) => plainImage(await ask('tile', { path, level, x, y }, 'interactive', opts)),
    upright: async (path, opts) => plainImage(await ask('upright', { path }, 'batch', opts)),
    readIndexPng: async (path, opts) => plainImage(await ask('readIndexPng', { path }, 'batch', opts)),
    readLabelPng: (path, opts) => ask('readLabelPng', { path }, 'batch', opts),
    writeIndexPng: async (path, image, opts) => {
      await ask('writeIndexPng', { path, image }, 'batch', opts)
    },
    decodeIndexPng: async (name, bytes, opts) =>
      plainImage(await ask('decodeIndexPng', { path: name, bytes }, 'batch', opts)),
    encodeIndexPng: async (image, opts) => plain(await ask('encodeIndexPng', { path: 'a mask', image }, 'batch', opts)),
    library: (opts) => decoder.request('library', null, opts),
    close: decoder.close,
    pid: decoder.pid,
  }
}

/** A `Buffer` stays one through a structured clone; the port promises plain bytes. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function plainImage<Image extends { readonly data: Uint8Array }>(image: Image): Image {
  return { ...image, data: plain(image.data) }
}

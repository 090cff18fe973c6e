import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { AppError } from '../../shared/errors.ts'
import type { RgbPixels } from './engine-port.ts'
import type { BackboneEntry, VerifiedModel } from './models.ts'
import type { FeatureMap, FeatureMaps } from './predictor.ts'
import { createSession, loadRuntime } from './runtime.ts'
import type { CreateSession, ProviderName, Runtime, SessionOptions } from './runtime.ts'

export interface Backbone extends AsyncDisposable {
  /** Backbone outputs of one picture that already has the model's input size. */
  readonly run: (pixels: RgbPixels) => Promise<FeatureMaps>
  readonly provider: ProviderName
  /** Ends profiling, when it was on, and returns the name of the profile. */
  readonly endProfiling: () => void
}

/** Makes the session of the backbone. */
export async function createBackbone(
  model: VerifiedModel<BackboneEntry>,
  options: SessionOptions,
  openSession: CreateSession = createSession,
): Promise<Backbone> {
  const runtime = await loadRuntime()
  const session = await openSession(model, options)
  return {
    provider: options.provider,
    run: (pixels) => runBackbone(runtime, session, model.entry, pixels),
    endProfiling: () => {
      session.endProfiling()
    },
    [Symbol.asyncDispose]: () => session.release(),
  }
}

async function runBackbone(
  runtime: Runtime,
  session: InferenceSession,
  entry: BackboneEntry,
  pixels: RgbPixels,
): Promise<FeatureMaps> {
  const { width, height } = pixels
  const input = new runtime.Tensor('float32', networkInput(pixels, entry.normalisation), [1, 3, height, width])
  const outputs = await session.run({ [entry.inputs[0].name]: input })
  const maps: Record<string, FeatureMap> = {}
  for (const { name, stride, channels } of entry.outputs) maps[name] = featureMap(outputs[name], name, stride, channels)
  return { inputWidth: width, inputHeight: height, maps }
}

function featureMap(tensor: Tensor | undefined, name: string, stride: number, channels: number): FeatureMap {
  const [, found, height, width] = tensor?.dims ?? []
  const data = tensor?.data
  if (!(data instanceof Float32Array) || found !== channels || height === undefined || width === undefined) {
    throw new AppError(
      'ModelMismatch',
      'modelOutput',
      `The backbone did not return ${name} as its manifest promises.`,
      {
        params: { name },
      },
    )
  }
  return { stride, channels, height, width, data }
}

/** 8-bit RGB rows to three float planes `(value - mean) / scale`. Throws `InvalidInput` on a wrong byte count. */
function networkInput(pixels: RgbPixels, normalisation: BackboneEntry['normalisation']): Float32Array {
  const { width, height, data } = pixels
  const plane = width * height
  if (data.length !== plane * 3) {
    throw new AppError(
      'InvalidInput',
      'pixelCount',
      `An image of ${width} x ${height} pixels needs ${plane * 3} bytes, not ${data.length}.`,
      { params: { width, height, bytes: data.length } },
    )
  }
  const table = Float32Array.from({ length: 256 }, (_, value) => (value - normalisation.mean) / normalisation.scale)
  const input = new Float32Array(plane * 3)
  for (let from = 0, to = 0; to < plane; to++, from += 3) {
    input[to] = table[data[from] ?? 0] ?? 0
    input[plane + to] = table[data[from + 1] ?? 0] ?? 0
    input[2 * plane + to] = table[data[from + 2] ?? 0] ?? 0
  }
  return input
}

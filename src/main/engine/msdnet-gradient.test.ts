import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from '../../shared/zod.ts'
import { loadVerifiedModel, modelEntrySchema, readModelEntry } from './models.ts'
import { createSession, loadRuntime } from './runtime.ts'
import type { Runtime } from './runtime.ts'

const modelsFolder = fileURLToPath(new URL('../../../models', import.meta.url))

const entrySchema = modelEntrySchema.extend({
  weights: z.array(z.object({ name: z.string(), shape: z.array(z.int().positive()) })),
  gradientPrefix: z.string(),
})
type Weight = z.infer<typeof entrySchema>['weights'][number]

/** Made by `models/exemplar_models/light/golden.py` with PyTorch's autograd. */
const goldenSchema = z.object({
  cases: z.array(
    z.object({
      height: z.int(),
      width: z.int(),
      supports: z.int(),
      loss: z.number(),
      logits: z.array(z.number()),
      gradients: z.array(
        z.object({ name: z.string(), scale: z.number(), places: z.array(z.int()), values: z.array(z.number()) }),
      ),
    }),
  ),
})
const golden = goldenSchema.parse(JSON.parse(readFileSync(`${modelsFolder}/golden/msdnet-light-gradient.json`, 'utf8')))

let runtime: Runtime
let session: InferenceSession
let weights: readonly Weight[]
let prefix: string
let weightTensors: Record<string, Tensor>

beforeAll(async () => {
  runtime = await loadRuntime()
  const entry = await readModelEntry(modelsFolder, 'msdnet-gradient', entrySchema)
  session = await createSession(await loadVerifiedModel(modelsFolder, entry), { provider: 'cpu', threads: 1 })
  ;({ weights, gradientPrefix: prefix } = entry)
  const vectors = new Set(weights.filter(({ shape }) => shape.length === 1).map(({ name }) => name))
  weightTensors = Object.fromEntries(
    weights.map((weight, index) => [
      weight.name,
      new runtime.Tensor('float32', syntheticWeight(weight, index, vectors), weight.shape),
    ]),
  )
})

afterAll(() => session.release())

const product = (shape: readonly number[]): number => shape.reduce((all, n) => all * n, 1)

/** Park and Miller's generator: -0.5 to 0.5. */
function parkMiller(count: number, seed: number): Float64Array {
  let state = seed
  return Float64Array.from({ length: count }, () => {
    state = (state * 16807) % 2147483647
    return state / 2147483647 - 0.5
  })
}

/** `synthetic_weights` of `gradient.py`. */
function syntheticWeight({ name, shape }: Weight, index: number, vectors: ReadonlySet<string>): Float32Array {
  const values = parkMiller(product(shape), 101 + index).map((value) => 0.3 * value)
  const inTransformer = name.startsWith('transformer.')
  if (shape.length === 1 && name.endsWith('.weight')) {
    return Float32Array.from(values, (value) => (inTransformer ? 1 + value : 0.3 + value / 3))
  }
  if (name.endsWith('.bias') && vectors.has(name.replace(/bias$/, 'weight')) && !inTransformer) {
    return Float32Array.from(values, (value, at) => value + 1 - 2 * (at % 2))
  }
  if (name !== 'pyramid.leave.weight') return Float32Array.from(values)
  const inputs = shape[1] ?? 0
  const means = new Float64Array((2 * values.length) / inputs)
  values.forEach((value, at) => {
    const mean = 2 * Math.floor(at / inputs) + (at % 2)
    means[mean] = (means[mean] ?? 0) + value / (inputs / 2)
  })
  return Float32Array.from(values, (value, at) => value - (means[2 * Math.floor(at / inputs) + (at % 2)] ?? 0))
}

/** `synthetic_inputs` of `gradient.py`. */
function syntheticInputs(height: number, width: number, supports: number): Record<string, Tensor> {
  const random = (seed: number, shape: readonly number[]): Tensor =>
    new runtime.Tensor(
      'float32',
      Float32Array.from(parkMiller(product(shape), seed), (value) => 2 * value),
      shape,
    )
  const half = [height / 2, width / 2]
  const present = Float32Array.from({ length: 3 * supports }, (_, at) => (at % 6 === 5 ? 0 : 1))
  const pooled = Float32Array.from(
    parkMiller(supports * 3 * 256, 15),
    (value, at) => 2 * value * (present[Math.floor(at / 256)] ?? 0),
  )
  const shape = [1, 1, 2 * height, 2 * width]
  const target = new Float32Array(product(shape))
  const valid = new Float32Array(product(shape)).fill(1)
  for (let y = height - 1; y < 2 * height; y++) {
    target.fill(y < height ? 0.3 : 1, y * 2 * width + width, (y + 1) * 2 * width)
  }
  valid.fill(0, 0, 5 * 2 * width)
  return {
    s8: random(11, [1, 48, height, width]),
    s16a: random(12, [1, 88, ...half]),
    s16b: random(13, [1, 120, ...half]),
    priors: random(14, [1, 20, ...half]),
    pooled: new runtime.Tensor('float32', pooled, [1, supports, 3, 256]),
    present: new runtime.Tensor('float32', present, [1, supports, 3]),
    target: new runtime.Tensor('float32', target, shape),
    valid: new runtime.Tensor('float32', valid, shape),
  }
}

function values(outputs: Readonly<Record<string, Tensor>>, name: string): Float32Array {
  const data = outputs[name]?.data
  if (!(data instanceof Float32Array)) throw new Error(`no output ${name}`)
  return data
}

test.each(golden.cases)(
  'loss, logits and every gradient are PyTorch’s at $height x $width with $supports supports',
  async ({ height, width, supports, loss, logits, gradients }) => {
    const outputs = await session.run({ ...syntheticInputs(height, width, supports), ...weightTensors })
    expect(Math.abs((values(outputs, 'loss')[0] ?? NaN) - loss)).toBeLessThan(1e-5 * loss)
    const found = values(outputs, 'logits')
    const columns = Math.ceil((2 * width) / 16)
    logits.forEach((expected, at) => {
      const place = Math.floor(at / columns) * 16 * 2 * width + (at % columns) * 16
      expect(Math.abs((found[place] ?? NaN) - expected)).toBeLessThan(1e-4)
    })
    expect(gradients.map(({ name }) => name)).toEqual(weights.map(({ name }) => name))
    for (const { name, scale, places, values: expected } of gradients) {
      const gradient = values(outputs, prefix + name)
      const largest = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      // A key's bias has gradient 0: only rounding is left of it.
      const bar = 1e-4 * scale + 1e-7
      expect(Math.abs(largest - scale), name).toBeLessThan(bar)
      places.forEach((place, at) => {
        expect(Math.abs((gradient[place] ?? NaN) - (expected[at] ?? NaN)), `${name} at ${place}`).toBeLessThan(bar)
      })
    }
  },
)

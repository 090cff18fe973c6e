import type { Tensor } from 'onnxruntime-node'
import { z } from '../../src/shared/zod.ts'
import { loadVerifiedModel, readModelEntry } from '../../src/main/engine/models.ts'
import { createSession } from '../../src/main/engine/runtime.ts'
import { seededRandom } from '../../src/main/evaluate/random.ts'
import { filledTensor, graphSchema, gridLengths, median, modelsFolder } from './graphs.ts'

/**
 * Milliseconds of one training step of the light head on one thread: loss and all gradients in the graph, then Adam in
 * JavaScript. The reference is copying the weights once. Prints, never judges.
 */

const steps = 9
const entrySchema = graphSchema.extend({
  weights: z.array(z.object({ name: z.string(), shape: z.array(z.int()) })),
  gradientPrefix: z.string(),
})

const entry = await readModelEntry(modelsFolder, 'msdnet-gradient', entrySchema)
const session = await createSession(await loadVerifiedModel(modelsFolder, entry), { provider: 'cpu', threads: 1 })
const random = seededRandom(7)
const product = (shape: readonly number[]): number => shape.reduce((all, n) => all * n, 1)

const weights = entry.weights.map(({ name, shape }) => ({
  name,
  tensor: filledTensor(shape, {}, () => (shape.length === 1 && name.endsWith('.weight') ? 1 : 0.1 * (random() - 0.5))),
  mean: new Float32Array(product(shape)),
  square: new Float32Array(product(shape)),
}))

/** Inputs beside the weights for a square image. */
function inputs(pixels: number, supports: number): Record<string, Tensor> {
  const lengths = { ...gridLengths(pixels), supports }
  return Object.fromEntries(
    entry.inputs.map(({ name, shape }) => [
      name,
      filledTensor(shape, lengths, name === 'present' || name === 'valid' ? () => 1 : random),
    ]),
  )
}

function floats(value: Tensor | undefined): Float32Array {
  if (value?.data instanceof Float32Array) return value.data
  throw new Error('The graph does not return what its manifest promises.')
}

/** One step of Adam (Kingma and Ba, arXiv 1412.6980) with its usual constants. */
function adam(gradients: Readonly<Record<string, Tensor>>, step: number): void {
  const rate = (3e-4 * Math.sqrt(1 - 0.999 ** step)) / (1 - 0.9 ** step)
  for (const { name, tensor: value, mean, square } of weights) {
    const gradient = floats(gradients[entry.gradientPrefix + name])
    const weight = floats(value)
    for (let at = 0; at < weight.length; at++) {
      const slope = gradient[at] ?? 0
      const first = 0.9 * (mean[at] ?? 0) + 0.1 * slope
      const second = 0.999 * (square[at] ?? 0) + 0.001 * slope * slope
      mean[at] = first
      square[at] = second
      weight[at] = (weight[at] ?? 0) - (rate * first) / (Math.sqrt(second) + 1e-8)
    }
  }
}

try {
  for (const pixels of [320, 448]) {
    for (const supports of [1, 5]) {
      const feeds = { ...inputs(pixels, supports), ...Object.fromEntries(weights.map((w) => [w.name, w.tensor])) }
      const graph: number[] = []
      const update: number[] = []
      const copy: number[] = []
      for (let step = 0; step <= steps; step++) {
        const start = performance.now()
        const outputs = await session.run(feeds)
        const ran = performance.now()
        adam(outputs, step + 1)
        const updated = performance.now()
        for (const { tensor: value } of weights) floats(value).slice()
        const copied = performance.now()
        // The first step warms up.
        if (step === 0) continue
        graph.push(ran - start)
        update.push(updated - ran)
        copy.push(copied - updated)
      }
      const figures = [graph, update, copy].map((values) => median(values).toFixed(1))
      console.log(
        `${pixels} px, ${supports} supports: gradients ${figures[0]} ms, Adam ${figures[1]} ms, a copy ${figures[2]} ms`,
      )
    }
  }
} finally {
  await session.release()
}

import { fileURLToPath } from 'node:url'
import { z } from '../../src/shared/zod.ts'
import { loadVerifiedModel, modelEntrySchema, readModelEntry } from '../../src/main/engine/models.ts'
import { createSession, loadRuntime } from '../../src/main/engine/runtime.ts'
import { seededRandom } from '../../src/main/evaluate/random.ts'

/**
 * Milliseconds of the shipped graphs alone, an image each, on two threads: the backbone, the support encoder, and the
 * query decoder of one more class with one and with five supports. The backbone is what the others are measured
 * against. Prints, never judges.
 */

const steps = 9
const tokensPerSupport = 540
const threads = 2
const modelsFolder = fileURLToPath(new URL('../../models', import.meta.url))
const entrySchema = modelEntrySchema.extend({
  inputs: z.array(z.object({ name: z.string(), shape: z.array(z.union([z.int(), z.string()])) })),
})

const runtime = await loadRuntime()
const random = seededRandom(7)

/** Median milliseconds of one run of the graph of a kind, its dynamic lengths being `lengths`; the first warms up. */
async function milliseconds(kind: string, lengths: Readonly<Record<string, number>>): Promise<number> {
  const entry = await readModelEntry(modelsFolder, kind, entrySchema)
  const session = await createSession(await loadVerifiedModel(modelsFolder, entry), { provider: 'cpu', threads })
  const length = new Map(Object.entries(lengths))
  const feeds = Object.fromEntries(
    entry.inputs.map(({ name, shape }) => {
      const dims = shape.map((n) => (typeof n === 'number' ? n : (length.get(n) ?? 1)))
      const values = Float32Array.from({ length: dims.reduce((all, n) => all * n, 1) }, random)
      return [name, new runtime.Tensor('float32', values, dims)]
    }),
  )
  const times: number[] = []
  try {
    for (let step = 0; step <= steps; step++) {
      const start = performance.now()
      await session.run(feeds)
      if (step > 0) times.push(performance.now() - start)
    }
  } finally {
    await session.release()
  }
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0
}

/** Lengths of a square image's grids: stride 8, half, a quarter and twice of it. */
function grids(pixels: number): Record<string, number> {
  const cells = pixels / 8
  return Object.fromEntries(
    ['height', 'width'].flatMap((name) => [
      [name, cells],
      [`${name}_half`, cells / 2],
      [`${name}_quarter`, cells / 4],
      [`${name}_double`, 2 * cells],
    ]),
  )
}

for (const pixels of [320, 448, 576]) {
  const backbone = await milliseconds('backbone', { batch: 1, height: pixels, width: pixels })
  const encoder = await milliseconds('msdnet-encoder', grids(pixels))
  const decoders: string[] = []
  for (const supports of [1, 5]) {
    const found = await milliseconds('msdnet', { ...grids(pixels), supports, tokens: supports * tokensPerSupport })
    decoders.push(`${found.toFixed(1)} ms (${(found / backbone).toFixed(2)}x the backbone)`)
  }
  console.log(
    `${pixels} px: backbone ${backbone.toFixed(1)} ms, encoder ${encoder.toFixed(1)} ms, ` +
      `head per class with 1 / 5 supports ${decoders.join(' / ')}`,
  )
}

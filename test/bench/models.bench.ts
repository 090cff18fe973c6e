import { loadVerifiedModel, readModelEntry } from '../../src/main/engine/models.ts'
import { createSession } from '../../src/main/engine/runtime.ts'
import { seededRandom } from '../../src/main/evaluate/random.ts'
import { filledTensor, graphSchema, gridLengths, median, modelsFolder } from './graphs.ts'

/**
 * Milliseconds of the shipped graphs alone, an image each, on two threads: the backbone, the support encoder, and the
 * query decoder of one more class with one and with five supports. The backbone is what the others are measured
 * against. Prints, never judges.
 */

const steps = 9
const tokensPerSupport = 540
const threads = 2
const random = seededRandom(7)

/** Median milliseconds of one run of the graph of a kind, its dynamic lengths being `lengths`; the first warms up. */
async function milliseconds(kind: string, lengths: Readonly<Record<string, number>>): Promise<number> {
  const entry = await readModelEntry(modelsFolder, kind, graphSchema)
  const session = await createSession(await loadVerifiedModel(modelsFolder, entry), { provider: 'cpu', threads })
  const feeds = Object.fromEntries(entry.inputs.map(({ name, shape }) => [name, filledTensor(shape, lengths, random)]))
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
  return median(times)
}

for (const pixels of [320, 448, 576]) {
  const backbone = await milliseconds('backbone', { batch: 1, height: pixels, width: pixels })
  const encoder = await milliseconds('msdnet-encoder', gridLengths(pixels))
  const decoders: string[] = []
  for (const supports of [1, 5]) {
    const found = await milliseconds('msdnet', {
      ...gridLengths(pixels),
      supports,
      tokens: supports * tokensPerSupport,
    })
    decoders.push(`${found.toFixed(1)} ms (${(found / backbone).toFixed(2)}x the backbone)`)
  }
  console.log(
    `${pixels} px: backbone ${backbone.toFixed(1)} ms, encoder ${encoder.toFixed(1)} ms, ` +
      `head per class with 1 / 5 supports ${decoders.join(' / ')}`,
  )
}

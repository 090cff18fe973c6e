import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'
import { loadVerifiedModel, modelEntrySchema, readModelEntry } from './models.ts'
import { createSession, loadRuntime } from './runtime.ts'
import type { TokenSet, WeightedTokens } from './tokens.ts'

/** What the manifest says about the matcher. `recipe` holds the constants that its graph and this code share. */
export const matcherEntrySchema = modelEntrySchema.extend({
  recipe: z.object({
    /** Raw score above which a cell is foreground. */
    threshold: z.number(),
    /** Raw score that a foreground region must reach somewhere. */
    seed: z.number(),
    /** Raw score given to regions that do not, below `threshold`. */
    suppressed: z.number(),
    /** Slope from raw score to the 0 to 1 of a score map. */
    gain: z.number().positive(),
    tokensPerSupport: z.int().positive(),
  }),
})
export type MatcherEntry = Readonly<z.infer<typeof matcherEntrySchema>>

export interface Matcher extends AsyncDisposable {
  readonly entry: MatcherEntry
  /** Raw score of each query token: above `entry.recipe.threshold` it is more foreground than background. */
  readonly score: (query: TokenSet, support: WeightedTokens) => Promise<Float32Array>
}

/**
 * Loads the training-free matcher from the models folder. Its mathematics stands in
 * `models/exemplar_models/training_free.py`. It always runs on the CPU: its matrices are small, and
 * the same state then gives the same mask on every machine.
 * Throws `ModelMissing` or `ModelMismatch` like the backbone.
 */
export async function createMatcher(modelsFolder: string, threads: number): Promise<Matcher> {
  const entry = await readModelEntry(modelsFolder, 'matcher', matcherEntrySchema)
  const model = await loadVerifiedModel(modelsFolder, entry)
  const runtime = await loadRuntime()
  const session = await createSession(model, { provider: 'cpu', threads })
  const score = async (query: TokenSet, support: WeightedTokens): Promise<Float32Array> => {
    const outputs = await session.run({
      query: new runtime.Tensor('float32', query.values, [query.count, query.channels]),
      support: new runtime.Tensor('float32', support.values, [support.count, support.channels]),
      weights: new runtime.Tensor('float32', normalisedWeights(support), [support.count, 2]),
    })
    const data = outputs['score']?.data
    if (data instanceof Float32Array && data.length === query.count) return data
    throw new AppError('ModelMismatch', 'modelOutput', 'The matcher did not return scores as its manifest promises.', {
      params: { name: 'score' },
    })
  }
  return { entry, score, [Symbol.asyncDispose]: () => session.release() }
}

/** Foreground and background weight side by side, each column with sum 1 (or 0 where there is none). */
function normalisedWeights({ count, foreground, background }: WeightedTokens): Float32Array {
  const scaleOf = (weights: Float32Array): number =>
    1 /
    Math.max(
      weights.reduce((sum, weight) => sum + weight, 0),
      1e-12,
    )
  const columns = [
    { weights: foreground, scale: scaleOf(foreground) },
    { weights: background, scale: scaleOf(background) },
  ]
  const result = new Float32Array(count * 2)
  columns.forEach(({ weights, scale }, column) => {
    for (let token = 0; token < count; token++) result[2 * token + column] = (weights[token] ?? 0) * scale
  })
  return result
}

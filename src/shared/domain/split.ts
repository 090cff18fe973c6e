import { z } from '../zod.ts'

/** How a data set is cut into subsets (train, val, …). */

export const splitKeys = ['folder', 'near-duplicate', 'image'] as const

export const subsetSchema = z.strictObject({
  /** Part of file and folder names. */
  name: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/),
  /** Wanted share of the images, 0 to 1. */
  share: z.number().positive().max(1),
})
export type Subset = z.infer<typeof subsetSchema>

/** Two or more, each with a name of its own, whose shares make up the whole. */
const subsetsSchema = z
  .array(subsetSchema)
  .min(2)
  .refine((subsets) => new Set(subsets.map(({ name }) => name.toLowerCase())).size === subsets.length)
  .refine((subsets) => Math.abs(subsets.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-6)

export const splitSchema = z.strictObject({
  subsets: subsetsSchema,
  /** What is never torn apart: images of one folder, images that look almost the same, or only each image itself. */
  by: z.enum(splitKeys),
  /** The same seed gives the same images the same subsets. */
  seed: z.int().nonnegative(),
})
export type Split = z.infer<typeof splitSchema>

/** Reads `train=0.8,val=0.2`; null when it is not that, or the shares do not make up 1. */
export function parseSubsets(text: string): readonly Subset[] | null {
  const subsets = text.split(',').map((part) => {
    const [name = '', share = '', ...more] = part.split('=').map((each) => each.trim())
    return { name, share: share === '' || more.length > 0 ? NaN : Number(share) }
  })
  const parsed = subsetsSchema.safeParse(subsets)
  return parsed.success ? parsed.data : null
}

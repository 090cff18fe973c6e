import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'
import { featureHash, inputSizeSchema, modelEntrySchema, modelFault, readModelEntry } from './models.ts'
import type { BackboneEntry } from './models.ts'

/** A tensor as the manifest promises it; a text is a dimension that is free. */
const tensorSchema = z.object({ name: z.string(), shape: z.array(z.union([z.int().positive(), z.string()])) })

export const graphEntrySchema = modelEntrySchema.extend({
  inputs: z.array(tensorSchema),
  outputs: z.array(tensorSchema),
})
export type GraphEntry = Readonly<z.infer<typeof graphEntrySchema>>

const share = z.number().min(0).max(1)

/** What the manifest says about any exported MSDNet. */
const networkEntrySchema = graphEntrySchema.extend({
  /** Id of the support encoder that belongs to it. */
  encoder: z.string(),
  /** Id of the backbone whose maps both were trained on. */
  backbone: z.string(),
})

/** One whose support is bounded tokens. `recipe` holds what the graph leaves to its host. */
export const tokenEntrySchema = networkEntrySchema.extend({
  support: z.literal('tokens'),
  /** Values that it must return for synthetic features, a file of the models folder. */
  golden: z
    .string()
    .regex(/^golden\/[\w.-]+\.json$/)
    .optional(),
  recipe: z.object({
    tokensPerSupport: z.int().positive(),
    /** Probability of a cell above which it is foreground. */
    threshold: share,
    /**
     * Probability that the class is in the image, below which it is said not to be, by how many supports the class has:
     * the more there are, the surer the network is of everything. See `presenceThreshold`.
     */
    presenceThresholds: z
      .array(z.object({ supports: z.int().positive(), value: share }))
      .min(1)
      .refine((list) => list.every(({ supports }, at) => supports > (list[at - 1]?.supports ?? 0)), {
        message: 'must be in order of their supports',
      }),
    /** Of the estimate of a proposal's IoU, by logistic regression: see `proposalScore` in `msdnet.ts`. */
    calibration: z.object({ bias: z.number(), presence: z.number(), agreement: z.number(), area: z.number() }),
    /**
     * Supports count by how like their scenes are to the query's: softmax of cosines over this temperature. Without it
     * every cell of every support counts the same, as while training.
     */
    sceneTemperature: z.number().positive().optional(),
  }),
})
export type TokenEntry = Readonly<z.infer<typeof tokenEntrySchema>>

/** One whose support is maps as large as its image, as the paper's configuration has it. */
const denseEntrySchema = networkEntrySchema.extend({
  support: z.literal('dense'),
  recipe: z.object({
    /** Probability of a cell above which it is foreground. */
    threshold: share,
    /** Width and height at which images entered while training; that of its backbone's entry. */
    inputSize: inputSizeSchema,
    /** Whether the middles of the outermost cells lie on the middles of the outermost pixels: nothing else is known yet. */
    alignCorners: z.literal(true),
  }),
})
export type DenseEntry = Readonly<z.infer<typeof denseEntrySchema>>

/** What the manifest says about an exported MSDNet, by what its support is. */
export const msdnetEntrySchema = z.discriminatedUnion('support', [tokenEntrySchema, denseEntrySchema])

/** The threshold for a number of supports: linear in its logarithm between those given, and the nearest one outside. */
export function presenceThreshold(
  { presenceThresholds }: Pick<TokenEntry['recipe'], 'presenceThresholds'>,
  supports: number,
): number {
  const after = presenceThresholds.findIndex((each) => each.supports >= supports)
  const right = presenceThresholds.at(after)
  const left = after > 0 ? presenceThresholds[after - 1] : right
  if (left === undefined || right === undefined) return 0
  if (left === right) return right.value
  const share = Math.log(supports / left.supports) / Math.log(right.supports / left.supports)
  return left.value + share * (right.value - left.value)
}

interface EntriesOf<Decoder> {
  readonly encoder: GraphEntry
  readonly decoder: Decoder
}
export type TokenEntries = EntriesOf<TokenEntry>
export type DenseEntries = EntriesOf<DenseEntry>
export type MsdnetEntries = TokenEntries | DenseEntries

export function isDense(entries: MsdnetEntries): entries is DenseEntries {
  return entries.decoder.support === 'dense'
}

/** SHA-256 over what every MSDNet's states depend on, and whatever else those of this kind do, hex. */
export function networkHash(
  kind: string,
  { encoder, decoder }: MsdnetEntries,
  backbone: BackboneEntry,
  ...others: readonly string[]
): string {
  const hashed = [
    kind,
    featureHash(backbone),
    encoder.sha256,
    decoder.sha256,
    JSON.stringify(decoder.recipe),
    ...others,
  ]
  return createHash('sha256').update(hashed.join(' ')).digest('hex')
}

/**
 * Reads the entries of the first MSDNet in the manifest. Throws `ModelMissing` where there is none, `ModelMismatch` where
 * it belongs to another backbone, or to one that lets photos in at another size than it was trained at.
 */
export async function readMsdnetEntries(modelsFolder: string, backbone: BackboneEntry): Promise<MsdnetEntries> {
  const decoder = await readModelEntry(modelsFolder, 'msdnet', msdnetEntrySchema)
  if (decoder.backbone !== backbone.id) {
    throw new AppError(
      'ModelMismatch',
      'modelBackbone',
      `The model ${decoder.id} was trained on the backbone ${decoder.backbone}, not on ${backbone.id}; put both into one models folder.`,
      { params: { model: decoder.id, wanted: decoder.backbone, found: backbone.id } },
    )
  }
  const encoder = await readModelEntry(modelsFolder, 'msdnet-encoder', graphEntrySchema, decoder.encoder)
  if (decoder.support === 'tokens') return { encoder, decoder }
  const trained = decoder.recipe.inputSize.join(' x ')
  const given = backbone.inputSize?.join(' x ')
  if (given !== trained) {
    const fault = `its manifest says that photos enter at ${trained} pixels, and its backbone ${given === undefined ? 'names no size' : `says ${given}`}`
    throw modelFault(join(modelsFolder, decoder.file), fault)
  }
  return { encoder, decoder }
}

import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'
import { modelEntrySchema, readModelEntry } from './models.ts'
import type { BackboneEntry } from './models.ts'

/** A tensor as the manifest promises it; a text is a dimension that is free. */
const tensorSchema = z.object({ name: z.string(), shape: z.array(z.union([z.int().positive(), z.string()])) })

const graphEntrySchema = modelEntrySchema.extend({ inputs: z.array(tensorSchema), outputs: z.array(tensorSchema) })
export type GraphEntry = Readonly<z.infer<typeof graphEntrySchema>>

const share = z.number().min(0).max(1)

/** What the manifest says about an exported MSDNet. `recipe` holds what the graph leaves to its host. */
export const msdnetEntrySchema = graphEntrySchema.extend({
  /** Id of the support encoder that belongs to it. */
  encoder: z.string(),
  /** Id of the backbone whose maps both were trained on. */
  backbone: z.string(),
  /** Whether a support's state is bounded tokens or maps as large as its image. */
  support: z.enum(['tokens', 'dense']),
  /** Values that it must return for synthetic features, a file of the models folder. */
  golden: z
    .string()
    .regex(/^golden\/[\w.-]+\.json$/)
    .optional(),
  recipe: z.object({
    tokensPerSupport: z.int().positive(),
    /** Probability of a cell above which it is foreground. */
    threshold: share,
    /** Probability that the class is in the image, below which it is said not to be. */
    presenceThreshold: share,
    /** Of the estimate of a proposal's IoU, by logistic regression: see `proposalScore` in `msdnet.ts`. */
    calibration: z.object({ bias: z.number(), presence: z.number(), agreement: z.number(), area: z.number() }),
    /**
     * Supports count by how like their scenes are to the query's: softmax of cosines over this temperature. Without it
     * every cell of every support counts the same, as while training.
     */
    sceneTemperature: z.number().positive().optional(),
  }),
})
export type MsdnetEntry = Readonly<z.infer<typeof msdnetEntrySchema>>

export interface MsdnetEntries {
  readonly encoder: GraphEntry
  readonly decoder: MsdnetEntry
}

/**
 * Reads the entries of the first MSDNet in the manifest. Throws `ModelMissing` where there is none, `ModelMismatch` where
 * it belongs to another backbone, `Unsupported` where it keeps its supports as dense maps.
 */
export async function readMsdnetEntries(modelsFolder: string, backbone: BackboneEntry): Promise<MsdnetEntries> {
  const decoder = await readModelEntry(modelsFolder, 'msdnet', msdnetEntrySchema)
  if (decoder.support === 'dense') {
    throw new AppError(
      'Unsupported',
      'modelDense',
      `The model ${decoder.id} keeps its examples as maps instead of tokens, which this version cannot use; choose another predictor.`,
      { params: { model: decoder.id } },
    )
  }
  if (decoder.backbone !== backbone.id) {
    throw new AppError(
      'ModelMismatch',
      'modelBackbone',
      `The model ${decoder.id} was trained on the backbone ${decoder.backbone}, not on ${backbone.id}; put both into one models folder.`,
      { params: { model: decoder.id, wanted: decoder.backbone, found: backbone.id } },
    )
  }
  return { encoder: await readModelEntry(modelsFolder, 'msdnet-encoder', graphEntrySchema, decoder.encoder), decoder }
}

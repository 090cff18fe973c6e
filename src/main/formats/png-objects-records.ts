import { boxSchema } from '../../shared/domain/records.ts'
import { z } from '../../shared/zod.ts'

/** What the manifest says it is. */
export const objectsFormat = 'png-objects'

const idSchema = z.union([z.string(), z.number()]).transform(String)

/** What masks and boxes have in common. What is not understood of the last three is passed over. */
const common = {
  id: idSchema.optional(),
  class: z.string().trim().min(1).max(200),
  /** Only of what nobody has accepted yet. */
  state: z.literal('proposed').optional().catch(undefined),
  score: z.number().min(0).max(1).nullable().optional().catch(undefined),
  /** Only of what stands for a group of objects. */
  crowd: z.boolean().optional().catch(undefined),
}

/** One annotation: a mask has a file below the folder, a box its pixel edges. */
export const objectRecordSchema = z.discriminatedUnion('kind', [
  z.object({ ...common, kind: z.literal('mask'), file: z.string().min(1) }),
  z.object({ ...common, kind: z.literal('box'), box: boxSchema }),
])
export type ObjectRecord = z.infer<typeof objectRecordSchema>

export const objectsImageSchema = z.object({
  image: z.string().min(1),
  width: z.int().positive(),
  height: z.int().positive(),
  objects: z.array(z.unknown()),
  /** Somebody has looked at the image and found nothing. */
  reviewed_empty: z.literal(true).optional().catch(undefined),
})

export interface ObjectsImage {
  readonly image: string
  readonly width: number
  readonly height: number
  readonly objects: readonly ObjectRecord[]
  readonly reviewed_empty?: true
}

export const objectsClassSchema = z.object({ name: z.string().trim().min(1), parent: z.string().nullish() })

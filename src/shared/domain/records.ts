import { z } from '../zod.ts'

/**
 * The records of a project as both sides know them. Coordinates are in image pixels as displayed
 * (EXIF orientation applied); (0, 0) is the outer corner of the first pixel.
 */

export const idSchema = z.string().min(1).max(64)
/** Pixel edges: `[x, y, width, height]`; `[0, 0, 1, 1]` is the first pixel. */
export const boxSchema = z.tuple([z.number(), z.number(), z.number(), z.number()])
export type Box = z.infer<typeof boxSchema>

const imageFormats = ['jpeg', 'png', 'webp', 'tiff'] as const

export const imageRecordSchema = z.strictObject({
  id: idSchema,
  /** SHA-256 of the file's bytes, hex: what an image *is*. */
  contentHash: z.string(),
  /** Path below the folder it was added from, with `/`: `sub/a.jpg`. Unique in the project. */
  name: z.string(),
  /** Displayed size in pixels. */
  width: z.int().positive(),
  height: z.int().positive(),
  /** EXIF orientation 1 to 8 of the file; all coordinates already have it applied. */
  orientation: z.int().min(1).max(8),
  format: z.enum(imageFormats),
  batchId: idSchema,
  /** The user has said this image is finished. Reviewed and empty is a statement, not a gap. */
  reviewed: z.boolean(),
  /** Why the image is set aside (file gone, unreadable), as one sentence; null when it is fine. */
  problem: z.string().nullable(),
  addedAt: z.string(),
})
export type ImageRecord = z.infer<typeof imageRecordSchema>

export const classRecordSchema = z.strictObject({
  id: idSchema,
  name: z.string().trim().min(1).max(200),
  /** `#rrggbb` */
  colour: z.string().regex(/^#[0-9a-f]{6}$/),
  /** Digit that selects the class, as `KeyboardEvent.code` has it after `Digit`. */
  key: z
    .string()
    .regex(/^[0-9]$/)
    .nullable(),
  parentId: idSchema.nullable(),
  /** Whether a proposal stays one region or becomes one annotation per connected part. */
  split: z.enum(['region', 'instances']),
  position: z.int(),
})
export type ClassRecord = z.infer<typeof classRecordSchema>

const annotationOrigins = ['drawn', 'predicted', 'corrected', 'imported'] as const
const annotationStates = ['proposed', 'accepted'] as const

/** What a person or a job decides about an annotation. Its pixels are kept apart, as tiles. */
export const annotationCoreSchema = z.strictObject({
  id: idSchema,
  imageId: idSchema,
  classId: idSchema,
  kind: z.enum(['mask', 'box']),
  origin: z.enum(annotationOrigins),
  state: z.enum(annotationStates),
  /** How far the prediction is from its threshold, 0 to 1, not yet calibrated; null for drawn and imported ones. */
  score: z.number().min(0).max(1).nullable(),
  /** The prototype version that predicted it. */
  versionId: idSchema.nullable(),
  /** Source of a drawn polygon, rings of `x, y, …` along pixel edges, until it is painted on. */
  polygon: z.array(z.array(z.number())).nullable(),
  /** Set for `kind: 'box'` only. */
  box: boxSchema.nullable(),
  /** Stands for a group of objects that nobody told apart, COCO's `iscrowd`. Entries of before it was known lack it. */
  crowd: z.boolean().default(false),
  createdAt: z.string(),
})
export type AnnotationCore = z.infer<typeof annotationCoreSchema>

/** The core plus what the store derives from the mask. */
export const annotationRecordSchema = annotationCoreSchema.extend({
  /** Number of mask pixels (0 for a box). */
  area: z.int().nonnegative(),
  /** Tight box around the mask in pixel edges, or the box itself. */
  bounds: boxSchema,
  /** Project revision of the last change to the pixels: a cache key. */
  maskRevision: z.int().nonnegative(),
})
export type AnnotationRecord = z.infer<typeof annotationRecordSchema>

export const supportRoles = ['example', 'heldOut'] as const
/** An accepted annotation that its class learns from (`example`) or is only measured on (`heldOut`). */
export const supportRecordSchema = z.strictObject({
  annotationId: idSchema,
  classId: idSchema,
  imageId: idSchema,
  role: z.enum(supportRoles),
  addedAt: z.string(),
})
export type SupportRecord = z.infer<typeof supportRecordSchema>

/** "Not here": the user has said that the class does not occur in the image. */
export const verdictRecordSchema = z.strictObject({ imageId: idSchema, classId: idSchema })
export type VerdictRecord = z.infer<typeof verdictRecordSchema>

/** One support a version was learnt from. `maskHash` is SHA-256 over the mask's tiles. */
export const versionSupportSchema = z.strictObject({
  annotationId: idSchema,
  imageId: idSchema,
  contentHash: z.string(),
  maskHash: z.string(),
})

/** Everything a class has learned at one point, without the learned state itself. Immutable. */
export const versionRecordSchema = z.strictObject({
  id: idSchema,
  classId: idSchema,
  /** 1, 2, 3 … within the class. */
  number: z.int().positive(),
  parentId: idSchema.nullable(),
  createdAt: z.string(),
  predictor: z.string(),
  /** SHA-256 over models and preprocessing: state and features only mix within one. */
  modelHash: z.string(),
  /** SHA-256 over the learned state: what makes it immutable. */
  hash: z.string(),
  supports: z.array(versionSupportSchema),
  threshold: z.number(),
  /** Measured scores by name, e.g. `leaveOneOutIoU`. */
  scores: z.record(z.string(), z.number()),
})
export type VersionRecord = z.infer<typeof versionRecordSchema>

export const imageStatuses = ['unlabelled', 'proposals', 'labelled', 'reviewed', 'reviewedEmpty', 'setAside'] as const
export type ImageStatus = (typeof imageStatuses)[number]

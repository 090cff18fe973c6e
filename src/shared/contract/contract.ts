import { z } from '../zod.ts'
import { historyEntrySchema, historyHeaderSchema, historyStateSchema } from '../domain/history.ts'
import {
  annotationRecordSchema,
  classRecordSchema,
  idSchema,
  imageRecordSchema,
  imageStatuses,
  supportRecordSchema,
  supportRoles,
  verdictRecordSchema,
  versionRecordSchema,
} from '../domain/records.ts'
import { call, defineContract, event } from './define.ts'
import type { BridgeOf, CallOptions, EmitOf, Handlers, MediaAnswer } from './define.ts'

const none = z.strictObject({})
const project = { projectId: idSchema }

/** Where the renderer may look on disk: an opaque id for a folder or file below an allowed root. */
export const placeSchema = z.strictObject({
  placeId: idSchema,
  name: z.string(),
  kind: z.enum(['folder', 'file']),
  /** A folder that holds `project.db`. */
  isProject: z.boolean(),
})
export type Place = z.infer<typeof placeSchema>

export const classSummarySchema = classRecordSchema.extend({
  currentVersionId: idSchema.nullable(),
  currentVersionNumber: z.int().nullable(),
  examples: z.int(),
  proposed: z.int(),
  accepted: z.int(),
  /** Accepted corrections that the current version has not learnt from yet, and its examples that changed since. */
  unlearned: z.int(),
})
export type ClassSummary = z.infer<typeof classSummarySchema>

export const projectInfoSchema = z.strictObject({
  projectId: idSchema,
  name: z.string(),
  /** For display only; never sent back. */
  location: z.string(),
  revision: z.int(),
  images: z.record(z.enum(imageStatuses), z.int()),
  imageCount: z.int(),
  classes: z.array(classSummarySchema),
})
export type ProjectInfo = z.infer<typeof projectInfoSchema>

export const imageFilterSchema = z.strictObject({
  statuses: z.array(z.enum(imageStatuses)).optional(),
  /** Images with an annotation (any state) of this class. */
  classId: idSchema.optional(),
  /** Images with an open proposal of this class. */
  proposedClassId: idSchema.optional(),
  text: z.string().max(200).optional(),
})
export type ImageFilter = z.infer<typeof imageFilterSchema>

/** `worstFirst`: images with the least certain open proposal first, those without last. */
export const imageSorts = ['name', 'worstFirst', 'added'] as const
export type ImageSort = (typeof imageSorts)[number]

export const imageSummarySchema = imageRecordSchema.extend({
  status: z.enum(imageStatuses),
  annotationCount: z.int(),
  proposedCount: z.int(),
  /** Lowest score among open proposals, 0 to 1. */
  lowestScore: z.number().nullable(),
  /** Project revision at which anything drawn on the thumbnail changed last: a cache key. */
  overlayRevision: z.int(),
})
export type ImageSummary = z.infer<typeof imageSummarySchema>

export const problemSchema = z.strictObject({ name: z.string(), reason: z.string() })
export type Problem = z.infer<typeof problemSchema>

export const providers = ['auto', 'cpu', 'cuda', 'directml', 'coreml', 'webgpu'] as const
export const details = ['fast', 'normal', 'high'] as const

export const segmentSpecSchema = z.strictObject({
  kind: z.literal('segment'),
  /** `all`: every class that has learnt something. */
  classIds: z.union([z.literal('all'), z.array(idSchema).min(1)]),
  /**
   * `unreviewed`: every image not reviewed and not set aside.
   * `proposals`: only images that still carry an open proposal of these classes (refresh).
   */
  images: z.union([z.enum(['unreviewed', 'all', 'proposals']), z.array(idSchema).min(1)]),
  provider: z.enum(providers),
  detail: z.enum(details),
})
export type SegmentSpec = z.infer<typeof segmentSpecSchema>

export const jobStates = ['queued', 'running', 'paused', 'done', 'cancelled', 'failed'] as const

export const jobRecordSchema = z.strictObject({
  id: idSchema,
  spec: segmentSpecSchema,
  state: z.enum(jobStates),
  total: z.int(),
  done: z.int(),
  failed: z.int(),
  createdAt: z.string(),
  finishedAt: z.string().nullable(),
  /** The device that really ran, e.g. `CPU (onnxruntime 1.30, 2 threads)`; null before the first image. */
  device: z.string().nullable(),
  /** Rate over the last images, and the time left by it; null before the first image. */
  imagesPerSecond: z.number().nullable(),
  secondsLeft: z.number().nullable(),
  /** Why it failed, one sentence. */
  reason: z.string().nullable(),
})
export type JobRecord = z.infer<typeof jobRecordSchema>

export const learnResultSchema = z.strictObject({
  adopted: z.boolean(),
  version: versionRecordSchema.nullable(),
  /** Why nothing was adopted, one sentence; null when adopted. */
  reason: z.string().nullable(),
  /** Corrections that became examples by this call. */
  newExamples: z.int(),
  /** The job that refreshes the open proposals; null when there are none. */
  refreshJobId: idSchema.nullable(),
})
export type LearnResult = z.infer<typeof learnResultSchema>

export const exportFormats = ['coco', 'masks'] as const
export const exportSpecSchema = z.strictObject({
  format: z.enum(exportFormats),
  segmentation: z.enum(['polygon', 'rle', 'rle-uncompressed']),
  include: z.enum(['accepted', 'proposed', 'all']),
  images: z.enum(['none', 'copy', 'link']),
})
export type ExportSpec = z.infer<typeof exportSpecSchema>

export const exportReportSchema = z.strictObject({
  /** Files written, relative to the export folder. */
  files: z.array(z.string()),
  /** For display only. */
  location: z.string(),
  images: z.int(),
  annotations: z.int(),
  /** Masks re-read from the written files and equal to the stored ones, pixel by pixel. */
  identical: z.int(),
  problems: z.array(problemSchema),
})
export type ExportReport = z.infer<typeof exportReportSchema>

export const importReportSchema = z.strictObject({
  batchId: idSchema.nullable(),
  added: z.int(),
  /** Files whose content the project already holds. */
  duplicates: z.int(),
  problems: z.array(problemSchema),
})
export type ImportReport = z.infer<typeof importReportSchema>

export const imageDocumentSchema = z.strictObject({
  image: imageRecordSchema,
  status: z.enum(imageStatuses),
  annotations: z.array(annotationRecordSchema),
  verdicts: z.array(verdictRecordSchema),
  supports: z.array(supportRecordSchema),
  revision: z.int(),
})
export type ImageDocument = z.infer<typeof imageDocumentSchema>

const historyStepSchema = z.strictObject({
  state: historyStateSchema,
  /** The entry that was undone or redone; null when there was none. */
  entry: historyHeaderSchema.nullable(),
})

/** Every call and event between page and Node side. Nothing else crosses. */
export const contract = defineContract({
  app: {
    info: call({
      in: none,
      out: z.strictObject({
        version: z.string(),
        /** Projects this host has open, oldest first. */
        open: z.array(idSchema),
        /** The sample project can be had: its pictures are part of this installation. */
        hasSample: z.boolean(),
        recent: z.array(
          z.strictObject({
            recentId: idSchema,
            name: z.string(),
            location: z.string(),
            openedAt: z.string(),
            missing: z.boolean(),
          }),
        ),
      }),
    }),
  },
  places: {
    /** `placeId: null` lists the roots. */
    list: call({
      in: z.strictObject({ placeId: idSchema.nullable() }),
      out: z.strictObject({
        trail: z.array(placeSchema),
        entries: z.array(placeSchema),
        /** Image files directly inside, whether or not they are among `entries`. */
        imageCount: z.int(),
      }),
    }),
    createFolder: call({
      in: z.strictObject({ placeId: idSchema, name: z.string().min(1).max(120) }),
      out: placeSchema,
    }),
    /** The folder that the project lies in; null when it may not be browsed. */
    beside: call({ in: z.strictObject(project), out: z.strictObject({ place: placeSchema.nullable() }) }),
  },
  sample: {
    /** Makes the sample project in the person's folder, or opens the one there if nobody has worked on it yet. */
    open: call({ in: none, out: projectInfoSchema, cancellable: true }),
  },
  project: {
    create: call({
      in: z.strictObject({ placeId: idSchema, name: z.string().trim().min(1).max(120) }),
      out: projectInfoSchema,
    }),
    open: call({
      in: z.union([z.strictObject({ placeId: idSchema }), z.strictObject({ recentId: idSchema })]),
      out: projectInfoSchema,
    }),
    close: call({ in: z.strictObject(project), out: none }),
    info: call({ in: z.strictObject(project), out: projectInfoSchema }),
    /** What segments for this project, and on which device it really runs. */
    engine: call({
      in: z.strictObject(project),
      out: z.strictObject({ provider: z.string(), device: z.string(), predictor: z.string(), modelHash: z.string() }),
    }),
    /** Something was written. Empty `imageIds` with `all: true` means: any image may have changed. */
    changed: event(z.strictObject({ ...project, revision: z.int(), imageIds: z.array(idSchema), all: z.boolean() })),
  },
  images: {
    import: call({
      in: z.strictObject({ ...project, placeIds: z.array(idSchema).min(1), copy: z.boolean() }),
      out: importReportSchema,
      cancellable: true,
    }),
    list: call({
      in: z.strictObject({
        ...project,
        filter: imageFilterSchema,
        sort: z.enum(imageSorts),
        offset: z.int().nonnegative(),
        limit: z.int().min(1).max(500),
      }),
      out: z.strictObject({ total: z.int(), items: z.array(imageSummarySchema), revision: z.int() }),
    }),
    get: call({ in: z.strictObject({ ...project, imageId: idSchema }), out: imageDocumentSchema }),
    /** The image after (1) or before (-1) this one in that order, among those the filter lets through. */
    neighbour: call({
      in: z.strictObject({
        ...project,
        imageId: idSchema,
        direction: z.union([z.literal(1), z.literal(-1)]),
        filter: imageFilterSchema,
        sort: z.enum(imageSorts),
      }),
      out: z.strictObject({ imageId: idSchema.nullable() }),
    }),
  },
  history: {
    commit: call({
      in: z.strictObject({ ...project, entry: historyEntrySchema }),
      out: historyStateSchema,
      maxBytes: 16 << 20,
    }),
    undo: call({ in: z.strictObject(project), out: historyStepSchema }),
    redo: call({ in: z.strictObject(project), out: historyStepSchema }),
    state: call({ in: z.strictObject(project), out: historyStateSchema }),
  },
  supports: {
    /** *Use as example*, hold out, or neither. Makes and adopts a new version of each class concerned. */
    set: call({
      in: z.strictObject({
        ...project,
        annotationIds: z.array(idSchema).min(1),
        role: z.enum([...supportRoles, 'none']),
      }),
      out: z.strictObject({ versions: z.array(versionRecordSchema) }),
      cancellable: true,
    }),
    list: call({
      in: z.strictObject({ ...project, classId: idSchema }),
      out: z.strictObject({ supports: z.array(supportRecordSchema) }),
    }),
  },
  jobs: {
    start: call({ in: z.strictObject({ ...project, spec: segmentSpecSchema }), out: jobRecordSchema }),
    pause: call({ in: z.strictObject({ ...project, jobId: idSchema }), out: jobRecordSchema }),
    resume: call({ in: z.strictObject({ ...project, jobId: idSchema }), out: jobRecordSchema }),
    cancel: call({ in: z.strictObject({ ...project, jobId: idSchema }), out: jobRecordSchema }),
    list: call({ in: z.strictObject(project), out: z.strictObject({ jobs: z.array(jobRecordSchema) }) }),
    failures: call({
      in: z.strictObject({ ...project, jobId: idSchema }),
      out: z.strictObject({ problems: z.array(problemSchema) }),
    }),
    progress: event(z.strictObject({ ...project, job: jobRecordSchema })),
  },
  review: {
    /** Accepts open proposals: these, or all of these images (of one class if given), and with `reviewed` marks the images finished. One history entry. */
    accept: call({
      in: z.strictObject({
        ...project,
        annotationIds: z.array(idSchema).optional(),
        imageIds: z.array(idSchema).optional(),
        classId: idSchema.optional(),
        reviewed: z.boolean().optional(),
      }),
      out: z.strictObject({ accepted: z.int() }),
    }),
    /** "Not here": removes what the image has of the class and remembers the verdict. */
    notHere: call({
      in: z.strictObject({ ...project, imageId: idSchema, classId: idSchema }),
      out: z.strictObject({ removed: z.int() }),
    }),
    setReviewed: call({
      in: z.strictObject({ ...project, imageIds: z.array(idSchema).min(1), reviewed: z.boolean() }),
      out: z.strictObject({ changed: z.int() }),
    }),
  },
  learn: {
    run: call({ in: z.strictObject({ ...project, classId: idSchema }), out: learnResultSchema, cancellable: true }),
    versions: call({
      in: z.strictObject({ ...project, classId: idSchema }),
      out: z.strictObject({ versions: z.array(versionRecordSchema), currentVersionId: idSchema.nullable() }),
    }),
    restore: call({
      in: z.strictObject({ ...project, classId: idSchema, versionId: idSchema }),
      out: z.strictObject({ version: versionRecordSchema }),
    }),
  },
  export: {
    run: call({
      in: z.strictObject({
        ...project,
        placeId: idSchema,
        name: z.string().trim().min(1).max(120),
        spec: exportSpecSchema,
      }),
      out: exportReportSchema,
      cancellable: true,
    }),
  },
})

export type Contract = typeof contract
export type ContractHandlers = Handlers<Contract>
export type Emit = EmitOf<Contract>

/** A file of the page: this much of the DOM's `File`, which shared code does not know. */
export interface GivenFile {
  readonly name: string
  readonly size: number
}

/** What a person dropped on the page or chose in a file field. */
export interface GivenFiles {
  /** The files and folders themselves: a folder counts as one. */
  readonly roots: readonly GivenFile[]
  /** Every file, with its path below what was given (`/` between names). */
  readonly walk: () => AsyncIterable<{ readonly path: string; readonly file: GivenFile }>
}

export interface ReceivedFiles {
  /** What `images.import` takes. */
  readonly placeIds: readonly string[]
  /** They were uploaded into a temporary folder: the import has to copy them. */
  readonly temporary: boolean
  /** What could not be received, and why. */
  readonly problems: readonly Problem[]
}

export type Bridge = BridgeOf<Contract> & {
  readonly media: (path: string, options?: Pick<CallOptions, 'signal'>) => Promise<MediaAnswer>
  /**
   * Turns given files into places that `images.import` takes: by their paths in a desktop window, by uploading them
   * in a browser. Progress counts files. Rejects with `Cancelled` when aborted.
   */
  readonly receive: (files: GivenFiles, options?: CallOptions) => Promise<ReceivedFiles>
  /** Tells when the connection to the Node side is lost or back. Returns the unsubscribe function. */
  readonly connection: (listener: (state: 'connected' | 'lost') => void) => () => void
}

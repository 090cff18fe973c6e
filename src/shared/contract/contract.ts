import { z } from '../zod.ts'
import { preferencesChangeSchema, preferencesSchema } from '../domain/preferences.ts'
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
import { errorRecordSchema } from '../errors.ts'
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

/** What a person is asked for: some pictures, the folder of a project, or any folder. */
export const placePurposes = ['images', 'project', 'folder'] as const
export type PlacePurpose = (typeof placePurposes)[number]

export const classSummarySchema = classRecordSchema.extend({
  currentVersionId: idSchema.nullable(),
  currentVersionNumber: z.int().nullable(),
  examples: z.int(),
  proposed: z.int(),
  accepted: z.int(),
  /** Accepted corrections that the current version has not learnt from yet, and its examples that changed since. */
  unlearned: z.int(),
  /** Its version was made by another model than the one in use: until it learns again, nothing can be segmented with it. */
  learnAgain: z.boolean(),
})
export type ClassSummary = z.infer<typeof classSummarySchema>

/** What a class has, by number: what deleting or merging it is about. */
export const classUsageSchema = z.strictObject({
  classId: idSchema,
  /** Images with an annotation of the class, in any state. */
  images: z.int(),
  accepted: z.int(),
  proposed: z.int(),
  /** Examples and held-out ones. */
  examples: z.int(),
  /** Images of which a person said "not here". */
  verdicts: z.int(),
  versions: z.int(),
})
export type ClassUsage = z.infer<typeof classUsageSchema>

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

export const problemSchema = z.strictObject({
  name: z.string(),
  /** One sentence, in English. */
  reason: z.string(),
  /** The error behind it, where there is one: the page says it in its own language. */
  error: errorRecordSchema.pick({ key: true, params: true }).optional(),
})
export type Problem = z.infer<typeof problemSchema>

/** Something to learn and segment with, by the name that a preference and the command line use. */
export const modelSummarySchema = z.strictObject({
  name: z.string(),
  origin: z.enum(['shipped', 'added']),
  /** What its manifest says; null where that cannot be read, or nothing was trained. */
  trainingData: z.string().nullable(),
  licence: z.string().nullable(),
  /** Size of its files, the backbone's with them; null where they cannot be read. */
  bytes: z.int().nullable(),
  /** Why it cannot be used; null when its files are what their manifest says. */
  problem: problemSchema.nullable(),
})
export type ModelSummary = z.infer<typeof modelSummarySchema>
const modelListSchema = z.strictObject({ models: z.array(modelSummarySchema) })

/** What the network can run on, by the names of the command line. */
export const deviceProviders = ['cpu', 'cuda', 'directml', 'coreml', 'webgpu'] as const
export const providers = ['auto', ...deviceProviders] as const
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
  /** The device that really ran, e.g. `CPU (onnxruntime 1.30, 2 threads)`; null before the first image. Names a device that failed, and why. */
  device: z.string().nullable(),
  /** Rate over the last images, and the time left by it; null before the first image. */
  imagesPerSecond: z.number().nullable(),
  secondsLeft: z.number().nullable(),
  /** Why it failed, one sentence. */
  reason: z.string().nullable(),
})
export type JobRecord = z.infer<typeof jobRecordSchema>

/**
 * What became of a device that was asked for alone. `passed` and `slower` work and agree with the CPU; only `passed`
 * is also faster. `missing`: its library is not here. `notStarted`: no session. `ignored`: accepted, but everything ran
 * on the CPU. `failedAtWork`: passed, and failed later.
 */
const deviceVerdicts = [
  'untried',
  'passed',
  'slower',
  'missing',
  'notStarted',
  'failed',
  'ignored',
  'different',
  'notNumbers',
  'crashed',
  'hung',
  'failedAtWork',
] as const

export const deviceReportSchema = z.strictObject({
  provider: z.enum(deviceProviders),
  verdict: z.enum(deviceVerdicts),
  /** The session could be made. */
  loaded: z.boolean(),
  /** It ran, nodes really ran on it, and the result is that of the CPU. */
  ran: z.boolean(),
  /** What the runtime said, or how its process ended; null when there is nothing to add. */
  detail: z.string().nullable(),
  /** Largest difference from the CPU, relative to each map's largest value; null when there are no numbers. */
  difference: z.number().nullable(),
  /** Largest difference that counts as the same result. */
  tolerance: z.number(),
  /** Best run of the test picture (448 x 448). */
  milliseconds: z.number().nullable(),
  /** The same on the CPU, measured beside it. */
  cpuMilliseconds: z.number().nullable(),
  /** Share of the executed nodes that ran on it, 0 to 1; the rest ran on the CPU. */
  nodeShare: z.number().nullable(),
  checkedAt: z.string().nullable(),
})
export type DeviceReport = z.infer<typeof deviceReportSchema>

export const deviceListSchema = z.strictObject({
  devices: z.array(deviceReportSchema),
  /** What `auto` uses, and why: the fastest that passed, none did, nothing was tried yet, or the variable says so. */
  auto: z.strictObject({
    provider: z.enum(deviceProviders),
    why: z.enum(['fastest', 'noneBetter', 'untried', 'variable']),
  }),
  /** Version of onnxruntime. */
  runtimeVersion: z.string(),
  /** Graphics hardware and driver as far as the system tells; null when it does not. */
  hardware: z.string().nullable(),
})
export type DeviceList = z.infer<typeof deviceListSchema>
/** Why *Learn* may adopt nothing: no correction since, or as many examples as a class can hold. */
const refusals = ['nothingNew', 'full'] as const

export const learnResultSchema = z.strictObject({
  adopted: z.boolean(),
  version: versionRecordSchema.nullable(),
  /** Why nothing was adopted, one sentence in English; null when adopted. */
  reason: z.string().nullable(),
  /** The same for the page's own words; null when adopted or for a reason that has only its sentence. */
  reasonKey: z.enum(refusals).nullable(),
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
  /** Images whose file was gone and that are at home in one of these files from now on. */
  restored: z.int(),
  problems: z.array(problemSchema),
  /** What a person should know of files that were added, e.g. that only their first page was. */
  notices: z.array(problemSchema),
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
        /** Where the program and its licences are, and where it keeps its settings. For display only. */
        folders: z.strictObject({ program: z.string(), configuration: z.string() }),
        /** Whether `places.choose` works here: it shows the system's own dialog. */
        nativeDialogs: z.boolean(),
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
    /** A project was opened from outside the page: by a second start, or a file that was opened with the program. */
    projectOpened: event(z.strictObject(project)),
  },
  devices: {
    /** What is known of each device on this machine. Tries nothing. */
    list: call({ in: none, out: deviceListSchema }),
    /** Tries every device anew, each in a process of its own. */
    check: call({ in: none, out: deviceListSchema, cancellable: true }),
    /** A device failed while it worked; the work goes on without it. */
    failed: event(deviceReportSchema),
  },
  models: {
    list: call({ in: none, out: modelListSchema }),
    /** Copies an exported model with its manifest, after it has been tried. */
    add: call({
      in: z.strictObject({ placeId: idSchema }),
      out: modelListSchema.extend({ added: z.string() }),
      cancellable: true,
    }),
  },
  preferences: {
    get: call({ in: none, out: preferencesSchema }),
    /** Changes what is named and answers with all of them. */
    set: call({ in: preferencesChangeSchema, out: preferencesSchema }),
    changed: event(preferencesSchema),
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
    /** Lets the person choose in the system's own dialog; empty when they cancel. `Unsupported` in a browser. */
    choose: call({
      in: z.strictObject({ purpose: z.enum(placePurposes) }),
      out: z.strictObject({ places: z.array(placeSchema) }),
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
    /** Looks at the files of images set aside: `back` hold their picture again, `setAside` do not. */
    lookAgain: call({
      in: z.strictObject(project),
      out: z.strictObject({ back: z.int(), setAside: z.int() }),
      cancellable: true,
    }),
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
  classes: {
    usage: call({ in: z.strictObject(project), out: z.strictObject({ usage: z.array(classUsageSchema) }) }),
    /** Deletes classes with everything they have. One history entry. */
    remove: call({
      in: z.strictObject({ ...project, classIds: z.array(idSchema).min(1) }),
      /** Annotations that went with them. */
      out: z.strictObject({ removed: z.int() }),
    }),
    /** Gives everything a class has to another one and deletes it. One history entry. */
    merge: call({
      in: z.strictObject({ ...project, classId: idSchema, intoId: idSchema }),
      /** Annotations that changed class. */
      out: z.strictObject({ moved: z.int() }),
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

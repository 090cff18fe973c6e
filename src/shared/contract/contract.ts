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
import { splitSchema } from '../domain/split.ts'
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

/** Files that a list of places shows: pictures, files that may hold annotations, or none. */
export const placeFiles = ['images', 'data', 'none'] as const
export type PlaceFiles = (typeof placeFiles)[number]

/** What a person is asked for: some pictures, a file of annotations, the folder of a project, or any folder. */
export const placePurposes = ['images', 'data', 'project', 'folder'] as const
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

/** What a report says of what did not work; `problemCount` has the number of it. */
const foundProblems = {
  problems: z.array(problemSchema),
  /** How many more there were than are listed; absent where all are. */
  unlisted: z.int().positive().optional(),
}

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

export const formatNames = ['coco', 'coco-results', 'voc', 'yolo', 'labelme', 'cvat', 'masks', 'png-objects'] as const

/**
 * What the rings of a file run along. `edges`: the edges of the pixels, exact by COCO's rule. `centres`: the centres of the
 * border pixels, exact for whoever fills outlines with their edge, as OpenCV's `fillPoly` does.
 */
export const outlineSchema = z.enum(['edges', 'centres'])
export type Outline = z.infer<typeof outlineSchema>

export const exportSpecSchema = z.strictObject({
  format: z.enum(formatNames),
  segmentation: z.enum(['polygon', 'rle', 'rle-uncompressed']),
  include: z.enum(['accepted', 'proposed', 'all']),
  images: z.enum(['none', 'copy', 'link']),
  /** YOLO: an object of several parts becomes one object a part (default), or is its largest part alone. */
  parts: z.enum(['split', 'largest']).optional(),
  /** YOLO: default `edges`. */
  outline: outlineSchema.optional(),
  /**
   * COCO only, for pictures with an EXIF orientation other than 1. `displayed`: originals, masks as displayed. `upright`:
   * copies with the orientation applied. `stored`: originals, masks and sizes on the pixels as the file stores them; of a
   * TIFF, which some readers always turn, a copy that says orientation 1.
   */
  orientation: z.enum(['displayed', 'upright', 'stored']),
  /** COCO polygons only: how far corners may be moved off the outline, in pixels; 0 loses nothing. */
  simplify: z.number().min(0).max(20),
  /** Null writes everything as one. */
  split: splitSchema.nullable(),
})
export type ExportSpec = z.infer<typeof exportSpecSchema>

/** Programs that read COCO files, of which it is known what they drop or change. */
export const readers = ['pycocotools', 'cvat', 'detectron2', 'ultralytics', 'fiftyone'] as const
export type Reader = (typeof readers)[number]

/** What a reader would make of an export, simulated by its published rules. */
export const preflightReportSchema = z.strictObject({
  reader: z.enum(readers),
  images: z.int(),
  annotations: z.int(),
  /** Annotations that would be gone, have other pixels, or need the reader to be told something (images too). */
  dropped: z.int(),
  changed: z.int(),
  notes: z.int(),
  /** Lowest IoU of a mask with what the reader has of it; 1 when none is changed. */
  worstIou: z.number(),
  /** The first 500. */
  findings: z.array(
    z.strictObject({
      /** The image. */
      name: z.string(),
      annotationId: idSchema.nullable(),
      className: z.string().nullable(),
      kind: z.enum(['dropped', 'changed', 'note']),
      reason: z.string(),
      iou: z.number().nullable(),
    }),
  ),
  /** Mean IoU of the masks with what the reader has of them; 1 where no pixels are compared. */
  meanIou: z.number(),
  /** Changes of the export that make findings go away, the one that helps most first. */
  fixes: z.array(
    z.strictObject({
      sentence: z.string(),
      change: z.union([
        exportSpecSchema.pick({ segmentation: true }),
        exportSpecSchema.pick({ format: true }).extend({ outline: outlineSchema }),
      ]),
      /** What `meanIou` would be; null where it is not about pixels. */
      meanIou: z.number().nullable(),
    }),
  ),
})
export type PreflightReport = z.infer<typeof preflightReportSchema>

export const exportReportSchema = z.strictObject({
  /** Files written, relative to the export folder: the first 1,000. */
  files: z.array(z.string()),
  /** For display only. */
  location: z.string(),
  images: z.int(),
  annotations: z.int(),
  /** Masks re-read from the written files and equal to the stored ones, pixel by pixel. */
  identical: z.int(),
  /** Set where they were compared as that program fills outlines, for which the file is made, and not by COCO's rule. */
  filledAs: z.literal('ultralytics').optional(),
  /** What simplified polygons cost: how much of each mask is still right, as intersection over union, 0 to 1. */
  simplification: z.strictObject({ masks: z.int(), meanIou: z.number(), minIou: z.number() }).optional(),
  /** Of a split, in its order: what was wanted and what groups that stay whole made of it. Shares are 0 to 1. */
  subsets: z
    .array(z.strictObject({ name: z.string(), share: z.number(), images: z.int(), reached: z.number() }))
    .optional(),
  /** Files of an earlier export into this folder that went, since this one does not have them. */
  removed: z.int().optional(),
  ...foundProblems,
})
export type ExportReport = z.infer<typeof exportReportSchema>

/** What there is of things that not every format holds; compare `FormatSummary.holds`. */
export const exportContentsSchema = z.strictObject({
  boxes: z.int(),
  /** Masks of several parts. */
  parts: z.int(),
  /** Masks that have pixels in common with another one. */
  overlaps: z.int(),
  /** Masks beside another one of their class in the same image. */
  instances: z.int(),
  /** Classes that belong to another one. */
  parents: z.int(),
  /** False where there is so much that only a part of it was looked at. */
  isWhole: z.boolean(),
})
export type ExportContents = z.infer<typeof exportContentsSchema>

/** What can be read, as what annotations of images that the project has. */
export const annotationImportSpecSchema = z.strictObject({
  format: z.enum(formatNames),
  as: z.enum(['accepted', 'proposed']),
  /**
   * Where an image has annotations of a class already and the file brings others: both, or only what is there, or only
   * what the file brings. What is there already pixel by pixel is never doubled.
   */
  conflicts: z.enum(['both', 'keep', 'replace']),
  /**
   * Which images count as looked at and empty. `stated` (default): those of which the data set says so; `reviewed`: all
   * that it lists without an annotation; `unlabelled`: none.
   */
  empty: z.enum(['stated', 'reviewed', 'unlabelled']).optional(),
  /**
   * Where the masks of pictures lie that have an EXIF orientation other than 1: on the picture as displayed (default), or on
   * the pixels as its file stores them. A file that says it itself is believed.
   */
  orientation: z.enum(['displayed', 'stored']).optional(),
  /** YOLO: what the rings run along (default `edges`). A data set that says it itself is believed. */
  outline: outlineSchema.optional(),
  /** Says what would happen and changes nothing. */
  dryRun: z.boolean(),
})
export type AnnotationImportSpec = z.infer<typeof annotationImportSpecSchema>

export const annotationImportReportSchema = z.strictObject({
  /** Annotations brought in, and the images they came to. */
  annotations: z.int(),
  images: z.int(),
  /** Names of the classes that the project did not have. */
  classes: z.array(z.string()),
  /** In the file and, pixel by pixel, in the project already. */
  unchanged: z.int(),
  /** Left out because the image has annotations of the class (`keep`). */
  kept: z.int(),
  /** Removed from the project for those of the file (`replace`). */
  replaced: z.int(),
  /** There already pixel by pixel, but of a group of objects in one and of a single one in the other: taken over (`replace`), or left. */
  crowdsChanged: z.int(),
  crowdsKept: z.int(),
  /** Images with annotations marked as reviewed, since the file says that a person has finished them. */
  reviewed: z.int(),
  /** Images marked as looked at and empty; and those of which the file says so although they have accepted annotations. */
  reviewedEmpty: z.int(),
  notEmpty: z.int(),
  /** Images that the file speaks of and the project does not have, and those added for it from the folder of the pictures. */
  missing: z.int(),
  added: z.int(),
  /** Images whose masks were turned from stored pixels, and those left out because they fit only in the other orientation. */
  turned: z.int(),
  otherOrientation: z.int(),
  ...foundProblems,
})
export type AnnotationImportReport = z.infer<typeof annotationImportReportSchema>

/** What a format can hold, so that nobody has to find out by losing it; as `main/formats/registry.ts` has it. */
export const formatSummarySchema = z.strictObject({
  id: z.enum(formatNames),
  imports: z.enum(['file', 'folder']),
  /** As what its annotations come in where nobody says otherwise. */
  brings: annotationImportSpecSchema.shape.as,
  /**
   * What of an export this format leaves to choose, besides annotations and pictures; the others are not heeded. With
   * `outline` an import of it leaves that to choose too.
   */
  options: z.array(z.enum(['segmentation', 'parts', 'outline', 'orientation', 'simplify', 'split'])),
  holds: z.strictObject({
    /** Objects of one class apart from each other. */
    instances: z.boolean(),
    /** Two masks on one pixel. */
    overlaps: z.boolean(),
    boxes: z.boolean(),
    /** One object of several pieces, told apart from several objects. */
    parts: z.boolean(),
    holes: z.boolean(),
    /** Which class belongs to which. */
    parents: z.boolean(),
    /** An image that was looked at and shows nothing, apart from one that nobody has looked at. */
    empty: z.boolean(),
  }),
})
export type FormatSummary = z.infer<typeof formatSummarySchema>
/** In the order of tables and lists. */
export const formatProperties = formatSummarySchema.shape.holds.keyof().options

export const importReportSchema = z.strictObject({
  batchId: idSchema.nullable(),
  added: z.int(),
  /** Files whose content the project already holds. */
  duplicates: z.int(),
  /** Images whose file was gone and that are at home in one of these files from now on. */
  restored: z.int(),
  ...foundProblems,
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
    /** `placeId: null` lists the roots. `files`: which files are shown beside the folders. */
    list: call({
      in: z.strictObject({ placeId: idSchema.nullable(), files: z.enum(placeFiles) }),
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
  annotations: {
    /** Brings what a file or folder of this format says to the images of the project, in one undoable step. */
    import: call({
      in: z.strictObject({
        ...project,
        placeId: idSchema,
        spec: annotationImportSpecSchema,
        /** A folder with pictures that the project may not have yet: those that the file speaks of are added first. */
        imagesPlaceId: idSchema.optional(),
      }),
      out: annotationImportReportSchema,
      cancellable: true,
    }),
  },
  formats: {
    list: call({ in: none, out: z.strictObject({ formats: z.array(formatSummarySchema) }) }),
    /** What a file or folder with annotations is, and which file or folder is to be read then. */
    recognise: call({
      in: z.strictObject({ placeId: idSchema }),
      out: z.strictObject({ format: z.enum(formatNames), place: placeSchema }),
      cancellable: true,
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
    /** What the export would have of things that not every format holds. */
    contents: call({
      in: z.strictObject({ ...project, include: exportSpecSchema.shape.include }),
      out: exportContentsSchema,
      cancellable: true,
    }),
    /** What a reader of the COCO file would drop or change; writes nothing. */
    preflight: call({
      in: z.strictObject({ ...project, spec: exportSpecSchema, reader: z.enum(readers) }),
      out: preflightReportSchema,
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

import type {
  ClassSummary,
  ClassUsage,
  ImageFilter,
  ImageSort,
  ImageSummary,
  JobRecord,
  Problem,
  SegmentSpec,
} from '../../shared/contract/contract.ts'
import type { PackedMask } from '../../shared/contract/mask-pack.ts'
import type { HistoryEntry, HistoryHeader, HistoryState, MaskTile } from '../../shared/domain/history.ts'
import type {
  AnnotationCore,
  AnnotationRecord,
  ClassRecord,
  ImageRecord,
  ImageStatus,
  SupportRecord,
  VerdictRecord,
  VersionRecord,
} from '../../shared/domain/records.ts'

/**
 * One project on disk. Synchronous (better-sqlite3): every method is one short transaction, so a
 * caller that gets an answer knows it is on disk (`synchronous=FULL`). Ids that do not exist throw
 * `NotFound`; a `before` that is not the current state throws `Conflict`.
 */

export interface StoreChange {
  readonly revision: number
  readonly imageIds: readonly string[]
  /** Any image may have changed (class renamed, batch hidden, …). */
  readonly all: boolean
}

export interface NewImage {
  readonly record: Omit<ImageRecord, 'reviewed' | 'problem' | 'addedAt'>
  /** Absolute path of the original; relative to the project folder when the image was copied into it. */
  readonly path: string
}

export interface NewProposal {
  readonly core: AnnotationCore
  readonly tiles: readonly MaskTile[]
}

export interface NewVersion {
  readonly record: Omit<VersionRecord, 'number' | 'hash'>
  /** `ClassState.bytes` and the encoded supports it was fitted from, in the order of `record.supports`. */
  readonly state: Uint8Array
  readonly supportStates: readonly Uint8Array[]
}

export interface StoredVersion {
  readonly record: VersionRecord
  readonly state: Uint8Array
  readonly supportStates: readonly Uint8Array[]
}

/** Records that have a number in exported files. */
export type NumberedKind = 'image' | 'class' | 'annotation'

export interface JobCounts {
  readonly total: number
  readonly done: number
  readonly failed: number
}

/** A job as stored; rates and device live in the runner. */
export type StoredJob = Pick<JobRecord, 'id' | 'spec' | 'state' | 'createdAt' | 'finishedAt' | 'device' | 'reason'> &
  JobCounts

export interface ProjectStore {
  readonly folder: string
  readonly projectId: string
  readonly name: () => string
  readonly revision: () => number
  /** Called after every committed transaction that changed something. Returns the unsubscribe function. */
  readonly onChange: (listener: (change: StoreChange) => void) => () => void

  readonly images: {
    /** Inserts rows of an existing batch, hidden ones too. Returns how many were new (same content or name twice is skipped). */
    readonly insert: (images: readonly NewImage[]) => number
    readonly get: (imageId: string) => ImageRecord
    readonly byName: (name: string) => ImageRecord | undefined
    readonly byContentHash: (contentHash: string) => ImageRecord | undefined
    /** Absolute path of the original. */
    readonly path: (imageId: string) => string
    readonly list: (query: {
      readonly filter: ImageFilter
      readonly sort: ImageSort
      readonly offset: number
      readonly limit: number
    }) => {
      readonly total: number
      readonly items: readonly ImageSummary[]
    }
    readonly neighbour: (query: {
      readonly imageId: string
      readonly direction: 1 | -1
      readonly filter: ImageFilter
      readonly sort: ImageSort
    }) => string | null
    readonly status: (imageId: string) => ImageStatus
    readonly counts: () => Readonly<Record<ImageStatus, number>>
    /** Ids in name order for a job: visible, not set aside. `proposals`: with an open proposal of one of the classes. */
    readonly idsForJob: (scope: 'unreviewed' | 'all' | 'proposals', classIds: readonly string[]) => readonly string[]
    /** All visible images in name order, one at a time, for export. */
    readonly iterate: () => IterableIterator<ImageRecord>
    /** Sets an image aside with a reason, or brings it back with null. Not history. */
    /** The picture lies elsewhere from now on (absolute, or below the project folder); it is no longer set aside. */
    readonly relocate: (imageId: string, path: string) => void
    readonly setProblem: (imageId: string, problem: string | null) => void
  }
  readonly classes: {
    readonly list: () => readonly Omit<ClassSummary, 'learnAgain'>[]
    readonly get: (classId: string) => ClassRecord
    readonly byName: (name: string) => ClassRecord | undefined
    /** What each class has, in the order of `list`. */
    readonly usage: () => readonly ClassUsage[]
  }
  readonly annotations: {
    readonly get: (annotationId: string) => AnnotationRecord
    readonly ofImage: (imageId: string) => readonly AnnotationRecord[]
    /** In any state, image by image. */
    readonly ofClass: (classId: string) => readonly AnnotationRecord[]
    readonly proposedOf: (query: {
      readonly classId?: string | undefined
      readonly imageIds?: readonly string[] | undefined
    }) => readonly AnnotationRecord[]
    /** Accepted `corrected` masks of a class that are not supports, newest first. */
    readonly unlearned: (classId: string) => readonly AnnotationRecord[]
    readonly tiles: (annotationId: string) => readonly MaskTile[]
    readonly masksOfImage: (imageId: string) => readonly PackedMask[]
  }
  readonly supports: {
    readonly ofClass: (classId: string) => readonly SupportRecord[]
    readonly ofImage: (imageId: string) => readonly SupportRecord[]
  }
  readonly verdicts: {
    readonly ofImage: (imageId: string) => readonly VerdictRecord[]
    readonly ofClass: (classId: string) => readonly VerdictRecord[]
  }

  /** Numbers of records in exported files, from 1. They are no history: undoing an import leaves them. */
  readonly numbers: {
    /** Numbers every visible image, every class and every visible annotation of these states that has none yet. */
    readonly assign: (states: readonly AnnotationCore['state'][]) => void
    /** Undefined when the record has none yet. */
    readonly of: (kind: NumberedKind, recordId: string) => number | undefined
    /**
     * Gives records the numbers that a file has for them. A record keeps a number it has, and a number stays with a record
     * that exists. Returns how many have what was wanted.
     */
    readonly claim: (kind: NumberedKind, wanted: ReadonlyMap<string, number>) => number
  }

  readonly history: {
    /** Applies the operations and writes the entry in one transaction. An id already written is acknowledged again. */
    readonly commit: (entry: HistoryEntry) => HistoryState
    readonly undo: () => { readonly state: HistoryState; readonly entry: HistoryHeader | null }
    readonly redo: () => { readonly state: HistoryState; readonly entry: HistoryHeader | null }
    readonly state: () => HistoryState
  }

  readonly versions: {
    /** Numbers, hashes and stores a version; it becomes current only through a `version` operation. */
    readonly add: (version: NewVersion) => VersionRecord
    readonly get: (versionId: string) => VersionRecord
    readonly ofClass: (classId: string) => readonly VersionRecord[]
    /** Null when the class has learnt nothing; throws `NotFound` when there is no such class. */
    readonly current: (classId: string) => VersionRecord | null
    /** Verifies the hash: throws `ModelMismatch` naming the class and version when the bytes were altered. */
    readonly load: (versionId: string) => StoredVersion
  }

  readonly jobs: {
    readonly create: (spec: SegmentSpec, imageIds: readonly string[]) => StoredJob
    readonly get: (jobId: string) => StoredJob
    /** Newest first. */
    readonly list: () => readonly StoredJob[]
    readonly setState: (
      jobId: string,
      state: JobRecord['state'],
      details?: { readonly reason?: string; readonly device?: string },
    ) => StoredJob
    /** The next images not done or failed yet, in job order. */
    readonly pending: (jobId: string, limit: number) => readonly string[]
    /**
     * One transaction: replaces the open proposals of these classes in the image by the new ones and marks
     * the item done. Accepted annotations and "not here" verdicts are never touched: proposals for a class
     * with a verdict, or with an accepted annotation when the class is not split into instances, are dropped.
     * A proposal that an applied history entry speaks of (painted on, imported) counts as accepted here.
     * Does nothing when the item is done already. Returns whether it wrote.
     */
    readonly finishItem: (
      jobId: string,
      imageId: string,
      classIds: readonly string[],
      proposals: readonly NewProposal[],
    ) => boolean
    readonly failItem: (jobId: string, imageId: string, reason: string) => void
    readonly failures: (jobId: string) => readonly Problem[]
  }

  /** `ok` or what SQLite found. */
  readonly integrityCheck: () => string
  readonly close: () => void
}

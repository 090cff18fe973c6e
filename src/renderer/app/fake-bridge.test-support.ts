import { formatNames } from '../../shared/contract/contract.ts'
import type {
  AnnotationImportReport,
  AnnotationImportSpec,
  Bridge,
  ClassSummary,
  DeviceList,
  DeviceReport,
  ExportContents,
  ExportReport,
  ExportSpec,
  FormatSummary,
  GivenFiles,
  ImageFilter,
  ImageSummary,
  ImportReport,
  JobRecord,
  ModelSummary,
  Place,
  PlaceFiles,
  PreflightReport,
  Problem,
  ProjectInfo,
  Reader,
  ReceivedFiles,
} from '../../shared/contract/contract.ts'
import type { CallOptions, MediaAnswer } from '../../shared/contract/define.ts'
import type { HistoryEntry, HistoryHeader } from '../../shared/domain/history.ts'
import { classColour } from '../../shared/domain/palette.ts'
import { defaultPreferences, preferencesSchema } from '../../shared/domain/preferences.ts'
import type { Preferences, PreferencesChange } from '../../shared/domain/preferences.ts'
import { imageStatuses } from '../../shared/domain/records.ts'
import type { AnnotationRecord, ImageStatus, SupportRecord, VersionRecord } from '../../shared/domain/records.ts'
import { AppError } from '../../shared/errors.ts'

export interface FakeOptions {
  readonly imageCount?: number
  readonly classNames?: readonly string[]
  /** Projects that are open on the Node side. */
  readonly open?: readonly string[]
  readonly hasSample?: boolean
  readonly recent?: readonly { readonly recentId: string; readonly name: string; readonly missing: boolean }[]
  /** What the person chooses in the system's dialog; without it there is none, as in a browser. */
  readonly chosen?: readonly Place[]
  readonly media?: (path: string) => Promise<MediaAnswer>
  readonly exportReport?: Partial<ExportReport>
  readonly exportContents?: Partial<ExportContents>
  readonly importReport?: Partial<ImportReport>
  readonly annotationImport?: Partial<AnnotationImportReport>
  /** What every place is recognised as, or why it is not; default: a file as COCO, a folder as masks. */
  readonly recognised?: FormatSummary['id'] | AppError
  /** What `receive` waits for after it has seen all files. */
  readonly receiving?: (signal: AbortSignal | undefined) => Promise<void>
  /** Images set aside, by number, and why. */
  readonly setAside?: readonly (readonly [number, string])[]
  readonly receiveProblems?: readonly Problem[]
  readonly devices?: DeviceList
  readonly models?: readonly ModelSummary[]
  /** Why a model cannot be added; default: one can. */
  readonly addModel?: AppError
  /** Answers `devices.check`; default: at once, with the same list. */
  readonly checkDevices?: (call: CallOptions) => Promise<DeviceList>
}

export interface FakeBridge {
  readonly bridge: Bridge
  /** Calls in order: `images.list`, …, with their input. */
  readonly calls: { readonly name: string; readonly input: unknown }[]
  readonly classes: ClassSummary[]
  /** Of all images. Whoever adds one without `emitChanged` leaves the page as it is a moment after a commit. */
  readonly annotations: AnnotationRecord[]
  readonly jobs: JobRecord[]
  readonly openMedia: () => number
  readonly emitChanged: (change?: { readonly imageIds?: string[]; readonly all?: boolean }) => void
  readonly emitJob: (job: JobRecord) => void
  /** What another window chose. */
  readonly emitPreferences: (next: Preferences) => void
  /** The same without the event. */
  readonly missPreferences: (next: Preferences) => void
  readonly emitProjectOpened: (projectId: string) => void
  readonly emitDeviceFailed: (report: DeviceReport) => void
  readonly emitConnection: (state: 'connected' | 'lost') => void
}

const projectId = 'p1'
const day = '2026-03-01T10:00:00.000Z'

const allHeld = {
  instances: true,
  overlaps: true,
  boxes: true,
  parts: true,
  holes: true,
  parents: true,
  empty: true,
}
const fakeFormats: readonly FormatSummary[] = formatNames.map((id) => ({
  id,
  imports: id === 'coco' ? 'file' : 'folder',
  brings: id === 'coco-results' ? 'proposed' : 'accepted',
  options:
    id === 'coco'
      ? ['segmentation', 'orientation', 'simplify', 'split']
      : id === 'yolo'
        ? ['parts', 'outline', 'split']
        : [],
  holds: id === 'coco' ? allHeld : { ...allHeld, overlaps: false, boxes: false },
}))

const fakePlaces: Readonly<Record<string, Place>> = {
  home: { placeId: 'home', name: 'home', kind: 'folder', isProject: false },
  disk: { placeId: 'disk', name: 'disk', kind: 'folder', isProject: false },
  photos: { placeId: 'photos', name: 'photos', kind: 'folder', isProject: false },
  workshop: { placeId: 'workshop', name: 'workshop', kind: 'folder', isProject: true },
  instances: { placeId: 'instances', name: 'instances.json', kind: 'file', isProject: false },
  bolt: { placeId: 'bolt', name: 'bolt-001.jpg', kind: 'file', isProject: false },
}

function fakeClass(name: string, position: number): ClassSummary {
  return {
    id: `c${position}`,
    name,
    colour: classColour(position),
    key: String((position + 1) % 10),
    parentId: null,
    split: 'region',
    position,
    currentVersionId: position === 0 ? 'v2' : null,
    currentVersionNumber: position === 0 ? 2 : null,
    examples: position === 0 ? 3 : 0,
    proposed: position === 0 ? 812 : 0,
    accepted: position === 0 ? 96 : 0,
    unlearned: position === 0 ? 4 : 0,
    learnAgain: false,
  }
}

export function fakeJob(change: Partial<JobRecord> = {}): JobRecord {
  return {
    id: 'j1',
    spec: { kind: 'segment', classIds: 'all', images: 'unreviewed', provider: 'auto', detail: 'normal' },
    state: 'running',
    total: 400,
    done: 120,
    failed: 0,
    createdAt: day,
    finishedAt: null,
    device: 'CPU (onnxruntime 1.30, 2 threads)',
    imagesPerSecond: 3.4,
    secondsLeft: 82,
    reason: null,
    ...change,
  }
}

export function fakeModel(change: Partial<ModelSummary> = {}): ModelSummary {
  return {
    name: 'msdnet',
    origin: 'shipped',
    trainingData: 'photographs',
    licence: 'Apache-2.0',
    bytes: 20_400_000,
    problem: null,
    ...change,
  }
}

export function fakeDevice(change: Partial<DeviceReport> = {}): DeviceReport {
  return {
    provider: 'cpu',
    verdict: 'passed',
    loaded: true,
    ran: true,
    detail: null,
    difference: 0,
    tolerance: 1e-4,
    milliseconds: 80,
    cpuMilliseconds: 80,
    nodeShare: 1,
    checkedAt: day,
    ...change,
  }
}

export function fakeDevices(change: Partial<DeviceList> = {}): DeviceList {
  return {
    devices: [fakeDevice()],
    auto: { provider: 'cpu', why: 'noneBetter' },
    runtimeVersion: '1.30.0',
    hardware: null,
    ...change,
  }
}

function statusOf(index: number): ImageStatus {
  const cycle: readonly ImageStatus[] = [
    'proposals',
    'reviewed',
    'unlabelled',
    'proposals',
    'labelled',
    'reviewedEmpty',
  ]
  return cycle[index % cycle.length] ?? 'unlabelled'
}

function imageAt(index: number): ImageSummary {
  const status = statusOf(index)
  const proposed = status === 'proposals' ? 1 + (index % 3) : 0
  const count = status === 'unlabelled' || status === 'reviewedEmpty' ? 0 : proposed + 1
  return {
    id: `i${index}`,
    contentHash: `hash${index}`,
    name: `day-${Math.floor(index / 1000)}/IMG_${String(index).padStart(6, '0')}.jpg`,
    width: 1200,
    height: 800,
    orientation: 1,
    format: 'jpeg',
    batchId: 'b1',
    reviewed: status === 'reviewed' || status === 'reviewedEmpty',
    problem: null,
    addedAt: day,
    status,
    annotationCount: count,
    proposedCount: proposed,
    lowestScore: proposed > 0 ? (index % 100) / 100 : null,
    overlayRevision: 1,
  }
}

/** A label map of one slot: the left half, proposed. */
function overlayBytes(): Uint8Array<ArrayBuffer> {
  const width = 12
  const height = 8
  const bytes = new Uint8Array(6 + 4 + width * height)
  new DataView(bytes.buffer).setUint16(0, width, true)
  new DataView(bytes.buffer).setUint16(2, height, true)
  new DataView(bytes.buffer).setUint16(4, 1, true)
  bytes.set([230, 159, 0, 1], 6)
  for (let at = 0; at < width * height; at++) bytes[10 + at] = at % width < width / 2 ? 1 : 0
  return bytes
}

async function drawThumbnail(): Promise<Uint8Array<ArrayBuffer>> {
  const canvas = new OffscreenCanvas(12, 8)
  const context = canvas.getContext('2d')
  if (context !== null) {
    context.fillStyle = '#557'
    context.fillRect(0, 0, 12, 8)
  }
  return new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg' })).arrayBuffer())
}

/**
 * A bridge to a project that only exists in memory, for component tests: the contract's types, no Node
 * side. Images are computed from their number, so that 100,000 of them cost nothing.
 */
export function createFakeBridge(options: FakeOptions = {}): FakeBridge {
  const imageCount = options.imageCount ?? 12
  const aside = new Map(options.setAside)
  const classes = (options.classNames ?? ['bolt', 'nut']).map(fakeClass)
  const jobs: JobRecord[] = []
  const models = [...(options.models ?? [fakeModel(), fakeModel({ name: 'training-free', bytes: 17_300_000 })])]
  const calls: { readonly name: string; readonly input: unknown }[] = []
  const changed = new Set<Parameters<Bridge['project']['changed']>[0]>()
  const progressed = new Set<Parameters<Bridge['jobs']['progress']>[0]>()
  const preferring = new Set<Parameters<Bridge['preferences']['changed']>[0]>()
  const opened = new Set<Parameters<Bridge['app']['projectOpened']>[0]>()
  const failedDevices = new Set<Parameters<Bridge['devices']['failed']>[0]>()
  const connected = new Set<Parameters<Bridge['connection']>[0]>()
  let kept: Preferences = defaultPreferences
  let revision = 1
  let openMedia = 0
  let undone: HistoryHeader | null = null
  let done: HistoryHeader | null = null
  const annotations: AnnotationRecord[] = []
  const supports: SupportRecord[] = classes.slice(0, 1).flatMap((each) =>
    [1, 4, 7].map((index) => ({
      annotationId: `a${index}`,
      classId: each.id,
      imageId: `i${index}`,
      role: 'example' as const,
      addedAt: day,
    })),
  )
  const versions: VersionRecord[] = [1, 2].map((number) => ({
    id: `v${number}`,
    classId: 'c0',
    number,
    parentId: number === 1 ? null : 'v1',
    createdAt: day,
    predictor: 'training-free',
    modelHash: 'm',
    hash: 'h',
    supports: supports.map((support) => ({
      annotationId: support.annotationId,
      imageId: support.imageId,
      contentHash: 'hash',
      maskHash: 'hash',
    })),
    threshold: 0.5,
    scores: { leaveOneOutIoU: 0.61 + number / 50 },
  }))

  function matches(image: ImageSummary, filter: ImageFilter): boolean {
    if (filter.statuses !== undefined && !filter.statuses.includes(image.status)) return false
    return filter.text === undefined || image.name.toLowerCase().includes(filter.text.toLowerCase())
  }

  function find(filter: ImageFilter, offset: number, limit: number): { total: number; items: ImageSummary[] } {
    if (filter.statuses === undefined && filter.text === undefined) {
      const count = Math.max(0, Math.min(limit, imageCount - offset))
      return { total: imageCount, items: Array.from({ length: count }, (_, at) => shownAt(offset + at)) }
    }
    const all = Array.from({ length: imageCount }, (_, at) => shownAt(at)).filter((image) => matches(image, filter))
    return { total: all.length, items: all.slice(offset, offset + limit) }
  }

  function shownAt(index: number): ImageSummary {
    const problem = aside.get(index) ?? null
    return problem === null ? imageAt(index) : { ...imageAt(index), problem, status: 'setAside' }
  }

  function info(): ProjectInfo {
    const images: Record<ImageStatus, number> = Object.fromEntries(
      imageStatuses.map((status) => [status, 0]),
    ) as Record<ImageStatus, number>
    for (let at = 0; at < imageCount; at++) images[aside.has(at) ? 'setAside' : statusOf(at)]++
    return {
      projectId,
      name: 'Workshop parts',
      location: '/home/me/workshop',
      revision,
      images,
      imageCount,
      classes: classes.toSorted((a, b) => a.position - b.position),
    }
  }

  function emitChanged(change: { readonly imageIds?: string[]; readonly all?: boolean } = {}): void {
    revision++
    for (const listener of changed) {
      listener({ projectId, revision, imageIds: change.imageIds ?? [], all: change.all ?? false })
    }
  }

  function apply(entry: HistoryEntry): void {
    for (const operation of entry.operations) {
      if (operation.kind !== 'class') continue
      const id = (operation.after ?? operation.before)?.id
      const at = classes.findIndex((each) => each.id === id)
      if (operation.after === null) classes.splice(at, 1)
      else if (at < 0) classes.push({ ...fakeClass(operation.after.name, 99), ...operation.after })
      else classes.splice(at, 1, { ...fakeClass('', at), ...classes[at], ...operation.after })
    }
    const { operations: _operations, ...header } = entry
    done = header
    undone = null
    emitChanged()
  }

  const recorded =
    <Input, Result>(name: string, run: (input: Input, call?: CallOptions) => Result | Promise<Result>) =>
    (input: Input, call?: CallOptions): Promise<Result> => {
      calls.push({ name, input })
      return Promise.resolve(run(input, call))
    }

  const state = () => ({ revision, undo: done, redo: undone })

  const bridge = {
    app: {
      info: recorded('app.info', () => ({
        version: '0.1.0',
        folders: { program: '/opt/exemplar', configuration: '/home/me/.config/exemplar-studio' },
        nativeDialogs: options.chosen !== undefined,
        open: [...(options.open ?? [])],
        hasSample: options.hasSample ?? false,
        recent: (options.recent ?? []).map((each) => ({ ...each, location: `/home/me/${each.name}`, openedAt: day })),
      })),
      projectOpened: (listener: Parameters<Bridge['app']['projectOpened']>[0]) => {
        opened.add(listener)
        return () => opened.delete(listener)
      },
    },
    preferences: {
      get: recorded('preferences.get', () => kept),
      set: recorded('preferences.set', (change: PreferencesChange) => {
        kept = preferencesSchema.parse({ ...kept, ...change })
        emitPreferences(kept)
        return kept
      }),
      changed: (listener: Parameters<Bridge['preferences']['changed']>[0]) => {
        preferring.add(listener)
        return () => preferring.delete(listener)
      },
    },
    models: {
      list: recorded('models.list', () => ({ models: [...models] })),
      add: recorded('models.add', () => {
        if (options.addModel !== undefined) throw options.addModel
        models.push(fakeModel({ name: 'workshop-net', origin: 'added' }))
        return { added: 'workshop-net', models: [...models] }
      }),
    },
    devices: {
      list: recorded('devices.list', () => options.devices ?? fakeDevices()),
      check: recorded('devices.check', (_none: object, call: CallOptions = {}) =>
        options.checkDevices === undefined ? (options.devices ?? fakeDevices()) : options.checkDevices(call),
      ),
      failed: (listener: Parameters<Bridge['devices']['failed']>[0]) => {
        failedDevices.add(listener)
        return () => failedDevices.delete(listener)
      },
    },
    places: {
      list: recorded('places.list', (asked: { readonly placeId: string | null; readonly files: PlaceFiles }) => {
        const { placeId } = asked
        const place = placeId === null ? undefined : fakePlaces[placeId]
        const { home, disk, photos, workshop, bolt, instances } = fakePlaces
        const entries = [
          ...(placeId === null ? [home, disk] : []),
          ...(placeId === 'home' ? [photos, workshop] : []),
          ...(placeId === 'photos' && asked.files === 'images' ? [bolt] : []),
          ...(placeId === 'photos' && asked.files === 'data' ? [instances] : []),
        ]
        return {
          trail: [
            ...(placeId === 'photos' || placeId === 'workshop' ? [home] : []),
            ...(place === undefined ? [] : [place]),
          ],
          entries,
          imageCount: placeId === 'photos' ? 1 : 0,
        }
      }),
      createFolder: recorded('places.createFolder', ({ name }: { readonly placeId: string; readonly name: string }) => {
        if (name === 'photos')
          throw new AppError('Conflict', 'folderExists', 'There is a folder "photos" already. Choose another name.')
        return { placeId: 'photos', name, kind: 'folder' as const, isProject: false }
      }),
      choose: recorded('places.choose', () => ({ places: [...(options.chosen ?? [])] })),
      beside: recorded('places.beside', () => ({ place: null })),
    },
    sample: { open: recorded('sample.open', info) },
    project: {
      create: recorded('project.create', info),
      open: recorded('project.open', info),
      close: recorded('project.close', () => ({})),
      info: recorded('project.info', info),
      changed: (listener: Parameters<Bridge['project']['changed']>[0]) => {
        changed.add(listener)
        return () => changed.delete(listener)
      },
    },
    images: {
      import: recorded('images.import', () => ({
        batchId: 'b2',
        added: 2,
        duplicates: 1,
        restored: 0,
        problems: [],
        notices: [],
        ...options.importReport,
      })),
      list: recorded(
        'images.list',
        (query: { readonly filter: ImageFilter; readonly offset: number; readonly limit: number }) => ({
          ...find(query.filter, query.offset, query.limit),
          revision,
        }),
      ),
      get: recorded('images.get', ({ imageId }: { readonly imageId: string }) => {
        const summary = shownAt(Number(imageId.slice(1)))
        const {
          status,
          annotationCount: _count,
          proposedCount: _proposed,
          lowestScore: _score,
          overlayRevision: _overlay,
          ...image
        } = summary
        return {
          image,
          status,
          annotations: annotations.filter((each) => each.imageId === imageId),
          verdicts: [],
          supports: supports.filter((each) => each.imageId === imageId),
          revision,
        }
      }),
      lookAgain: recorded('images.lookAgain', () => {
        const [first] = aside.keys()
        if (first !== undefined) aside.delete(first)
        emitChanged({ all: true })
        return { back: first === undefined ? 0 : 1, setAside: aside.size }
      }),
      neighbour: recorded(
        'images.neighbour',
        ({ imageId, direction }: { readonly imageId: string; readonly direction: 1 | -1 }) => {
          const next = Number(imageId.slice(1)) + direction
          return { imageId: next >= 0 && next < imageCount ? `i${next}` : null }
        },
      ),
    },
    classes: {
      usage: recorded('classes.usage', () => ({
        usage: classes.map(({ id, accepted, proposed, examples, currentVersionNumber }) => ({
          classId: id,
          images: Math.max(accepted, proposed),
          accepted,
          proposed,
          examples,
          verdicts: 0,
          versions: currentVersionNumber ?? 0,
        })),
      })),
      remove: recorded('classes.remove', ({ classIds }: { readonly classIds: readonly string[] }) => {
        const gone = classes.filter((each) => classIds.includes(each.id))
        for (const each of gone) classes.splice(classes.indexOf(each), 1)
        emitChanged({ all: true })
        return { removed: gone.reduce((sum, each) => sum + each.accepted + each.proposed, 0) }
      }),
      merge: recorded('classes.merge', ({ classId }: { readonly classId: string; readonly intoId: string }) => {
        const gone = classes.find((each) => each.id === classId)
        if (gone !== undefined) classes.splice(classes.indexOf(gone), 1)
        emitChanged({ all: true })
        return { moved: (gone?.accepted ?? 0) + (gone?.proposed ?? 0) }
      }),
    },
    history: {
      commit: recorded('history.commit', ({ entry }: { readonly entry: HistoryEntry }) => {
        apply(entry)
        return state()
      }),
      undo: recorded('history.undo', () => {
        const entry = done
        undone = entry
        done = null
        emitChanged()
        return { state: state(), entry }
      }),
      redo: recorded('history.redo', () => {
        const entry = undone
        done = entry
        undone = null
        emitChanged()
        return { state: state(), entry }
      }),
      state: recorded('history.state', state),
    },
    supports: {
      set: recorded('supports.set', () => ({ versions })),
      list: recorded('supports.list', ({ classId }: { readonly classId: string }) => ({
        supports: supports.filter((each) => each.classId === classId),
      })),
    },
    jobs: {
      start: recorded('jobs.start', () => {
        const job = fakeJob({ state: 'queued', done: 0, device: null, imagesPerSecond: null, secondsLeft: null })
        emitJob(job)
        return job
      }),
      pause: recorded('jobs.pause', () => fakeJob({ state: 'paused' })),
      resume: recorded('jobs.resume', () => fakeJob()),
      cancel: recorded('jobs.cancel', () => fakeJob({ state: 'cancelled' })),
      list: recorded('jobs.list', () => ({ jobs: [...jobs] })),
      failures: recorded('jobs.failures', () => ({
        problems: [{ name: 'a.jpg', reason: 'The file ends too early.' }],
      })),
      progress: (listener: Parameters<Bridge['jobs']['progress']>[0]) => {
        progressed.add(listener)
        return () => progressed.delete(listener)
      },
    },
    review: {
      accept: recorded('review.accept', () => ({ accepted: 3 })),
      notHere: recorded('review.notHere', () => ({ removed: 1 })),
      setReviewed: recorded('review.setReviewed', ({ imageIds }: { readonly imageIds: string[] }) => ({
        changed: imageIds.length,
      })),
    },
    learn: {
      run: recorded('learn.run', () => ({
        adopted: true,
        version: versions[1] ?? null,
        reason: null,
        reasonKey: null,
        newExamples: 4,
        refreshJobId: null,
      })),
      versions: recorded('learn.versions', ({ classId }: { readonly classId: string }) => ({
        versions: versions.filter((each) => each.classId === classId),
        currentVersionId: classId === 'c0' ? 'v2' : null,
      })),
      restore: recorded('learn.restore', () => ({ version: versions[0] })),
    },
    annotations: {
      import: recorded(
        'annotations.import',
        ({ spec, imagesPlaceId }: { readonly spec: AnnotationImportSpec; readonly imagesPlaceId?: string }) => ({
          annotations: 12,
          images: 4,
          classes: ['nut'],
          unchanged: 3,
          kept: 0,
          replaced: spec.conflicts === 'replace' ? 2 : 0,
          crowdsChanged: 0,
          crowdsKept: 0,
          reviewed: 4,
          reviewedEmpty: 5,
          notEmpty: 0,
          missing: imagesPlaceId === undefined ? 1 : 0,
          added: imagesPlaceId === undefined ? 0 : 1,
          turned: spec.orientation === 'stored' ? 3 : 0,
          otherOrientation: spec.orientation === 'stored' ? 0 : 3,
          problems: [{ name: 'b.jpg', reason: 'b.jpg is not an image of this project; add it, then import again.' }],
          ...options.annotationImport,
        }),
      ),
    },
    formats: {
      list: recorded('formats.list', () => ({ formats: [...fakeFormats] })),
      recognise: recorded('formats.recognise', ({ placeId }: { readonly placeId: string }) => {
        const place = fakePlaces[placeId]
        if (place === undefined) throw new AppError('NotFound', 'placeUnknown', 'No such place.')
        const { recognised = place.kind === 'file' ? 'coco' : 'masks' } = options
        if (recognised instanceof AppError) throw recognised
        return { format: recognised, place }
      }),
    },
    export: {
      contents: recorded('export.contents', () => ({
        ...{ boxes: 12, parts: 3, overlaps: 1, instances: 40, parents: 2, isWhole: true },
        ...options.exportContents,
      })),
      preflight: recorded(
        'export.preflight',
        ({ spec, reader }: { readonly spec: ExportSpec; readonly reader: Reader }): PreflightReport => ({
          reader,
          images: 9,
          annotations: 9,
          dropped: 0,
          changed: spec.segmentation === 'polygon' ? 0 : 2,
          notes: 0,
          worstIou: spec.segmentation === 'polygon' ? 1 : 0.875,
          meanIou: spec.segmentation === 'polygon' ? 1 : 0.95,
          findings: [],
          fixes:
            spec.segmentation === 'polygon'
              ? []
              : [
                  { sentence: 'Write polygons.', change: { segmentation: 'polygon' }, meanIou: 1 },
                  { sentence: 'Export YOLO.', change: { format: 'yolo', outline: 'centres' }, meanIou: 0.99 },
                ],
        }),
      ),
      run: recorded('export.run', () => ({
        files: ['annotations/instances.json'],
        location: '/home/me/export',
        images: 96,
        annotations: 1204,
        identical: 1204,
        problems: [],
        ...options.exportReport,
      })),
    },
    media: async (path: string, call: Pick<CallOptions, 'signal'> = {}): Promise<MediaAnswer> => {
      openMedia++
      try {
        if (options.media !== undefined) return await options.media(path)
        if (call.signal?.aborted === true) throw new AppError('Cancelled', 'cancelled', 'Cancelled.')
        if (path.includes('/overlay/')) return { bytes: overlayBytes(), contentType: 'application/octet-stream' }
        return { bytes: await drawThumbnail(), contentType: 'image/jpeg' }
      } finally {
        openMedia--
      }
    },
    receive: async (files: GivenFiles, call: CallOptions = {}): Promise<ReceivedFiles> => {
      const paths: string[] = []
      for await (const { path } of files.walk()) {
        paths.push(path)
        call.onProgress?.({ done: paths.length, total: null, note: path })
      }
      calls.push({ name: 'receive', input: paths })
      await options.receiving?.(call.signal)
      if (call.signal?.aborted === true) throw new AppError('Cancelled', 'cancelled', 'Cancelled.')
      return { placeIds: ['handed-over'], temporary: true, problems: options.receiveProblems ?? [] }
    },
    connection: (listener: Parameters<Bridge['connection']>[0]) => {
      connected.add(listener)
      return () => connected.delete(listener)
    },
  }

  function emitPreferences(next: Preferences): void {
    kept = next
    for (const listener of preferring) listener(next)
  }

  function emitJob(job: JobRecord): void {
    const at = jobs.findIndex((each) => each.id === job.id)
    if (at < 0) jobs.push(job)
    else jobs[at] = job
    for (const listener of progressed) listener({ projectId, job })
  }

  return {
    // Every call of the contract is here; the recorder's generics lose the exact result types.
    bridge: bridge as unknown as Bridge,
    calls,
    classes,
    annotations,
    jobs,
    openMedia: () => openMedia,
    emitChanged,
    emitJob,
    emitPreferences,
    missPreferences: (next) => {
      kept = next
    },
    emitProjectOpened: (openedId) => {
      for (const listener of opened) listener({ projectId: openedId })
    },
    emitDeviceFailed: (report) => {
      for (const listener of failedDevices) listener(report)
    },
    emitConnection: (next) => {
      for (const listener of connected) listener(next)
    },
  }
}

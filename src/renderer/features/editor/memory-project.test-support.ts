import type { Bridge, ImageDocument } from '../../../shared/contract/contract.ts'
import { packMasks } from '../../../shared/contract/mask-pack.ts'
import { invertOperations } from '../../../shared/domain/history.ts'
import type { HistoryEntry, HistoryState, MaskTile, Operation } from '../../../shared/domain/history.ts'
import type {
  AnnotationCore,
  AnnotationRecord,
  ClassRecord,
  ImageRecord,
  SupportRecord,
} from '../../../shared/domain/records.ts'
import { AppError } from '../../../shared/errors.ts'
import { tilesArea, tilesBounds, xorTiles } from '../../../shared/mask/tiles.ts'

interface Stored {
  readonly core: AnnotationCore
  readonly tiles: readonly MaskTile[]
  readonly maskRevision: number
}

const projectId = 'project'

export const testImage: ImageRecord = {
  id: 'image',
  contentHash: 'hash',
  name: 'street/corner.jpg',
  width: 600,
  height: 400,
  orientation: 1,
  format: 'png',
  batchId: 'batch',
  reviewed: false,
  problem: null,
  addedAt: '2026-01-01T00:00:00.000Z',
}

export const testClasses: readonly ClassRecord[] = [
  { id: 'jacket', name: 'Jacket', colour: '#ff0000', key: '1', parentId: null, split: 'region', position: 0 },
  { id: 'shoe', name: 'Shoe', colour: '#0000ff', key: '2', parentId: null, split: 'instances', position: 1 },
]

/** The pixel of the test picture: every place has its own colour. */
export function testPixel(x: number, y: number): readonly [number, number, number] {
  return [x & 255, y & 255, ((x >> 8) * 16 + (y >> 8)) & 255]
}

/**
 * The Node side's rules of one image, in memory: operations are checked against the state they were made
 * on, applied together or not at all, once per entry id, and undone by their inverse.
 */
export class MemoryProject {
  readonly projectId = projectId
  readonly commits: HistoryEntry[] = []
  /** Runs before a commit is looked at: waits, or throws. */
  beforeCommit: (entry: HistoryEntry) => Promise<void> = () => Promise.resolve()
  maskFetches = 0
  #annotations = new Map<string, Stored>()
  #supports: SupportRecord[] = []
  #revision = 1
  readonly #listeners = new Set<Parameters<Bridge['project']['changed']>[0]>()
  readonly #connectionListeners = new Set<Parameters<Bridge['connection']>[0]>()

  get listenerCount(): number {
    return this.#listeners.size + this.#connectionListeners.size
  }

  get annotations(): readonly AnnotationRecord[] {
    return [...this.#annotations.values()].map(({ core, tiles, maskRevision }) => ({
      ...core,
      area: tilesArea(tiles),
      bounds: tilesBounds(tiles) ?? [0, 0, 0, 0],
      maskRevision,
    }))
  }

  tilesOf(id: string): readonly MaskTile[] {
    return this.#annotations.get(id)?.tiles ?? []
  }

  /** A change by someone else: a job, another window. */
  change(operations: readonly Operation[]): void {
    this.#apply(operations)
  }

  reconnect(): void {
    for (const listener of [...this.#connectionListeners]) listener('connected')
  }

  undo(): void {
    const last = this.commits.pop()
    if (last !== undefined) this.#apply(invertOperations(last.operations))
  }

  readonly bridge = {
    project: {
      changed: (listener: Parameters<Bridge['project']['changed']>[0]) => {
        this.#listeners.add(listener)
        return () => this.#listeners.delete(listener)
      },
      info: () =>
        Promise.resolve({
          projectId,
          name: 'Test',
          location: '',
          revision: this.#revision,
          images: {},
          imageCount: 1,
          classes: testClasses.map((each) => ({
            ...each,
            currentVersionId: null,
            currentVersionNumber: null,
            examples: 0,
            proposed: 0,
            accepted: 0,
            unlearned: 0,
          })),
        }),
    },
    connection: (listener: Parameters<Bridge['connection']>[0]) => {
      this.#connectionListeners.add(listener)
      return () => this.#connectionListeners.delete(listener)
    },
    images: { get: () => Promise.resolve(this.#document()) },
    history: { commit: ({ entry }: { readonly entry: HistoryEntry }) => this.#commit(entry) },
    media: (path: string) => Promise.resolve(this.#media(path)),
  } as unknown as Bridge

  #document(): ImageDocument {
    return {
      image: testImage,
      status: this.#annotations.size === 0 ? 'unlabelled' : 'labelled',
      annotations: [...this.annotations],
      verdicts: [],
      supports: [...this.#supports],
      revision: this.#revision,
    }
  }

  #media(path: string): { bytes: Uint8Array<ArrayBuffer>; contentType: string } {
    const contentType = 'application/octet-stream'
    if (path.includes('/masks/')) {
      this.maskFetches++
      const masks = [...this.#annotations].map(([annotationId, { tiles }]) => ({ annotationId, tiles }))
      return { bytes: packMasks(masks), contentType }
    }
    const [level, tileX, tileY] = path.split('/').slice(-3).map(Number)
    return { bytes: testTile(level ?? 0, tileX ?? 0, tileY ?? 0), contentType }
  }

  async #commit(entry: HistoryEntry): Promise<HistoryState> {
    await this.beforeCommit(entry)
    if (!this.commits.some((known) => known.id === entry.id)) {
      this.#apply(entry.operations)
      this.commits.push(entry)
    }
    return { revision: this.#revision, undo: null, redo: null }
  }

  #apply(operations: readonly Operation[]): void {
    const annotations = new Map(this.#annotations)
    let supports = this.#supports
    for (const operation of operations) {
      if (operation.kind === 'annotation') {
        const { before, after } = operation
        const id = before?.id ?? after?.id ?? ''
        const stored = annotations.get(id)
        if (JSON.stringify(stored?.core ?? null) !== JSON.stringify(before)) throw conflict()
        if (after === null) {
          if (stored !== undefined && stored.tiles.length > 0) throw conflict()
          annotations.delete(id)
        } else annotations.set(id, { tiles: [], maskRevision: 0, ...stored, core: after })
      } else if (operation.kind === 'mask') {
        const stored = annotations.get(operation.annotationId)
        if (stored === undefined) throw conflict()
        const tiles = xorTiles(stored.tiles, operation.tiles)
        annotations.set(operation.annotationId, { ...stored, tiles, maskRevision: this.#revision + 1 })
      } else if (operation.kind === 'support') {
        supports = supports.filter((each) => each.annotationId !== operation.before?.annotationId)
        if (operation.after !== null) supports = [...supports, operation.after]
      }
    }
    this.#annotations = annotations
    this.#supports = supports
    this.#revision++
    const event = { projectId, revision: this.#revision, imageIds: ['image'], all: false }
    for (const listener of [...this.#listeners]) listener(event)
  }
}

function conflict(): AppError {
  return new AppError('Conflict', 'changedElsewhere', 'The image was changed elsewhere.')
}

function testTile(level: number, tileX: number, tileY: number): Uint8Array<ArrayBuffer> {
  const step = 2 ** level
  const width = Math.min(512, Math.ceil(testImage.width / step) - tileX * 512)
  const height = Math.min(512, Math.ceil(testImage.height / step) - tileY * 512)
  const bytes = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      bytes.set(testPixel((tileX * 512 + x) * step, (tileY * 512 + y) * step), (y * width + x) * 3)
    }
  }
  return bytes
}

import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import sharp from 'sharp'
import { cocoSpec } from './export-spec.ts'
import type { ImportReport } from '../../src/shared/contract/contract.ts'
import { createAnnotation } from '../../src/shared/domain/annotations.ts'
import type { HistoryEntry } from '../../src/shared/domain/history.ts'
import { createBitmap } from '../../src/shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../src/shared/mask/tiles.ts'
import { createCodec } from '../../src/main/images/codec-client.ts'
import type { SupervisedCodec } from '../../src/main/images/codec-client.ts'
import { ensureClass } from '../../src/main/projects/classes.ts'
import { makeEntry } from '../../src/main/projects/entries.ts'
import { modelsFolder } from '../../src/main/projects/paths.ts'
import { Session } from '../../src/main/projects/session.ts'

const [width, height] = [160, 128]

interface Afterwards {
  readonly added: number
  readonly segmented: string
  readonly isExported: boolean
  readonly integrity: string
  /** Photographs that are not the bytes they were. */
  readonly changedOriginals: readonly unknown[]
  /** Parts of files that an interrupted write would leave. */
  readonly temporaryFiles: readonly string[]
}

/** What `HardProject.afterwards` finds in a project that is as good as before. */
export const asGoodAsBefore: Afterwards = {
  added: 1,
  segmented: 'done',
  isExported: true,
  integrity: 'ok',
  changedOriginals: [],
  temporaryFiles: [],
}

/** A real project with real processes, to which bad things are done; `afterwards` shows that it is still whole. */
export class HardProject {
  readonly folder = mkdtempSync(join(tmpdir(), 'hard-'))
  readonly photos = join(this.folder, 'photos')
  readonly path = join(this.folder, 'project')
  readonly codec: SupervisedCodec = createCodec({ log: (line) => this.log.push(line) })
  readonly log: string[] = []
  session: Session
  #hashes = new Map<string, string>()
  #pictures = 0

  constructor() {
    mkdirSync(this.photos)
    this.session = Session.create(this.path, 'Hard', this.#options())
  }

  #options(): Parameters<typeof Session.open>[1] {
    return { codec: this.codec, modelsFolder: modelsFolder(), provider: 'cpu', log: (line) => this.log.push(line) }
  }

  async reopen(): Promise<void> {
    await this.session.close()
    this.session = Session.open(this.path, this.#options())
  }

  async end(): Promise<void> {
    await this.session.close()
    await this.codec.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Puts a file among the photographs and remembers what is in it. */
  put(name: string, bytes: Uint8Array | string): string {
    const path = join(this.photos, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
    this.#hashes.set(name, hashOf(path))
    return path
  }

  /** A light square on dark ground, each one elsewhere. */
  async putPicture(name: string): Promise<string> {
    const number = this.#pictures++
    const data = new Uint8Array(width * height * 3).fill(40)
    for (let y = 40; y < 88; y++) data.fill(200, (y * width + number) * 3, (y * width + number + 48) * 3)
    const image = sharp(data, { raw: { width, height, channels: 3 } })
    return this.put(name, await (name.endsWith('.png') ? image.png() : image.jpeg()).toBuffer())
  }

  addAll(copy = false): Promise<ImportReport> {
    return this.session.importImages([this.photos], copy)
  }

  imageId(name: string): string {
    const image = this.session.store.images.byName(name)
    if (image === undefined) throw new Error(`${name} is not in the project`)
    return image.id
  }

  /** The entry of a person who outlines the square in an image. */
  outline(imageId: string): { readonly entry: HistoryEntry; readonly classId: string; readonly annotationId: string } {
    const { id: classId } = ensureClass(this.session.store, 'square')
    const annotationId = randomUUID()
    const bitmap = createBitmap(width, height)
    for (let y = 40; y < 88; y++) bitmap.data.fill(1, y * width, y * width + 48)
    const core = {
      id: annotationId,
      imageId,
      classId,
      kind: 'mask' as const,
      origin: 'drawn' as const,
      state: 'accepted' as const,
      score: null,
      versionId: null,
      polygon: null,
      crowd: false,
      box: null,
      createdAt: new Date().toISOString(),
    }
    const entry = makeEntry('brush', {}, [imageId], createAnnotation(core, tilesFromBitmap(bitmap)))
    return { entry, classId, annotationId }
  }

  async teach(name: string): Promise<void> {
    const { entry, annotationId } = this.outline(this.imageId(name))
    this.session.store.history.commit(entry)
    await this.session.setSupports([annotationId], 'example')
  }

  /** Segments every image; returns what became of the job. */
  async segmentAll(): Promise<ReturnType<Session['jobs']['waitFor']>> {
    const spec = { kind: 'segment', classIds: 'all', images: 'all', provider: 'cpu', detail: 'fast' } as const
    return await this.session.jobs.waitFor((await this.session.segment(spec)).id)
  }

  /** The main thing, once more, after the bad one: a new picture comes in, is outlined, segmented and exported. */
  async afterwards(): Promise<Afterwards> {
    const name = `good-${randomUUID().slice(0, 8)}.png`
    await this.putPicture(name)
    const { added } = await this.addAll()
    await this.teach(name)
    const { state } = await this.segmentAll()
    const spec = { ...cocoSpec, segmentation: 'rle', include: 'all' } as const
    const report = await this.session.exportTo(join(this.folder, `export-${randomUUID()}`), spec)
    return {
      added,
      segmented: state,
      isExported: report.annotations > 0 && report.identical === report.annotations,
      integrity: this.session.store.integrityCheck(),
      changedOriginals: [...this.#hashes].filter(([each, hash]) => hashOf(join(this.photos, each)) !== hash),
      temporaryFiles: readdirSync(this.folder, { recursive: true, encoding: 'utf8' }).filter((each) =>
        each.endsWith('.tmp'),
      ),
    }
  }

  /** A file that the test itself takes away or changes is no longer watched. */
  forget(name: string): void {
    this.#hashes.delete(name)
  }
}

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

/**
 * Lets the database of a project grow no further, as a full disk does, until it is disposed. Finds the connection
 * that this process has open: SQLite's limit belongs to a connection.
 */
export function fillDatabase(session: Session, sparePages: number): Disposable {
  const database = connectionOf(session)
  database.pragma('wal_checkpoint(TRUNCATE)')
  const pages = Number(database.pragma('page_count', { simple: true }))
  database.pragma(`max_page_count = ${pages + sparePages}`)
  return {
    [Symbol.dispose]: () => {
      database.pragma('max_page_count = 1073741823')
    },
  }
}

const connections = new Set<Database.Database>()
const { pragma } = Database.prototype as Pick<Database.Database, 'pragma'>
Object.assign(Database.prototype, {
  pragma(this: Database.Database, ...parameters: Parameters<Database.Database['pragma']>): unknown {
    connections.add(this)
    return pragma.apply(this, parameters)
  },
})

function connectionOf(session: Session): Database.Database {
  const path = join(session.store.folder, 'project.db')
  const found = [...connections].find((database) => database.open && database.name === path)
  if (found === undefined) throw new Error(`${path} is not open`)
  return found
}

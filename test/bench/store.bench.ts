import { createHash, randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { Operation } from '../../src/shared/domain/history.ts'
import { createBitmap } from '../../src/shared/mask/bitmap.ts'
import { tilesFromBitmap, xorTiles } from '../../src/shared/mask/tiles.ts'
import { createProject } from '../../src/main/store/project-store.ts'
import type { ProjectStore } from '../../src/main/store/store-port.ts'

/**
 * What a stroke costs beside a file append of the same bytes with fsync, and what a page of the gallery costs at
 * 10,000 images beside a bare SELECT of the same rows. Prints, never judges.
 */

const images = 10_000
const strokes = 200
const pages = 200
const pageSize = 200
const [width, height] = [1200, 900]

const folder = mkdtempSync(join(tmpdir(), 'exemplar-bench-'))
const store = createProject(join(folder, 'project'), 'bench')
try {
  fill(store)
  benchStrokes()
  benchPages()
} finally {
  store.close()
  rmSync(folder, { recursive: true })
}

function commit(operations: Operation[]): void {
  store.history.commit({ id: randomUUID(), labelKey: 'bench', labelParams: {}, imageIds: [], operations })
}

function fill({ images: table }: ProjectStore): void {
  commit([{ kind: 'batch', batchId: 'batch', before: false, after: true }])
  table.insert(
    Array.from({ length: images }, (_, index) => {
      const name = `day-${index % 30}/IMG_${index}.jpg`
      const contentHash = createHash('sha256').update(name).digest('hex')
      const record = { id: String(index), contentHash, name, width, height, orientation: 1, batchId: 'batch' }
      return { record: { ...record, format: 'jpeg' }, path: join(folder, name) }
    }),
  )
  const record = { id: 'c', name: 'disc', colour: '#336699', key: null, parentId: null, position: 0 }
  commit([{ kind: 'class', before: null, after: { ...record, split: 'region' } }])
}

/** A horizontal brush stroke of 24 px, another one each time. */
function strokeTiles(index: number): ReturnType<typeof tilesFromBitmap> {
  const bitmap = createBitmap(width, height)
  const top = (index * 37) % (height - 24)
  for (let y = top; y < top + 24; y++) bitmap.data.fill(1, y * width + 100, y * width + 700)
  return tilesFromBitmap(bitmap)
}

function benchStrokes(): void {
  let tiles = strokeTiles(0)
  const core = { id: 'a', imageId: '0', classId: 'c', kind: 'mask', origin: 'drawn', state: 'accepted' } as const
  const rest = {
    score: null,
    versionId: null,
    polygon: null,
    box: null,
    crowd: false,
    createdAt: new Date().toISOString(),
  }
  commit([
    { kind: 'annotation', before: null, after: { ...core, ...rest } },
    { kind: 'mask', annotationId: 'a', tiles },
  ])
  const flips = Array.from({ length: strokes }, (_, index) => {
    const next = strokeTiles(index + 1)
    const flipped = xorTiles(tiles, next)
    tiles = next
    return flipped
  })
  const bytes = flips.map((flip) => Buffer.concat(flip.map((tile) => tile.runs)))
  const file = openSync(join(folder, 'appended'), 'a')
  const append = perItem(bytes, (data) => {
    writeSync(file, data)
    fsyncSync(file)
  })
  closeSync(file)
  const stroke = perItem(flips, (flip) => commit([{ kind: 'mask', annotationId: 'a', tiles: flip }]))
  console.log(`${strokes} brush strokes`)
  line('append to a file and fsync', append, append)
  line('commit of a stroke', stroke, append)
}

function benchPages(): void {
  const offsets = Array.from({ length: pages }, (_, index) => (index * 4973) % (images - pageSize))
  const database = new Database(join(folder, 'project', 'project.db'), { readonly: true })
  const select = database.prepare('SELECT * FROM image WHERE visible = 1 ORDER BY name_order, number LIMIT ? OFFSET ?')
  const bare = perItem(offsets, (offset) => select.all(pageSize, offset))
  database.close()
  const page = perItem(offsets, (offset) => store.images.list({ filter: {}, sort: 'name', offset, limit: pageSize }))
  console.log(`${pages} pages of ${pageSize} among ${images} images`)
  line('bare SELECT', bare, bare)
  line('page of the gallery', page, bare)
}

/** Mean milliseconds an item. */
function perItem<Item>(items: readonly Item[], work: (item: Item) => unknown): number {
  const start = performance.now()
  for (const item of items) work(item)
  return (performance.now() - start) / items.length
}

function line(name: string, milliseconds: number, reference: number): void {
  console.log(`${name.padEnd(34)} ${milliseconds.toFixed(3)} ms  ${(milliseconds / reference).toFixed(2)} x`)
}

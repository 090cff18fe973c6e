import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type {
  ExportAnnotation,
  ExportContext,
  ExportImage,
  ExportNumbers,
  ExportSource,
} from '../../src/main/formats/format-types.ts'
import type { AnnotationRecord, Box, ClassRecord, ImageRecord } from '../../src/shared/domain/records.ts'
import type { Bitmap } from '../../src/shared/mask/bitmap.ts'
import { fingerprintHeight, fingerprintWidth } from '../../src/main/formats/near-duplicates.ts'
import { tilesArea, tilesBounds, tilesFromBitmap } from '../../src/shared/mask/tiles.ts'
import { randomStream } from './mask-samples.ts'

/** A new folder that is gone at the end of the test's block: `using folder = temporaryFolder()`. */
export function temporaryFolder(parent = tmpdir()): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(parent, 'exemplar-formats-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

export const quiet: ExportContext = { signal: new AbortController().signal, progress: () => undefined }

export function classRecord(position: number, name: string, parentId: string | null = null): ClassRecord {
  return { id: `class-${name}`, name, colour: '#aa3300', key: null, parentId, split: 'region', position }
}

const core = {
  origin: 'drawn',
  versionId: null,
  polygon: null,
  createdAt: '2026-01-01T00:00:00Z',
  maskRevision: 1,
} as const

export interface SampleMask {
  readonly className: string
  readonly bitmap: Bitmap
  readonly state?: AnnotationRecord['state']
  readonly score?: number
  readonly crowd?: boolean
}

export interface SampleImage {
  readonly name: string
  readonly width: number
  readonly height: number
  readonly masks?: readonly SampleMask[]
  readonly boxes?: readonly { readonly className: string; readonly box: Box }[]
  readonly reviewed?: boolean
  readonly orientation?: number
  /** Of the picture's file; default JPEG. */
  readonly format?: ImageRecord['format']
  readonly path?: string
  /** What it looks like at the size of a fingerprint; default: as no other. */
  readonly look?: Uint8Array
}

function sampleImage(sample: SampleImage, index: number): ExportImage {
  const imageId = `image-${index}`
  const masks = (sample.masks ?? []).map(
    ({ className, bitmap, state = 'accepted', score, crowd = false }, at): ExportAnnotation => {
      const tiles = tilesFromBitmap(bitmap)
      return {
        tiles,
        record: {
          ...core,
          id: `${imageId}-mask-${at}`,
          imageId,
          classId: `class-${className}`,
          kind: 'mask',
          state,
          score: score ?? null,
          crowd,
          box: null,
          area: tilesArea(tiles),
          bounds: tilesBounds(tiles) ?? [0, 0, 0, 0],
        },
      }
    },
  )
  const boxes = (sample.boxes ?? []).map(({ className, box }, at): ExportAnnotation => ({
    tiles: [],
    record: {
      ...core,
      id: `${imageId}-box-${at}`,
      imageId,
      classId: `class-${className}`,
      kind: 'box',
      state: 'accepted',
      score: null,
      crowd: false,
      box,
      area: 0,
      bounds: box,
    },
  }))
  return {
    path: sample.path ?? '/nowhere/picture.jpg',
    annotations: [...masks, ...boxes],
    image: {
      id: imageId,
      contentHash: `hash-${index}`,
      name: sample.name,
      width: sample.width,
      height: sample.height,
      orientation: sample.orientation ?? 1,
      format: sample.format ?? 'jpeg',
      batchId: 'batch',
      reviewed: sample.reviewed ?? false,
      problem: null,
      addedAt: '2026-01-01T00:00:00Z',
    },
  }
}

export function exportSource(images: readonly SampleImage[], classes: readonly ClassRecord[]): ExportSource {
  const looks = new Map(images.map(({ name, look }, index) => [name, look ?? ownLook(index)]))
  return {
    projectName: 'Samples',
    classes,
    images: () => images.map(sampleImage),
    originals: () => images.map(({ path = '' }) => path),
    numbers: () => sampleNumbers(classes),
    upright: ({ image }) => Promise.reject(new Error(`${image.name} is a sample without a picture`)),
    pixels: ({ image }) => Promise.resolve(looks.get(image.name) ?? new Uint8Array()),
  }
}

function ownLook(index: number): Uint8Array {
  const random = randomStream(index + 1)
  return Uint8Array.from({ length: fingerprintWidth * fingerprintHeight * 3 }, () => random() * 256)
}

/** 1, 2, 3 … in the order in which records are asked for; classes in theirs. */
export function sampleNumbers(classes: readonly ClassRecord[]): ExportNumbers {
  const counter = (): ((id: string) => number) => {
    const numbers = new Map<string, number>()
    return (id) => {
      const number = numbers.get(id) ?? numbers.size + 1
      numbers.set(id, number)
      return number
    }
  }
  const numbers = { image: counter(), class: counter(), annotation: counter() }
  for (const { id } of classes.toSorted((a, b) => a.position - b.position)) numbers.class(id)
  return numbers
}

/** Writes a file below the folder, making what is missing on the way. Returns its path. */
export function writeSample(folder: string, name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}

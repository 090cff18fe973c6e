import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { ExportSpec } from '../../src/shared/contract/contract.ts'
import type { ExportAnnotation, ExportContext, ExportImage, ExportSource } from '../../src/main/formats/format-types.ts'
import type { AnnotationRecord, Box, ClassRecord } from '../../src/shared/domain/records.ts'
import type { Bitmap } from '../../src/shared/mask/bitmap.ts'
import { tilesArea, tilesBounds, tilesFromBitmap } from '../../src/shared/mask/tiles.ts'

/** A new folder that is gone at the end of the test's block: `using folder = temporaryFolder()`. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'exemplar-formats-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

export const quiet: ExportContext = { signal: new AbortController().signal, progress: () => undefined }

export const cocoSpec: ExportSpec = { format: 'coco', segmentation: 'polygon', include: 'accepted', images: 'none' }
export const masksSpec: ExportSpec = { ...cocoSpec, format: 'masks' }

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
}

export interface SampleImage {
  readonly name: string
  readonly width: number
  readonly height: number
  readonly masks?: readonly SampleMask[]
  readonly boxes?: readonly { readonly className: string; readonly box: Box }[]
  readonly reviewed?: boolean
  readonly orientation?: number
  readonly path?: string
}

function sampleImage(sample: SampleImage, index: number): ExportImage {
  const imageId = `image-${index}`
  const masks = (sample.masks ?? []).map(({ className, bitmap, state = 'accepted', score }, at): ExportAnnotation => {
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
        box: null,
        area: tilesArea(tiles),
        bounds: tilesBounds(tiles) ?? [0, 0, 0, 0],
      },
    }
  })
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
      format: 'jpeg',
      batchId: 'batch',
      reviewed: sample.reviewed ?? false,
      problem: null,
      addedAt: '2026-01-01T00:00:00Z',
    },
  }
}

export function exportSource(images: readonly SampleImage[], classes: readonly ClassRecord[]): ExportSource {
  return { projectName: 'Samples', classes, images: () => images.map(sampleImage) }
}

/** Writes a file below the folder, making what is missing on the way. Returns its path. */
export function writeSample(folder: string, name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}

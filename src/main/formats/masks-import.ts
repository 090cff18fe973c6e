import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Problem } from '../../shared/contract/contract.ts'
import { AppError, isAppError, throwIfAborted } from '../../shared/errors.ts'
import { createBitmap } from '../../shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../shared/mask/tiles.ts'
import { z } from '../../shared/zod.ts'
import { isInside, requireFile } from './files.ts'
import type { ImportedAnnotation, ImportedDataSet, ImportedImage, IndexPngCodec } from './format-types.ts'

const ignored = 255

const manifestSchema = z.object({
  classes: z.record(z.string().regex(/^\d+$/), z.string().trim().min(1)),
  items: z.array(z.unknown()),
})

const itemSchema = z.object({
  image: z.string(),
  mask: z.string(),
  w: z.int().positive(),
  h: z.int().positive(),
})

/**
 * Reads a data set folder: one mask per class and image, file names below its `images/`. Pixels of 255
 * (ignore) belong to no class. An item that cannot be read is listed and the rest goes on.
 * Throws `NotFound` or `InvalidInput` when the manifest itself cannot be used.
 */
export async function readMasksFolder(
  folder: string,
  codec: Pick<IndexPngCodec, 'readIndexPng'>,
  signal?: AbortSignal,
): Promise<ImportedDataSet> {
  const manifest = await readManifest(join(folder, 'manifest.json'))
  const names = new Map(Object.entries(manifest.classes).map(([id, name]) => [Number(id), name]))
  const problems: Problem[] = []
  const images: ImportedImage[] = []
  const seen = new Set<string>()
  for (const [index, value] of manifest.items.entries()) {
    throwIfAborted(signal)
    const item = itemSchema.safeParse(value)
    if (!item.success) {
      problems.push({
        name: `item ${index + 1}`,
        reason: 'It lacks image, mask, w or h and was left out. Complete the manifest.',
      })
      continue
    }
    const { image, mask, w: width, h: height } = item.data
    const fileName = image.replace(/^images\//, '')
    if (!isInside(fileName) || !isInside(mask)) {
      problems.push({
        name: image,
        reason: 'Its path leads out of the folder, so it was left out. Use paths below the folder.',
      })
      continue
    }
    if (seen.has(fileName)) {
      problems.push({ name: fileName, reason: 'It is listed twice; the first entry was read.' })
      continue
    }
    seen.add(fileName)
    try {
      const png = await codec.readIndexPng(join(folder, mask))
      if (png.width !== width || png.height !== height) {
        const reason = `The manifest says ${width}×${height}, the mask is ${png.width}×${png.height}. It was left out.`
        problems.push({ name: fileName, reason })
        continue
      }
      const { annotations, unknown } = splitByClass(png.data, width, height, names)
      if (unknown.length > 0) {
        problems.push({
          name: fileName,
          reason: `Pixels of ${unknown.join(', ')} were left out: the manifest names no such class.`,
        })
      }
      images.push({ fileName, width, height, annotations })
    } catch (error) {
      if (!isAppError(error) || error.code === 'Cancelled') throw error
      problems.push({ name: fileName, reason: error.message })
    }
  }
  const counts = new Map<string, number>()
  for (const { annotations } of images) {
    for (const { className } of annotations) counts.set(className, (counts.get(className) ?? 0) + 1)
  }
  const classes = [...names].filter(([id]) => id > 0 && id < ignored).map(([, name]) => name)
  return {
    classes: [...new Set(classes)].map((name) => ({ name, parentName: null, annotations: counts.get(name) ?? 0 })),
    images,
    problems,
  }
}

async function readManifest(path: string): Promise<z.infer<typeof manifestSchema>> {
  await requireFile(path)
  let value: unknown
  try {
    value = JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new AppError('InvalidInput', 'manifestInvalid', `${path} is not valid JSON. Write it again.`, {
      params: { file: path },
      cause,
    })
  }
  const manifest = manifestSchema.safeParse(value)
  if (manifest.success) return manifest.data
  throw new AppError(
    'InvalidInput',
    'manifestInvalid',
    `${path} is not the manifest of a data set folder: it needs \`classes\` (number to name) and \`items\`.`,
    { params: { file: path }, cause: manifest.error },
  )
}

function splitByClass(
  data: Uint8Array,
  width: number,
  height: number,
  names: ReadonlyMap<number, string>,
): { readonly annotations: ImportedAnnotation[]; readonly unknown: readonly number[] } {
  // One pass for the box of every value; then each class costs its box and not the whole image.
  const left = new Uint32Array(256).fill(width)
  const right = new Uint32Array(256)
  const top = new Uint32Array(256)
  const bottom = new Uint32Array(256)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = data[y * width + x] ?? 0
      if (bottom[value] === 0) top[value] = y
      bottom[value] = y + 1
      if (x < (left[value] ?? 0)) left[value] = x
      if (x >= (right[value] ?? 0)) right[value] = x + 1
    }
  }
  const annotations: ImportedAnnotation[] = []
  const unknown: number[] = []
  for (let value = 1; value < ignored; value++) {
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = [left[value], top[value], right[value], bottom[value]]
    if (y1 === 0) continue
    const className = names.get(value)
    if (className === undefined) {
      unknown.push(value)
      continue
    }
    const bitmap = createBitmap(x1 - x0, y1 - y0)
    for (let y = y0; y < y1; y++) {
      const row = (y - y0) * bitmap.width - x0
      for (let x = x0; x < x1; x++) if (data[y * width + x] === value) bitmap.data[row + x] = 1
    }
    const tiles = tilesFromBitmap(bitmap, x0, y0)
    annotations.push({ className, kind: 'mask', tiles, box: null, crowd: false, originalId: null })
  }
  return { annotations, unknown }
}

import { dirname, join, resolve } from 'node:path'
import { AppError, isAppError, throwIfAborted } from '../../shared/errors.ts'
import { tilesByValue } from '../../shared/mask/label-tiles.ts'
import { z } from '../../shared/zod.ts'
import { findClassTable, namesOfTable } from './class-table.ts'
import type { ClassTable } from './class-table.ts'
import { filesBelow, isInside, kindOf, pictureNameOf, readWholeText, slashed } from './files.ts'
import type { ImportedAnnotation, ImportedDataSet, ImportedImage, IndexPngCodec } from './format-types.ts'
import { labelReading, listed, unknownOf } from './label-reading.ts'
import type { LabelReading } from './label-reading.ts'
import { Problems } from './problems.ts'
import { classesOf, emptinessOf } from './shapes.ts'
import type { LabelPng } from '../../shared/domain/index-png.ts'

const manifestSchema = z.object({
  classes: z.record(z.string().regex(/^\d+$/), z.string().trim()),
  items: z.array(z.unknown()),
})

const itemSchema = z.object({
  image: z.string(),
  mask: z.string(),
  w: z.int().positive(),
  h: z.int().positive(),
  /** The mask does not show all there is. */
  partial: z.unknown().optional(),
})

/** One picture of the set: `fileName` as in `ImportedImage`, the mask's path, the size that the set states. */
interface Item {
  readonly fileName: string
  readonly mask: string
  readonly size: { readonly width: number; readonly height: number } | null
  readonly isPartial: boolean
}

/**
 * Reads class masks, one a picture: a data set folder with `manifest.json`, or any folder of PNGs (below `masks/`, if
 * there is such a folder) with a table of classes in it or beside it, see `readClassTable`. PNGs are grey of up to
 * 16 bits, palette or RGB. Pixels of 255 (65,535 with 16 bits) belong to no class. An item that cannot be read is listed
 * and the rest goes on. Throws `NotFound` or `InvalidInput` when manifest or table cannot be used, `Unsupported` for
 * colours that no table explains.
 */
export async function readMasksFolder(
  folder: string,
  codec: Pick<IndexPngCodec, 'readLabelPng'>,
  signal?: AbortSignal,
): Promise<ImportedDataSet> {
  const problems = new Problems()
  const manifestPath = join(folder, 'manifest.json')
  const { items, table } =
    (await kindOf(manifestPath)) !== null
      ? manifestItems(folder, await readManifest(manifestPath), problems)
      : await folderItems(folder, signal)
  const images: ImportedImage[] = []
  for (const { fileName, mask, size, isPartial } of items) {
    throwIfAborted(signal)
    try {
      const png = await codec.readLabelPng(mask)
      const { width, height } = png
      if (size !== null && (size.width !== width || size.height !== height)) {
        const reason = `The manifest says ${size.width}×${size.height}, the mask is ${width}×${height}. It was left out.`
        problems.push({ name: fileName, reason })
        continue
      }
      const reading = labelReading(mask, png, table)
      const annotations = classMasks(png, reading)
      const unknown = unknownOf(reading)
      if (unknown.length > 0) {
        problems.push({
          name: fileName,
          reason: `Pixels of ${listed(unknown)} were left out: ${size === null ? 'the table of classes' : 'the manifest'} names no such class.`,
        })
      }
      const isBlank = !isPartial && [...reading.values].every((value) => reading.classOf(value) === null)
      images.push({ fileName, width, height, annotations, ...emptinessOf(isBlank ? 0 : 1, true) })
    } catch (error) {
      // The folder's own table lacks the colours of every mask alike: say so once, before anything is imported.
      const isTable = size === null && isAppError(error) && error.key === 'colourTableMissing'
      if (!isAppError(error) || error.code === 'Cancelled' || isTable) throw error
      problems.push({ name: fileName, reason: error.message })
    }
  }
  return {
    classes: classesOf(images, namesOfTable(table)),
    images,
    ...problems.found(),
  }
}

function manifestItems(
  folder: string,
  manifest: z.infer<typeof manifestSchema>,
  problems: Problems,
): { readonly items: readonly Item[]; readonly table: ClassTable } {
  const names = Object.entries(manifest.classes).map(([id, name]) => [Number(id), name] as const)
  // 255 is "ignore" in masks of 8 bits, a class in those of 16 bits.
  const isDeep = names.some(([id]) => id > 255)
  const byNumber = new Map(names.filter(([id]) => id > 0 && (isDeep || id !== 255)))
  const items: Item[] = []
  const seen = new Set<string>()
  for (const [index, value] of manifest.items.entries()) {
    const item = itemSchema.safeParse(value)
    if (!item.success) {
      problems.push({
        name: `item ${index + 1}`,
        reason: 'It lacks image, mask, w or h and was left out. Complete the manifest.',
      })
      continue
    }
    const { image, mask, w: width, h: height, partial = false } = item.data
    const fileName = pictureNameOf(image).replace(/^images\//, '')
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
    const size = { width, height }
    items.push({ fileName, mask: join(folder, slashed(mask)), size, isPartial: partial !== false })
  }
  return { items, table: { byNumber, byColour: new Map() } }
}

async function folderItems(
  folder: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly items: readonly Item[]; readonly table: ClassTable }> {
  const inside = join(folder, 'masks')
  const masks = (await kindOf(inside)) === 'folder' ? inside : folder
  const files = await filesBelow(masks, '.png', signal)
  const table = await findClassTable([folder, dirname(resolve(folder))])
  if (files.length === 0 || table === undefined) {
    const reason =
      files.length === 0
        ? 'no PNG in it and no manifest.json'
        : 'no manifest.json, classes.json, labels.txt or label_colors.txt that names the classes'
    throw new AppError(
      'InvalidInput',
      'masksFolderUnclear',
      `${folder} is no folder of class masks: there is ${reason}.`,
      {
        params: { file: folder, reason },
      },
    )
  }
  return {
    items: files.map((file) => ({
      fileName: file.replace(/\.png$/i, ''),
      mask: join(masks, file),
      size: null,
      isPartial: false,
    })),
    table,
  }
}

async function readManifest(path: string): Promise<z.infer<typeof manifestSchema>> {
  const text = await readWholeText(path)
  let value: unknown
  try {
    value = JSON.parse(text)
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

/** One mask for every class in the picture, in the order of its values. */
function classMasks(png: LabelPng, { values, classOf, isIgnored }: LabelReading): ImportedAnnotation[] {
  const wanted = [...values].filter((value) => !isIgnored(value) && (classOf(value) ?? null) !== null)
  const isWanted = new Set(wanted)
  const masks = tilesByValue(png.data, png.width, png.height, (value) => isWanted.has(value))
  return wanted
    .toSorted((a, b) => a - b)
    .map((value) => ({
      className: classOf(value) ?? '',
      kind: 'mask',
      tiles: masks.get(value) ?? [],
      box: null,
      crowd: null,
      originalId: null,
    }))
}

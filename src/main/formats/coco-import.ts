import { basename, dirname, join } from 'node:path'
import { checkRing, countsFromPolygons } from '../../shared/coco/rasterise.ts'
import { countsFromString, tilesFromCounts } from '../../shared/coco/rle.ts'
import type { MaskTile } from '../../shared/domain/history.ts'
import type { Box } from '../../shared/domain/records.ts'
import { AppError, isAppError, throwIfAborted } from '../../shared/errors.ts'
import { tilesArea, tilesBounds } from '../../shared/mask/tiles.ts'
import { z } from '../../shared/zod.ts'
import { orientationKey, reviewedEmptyKey, reviewedKey } from './coco-records.ts'
import { isInside, kindOf, pictureNameOf, requireFile } from './files.ts'
import type { ImportedAnnotation, ImportedDataSet, ImportedImage } from './format-types.ts'
import { readJsonSections, rootSection } from './json-sections.ts'
import { Problems } from './problems.ts'
import { emptinessOf } from './shapes.ts'
import { sizeProblem } from './sizes.ts'

/** Ids are numbers in COCO; some writers make them text. Both are one key here. */
const anyIdSchema = z.union([z.number(), z.string()]).transform(String)

const imageSchema = z.object({
  id: anyIdSchema,
  file_name: z.string().min(1),
  width: z.int().positive(),
  height: z.int().positive(),
  [reviewedEmptyKey]: z.unknown().optional(),
  [reviewedKey]: z.unknown().optional(),
})

const categorySchema = z.object({
  id: anyIdSchema,
  name: z.string().trim(),
  supercategory: z.string().nullish(),
})

const annotationSchema = z.object({
  id: anyIdSchema.optional(),
  image_id: anyIdSchema,
  category_id: anyIdSchema,
  segmentation: z.unknown().optional(),
  bbox: z.unknown().optional(),
  area: z.unknown().optional(),
  iscrowd: z.unknown().optional(),
  score: z.unknown().optional(),
  attributes: z.unknown().optional(),
})
type RawAnnotation = z.infer<typeof annotationSchema>

const boxSchema = z.tuple([z.number(), z.number(), z.number().positive(), z.number().positive()])
const runLengthSchema = z.object({
  size: z.tuple([z.number(), z.number()]),
  counts: z.union([z.string(), z.array(z.unknown())]),
})

interface Picture {
  /** Annotations that name the image, read or not. */
  entries: number
  /** Looked at and empty. */
  readonly isReviewed: boolean
  readonly isFinished: boolean
  readonly fileName: string
  readonly width: number
  readonly height: number
  readonly annotations: ImportedAnnotation[]
  readonly originalId: string
}

interface Category {
  readonly originalId: string
  readonly name: string
  readonly parentName: string | null
  annotations: number
}

/** What one annotation becomes, with what has to be said about it. */
type Reading =
  | { readonly kind: 'mask'; readonly tiles: readonly MaskTile[]; readonly note: string | null }
  | { readonly kind: 'box'; readonly box: Box; readonly note: string | null }
  | { readonly kind: 'skip'; readonly reason: string }

/** Remarks that may concern every annotation: listed once, with a number. */
const commonNotes = {
  crowdMissing: '`iscrowd` is missing; read as 0.',
  crowdOther: '`iscrowd` is neither 0 nor 1; read as what it means.',
  scoreOther: '`score` is no number from 0 to 1; read without one.',
  clipped: 'reaches outside the image; cut off at the border.',
  disagrees: '`area` or `bbox` disagrees with the mask; the mask was used.',
} as const

function annotationsLine(count: number, note: string): string {
  return count === 1 ? `One annotation: ${note}` : `${count} annotations, this image first: ${note}`
}

/**
 * Reads a COCO instances file of any size: polygons (several lists, key-holes), both kinds of run lengths,
 * boxes, ids from 0 or as text, optional fields missing. No vertex is ever repaired. What cannot be read is
 * left out and listed with file name, annotation id, reason and what to do; the rest goes on.
 *
 * Throws `InvalidInput` when the file as a whole is not an instances file, `NotFound` when it cannot be
 * read, and `Cancelled`.
 */
export async function readCoco(path: string, signal?: AbortSignal, mostPixels?: number): Promise<ImportedDataSet> {
  const problems = new Problems(annotationsLine)
  const heads = await readHeads(path, problems, signal, mostPixels)
  const isWhole = await readAnnotations(path, 'annotations', heads, problems, signal)
  return dataSetOf(heads, problems, ({ entries, isReviewed, isFinished, annotations }) => {
    if (!isWhole) return {}
    const isRead = entries > 0 && entries === annotations.length
    return { ...emptinessOf(entries, isReviewed), ...(isFinished && isRead ? { reviewed: true } : {}) }
  })
}

/**
 * Reads a COCO results file (`results_NAME.json`) with the instances file beside it (`instances_NAME.json`), which says
 * which images and categories its ids mean. What the instances file holds itself is not read. Errors as in `readCoco`, and
 * `NotFound` when there is no such instances file.
 */
export async function readCocoResults(
  path: string,
  signal?: AbortSignal,
  mostPixels?: number,
): Promise<ImportedDataSet> {
  const problems = new Problems(annotationsLine)
  await requireFile(path)
  const instances = join(dirname(path), basename(path).replace(/^results/, 'instances'))
  if (instances === path || (await kindOf(instances)) !== 'file') {
    const wanted = instances === path ? 'instances_NAME.json beside results_NAME.json' : instances
    throw new AppError(
      'NotFound',
      'cocoInstancesMissing',
      `${path} is a results file and means images by number only; put the instances file it was made for beside it (${wanted}).`,
      { params: { file: path, wanted } },
    )
  }
  const heads = await readHeads(instances, problems, signal, mostPixels)
  await readAnnotations(path, rootSection, heads, problems, signal)
  // That nobody detected anything says nothing about who looked.
  return dataSetOf(heads, problems, () => ({}))
}

function dataSetOf(
  { pictures, categories, orientation }: Heads,
  problems: Problems,
  review: (picture: Picture) => Pick<ImportedImage, 'empty' | 'reviewed'>,
): ImportedDataSet {
  const images = [...pictures.values()].map((picture) => {
    const { fileName, width, height, annotations, originalId } = picture
    return { fileName, width, height, annotations, originalId, ...review(picture) }
  })
  return { classes: [...categories.values()], images, ...problems.found(), ...orientation }
}

/** Whether it is known of every annotation which image it belongs to: else no image can be said to have none. */
async function readAnnotations(
  path: string,
  section: 'annotations' | typeof rootSection,
  { pictures, refused, categories }: Heads,
  problems: Problems,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  let isWhole = true
  const isResults = section === rootSection
  const listName = isResults ? 'the list' : '`annotations`'
  const ids = new Set<string>()
  let number = 0
  for await (const piece of readJsonSections(path, new Set([section]), signal)) {
    if (piece.kind !== 'element' && piece.kind !== 'tooLong') continue
    throwIfAborted(signal)
    number++
    if (piece.kind === 'tooLong') {
      isWhole = false
      problems.push({ name: path, reason: `Entry ${number} of ${listName} was left out: ${String(piece.value)}` })
      continue
    }
    const parsed = annotationSchema.safeParse(piece.value)
    if (!parsed.success) {
      const named = imageIdSchema.safeParse(piece.value)
      const damaged = named.success ? pictures.get(named.data.image_id) : undefined
      if (damaged !== undefined) damaged.entries++
      isWhole &&= named.success
      problems.push({
        name: path,
        reason: `Entry ${number} of ${listName} lacks an image or category id and was left out.`,
      })
      continue
    }
    const raw = parsed.data
    const label = `Annotation ${raw.id ?? `number ${number}`}`
    const picture = pictures.get(raw.image_id)
    if (picture === undefined) {
      if (!refused.has(raw.image_id)) {
        problems.push({ name: path, reason: `${label} was left out: the file lists no image ${raw.image_id}.` })
      }
      continue
    }
    picture.entries++
    const category = categories.get(raw.category_id)
    if (category === undefined) {
      const reason = `${label} was left out: the file lists no category ${raw.category_id}. Add it to \`categories\`.`
      problems.push({ name: picture.fileName, reason })
      continue
    }
    if (raw.id !== undefined && ids.has(raw.id)) {
      problems.push({ name: picture.fileName, reason: `${label} appears twice; both were read.` })
    }
    if (raw.id !== undefined) ids.add(raw.id)
    const reading = readAnnotation(raw, picture)
    if (reading.kind === 'skip') {
      problems.push({ name: picture.fileName, reason: `${label} was left out: ${reading.reason}` })
      continue
    }
    if (reading.note !== null) problems.push({ name: picture.fileName, reason: `${label}: ${reading.note}` })
    for (const note of commonNotesOf(raw, reading, picture, isResults)) problems.count(picture.fileName, note)
    category.annotations++
    picture.annotations.push({
      className: category.name,
      kind: reading.kind,
      tiles: reading.kind === 'mask' ? reading.tiles : [],
      box: reading.kind === 'box' ? reading.box : null,
      crowd: raw.iscrowd === undefined || raw.iscrowd === null ? null : raw.iscrowd === 1 || raw.iscrowd === true,
      originalId: raw.id ?? null,
      ...scoreOf(raw),
      ...proposedOf(raw),
    })
  }
  return isWhole
}

const proposedSchema = z.object({ state: z.literal('proposed'), score: z.number().min(0).max(1).nullish() })

/** What our own exports say of a proposal among accepted annotations. */
function proposedOf({ attributes }: RawAnnotation): { readonly state?: 'proposed'; readonly score?: number } {
  const parsed = proposedSchema.safeParse(attributes)
  if (!parsed.success) return {}
  const { state, score } = parsed.data
  return typeof score === 'number' ? { state, score } : { state }
}

function scoreOf({ score }: RawAnnotation): { readonly score?: number } {
  return typeof score === 'number' && score >= 0 && score <= 1 ? { score } : {}
}

const imageIdSchema = annotationSchema.pick({ image_id: true })
const infoSchema = z.object({ [orientationKey]: z.literal('stored') })

interface Heads {
  /** What `info` says of it; nothing where the masks lie on the pictures as displayed, or nobody knows. */
  readonly orientation: Pick<ImportedDataSet, 'orientation'>
  readonly pictures: ReadonlyMap<string, Picture>
  /** Ids of images that were left out: their annotations need no further message. */
  readonly refused: ReadonlySet<string>
  readonly categories: ReadonlyMap<string, Category>
}

async function readHeads(
  path: string,
  problems: Problems,
  signal: AbortSignal | undefined,
  mostPixels: number | undefined,
): Promise<Heads> {
  const pictures = new Map<string, Picture>()
  const refused = new Set<string>()
  const categories = new Map<string, Category>()
  const sections = new Set<string>()
  let orientation: Heads['orientation'] = {}
  for await (const piece of readJsonSections(path, new Set(['info', 'images', 'categories']), signal)) {
    throwIfAborted(signal)
    if (piece.section === 'info' && infoSchema.safeParse(piece.value).success) orientation = { orientation: 'stored' }
    if (piece.kind === 'array') sections.add(piece.section)
    if (piece.kind === 'tooLong' && piece.section !== 'info') {
      problems.push({ name: path, reason: `An entry of \`${piece.section}\` was left out: ${String(piece.value)}` })
    }
    if (piece.kind !== 'element') continue
    if (piece.section === 'images') readImage(piece.value, path, pictures, refused, problems, mostPixels)
    else if (piece.section === 'categories') readCategory(piece.value, path, categories, problems)
  }
  for (const section of ['images', 'annotations']) {
    if (!sections.has(section)) {
      const message = `${path} has no \`${section}\` list: it is not a COCO instances file.`
      throw new AppError('InvalidInput', 'cocoSectionMissing', message, { params: { file: path, section } })
    }
  }
  return { pictures, refused, categories, orientation }
}

function readImage(
  value: unknown,
  path: string,
  pictures: Map<string, Picture>,
  refused: Set<string>,
  problems: Problems,
  mostPixels: number | undefined,
): void {
  const parsed = imageSchema.safeParse(value)
  if (!parsed.success) {
    const id = z.object({ id: anyIdSchema }).safeParse(value)
    if (id.success) refused.add(id.data.id)
    const which = id.success ? `Image ${id.data.id}` : 'An entry of `images`'
    problems.push({ name: path, reason: `${which} lacks a file name or a size and was left out with its annotations.` })
    return
  }
  const { id, width, height } = parsed.data
  const fileName = pictureNameOf(parsed.data.file_name)
  const earlier = pictures.get(id)
  if (earlier !== undefined) {
    const message = `${path}: image id ${id} appears twice (${earlier.fileName}, ${fileName}). Give every image its own id.`
    throw new AppError('InvalidInput', 'cocoImageIdTwice', message, { params: { file: path, id } })
  }
  if (!isInside(fileName)) {
    refused.add(id)
    const reason =
      'The path is absolute or leads out of the folder, so the image was left out. Use paths below the folder.'
    problems.push({ name: fileName, reason })
    return
  }
  const wrongSize = sizeProblem(parsed.data, mostPixels)
  if (wrongSize !== null) {
    refused.add(id)
    problems.push({ name: fileName, reason: `The image was left out: ${wrongSize}` })
    return
  }
  const isReviewed = parsed.data[reviewedEmptyKey] === true
  const isFinished = parsed.data[reviewedKey] === true
  pictures.set(id, { fileName, width, height, annotations: [], originalId: id, entries: 0, isReviewed, isFinished })
}

function readCategory(value: unknown, path: string, categories: Map<string, Category>, problems: Problems): void {
  const parsed = categorySchema.safeParse(value)
  if (!parsed.success) {
    problems.push({ name: path, reason: 'An entry of `categories` lacks an id or a name and was left out.' })
    return
  }
  const { id, name, supercategory } = parsed.data
  if (categories.has(id)) {
    problems.push({ name: path, reason: `Category ${id} appears twice; the first one is used.` })
    return
  }
  const parent = supercategory ?? ''
  const parentName = parent === '' || parent === name ? null : parent
  categories.set(id, { name, parentName, annotations: 0, originalId: id })
}

function readAnnotation(raw: RawAnnotation, { width, height }: Picture): Reading {
  const { segmentation } = raw
  const box = boxSchema.safeParse(raw.bbox)
  if (
    segmentation === undefined ||
    segmentation === null ||
    (Array.isArray(segmentation) && segmentation.length === 0)
  ) {
    if (box.success && !isNear(box.data, width, height)) {
      return { kind: 'skip', reason: 'its `bbox` lies outside the image. Correct it.' }
    }
    if (box.success) return { kind: 'box', box: box.data, note: null }
    return { kind: 'skip', reason: 'it has neither a segmentation nor a usable `bbox`.' }
  }
  try {
    const reading = Array.isArray(segmentation)
      ? readPolygons(segmentation, box.success ? box.data : null, width, height)
      : readRunLengths(segmentation, width, height)
    if (reading.kind === 'mask' && reading.tiles.length === 0) return { kind: 'skip', reason: 'it covers no pixel.' }
    return reading
  } catch (error) {
    if (isAppError(error, 'InvalidInput')) return { kind: 'skip', reason: error.message }
    throw error
  }
}

/** Whether a box touches the image and is not many times its size: else it is damage and no box. */
function isNear([x, y, w, h]: Box, width: number, height: number): boolean {
  return x < width && y < height && x + w > 0 && y + h > 0 && w <= 10 * width && h <= 10 * height
}

function readPolygons(lists: readonly unknown[], box: Box | null, width: number, height: number): Reading {
  const arrays = lists.filter((list): list is unknown[] => Array.isArray(list))
  const isNested = arrays.length === lists.length
  if (!isNested || arrays.every((list) => list.length === 2)) {
    return { kind: 'skip', reason: 'its points are not in COCO form. Write one list `[x, y, x, y, …]` per part.' }
  }
  if (arrays.every((list) => list.length === 4)) {
    if (box === null)
      return { kind: 'skip', reason: 'four numbers are a box, not a polygon, and it has no usable `bbox`.' }
    return { kind: 'box', box, note: 'four numbers are a box, not a polygon; its `bbox` was read as a box.' }
  }
  const rings: number[][] = []
  let left = 0
  for (const list of arrays) {
    if (list.length < 6 || list.length % 2 === 1) {
      left++
      continue
    }
    // A value that is no number at all (null stands for NaN) must fail as one and never count as 0.
    const ring = list.map((value) => (typeof value === 'number' ? value : NaN))
    checkRing(ring, width, height)
    rings.push(ring)
  }
  if (rings.length === 0) {
    return { kind: 'skip', reason: 'no list of it has an even number of values, 6 or more.' }
  }
  const tiles = tilesFromCounts(countsFromPolygons(rings, width, height), width, height)
  const note =
    left === 0
      ? null
      : `${left} of its ${arrays.length} lists were left out: each needs an even number of values, 6 or more.`
  return { kind: 'mask', tiles, note }
}

/** Characters of the longest run length, so that counts of more for every pixel are damage. */
const mostOfCounts = 8

function readRunLengths(value: unknown, width: number, height: number): Reading {
  const parsed = runLengthSchema.safeParse(value)
  if (!parsed.success) return { kind: 'skip', reason: 'its segmentation is neither polygons nor run lengths.' }
  const [rows, columns] = parsed.data.size
  if (rows !== height || columns !== width) {
    const swapped = rows === width && columns === height ? ' The sides look swapped: correct `size` and `counts`.' : ''
    return { kind: 'skip', reason: `its size is [${rows},${columns}], expected [${height},${width}].${swapped}` }
  }
  const { counts } = parsed.data
  if (counts.length > mostOfCounts * (width * height + 2)) {
    return {
      kind: 'skip',
      reason: `its run lengths are longer than ${width}×${height} pixels can need. Correct \`counts\`.`,
    }
  }
  const numbers =
    typeof counts === 'string'
      ? countsFromString(counts)
      : counts.map((count) => (typeof count === 'number' ? count : NaN))
  return { kind: 'mask', tiles: tilesFromCounts(numbers, width, height), note: null }
}

function commonNotesOf(
  raw: RawAnnotation,
  reading: Exclude<Reading, { kind: 'skip' }>,
  picture: Picture,
  isResults: boolean,
): string[] {
  const notes: string[] = []
  if (isResults) {
    if (scoreOf(raw).score === undefined) notes.push(commonNotes.scoreOther)
  } else if (raw.iscrowd === undefined || raw.iscrowd === null) notes.push(commonNotes.crowdMissing)
  else if (raw.iscrowd !== 0 && raw.iscrowd !== 1) notes.push(commonNotes.crowdOther)
  if (reading.kind === 'box') return notes
  if (Array.isArray(raw.segmentation) && isPartlyOutside(raw.segmentation, picture)) notes.push(commonNotes.clipped)
  if (!agrees(raw, reading.tiles)) notes.push(commonNotes.disagrees)
  return notes
}

function isPartlyOutside(lists: readonly unknown[], { width, height }: Picture): boolean {
  return lists.some(
    (list) =>
      Array.isArray(list) &&
      list.some((value, at) => typeof value === 'number' && (value < 0 || value > (at % 2 === 0 ? width : height))),
  )
}

/** Writers round and measure in different ways; only what cannot come from that is worth a remark. */
function agrees(raw: RawAnnotation, tiles: readonly MaskTile[]): boolean {
  const pixels = tilesArea(tiles)
  if (typeof raw.area === 'number' && Math.abs(raw.area - pixels) > 0.1 * pixels + 4) return false
  const stated = boxSchema.safeParse(raw.bbox)
  const bounds = tilesBounds(tiles)
  if (!stated.success || bounds === null) return true
  const [x, y, w, h] = stated.data
  const edges = [x - bounds[0], y - bounds[1], x + w - bounds[0] - bounds[2], y + h - bounds[1] - bounds[3]]
  return edges.every((difference) => Math.abs(difference) <= 2)
}

import { join } from 'node:path'
import type { ExportSpec } from '../../shared/contract/contract.ts'
import type { FoundProblems } from '../../shared/contract/problem-count.ts'
import type { ImageRecord } from '../../shared/domain/records.ts'
import { isAppError, throwIfAborted } from '../../shared/errors.ts'
import { withoutEnding } from '../../shared/domain/picture-names.ts'
import type { Destination, ExportAnnotation, ExportContext, ExportImage, ExportSource } from './format-types.ts'
import { isInside, placePicture, writePicture } from './files.ts'
import { Problems } from './problems.ts'
import { asStored } from './turned-tiff.ts'

/** One image that goes into an export, with only the annotations that go with it. */
export interface SelectedImage {
  readonly source: ExportImage
  readonly annotations: readonly ExportAnnotation[]
}

/**
 * Which images and annotations an export holds. A reviewed image without annotations is a statement
 * ("nothing here") and stays; an unlabelled one is left out. An export of proposals alone says nothing about
 * reviewed images, so there an image without proposals is left out.
 */
function selected(source: ExportImage, spec: Pick<ExportSpec, 'include'>): SelectedImage | null {
  const annotations = source.annotations.filter(({ record }) => spec.include === 'all' || record.state === spec.include)
  return annotations.length > 0 || (source.image.reviewed && spec.include !== 'proposed')
    ? { source, annotations }
    : null
}

/** The selected images. Reports progress and gives way to other work between images. */
export async function* selectImages(
  source: ExportSource,
  spec: Pick<ExportSpec, 'include'>,
  context: ExportContext,
): AsyncGenerator<SelectedImage> {
  let done = 0
  for (const image of source.images()) {
    throwIfAborted(context.signal)
    const item = selected(image, spec)
    if (item !== null) yield item
    done++
    context.progress({ done, total: null, note: image.image.name })
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/**
 * The images of a data set that is written image by image, selected or planned: each has its picture in `folder` when it comes.
 */
export async function* picturedImages<Item extends SelectedImage>(
  items: AsyncIterable<Item>,
  folder: string,
  spec: ExportSpec,
  context: ExportContext,
  problems: ExportProblems,
): AsyncGenerator<Item> {
  for await (const item of items) {
    await exportPicture(item.source, folder, spec, problems, context)
    yield item
  }
}

const unplainName =
  'Its name holds a backslash, a drive letter, a control character or a step out of the folder, which readers take for another path, so it was left out. Rename the picture.'

/**
 * The source without images whose names are no path below a folder on every system, which any program may have made on
 * Linux. `problems` lists those that would have been exported.
 */
export function withPlainNames(
  source: ExportSource,
  spec: ExportSpec,
): { readonly source: ExportSource; readonly problems: () => FoundProblems } {
  const left = new Set<string>()
  function* images(): Generator<ExportImage> {
    for (const image of source.images()) {
      const { name } = image.image
      if (isInside(name) && !/[\p{Cc}\\\uFFFE\uFFFF]/u.test(name)) yield image
      else if (selected(image, spec) !== null) left.add(name)
    }
  }
  return {
    source: { ...source, images },
    problems: () => {
      const problems = new ExportProblems()
      for (const name of left) problems.add(name, unplainName)
      return problems.found()
    },
  }
}

/** Collects the problems of an export. What is counted is an image, under a text that begins after the number: `, turned by EXIF …`. */
export class ExportProblems extends Problems {
  constructor() {
    super((count, text) => (count === 1 ? `This image ${text}` : `${count} images, this one first: each ${text}`))
  }

  add(name: string, reason: string): void {
    this.push({ name, reason })
  }
}

/** What a reader of the originals has to know. */
const orientationNotes = {
  displayed:
    'has an EXIF orientation other than 1. The masks lie on the picture as displayed: read it with the orientation applied.',
  stored:
    'has an EXIF orientation other than 1. The masks lie on the pixels as the file stores them: read it without applying the orientation.',
  storedTiff:
    'is a TIFF with an EXIF orientation other than 1. The masks lie on the pixels as the file stores them: read it without applying the orientation. Pillow applies it on opening all the same; only in a copy that an export makes it is set to 1.',
  asStored:
    'is a TIFF with an EXIF orientation other than 1, and was copied with it set to 1: the masks lie on the pixels as the file stores them, and every reader takes these.',
} as const

function noteOrientation({ name, orientation, format }: ImageRecord, spec: ExportSpec, problems: ExportProblems): void {
  if (orientation === 1) return
  const stored = format === 'tiff' ? orientationNotes.storedTiff : orientationNotes.stored
  problems.count(name, spec.orientation === 'stored' ? stored : orientationNotes.displayed)
}

const inPlace: Destination = {
  rehearsal: null,
  pictureAt: () => Promise.resolve('none'),
  pictureLeft: () => Promise.resolve('none'),
}

/**
 * Copies or links the picture of an exported image to `folder` below its name, and notes what a reader of
 * the export has to know about it. A picture of an earlier export stays where none is copied. Masks on stored pixels need
 * pictures that readers leave as they are stored; some turn every TIFF, so that of a turned one the copy says orientation 1.
 */
export async function exportPicture(
  { image, path }: ExportImage,
  folder: string,
  spec: ExportSpec,
  problems: ExportProblems,
  { destination = inPlace }: ExportContext,
): Promise<void> {
  const target = join(folder, image.name)
  if (spec.images === 'none') {
    noteOrientation(image, spec, problems)
    await destination.pictureLeft(folder, image.name)
    return
  }
  try {
    const changeOf = isTurnedTiff(image, spec) ? asStored : null
    const result = await placePicture(path, target, spec.images, destination, changeOf)
    if (result === 'changed') problems.count(image.name, orientationNotes.asStored)
    else noteOrientation(image, spec, problems)
    if (result === 'copiedInstead')
      problems.count(image.name, 'was copied, because it cannot be hard-linked to this folder.')
    if (result === 'otherContent') noteOtherContent(image.name, problems)
  } catch (cause) {
    noteOrientation(image, spec, problems)
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    const state = await destination.pictureLeft(folder, image.name)
    const way =
      state === 'same' ? 'The one of the last export stays' : 'Its masks are exported; add the picture by hand'
    problems.add(image.name, `The original ${path} could not be copied (${code}). ${way}.`)
  }
}

/** Whether the copy of a picture has its orientation set to 1, see `exportPicture`. */
export function isTurnedTiff({ orientation, format }: ImageRecord, spec: ExportSpec): boolean {
  return spec.orientation === 'stored' && spec.images !== 'none' && orientation !== 1 && format === 'tiff'
}

/** As `exportPicture`, but the copy is a new file with the EXIF orientation applied. */
export async function exportUpright(
  source: ExportSource,
  item: ExportImage,
  folder: string,
  problems: ExportProblems,
  { signal, destination = inPlace }: ExportContext,
): Promise<void> {
  const { name } = item.image
  try {
    const { data, lossless } = await source.upright(item, signal)
    if ((await writePicture(data, join(folder, name), destination)) === 'otherContent') noteOtherContent(name, problems)
    problems.count(
      name,
      lossless
        ? 'was copied with its EXIF orientation applied, every sample as before.'
        : 'was copied with its EXIF orientation applied and encoded again at the highest quality, so its samples are rounded anew.',
    )
  } catch (error) {
    if (!isAppError(error) || error.code === 'Cancelled') throw error
    problems.add(
      name,
      `It could not be copied with its orientation applied (${error.message}). Its masks are exported; add the picture by hand.`,
    )
  }
}

function noteOtherContent(name: string, problems: ExportProblems): void {
  problems.add(
    name,
    'A picture of that name exists in the export folder with other content and was left as it is. Export to an empty folder.',
  )
}

/** Class numbers 1 … N in the order of the classes: stable as long as the classes are. */
export function classNumbers(source: ExportSource): ReadonlyMap<string, number> {
  const sorted = source.classes.toSorted((a, b) => a.position - b.position || (a.id < b.id ? -1 : 1))
  return new Map(sorted.map((record, index) => [record.id, index + 1]))
}

/** Number of an annotation's class. Throws when the source does not list that class. */
export function classNumberOf(numbers: ReadonlyMap<string, number>, annotation: ExportAnnotation): number {
  const number = numbers.get(annotation.record.classId)
  if (number === undefined)
    throw new Error(`Annotation ${annotation.record.id} has a class the export source does not list`)
  return number
}

/**
 * A name without its ending for the file that goes with a picture. Where pictures differ only in their ending, the
 * second one's is its whole name. Adds it to `taken`, which holds the names so far.
 */
export function uniqueStem(name: string, taken: Set<string>): string {
  const stem = withoutEnding(name)
  const candidates = [stem, name]
  for (let number = 2; ; number++) {
    const candidate = candidates.shift() ?? `${name}_${number}`
    // Some file systems do not tell upper from lower case.
    const key = candidate.toLowerCase()
    if (taken.has(key)) continue
    taken.add(key)
    return candidate
  }
}

/** Says that boxes were left out of an image, `isAll` if there was nothing else, and `why`. Nothing is said of none. */
export function noteBoxes(name: string, count: number, isAll: boolean, why: string, problems: ExportProblems): void {
  if (count === 0) return
  const what = count === 1 ? '1 box was' : `${count} boxes were`
  const image = isAll ? ', and with it the image, which holds nothing else' : ''
  problems.add(name, `${what} left out${image}: ${why}`)
}

/** Says that what stands for a group of objects looks like a single one in this format. */
export function noteCrowds(name: string, annotations: readonly ExportAnnotation[], problems: ExportProblems): void {
  if (annotations.some(({ record }) => record.crowd)) {
    problems.count(name, 'holds groups of objects, which this format cannot tell from single ones. COCO can.')
  }
}

/**
 * Annotations for a format that holds shapes and classes and nothing more. A mask without pixels is left out and
 * listed, and so is that proposals look like all others there.
 */
export function plainAnnotations(
  { source: { image }, annotations }: SelectedImage,
  problems: ExportProblems,
): readonly ExportAnnotation[] {
  if (annotations.some(({ record }) => record.state === 'proposed'))
    problems.count(image.name, 'holds proposals, which this format cannot tell from accepted annotations.')
  noteCrowds(image.name, annotations, problems)
  return annotations.filter(({ record, tiles }) => {
    if (record.kind === 'box' || tiles.length > 0) return true
    problems.add(image.name, `Annotation ${record.id} covers no pixel and was left out.`)
    return false
  })
}

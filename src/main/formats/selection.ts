import { join } from 'node:path'
import type { ExportSpec, Problem } from '../../shared/contract/contract.ts'
import { AppError, throwIfAborted } from '../../shared/errors.ts'
import type { ExportAnnotation, ExportContext, ExportImage, ExportSource } from './format-types.ts'
import { isInside, placePicture } from './files.ts'

/** One image that goes into an export, with only the annotations that go with it. */
export interface SelectedImage {
  readonly source: ExportImage
  readonly annotations: readonly ExportAnnotation[]
}

/**
 * Which images and annotations an export holds. A reviewed image without annotations is a statement
 * ("nothing here") and stays; an unlabelled one is left out. An export of proposals alone says nothing about
 * reviewed images, so there an image without proposals is left out.
 * Reports progress and gives way to other work between images.
 */
export async function* selectImages(
  source: ExportSource,
  spec: ExportSpec,
  context: ExportContext,
): AsyncGenerator<SelectedImage> {
  let done = 0
  for (const image of source.images()) {
    throwIfAborted(context.signal)
    const annotations = image.annotations.filter(
      ({ record }) => spec.include === 'all' || record.state === spec.include,
    )
    if (annotations.length > 0 || (image.image.reviewed && spec.include !== 'proposed')) {
      yield { source: image, annotations }
    }
    done++
    context.progress({ done, total: null, note: image.image.name })
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** Collects the problems of an export; what concerns many images becomes one line. */
export class ExportProblems {
  readonly #list: Problem[] = []
  readonly #counted = new Map<string, { readonly name: string; count: number }>()

  add(name: string, reason: string): void {
    this.#list.push({ name, reason })
  }

  /** Counts an image under a text that begins after the number: `, turned by EXIF …`. */
  count(name: string, text: string): void {
    const entry = this.#counted.get(text)
    if (entry === undefined) this.#counted.set(text, { name, count: 1 })
    else entry.count++
  }

  list(): Problem[] {
    const counted = [...this.#counted].map(([text, { name, count }]) => ({
      name,
      reason: count === 1 ? `This image ${text}` : `${count} images, this one first: each ${text}`,
    }))
    return [...this.#list, ...counted]
  }
}

/**
 * Copies or links the picture of an exported image to `folder` below its name, and notes what a reader of
 * the export has to know about it.
 */
export async function exportPicture(
  { image, path }: ExportImage,
  folder: string,
  spec: ExportSpec,
  problems: ExportProblems,
): Promise<void> {
  if (!isInside(image.name)) {
    throw new AppError(
      'InvalidInput',
      'imageNameOutside',
      `The image name ${image.name} leads out of the export folder.`,
      {
        params: { name: image.name },
      },
    )
  }
  if (image.orientation !== 1) {
    problems.count(
      image.name,
      'has an EXIF orientation other than 1. The masks lie on the picture as displayed: read it with the orientation applied.',
    )
  }
  if (spec.images === 'none') return
  try {
    const result = await placePicture(path, folder, image.name, spec.images)
    if (result === 'copiedInstead')
      problems.count(image.name, 'was copied, because it cannot be hard-linked to this folder.')
    if (result === 'otherContent') {
      problems.add(
        image.name,
        `${join(folder, image.name)} exists with other content and was left as it is. Export to an empty folder.`,
      )
    }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    problems.add(
      image.name,
      `The original ${path} could not be copied (${code}). Its masks are exported; add the picture by hand.`,
    )
  }
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

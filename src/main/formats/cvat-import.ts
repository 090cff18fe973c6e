import { countsFromPolygons } from '../../shared/coco/rasterise.ts'
import { tilesFromCounts } from '../../shared/coco/rle.ts'
import { AppError, isAppError } from '../../shared/errors.ts'
import { createBitmap } from '../../shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../shared/mask/tiles.ts'
import { z } from '../../shared/zod.ts'
import { isInside, pictureNameOf } from './files.ts'
import type { ImportedDataSet, ImportedImage } from './format-types.ts'
import { Problems } from './problems.ts'
import { annotationOf, boxShape, classesOf, emptinessOf, joinGroups, maskShape, skipShape } from './shapes.ts'
import type { GroupedShape, ShapeReading } from './shapes.ts'
import { sizeProblem } from './sizes.ts'
import { readXml, xmlChild } from './xml.ts'
import type { XmlElement } from './xml.ts'

/** A class of the file's `<meta>`. */
interface CvatLabel {
  readonly name: string
  readonly parentName: string | null
}

export type CvatPiece =
  | { readonly kind: 'labels'; readonly labels: readonly CvatLabel[] }
  | { readonly kind: 'image'; readonly image: ImportedImage }

const whole = z
  .string()
  .regex(/^-?\d+$/)
  .transform(Number)
const side = whole.pipe(z.int().positive())
const coordinate = z.string().trim().min(1).transform(Number).pipe(z.number())

/** CVAT lists every image of a task, whether or not somebody has looked at it: our own files say which ones were. */
export const reviewedEmptyAttribute = 'reviewed_empty'

const imageSchema = z.object({
  name: z.string().min(1),
  width: side,
  height: side,
  [reviewedEmptyAttribute]: z.string().optional(),
})
const labelSchema = z.object({ label: z.string().trim().min(1) })
const maskSchema = z.object({ rle: z.string(), left: whole, top: whole, width: side, height: side })
const boxSchema = z.object({
  xtl: coordinate,
  ytl: coordinate,
  xbr: coordinate,
  ybr: coordinate,
  rotation: coordinate.default(0),
})
const polygonSchema = z.object({ points: z.string() })

type Size = Pick<ImportedImage, 'width' | 'height'>

/**
 * Reads "CVAT for images 1.1": masks, polygons (by COCO's rule) and boxes of each image; masks and polygons of one label
 * and one `group_id` are parts of one object. Attributes and tags are not looked at. Other shapes, and whatever else
 * cannot be read, are listed with line, and the rest goes on. The file may be of any size: one image is in memory at
 * a time, and its masks as tiles.
 *
 * Throws `InvalidInput` when it is not such a file or holds tracks, `NotFound` when it cannot be read, and `Cancelled`.
 */
export async function readCvat(path: string, signal?: AbortSignal, mostPixels?: number): Promise<ImportedDataSet> {
  const problems = new Problems()
  const images: ImportedImage[] = []
  const parents = new Map<string, string | null>()
  for await (const piece of cvatPieces(path, problems, signal, mostPixels)) {
    if (piece.kind === 'image') images.push(piece.image)
    else for (const { name, parentName } of piece.labels) parents.set(name, parentName)
  }
  return {
    classes: classesOf(images, parents.keys(), (name) => parents.get(name) ?? null),
    images,
    ...problems.found(),
  }
}

/** The same, image by image. What is left out goes to `problems`. */
export async function* cvatPieces(
  path: string,
  problems: Problems,
  signal?: AbortSignal,
  mostPixels?: number,
): AsyncGenerator<CvatPiece> {
  let count = 0
  const wanted = new Set(['annotations/meta', 'annotations/image', 'annotations/track'])
  for await (const { path: place, element } of readXml(path, wanted, signal)) {
    count++
    if (place === 'annotations/track') {
      throw new AppError(
        'InvalidInput',
        'cvatTracks',
        `${path} holds tracks of a video, which have no images of their own. Export the task as "CVAT for images 1.1".`,
        { params: { file: path } },
      )
    }
    if (place === 'annotations/meta') yield { kind: 'labels', labels: labelsOf(element) }
    else {
      const image = readImage(element, path, problems, mostPixels)
      if (image !== null) yield { kind: 'image', image }
    }
  }
  if (count === 0) {
    throw new AppError(
      'InvalidInput',
      'cvatInvalid',
      `${path} holds no \`annotations\` with images, so it is not a file of CVAT. Choose annotations.xml of an export as "CVAT for images 1.1".`,
      { params: { file: path } },
    )
  }
}

/** They lie in `task`, `job` or `project`, by what was exported. */
function labelsOf(meta: XmlElement): CvatLabel[] {
  const labels: CvatLabel[] = []
  // Not by recursion: a file may be nested deeper than the stack is.
  const open = [meta]
  for (let element = open.pop(); element !== undefined; element = open.pop()) {
    if (element.name !== 'labels') {
      open.push(...element.children.toReversed())
      continue
    }
    for (const label of element.children) {
      const name = xmlChild(label, 'name')?.text ?? ''
      const parent = xmlChild(label, 'parent')?.text ?? ''
      if (name !== '') labels.push({ name, parentName: parent === '' ? null : parent })
    }
  }
  return labels
}

function readImage(
  element: XmlElement,
  path: string,
  problems: Problems,
  mostPixels: number | undefined,
): ImportedImage | null {
  const parsed = imageSchema.safeParse(element.attributes)
  if (!parsed.success) {
    const reason = `Line ${element.line}: the image lacks a usable name, width or height and was left out.`
    problems.push({ name: path, reason })
    return null
  }
  const { width, height } = parsed.data
  const fileName = pictureNameOf(parsed.data.name)
  if (!isInside(fileName)) {
    const reason =
      'The path is absolute or leads out of the folder, so the image was left out. Use paths below the folder.'
    problems.push({ name: fileName, reason })
    return null
  }
  const wrongSize = sizeProblem(parsed.data, mostPixels)
  if (wrongSize !== null) {
    problems.push({ name: fileName, reason: `Line ${element.line}: the image was left out: ${wrongSize}` })
    return null
  }
  const shapes: GroupedShape[] = []
  for (const child of element.children) {
    if (child.name === 'tag') continue
    const label = labelSchema.safeParse(child.attributes)
    const outcome = label.success ? readShape(child, parsed.data) : skipShape('it has no label.')
    if (outcome.kind === 'skip' || !label.success) {
      const reason = outcome.kind === 'skip' ? outcome.reason : ''
      problems.push({ name: fileName, reason: `Line ${child.line}: the ${child.name} was left out: ${reason}` })
      continue
    }
    const group = child.attributes['group_id'] ?? ''
    shapes.push({
      group: group === '' || group === '0' ? null : group,
      annotation: annotationOf(label.data.label, outcome),
    })
  }
  const emptiness = emptinessOf(element.children.length, parsed.data[reviewedEmptyAttribute] === '1')
  return { fileName, width, height, annotations: joinGroups(shapes), ...emptiness }
}

function readShape(element: XmlElement, size: Size): ShapeReading {
  try {
    switch (element.name) {
      case 'mask':
        return mask(element, size)
      case 'polygon':
        return polygon(element, size)
      case 'box':
        return box(element)
      default:
        return skipShape('only masks, polygons and boxes can be read. Convert it in CVAT.')
    }
  } catch (error) {
    if (!isAppError(error, 'InvalidInput')) throw error
    return skipShape(error.message)
  }
}

/** CVAT's own run lengths: along the rows of the mask's box, zeros first. */
function mask({ attributes }: XmlElement, { width, height }: Size): ShapeReading {
  const parsed = maskSchema.safeParse(attributes)
  if (!parsed.success) return skipShape(`its \`${fieldOf(parsed.error)}\` is missing or no whole number.`)
  const { rle, left, top, width: across, height: down } = parsed.data
  if (left < 0 || top < 0 || left + across > width || top + down > height) {
    return skipShape(`it reaches outside the image of ${width}×${height} pixels.`)
  }
  const bitmap = createBitmap(across, down)
  let position = 0
  for (const [index, word] of rle
    .trim()
    .split(/[\s,]+/)
    .entries()) {
    if (!/^\d+$/.test(word))
      return skipShape(`its run lengths hold \`${word.slice(0, 40)}\`, which is no whole number.`)
    const end = position + Number(word)
    if (index % 2 === 1) bitmap.data.fill(1, position, end)
    position = end
  }
  if (position !== across * down) return skipShape(`its run lengths cover ${position} of ${across * down} pixels.`)
  return maskShape(tilesFromBitmap(bitmap, left, top))
}

function polygon({ attributes }: XmlElement, { width, height }: Size): ShapeReading {
  const parsed = polygonSchema.safeParse(attributes)
  if (!parsed.success) return skipShape('it has no points.')
  const pairs = parsed.data.points
    .split(';')
    .map((pair) => pair.split(',').map((value) => (value.trim() === '' ? NaN : Number(value))))
  if (pairs.some((pair) => pair.length !== 2)) return skipShape('its points are not of the form `x,y;x,y`.')
  return maskShape(tilesFromCounts(countsFromPolygons([pairs.flat()], width, height), width, height))
}

function box({ attributes }: XmlElement): ShapeReading {
  const parsed = boxSchema.safeParse(attributes)
  if (!parsed.success) return skipShape(`its \`${fieldOf(parsed.error)}\` is missing or no number.`)
  const { xtl, ytl, xbr, ybr, rotation } = parsed.data
  if (rotation !== 0) return skipShape('it is turned, and a box here cannot be. Draw it as a polygon.')
  return boxShape([xtl, ytl, xbr, ybr])
}

function fieldOf(error: z.ZodError): string {
  return String(error.issues[0]?.path[0] ?? '')
}

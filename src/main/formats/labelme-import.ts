import { basename, dirname, join, posix } from 'node:path'
import { countsFromPolygons } from '../../shared/coco/rasterise.ts'
import { tilesFromCounts } from '../../shared/coco/rle.ts'
import { AppError, isAppError, throwIfAborted } from '../../shared/errors.ts'
import { createBitmap } from '../../shared/mask/bitmap.ts'
import { tilesFromBitmap } from '../../shared/mask/tiles.ts'
import { z } from '../../shared/zod.ts'
import { filesBelow, kindOf, readWholeText, requireFile, slashed } from './files.ts'
import type { ImportContext, ImportedDataSet, ImportedImage } from './format-types.ts'
import { Problems } from './problems.ts'
import { annotationOf, boxShape, classesOf, emptinessOf, joinGroups, maskShape, skipShape } from './shapes.ts'
import type { GroupedShape, ShapeReading } from './shapes.ts'
import { sizeProblem } from './sizes.ts'

/** labelme leaves a field out, or writes null. */
const sideSchema = z
  .int()
  .positive()
  .nullish()
  .transform((side) => side ?? null)
const fileSchema = z.object({
  shapes: z.array(z.unknown()),
  imagePath: z.string().min(1),
  imageWidth: sideSchema,
  imageHeight: sideSchema,
})

const shapeSchema = z.object({
  label: z.string().trim().min(1),
  points: z.array(z.tuple([z.number(), z.number()])),
  shape_type: z.string().nullish(),
  group_id: z
    .union([z.number(), z.string()])
    .nullish()
    .transform((group) => (group === undefined || group === null ? null : String(group))),
  mask: z
    .string()
    .nullish()
    .transform((mask) => mask ?? null),
})
type Shape = z.infer<typeof shapeSchema>

interface Size {
  readonly width: number
  readonly height: number
}

/**
 * Reads labelme's files: one of them, or all `.json` below a folder. Polygons (by COCO's rule), masks with their
 * holes, circles (the pixels whose centres lie inside) and rectangles, which are boxes; masks of one label and one
 * `group_id` are parts of one object. Flags and `imageData` are not looked at. Other shapes, and whatever else cannot
 * be read, are listed with file and shape, and the rest goes on.
 *
 * Throws `NotFound` when there is no such file or folder, or none of labelme in it, and `Cancelled`.
 */
export async function readLabelme(path: string, context: ImportContext): Promise<ImportedDataSet> {
  const isFolder = (await kindOf(path)) === 'folder'
  if (!isFolder) await requireFile(path)
  const root = isFolder ? path : dirname(path)
  const files = isFolder ? await filesBelow(path, '.json', context.signal) : [basename(path)]
  if (files.length === 0) {
    throw new AppError(
      'NotFound',
      'labelmeMissing',
      `${path} holds no .json files of labelme. Choose the folder that has them.`,
      {
        params: { folder: path },
      },
    )
  }
  const problems = new Problems()
  const images: ImportedImage[] = []
  for (const name of files) {
    throwIfAborted(context.signal)
    const read = await readLabelmeFile(join(root, name), name, context, problems)
    if (read !== null) images.push(read)
  }
  const classes = classesOf(images)
  return { classes, images, ...problems.found() }
}

/**
 * Reads one file. `name` is its path below the folder, by which it is called in `problems`; null when it cannot be
 * read at all.
 */
export async function readLabelmeFile(
  path: string,
  name: string,
  context: ImportContext,
  problems: Problems,
): Promise<ImportedImage | null> {
  const refuse = (reason: string): null => {
    problems.push({ name, reason })
    return null
  }
  let value: unknown
  try {
    value = JSON.parse(await readWholeText(path))
  } catch (error) {
    if (isAppError(error)) return refuse(error.message)
    const reason = error instanceof SyntaxError ? `It is not valid JSON (${error.message})` : 'It cannot be read'
    return refuse(`${reason} and was left out. Save it again in labelme.`)
  }
  const file = fileSchema.safeParse(value)
  if (!file.success) {
    const field = file.error.issues[0]?.path.join('.') ?? ''
    return refuse(`It is not a labelme file (${field === '' ? 'no object' : `\`${field}\``}) and was left out.`)
  }
  const fileName = pictureName(name, file.data.imagePath)
  const { imageWidth, imageHeight } = file.data
  const stated = imageWidth === null || imageHeight === null ? null : { width: imageWidth, height: imageHeight }
  const size = stated ?? (await sizeOfPicture(path, file.data.imagePath, fileName, context))
  if (size === null) {
    return refuse(
      `It states no imageWidth and imageHeight, and its picture ${file.data.imagePath} is not there. Put the picture there, or save the file again in labelme.`,
    )
  }
  const wrongSize = sizeProblem(size, context.mostPixels)
  if (wrongSize !== null) return refuse(`It was left out: ${wrongSize}`)
  const shapes: GroupedShape[] = []
  for (const [index, raw] of file.data.shapes.entries()) {
    const label = `Shape ${index + 1}`
    const shape = shapeSchema.safeParse(raw)
    if (!shape.success) {
      const field = shape.error.issues[0]?.path[0] ?? 'shape'
      problems.push({
        name,
        reason: `${label} was left out: its \`${String(field)}\` is missing or not what labelme writes.`,
      })
      continue
    }
    const outcome = await readShape(shape.data, size, `${name}, shape ${index + 1}`, context)
    if (outcome.kind === 'skip') {
      problems.push({ name, reason: `${label} (${shape.data.label}) was left out: ${outcome.reason}` })
      continue
    }
    shapes.push({
      group: shape.data.group_id,
      annotation: annotationOf(shape.data.label, outcome),
    })
  }
  const emptiness = emptinessOf(file.data.shapes.length, true)
  return { fileName, ...size, annotations: joinGroups(shapes), ...emptiness }
}

/**
 * The picture's path below the folder. labelme's is relative to the file and may lead out of the folder or be of
 * another machine; then what is left of it without that is looked for in the project.
 */
function pictureName(name: string, imagePath: string): string {
  const path = imagePath.replaceAll('\\', '/')
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return posix.basename(path)
  return posix.normalize(posix.join(posix.dirname(name), path)).replace(/^(?:\.\.\/)+/, '')
}

async function sizeOfPicture(
  path: string,
  imagePath: string,
  fileName: string,
  { codec, findImage }: ImportContext,
): Promise<Size | null> {
  const picture = join(dirname(path), slashed(imagePath))
  try {
    if ((await kindOf(picture)) === 'file') {
      const { width, height } = await codec.header(picture)
      return { width, height }
    }
  } catch (error) {
    if (!(error instanceof Error) || isAppError(error, 'Cancelled')) throw error
  }
  const known = findImage(fileName)
  return known === null ? null : { width: known.width, height: known.height }
}

async function readShape(shape: Shape, size: Size, place: string, context: ImportContext): Promise<ShapeReading> {
  const type = shape.shape_type ?? 'polygon'
  try {
    switch (type) {
      case 'polygon':
        return polygon(shape, size)
      case 'rectangle':
        return rectangle(shape)
      case 'circle':
        return circle(shape, size)
      case 'mask':
        return await mask(shape, size, place, context)
      default:
        return skipShape(`a ${type} has no area that could be a mask. Draw it as polygon or mask.`)
    }
  } catch (error) {
    if (!isAppError(error) || error.code === 'Cancelled') throw error
    return skipShape(error.message)
  }
}

function polygon({ points }: Shape, { width, height }: Size): ShapeReading {
  if (points.length < 3) return skipShape(`a polygon needs 3 points, it has ${points.length}.`)
  return maskShape(tilesFromCounts(countsFromPolygons([points.flat()], width, height), width, height))
}

function rectangle({ points }: Shape): ShapeReading {
  const [a, b] = points
  if (a === undefined || b === undefined || points.length > 2) {
    return skipShape(`a rectangle has 2 corners, it has ${points.length} points. Draw it again.`)
  }
  return boxShape([Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])])
}

/** Of labelme's two points the first is the centre, the second lies on the circle. */
function circle({ points }: Shape, { width, height }: Size): ShapeReading {
  const [centre, edge] = points
  if (centre === undefined || edge === undefined || points.length > 2) {
    return skipShape(`a circle has a centre and a point on it, it has ${points.length} points. Draw it again.`)
  }
  const radius = Math.hypot(edge[0] - centre[0], edge[1] - centre[1])
  const left = Math.max(0, Math.floor(centre[0] - radius))
  const top = Math.max(0, Math.floor(centre[1] - radius))
  const right = Math.min(width, Math.ceil(centre[0] + radius))
  const bottom = Math.min(height, Math.ceil(centre[1] + radius))
  const bitmap = createBitmap(Math.max(0, right - left), Math.max(0, bottom - top))
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const isInside = Math.hypot(x + 0.5 - centre[0], y + 0.5 - centre[1]) <= radius
      bitmap.data[(y - top) * bitmap.width + x - left] = isInside ? 1 : 0
    }
  }
  return maskShape(tilesFromBitmap(bitmap, left, top))
}

/** A PNG of the box between two corner pixels, both part of it; anything but 0 is mask. */
async function mask(
  shape: Shape,
  { width, height }: Size,
  place: string,
  context: ImportContext,
): Promise<ShapeReading> {
  const [from, to] = shape.points.map(([x, y]) => [Math.trunc(x), Math.trunc(y)] as const)
  if (from === undefined || to === undefined || shape.mask === null) {
    return skipShape('a mask needs two corners and its pixels in `mask`.')
  }
  const across = to[0] - from[0] + 1
  const down = to[1] - from[1] + 1
  const png = await context.codec.decodeIndexPng(place, Buffer.from(shape.mask, 'base64'))
  if (png.width !== across || png.height !== down) {
    return skipShape(`its corners span ${across}×${down} pixels, its mask has ${png.width}×${png.height}.`)
  }
  if (from[0] < 0 || from[1] < 0 || to[0] >= width || to[1] >= height) {
    return skipShape(`it reaches outside the image of ${width}×${height} pixels.`)
  }
  const data = Uint8Array.from(png.data, (value) => (value === 0 ? 0 : 1))
  return maskShape(tilesFromBitmap({ width: across, height: down, data }, from[0], from[1]))
}

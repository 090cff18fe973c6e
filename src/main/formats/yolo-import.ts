import { readdir } from 'node:fs/promises'
import { basename, dirname, join, parse as parsePath, relative, resolve } from 'node:path'
import { parse, YAMLParseError } from 'yaml'
import { outlineSchema } from '../../shared/contract/contract.ts'
import { AppError, isAppError, throwIfAborted } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'
import { filesBelow, kindOf, readWholeText, slashed } from './files.ts'
import type { ImportContext, ImportedAnnotation, ImportedDataSet, ImportedImage, KnownImage } from './format-types.ts'
import { Problems } from './problems.ts'
import { annotationOf, classesOf, emptinessOf } from './shapes.ts'
import { labelPathOf, parseLabels } from './yolo-labels.ts'
import { ringReadings } from './yolo-rings.ts'

const pictureEnding = /\.(?:jpe?g|png|webp|tiff?|bmp)$/i

/** Names the classes, one a line, where there is no `data.yaml`, as Label Studio writes it. */
const classList = 'classes.txt'

const placesSchema = z.union([z.string(), z.array(z.string())]).nullish()
const nameSchema = z.union([z.string(), z.number(), z.boolean()]).transform((name) => String(name).trim())
const dataSchema = z.object({
  path: z.string().nullish(),
  train: placesSchema,
  val: placesSchema,
  test: placesSchema,
  names: z.union([z.array(nameSchema), z.record(z.string().regex(/^\d+$/), nameSchema)]),
  /** Our own word for what the rings run along; anything else under that name is no statement of it. */
  outline: outlineSchema.optional().catch(undefined),
  /** How many keypoints follow every box, and numbers for each of them: only data sets of poses have it. */
  kpt_shape: z.tuple([z.int().positive().max(10_000), z.int().min(2).max(3)]).nullish(),
})

/** A picture with its labels. */
interface Listed {
  /** With `/`. The picture need not be there; without an ending where only its labels tell of it. */
  readonly picture: string
  readonly labels: string
  /** Below the folder of the pictures. */
  readonly name: string
}

/**
 * Reads a YOLO data set: a folder with `data.yaml`, or that file itself; without one a folder with `classes.txt`, `labels` and
 * `images`. Lines of 4 numbers after the class are
 * boxes, of 6 or more rings; every line is an object of its own. Sizes come from the pictures beside the labels, else
 * from the picture of that name in the project. A picture without a label file is left out; an empty file says
 * that nothing is there. Of a data set of poses the boxes are read. `data.yaml` may lead out of its folder, as many do:
 * ordinary files are read there too, and the place is listed. What cannot be read is listed with file and line, and the
 * rest goes on. What the rings run along is what `data.yaml` says of it, else what the context says.
 *
 * Throws `NotFound` or `InvalidInput` when `data.yaml` cannot be used, and `Cancelled`.
 */
export async function readYolo(path: string, context: ImportContext): Promise<ImportedDataSet> {
  const file = await dataFileOf(path)
  const data = await readDataFile(file)
  const root = await rootOf(file, data.path ?? '')
  const names = new Map(Object.entries(data.names).map(([number, name]) => [Number(number), name] as const))
  const [points, each] = data.kpt_shape ?? [0, 0]
  const readRing = ringReadings[data.outline ?? context.outline ?? 'edges']
  const problems = new Problems()
  const images: ImportedImage[] = []
  let posed = 0
  const seen = new Set<string>()
  let unlabelled = 0
  for (const listed of await listAll(file, root, data, problems, context.signal)) {
    throwIfAborted(context.signal)
    if (seen.has(listed.labels)) continue
    seen.add(listed.labels)
    const labelName = slashed(relative(root, listed.labels))
    let text = ''
    try {
      if ((await kindOf(listed.labels)) === 'file') text = await readWholeText(listed.labels)
      else {
        unlabelled++
        continue
      }
    } catch (error) {
      if (!isAppError(error)) throw error
      problems.push({ name: labelName, reason: error.message })
      continue
    }
    const size = await sizeOf(listed, context)
    if (typeof size === 'string') {
      problems.push({ name: labelName, reason: size })
      continue
    }
    const { width, height } = size
    const annotations: ImportedAnnotation[] = []
    let entries = 0
    for (const read of parseLabels(text, names, points * each, { width, height }, readRing)) {
      entries++
      if (read.kind === 'skip') {
        problems.push({ name: labelName, reason: `Line ${read.line} was left out: ${read.reason}` })
        continue
      }
      if (read.kind === 'box' && read.hasKeypoints) posed++
      annotations.push(annotationOf(read.className, read))
    }
    images.push({ fileName: size.fileName, width, height, annotations, ...emptinessOf(entries, true) })
  }
  if (posed > 0) {
    const what = posed === 1 ? '1 line holds keypoints' : `${posed} lines hold keypoints`
    problems.push({ name: file, reason: `${what}, which a project cannot hold: their boxes alone were read.` })
  }
  if (unlabelled > 0) {
    const what = unlabelled === 1 ? '1 picture has' : `${unlabelled} pictures have`
    problems.push({ name: file, reason: `${what} no label file and was taken as not labelled yet.` })
  }
  return {
    classes: classesOf(images, names.values()),
    images,
    ...problems.found(),
  }
}

async function dataFileOf(path: string): Promise<string> {
  if ((await kindOf(path)) !== 'folder') return path
  const inside = (await readdir(path)).filter((name) => /\.ya?ml$/i.test(name)).sort()
  const [only, ...others] = inside
  const name = inside.find((each) => /^data\.ya?ml$/i.test(each)) ?? (others.length === 0 ? only : undefined)
  if (name !== undefined) return join(path, name)
  const list = join(path, classList)
  if (only === undefined && (await kindOf(list)) === 'file' && (await kindOf(join(path, 'labels'))) === 'folder')
    return list
  throw new AppError(
    'NotFound',
    'yoloDataMissing',
    `${path} holds no data.yaml, which names the classes of a YOLO data set. Choose the folder that has it, or the file itself.`,
    {
      params: { folder: path },
    },
  )
}

async function readDataFile(file: string): Promise<z.infer<typeof dataSchema>> {
  const text = await readWholeText(file)
  if (basename(file) === classList) return namesIn(text)
  try {
    return dataSchema.parse(parse(text))
  } catch (cause) {
    const reason = dataFault(cause)
    if (reason === null) throw cause
    throw new AppError(
      'InvalidInput',
      'yoloDataInvalid',
      `${file} does not describe a YOLO data set: ${reason}. Correct it there.`,
      {
        params: { file, reason },
        cause,
      },
    )
  }
}

/** Numbers are those of the lines, so one that is blank counts. */
function namesIn(text: string): z.infer<typeof dataSchema> {
  const lines = text.trimEnd().split(/\r\n|\n|\r/)
  return { names: lines.map((line) => line.trim()), train: 'images' }
}

/** What is wrong with `data.yaml`; null when the error is none of its. */
function dataFault(cause: unknown): string | null {
  if (cause instanceof z.ZodError) {
    return cause.issues[0]?.path[0] === 'kpt_shape'
      ? '`kpt_shape` must be the number of keypoints, and 2 or 3'
      : '`names` must list the classes, `train` and `val` the pictures'
  }
  if (!(cause instanceof YAMLParseError) && !(cause instanceof ReferenceError)) return null
  const [first = ''] = cause.message.split('\n')
  return first.startsWith('Maximum call stack') ? 'it is nested too deeply' : first.replace(/:$/, '')
}

/** The folder that places are relative to. A path from another machine leads nowhere: then it is the file's own. */
async function rootOf(file: string, path: string): Promise<string> {
  const stated = resolve(dirname(file), path)
  return (await kindOf(stated)) === 'folder' ? stated : resolve(dirname(file))
}

async function listAll(
  file: string,
  root: string,
  data: z.infer<typeof dataSchema>,
  problems: Problems,
  signal: AbortSignal | undefined,
): Promise<readonly Listed[]> {
  const found: Listed[] = []
  const done = new Set<string>()
  for (const subset of ['train', 'val', 'test'] as const) {
    for (const place of [data[subset] ?? []].flat()) {
      const path = await placeOf(root, place)
      if (done.has(path)) continue
      done.add(path)
      const problem = (reason: string): void => problems.push({ name: basename(file), reason })
      if (path === parsePath(path).root) {
        problem(`\`${subset}\` leads to ${place}, a whole disk, and was left out. Name the folder of the pictures.`)
        continue
      }
      const kind = await kindOf(path)
      const listed = kind === 'file' ? await listFile(path, root, subset) : await listFolder(path, signal)
      if (listed.length === 0) {
        problem(`\`${subset}\` leads to ${place}, where there are neither pictures nor labels. Correct the path.`)
      }
      const home = resolve(dirname(file))
      const outside = listed.find(({ labels }) => isOutside(home, labels))
      if (outside !== undefined) {
        problem(`\`${subset}\` leads out of the folder, to ${dirname(outside.labels)}: what lies there was read too.`)
      }
      found.push(...listed)
    }
  }
  return found
}

/** Some exporters write `../train/images` for what lies beside `data.yaml`. */
async function placeOf(root: string, place: string): Promise<string> {
  const path = resolve(root, place)
  if ((await kindOf(path)) !== null || !place.startsWith('../')) return path
  return resolve(root, place.slice('../'.length))
}

/** Whether a path leads out of that folder. */
function isOutside(folder: string, path: string): boolean {
  const way = slashed(relative(folder, path))
  return way === '..' || way.startsWith('../') || slashed(resolve(way)) === way
}

/** A text file with the path of one picture a line; `./` begins at the folder of the file. */
async function listFile(path: string, root: string, subset: string): Promise<readonly Listed[]> {
  const lines = (await readWholeText(path)).split(/\r\n|\n|\r/).filter((line) => line.trim() !== '')
  return lines.map((line) => {
    const picture = slashed(resolve(line.startsWith('./') ? dirname(path) : root, line.trim()))
    const inside = slashed(relative(root, picture))
    const name = isOutside(root, picture) ? picture.slice(picture.lastIndexOf('/') + 1) : inside
    const folders = [`images/${subset}/`, `${subset}/images/`, 'images/']
    const folder = folders.find((each) => name.startsWith(each)) ?? ''
    return { picture, labels: labelPathOf(picture), name: name.slice(folder.length) }
  })
}

/** None where there is no such folder: either of the two may be missing. */
async function filesIn(folder: string, ending: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
  return (await kindOf(folder)) === 'folder' ? filesBelow(folder, ending, signal) : []
}

/** Every picture below a folder, and every label file there that has none. */
async function listFolder(path: string, signal: AbortSignal | undefined): Promise<readonly Listed[]> {
  const folder = slashed(path)
  const pictures = (await filesIn(path, '', signal)).filter((name) => pictureEnding.test(name))
  const listed = pictures.map((name) => ({
    picture: `${folder}/${name}`,
    labels: labelPathOf(`${folder}/${name}`),
    name,
  }))
  const labels = labelPathOf(`${folder}/x`).slice(0, -'/x.txt'.length)
  const known = new Set(listed.map((each) => each.labels))
  const texts = await filesIn(labels, '.txt', signal)
  const alone = texts.filter((name) => basename(name) !== classList && !known.has(`${labels}/${name}`))
  return [
    ...listed,
    ...alone.map((name) => {
      const stem = name.slice(0, -'.txt'.length)
      return { picture: `${folder}/${stem}`, labels: `${labels}/${name}`, name: stem }
    }),
  ]
}

async function sizeOf({ picture, name }: Listed, { codec, findImage }: ImportContext): Promise<KnownImage | string> {
  if ((await kindOf(picture)) === 'file') {
    try {
      return { ...(await codec.header(picture)), fileName: name }
    } catch (error) {
      if (!isAppError(error) || error.code === 'Cancelled') throw error
      return error.message
    }
  }
  const known = findImage(name)
  if (known !== null) return { ...known, fileName: pictureEnding.test(name) ? name : known.fileName }
  return `The picture ${name} lies neither beside its labels nor in the project, so its size is not known. Put it there, or add it to the project first.`
}

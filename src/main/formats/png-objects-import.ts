import { join } from 'node:path'
import type { MaskTile } from '../../shared/domain/history.ts'
import { AppError, isAppError, throwIfAborted } from '../../shared/errors.ts'
import { tilesByValue } from '../../shared/mask/label-tiles.ts'
import { filesBelow, isInside, kindOf, pictureNameOf, slashed } from './files.ts'
import type { ImportedAnnotation, ImportedDataSet, ImportedImage, IndexPngCodec } from './format-types.ts'
import { readJsonSections } from './json-sections.ts'
import { valuesOf } from './label-reading.ts'
import { sizeProblem } from './sizes.ts'
import { objectRecordSchema, objectsClassSchema, objectsFormat, objectsImageSchema } from './png-objects-records.ts'
import { Problems } from './problems.ts'
import { classesOf, emptinessOf } from './shapes.ts'
import type { LabelPng } from '../../shared/domain/index-png.ts'

type Codec = Pick<IndexPngCodec, 'readLabelPng'>

/** What was read so far. */
interface Found {
  /** Parent by class name. */
  readonly parents: Map<string, string | null>
  readonly images: ImportedImage[]
  readonly problems: Problems
}

/**
 * Reads one PNG an object: by `manifest.json` as `exportPngObjects` writes it; without one by the folders, where
 * `<image without its ending>/<number>_<class>.png` (or `<class>_<number>.png`) says it all, below `masks/` if there is
 * such a folder. A mask is what is not black; it must be all of one value. What cannot be read is listed and the rest
 * goes on. Throws `InvalidInput` when neither manifest nor folders can be understood, `NotFound` and `Cancelled`.
 */
export async function readPngObjects(
  folder: string,
  codec: Codec,
  signal?: AbortSignal,
  mostPixels?: number,
): Promise<ImportedDataSet> {
  const found: Found = { parents: new Map(), images: [], problems: new Problems() }
  const manifest = join(folder, 'manifest.json')
  if ((await kindOf(manifest)) !== null) await readManifest(folder, manifest, codec, found, signal, mostPixels)
  else await readFolders(folder, codec, found, signal)
  return {
    classes: classesOf(found.images, found.parents.keys(), (name) => found.parents.get(name) ?? null),
    images: found.images,
    ...found.problems.found(),
  }
}

async function readManifest(
  folder: string,
  path: string,
  codec: Codec,
  { parents, images, problems }: Found,
  signal: AbortSignal | undefined,
  mostPixels: number | undefined,
): Promise<void> {
  let isOurs = false
  const seen = new Set<string>()
  let number = 0
  for await (const { section, kind, value } of readJsonSections(
    path,
    new Set(['format', 'classes', 'images']),
    signal,
  )) {
    throwIfAborted(signal)
    if (section === 'format') isOurs = value === objectsFormat
    if (kind === 'tooLong')
      problems.push({ name: path, reason: `An entry of \`${section}\` was left out: ${String(value)}` })
    if (kind !== 'element') continue
    if (section === 'classes') {
      const parsed = objectsClassSchema.safeParse(value)
      if (parsed.success) parents.set(parsed.data.name, parsed.data.parent ?? null)
      else problems.push({ name: path, reason: 'An entry of `classes` has no name and was left out.' })
      continue
    }
    if (!isOurs) break
    number++
    const parsed = objectsImageSchema.safeParse(value)
    if (!parsed.success) {
      problems.push({ name: path, reason: `Entry ${number} of \`images\` lacks image, width, height or objects.` })
      continue
    }
    const { image, width, height, objects, reviewed_empty: isReviewed = false } = parsed.data
    const fileName = pictureNameOf(image)
    if (!isInside(fileName) || seen.has(fileName)) {
      const reason = seen.has(fileName)
        ? 'It is listed twice; the first entry was read.'
        : 'Its path leads out of the folder, so it was left out. Use paths below the folder.'
      problems.push({ name: fileName, reason })
      continue
    }
    seen.add(fileName)
    const wrongSize = sizeProblem({ width, height }, mostPixels)
    if (wrongSize !== null) {
      problems.push({ name: fileName, reason: `It was left out: ${wrongSize}` })
      continue
    }
    const annotations: ImportedAnnotation[] = []
    for (const [index, object] of objects.entries()) {
      const problem = (reason: string): void => problems.push({ name: fileName, reason })
      const annotation = await readObject(folder, object, index, { width, height }, codec, problem)
      if (annotation !== null) annotations.push(annotation)
    }
    images.push({ fileName, width, height, annotations, ...emptinessOf(objects.length, isReviewed) })
  }
  if (isOurs) return
  throw new AppError(
    'InvalidInput',
    'objectsManifestInvalid',
    `${path} is not the manifest of a folder with one PNG an object: it does not begin with "format": "${objectsFormat}". Import the folder as what it is, or take the manifest away to read it by its folders.`,
    { params: { file: path } },
  )
}

async function readObject(
  folder: string,
  value: unknown,
  index: number,
  { width, height }: { readonly width: number; readonly height: number },
  codec: Codec,
  problem: (reason: string) => void,
): Promise<ImportedAnnotation | null> {
  const parsed = objectRecordSchema.safeParse(value)
  if (!parsed.success) {
    problem(`Object ${index + 1} was left out: it lacks class, kind, or the file or box that goes with it.`)
    return null
  }
  const object = parsed.data
  const common = {
    className: object.class,
    crowd: object.crowd ?? false,
    originalId: object.id ?? null,
    ...(object.state === undefined ? {} : { state: object.state }),
    ...(typeof object.score === 'number' ? { score: object.score } : {}),
  }
  const label = `Object ${object.id ?? index + 1}`
  if (object.kind === 'box') {
    if (object.box[2] > 0 && object.box[3] > 0) return { ...common, kind: 'box', tiles: [], box: object.box }
    problem(`${label} was left out: its box has no width or height.`)
    return null
  }
  if (!isInside(object.file)) {
    problem(`${label} was left out: its path ${object.file} leads out of the folder.`)
    return null
  }
  try {
    const png = await codec.readLabelPng(join(folder, slashed(object.file)))
    const tiles = objectTiles(object.file, png)
    if (png.width === width && png.height === height && typeof tiles !== 'string') {
      return { ...common, kind: 'mask', tiles, box: null }
    }
    problem(
      typeof tiles === 'string'
        ? `${label} was left out: ${tiles}`
        : `${label} was left out: the manifest says ${width}×${height}, ${object.file} is ${png.width}×${png.height}.`,
    )
  } catch (error) {
    if (!isAppError(error) || error.code === 'Cancelled') throw error
    problem(`${label} was left out: ${error.message}`)
  }
  return null
}

/** The mask, or why the picture is none. */
function objectTiles(file: string, png: LabelPng): readonly MaskTile[] | string {
  const isBlack = (value: number): boolean => (png.kind === 'palette' ? (png.palette[value] ?? 0) : value) === 0
  const values = [...valuesOf(file, png)].filter((value) => !isBlack(value))
  const [value] = values
  if (value === undefined) return `${file} is black, so it covers no pixel.`
  if (values.length > 1)
    return `${file} holds ${values.length} values besides black, and an object has one. Save it again as black and white.`
  return tilesByValue(png.data, png.width, png.height, (each) => each === value).get(value) ?? []
}

async function readFolders(
  folder: string,
  codec: Codec,
  { images, problems }: Found,
  signal: AbortSignal | undefined,
): Promise<void> {
  const inside = join(folder, 'masks')
  const root = (await kindOf(inside)) === 'folder' ? inside : folder
  const byImage = new Map<string, { readonly file: string; readonly className: string }[]>()
  for (const file of await filesBelow(root, '.png', signal)) {
    const [, image, name = ''] = /^(.+)\/([^/]+)\.png$/i.exec(file) ?? []
    const className = /^\d+[_-](.+)$/.exec(name)?.[1] ?? /^(.+?)[_-]\d+$/.exec(name)?.[1]
    if (image === undefined || className === undefined) {
      problems.push({
        name: file,
        reason: 'It was left out: its path is not IMAGE/NUMBER_CLASS.png. Rename it, or add a manifest.json.',
      })
      continue
    }
    const objects = byImage.get(image)
    if (objects === undefined) byImage.set(image, [{ file, className }])
    else objects.push({ file, className })
  }
  if (byImage.size === 0) {
    throw new AppError(
      'InvalidInput',
      'objectsFolderUnclear',
      `${folder} is no folder with one PNG an object: it has neither a manifest.json nor files like IMAGE/1_CLASS.png. Give the folder that holds these.`,
      { params: { folder } },
    )
  }
  for (const [fileName, objects] of byImage) {
    let size: { readonly width: number; readonly height: number } | null = null
    const annotations: ImportedAnnotation[] = []
    for (const { file, className } of objects) {
      throwIfAborted(signal)
      try {
        const png = await codec.readLabelPng(join(root, file))
        size ??= { width: png.width, height: png.height }
        const tiles = objectTiles(file, png)
        if (png.width !== size.width || png.height !== size.height) {
          const reason = `${file} was left out: it is ${png.width}×${png.height}, the first one of its image ${size.width}×${size.height}.`
          problems.push({ name: fileName, reason })
        } else if (typeof tiles === 'string') problems.push({ name: fileName, reason: `It was left out: ${tiles}` })
        else annotations.push({ className, kind: 'mask', tiles, box: null, crowd: null, originalId: null })
      } catch (error) {
        if (!isAppError(error) || error.code === 'Cancelled') throw error
        problems.push({ name: fileName, reason: error.message })
      }
    }
    if (size !== null) images.push({ fileName, ...size, annotations })
  }
}

import { dirname, join, posix, relative } from 'node:path'
import type { AnnotationImportSpec } from '../../shared/contract/contract.ts'
import { throwIfAborted } from '../../shared/errors.ts'
import { kindOf, slashed } from './files.ts'
import type { ImportContext, ImportedClass, ImportedDataSet, ImportedImage } from './format-types.ts'
import { Problems } from './problems.ts'
import { dataSetFiles, formatAmbiguous } from './recognise.ts'
import { formats, readDataSet } from './registry.ts'

type FormatName = AnnotationImportSpec['format']

/**
 * As `readDataSet`; of a format with one file for many images, a folder is read too: all its files together, as the subsets of
 * one data set lie (`train/_annotations.coco.json`, `instances_val.json`). Ids stay where no two files share one.
 *
 * Throws besides, `InvalidInput` that names the files, where the folder has none of that format, or where they cannot be subsets
 * of one data set: an image in two of them, or masks on the pixels as displayed in one and as stored in the other.
 */
export async function readTogether(format: FormatName, path: string, context: ImportContext): Promise<ImportedDataSet> {
  if (formats[format].imports === 'folder' || (await kindOf(path)) !== 'folder') {
    return await readDataSet(format, path, context)
  }
  const files = await dataSetFiles(path, format, context.signal)
  const [only, ...others] = files
  if (only !== undefined && others.length === 0) return await readDataSet(format, only, context)
  const parts: ImportedDataSet[] = []
  for (const file of files) {
    const part = await readDataSet(format, file, context)
    throwIfAborted(context.signal)
    parts.push({ ...part, images: await besideTheirFile(path, file, part.images) })
  }
  if (!areSubsets(parts))
    throw formatAmbiguous(
      path,
      files.map((file) => ({ format, path: file })),
    )
  return joined(parts)
}

/** Pictures that lie beside the file of their labels are named by their place in the folder, since each subset may have an `1.jpg`. */
async function besideTheirFile(
  folder: string,
  file: string,
  images: readonly ImportedImage[],
): Promise<readonly ImportedImage[]> {
  const below = slashed(relative(folder, dirname(file)))
  if (below === '') return images
  const named: ImportedImage[] = []
  for (const image of images) {
    const isBeside = (await kindOf(join(dirname(file), image.fileName))) === 'file'
    named.push(isBeside ? { ...image, fileName: posix.join(below, image.fileName) } : image)
  }
  return named
}

function areSubsets(parts: readonly ImportedDataSet[]): boolean {
  const isOneWay = new Set(parts.map(({ orientation }) => orientation)).size === 1
  return isOneWay && areApart(parts.map(({ images }) => images.map(({ fileName }) => fileName)))
}

/** Whether nothing is in two of these lists. */
function areApart(lists: readonly (readonly string[])[]): boolean {
  const sets = lists.map((list) => new Set(list))
  return new Set(lists.flat()).size === sets.reduce((sum, { size }) => sum + size, 0)
}

function joined(parts: readonly ImportedDataSet[]): ImportedDataSet {
  const images = parts.map((part) => part.images)
  const hasImageIds = areApart(images.map((list) => list.flatMap(({ originalId }) => originalId ?? [])))
  const annotationIds = images.map((list) =>
    list.flatMap(({ annotations }) => annotations.flatMap(({ originalId }) => originalId ?? [])),
  )
  const hasAnnotationIds = areApart(annotationIds)
  const problems = new Problems()
  for (const part of parts) problems.takeOver(part)
  const [first] = parts
  return {
    classes: joinedClasses(parts.flatMap(({ classes }) => classes)),
    images: images.flat().map(({ originalId, ...image }) => ({
      ...image,
      ...(hasImageIds && originalId !== undefined ? { originalId } : {}),
      annotations: hasAnnotationIds
        ? image.annotations
        : image.annotations.map((annotation) => ({ ...annotation, originalId: null })),
    })),
    ...problems.found(),
    ...(first?.orientation === undefined ? {} : { orientation: first.orientation }),
  }
}

/** By name. Ids are kept where they say the same in all files. */
function joinedClasses(classes: readonly ImportedClass[]): ImportedClass[] {
  const byName = Map.groupBy(classes, ({ name }) => name)
  const nameOf = new Map<string, Set<string>>()
  for (const { name, originalId } of classes) {
    if (originalId !== undefined) nameOf.set(originalId, (nameOf.get(originalId) ?? new Set()).add(name))
  }
  const isClear = [...nameOf.values()].every(({ size }) => size === 1)
  return [...byName].map(([name, same]) => {
    const ids = new Set(same.map(({ originalId }) => originalId))
    const [originalId] = ids
    return {
      name,
      parentName: same.find(({ parentName }) => parentName !== null)?.parentName ?? null,
      annotations: same.reduce((sum, { annotations }) => sum + annotations, 0),
      ...(isClear && ids.size === 1 && originalId !== undefined ? { originalId } : {}),
    }
  })
}

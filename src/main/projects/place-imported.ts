import type { AnnotationImportSpec } from '../../shared/contract/contract.ts'
import type { ImageRecord } from '../../shared/domain/records.ts'
import type { ImportedDataSet, ImportedImage } from '../formats/format-types.ts'
import type { Problems } from '../formats/problems.ts'
import { imageFor } from './image-names.ts'
import type { ImageNames, MaskOrientation } from './image-names.ts'
import type { OfferedImages } from './offered-images.ts'

/** Which entries of a file mean which image of the project, and what they say of it besides annotations. */

/** The file's entries by the image that each of them means. `problems` lists those that mean none. */
export function placeImages(
  dataSet: ImportedDataSet,
  names: ImageNames,
  orientation: MaskOrientation,
  spec: AnnotationImportSpec,
  offered: OfferedImages,
  problems: Problems,
): {
  readonly byImage: ReadonlyMap<string, { readonly image: ImageRecord; readonly entries: readonly ImportedImage[] }>
  readonly missing: number
  readonly otherOrientation: number
} {
  const byImage = new Map<string, { readonly image: ImageRecord; readonly entries: ImportedImage[] }>()
  let [missing, otherOrientation] = [0, 0]
  for (const imported of dataSet.images) {
    const found = imageFor(names, imported, orientation)
    if (found.kind === 'image') {
      const known = byImage.get(found.image.id)
      if (known === undefined) byImage.set(found.image.id, { image: found.image, entries: [imported] })
      else known.entries.push(imported)
    } else if (saysSomething(imported, spec)) {
      const unusable = found.kind === 'missing' ? offered.problemOf(imported.fileName) : undefined
      problems.push(unusable ?? { name: imported.fileName, reason: found.reason })
      if (found.kind === 'missing') missing++
      if (found.kind === 'turned') otherOrientation++
    }
  }
  return { byImage, missing, otherOrientation }
}

/**
 * Of the file's entries that may all mean one image, those that do: the ones with its very name, else the only one. What
 * is left says something that nobody can place.
 */
export function entriesOf(
  image: ImageRecord,
  entries: readonly ImportedImage[],
  spec: AnnotationImportSpec,
): { readonly meant: readonly ImportedImage[]; readonly doubtful: readonly ImportedImage[] } {
  const exact = entries.filter(({ fileName }) => fileName === image.name)
  const meant = exact.length > 0 ? exact : entries.length === 1 ? entries : []
  return { meant, doubtful: entries.filter((entry) => !meant.includes(entry) && saysSomething(entry, spec)) }
}

/** Whether an import of this kind takes the image for one that was looked at and is empty: a person's word, so no proposal. */
function saysEmpty({ empty }: ImportedImage, { as, empty: wanted = 'stated' }: AnnotationImportSpec): boolean {
  if (as === 'proposed' || wanted === 'unlabelled' || empty === undefined) return false
  return wanted === 'reviewed' || empty === 'stated'
}

/** Whether anything is lost when nobody can tell which image is meant. */
export function saysSomething(imported: ImportedImage, spec: AnnotationImportSpec): boolean {
  return imported.annotations.length > 0 || saysEmpty(imported, spec)
}

/** An entry of which something could not be read speaks against all others. */
export function areEmpty(entries: readonly ImportedImage[], spec: AnnotationImportSpec): boolean {
  return entries.some((entry) => saysEmpty(entry, spec)) && entries.every(({ empty }) => empty !== undefined)
}

/** Whether a person has finished the image, by all that the file says of it. Proposals bring nobody's word. */
export function areFinished(entries: readonly ImportedImage[], { as }: AnnotationImportSpec): boolean {
  return as === 'accepted' && entries.every(({ reviewed }) => reviewed === true)
}

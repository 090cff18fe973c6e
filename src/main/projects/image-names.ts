import { withoutEnding } from '../../shared/domain/picture-names.ts'
import type { ImageRecord } from '../../shared/domain/records.ts'
import { storedSize } from '../../shared/mask/orient.ts'
import type { ImportedImage, KnownImage } from '../formats/format-types.ts'

/** Where the masks of a data set lie: on the picture as displayed, or on the pixels as its file stores them. */
export type MaskOrientation = 'displayed' | 'stored'

/** Images by what another data set may call them. */
export interface ImageNames {
  readonly byPath: ReadonlyMap<string, ImageRecord>
  /** By the last part of their path. */
  readonly byFileName: ReadonlyMap<string, readonly ImageRecord[]>
  /** By path and by last part, both without the ending. */
  readonly byStem: ReadonlyMap<string, readonly ImageRecord[]>
  /** Pixels of the largest image. */
  readonly largest: number
}

/** An image may come under several names; of two images of one name the first counts. */
export function imageNames(images: Iterable<ImageRecord>): ImageNames {
  const byPath = new Map<string, ImageRecord>()
  const byFileName = new Map<string, ImageRecord[]>()
  const byStem = new Map<string, ImageRecord[]>()
  const put = (map: Map<string, ImageRecord[]>, key: string, image: ImageRecord): void => {
    const known = map.get(key)
    if (known === undefined) map.set(key, [image])
    else known.push(image)
  }
  let largest = 0
  for (const image of images) {
    largest = Math.max(largest, image.width * image.height)
    if (byPath.has(image.name)) continue
    byPath.set(image.name, image)
    put(byFileName, lastPart(image.name), image)
    const stem = withoutEnding(image.name)
    // A whole path begins with a slash here, so that it is never taken for a file name.
    put(byStem, `/${stem}`, image)
    put(byStem, lastPart(stem), image)
  }
  return { byPath, byFileName, byStem, largest }
}

/**
 * The images that may be meant: by the path in the project, else by the path without an ending, else by the file name, and
 * last by that without an ending.
 */
function candidates(names: ImageNames, name: string): readonly ImageRecord[] {
  const exact = names.byPath.get(name)
  if (exact !== undefined) return [exact]
  const found =
    names.byStem.get(`/${name}`) ?? names.byFileName.get(lastPart(name)) ?? names.byStem.get(lastPart(name)) ?? []
  const meant = found.filter((image) => mayBe(name, image.name))
  // An image may stand here under several names.
  return [...new Map(meant.map((image) => [image.id, image])).values()]
}

/** Where both paths have folders, one has to end as the other does: `b/1.jpg` is not `a/1.jpg`. */
function mayBe(name: string, own: string): boolean {
  const [long, short] = [folderOf(name), folderOf(own)].toSorted((a, b) => b.length - a.length)
  return `/${long}`.endsWith(`/${short}`) || short === ''
}

function folderOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')))
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

function sizeOn(image: ImageRecord, orientation: MaskOrientation): { readonly width: number; readonly height: number } {
  return orientation === 'stored' ? storedSize(image) : { width: image.width, height: image.height }
}

/** The image of that name, with or without its ending, in the size that the masks have; null when there is none or more than one. */
export function findImage(names: ImageNames, name: string, orientation: MaskOrientation): KnownImage | null {
  const [image, ...others] = candidates(names, name)
  if (image === undefined || others.length > 0) return null
  return { fileName: image.name, ...sizeOn(image, orientation) }
}

/** The image meant; else why there is none: it is not here, it fits only when read the other way, or something else. */
type Found =
  | { readonly kind: 'image'; readonly image: ImageRecord }
  | { readonly kind: 'missing' | 'turned' | 'unfit'; readonly reason: string }

export function imageFor(names: ImageNames, imported: ImportedImage, orientation: MaskOrientation): Found {
  const { fileName, width, height } = imported
  const found = candidates(names, fileName)
  const [image, ...others] = found
  if (image === undefined) {
    return { kind: 'missing', reason: `${fileName} is not an image of this project; add it, then import again.` }
  }
  if (others.length > 0) {
    const reason = `${fileName} is the file name of several images (${found.map((each) => each.name).join(', ')}); use their paths in the file.`
    return { kind: 'unfit', reason }
  }
  const fits = (size: { readonly width: number; readonly height: number }): boolean =>
    size.width === width && size.height === height
  const expected = sizeOn(image, orientation)
  if (fits(expected)) return { kind: 'image', image }
  const other = orientation === 'stored' ? 'displayed' : 'stored'
  const has = `${image.name} has ${expected.width} x ${expected.height} pixels`
  if (fits(sizeOn(image, other))) {
    const how = { displayed: 'as displayed', stored: 'as stored pixels' }
    const where = { displayed: 'as displayed, turned by EXIF', stored: 'as its file stores them, before EXIF turns it' }
    return {
      kind: 'turned',
      reason: `${has} ${where[orientation]}, but its masks are for ${width} x ${height}, the sides swapped: they lie on its pixels ${where[other]}. Read them ${how[other]} (--orientation ${other}).`,
    }
  }
  const swapped = fits({ width: expected.height, height: expected.width })
    ? ': the sides are swapped, and no EXIF orientation of the picture explains it'
    : ''
  return {
    kind: 'unfit',
    reason: `${has}, but its masks are for ${width} x ${height}${swapped}; make them again at the size of the image.`,
  }
}

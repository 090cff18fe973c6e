import { join } from 'node:path'
import type { MaskTile } from '../../shared/domain/history.ts'
import { hasImageExtension, withoutEnding } from '../../shared/domain/picture-names.ts'
import type { Box } from '../../shared/domain/records.ts'
import { AppError, isAppError, throwIfAborted } from '../../shared/errors.ts'
import { tilesByValue } from '../../shared/mask/label-tiles.ts'
import { forEachRun, tilesBounds } from '../../shared/mask/tiles.ts'
import { namesOfTable, readClassTable } from './class-table.ts'
import type { ClassTable } from './class-table.ts'
import { filesBelow, isInside, kindOf, readWholeText, slashed } from './files.ts'
import type { ImportedAnnotation, ImportedDataSet, ImportedImage, IndexPngCodec } from './format-types.ts'
import { labelReading, listed, unknownOf, valuesOf } from './label-reading.ts'
import type { LabelReading } from './label-reading.ts'
import { Problems } from './problems.ts'
import { classesOf, emptinessOf } from './shapes.ts'
import { sizeProblem } from './sizes.ts'
import { readVocXml, vocClasses, vocColours, vocIgnored } from './voc-records.ts'
import type { VocReading } from './voc-records.ts'
import type { LabelPng } from '../../shared/domain/index-png.ts'

/** From this share of common area on, a box of the XML and a mask of its class are one object. */
const sameObject = 0.5

/**
 * Reads a Pascal VOC data set: class pictures (palette, grey or RGB), alone or with object pictures, and XML
 * boxes; every image of which there is a file or that a list of `ImageSets/Segmentation` names. A folder that has none of
 * VOC's own folders may hold the XML beside the pictures, as labelImg and Roboflow write it. Pixels of 255 belong to
 * nobody. Class names come from `labelmap.txt`; without one from the 20 classes of VOC where the numbers fit.
 *
 * Each object of an object picture is one mask; class pixels of no object are one more mask of that class. A box of
 * the XML stays a box unless it is that of a mask; where there is only a class picture, unless that class has pixels
 * in it. Corners count from 1 and belong to the box, but for files that look like those of Datumaro. What cannot be read is listed and the rest goes on.
 * Throws `InvalidInput` when it is no such folder or nothing names the classes, `NotFound` and `Cancelled`.
 */
export async function readVoc(
  folder: string,
  codec: Pick<IndexPngCodec, 'readLabelPng'>,
  signal?: AbortSignal,
  mostPixels?: number,
): Promise<ImportedDataSet> {
  const layout = await layoutOf(folder)
  const { stems, pictures } = await listImages(folder, layout, signal)
  const labelMap = join(folder, 'labelmap.txt')
  const table = (await kindOf(labelMap)) === 'file' ? withColours(await readClassTable(labelMap)) : undefined
  const problems = new Problems()
  const images: ImportedImage[] = []
  for (const stem of stems) {
    throwIfAborted(signal)
    try {
      // Of `a.jpg` and `a.png` neither is guessed.
      const [picture, ...others] = pictures.get(stem) ?? []
      const only = others.length === 0 ? picture : undefined
      const image = await readImage(folder, layout, stem, only, table, codec, problems, signal, mostPixels)
      if (image !== null) images.push(image)
    } catch (error) {
      const isForAll = isAppError(error) && error.key === 'vocClassesUnknown'
      if (!isAppError(error) || error.code === 'Cancelled' || isForAll) throw error
      problems.push({ name: stem, reason: error.message })
    }
  }
  return {
    classes: classesOf(images, table === undefined ? [] : namesOfTable(table)),
    images,
    ...problems.found(),
  }
}

/** A label map without any colour means those of VOC, in its order. */
function withColours({ byNumber, byColour }: ClassTable): ClassTable {
  if (byColour.size > 0) return { byNumber, byColour }
  return { byNumber, byColour: new Map([...byNumber].map(([number, name]) => [vocColours[number] ?? 0, name])) }
}

const ownFolders = ['Annotations', 'SegmentationClass', 'SegmentationObject'] as const

/** Where XML and pictures lie, below the folder of the data set. */
interface Layout {
  readonly xml: string
  readonly pictures: string
}

async function layoutOf(folder: string): Promise<Layout> {
  for (const own of ownFolders) {
    if ((await kindOf(join(folder, own))) === 'folder') return { xml: 'Annotations', pictures: 'JPEGImages' }
  }
  return { xml: '', pictures: '' }
}

/** Names without endings of all images that any file speaks of, and the pictures that lie beside them. */
async function listImages(
  folder: string,
  layout: Layout,
  signal: AbortSignal | undefined,
): Promise<{ readonly stems: readonly string[]; readonly pictures: ReadonlyMap<string, readonly string[]> }> {
  const stems = new Set<string>()
  const parts = [
    [layout.xml, '.xml'],
    ['SegmentationClass', '.png'],
    ['SegmentationObject', '.png'],
  ] as const
  for (const [part, ending] of parts) {
    if ((await kindOf(join(folder, part))) !== 'folder') continue
    for (const file of await filesBelow(join(folder, part), ending, signal)) stems.add(file.slice(0, -ending.length))
  }
  if (stems.size === 0) {
    throw new AppError(
      'InvalidInput',
      'vocFolderEmpty',
      `${folder} is no Pascal VOC data set: it has no files in Annotations, SegmentationClass or SegmentationObject, nor XML beside its pictures. Give the folder that holds these.`,
      { params: { folder } },
    )
  }
  const lists = join(folder, 'ImageSets/Segmentation')
  for (const file of (await kindOf(lists)) === 'folder' ? await filesBelow(lists, '.txt', signal) : []) {
    for (const line of (await readWholeText(join(lists, file))).split(/\r\n|\n|\r/)) {
      // A name may begin or end with a space.
      if (line.trim() !== '' && !line.startsWith('#') && !stems.has(line)) stems.add(slashed(line.trim()))
    }
  }
  const pictures = new Map<string, string[]>()
  const beside = join(folder, layout.pictures)
  for (const file of (await kindOf(beside)) === 'folder' ? await filesBelow(beside, '', signal) : []) {
    if (!hasImageExtension(file)) continue
    const stem = withoutEnding(file)
    pictures.set(stem, [...(pictures.get(stem) ?? []), file])
  }
  return { stems: [...stems].toSorted(), pictures }
}

async function readImage(
  folder: string,
  layout: Layout,
  stem: string,
  picture: string | undefined,
  table: ClassTable | undefined,
  codec: Pick<IndexPngCodec, 'readLabelPng'>,
  problems: Problems,
  signal: AbortSignal | undefined,
  mostPixels: number | undefined,
): Promise<ImportedImage | null> {
  const problem = (reason: string): void => problems.push({ name: stem, reason })
  if (!isInside(stem)) {
    problem('Its path leads out of the folder, so it was left out. Use paths below the folder.')
    return null
  }
  const xmlPath = join(folder, layout.xml, `${stem}.xml`)
  const classPath = join(folder, 'SegmentationClass', `${stem}.png`)
  const objectPath = join(folder, 'SegmentationObject', `${stem}.png`)
  let xml: VocReading | null = null
  if ((await kindOf(xmlPath)) === 'file') {
    try {
      xml = await readVocXml(xmlPath, signal)
      xml.problems.forEach(problem)
      if (xml.countsFromZero) {
        problems.count(stem, 'its boxes are written as Datumaro and CVAT do, counted from 0, and were read so.')
      }
    } catch (error) {
      if (!isAppError(error) || error.code === 'Cancelled') throw error
      problem(error.message)
    }
  }
  const classes = (await kindOf(classPath)) === 'file' ? await codec.readLabelPng(classPath) : null
  const size = classes ?? xml?.size ?? null
  if (size === null) {
    if (xml !== null) problem('It was left out: neither a <size> in its XML nor a class picture says how large it is.')
    else if ((await kindOf(objectPath)) === 'file')
      problem(`${objectPath} was left out: there is no class picture beside it.`)
    else if ((await kindOf(xmlPath)) !== 'file')
      problem('A list names it, but there is no file of it in Annotations or SegmentationClass.')
    return null
  }
  const { width, height } = size
  const wrongSize = sizeProblem(size, mostPixels)
  if (wrongSize !== null) {
    problem(`It was left out: ${wrongSize}`)
    return null
  }
  if (xml !== null && xml.size !== null && (xml.size.width !== width || xml.size.height !== height)) {
    problem(
      `The XML says ${xml.size.width}×${xml.size.height}, the class picture is ${width}×${height}. It was left out. Correct the one that is wrong.`,
    )
    return null
  }
  const masks: ImportedAnnotation[] = []
  let regions: readonly ImportedAnnotation[] = []
  let entries = 0
  if (classes !== null) {
    const reading = classReading(folder, classPath, classes, table, xml)
    const objects = (await kindOf(objectPath)) === 'file' ? await codec.readLabelPng(objectPath) : null
    if (objects !== null && (objects.width !== width || objects.height !== height)) {
      problem(
        `The object picture is ${objects.width}×${objects.height}, the class picture ${width}×${height}. The image was left out.`,
      )
      return null
    }
    const found = masksOf(classes, reading, objects, objectPath)
    masks.push(...found.objects)
    regions = found.regions
    if (found.ignored > 0) problems.count(stem, 'Pixels of 255 ("ignore") belong to no mask.')
    if (found.classless.length > 0) {
      problem(`Object ${listed(found.classless)} was left out: its pixels have no class in the class picture.`)
    }
    if (found.mixed.length > 0) {
      problem(`Object ${listed(found.mixed)} has pixels of several classes, so each class became a mask of its own.`)
    }
    const unknown = unknownOf(reading)
    if (unknown.length > 0) {
      problem(`Pixels of ${listed(unknown)} were left out: labelmap.txt names no such class. Add it there.`)
    }
    entries = [...reading.values].filter((value) => reading.classOf(value) !== null).length + found.classless.length
  }
  // An XML file that cannot be read may have spoken of anything.
  const isDamaged = xml === null && (await kindOf(xmlPath)) !== null
  const isBlank = !isDamaged && entries + (xml === null ? 0 : xml.objects.length + xml.problems.length) === 0
  const boxes = boxesOf(xml, size, masks, regions, (text) => problems.count(stem, text))
  return {
    fileName: fileNameOf(stem, xml, picture),
    width,
    height,
    annotations: [...masks, ...regions, ...boxes],
    ...emptinessOf(isBlank ? 0 : 1, true),
  }
}

/** The XML's own name for the picture where it can be one, else the picture that lies there, else no ending. */
function fileNameOf(stem: string, xml: VocReading | null, picture: string | undefined): string {
  const stated = xml?.fileName ?? null
  if (stated !== null && hasImageExtension(stated) && isInside(stated)) {
    if (stated.includes('/')) return stated
    // Many writers leave the sub-folder out, and spaces at the ends of a name are lost in XML.
    const at = stem.lastIndexOf('/') + 1
    const [own, base] = [stem.slice(at), withoutEnding(stated)]
    return own.trim() === base.trim() ? stem + stated.slice(base.length) : stem.slice(0, at) + stated
  }
  return picture ?? stem
}

function classReading(
  folder: string,
  path: string,
  png: LabelPng,
  table: ClassTable | undefined,
  xml: VocReading | null,
): LabelReading {
  if (table !== undefined) return labelReading(path, png, table)
  const byNumber = new Map(vocClasses.map((name, index) => [index + 1, name] as const))
  const standard = new Set<string>(vocClasses)
  const values = valuesOf(path, png)
  const isColour = png.kind === 'colour' && [...values].some((value) => value % 0x010101 !== 0)
  const foreign = xml?.objects.find(({ name }) => !standard.has(name))?.name
  const reading = isColour ? null : labelReading(path, png, { byNumber, byColour: new Map() })
  const unknown = reading === null ? undefined : unknownOf(reading)[0]
  const hasMasks = [...values].some((value) => value !== 0 && value !== vocIgnored)
  if (reading !== null && unknown === undefined && (foreign === undefined || !hasMasks)) return reading
  const reason =
    reading === null
      ? 'it holds colours'
      : unknown === undefined
        ? `its XML names a class "${foreign ?? ''}", which is none of the 20 of Pascal VOC`
        : `it holds class ${unknown}, and Pascal VOC has 20`
  throw new AppError(
    'InvalidInput',
    'vocClassesUnknown',
    `${path} cannot be read without a labelmap.txt: ${reason}. Put one into ${folder}, with a line like "bolt:128,0,0::" for every class.`,
    { params: { file: path, reason, folder } },
  )
}

interface Masks {
  readonly objects: readonly ImportedAnnotation[]
  /** Class pixels that belong to no object: one mask a class. */
  readonly regions: readonly ImportedAnnotation[]
  readonly ignored: number
  readonly classless: readonly string[]
  readonly mixed: readonly string[]
}

/** Every pair of class and object that occurs becomes one mask, in one pass over both pictures. */
function masksOf(classes: LabelPng, reading: LabelReading, objects: LabelPng | null, objectPath: string): Masks {
  if (objects !== null) valuesOf(objectPath, objects)
  const isNoObject = (value: number): boolean =>
    value === 0 || (objects?.kind === 'colour' ? value === vocColours[vocIgnored] : value === vocIgnored)
  const pairs: { readonly classValue: number; readonly object: number }[] = []
  const idOf = new Map<number, number>()
  const ids = new Uint32Array(classes.data.length)
  let ignored = 0
  let [lastClass, lastObject, lastId] = [-1, -1, 0]
  for (let at = 0; at < ids.length; at++) {
    const classValue = classes.data[at] ?? 0
    const object = objects?.data[at] ?? 0
    if (reading.isIgnored(classValue)) ignored++
    if (classValue !== lastClass || object !== lastObject) {
      const named = isNoObject(object) ? 0 : object
      // Both have 24 bits at most, so the pair is one whole number.
      const key = classValue * 0x1000000 + named
      lastId = idOf.get(key) ?? pairs.push({ classValue, object: named }) - 1
      idOf.set(key, lastId)
      lastClass = classValue
      lastObject = object
    }
    ids[at] = lastId
  }
  const classOf = pairs.map(({ classValue }) => (reading.isIgnored(classValue) ? null : reading.classOf(classValue)))
  const tiles = tilesByValue(ids, classes.width, classes.height, (id) => typeof classOf[id] === 'string')
  const order = pairs
    .map((_, id) => id)
    .toSorted((a, b) => {
      const [left, right] = [pairs[a], pairs[b]]
      return (left?.object ?? 0) - (right?.object ?? 0) || (left?.classValue ?? 0) - (right?.classValue ?? 0)
    })
  const found: Record<'objects' | 'regions', ImportedAnnotation[]> = { objects: [], regions: [] }
  const classesOfObject = new Map<number, number>()
  for (const id of order) {
    const object = pairs[id]?.object ?? 0
    const className = classOf[id]
    if (object !== 0)
      classesOfObject.set(object, (classesOfObject.get(object) ?? 0) + (typeof className === 'string' ? 1 : 0))
    if (typeof className !== 'string') continue
    found[object === 0 ? 'regions' : 'objects'].push({
      className,
      kind: 'mask',
      tiles: tiles.get(id) ?? [],
      box: null,
      crowd: null,
      originalId: object === 0 ? null : String(object),
    })
  }
  const withClasses = (isMeant: (classes: number) => boolean): string[] =>
    [...classesOfObject].filter(([, classCount]) => isMeant(classCount)).map(([object]) => String(object))
  return {
    ...found,
    ignored,
    classless: withClasses((classCount) => classCount === 0),
    mixed: withClasses((classCount) => classCount > 1),
  }
}

function boxesOf(
  xml: VocReading | null,
  { width, height }: { readonly width: number; readonly height: number },
  masks: readonly ImportedAnnotation[],
  regions: readonly ImportedAnnotation[],
  remark: (text: string) => void,
): ImportedAnnotation[] {
  const objects = xml?.objects ?? []
  const matched = matchedBoxes(objects, masks)
  return objects.flatMap(({ name, box: stated }, index): ImportedAnnotation[] => {
    if (matched.has(index)) return []
    const [x, y, w, h] = stated
    const isWithin = x >= 0 && y >= 0 && x + w <= width && y + h <= height
    const [left, top] = [Math.max(0, x), Math.max(0, y)]
    const box: Box = isWithin ? stated : [left, top, Math.min(width, x + w) - left, Math.min(height, y + h) - top]
    if (!isWithin) {
      remark(
        'a box reaches outside its image and was cut off there. VOC counts pixels from 1: boxes of a program that counts from 0 lie one pixel too far to the upper left.',
      )
    }
    if (box[2] <= 0 || box[3] <= 0) return []
    if (regions.some(({ className, tiles }) => className === name && touches(tiles, box))) {
      remark('a box was left out, because the class picture shows its class there.')
      return []
    }
    return [{ className: name, kind: 'box', tiles: [], box, crowd: null, originalId: null }]
  })
}

/** Which objects of the XML are masks: each mask takes the box of its class that fits best, the best pair first. */
function matchedBoxes(objects: VocReading['objects'], masks: readonly ImportedAnnotation[]): ReadonlySet<number> {
  const pairs = masks.flatMap(({ className, tiles }, mask) => {
    const bounds = tilesBounds(tiles)
    return objects.flatMap(({ name, box }, object) => {
      const overlap = name === className && bounds !== null ? boxOverlap(box, bounds) : 0
      return overlap >= sameObject ? [{ mask, object, overlap }] : []
    })
  })
  const [takenMasks, taken] = [new Set<number>(), new Set<number>()]
  for (const { mask, object } of pairs.toSorted((a, b) => b.overlap - a.overlap)) {
    if (takenMasks.has(mask) || taken.has(object)) continue
    takenMasks.add(mask)
    taken.add(object)
  }
  return taken
}

/** Common area over area of both. */
function boxOverlap([ax, ay, aw, ah]: Box, [bx, by, bw, bh]: Box): number {
  const across = Math.min(ax + aw, bx + bw) - Math.max(ax, bx)
  const down = Math.min(ay + ah, by + bh) - Math.max(ay, by)
  if (across <= 0 || down <= 0) return 0
  return (across * down) / (aw * ah + bw * bh - across * down)
}

function touches(tiles: readonly MaskTile[], [x, y, w, h]: Box): boolean {
  let isTouched = false
  forEachRun(tiles, (row, left, right) => {
    isTouched ||= row + 1 > y && row < y + h && right > x && left < x + w
  })
  return isTouched
}

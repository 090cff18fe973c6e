import type { Box } from '../../shared/domain/records.ts'
import { AppError } from '../../shared/errors.ts'
import { escapeXml, readXml, xmlChild } from './xml.ts'
import type { XmlElement } from './xml.ts'

/** The classes of the Pascal VOC challenge, numbered from 1. */
export const vocClasses = [
  'aeroplane',
  'bicycle',
  'bird',
  'boat',
  'bottle',
  'bus',
  'car',
  'cat',
  'chair',
  'cow',
  'diningtable',
  'dog',
  'horse',
  'motorbike',
  'person',
  'pottedplant',
  'sheep',
  'sofa',
  'train',
  'tvmonitor',
] as const

/** The colour map of Pascal VOC, `0xrrggbb` by number: the bits of a number, spread over the three channels from the top. */
export const vocColours: readonly number[] = Array.from({ length: 256 }, (_, number) => {
  let colour = 0
  for (let bit = 0; bit < 8; bit++) {
    const channel = 16 - 8 * (bit % 3)
    colour |= ((number >> bit) & 1) << (channel + 7 - Math.floor(bit / 3))
  }
  return colour
})

/** "Belongs to nobody in particular", in both pictures. */
export const vocIgnored = 255

export interface VocObject {
  readonly name: string
  /** Pixel edges, as everywhere in the program. */
  readonly box: Box
  /** Something else lies on top of a part of it. */
  readonly occluded: boolean
}

export interface VocAnnotation {
  readonly fileName: string
  readonly width: number
  readonly height: number
  readonly hasMasks: boolean
  readonly objects: readonly VocObject[]
}

/**
 * The XML of one image. VOC counts pixels from 1 and its corners belong to the box, so the first pixel alone is
 * 1, 1, 1, 1; fractions stay.
 */
export function vocXml({ fileName, width, height, hasMasks, objects }: VocAnnotation): string {
  const items = objects.map(({ name, box: [x, y, w, h], occluded }) => {
    const corners = `<xmin>${x + 1}</xmin><ymin>${y + 1}</ymin><xmax>${x + w}</xmax><ymax>${y + h}</ymax>`
    return `  <object>
    <name>${escapeXml(name)}</name>
    <pose>Unspecified</pose>
    <truncated>0</truncated>
    <occluded>${occluded ? 1 : 0}</occluded>
    <difficult>0</difficult>
    <bndbox>${corners}</bndbox>
  </object>
`
  })
  return `<annotation>
  <folder>JPEGImages</folder>
  <filename>${escapeXml(fileName)}</filename>
  <source><database>Exemplar Studio</database></source>
  <size><width>${width}</width><height>${height}</height><depth>3</depth></size>
  <segmented>${hasMasks ? 1 : 0}</segmented>
${items.join('')}</annotation>
`
}

/** What an XML file says, as far as it can be understood. */
export interface VocReading {
  readonly fileName: string | null
  readonly size: { readonly width: number; readonly height: number } | null
  readonly objects: readonly Pick<VocObject, 'name' | 'box'>[]
  /** Datumaro and CVAT leave pixel edges as they are; their files say so by how they look. */
  readonly countsFromZero: boolean
  /** What was left out, one sentence each. */
  readonly problems: readonly string[]
}

/** Inverse of `vocXml`, for files of others too. Errors as in `readXml`, and `InvalidInput` without an annotation. */
export async function readVocXml(path: string, signal?: AbortSignal): Promise<VocReading> {
  for await (const { element } of readXml(path, new Set(['annotation']), signal)) return readingOf(element)
  throw new AppError(
    'InvalidInput',
    'vocXmlInvalid',
    `${path} holds no <annotation> at its top, so it is no Pascal VOC file. Leave it out, or write it again.`,
    { params: { file: path } },
  )
}

function readingOf(annotation: XmlElement): VocReading {
  const problems: string[] = []
  const objects: Pick<VocObject, 'name' | 'box'>[] = []
  const countsFromZero = isByDatumaro(annotation)
  const first = countsFromZero ? 0 : 1
  for (const object of annotation.children.filter(({ name }) => name === 'object')) {
    const name = xmlChild(object, 'name')?.text ?? ''
    const bounds = xmlChild(object, 'bndbox')
    const corners = ['xmin', 'ymin', 'xmax', 'ymax'].map((corner) => numberIn(bounds, corner))
    const [left = NaN, top = NaN, right = NaN, bottom = NaN] = corners
    const label = `The object in line ${object.line}${name === '' ? '' : ` (${name})`}`
    if (name === '') problems.push(`${label} was left out: it has no name.`)
    else if (bounds === undefined || corners.some((corner) => !Number.isFinite(corner))) {
      problems.push(`${label} was left out: its bndbox lacks a number for xmin, ymin, xmax or ymax.`)
    } else if (right - left + first <= 0 || bottom - top + first <= 0) {
      problems.push(`${label} was left out: its bndbox ends before it begins.`)
    } else
      objects.push({
        name,
        box: [snap(left - first), snap(top - first), snap(right - left + first), snap(bottom - top + first)],
      })
  }
  const size = xmlChild(annotation, 'size')
  const width = numberIn(size, 'width')
  const height = numberIn(size, 'height')
  const isSize = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0
  const fileName = xmlChild(annotation, 'filename')?.text ?? ''
  return {
    fileName: fileName === '' ? null : fileName,
    size: isSize ? { width, height } : null,
    objects,
    countsFromZero,
    problems,
  }
}

/**
 * Whether Datumaro wrote the file, or CVAT through it, in their usual way: they state an unknown source and write
 * corners with a decimal point. With VOC's own corners both write whole numbers.
 */
function isByDatumaro(annotation: XmlElement): boolean {
  const source = xmlChild(annotation, 'source')
  const isUnknown = source !== undefined && xmlChild(source, 'annotation')?.text === 'Unknown'
  const corners = annotation.children.flatMap((object) => xmlChild(object, 'bndbox')?.children ?? [])
  return isUnknown && corners.some(({ text }) => text.includes('.'))
}

function numberIn(element: XmlElement | undefined, name: string): number {
  const text = element === undefined ? '' : (xmlChild(element, name)?.text ?? '')
  return text === '' ? NaN : Number(text)
}

/** Counting from 1 costs a fraction its last digits; a millionth of a pixel is what is kept. */
function snap(edge: number): number {
  return Math.round(edge * 1e6) / 1e6
}

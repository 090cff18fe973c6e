import type { Box } from '../../shared/domain/records.ts'
import { withoutEnding } from '../../shared/domain/picture-names.ts'
import { isAppError } from '../../shared/errors.ts'
import type { ShapeReading } from './shapes.ts'
import type { RingReading, Size } from './yolo-rings.ts'

/** The text of YOLO label files, both ways. Class numbers count from 0, coordinates are shares of the image's sides. */

/** A ring or box this far outside the image, as a share of its side, is rounding; more is another unit. */
const tolerance = 0.01

/** A line of more characters is damage, and its numbers would not fit into memory; entries of JSON end there too. */
const longestLine = 1 << 26

type Reading<Kind> = Extract<ShapeReading, { kind: Kind }>

/** What one line says. */
export type LabelLine = { readonly line: number } & (
  | (Reading<'mask'> & { readonly className: string })
  /** With keypoints, which are not in it, in a data set of poses. */
  | (Reading<'box'> & { readonly className: string; readonly hasKeypoints: boolean })
  | Reading<'skip'>
)

/**
 * Where the labels of a picture lie: `labels` in place of the last folder called `images`, and `.txt` in place of
 * the ending. Without such a folder they lie beside the picture. With `/` on every system.
 */
export function labelPathOf(picturePath: string): string {
  const at = `/${picturePath}`.lastIndexOf('/images/')
  const moved = at < 0 ? picturePath : `${picturePath.slice(0, at)}labels/${picturePath.slice(at + 'images/'.length)}`
  return withoutEnding(moved) + '.txt'
}

/** So many decimals that the place on a side of `size` pixels is off by less than 10 to the minus `places` pixels. */
function share(value: number, size: number, places: number): string {
  // Through a number, so that no zeros trail.
  return String(Number((value / size).toFixed(Math.ceil(Math.log10(size)) + places)))
}

/** A line for one ring `x, y, …` in pixels. Vertices are written as they are, since bridges to holes repeat some. */
export function ringLine(classNumber: number, ring: readonly number[], { width, height }: Size): string {
  const shares = ring.map((value, at) => share(value, at % 2 === 0 ? width : height, 3))
  return `${classNumber} ${shares.join(' ')}\n`
}

/** A line for a box: its centre and its sides. */
export function boxLine(classNumber: number, [x, y, w, h]: Box, { width, height }: Size): string {
  const shares = [share(x + w / 2, width, 5), share(y + h / 2, height, 5), share(w, width, 5), share(h, height, 5)]
  return `${classNumber} ${shares.join(' ')}\n`
}

/**
 * Every line of a label file that is not blank, for an image of that size. `keypointNumbers` is how many numbers follow a
 * box in a data set of poses, 0 in others. Never throws: what cannot be read is a `skip`. One line at a time, since a
 * file of nothing but damage has millions.
 */
export function* parseLabels(
  text: string,
  names: ReadonlyMap<number, string>,
  keypointNumbers: number,
  size: Size,
  readRing: RingReading,
): Generator<LabelLine> {
  let line = 0
  for (const content of linesOf(text)) {
    line++
    if (content.length > longestLine) {
      const reason = `it has ${content.length} characters, and a line has ${longestLine} at most. Write it with fewer corners.`
      yield { kind: 'skip', line, reason }
      continue
    }
    const words = content.trim().split(/\s+/)
    if (words[0] !== '') yield parseLine(words, line, names, keypointNumbers, size, readRing)
  }
}

function* linesOf(text: string): Generator<string> {
  const ends = /\r\n|\n|\r/g
  let from = 0
  for (let end = ends.exec(text); end !== null; end = ends.exec(text)) {
    yield text.slice(from, end.index)
    from = ends.lastIndex
  }
  yield text.slice(from)
}

function parseLine(
  words: readonly string[],
  line: number,
  names: ReadonlyMap<number, string>,
  keypointNumbers: number,
  size: Size,
  readRing: RingReading,
): LabelLine {
  const skip = (reason: string): LabelLine => ({ kind: 'skip', line, reason })
  const values = words.map(Number)
  const wrong = words.find((_word, at) => !Number.isFinite(values[at]))
  if (wrong !== undefined) return skip(`\`${wrong.slice(0, 40)}\` is not a number.`)
  const [classNumber = 0, ...numbers] = values
  const className = names.get(classNumber)
  if (className === undefined)
    return skip(`no class ${classNumber} is named. Add it to \`names\` in data.yaml, or to classes.txt.`)
  const hasKeypoints = keypointNumbers > 0 && numbers.length === 4 + keypointNumbers
  if (hasKeypoints) numbers.length = 4
  const isBox = numbers.length === 4
  if (!isBox && keypointNumbers > 0) {
    return skip(
      `${numbers.length} numbers follow the class: by \`kpt_shape\` in data.yaml a box needs 4 and its keypoints ${keypointNumbers}.`,
    )
  }
  if (!isBox && hasVisibilities(numbers)) {
    return skip('it looks like a box with keypoints. State `kpt_shape` in data.yaml, and its box will be read.')
  }
  if (!isBox && (numbers.length < 6 || numbers.length % 2 === 1)) {
    return skip(`${numbers.length} numbers follow the class: a box needs 4, a ring an even number, 6 or more.`)
  }
  const outside = numbers.find((value) => value < -tolerance || value > 1 + tolerance)
  if (outside !== undefined) {
    return skip(`it holds ${outside}, outside 0 to 1. Divide x by the width of the image and y by its height.`)
  }
  if (isBox) {
    const [cx = 0, cy = 0, w = 0, h = 0] = numbers
    const { width, height } = size
    if (w <= 0 || h <= 0) return skip('the box has no area.')
    const box: Box = [
      thousandth((cx - w / 2) * width),
      thousandth((cy - h / 2) * height),
      thousandth(w * width),
      thousandth(h * height),
    ]
    return { kind: 'box', line, className, box, hasKeypoints }
  }
  try {
    const tiles = readRing(numbers, size)
    return tiles.length === 0 ? skip('its ring covers no pixel.') : { kind: 'mask', line, className, tiles }
  } catch (error) {
    if (!isAppError(error, 'InvalidInput')) throw error
    return skip(error.message)
  }
}

/**
 * Whether a line is a box with keypoints of three numbers each: the third says how well it is seen, 0, 1 or 2. No ring
 * holds a 2, nor so many sides of the image.
 */
function hasVisibilities(numbers: readonly number[]): boolean {
  if (numbers.length < 7 || (numbers.length - 4) % 3 !== 0) return false
  const third = numbers.filter((_value, at) => at >= 4 && (at - 4) % 3 === 2)
  return third.every((value) => value === 0 || value === 1 || value === 2) && (third.includes(2) || third.length >= 4)
}

/** Drops what a share's last decimal cannot say, so that a whole pixel comes back as one. */
function thousandth(value: number): number {
  return Math.round(value * 1000) / 1000 + 0
}

import { AppError } from '../../shared/errors.ts'
import { colourText } from './class-table.ts'
import type { ClassTable } from './class-table.ts'
import type { LabelPng } from '../../shared/domain/index-png.ts'

/** The colour of "ignore" in Pascal VOC: that of number 255 in its colour map. */
const ignoredColour = 0xe0e0c0

/** More than any set of classes or objects: what has more values than this is a photograph. */
const mostValues = 65_536

/** What the values of one label picture stand for. */
export interface LabelReading {
  /** Class of a value; null is the background, undefined a value that nothing names. */
  readonly classOf: (value: number) => string | null | undefined
  /** Whether the value says that the pixel belongs to nobody in particular. */
  readonly isIgnored: (value: number) => boolean
  /** A value as a person would find it in the picture. */
  readonly textOf: (value: number) => string
  readonly values: ReadonlySet<number>
}

/** Every value that occurs. Throws `Unsupported` when they are too many for anything but a photograph. */
export function valuesOf(path: string, { data }: LabelPng): ReadonlySet<number> {
  const values = new Set<number>()
  let last = -1
  for (const value of data) {
    if (value === last) continue
    last = value
    values.add(value)
    if (values.size <= mostValues) continue
    throw new AppError(
      'Unsupported',
      'maskIsPhotograph',
      `${path} holds more than ${mostValues} different colours, so it is a photograph and no mask. Give the folder of the masks.`,
      { params: { file: path, count: mostValues } },
    )
  }
  return values
}

/**
 * How to read a label picture with this table. A palette counts by its colours where the table has all of them, else by
 * its numbers; an RGB picture that is grey throughout counts by its numbers unless the table has its colours.
 * Throws `Unsupported` for colours without a table of colours.
 */
export function labelReading(path: string, png: LabelPng, { byNumber, byColour }: ClassTable): LabelReading {
  const values = valuesOf(path, png)
  const ignoredNumber = png.data instanceof Uint16Array ? 65_535 : 255
  const numbers: LabelReading = {
    values,
    classOf: (value) => (byNumber.has(value) ? byNumber.get(value) : value === 0 ? null : undefined),
    isIgnored: (value) => value === ignoredNumber,
    textOf: String,
  }
  const colours = (toColour: (value: number) => number): LabelReading => ({
    values,
    classOf: (value) => {
      const colour = toColour(value)
      return byColour.has(colour) ? byColour.get(colour) : colour === 0 ? null : undefined
    },
    isIgnored: (value) => toColour(value) === ignoredColour && !byColour.has(ignoredColour),
    textOf: (value) => colourText(toColour(value)),
  })
  if (png.kind === 'grey') return byNumber.size > 0 ? numbers : colours((value) => value * 0x010101)
  if (png.kind === 'palette') {
    const toColour = (value: number): number => png.palette[value] ?? 0
    const isCovered = [...values].every((value) => value === 255 || value === 0 || byColour.has(toColour(value)))
    return byColour.size > 0 && (isCovered || byNumber.size === 0)
      ? { ...colours(toColour), isIgnored: (value) => value === 255 && !byColour.has(toColour(value)) }
      : numbers
  }
  if (byColour.size > 0) return colours((value) => value)
  if ([...values].every((value) => value % 0x010101 === 0)) {
    return {
      values,
      classOf: (value) => numbers.classOf(value / 0x010101),
      isIgnored: (value) => value === 0xffffff,
      textOf: (value) => String(value / 0x010101),
    }
  }
  throw new AppError(
    'Unsupported',
    'colourTableMissing',
    `${path} holds colours, and nothing says which class each of them is. Put a label_colors.txt beside the masks, with a line like "255 0 0 bolt" for every class.`,
    { params: { file: path } },
  )
}

/** Values for a sentence: the first of them, and how many there are besides. */
export function listed(values: readonly string[]): string {
  const shown = values.slice(0, 20).join(', ')
  return values.length > 20 ? `${shown} and ${values.length - 20} more` : shown
}

/** Values that nothing names, as a person would find them. */
export function unknownOf({ values, classOf, isIgnored, textOf }: LabelReading): string[] {
  return [...values].filter((value) => !isIgnored(value) && classOf(value) === undefined).map(textOf)
}

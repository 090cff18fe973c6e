import { join } from 'node:path'
import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'
import { kindOf, readWholeText } from './files.ts'

/** What numbers and colours in label pictures stand for; null is the background. */
export interface ClassTable {
  readonly byNumber: ReadonlyMap<number, string | null>
  /** By `0xrrggbb`. */
  readonly byColour: ReadonlyMap<number, string | null>
}

/** Every class that the table names, once; the background is none. */
export function namesOfTable({ byNumber, byColour }: ClassTable): string[] {
  return [...new Set([...byNumber.values(), ...byColour.values()])].filter((name) => name !== null)
}

interface Entry {
  readonly name: string
  readonly number?: number | undefined
  readonly colour?: number | undefined
}

/** Files that name classes, in the order in which they are looked for. */
const tableFiles: readonly string[] = ['classes.json', 'labelmap.txt', 'label_colors.txt', 'labels.txt', 'classes.txt']

/** Whether a file may be one of them, in whatever case. */
export const classTableName = new RegExp(`^(?:${tableFiles.join('|').replaceAll('.', '\\.')})$`, 'i')

/** The first of `tableFiles` in these folders, or undefined. Throws `InvalidInput` when it cannot be understood. */
export async function findClassTable(folders: readonly string[]): Promise<ClassTable | undefined> {
  for (const folder of folders) {
    for (const name of tableFiles) {
      const path = join(folder, name)
      if ((await kindOf(path)) === 'file') return readClassTable(path)
    }
  }
  return undefined
}

/**
 * Reads a table of classes by what is in it, whatever its name:
 * JSON (`["background", "bolt"]`, `{"1": "bolt"}`, `{"bolt": 1}`, `{"bolt": [255, 0, 0]}`, `{"bolt": "#ff0000"}`,
 * `[{"name", "id", "color"}]`) or lines (`bolt:255,0,0::` as CVAT and Datumaro have them, `255 0 0 bolt`, `1 bolt`,
 * or names alone). Names alone are numbered from 0 when the first one is a background, else from 1.
 * Throws `InvalidInput` naming the line that it cannot understand.
 */
export async function readClassTable(path: string): Promise<ClassTable> {
  const text = await readWholeText(path)
  return tableOf(path, path.endsWith('.json') ? entriesOfJson(path, text) : entriesOfLines(path, text))
}

function isBackground(name: string): boolean {
  return /^_*(?:background|bg|void|null|unlabell?ed|ignore)_*$/i.test(name)
}

function tableOf(path: string, entries: readonly Entry[]): ClassTable {
  const byNumber = new Map<number, string | null>()
  const byColour = new Map<number, string | null>()
  for (const { name, number, colour } of entries) {
    const value = isBackground(name) && (number === 0 || number === undefined || colour === 0) ? null : name
    for (const [key, map] of [
      [number, byNumber],
      [colour, byColour],
    ] as const) {
      if (key === undefined) continue
      const known = map.get(key)
      if (known !== undefined && known !== value) {
        const what = map === byColour ? `colour ${colourText(key)}` : `number ${key}`
        throw tableInvalid(path, `${known ?? 'the background'} and ${name} have the same ${what}`)
      }
      map.set(key, value)
    }
  }
  if (byNumber.size + byColour.size === 0) throw tableInvalid(path, 'it names no class')
  return { byNumber, byColour }
}

const colourSchema = z.tuple([z.int().min(0).max(255), z.int().min(0).max(255), z.int().min(0).max(255)])
const anyColourSchema = z.union([
  colourSchema.transform((parts) => packed(...parts)),
  z
    .string()
    .regex(/^#[0-9a-f]{6}$/i)
    .transform((text) => Number.parseInt(text.slice(1), 16)),
])
const nameSchema = z.string().trim()
const recordSchema = z
  .object({
    name: nameSchema,
    id: z.int().nonnegative().optional(),
    color: anyColourSchema.optional(),
    colour: anyColourSchema.optional(),
  })
  .transform(({ name, id, color, colour }): Entry => ({ name, number: id, colour: color ?? colour }))
const jsonSchema = z.union([
  z.array(nameSchema).transform((names) => names.map((name, number): Entry => ({ name, number }))),
  z.array(recordSchema),
  z
    .record(z.string().regex(/^\d+$/), nameSchema)
    .transform((names) => Object.entries(names).map(([key, name]): Entry => ({ name, number: Number(key) }))),
  z
    .record(nameSchema, z.int().nonnegative())
    .transform((numbers) => Object.entries(numbers).map(([name, number]): Entry => ({ name, number }))),
  z
    .record(nameSchema, anyColourSchema)
    .transform((colours) => Object.entries(colours).map(([name, colour]): Entry => ({ name, colour }))),
])

function entriesOfJson(path: string, text: string): readonly Entry[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw tableInvalid(path, 'it is not valid JSON', cause)
  }
  const parsed = jsonSchema.safeParse(value)
  if (parsed.success) {
    const isPlain = Array.isArray(value) && typeof value[0] === 'string'
    return isPlain ? numbered(parsed.data.map(({ name }) => name)) : parsed.data
  }
  throw tableInvalid(path, 'it is neither a list of names nor names with numbers or colours', parsed.error)
}

const labelMapLine = /^(.+?):(\d+),\s*(\d+),\s*(\d+):[^:]*:[^:]*$/
const labelMapNameLine = /^(.+?)::[^:]*:[^:]*$/
const colourLine = /^(\d+)[\s,]+(\d+)[\s,]+(\d+)[\s,]+(\S.*)$/
const numberLine = /^(\d+)(?:\s*[:,]\s*|\s+)(\S.*)$/

function entriesOfLines(path: string, text: string): readonly Entry[] {
  const lines = text
    .split(/\r\n|\n|\r/)
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'))
  if (lines.some(({ line }) => labelMapLine.test(line) || labelMapNameLine.test(line))) {
    // Their numbers are their places in the list.
    return lines.map(({ line, number }, index): Entry => {
      const match = labelMapLine.exec(line)
      const name = match?.[1] ?? labelMapNameLine.exec(line)?.[1]
      if (name === undefined) throw tableInvalid(path, `line ${number} is not name:red,green,blue:parts:actions`)
      return { name, number: index, colour: match === null ? undefined : colourOf(path, number, match.slice(2)) }
    })
  }
  if (lines.length > 0 && lines.every(({ line }) => colourLine.test(line))) {
    return lines.map(({ line, number }): Entry => {
      const [, ...parts] = colourLine.exec(line) ?? []
      return { name: parts[3] ?? '', colour: colourOf(path, number, parts.slice(0, 3)) }
    })
  }
  if (lines.length > 0 && lines.every(({ line }) => numberLine.test(line))) {
    return lines.map(({ line }): Entry => {
      const [, number, name = ''] = numberLine.exec(line) ?? []
      return { name, number: Number(number) }
    })
  }
  return numbered(lines.map(({ line }) => line))
}

/** labelme's list begins with `__ignore__` for -1; where nothing is called background, 0 is still the background. */
function numbered(names: readonly string[]): Entry[] {
  const [first = ''] = names
  const start = first === '__ignore__' ? -1 : isBackground(first) ? 0 : 1
  return names.map((name, index): Entry => ({ name, number: index + start })).filter(({ number = 0 }) => number >= 0)
}

function colourOf(path: string, line: number, parts: readonly string[]): number {
  const parsed = colourSchema.safeParse(parts.map(Number))
  if (!parsed.success) throw tableInvalid(path, `line ${line} holds a colour outside 0 to 255`)
  return packed(...parsed.data)
}

function packed(red: number, green: number, blue: number): number {
  return (red << 16) | (green << 8) | blue
}

export function colourText(colour: number): string {
  return `${colour >> 16},${(colour >> 8) & 255},${colour & 255}`
}

function tableInvalid(path: string, reason: string, cause?: unknown): AppError {
  return new AppError(
    'InvalidInput',
    'classTableInvalid',
    `${path} does not tell the classes: ${reason}. Correct it.`,
    {
      params: { file: path, reason },
      cause,
    },
  )
}

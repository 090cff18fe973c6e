import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'

/** A data set folder: `images/`, `masks/` (8 bit: 0 background, class ids, 255 ignore) and `manifest.json`. */

const itemSchema = z.object({
  image: z.string(),
  mask: z.string(),
  class_ids: z.array(z.int()),
  px: z.record(z.string(), z.int()),
  w: z.int().positive(),
  h: z.int().positive(),
  /** Only some classes of this image are labelled: never a query, negative or absence case for the others. */
  partial: z.boolean().optional(),
})

const manifestSchema = z.object({
  name: z.string(),
  classes: z.record(z.string(), z.string()),
  items: z.array(itemSchema).min(1),
})

export interface DataSetItem {
  /** File name without folder, as episode lists use it. */
  readonly name: string
  readonly imagePath: string
  readonly maskPath: string
  readonly classIds: readonly number[]
  /** Mask pixels by class id. */
  readonly pixels: ReadonlyMap<number, number>
  readonly width: number
  readonly height: number
  readonly partial: boolean
}

export interface DataSet {
  readonly name: string
  readonly classNames: ReadonlyMap<number, string>
  readonly items: ReadonlyMap<string, DataSetItem>
}

/** Reads and checks the manifest. Throws `NotFound` or `InvalidInput` naming the file. */
export function readDataSet(folder: string): DataSet {
  const manifest = readChecked(join(folder, 'manifest.json'), manifestSchema)
  const items = manifest.items.map((item): DataSetItem => {
    const name = item.image.split('/').at(-1) ?? item.image
    return {
      name,
      imagePath: join(folder, item.image),
      maskPath: join(folder, item.mask),
      classIds: item.class_ids,
      pixels: new Map(Object.entries(item.px).map(([id, count]) => [Number(id), count])),
      width: item.w,
      height: item.h,
      partial: item.partial ?? false,
    }
  })
  return {
    name: manifest.name,
    classNames: new Map(Object.entries(manifest.classes).map(([id, name]) => [Number(id), name])),
    items: new Map(items.map((item) => [item.name, item])),
  }
}

const episodeSchema = z.object({ class_id: z.int(), query: z.string(), supports: z.array(z.string()).min(1) })

const episodeListSchema = z.object({
  data_set: z.string(),
  min_area: z.number().optional(),
  episodes: z.array(episodeSchema).min(1),
  absent: z.array(episodeSchema).optional(),
})

export interface Episode {
  readonly classId: number
  readonly query: string
  /** In order: n-shot uses the first n. */
  readonly supports: readonly string[]
}

export interface EpisodeList {
  readonly present: readonly Episode[]
  /** Queries that do not show the class. */
  readonly absent: readonly Episode[]
  /** SHA-256 of the file, or how the list was drawn. */
  readonly source: string
}

/** Reads a frozen list and checks that the data set has every image it names. */
export function readEpisodes(file: string, dataSet: DataSet): EpisodeList {
  const list = readChecked(file, episodeListSchema)
  const convert = (episode: z.infer<typeof episodeSchema>): Episode => {
    for (const name of [episode.query, ...episode.supports]) {
      if (!dataSet.items.has(name)) {
        throw new AppError(
          'InvalidInput',
          'episodeImageMissing',
          `${file} names the image ${name}, which the data set ${dataSet.name} does not have. Use the list made for this data set.`,
          { params: { file, name } },
        )
      }
    }
    return { classId: episode.class_id, query: episode.query, supports: episode.supports }
  }
  return {
    present: list.episodes.map(convert),
    absent: (list.absent ?? []).map(convert),
    source: createHash('sha256').update(readFileSync(file)).digest('hex'),
  }
}

function readChecked<Schema extends z.ZodType>(file: string, schema: Schema): z.output<Schema> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new AppError('NotFound', 'fileUnreadable', `${file} cannot be read. Check the path.`, {
      params: { file },
      cause,
    })
  }
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    const detail = cause instanceof z.ZodError ? (cause.issues[0]?.path.join('.') ?? '') : 'not valid JSON'
    throw new AppError('InvalidInput', 'fileMalformed', `${file} is not what is expected here (${detail}).`, {
      params: { file },
      cause,
    })
  }
}

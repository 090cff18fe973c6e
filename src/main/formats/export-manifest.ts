import { createReadStream } from 'node:fs'
import { lstat, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from '../../shared/zod.ts'
import { isInside } from './files.ts'
import { TextFile } from './text-file.ts'

/** Says which files of a folder were written there by an export. Hidden and without an ending, so that no reader takes it. */
const manifestName = '.exemplar-export'

const head = JSON.stringify({ exemplarExport: 1 })

/** A file that an export wrote, as it was then. */
const writtenFileSchema = z.strictObject({
  /** Which exports replace each other: `Format.layout`. */
  layout: z.string(),
  /** Below the folder, with `/`. */
  name: z.string().refine(isInside),
  /** In bytes. */
  size: z.int(),
  /** When it was last changed, in whole milliseconds. */
  modified: z.int(),
  /** A hard link of a person's file: it may become the last name that the file has. */
  linked: z.boolean(),
})
export type WrittenFile = z.infer<typeof writtenFileSchema>

/** The file as it is now; null when there is none at that path. A link is a person's, wherever it leads. */
export async function describeFile(folder: string, name: string, layout: string): Promise<WrittenFile | null> {
  try {
    const facts = await lstat(join(folder, name))
    if (!facts.isFile()) return null
    return { layout, name, size: facts.size, modified: Math.round(facts.mtimeMs), linked: facts.nlink > 1 }
  } catch {
    return null
  }
}

/** Whether nobody has changed the file since. Whoever copies a folder without its times makes its files their own. */
export function isUnchanged(now: WrittenFile, then: WrittenFile): boolean {
  return now.size === then.size && Math.abs(now.modified - then.modified) <= 1
}

/**
 * What earlier exports wrote into this folder, by name. Empty without a manifest, and for one that is damaged or of another
 * program: then nothing there is ours.
 */
export async function readManifest(folder: string): Promise<ReadonlyMap<string, readonly WrittenFile[]>> {
  const files = new Map<string, WrittenFile[]>()
  try {
    const lines = createInterface({ input: createReadStream(join(folder, manifestName)), crlfDelay: Infinity })
    let isFirst = true
    for await (const line of lines) {
      if (isFirst && line !== head) return new Map()
      if (!isFirst) {
        const file = writtenFileSchema.parse(JSON.parse(line))
        files.set(file.name, [...(files.get(file.name) ?? []), file])
      }
      isFirst = false
    }
    return files
  } catch {
    return new Map()
  }
}

/** What tells the manifest of a folder from the one before and the one after; null where there is none. */
export async function manifestMark(folder: string): Promise<string | null> {
  try {
    const { ino, size, mtimeNs } = await lstat(join(folder, manifestName), { bigint: true })
    return `${ino} ${size} ${mtimeNs}`
  } catch {
    return null
  }
}

/** A manifest in the making: it takes the place of the last one in one step. */
export class Manifest implements AsyncDisposable {
  readonly #file: TextFile

  /** `folder` is one for files that are not finished yet, on the disk of the export. */
  static async create(folder: string): Promise<Manifest> {
    const file = await TextFile.create(join(folder, manifestName))
    await file.write(`${head}\n`)
    return new Manifest(file)
  }

  private constructor(file: TextFile) {
    this.#file = file
  }

  async add(written: WrittenFile): Promise<void> {
    // Readers of lines end one there.
    const line = JSON.stringify(written).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
    await this.#file.write(`${line}\n`)
  }

  /** All of it is on the disk. */
  async finish(): Promise<void> {
    await this.#file.finish()
  }

  /** To be called after `finish`. */
  async publish(folder: string): Promise<void> {
    await rename(this.#file.temporaryPath, join(folder, manifestName))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]()
  }
}

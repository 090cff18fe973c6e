import { join } from 'node:path'
import type { MaskTile } from '../../shared/domain/history.ts'
import { tilesArea, tilesBounds } from '../../shared/mask/tiles.ts'
import { compressedRunLengths } from './coco-records.ts'
import type { CocoAnnotation, CocoCategory, CocoImage, CocoResult } from './coco-records.ts'
import { annotationDigest, ExpectedAnnotations, verifyCoco, verifyCocoResults } from './coco-verify.ts'
import { TextFile } from './text-file.ts'

/** Entries of a JSON array, one a line. */
async function writeEntry(file: TextFile, index: number, value: unknown): Promise<void> {
  await file.write(`${index === 0 ? '' : ','}\n${JSON.stringify(value)}`)
}

/**
 * One instances file, written in flat memory under a temporary name. `finish` reads it back and compares it with what it
 * was told to hold; only `publish` gives it its name.
 */
export class InstancesFile implements AsyncDisposable {
  readonly name: string
  readonly #file: TextFile
  /** Images and annotations come together and are written apart, so the annotations wait in a file. */
  readonly #annotationsFile: TextFile
  readonly #expected = new ExpectedAnnotations()
  readonly #categories: number
  #images = 0

  static async create(
    folder: string,
    name: string,
    info: Readonly<Record<string, unknown>>,
    categories: readonly CocoCategory[],
  ): Promise<InstancesFile> {
    const file = await TextFile.create(join(folder, name))
    try {
      await file.write(`{\n"info": ${JSON.stringify(info)},\n"licenses": [],\n"categories": [`)
      for (const [index, category] of categories.entries()) await writeEntry(file, index, category)
      await file.write('\n],\n"images": [')
      const annotationsFile = await TextFile.create(join(folder, `${name}.annotations`))
      return new InstancesFile(name, file, annotationsFile, categories.length)
    } catch (error) {
      await file[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(name: string, file: TextFile, annotationsFile: TextFile, categories: number) {
    this.name = name
    this.#file = file
    this.#annotationsFile = annotationsFile
    this.#categories = categories
  }

  get images(): number {
    return this.#images
  }

  get annotations(): number {
    return this.#expected.length
  }

  async addImage(image: CocoImage): Promise<void> {
    await writeEntry(this.#file, this.#images, image)
    this.#images++
  }

  /** `tiles` are the pixels that the file must give back; none for a box. */
  async addAnnotation(annotation: CocoAnnotation, tiles: readonly MaskTile[], imageName: string): Promise<void> {
    await writeEntry(this.#annotationsFile, this.#expected.length, annotation)
    const { id, image_id: imageId, category_id: categoryId, bbox: box, area, iscrowd: crowd } = annotation
    const digest = annotationDigest({ imageId, categoryId, box, area, crowd, score: null }, tiles)
    this.#expected.push({ id, imageName, digest })
  }

  /** Throws `Io` naming the objects when the file does not give back what it was told to hold, and `Cancelled`. */
  async finish(signal: AbortSignal): Promise<void> {
    await this.#file.write('\n],\n"annotations": [')
    await this.#file.append(this.#annotationsFile)
    await this.#file.write('\n]\n}\n')
    await this.#file.finish()
    const expected = { annotations: this.#expected, images: this.#images, categories: this.#categories }
    await verifyCoco(this.#file.temporaryPath, expected, signal)
  }

  async publish(): Promise<void> {
    await this.#file.publish()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#annotationsFile[Symbol.asyncDispose]()
    await this.#file[Symbol.asyncDispose]()
  }
}

/** One results file: detections with scores, always as compressed run lengths. Written and compared as `InstancesFile` is. */
export class ResultsFile implements AsyncDisposable {
  readonly name: string
  readonly #file: TextFile
  readonly #expected = new ExpectedAnnotations()
  readonly #images = new Map<number, CocoImage>()

  static async create(folder: string, name: string): Promise<ResultsFile> {
    const file = await TextFile.create(join(folder, name))
    await file.write('[')
    return new ResultsFile(name, file)
  }

  private constructor(name: string, file: TextFile) {
    this.name = name
    this.#file = file
  }

  get annotations(): number {
    return this.#expected.length
  }

  async add(image: CocoImage, categoryId: number, score: number, tiles: readonly MaskTile[]): Promise<void> {
    const result: CocoResult = {
      image_id: image.id,
      category_id: categoryId,
      segmentation: compressedRunLengths(tiles, image.width, image.height),
      score,
    }
    await writeEntry(this.#file, this.#expected.length, result)
    this.#images.set(image.id, image)
    const box = tilesBounds(tiles) ?? [0, 0, 0, 0]
    const facts = { imageId: image.id, categoryId, box, area: tilesArea(tiles), crowd: 0, score }
    this.#expected.push({
      id: this.#expected.length + 1,
      imageName: image.file_name,
      digest: annotationDigest(facts, tiles),
    })
  }

  /** Errors as in `InstancesFile.finish`. */
  async finish(signal: AbortSignal): Promise<void> {
    await this.#file.write('\n]\n')
    await this.#file.finish()
    await verifyCocoResults(this.#file.temporaryPath, this.#expected, (id) => this.#images.get(id), signal)
  }

  async publish(): Promise<void> {
    await this.#file.publish()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]()
  }
}

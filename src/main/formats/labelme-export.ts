import { join, posix } from 'node:path'
import type { ExportReport, ExportSpec } from '../../shared/contract/contract.ts'
import { cropFromTiles } from '../../shared/mask/tiles.ts'
import { exportDiffers } from './files.ts'
import type { ExportAnnotation, ExportContext, ExportSource, FormatCodec } from './format-types.ts'
import { readLabelmeFile } from './labelme-import.ts'
import { Problems } from './problems.ts'
import { expectedImage, imageDigest } from './read-back.ts'
import { plainAnnotations, ExportProblems, exportPicture, selectImages, uniqueStem } from './selection.ts'
import { edgesOfBox } from './shapes.ts'
import { TextFile } from './text-file.ts'
import { WrittenFiles } from './written-files.ts'

/** What labelme 5.2 and later read; masks came with it. */
const version = '5.5.0'

/**
 * Writes one `<same stem>.json` an image and, if asked for, the picture beside it, which is where labelme looks for it.
 * A mask becomes a shape of type `mask`, with all its parts and holes: a PNG of its box and two corners, the second one
 * inclusive. A box becomes a rectangle. Pictures are named, never packed into the file.
 *
 * Each file is read back and compared with the project before it gets its name. Throws `Io` naming the image when it
 * differs, and `Cancelled`.
 */
export async function exportLabelme(
  source: ExportSource,
  folder: string,
  spec: ExportSpec,
  codec: FormatCodec,
  context: ExportContext,
): Promise<ExportReport> {
  const problems = new ExportProblems()
  const classNames = new Map(source.classes.map((record) => [record.id, record.name]))
  const stems = new Set<string>()
  const files = new WrittenFiles()
  let images = 0
  let annotationCount = 0
  for await (const item of selectImages(source, spec, context)) {
    const { image } = item.source
    const annotations = plainAnnotations(item, problems)
    await exportPicture(item.source, folder, spec, problems, context)
    const stem = uniqueStem(image.name, stems)
    if (stem === image.name)
      problems.add(
        image.name,
        `Another picture has the same name before its ending, so its file is ${stem}.json: open that one in labelme, not the picture.`,
      )

    const name = `${stem}.json`
    await using file = await TextFile.create(join(folder, name))
    await file.write(`{\n"version": "${version}",\n"flags": {},\n"shapes": [`)
    for (const [index, annotation] of annotations.entries()) {
      const shape = await shapeOf(annotation, classNames.get(annotation.record.classId) ?? '', codec)
      await file.write(`${index === 0 ? '' : ','}\n${JSON.stringify(shape)}`)
    }
    const tail = [posix.basename(image.name), null, image.height, image.width].map((value) => JSON.stringify(value))
    await file.write(
      `\n],\n"imagePath": ${tail[0]},\n"imageData": ${tail[1]},\n"imageHeight": ${tail[2]},\n"imageWidth": ${tail[3]}\n}\n`,
    )
    await file.finish()
    const reasons = new Problems()
    const read = await readLabelmeFile(file.temporaryPath, name, { codec, findImage: () => null }, reasons)
    if (read === null || imageDigest(read) !== imageDigest(expectedImage(item, annotations, classNames))) {
      const [first] = reasons.found().problems
      throw exportDiffers(`${image.name}${first === undefined ? '' : `: ${first.reason}`}`, 1)
    }
    await file.publish()
    annotationCount += annotations.length
    files.add(name)
    images++
  }
  return {
    files: files.list(),
    location: folder,
    images,
    annotations: annotationCount,
    identical: annotationCount,
    ...problems.found(),
  }
}

async function shapeOf({ record, tiles }: ExportAnnotation, label: string, codec: FormatCodec): Promise<object> {
  const rest = { group_id: null, description: '', flags: {} }
  if (record.kind === 'box') {
    const [left, top, right, bottom] = edgesOfBox(record.box ?? record.bounds)
    const points = [
      [left, top],
      [right, bottom],
    ]
    return { label, points, shape_type: 'rectangle', ...rest }
  }
  const crop = cropFromTiles(tiles)
  if (crop === null) throw new Error(`Annotation ${record.id} covers no pixel`)
  const { left, top, bitmap } = crop
  const points = [
    [left, top],
    [left + bitmap.width - 1, top + bitmap.height - 1],
  ]
  const mask = Buffer.from(await codec.encodeIndexPng(bitmap)).toString('base64')
  return { label, points, shape_type: 'mask', ...rest, mask }
}

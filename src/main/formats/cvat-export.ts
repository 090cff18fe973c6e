import { join } from 'node:path'
import type { ExportReport, ExportSpec } from '../../shared/contract/contract.ts'
import type { ClassRecord } from '../../shared/domain/records.ts'
import { throwIfAborted } from '../../shared/errors.ts'
import type { Bitmap } from '../../shared/mask/bitmap.ts'
import { cropFromTiles } from '../../shared/mask/tiles.ts'
import { exportDiffers } from './files.ts'
import { cvatPieces, reviewedEmptyAttribute } from './cvat-import.ts'
import type { ExportAnnotation, ExportContext, ExportSource } from './format-types.ts'
import { Problems } from './problems.ts'
import { expectedImage, imageDigest } from './read-back.ts'
import { classNumbers, plainAnnotations, ExportProblems, exportPicture, selectImages } from './selection.ts'
import { edgesOfBox } from './shapes.ts'
import { TextFile } from './text-file.ts'
import { escapeXml } from './xml.ts'
import { withXmlClasses } from './xml-names.ts'

const fileName = 'annotations.xml'

/**
 * Writes `annotations.xml` as "CVAT for images 1.1" and, if asked for, `images/…`: zipped together CVAT takes them as
 * they are. A mask becomes one `<mask>` with all its parts and holes, a box a `<box>`; labels carry colours and parents.
 * What a model proposed or drew has `source="auto"`; an image that was looked at and shows nothing has `reviewed_empty="1"`,
 * which CVAT passes over.
 *
 * The file is written in flat memory under a temporary name, read back image by image and compared with the project,
 * and only then given its name. Throws `Io` naming the images when anything differs, and `Cancelled`.
 */
export async function exportCvat(
  given: ExportSource,
  folder: string,
  spec: ExportSpec,
  context: ExportContext,
): Promise<ExportReport> {
  const problems = new ExportProblems()
  const source = withXmlClasses(given, problems)
  const classNames = new Map(source.classes.map((record) => [record.id, record.name]))
  const digests: { readonly name: string; readonly digest: string }[] = []
  let annotationCount = 0

  await using file = await TextFile.create(join(folder, fileName))
  await file.write(
    `<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta>\n    <task>\n      <name>${escapeXml(source.projectName)}</name>\n      <labels>\n`,
  )
  const numbers = classNumbers(source)
  for (const record of source.classes.toSorted((a, b) => (numbers.get(a.id) ?? 0) - (numbers.get(b.id) ?? 0)))
    await file.write(labelElement(record, classNames))
  await file.write('      </labels>\n    </task>\n  </meta>\n')
  for await (const item of selectImages(source, spec, context)) {
    const { image } = item.source
    const annotations = plainAnnotations(item, problems)
    await exportPicture(item.source, join(folder, 'images'), spec, problems, context)
    const mark = image.reviewed && item.annotations.length === 0 ? ` ${reviewedEmptyAttribute}="1"` : ''
    await file.write(
      `  <image id="${digests.length}" name="${escapeXml(image.name)}" width="${image.width}" height="${image.height}"${mark}>\n`,
    )
    for (const annotation of annotations)
      await file.write(shapeElement(annotation, classNames.get(annotation.record.classId) ?? ''))
    await file.write('  </image>\n')
    digests.push({ name: image.name, digest: imageDigest(expectedImage(item, annotations, classNames)) })
    annotationCount += annotations.length
  }
  await file.write('</annotations>\n')
  await file.finish()
  await verify(file.temporaryPath, digests, context.signal)
  await file.publish()
  return {
    files: [fileName],
    location: folder,
    images: digests.length,
    annotations: annotationCount,
    identical: annotationCount,
    ...problems.found(),
  }
}

function labelElement({ name, colour, parentId }: ClassRecord, classNames: ReadonlyMap<string, string>): string {
  const parent = parentId === null ? undefined : classNames.get(parentId)
  const parentElement = parent === undefined ? '' : `\n          <parent>${escapeXml(parent)}</parent>`
  return `        <label>\n          <name>${escapeXml(name)}</name>\n          <color>${escapeXml(colour)}</color>\n          <type>any</type>\n          <attributes>\n          </attributes>${parentElement}\n        </label>\n`
}

function shapeElement({ record, tiles }: ExportAnnotation, label: string): string {
  const origin = record.origin === 'predicted' ? 'auto' : 'manual'
  const common = `label="${escapeXml(label)}" source="${origin}" occluded="0"`
  if (record.kind === 'box') {
    const [left, top, right, bottom] = edgesOfBox(record.box ?? record.bounds)
    return `    <box ${common} xtl="${left}" ytl="${top}" xbr="${right}" ybr="${bottom}" z_order="0">\n    </box>\n`
  }
  const crop = cropFromTiles(tiles)
  if (crop === null) throw new Error(`Annotation ${record.id} covers no pixel`)
  const { left, top, bitmap } = crop
  const runs = rowRuns(bitmap).join(', ')
  return `    <mask ${common} rle="${runs}" left="${left}" top="${top}" width="${bitmap.width}" height="${bitmap.height}" z_order="0">\n    </mask>\n`
}

/** Run lengths along the rows, zeros first (0 where the first pixel is mask), the last run included. */
function rowRuns({ data }: Bitmap): number[] {
  const runs: number[] = []
  let value = 0
  let start = 0
  for (let at = 0; at < data.length; at++) {
    if (data[at] === value) continue
    runs.push(at - start)
    value = 1 - value
    start = at
  }
  runs.push(data.length - start)
  return runs
}

/** Reads the file as anybody would and compares image by image. Throws `Io` that names what differs. */
async function verify(
  path: string,
  expected: readonly { readonly name: string; readonly digest: string }[],
  signal: AbortSignal,
): Promise<void> {
  const problems = new Problems()
  const different: string[] = []
  let read = 0
  for await (const piece of cvatPieces(path, problems, signal)) {
    throwIfAborted(signal)
    if (piece.kind !== 'image') continue
    const wanted = expected[read]
    read++
    if (wanted !== undefined && imageDigest(piece.image) !== wanted.digest) different.push(wanted.name)
  }
  if (different.length > 0) throw exportDiffers(different.slice(0, 5).join(', '), different.length)
  if (read !== expected.length) throw exportDiffers(`${read} images instead of ${expected.length}`, 1)
}

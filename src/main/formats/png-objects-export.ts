import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { ExportReport, ExportSpec } from '../../shared/contract/contract.ts'
import { throwIfAborted } from '../../shared/errors.ts'
import type { ExportContext, ExportSource, IndexPngCodec } from './format-types.ts'
import { readJsonSections } from './json-sections.ts'
import { exportDiffers } from './files.ts'
import { paintMask, writeCheckedPng } from './label-pictures.ts'
import { classNumbers, ExportProblems, uniqueStem, picturedImages, selectImages } from './selection.ts'
import type { SelectedImage } from './selection.ts'
import { TextFile } from './text-file.ts'
import { WrittenFiles } from './written-files.ts'
import { objectsFormat } from './png-objects-records.ts'
import type { ObjectRecord, ObjectsImage } from './png-objects-records.ts'

/** The pixels of an object; the others are 0. */
const foreground = 255

/**
 * Writes one PNG an object: `masks/<image without its ending>/<number>_<class>.png` (8 bit grey, the size of the image,
 * 0 and 255), `images/`, and `manifest.json`, which lists classes with their parents, images and annotations. Names of
 * folders and files are for people: what counts is the manifest. Boxes are in the manifest, without a file.
 *
 * Nothing is lost: masks may overlap, and each is read back and compared before it gets its name; the manifest is read
 * back too and comes last, so a folder without one is an export that did not end.
 * Throws `Io` naming the file that differs, and `Cancelled`.
 */
export async function exportPngObjects(
  source: ExportSource,
  folder: string,
  spec: ExportSpec,
  codec: IndexPngCodec,
  context: ExportContext,
): Promise<ExportReport> {
  const problems = new ExportProblems()
  const numbers = classNumbers(source)
  const names = new Map(source.classes.map(({ id, name }) => [id, name]))
  const files = new WrittenFiles()
  const stems = new Set<string>()
  const written = createHash('sha256')
  let images = 0
  let annotations = 0

  await using manifest = await TextFile.create(join(folder, 'manifest.json'))
  const classes = source.classes
    .toSorted((a, b) => (numbers.get(a.id) ?? 0) - (numbers.get(b.id) ?? 0))
    .map(({ name, parentId }) => ({ name, parent: parentId === null ? null : (names.get(parentId) ?? null) }))
  const head = [
    `"format": ${JSON.stringify(objectsFormat)}`,
    `"version": 1`,
    `"name": ${JSON.stringify(source.projectName)}`,
    `"classes": ${JSON.stringify(classes)}`,
  ]
  await manifest.write(`{\n${head.join(',\n')},\n"images": [`)
  const selected = selectImages(source, spec, context)
  for await (const item of picturedImages(selected, join(folder, 'images'), spec, context, problems)) {
    const stem = uniqueStem(item.source.image.name, stems)
    const { image, masks } = recordsOf(item, stem, names, problems)
    for (const { file, paint } of masks) {
      throwIfAborted(context.signal)
      await writeCheckedPng(join(folder, file), paint(), codec)
      files.add(file)
    }
    const entry = JSON.stringify(image)
    written.update(entry)
    await manifest.write(`${images === 0 ? '' : ','}\n${entry}`)
    images++
    annotations += image.objects.length
  }
  await manifest.write('\n]\n}\n')
  await manifest.finish()
  const read = createHash('sha256')
  for await (const piece of readJsonSections(manifest.temporaryPath, new Set(['images']))) {
    if (piece.kind === 'element') read.update(JSON.stringify(piece.value))
  }
  if (read.digest('hex') !== written.digest('hex')) throw exportDiffers(manifest.path, 1)
  await manifest.publish()
  return {
    files: files.list('manifest.json'),
    location: folder,
    images,
    annotations,
    identical: annotations,
    ...problems.found(),
  }
}

interface MaskFile {
  readonly file: string
  /** Made when it is written: one mask at a time is in memory. */
  readonly paint: () => { readonly width: number; readonly height: number; readonly data: Uint8Array }
}

function recordsOf(
  { source: { image }, annotations }: SelectedImage,
  stem: string,
  names: ReadonlyMap<string, string>,
  problems: ExportProblems,
): { readonly image: ObjectsImage; readonly masks: readonly MaskFile[] } {
  const { name, width, height } = image
  const objects: ObjectRecord[] = []
  const masks: MaskFile[] = []
  const digits = Math.max(3, String(annotations.length).length)
  for (const annotation of annotations) {
    const { record } = annotation
    const className = names.get(record.classId)
    if (className === undefined) throw new Error(`Annotation ${record.id} has a class the export source does not list`)
    const marks = {
      ...(record.state === 'proposed' ? { state: record.state, score: record.score } : {}),
      ...(record.crowd ? { crowd: true } : {}),
    }
    if (record.kind === 'box') {
      if (record.box !== null) objects.push({ id: record.id, class: className, kind: 'box', box: record.box, ...marks })
    } else if (annotation.tiles.length === 0) {
      problems.add(name, `Annotation ${record.id} covers no pixel and was left out.`)
    } else {
      const number = String(masks.length + 1).padStart(digits, '0')
      const file = `masks/${stem}/${number}_${fileNamePart(className)}.png`
      const paint = (): ReturnType<MaskFile['paint']> => {
        const picture = { width, height, data: new Uint8Array(width * height) }
        paintMask(annotation, picture, foreground)
        return picture
      }
      objects.push({ id: record.id, class: className, kind: 'mask', file, ...marks })
      masks.push({ file, paint })
    }
  }
  const mark = image.reviewed && annotations.length === 0 ? { reviewed_empty: true as const } : {}
  return { image: { image: name, width, height, objects, ...mark }, masks }
}

/** A class name as every file system takes it as a part of a name. */
function fileNamePart(name: string): string {
  const allowed = name
    .normalize('NFC')
    .toWellFormed()
    .replaceAll(/[\p{Cc}<>:"/\\|?*\uFFFD]/gu, '-')
  // A name has 255 bytes at most, a character up to four.
  return Array.from(allowed)
    .slice(0, 40)
    .join('')
    .replace(/[. ]+$/, '')
}

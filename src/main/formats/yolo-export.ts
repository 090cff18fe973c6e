import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { polygonsFromTiles, ringArea } from '../../shared/coco/polygons.ts'
import type { ExportReport, ExportSpec, Outline } from '../../shared/contract/contract.ts'
import type { MaskTile } from '../../shared/domain/history.ts'
import type { Box } from '../../shared/domain/records.ts'
import { centreRing } from '../../shared/mask/centre-ring.ts'
import { tilesArea, unionTiles, xorTiles } from '../../shared/mask/tiles.ts'
import { exportDiffers } from './files.ts'
import type { ExportAnnotation, ExportContext, ExportSource } from './format-types.ts'
import { classNumberOf, classNumbers, plainAnnotations, ExportProblems, exportPicture, noteBoxes } from './selection.ts'
import type { SelectedImage } from './selection.ts'
import { plannedImages, planSubsets, reachedSubsets } from './split.ts'
import type { SplitPlan } from './split.ts'
import { SubsetLists } from './subset-lists.ts'
import { TextFile } from './text-file.ts'
import { filledByUltralytics } from './ultralytics-reading.ts'
import { WrittenFiles } from './written-files.ts'
import { boxLine, labelPathOf, parseLabels, ringLine } from './yolo-labels.ts'
import type { LabelLine } from './yolo-labels.ts'
import { ringReadings } from './yolo-rings.ts'
import type { RingReading } from './yolo-rings.ts'

/** The subsets that readers know; without a split everything is in the first. */
const knownSubsets = ['train', 'val', 'test']

/** Each outline is judged by the reading it is made for. */
const readers: Readonly<Record<Outline, RingReading>> = { edges: ringReadings.edges, centres: filledByUltralytics }

/** One annotation as lines of a label file. */
interface Written {
  readonly annotation: ExportAnnotation
  readonly lines: readonly string[]
  readonly className: string
  /** Pixels of the rings together; 0 for a box. */
  readonly pixels: number
  /** As written, for a box. */
  readonly box: Box | null
}

/**
 * Writes `data.yaml`, `train.txt` (the pictures that are part of the data set, one a line), `labels/train/….txt` and, if
 * asked for, `images/train/…`; with a split the same for each subset. Classes count from 0; one ring a line, holes on
 * vertical bridges as in COCO polygons. The rings run along pixel edges, or through the centres of the border pixels
 * (`spec.outline`), which `data.yaml` says. A reviewed-empty image has an empty file.
 *
 * YOLO joins no rings to one object: of an annotation of several parts each becomes a line, or its largest alone
 * (`spec.parts`), and each such annotation is listed. A label set holds rings or boxes and never both, since
 * Ultralytics throws all rings away where it meets a box: boxes are written where the export has no mask at all, else
 * they are listed, and an image that has only boxes is left out, as its empty file would say that nothing is there.
 *
 * Each label file is read back at the size of its image and compared before it gets its name: by COCO's rule, or as
 * Ultralytics fills outlines, whichever the rings are made for. `identical` counts annotations that are one line and come
 * back exactly. `data.yaml` comes last: a folder without it is an export that
 * did not end. Throws `Io` naming what differs, and `Cancelled`.
 */
export async function exportYolo(
  source: ExportSource,
  folder: string,
  spec: ExportSpec,
  context: ExportContext,
): Promise<ExportReport> {
  const problems = new ExportProblems()
  const numbers = classNumbers(source)
  const numbered = source.classes.map((record) => [(numbers.get(record.id) ?? 0) - 1, record.name] as const)
  const names = new Map(numbered.toSorted(([a], [b]) => a - b))
  const holdsMasks = hasMask(source, spec)
  const { outline = 'edges' } = spec
  const files = new WrittenFiles()
  let images = 0
  const owners = new Map<string, string>()
  let annotationCount = 0
  let identical = 0

  await using data = await TextFile.create(join(folder, 'data.yaml'))
  const plan = await planSubsets(source, spec, 'train', context, problems)
  await using lists = await SubsetLists.create(folder, plan.names, (subset) => [`${subset}.txt`])
  for await (const item of plannedImages(source, plan, spec, context)) {
    const { image } = item.source
    const all = plainAnnotations(item, problems)
    const kept = holdsMasks ? all.filter(({ record }) => record.kind === 'mask') : all
    noteBoxes(image.name, all.length - kept.length, kept.length === 0, besideBoxes, problems)
    if (kept.length === 0 && all.length > 0) continue
    const imagesFolder = `images/${item.subset}`
    const labelName = labelPathOf(`${imagesFolder}/${image.name}`)
    const owner = owners.get(labelName.toLowerCase())
    if (owner !== undefined || /[\r\n\u2028\u2029]/.test(image.name)) {
      const why =
        owner === undefined ? 'Its name has a line break' : `Its labels would be in one file with those of ${owner}`
      problems.add(image.name, `${why}, so it was left out. Rename the picture, or export COCO.`)
      continue
    }
    owners.set(labelName.toLowerCase(), image.name)
    await exportPicture(item.source, join(folder, imagesFolder), spec, problems, context)
    const written = kept.map((annotation) =>
      linesOf(annotation, classNumberOf(numbers, annotation) - 1, names, item, spec, problems),
    )
    identical += await writeLabels(join(folder, labelName), written, names, item, readers[outline])
    annotationCount += kept.length
    await lists.add(item.subset, `./${imagesFolder}/${image.name}`)
    files.add(labelName)
    images++
  }
  await lists.publish()
  const described = { ...listsOf(plan, problems), outline, names }
  await data.write(
    `# Class numbers count from 0. ${spec.split === null ? 'No split was made: `val` is `train`; make your own before you measure.' : `Split by ${spec.split.by}, seed ${spec.split.seed}.`}\n`,
  )
  await data.write(stringify(described, { lineWidth: 0, defaultKeyType: 'PLAIN', defaultStringType: 'QUOTE_DOUBLE' }))
  await data.finish()
  if (
    JSON.stringify(parse(await readFile(data.temporaryPath, 'utf8'))) !==
    JSON.stringify({ ...described, names: Object.fromEntries(names) })
  )
    throw exportDiffers(data.path, 1)
  await data.publish()
  return {
    files: files.list('data.yaml', ...lists.names),
    location: folder,
    images,
    annotations: annotationCount,
    identical,
    ...(outline === 'centres' && holdsMasks ? { filledAs: 'ultralytics' as const } : {}),
    ...reachedSubsets(plan, lists.counts),
    ...problems.found(),
  }
}

/**
 * The entries of `data.yaml` that name the lists. Ultralytics knows three of them and insists on two; under other names it
 * expects something else (`path`, `nc`, `download`).
 */
function listsOf({ names, subsets }: SplitPlan, problems: ExportProblems): Readonly<Record<string, string>> {
  const isKnown = (name: string): boolean => knownSubsets.includes(name)
  const lists = Object.fromEntries(names.filter(isKnown).map((name) => [name, `${name}.txt`]))
  for (const name of names.filter((each) => !isKnown(each)))
    problems.add('data.yaml', `Readers know the subsets train, val and test, and not ${name}. Name it so.`)
  const train = lists['train'] ?? `${names[0] ?? ''}.txt`
  const val = lists['val'] ?? train
  if (subsets.length > 0 && train === val) {
    problems.add(
      'data.yaml',
      `It names ${train} for \`train\` and for \`val\`, as both have to be there: what is measured would be what was learnt. Split into train and val.`,
    )
  }
  return { ...lists, train, val }
}

const besideBoxes = 'next to boxes Ultralytics drops every mask of the data set. COCO keeps both.'

/** Stops at the first one, so that only an export without any looks at every image. */
function hasMask(source: ExportSource, spec: ExportSpec): boolean {
  for (const { annotations } of source.images()) {
    const isMask = ({ record }: ExportAnnotation): boolean =>
      record.kind === 'mask' && (spec.include === 'all' || record.state === spec.include)
    if (annotations.some(isMask)) return true
  }
  return false
}

function linesOf(
  annotation: ExportAnnotation,
  classNumber: number,
  names: ReadonlyMap<number, string>,
  { source: { image } }: SelectedImage,
  spec: ExportSpec,
  problems: ExportProblems,
): Written {
  const { record, tiles } = annotation
  const { name, width, height } = image
  const className = names.get(classNumber) ?? ''
  if (record.kind === 'box') {
    const box = cutBox(record.box ?? record.bounds, width, height)
    if (box === null) problems.add(name, `Box ${record.id} lies outside the image and was left out.`)
    else if (!isSameBox(box, record.box)) problems.add(name, `Box ${record.id} was cut off at the border of the image.`)
    return {
      annotation,
      className,
      lines: box === null ? [] : [boxLine(classNumber, box, image)],
      pixels: 0,
      box,
    }
  }
  const rings = polygonsFromTiles(tiles)
  const total = tilesArea(tiles)
  const areas = rings.map(ringArea)
  // Not spread into a call: a noisy mask has more parts than a call takes arguments.
  const largest = areas.reduce((most, area) => Math.max(most, area), 0)
  const isCut = spec.parts === 'largest' && rings.length > 1
  const kept = isCut ? rings.slice(areas.indexOf(largest)).slice(0, 1) : rings
  if (rings.length > 1) {
    const loss = isCut
      ? `only the largest was written, ${largest} of ${total} pixels (IoU ${(largest / total).toFixed(3)})`
      : `which became ${rings.length} objects of one line each; every pixel is kept`
    problems.add(
      name,
      `Annotation ${record.id} has ${rings.length} parts, ${isCut ? 'and ' : ''}${loss}. COCO keeps them as one.`,
    )
  }
  const isThroughCentres = spec.outline === 'centres'
  const lines = kept.map((ring) => ringLine(classNumber, isThroughCentres ? centreRing(ring) : ring, image))
  return { annotation, className, lines, pixels: isCut ? largest : total, box: null }
}

/** The part of a box that lies in the image; null when there is none. */
function cutBox([x, y, w, h]: Box, width: number, height: number): Box | null {
  const [left, top] = [Math.max(0, x), Math.max(0, y)]
  const [right, bottom] = [Math.min(width, x + w), Math.min(height, y + h)]
  return left < right && top < bottom ? [left, top, right - left, bottom - top] : null
}

/** Equal but for the rounding of a share of the image's sides. */
function isSameBox(a: Box, b: Box | null): boolean {
  return a.every((value, at) => Math.abs(value - (b?.[at] ?? NaN)) <= 0.002)
}

/** Writes, reads back, compares, publishes. Returns how many annotations the file gives back as they are. */
async function writeLabels(
  path: string,
  written: readonly Written[],
  names: ReadonlyMap<number, string>,
  { source: { image } }: SelectedImage,
  readRing: RingReading,
): Promise<number> {
  await using file = await TextFile.create(path)
  for (const { lines } of written) for (const line of lines) await file.write(line)
  await file.finish()
  const read = [...parseLabels(await readFile(file.temporaryPath, 'utf8'), names, 0, image, readRing)]
  let at = 0
  let identical = 0
  for (const each of written) {
    const back = read.slice(at, at + each.lines.length)
    at += each.lines.length
    if (!comesBack(each, back)) throw exportDiffers(`annotation ${each.annotation.record.id} of ${image.name}`, 1)
    const { record, tiles } = each.annotation
    const isWhole = each.box === null ? each.pixels === tilesArea(tiles) : isSameBox(each.box, record.box)
    if (each.lines.length === 1 && isWhole) identical++
  }
  if (read.length !== at) throw exportDiffers(`${read.length} lines instead of ${at} for ${image.name}`, 1)
  await file.publish()
  return identical
}

/** Whether the lines say what was written: the class and, of its pixels, exactly so many and no others. */
function comesBack(
  { annotation: { record, tiles }, className, pixels, box }: Written,
  back: readonly LabelLine[],
): boolean {
  const masks: (readonly MaskTile[])[] = []
  for (const line of back) {
    if (line.kind === 'skip' || line.kind !== record.kind || line.className !== className) return false
    if (line.kind === 'box') return isSameBox(line.box, box)
    masks.push(line.tiles)
  }
  const union = unionTiles(masks)
  return tilesArea(union) === pixels && tilesArea(xorTiles(union, tiles)) === tilesArea(tiles) - pixels
}

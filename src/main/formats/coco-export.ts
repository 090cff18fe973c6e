import { join } from 'node:path'
import type { ExportReport, ExportSpec } from '../../shared/contract/contract.ts'
import { tilesArea, tilesBounds } from '../../shared/mask/tiles.ts'
import { InstancesFile, ResultsFile } from './coco-files.ts'
import { orientationKey, reviewedEmptyKey, reviewedKey } from './coco-records.ts'
import type { CocoAnnotation, CocoCategory, CocoImage } from './coco-records.ts'
import { SimplificationCost } from './coco-simplify.ts'
import { checkCocoSpec, encodeMask, placeOn } from './coco-written.ts'
import type { ExportAnnotation, ExportContext, ExportImage, ExportNumbers, ExportSource } from './format-types.ts'
import { ExportProblems, exportPicture, exportUpright } from './selection.ts'
import { plannedImages, planSubsets, reachedSubsets } from './split.ts'
import type { SplitPlan } from './split.ts'

function attributesOf({ record }: ExportAnnotation): CocoAnnotation['attributes'] {
  return record.state === 'proposed' ? { state: 'proposed', score: record.score } : {}
}

function categoriesOf(source: ExportSource, numbers: ExportNumbers): CocoCategory[] {
  const names = new Map(source.classes.map((record) => [record.id, record.name]))
  return source.classes
    .map((record) => ({
      id: numbers.class(record.id),
      name: record.name,
      supercategory: record.parentId === null ? '' : (names.get(record.parentId) ?? ''),
    }))
    .toSorted((a, b) => a.id - b.id)
}

/**
 * Writes `annotations/instances_default.json` and, if asked for, `images/default/…` below `folder`: the
 * layout that pycocotools, CVAT and Datumaro take as it is. Ids are the numbers of the project's records, from 1 and the
 * same in every export. A box is written with its `bbox`, its geometric area and an empty `segmentation`: it is never passed
 * off as a mask. An image that was looked at and shows nothing says so (`reviewed_empty`), and so does one that is
 * finished (`reviewed`). A proposal carries `attributes.state` and `attributes.score`.
 *
 * As `coco-results` proposals are never among the annotations: those of the selected images go to
 * `annotations/results_default.json`, so that `loadRes` finds every image and category of theirs in the instances file.
 *
 * With a split the same is written for each subset, `instances_<subset>.json` and `images/<subset>/…`; seed, method and counts
 * are in `info`.
 *
 * Simplified polygons (`spec.simplify`) are compared with what they were meant to hold, and the report says how much of each
 * mask is left; only masks that are still the project's count as identical.
 *
 * `spec.orientation` says what becomes of pictures with an EXIF orientation; the masks are compared where they were put.
 *
 * Each file is written in flat memory under a temporary name, read back, every mask decoded and compared
 * with the project, and only then given its name. Throws `Io` naming the objects when anything differs, and
 * `Cancelled`; either way no file stays behind.
 */
export async function exportCoco(
  source: ExportSource,
  folder: string,
  spec: ExportSpec,
  context: ExportContext,
): Promise<ExportReport> {
  checkCocoSpec(spec)
  const problems = new ExportProblems()
  const cost = new SimplificationCost()
  const numbers = source.numbers(spec.format === 'coco-results' ? 'accepted' : spec.include)
  const plan = await planSubsets(source, spec, 'default', context, problems)
  const files = new Map<string, SubsetFiles>()
  const allFiles = (): (InstancesFile | ResultsFile)[] =>
    [...files.values()].flatMap(({ instances, results }) => (results === null ? [instances] : [results, instances]))
  try {
    const info = infoOf(source, spec, plan)
    const categories = categoriesOf(source, numbers)
    for (const name of plan.names) {
      files.set(name, await createFiles(folder, name, spec, info, categories))
    }
    let unselected = 0
    function* counted(): Generator<ExportImage> {
      for (const image of source.images()) {
        unselected += proposalsOf(image).length
        yield image
      }
    }

    for await (const planned of plannedImages({ ...source, images: counted }, plan, spec, context)) {
      const { source: item, annotations, subset } = planned
      const { image } = item
      const placed = placeOn(image, spec)
      const target = files.get(subset)
      if (target === undefined) throw new Error(`The split names no subset ${subset}`)
      const { results } = target
      const truth = results === null ? annotations : annotations.filter((each) => each.record.state === 'accepted')
      const record: CocoImage = {
        id: numbers.image(image.id),
        file_name: image.name,
        ...placed.size,
        ...reviewMark(image, truth.length, spec),
      }
      await target.instances.addImage(record)
      const pictures = join(folder, 'images', subset)
      if (spec.orientation === 'upright' && image.orientation !== 1) {
        await exportUpright(source, item, pictures, problems, context)
      } else await exportPicture(item, pictures, spec, problems, context)
      await addAnnotations(target.instances, record, truth.map(placed.annotation), spec, numbers, problems, cost)
      if (results === null) continue
      const proposals = proposalsOf(item)
      unselected -= proposals.length
      await addResults(results, record, proposals.map(placed.annotation), numbers, problems)
    }
    if (spec.format === 'coco-results') noteUnselected(unselected, source.projectName, problems)
    // All of them are right before the first gets its name.
    for (const file of allFiles()) await file.finish(context.signal)
    for (const file of allFiles()) await file.publish()
  } finally {
    for (const file of allFiles()) await file[Symbol.asyncDispose]()
  }
  const annotations = allFiles().reduce((sum, file) => sum + file.annotations, 0)
  return {
    files: allFiles().map(({ name }) => name),
    location: folder,
    images: [...files.values()].reduce((sum, { instances }) => sum + instances.images, 0),
    annotations,
    identical: annotations - cost.changed,
    ...(spec.simplify > 0 ? { simplification: cost.report() } : {}),
    ...reachedSubsets(plan, new Map([...files].map(([name, { instances }]) => [name, instances.images]))),
    ...problems.found(),
  }
}

/** What a person has said of an image. That it is finished says nothing about proposals alone. */
function reviewMark(
  { reviewed }: ExportImage['image'],
  annotations: number,
  spec: ExportSpec,
): Pick<CocoImage, typeof reviewedKey | typeof reviewedEmptyKey> {
  if (!reviewed) return {}
  if (annotations === 0) return { [reviewedEmptyKey]: true }
  return spec.include === 'proposed' && spec.format === 'coco' ? {} : { [reviewedKey]: true }
}

/** What is written for one subset. */
interface SubsetFiles {
  readonly instances: InstancesFile
  readonly results: ResultsFile | null
}

async function createFiles(
  folder: string,
  subset: string,
  spec: ExportSpec,
  info: Readonly<Record<string, unknown>>,
  categories: readonly CocoCategory[],
): Promise<SubsetFiles> {
  const instances = await InstancesFile.create(folder, `annotations/instances_${subset}.json`, info, categories)
  if (spec.format !== 'coco-results') return { instances, results: null }
  try {
    return { instances, results: await ResultsFile.create(folder, `annotations/results_${subset}.json`) }
  } catch (error) {
    await instances[Symbol.asyncDispose]()
    throw error
  }
}

function infoOf(
  source: ExportSource,
  { split, orientation }: ExportSpec,
  plan: SplitPlan,
): Readonly<Record<string, unknown>> {
  const info = {
    description: source.projectName,
    contributor: 'Exemplar Studio',
    version: '1.0',
    ...(orientation === 'stored' ? { [orientationKey]: orientation } : {}),
  }
  if (split === null) return info
  const subsets = Object.fromEntries(plan.subsets.map(({ name, ...facts }) => [name, facts]))
  return { ...info, split: { by: split.by, seed: split.seed, subsets } }
}

/** In the order of their numbers, so that a file does not depend on the order in which a project was filled. */
async function addAnnotations(
  file: InstancesFile,
  image: CocoImage,
  annotations: readonly ExportAnnotation[],
  spec: ExportSpec,
  numbers: ExportNumbers,
  problems: ExportProblems,
  cost: SimplificationCost,
): Promise<void> {
  const numbered = annotations.map((annotation) => ({ annotation, id: numbers.annotation(annotation.record.id) }))
  for (const { annotation, id } of numbered.toSorted((a, b) => a.id - b.id)) {
    const { record } = annotation
    const isBox = record.kind === 'box'
    if (!isBox && annotation.tiles.length === 0) {
      problems.add(image.file_name, `Annotation ${record.id} covers no pixel and was left out.`)
      continue
    }
    const { segmentation, tiles, iou } = isBox
      ? { segmentation: [], tiles: [], iou: 1 }
      : encodeMask(annotation.tiles, image, spec)
    if (!isBox) cost.add(iou)
    // Box and area are those of the pixels that the file holds.
    const box = record.box ?? tilesBounds(tiles)
    if (box === null) throw new Error(`Annotation ${record.id} has pixels without bounds`)
    const written: CocoAnnotation = {
      id,
      image_id: image.id,
      category_id: numbers.class(record.classId),
      segmentation,
      bbox: box,
      area: isBox ? box[2] * box[3] : tilesArea(tiles),
      iscrowd: record.crowd ? 1 : 0,
      attributes: attributesOf(annotation),
    }
    await file.addAnnotation(written, tiles, image.file_name)
  }
}

async function addResults(
  file: ResultsFile,
  image: CocoImage,
  proposals: readonly ExportAnnotation[],
  numbers: ExportNumbers,
  problems: ExportProblems,
): Promise<void> {
  for (const { record, tiles } of proposals) {
    if (tiles.length === 0) {
      const what = record.kind === 'box' ? 'is a box' : 'covers no pixel'
      problems.add(
        image.file_name,
        `Proposal ${record.id} ${what} and was left out: a results file holds masks. Outline it, or reject it.`,
      )
    } else if (record.score === null) {
      problems.add(
        image.file_name,
        `Proposal ${record.id} has no score and was left out: a results file needs one. Accept it, or let a job propose anew.`,
      )
    } else {
      await file.add(image, numbers.class(record.classId), record.score, tiles)
    }
  }
}

/** A results file may not name images that the instances file lacks; what stays out is said. */
function noteUnselected(left: number, name: string, problems: ExportProblems): void {
  if (left === 0) return
  const reason =
    left === 1
      ? '1 proposal lies on an image without ground truth and was left out of the results.'
      : `${left} proposals lie on images without ground truth and were left out of the results.`
  problems.add(name, `${reason} Export all annotations (--include all) to hold them too.`)
}

function proposalsOf({ annotations }: ExportImage): ExportAnnotation[] {
  return annotations.filter(({ record }) => record.state === 'proposed')
}

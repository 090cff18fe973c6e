import { basename, dirname } from 'node:path'
import type {
  AnnotationImportSpec,
  ExportReport,
  ExportSpec,
  FormatSummary,
  Problem,
} from '../../shared/contract/contract.ts'
import { AppError, throwIfAborted } from '../../shared/errors.ts'
import { withUsableClasses } from './class-names.ts'
import { classTableName } from './class-table.ts'
import { exportCoco } from './coco-export.ts'
import { readCoco, readCocoResults } from './coco-import.ts'
import { exportCvat } from './cvat-export.ts'
import { readCvat } from './cvat-import.ts'
import { ExportFolder } from './export-folder.ts'
import { ExportRehearsal } from './export-rehearsal.ts'
import type { ExportPlace, FoundByReaders } from './export-target.ts'
import type { ExportContext, ExportSource, FormatCodec, ImportContext, ImportedDataSet } from './format-types.ts'
import { rootSection } from './json-sections.ts'
import { exportLabelme } from './labelme-export.ts'
import { readLabelme } from './labelme-import.ts'
import { exportMasks } from './masks-export.ts'
import { readMasksFolder } from './masks-import.ts'
import { exportPngObjects } from './png-objects-export.ts'
import { readPngObjects } from './png-objects-import.ts'
import { objectsFormat } from './png-objects-records.ts'
import { joined } from './problems.ts'
import { withPlainNames } from './selection.ts'
import { exportVoc } from './voc-export.ts'
import { readVoc } from './voc-import.ts'
import { exportYolo } from './yolo-export.ts'
import { readYolo } from './yolo-import.ts'

/** What gives data sets of a format away. Paths are relative to a folder, at most one folder deep, with `/`. */
export interface Signs {
  /** A path in the folder of the data set, of which one is enough. */
  readonly entry?: RegExp
  /** The same, but other folders have such files too: it counts where nothing else is found, or for the file itself. */
  readonly commonEntry?: RegExp
  /** What has to be in the folder as well for `commonEntry` to count there. */
  readonly beside?: RegExp
  /**
   * At the top of a JSON file: arrays of which one is enough, `name=value` for a text, `rootSection` where the file is one array.
   */
  readonly sections?: readonly string[]
  /** A field of the entries of those arrays. */
  readonly field?: string
  /** The element at the top of an XML file. */
  readonly element?: string
  /** What is not in the beginning of such a file. */
  readonly without?: RegExp
  /**
   * From such a file to the data set, where that is not the file itself or the folder that holds many of them; null for a file
   * at a place where the reader does not look.
   */
  readonly home?: (file: string) => string | null
}

/** A file format, with what it can hold, so that nobody has to find out by losing it. */
export interface Format extends FormatSummary {
  /** Exports of one layout into one folder take each other's place: their files have the same names. */
  readonly layout: string
  /** The file at the top, or the folder of files, that makes it an export; absent where each file stands for itself. */
  readonly main?: string
  /** What readers of an export find without its being named anywhere in it. */
  readonly found: readonly FoundByReaders[]
  readonly signs: Signs
  readonly write: (
    source: ExportSource,
    folder: string,
    spec: ExportSpec,
    codec: FormatCodec,
    context: ExportContext,
  ) => Promise<ExportReport>
  readonly read: (path: string, context: ImportContext) => Promise<ImportedDataSet>
}

/** The readers of data sets with a manifest know it by its name. */
function folderOfManifest(file: string): string | null {
  return basename(file) === 'manifest.json' ? dirname(file) : null
}

/** What instances and results have in common: one writer makes both. */
const cocoFiles = {
  options: ['segmentation', 'orientation', 'simplify', 'split'],
  layout: 'coco',
  main: 'annotations',
  found: [{ folder: 'annotations', ending: '.json' }],
  write: (source, folder, spec, _codec, context) => exportCoco(source, folder, spec, context),
} satisfies Partial<Format>

/** Every format by its name on the command line and in the dialog. */
export const formats: Readonly<Record<ExportSpec['format'], Format>> = {
  coco: {
    ...cocoFiles,
    id: 'coco',
    imports: 'file',
    brings: 'accepted',
    holds: { instances: true, overlaps: true, boxes: true, parts: true, holes: true, parents: true, empty: true },
    signs: { sections: ['annotations'], field: 'category_id' },
    read: (path, { signal, mostPixels }) => readCoco(path, signal, mostPixels),
  },
  'coco-results': {
    ...cocoFiles,
    id: 'coco-results',
    imports: 'file',
    brings: 'proposed',
    holds: { instances: true, overlaps: true, boxes: false, parts: true, holes: true, parents: true, empty: false },
    signs: { sections: [rootSection], field: 'category_id' },
    read: (path, { signal, mostPixels }) => readCocoResults(path, signal, mostPixels),
  },
  yolo: {
    id: 'yolo',
    imports: 'folder',
    brings: 'accepted',
    options: ['parts', 'outline', 'split'],
    // Boxes only in an export without any mask.
    holds: { instances: true, overlaps: true, boxes: false, parts: false, holes: true, parents: false, empty: true },
    layout: 'yolo',
    main: 'data.yaml',
    found: [
      { folder: 'labels', ending: '.txt' },
      { folder: 'images', ending: '' },
    ],
    signs: { entry: /^data\.ya?ml$/i, commonEntry: /^(?:[^/]+\.ya?ml|labels\/.+\.txt)$/i },
    write: (source, folder, spec, _codec, context) => exportYolo(source, folder, spec, context),
    read: readYolo,
  },
  labelme: {
    id: 'labelme',
    imports: 'folder',
    brings: 'accepted',
    options: [],
    holds: { instances: true, overlaps: true, boxes: true, parts: true, holes: true, parents: false, empty: true },
    layout: 'labelme',
    found: [{ folder: '', ending: '.json' }],
    signs: { sections: ['shapes'] },
    write: exportLabelme,
    read: readLabelme,
  },
  cvat: {
    id: 'cvat',
    imports: 'file',
    brings: 'accepted',
    options: [],
    holds: { instances: true, overlaps: true, boxes: true, parts: true, holes: true, parents: true, empty: true },
    layout: 'cvat',
    main: 'annotations.xml',
    found: [],
    signs: { element: 'annotations' },
    write: (source, folder, spec, _codec, context) => exportCvat(source, folder, spec, context),
    read: (path, { signal, mostPixels }) => readCvat(path, signal, mostPixels),
  },
  masks: {
    id: 'masks',
    imports: 'folder',
    brings: 'accepted',
    options: [],
    holds: { instances: false, overlaps: false, boxes: false, parts: false, holes: true, parents: false, empty: true },
    layout: 'manifest',
    main: 'manifest.json',
    found: [{ folder: 'masks', ending: '.png' }],
    signs: {
      sections: ['items'],
      home: (file) => (classTableName.test(basename(file)) ? dirname(file) : folderOfManifest(file)),
      commonEntry: classTableName,
      // Pictures are no masks: lists of classes lie beside labels of YOLO too.
      beside: /^(?!images\/).+\.png$/i,
    },
    write: exportMasks,
    read: (path, { codec, signal }) => readMasksFolder(path, codec, signal),
  },
  'png-objects': {
    id: 'png-objects',
    imports: 'folder',
    brings: 'accepted',
    options: [],
    holds: { instances: true, overlaps: true, boxes: true, parts: true, holes: true, parents: true, empty: true },
    layout: 'manifest',
    main: 'manifest.json',
    found: [{ folder: 'masks', ending: '.png' }],
    signs: { sections: [`format=${objectsFormat}`], home: folderOfManifest },
    write: exportPngObjects,
    read: (path, { codec, signal, mostPixels }) => readPngObjects(path, codec, signal, mostPixels),
  },
  voc: {
    id: 'voc',
    imports: 'folder',
    brings: 'accepted',
    options: ['split'],
    holds: { instances: true, overlaps: false, boxes: true, parts: true, holes: true, parents: false, empty: true },
    layout: 'voc',
    main: 'ImageSets',
    found: [
      { folder: 'Annotations', ending: '.xml' },
      { folder: 'SegmentationClass', ending: '.png' },
      { folder: 'SegmentationObject', ending: '.png' },
      { folder: 'ImageSets', ending: '.txt' },
    ],
    signs: {
      entry: /^Segmentation(?:Class|Object)$/,
      commonEntry: /^Annotations$/,
      element: 'annotation',
      // The XML that labelme once had.
      without: /<(?:imagesize|polygon)\b/,
      home: (file) => /^(.*)[\\/]Annotations[\\/]/s.exec(file)?.[1] ?? dirname(file),
    },
    write: exportVoc,
    read: (path, { codec, signal, mostPixels }) => readVoc(path, codec, signal, mostPixels),
  },
}

/** Writes a project in the format that `spec` names. Errors as in its writer; `Unsupported` for a split or an orientation it cannot write. */
export function writeDataSet(
  source: ExportSource,
  folder: string,
  spec: ExportSpec,
  codec: FormatCodec,
  context: ExportContext,
): Promise<ExportReport> {
  return exportTo((layout) => ExportFolder.open(folder, layout, source.originals), source, folder, spec, codec, context)
}

/** What `writeDataSet` would report, or throw, with nothing changed in the folder. */
export function rehearseDataSet(
  source: ExportSource,
  folder: string,
  spec: ExportSpec,
  codec: FormatCodec,
  context: ExportContext,
): Promise<ExportReport> {
  return exportTo(
    (layout) => ExportRehearsal.open(folder, layout, source.originals),
    source,
    folder,
    spec,
    codec,
    context,
  )
}

async function exportTo(
  open: (layout: string) => Promise<ExportPlace>,
  source: ExportSource,
  folder: string,
  spec: ExportSpec,
  codec: FormatCodec,
  context: ExportContext,
): Promise<ExportReport> {
  if (spec.split !== null) requireOption(spec.format, 'split')
  if (spec.orientation !== 'displayed') requireOption(spec.format, 'orientation')
  const { layout, main, found, write } = formats[spec.format]
  await using destination = await open(layout)
  const plain = withPlainNames(source, spec)
  const report = await write(plain.source, destination.staging, spec, codec, { ...context, destination })
  throwIfAborted(context.signal)
  const { removed, displaced, strangers } = await destination.publish(main, found, context.signal)
  const gone = removed > 0 ? { removed } : {}
  return {
    ...report,
    location: folder,
    ...gone,
    ...joined(report, plain.problems(), {
      problems: [...displacedProblems(displaced), ...strangerProblems(strangers)],
    }),
  }
}

function requireOption(format: ExportSpec['format'], option: 'split' | 'orientation'): void {
  if (formats[format].options.includes(option)) return
  const others = formatsWith(option)
  if (option === 'split') {
    throw new AppError(
      'Unsupported',
      'splitUnsupported',
      `The format ${format} is written as one; export ${others.join(', ')} to split the images into subsets.`,
      { params: { format, others: others.join(', ') } },
    )
  }
  throw new AppError(
    'Unsupported',
    'orientationUnsupported',
    `The format ${format} has its masks as displayed; export ${others.join(', ')} for upright copies or stored pixels.`,
    { params: { format, others: others.join(', ') } },
  )
}

/** Names of the formats that leave this to choose. */
export function formatsWith(option: Format['options'][number]): string[] {
  return Object.values(formats)
    .filter(({ options }) => options.includes(option))
    .map(({ id }) => id)
}

function displacedProblems(names: readonly string[]): Problem[] {
  return listed(
    names,
    (others) =>
      `Its image is in another subset now, and this export brings no picture, so the one of the last export does not stay${others}. Export with pictures to have it there.`,
  )
}

function strangerProblems(names: readonly string[]): Problem[] {
  return listed(
    names,
    (others) =>
      `It lies in the export folder, is not of this export, and readers that go by folders will read it with it${others}. Export to an empty folder, or move it away.`,
  )
}

/** One problem for all of these files: `reason` is given the words for those after the first. */
function listed(names: readonly string[], reason: (others: string) => string): Problem[] {
  const [name] = names
  if (name === undefined) return []
  const others =
    names.length === 1
      ? ''
      : `, and ${names.length - 1} more such files (${names.slice(1, 6).join(', ')}${names.length > 6 ? ', …' : ''})`
  return [{ name, reason: reason(others) }]
}

/** Reads a file or folder of that format, without classes that a project cannot have. Errors as in its reader. */
export async function readDataSet(
  format: AnnotationImportSpec['format'],
  path: string,
  context: ImportContext,
): Promise<ImportedDataSet> {
  return withUsableClasses(path, await formats[format].read(path, context))
}

import type { ExportReport, ExportSpec } from '../../shared/contract/contract.ts'
import { exportCoco } from './coco-export.ts'
import { readCoco } from './coco-import.ts'
import type { ExportContext, ExportSource, ImportedDataSet, IndexPngCodec } from './format-types.ts'
import { exportMasks } from './masks-export.ts'
import { readMasksFolder } from './masks-import.ts'

/** A file format, with what it can hold, so that nobody has to find out by losing it. */
export interface Format {
  readonly id: ExportSpec['format']
  /** What the reader is given: one file or a folder. */
  readonly imports: 'file' | 'folder'
  readonly holds: {
    /** Objects of one class apart from each other. */
    readonly instances: boolean
    /** Two masks on one pixel. */
    readonly overlaps: boolean
    readonly boxes: boolean
  }
  readonly write: (
    source: ExportSource,
    folder: string,
    spec: ExportSpec,
    codec: IndexPngCodec,
    context: ExportContext,
  ) => Promise<ExportReport>
  readonly read: (path: string, codec: IndexPngCodec, signal?: AbortSignal) => Promise<ImportedDataSet>
}

/** Every format by its name on the command line and in the dialog. */
export const formats: Readonly<Record<ExportSpec['format'], Format>> = {
  coco: {
    id: 'coco',
    imports: 'file',
    holds: { instances: true, overlaps: true, boxes: true },
    write: (source, folder, spec, _codec, context) => exportCoco(source, folder, spec, context),
    read: (path, _codec, signal) => readCoco(path, signal),
  },
  masks: {
    id: 'masks',
    imports: 'folder',
    holds: { instances: false, overlaps: false, boxes: false },
    write: exportMasks,
    read: readMasksFolder,
  },
}

/** Names of the formats that can be imported. */
export const importFormats = ['coco', 'masks'] as const satisfies readonly ExportSpec['format'][]

/** Writes a project in the format that `spec` names. Errors as in `exportCoco` and `exportMasks`. */
export function writeDataSet(
  source: ExportSource,
  folder: string,
  spec: ExportSpec,
  codec: IndexPngCodec,
  context: ExportContext,
): Promise<ExportReport> {
  return formats[spec.format].write(source, folder, spec, codec, context)
}

/** Reads a file or folder of that format. Errors as in `readCoco` and `readMasksFolder`. */
export function readDataSet(
  format: (typeof importFormats)[number],
  path: string,
  codec: IndexPngCodec,
  signal?: AbortSignal,
): Promise<ImportedDataSet> {
  return formats[format].read(path, codec, signal)
}

import type {
  ExportContents,
  ExportReport,
  ExportSpec,
  PreflightReport,
  Reader,
} from '../../shared/contract/contract.ts'
import { AppError, throwIfAborted } from '../../shared/errors.ts'
import type { ExportContext, ExportImage, ExportNumbers, ExportSource } from '../formats/format-types.ts'
import { countContents } from '../formats/contents.ts'
import { finalPath } from '../formats/export-owners.ts'
import { preflight } from '../formats/preflight.ts'
import { rehearseDataSet, writeDataSet } from '../formats/registry.ts'
import type { ImageCodec } from '../images/codec.ts'
import type { NumberedKind, ProjectStore } from '../store/store-port.ts'
import type { RunOptions } from './run-options.ts'

/** Higher than any number a project gives. */
const firstRehearsed = 1_000_000_000

interface ExportOf {
  readonly store: ProjectStore
  readonly codec: ImageCodec
}

/**
 * Writes the project in a format, reads it back, and reports how many masks are identical. Errors as in `writeDataSet`, and
 * `Io` that names the file or folder which could not be written.
 */
export async function exportProject(
  context: ExportOf,
  folder: string,
  spec: ExportSpec,
  options: RunOptions,
): Promise<ExportReport> {
  try {
    return await writeDataSet(sourceOf(context, options), folder, spec, context.codec, contextOf(options))
  } catch (error) {
    throw named(error, folder)
  }
}

/**
 * What `exportProject` would report, or throw, with nothing left behind: everything but the pictures is written to a temporary
 * folder, read back and removed, and the folder is looked at.
 */
export async function rehearseExport(
  context: ExportOf,
  folder: string,
  spec: ExportSpec,
  options: RunOptions,
): Promise<ExportReport> {
  try {
    const source = { ...sourceOf(context, options), numbers: () => rehearsalNumbers(context.store) }
    return await rehearseDataSet(source, folder, spec, context.codec, contextOf(options))
  } catch (error) {
    throw named(error, folder)
  }
}

/** An error of the system as a sentence; any other as it is. */
function named(error: unknown, folder: string): unknown {
  if (!(error instanceof Error && 'syscall' in error)) return error
  const reason = 'code' in error ? String(error.code) : error.message
  // Of two paths it is where something was to go.
  const path = 'dest' in error ? error.dest : 'path' in error ? error.path : folder
  const file = finalPath(String(path))
  return new AppError(
    'Io',
    'exportUnwritable',
    `The export to ${folder} could not be written (${reason}: ${file}); check the disk and your rights there, or choose another folder.`,
    { params: { folder, reason, file }, cause: error },
  )
}

function numbersBy(of: (kind: NumberedKind, recordId: string) => number): ExportNumbers {
  return {
    image: (id) => of('image', id),
    class: (id) => of('class', id),
    annotation: (id) => of('annotation', id),
  }
}

/** The numbers that records have, and for the others some that are not kept: a rehearsal gives none away. */
function rehearsalNumbers(store: ProjectStore): ExportNumbers {
  const given = new Map<string, number>()
  const of = (kind: NumberedKind, recordId: string): number => {
    const number = store.numbers.of(kind, recordId) ?? given.get(recordId) ?? firstRehearsed + given.size
    given.set(recordId, number)
    return number
  }
  return numbersBy(of)
}

/** What an export would have of things that not every format holds. */
export function exportContents(
  context: ExportOf,
  include: ExportSpec['include'],
  options: RunOptions,
): Promise<ExportContents> {
  return countContents(sourceOf(context, options), { include }, contextOf(options))
}

/** What a reader of the exported COCO file would drop or change. */
export function preflightExport(
  context: ExportOf,
  spec: ExportSpec,
  reader: Reader,
  options: RunOptions,
): Promise<PreflightReport> {
  return preflight(sourceOf(context, options), spec, reader, contextOf(options))
}

function sourceOf({ store, codec }: ExportOf, options: RunOptions): ExportSource {
  return {
    projectName: store.name(),
    classes: store.classes.list(),
    images: () => exportImages(store, options.signal),
    originals: () => Array.from(store.images.iterate(), ({ id }) => store.images.path(id)),
    pixels: async ({ path }, width, height, signal) => (await codec.pixels(path, width, height, { signal })).data,
    upright: ({ path }, signal) => codec.upright(path, { signal }),
    numbers: (include) => exportNumbers(store, include),
  }
}

function contextOf({ signal, progress }: RunOptions): ExportContext {
  return { signal: signal ?? new AbortController().signal, progress: progress ?? ((): void => undefined) }
}

function exportNumbers(store: ProjectStore, include: ExportSpec['include']): ExportNumbers {
  const states = include === 'all' ? (['accepted', 'proposed'] as const) : [include]
  const assign = (): void => store.numbers.assign(states)
  assign()
  const of = (kind: NumberedKind, recordId: string): number => {
    const known = store.numbers.of(kind, recordId)
    if (known !== undefined) return known
    // It came into the project while the export was running.
    assign()
    const number = store.numbers.of(kind, recordId)
    if (number === undefined) throw new Error(`The ${kind} ${recordId} has no number in exports`)
    return number
  }
  return numbersBy(of)
}

function* exportImages(store: ProjectStore, signal: AbortSignal | undefined): Generator<ExportImage> {
  for (const image of store.images.iterate()) {
    throwIfAborted(signal)
    yield {
      image,
      path: store.images.path(image.id),
      annotations: store.annotations
        .ofImage(image.id)
        .map((record) => ({ record, tiles: store.annotations.tiles(record.id) })),
    }
  }
}

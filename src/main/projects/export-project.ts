import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
import { preflight } from '../formats/preflight.ts'
import { writeDataSet } from '../formats/registry.ts'
import type { ImageCodec } from '../images/codec.ts'
import type { NumberedKind, ProjectStore } from '../store/store-port.ts'
import type { RunOptions } from './run-options.ts'

/** Higher than any number a project gives. */
const firstRehearsed = 1_000_000_000

interface ExportOf {
  readonly store: ProjectStore
  readonly codec: ImageCodec
}

/** Writes the project in a format, reads it back, and reports how many masks are identical. */
export async function exportProject(
  context: ExportOf,
  folder: string,
  spec: ExportSpec,
  options: RunOptions,
): Promise<ExportReport> {
  try {
    return await writeDataSet(sourceOf(context, options), folder, spec, context.codec, contextOf(options))
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error
    const reason = 'code' in error ? String(error.code) : error.message
    throw new AppError(
      'Io',
      'exportUnwritable',
      `The export to ${folder} could not be written (${reason}); check the disk and your rights to the folder, or choose another one.`,
      { params: { folder, reason }, cause: error },
    )
  }
}

/**
 * What `exportProject` would report, with nothing left behind: everything but the pictures is written to a temporary
 * folder, read back and removed. What the pictures themselves meet in the folder is not looked at.
 */
export async function rehearseExport(
  context: ExportOf,
  folder: string,
  spec: ExportSpec,
  options: RunOptions,
): Promise<ExportReport> {
  const temporary = await mkdtemp(join(tmpdir(), 'exemplar-export-'))
  try {
    // Copies with the orientation applied have masks as displayed: without the pictures both are the same.
    const orientation = spec.orientation === 'upright' ? 'displayed' : spec.orientation
    const source = { ...sourceOf(context, options), numbers: () => rehearsalNumbers(context.store) }
    const plain = { ...spec, images: 'none', orientation } as const
    const report = await writeDataSet(source, temporary, plain, context.codec, contextOf(options))
    return { ...report, location: folder }
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
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

import type { ExportReport, ExportSpec } from '../../shared/contract/contract.ts'
import { AppError, throwIfAborted } from '../../shared/errors.ts'
import type { ExportImage, ExportSource } from '../formats/format-types.ts'
import { writeDataSet } from '../formats/registry.ts'
import type { ImageCodec } from '../images/codec.ts'
import type { ProjectStore } from '../store/store-port.ts'
import type { RunOptions } from './run-options.ts'

/** Writes the project in a format, reads it back, and reports how many masks are identical. */
export async function exportProject(
  context: { readonly store: ProjectStore; readonly codec: ImageCodec },
  folder: string,
  spec: ExportSpec,
  options: RunOptions,
): Promise<ExportReport> {
  const { store } = context
  const source: ExportSource = {
    projectName: store.name(),
    classes: store.classes.list(),
    images: () => exportImages(store, options.signal),
  }
  const signal = options.signal ?? new AbortController().signal
  const progress = options.progress ?? ((): void => undefined)
  try {
    return await writeDataSet(source, folder, spec, context.codec, { signal, progress })
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

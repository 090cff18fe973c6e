import { randomUUID } from 'node:crypto'
import type { HistoryEntry, Operation } from '../../shared/domain/history.ts'

/** Every answer about the history carries the images of two entries; the view needs the first, a person no more. */
const namedImagesLimit = 50

/** A history entry made on the Node side. `imageIds` may repeat; the entry keeps the first fifty, each once, in order. */
export function makeEntry(
  labelKey: string,
  labelParams: Readonly<Record<string, string | number>>,
  imageIds: readonly string[],
  operations: readonly Operation[],
): HistoryEntry {
  return {
    id: randomUUID(),
    labelKey,
    labelParams: { ...labelParams },
    imageIds: [...new Set(imageIds)].slice(0, namedImagesLimit),
    operations: [...operations],
  }
}

import { randomUUID } from 'node:crypto'
import type { HistoryEntry, Operation } from '../../shared/domain/history.ts'

/** A history entry made on the Node side. `imageIds` may repeat; the entry keeps each once, in order. */
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
    imageIds: [...new Set(imageIds)],
    operations: [...operations],
  }
}

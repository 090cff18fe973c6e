import type { Bridge, GivenFiles, ImportReport } from '../../../shared/contract/contract.ts'
import type { Progress } from '../../../shared/contract/define.ts'

export interface GivenImport {
  readonly projectId: string
  /** Copy the files into the project also where the program could use them in their place. */
  readonly copy: boolean
  readonly signal: AbortSignal
  /** First the files are handed over, then they are read. */
  readonly onProgress: (phase: 'receiving' | 'reading', progress: Progress) => void
}

/** Hands over what a person dropped or chose and imports it: one report for both. */
export async function importGiven(bridge: Bridge, files: GivenFiles, options: GivenImport): Promise<ImportReport> {
  const { projectId, signal, onProgress } = options
  const received = await bridge.receive(files, {
    signal,
    onProgress: (progress) => onProgress('receiving', progress),
  })
  const problems = [...received.problems]
  const placeIds = [...received.placeIds]
  if (placeIds.length === 0) return { batchId: null, added: 0, duplicates: 0, restored: 0, problems, notices: [] }
  const report = await bridge.images.import(
    { projectId, placeIds, copy: received.temporary || options.copy },
    { signal, onProgress: (progress) => onProgress('reading', progress) },
  )
  return { ...report, problems: [...problems, ...report.problems] }
}

import { z } from '../zod.ts'
import { annotationCoreSchema, classRecordSchema, idSchema, supportRecordSchema } from './records.ts'

/**
 * The history model. An entry is one thing a person did; it is a list of operations, each of which
 * is its own inverse once `before` and `after` change places. Pixels change by exclusive-or, so a
 * mask operation is exactly its own inverse. See [Note: invertible operations].
 */

const bytesSchema = z.instanceof(Uint8Array)

/** One 512 x 512 tile of a mask: run lengths by `shared/mask/tile-runs.ts`, never empty. */
export const maskTileSchema = z.strictObject({
  x: z.int().nonnegative(),
  y: z.int().nonnegative(),
  runs: bytesSchema,
})
export type MaskTile = z.infer<typeof maskTileSchema>

const change = <T extends z.ZodType>(record: T) => ({ before: record.nullable(), after: record.nullable() })

export const operationSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('class'), ...change(classRecordSchema) }),
  z.strictObject({ kind: z.literal('annotation'), ...change(annotationCoreSchema) }),
  /** Pixels that flip. The annotation must exist while its pixels change. */
  z.strictObject({ kind: z.literal('mask'), annotationId: idSchema, tiles: z.array(maskTileSchema) }),
  z.strictObject({ kind: z.literal('support'), ...change(supportRecordSchema) }),
  z.strictObject({
    kind: z.literal('verdict'),
    imageId: idSchema,
    classId: idSchema,
    before: z.boolean(),
    after: z.boolean(),
  }),
  z.strictObject({ kind: z.literal('reviewed'), imageId: idSchema, before: z.boolean(), after: z.boolean() }),
  z.strictObject({
    kind: z.literal('version'),
    classId: idSchema,
    before: idSchema.nullable(),
    after: idSchema.nullable(),
  }),
  /**
   * Open proposals of one class that another takes over. Proposals are no history, so those of `annotationIds` that a
   * job has replaced since are passed over, and the entry stays good. See [Note: proposals and history].
   */
  z.strictObject({
    kind: z.literal('proposals'),
    annotationIds: z.array(idSchema),
    before: idSchema,
    after: idSchema,
  }),
  /** An import names its batch: `present` false hides every image of it. */
  z.strictObject({ kind: z.literal('batch'), batchId: idSchema, before: z.boolean(), after: z.boolean() }),
])
export type Operation = z.infer<typeof operationSchema>

/** The form of the entries written now. 2 knows `proposals`, 3 `crowd`; every earlier form is read too. */
export const historySchemaVersion = 3

export const historyEntrySchema = z.strictObject({
  /** Chosen by whoever made the change: sending an entry twice is harmless. */
  id: idSchema,
  /** `history.<labelKey>` in the language files. */
  labelKey: z.string(),
  labelParams: z.record(z.string(), z.union([z.string(), z.number()])),
  /** Images concerned, the first is where the view goes on undo. Empty for project-wide entries. */
  imageIds: z.array(idSchema),
  operations: z.array(operationSchema).min(1),
})
export type HistoryEntry = z.infer<typeof historyEntrySchema>

export const historyHeaderSchema = historyEntrySchema.omit({ operations: true })
export type HistoryHeader = z.infer<typeof historyHeaderSchema>

export const historyStateSchema = z.strictObject({
  /** Rises by one with every transaction that changes the project. */
  revision: z.int().nonnegative(),
  undo: historyHeaderSchema.nullable(),
  redo: historyHeaderSchema.nullable(),
})
export type HistoryState = z.infer<typeof historyStateSchema>

/** The same entry backwards: operations in reverse order with `before` and `after` exchanged. */
export function invertOperations(operations: readonly Operation[]): Operation[] {
  return operations.toReversed().map(invertOperation)
}

function invertOperation(operation: Operation): Operation {
  switch (operation.kind) {
    case 'mask':
      return operation
    case 'class':
      return { ...operation, before: operation.after, after: operation.before }
    case 'annotation':
      return { ...operation, before: operation.after, after: operation.before }
    case 'support':
      return { ...operation, before: operation.after, after: operation.before }
    case 'version':
      return { ...operation, before: operation.after, after: operation.before }
    case 'proposals':
      return { ...operation, before: operation.after, after: operation.before }
    case 'verdict':
    case 'reviewed':
    case 'batch':
      return { ...operation, before: operation.after, after: operation.before }
  }
}

import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { MaskTile, Operation } from '../../shared/domain/history.ts'
import { operationSchema } from '../../shared/domain/history.ts'
import { annotationCoreSchema, classRecordSchema, idSchema, supportRecordSchema } from '../../shared/domain/records.ts'
import { AppError } from '../../shared/errors.ts'
import { z } from '../../shared/zod.ts'

/**
 * Operations at rest: `u8 packing` (0 plain, 1 raw deflate), then `u32 jsonBytes` (little-endian), the
 * operations as JSON with each mask tile as `[x, y, bytes]`, then the runs of all tiles one after the other.
 */

const plain = 0
const deflated = 1
/** Below this many bytes deflate gains nothing worth its time. */
const deflateFromBytes = 1024

const storedMaskSchema = z.object({
  kind: z.literal('mask'),
  annotationId: idSchema,
  tiles: z.array(z.tuple([z.int(), z.int(), z.int()])),
})
const storedSchema = z.array(z.union([storedMaskSchema, operationSchema]))

/**
 * The operation with the members of its records and no others: callers hold wider records (an annotation
 * with its area, a class with its counts), and what is stored must read back. Throws `InvalidInput`.
 */
export function normaliseOperation(operation: Operation): Operation {
  switch (operation.kind) {
    case 'class':
      return { kind: 'class', ...both(operation, readerOf(classRecordSchema)) }
    case 'annotation':
      return { kind: 'annotation', ...both(operation, readerOf(annotationCoreSchema)) }
    case 'support':
      return { kind: 'support', ...both(operation, readerOf(supportRecordSchema)) }
    case 'mask':
    case 'verdict':
    case 'reviewed':
    case 'version':
    case 'proposals':
    case 'batch':
      return checked(operationSchema, operation)
  }
}

const strippedSchemas = new Map<z.ZodObject, z.ZodObject>()

function readerOf<T extends z.ZodObject>(schema: T): (value: z.infer<T>) => z.infer<T> {
  let stripped = strippedSchemas.get(schema)
  if (stripped === undefined) {
    stripped = schema.strip()
    strippedSchemas.set(schema, stripped)
  }
  const parser = stripped
  return (value) => checked(parser, value) as z.infer<T>
}

function both<T>(change: { readonly before: T | null; readonly after: T | null }, read: (value: T) => T) {
  return {
    before: change.before === null ? null : read(change.before),
    after: change.after === null ? null : read(change.after),
  }
}

function checked<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const problem = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
  throw new AppError('InvalidInput', 'changeInvalid', `The change is not well-formed (${problem}).`, {
    params: { problem },
  })
}

export function encodeOperations(operations: readonly Operation[]): Uint8Array {
  const runs: Uint8Array[] = []
  const stored = operations.map((operation) => {
    if (operation.kind !== 'mask') return operation
    for (const tile of operation.tiles) runs.push(tile.runs)
    return { ...operation, tiles: operation.tiles.map((tile) => [tile.x, tile.y, tile.runs.length]) }
  })
  const json = Buffer.from(JSON.stringify(stored))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  const body = Buffer.concat([length, json, ...runs])
  if (body.length < deflateFromBytes) return Buffer.concat([Uint8Array.of(plain), body])
  return Buffer.concat([Uint8Array.of(deflated), deflateRawSync(body, { level: 1 })])
}

/** Inverse of `encodeOperations`. Throws when the bytes are not what it wrote. */
export function decodeOperations(bytes: Uint8Array): Operation[] {
  const body = bytes[0] === deflated ? inflateRawSync(bytes.subarray(1)) : Buffer.from(bytes.subarray(1))
  const jsonBytes = body.readUInt32LE(0)
  const stored = storedSchema.parse(JSON.parse(body.toString('utf8', 4, 4 + jsonBytes)))
  let at = 4 + jsonBytes
  return stored.map((operation): Operation => {
    if (operation.kind !== 'mask') return operation
    const tiles = operation.tiles.map((tile): MaskTile => {
      // Of the two shapes a mask operation may have, only the stored one comes out of JSON.
      if (!Array.isArray(tile)) throw new RangeError('A stored mask operation holds its runs in the JSON')
      const [x, y, length] = tile
      if (at + length > body.length) throw new RangeError('Stored operations are cut short')
      const runs = new Uint8Array(body.subarray(at, at + length))
      at += length
      return { x, y, runs }
    })
    return { ...operation, tiles }
  })
}

import { z } from '../../shared/zod.ts'

/** Column types as SQLite returns them, turned into what the records hold. */

export const sqlBoolean = z.union([z.literal(0), z.literal(1)]).transform((value) => value === 1)

/** JSON kept in a TEXT column. */
export function sqlJson<T extends z.ZodType>(schema: T) {
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text)
      } catch (error) {
        context.addIssue({ code: 'custom', message: `not JSON: ${String(error)}` })
        return z.NEVER
      }
    })
    .pipe(schema)
}

/** A BLOB as a plain `Uint8Array`, not Node's `Buffer`. */
export const sqlBytes = z
  .instanceof(Uint8Array)
  .transform((bytes) => new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength))

export const countRow = z.object({ count: z.int() })
export const idRow = z.object({ id: z.string() })

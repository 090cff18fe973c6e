import { z } from './zod.ts'

/** The closed set of error codes. What a person sees for each is in `docs/errors.md`. */
export const errorCodes = [
  'NotFound',
  'InvalidInput',
  'Unsupported',
  'Conflict',
  'Forbidden',
  'Io',
  'ModelMissing',
  'ModelMismatch',
  'EngineLost',
  'OutOfMemory',
  'DbFromFuture',
  'DbCorrupt',
  'Cancelled',
  'Internal',
] as const

export type ErrorCode = (typeof errorCodes)[number]

export type ErrorParams = Readonly<Record<string, string | number>>

/** The error as it crosses a transport. `ref` is the id of the log line of an `Internal` error. */
export const errorRecordSchema = z.strictObject({
  code: z.enum(errorCodes),
  key: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number()])),
  message: z.string(),
  ref: z.string().optional(),
})
export type ErrorRecord = z.infer<typeof errorRecordSchema>

/**
 * An expected failure: something a person can understand and act on.
 *
 * `key` names the sentence in the language files (`errors.<key>`); `message` is that sentence
 * in English, for the command line and the log. It names the file or the thing concerned and the
 * way out. Anything thrown that is not an `AppError` is a bug and is shown as `Internal`.
 */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly key: string
  readonly params: ErrorParams
  readonly ref: string | undefined

  constructor(
    code: ErrorCode,
    key: string,
    message: string,
    options: { readonly params?: ErrorParams; readonly cause?: unknown; readonly ref?: string } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.key = key
    this.params = options.params ?? {}
    this.ref = options.ref
  }

  toRecord(): ErrorRecord {
    const record = { code: this.code, key: this.key, params: { ...this.params }, message: this.message }
    return this.ref === undefined ? record : { ...record, ref: this.ref }
  }

  static fromRecord(record: ErrorRecord): AppError {
    return new AppError(record.code, record.key, record.message, {
      params: record.params,
      ...(record.ref === undefined ? {} : { ref: record.ref }),
    })
  }
}

export function isAppError(value: unknown, code?: ErrorCode): value is AppError {
  return value instanceof AppError && (code === undefined || value.code === code)
}

export function cancelled(): AppError {
  return new AppError('Cancelled', 'cancelled', 'Cancelled.')
}

/** Throws `Cancelled` when the signal has been aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled()
}

/** For the `default` of an exhaustive `switch`. */
export function assertNever(value: never): never {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`)
}

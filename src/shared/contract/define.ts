import type { z } from '../zod.ts'

/** Progress of one long call: `total` is null while unknown. At most ten a second reach the page. */
export interface Progress {
  readonly done: number
  readonly total: number | null
  /** What is being worked on, e.g. a file name. */
  readonly note?: string | undefined
}

export interface CallSpec<In extends z.ZodType = z.ZodType, Out extends z.ZodType = z.ZodType> {
  readonly kind: 'call'
  readonly in: In
  readonly out: Out
  /** Largest accepted request in bytes as sent. */
  readonly maxBytes: number
  /** Whether the handler honours cancellation and reports progress. */
  readonly cancellable: boolean
}

export interface EventSpec<Payload extends z.ZodType = z.ZodType> {
  readonly kind: 'event'
  readonly payload: Payload
}

export type ContractShape = Readonly<Record<string, Readonly<Record<string, CallSpec | EventSpec>>>>

const defaultMaxBytes = 1 << 20

export function call<In extends z.ZodType, Out extends z.ZodType>(spec: {
  readonly in: In
  readonly out: Out
  readonly maxBytes?: number
  readonly cancellable?: boolean
}): CallSpec<In, Out> {
  return {
    kind: 'call',
    in: spec.in,
    out: spec.out,
    maxBytes: spec.maxBytes ?? defaultMaxBytes,
    cancellable: spec.cancellable ?? false,
  }
}

export function event<Payload extends z.ZodType>(payload: Payload): EventSpec<Payload> {
  return { kind: 'event', payload }
}

export function defineContract<const Shape extends ContractShape>(shape: Shape): Shape {
  return shape
}

/** What a handler is given besides its input. */
export interface CallContext {
  readonly signal: AbortSignal
  readonly progress: (progress: Progress) => void
}

type CallKeys<Group> = { [Name in keyof Group]: Group[Name] extends CallSpec ? Name : never }[keyof Group]
type EventKeys<Group> = { [Name in keyof Group]: Group[Name] extends EventSpec ? Name : never }[keyof Group]

/** One function per call: the router does not compile while one is missing. */
export type Handlers<Shape extends ContractShape> = {
  readonly [Group in keyof Shape]: {
    readonly [Name in CallKeys<Shape[Group]>]: Shape[Group][Name] extends CallSpec<infer In, infer Out>
      ? (input: z.output<In>, context: CallContext) => Promise<z.input<Out>> | z.input<Out>
      : never
  }
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

export interface MediaAnswer {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly contentType: string
}

/**
 * The page's only way to the Node side. The HTTP client and the Electron preload both satisfy it,
 * so the renderer cannot tell which host it runs in. Failed calls reject with `AppError`.
 */
export type BridgeOf<Shape extends ContractShape> = {
  readonly [Group in keyof Shape]: {
    readonly [Name in CallKeys<Shape[Group]>]: Shape[Group][Name] extends CallSpec<infer In, infer Out>
      ? (input: z.input<In>, options?: CallOptions) => Promise<z.output<Out>>
      : never
  } & {
    /** Subscribes; returns the unsubscribe function. */
    readonly [Name in EventKeys<Shape[Group]>]: Shape[Group][Name] extends EventSpec<infer Payload>
      ? (listener: (payload: z.output<Payload>) => void) => () => void
      : never
  }
}

/** `emit('jobs', 'progress', payload)`, typed by the contract. */
export type EmitOf<Shape extends ContractShape> = <Group extends keyof Shape, Name extends EventKeys<Shape[Group]>>(
  group: Group,
  name: Name,
  payload: Shape[Group][Name] extends EventSpec<infer Payload> ? z.input<Payload> : never,
) => void

import { z } from '../zod.ts'
import { errorRecordSchema } from '../errors.ts'

/** The answer to every call, whatever the transport. HTTP status codes speak of transport only. */
export const envelopeSchema = z.union([
  z.strictObject({ ok: z.literal(true), value: z.unknown() }),
  z.strictObject({ ok: z.literal(false), error: errorRecordSchema }),
])
export type Envelope = z.infer<typeof envelopeSchema>

const bytesKey = '$bytes'

/** JSON in which a `Uint8Array` travels as `{"$bytes": "<base64>"}`. For the HTTP transport; IPC clones. */
export function toWire(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item instanceof Uint8Array ? { [bytesKey]: toBase64(item) } : item,
  )
}

/** Inverse of `toWire`. Throws `SyntaxError` on broken JSON. */
export function fromWire(text: string): unknown {
  return JSON.parse(text, (_key, item: unknown) => (isBytesRecord(item) ? fromBase64(item[bytesKey]) : item))
}

function isBytesRecord(item: unknown): item is { [bytesKey]: string } {
  return typeof item === 'object' && item !== null && bytesKey in item && typeof item[bytesKey] === 'string'
}

const chunkSize = 0x8000

function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += chunkSize)
    text += String.fromCharCode(...bytes.subarray(at, at + chunkSize))
  return btoa(text)
}

function fromBase64(text: string): Uint8Array {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at)
  return bytes
}

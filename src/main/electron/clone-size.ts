/**
 * About how many bytes a structured clone takes: text as UTF-8, binary data as it is, and what V8 spends on the rest.
 * Stops counting past `limit`, so that the cost is bounded and a cycle simply counts as too large.
 */
export function cloneSize(value: unknown, limit: number): number {
  let size = ownSize(value)
  const open = [partsOf(value)]
  while (open.length > 0 && size <= limit) {
    const next = open.at(-1)?.next()
    if (next === undefined || next.done === true) {
      open.pop()
    } else {
      size += ownSize(next.value)
      open.push(partsOf(next.value))
    }
  }
  return size
}

const tagBytes = 2
const integerBytes = 5
const numberBytes = 9

function ownSize(value: unknown): number {
  if (typeof value === 'string') return tagBytes + Buffer.byteLength(value)
  if (typeof value === 'number') return Number.isInteger(value) ? integerBytes : numberBytes
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return tagBytes + value.byteLength
  return tagBytes
}

/** One by one: a list may be longer than the limit. */
function* partsOf(value: unknown): Generator<unknown, undefined> {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
  if (Array.isArray(value) || value instanceof Set) {
    yield* value as Iterable<unknown>
  } else if (value instanceof Map) {
    for (const [key, item] of value as ReadonlyMap<unknown, unknown>) {
      yield key
      yield item
    }
  } else {
    for (const [key, item] of Object.entries(value)) {
      yield key
      yield item
    }
  }
}

import { serialize } from 'node:v8'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cloneSize } from '../../src/main/electron/clone-size.ts'

const unlimited = Number.MAX_SAFE_INTEGER

test('near what V8 writes, for any value that a call may hold', () => {
  const bytes = fc.uint8Array({ maxLength: 400 })
  const value = fc.oneof(fc.jsonValue({ maxDepth: 5 }), bytes, fc.array(bytes), fc.array(fc.integer()))
  fc.assert(
    fc.property(value, (input) => {
      const written = serialize(input).byteLength
      const measured = cloneSize(input, unlimited)
      expect(measured).toBeGreaterThan(written / 4 - 20)
      expect(measured).toBeLessThan(4 * written + 20)
    }),
  )
})

test('counts text and bytes as what they take', () => {
  expect(cloneSize('a'.repeat(1000), unlimited)).toBeGreaterThanOrEqual(1000)
  expect(cloneSize('ü'.repeat(1000), unlimited)).toBeGreaterThanOrEqual(2000)
  expect(cloneSize(new Uint8Array(1000), unlimited)).toBeGreaterThanOrEqual(1000)
  expect(cloneSize(new ArrayBuffer(1000), unlimited)).toBeGreaterThanOrEqual(1000)
  expect(cloneSize({ a: [new Map([['k', 'x'.repeat(1000)]])] }, unlimited)).toBeGreaterThanOrEqual(1000)
  expect(cloneSize(new Set(['x'.repeat(1000)]), unlimited)).toBeGreaterThanOrEqual(1000)
  expect(cloneSize({ ['k'.repeat(1000)]: 1 }, unlimited)).toBeGreaterThanOrEqual(1000)
})

test('stops at the limit: a cycle, a list of holes and a shared value seen a million times end soon', () => {
  const cycle: unknown[] = []
  cycle.push(cycle)
  let shared: unknown = 'x'
  for (let depth = 0; depth < 60; depth++) shared = [shared, shared]
  const holes: unknown[] = []
  holes.length = 1e9
  for (const value of [cycle, holes, shared, Array.from({ length: 1e5 }, () => ({ a: 1 }))]) {
    const size = cloneSize(value, 10_000)
    expect(size).toBeGreaterThan(10_000)
    expect(size).toBeLessThan(10_100)
  }
})

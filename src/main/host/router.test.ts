import { expect, test, vi } from 'vitest'
import { z } from '../../shared/zod.ts'
import { contract } from '../../shared/contract/contract.ts'
import type { ContractHandlers } from '../../shared/contract/contract.ts'
import { call, defineContract, event } from '../../shared/contract/define.ts'
import type { CallContext, CallSpec, EventSpec, Handlers, Progress } from '../../shared/contract/define.ts'
import { AppError } from '../../shared/errors.ts'
import { createRouter } from './router.ts'
import type { RoutedCall, Router } from './router.ts'

const small = defineContract({
  text: {
    upper: call({ in: z.strictObject({ text: z.string() }), out: z.strictObject({ text: z.string() }), maxBytes: 100 }),
    wait: call({ in: z.strictObject({}), out: z.strictObject({}), cancellable: true }),
    happened: event(z.string()),
  },
})
type SmallHandlers = Handlers<typeof small>

function start(handlers: Partial<SmallHandlers['text']> = {}): { router: Router; log: string[] } {
  const log: string[] = []
  const router = createRouter(
    small,
    {
      text: {
        upper: ({ text }) => ({ text: text.toUpperCase() }),
        wait: (_input, { signal }) => untilAborted(signal),
        ...handlers,
      },
    },
    { log: (line) => log.push(line) },
  )
  return { router, log }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

function routed(path: string, input: unknown, more: Partial<RoutedCall> = {}): RoutedCall {
  return { path, callId: crypto.randomUUID(), input, bytes: 10, ...more }
}

test('a valid call is answered, and what the schema says of the input reaches the handler', async () => {
  const { router } = start()
  expect(await router.call(routed('text.upper', { text: 'a' }))).toEqual({ ok: true, value: { text: 'A' } })
})

test('unknown calls, events and names of Object are no calls', async () => {
  const { router } = start()
  for (const path of [
    'text.lower',
    'text.happened',
    'text',
    'text.upper.x',
    'constructor.name',
    'text.constructor',
    '',
  ]) {
    expect(await router.call(routed(path, {}))).toMatchObject({ ok: false, error: { code: 'NotFound' } })
    expect(router.maxBytes(path)).toBeNull()
  }
  expect(router.maxBytes('text.upper')).toBe(100)
})

test('an expected error keeps its code, key and parameters', async () => {
  const { router, log } = start({
    upper: () => {
      throw new AppError('Conflict', 'stale', 'It has changed.', { params: { revision: 4 } })
    },
  })
  expect(await router.call(routed('text.upper', { text: '' }))).toEqual({
    ok: false,
    error: { code: 'Conflict', key: 'stale', message: 'It has changed.', params: { revision: 4 } },
  })
  expect(log).toEqual([])
})

test('a bug becomes Internal without its message; stack and cause are in the log under the reference', async () => {
  const { router, log } = start({
    upper: () => Promise.reject(new Error('secret path', { cause: new Error('deeper') })),
  })
  const answer = await router.call(routed('text.upper', { text: '' }))
  expect(answer).toMatchObject({ ok: false, error: { code: 'Internal' } })
  expect(JSON.stringify(answer)).not.toContain('secret')
  expect(log).toHaveLength(1)
  expect(log[0]).toContain(answer.ok ? '?' : answer.error.ref)
  expect(log[0]).toContain('secret path')
  expect(log[0]).toContain('deeper')
  expect(log[0]).toContain('router.test.ts')
})

test('an answer that breaks the contract is a bug', async () => {
  const handlers = { upper: () => ({ text: 'A', extra: 1 }) }
  const { router, log } = start(handlers as unknown as SmallHandlers['text'])
  expect(await router.call(routed('text.upper', { text: '' }))).toMatchObject({ error: { code: 'Internal' } })
  expect(log[0]).toContain('breaks the contract')
})

test('cancelling aborts the signal; an id is taken while its call is under way', async () => {
  const { router, log } = start()
  const waiting = router.call(routed('text.wait', {}, { callId: 'one' }))
  expect(await router.call(routed('text.wait', {}, { callId: 'one' }))).toMatchObject({
    error: { code: 'InvalidInput' },
  })
  router.cancel('unknown')
  router.cancel('one')
  expect(await waiting).toMatchObject({ error: { code: 'Cancelled' } })
  expect(await router.call(routed('text.upper', { text: 'a' }, { callId: 'one' }))).toMatchObject({ ok: true })
  expect(log).toEqual([])
})

test('closing cancels what is under way and refuses what follows', async () => {
  const { router } = start()
  const waiting = router.call(routed('text.wait', {}))
  await router.close()
  expect(await waiting).toMatchObject({ error: { code: 'Cancelled' } })
  expect(await router.call(routed('text.upper', { text: 'a' }))).toMatchObject({ error: { code: 'Cancelled' } })
})

test('progress is passed on ten times a second at most, the first at once, the latest always', async () => {
  vi.useFakeTimers()
  try {
    let context: CallContext | undefined
    let finish: (() => void) | undefined
    const { router } = start({
      wait: (_input, given) => {
        context = given
        return new Promise((resolve) => {
          finish = () => resolve({})
        })
      },
    })
    const seen: Progress[] = []
    const answered = router.call(routed('text.wait', {}, { onProgress: (progress) => seen.push(progress) }))
    for (let done = 0; done < 1000; done++) {
      context?.progress({ done, total: 1000 })
      await vi.advanceTimersByTimeAsync(1)
    }
    expect(seen.length).toBeGreaterThanOrEqual(9)
    expect(seen.length).toBeLessThanOrEqual(11)
    expect(seen[0]?.done).toBe(0)
    await vi.advanceTimersByTimeAsync(100)
    expect(seen.at(-1)?.done).toBe(999)
    context?.progress({ done: 1000, total: 1000 })
    context?.progress({ done: 1001, total: 1000 })
    finish?.()
    await answered
    const count = seen.length
    context?.progress({ done: 0, total: null })
    await vi.advanceTimersByTimeAsync(1000)
    expect(seen).toHaveLength(count)
  } finally {
    vi.useRealTimers()
  }
})

const calls = Object.entries(contract).flatMap(([group, members]) =>
  Object.entries<CallSpec | EventSpec>(members)
    .filter((entry): entry is [string, CallSpec] => entry[1].kind === 'call')
    .map(([name, spec]) => ({ path: `${group}.${name}`, spec })),
)

test('walk of the contract: every call refuses bad arguments and oversize requests before its handler', async () => {
  const reached: string[] = []
  const handlers = Object.fromEntries(
    Object.entries(contract).map(([group, members]) => [
      group,
      Object.fromEntries(Object.keys(members).map((name) => [name, () => reached.push(`${group}.${name}`)])),
    ]),
  )
  const router = createRouter(contract, handlers as unknown as ContractHandlers, { log: () => undefined })
  expect(calls.length).toBeGreaterThan(25)
  for (const { path, spec } of calls) {
    for (const input of [
      { unexpected: 1 },
      null,
      undefined,
      'text',
      [],
      { projectId: 7 },
      { __proto__: null, toString: 1 },
    ]) {
      expect(await router.call(routed(path, input))).toMatchObject({ ok: false, error: { code: 'InvalidInput' } })
    }
    const oversize = await router.call(routed(path, {}, { bytes: spec.maxBytes + 1 }))
    expect(oversize).toMatchObject({ ok: false, error: { code: 'InvalidInput', key: 'requestTooLarge' } })
  }
  expect(reached).toEqual([])
})
